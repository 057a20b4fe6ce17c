//! Stage of an HTTP API, deployed automatically.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Stage;

/// [`Outputs::name`].
pub const NAME: OutputKey<Stage, String> = OutputKey::new("name");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The API.
    pub api_id: Input<String>,
    /// The stage's name: `$default`.
    pub name: String,
    /// Throttling of every route.
    pub throttle: Option<Throttle>,
    /// Where requests are logged.
    pub access_log: Option<AccessLog>,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// Throttling of a stage's routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// Requests in a second, as decimal text.
    pub rate: Input<String>,
    /// Requests at once.
    pub burst: Input<i64>,
}

/// Where a stage's requests are logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLog {
    /// The log group.
    pub log_group_arn: Input<String>,
    /// The line for one request, with `$context` variables.
    pub format: Input<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The API.
    pub api_id: String,
    /// Its name.
    pub name: String,
}

impl Kind for Stage {
    const KIND: &'static str = "stage";
    type Spec = Spec;
}

// IMMUTABLE: ['api_id', 'name']  UNCOMPARED: []
