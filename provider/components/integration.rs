//! Integration of an HTTP API: calls the function's alias.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Integration;

/// [`Outputs::id`].
pub const ID: OutputKey<Integration, String> = OutputKey::new("id");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The API.
    pub api_id: Input<String>,
    /// The alias that is called.
    pub function_arn: Input<String>,
    /// How long the function may take to answer, in milliseconds.
    pub timeout_ms: Input<i64>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The API.
    pub api_id: String,
    /// Its id.
    pub id: String,
}

impl Kind for Integration {
    const KIND: &'static str = "integration";
    type Spec = Spec;
}

// IMMUTABLE: ['api_id']  UNCOMPARED: []
