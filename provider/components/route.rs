//! Route of an HTTP API: which requests go to the integration.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind};

/// The kind.
#[derive(Debug)]
pub struct Route;

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The API.
    pub api_id: Input<String>,
    /// The route key: `$default`, `GET /items/{id}`.
    pub key: String,
    /// Where its requests go.
    pub integration_id: Input<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The API.
    pub api_id: String,
    /// Its id.
    pub id: String,
}

impl Kind for Route {
    const KIND: &'static str = "route";
    type Spec = Spec;
}

// IMMUTABLE: ['api_id']  UNCOMPARED: []
