//! Route 53 health check of one region's endpoint.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct HealthCheck;

/// [`Outputs::id`].
pub const ID: OutputKey<HealthCheck, String> = OutputKey::new("id");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The host that is asked.
    pub host: Input<String>,
    /// The path that is asked for.
    pub path: Input<String>,
    /// The time between two requests, in seconds: 10 or 30.
    pub interval_seconds: Input<i64>,
    /// How many requests in a row change the verdict.
    pub failure_threshold: Input<i64>,
    /// Whether latency is measured.
    pub measure_latency: bool,
    /// Text that must stand in the first 5,120 bytes of the answer.
    pub search_string: Option<Input<String>>,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: String,
}

impl Kind for HealthCheck {
    const KIND: &'static str = "health_check";
    type Spec = Spec;
}

// IMMUTABLE: ['interval_seconds', 'measure_latency']  UNCOMPARED: []
