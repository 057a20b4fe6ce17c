//! IAM role with its inline policies: what the functions of all regions run as.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Role;

/// [`Outputs::arn`].
pub const ARN: OutputKey<Role, String> = OutputKey::new("arn");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// The services that may assume it: `lambda.amazonaws.com`.
    pub services: Vec<String>,
    /// Inline policies by name, as JSON documents.
    pub policies: BTreeMap<String, Input<String>>,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

impl Kind for Role {
    const KIND: &'static str = "role";
    type Spec = Spec;
}

// IMMUTABLE: ['name']  UNCOMPARED: []
