//! All Route 53 record sets of one name: every change of them is one batch, so a policy changes at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::desired::{Gated, Input, Kind};

/// The kind.
#[derive(Debug)]
pub struct Record;

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The hosted zone.
    pub zone_id: Input<String>,
    /// The name.
    pub name: Input<String>,
    /// The record types: `A`, `AAAA`.
    pub types: Vec<String>,
    /// The record sets by set identifier, each as soon as its region answers.
    pub sets: BTreeMap<String, Gated<RecordSet>>,
    /// How long resolvers may keep an answer, in seconds.
    pub drain_seconds: u64,
}

/// The record sets, one of each type, of one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// When Route 53 answers with it.
    pub routing: Routing,
    /// The host name it is an alias of.
    pub target: Input<String>,
    /// The hosted zone of that host name.
    pub target_zone_id: Input<String>,
    /// The health check that takes it out.
    pub health_check_id: Option<Input<String>>,
}

/// When Route 53 answers with a record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// Always: the only record set of its name. The set identifier is not sent.
    Simple,
    /// To those for whom this region is the nearest.
    Latency {
        /// The region.
        region: String,
    },
    /// As the primary while it is healthy, as the secondary otherwise.
    Failover {
        /// Whether it is the primary.
        primary: bool,
    },
    /// In proportion to the weights.
    Weighted {
        /// 0 to 255.
        weight: Input<i64>,
    },
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The hosted zone.
    pub zone_id: String,
    /// The name.
    pub name: String,
}

impl Kind for Record {
    const KIND: &'static str = "record";
    type Spec = Spec;
}

// IMMUTABLE: ['zone_id', 'name']  UNCOMPARED: ['drain_seconds']
