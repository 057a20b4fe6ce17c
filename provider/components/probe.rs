//! A real request to a region's API, answered. No AWS object: a region is routed to only after it.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind};

/// The kind.
#[derive(Debug)]
pub struct Probe;

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The API's endpoint.
    pub endpoint: Input<String>,
    /// Its host name.
    pub host: Input<String>,
    /// The path that is asked for.
    pub path: Input<String>,
    /// The function's version that must answer: a new one is asked again.
    pub version: Input<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The status that was answered.
    pub status: u16,
}

impl Kind for Probe {
    const KIND: &'static str = "probe";
    type Spec = Spec;
}

// IMMUTABLE: []  UNCOMPARED: []
