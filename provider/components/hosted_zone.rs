//! Route 53 public hosted zone.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct HostedZone;

/// [`Outputs::id`].
pub const ID: OutputKey<HostedZone, String> = OutputKey::new("id");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// A comment.
    pub comment: Input<String>,
    /// Whether records that others made are deleted with it.
    pub force_destroy: bool,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The name servers that its parent must delegate to.
    pub name_servers: Vec<String>,
}

impl Kind for HostedZone {
    const KIND: &'static str = "hosted_zone";
    type Spec = Spec;
}

// IMMUTABLE: ['name']  UNCOMPARED: []
