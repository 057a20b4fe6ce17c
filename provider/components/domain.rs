//! API Gateway custom domain name of one region.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Domain;

/// [`Outputs::name`].
pub const NAME: OutputKey<Domain, String> = OutputKey::new("name");
/// [`Outputs::target`].
pub const TARGET: OutputKey<Domain, String> = OutputKey::new("target");
/// [`Outputs::zone_id`].
pub const ZONE_ID: OutputKey<Domain, String> = OutputKey::new("zone_id");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name.
    pub name: Input<String>,
    /// Its certificate, of the same region.
    pub certificate_arn: Input<String>,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The name.
    pub name: String,
    /// The host name that an alias record points at.
    pub target: String,
    /// The hosted zone of that host name.
    pub zone_id: String,
}

impl Kind for Domain {
    const KIND: &'static str = "domain";
    type Spec = Spec;
}

// IMMUTABLE: ['name']  UNCOMPARED: []
