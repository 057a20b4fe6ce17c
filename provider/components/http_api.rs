//! API Gateway HTTP API (v2) of one region.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct HttpApi;

/// [`Outputs::id`].
pub const ID: OutputKey<HttpApi, String> = OutputKey::new("id");
/// [`Outputs::endpoint`].
pub const ENDPOINT: OutputKey<HttpApi, String> = OutputKey::new("endpoint");
/// [`Outputs::host`].
pub const HOST: OutputKey<HttpApi, String> = OutputKey::new("host");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// Cross-origin resource sharing.
    pub cors: Option<Cors>,
    /// Whether only custom domains answer.
    pub disable_execute_api_endpoint: bool,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// Cross-origin resource sharing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// Origins that may call.
    pub allow_origins: Vec<Input<String>>,
    /// Methods that they may use.
    pub allow_methods: Vec<Input<String>>,
    /// Headers that they may send.
    pub allow_headers: Vec<Input<String>>,
    /// Headers that they may read.
    pub expose_headers: Vec<Input<String>>,
    /// Whether cookies and credentials are sent.
    pub allow_credentials: bool,
    /// How long a browser may keep the answer, in seconds.
    pub max_age_seconds: Option<Input<i64>>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: String,
    /// `https://ID.execute-api.REGION.amazonaws.com`, as AWS reports it.
    pub endpoint: String,
    /// The endpoint's host name, always in AWS's own form `ID.execute-api.REGION.amazonaws.com`.
    pub host: String,
}

impl Kind for HttpApi {
    const KIND: &'static str = "http_api";
    type Spec = Spec;
}

// IMMUTABLE: []  UNCOMPARED: []
