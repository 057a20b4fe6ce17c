//! ACM certificate of one region, validated by DNS.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Certificate;

/// [`Outputs::arn`].
pub const ARN: OutputKey<Certificate, String> = OutputKey::new("arn");
/// [`Outputs::validation_name`].
pub const VALIDATION_NAME: OutputKey<Certificate, String> = OutputKey::new("validation_name");
/// [`Outputs::validation_value`].
pub const VALIDATION_VALUE: OutputKey<Certificate, String> = OutputKey::new("validation_value");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The names it covers; the first is its domain name.
    pub names: Vec<Input<String>>,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// The name of the CNAME that proves who owns the domain: one for all its names here.
    pub validation_name: String,
    /// That CNAME's value.
    pub validation_value: String,
}

impl Kind for Certificate {
    const KIND: &'static str = "certificate";
    type Spec = Spec;
}

// IMMUTABLE: ['names']  UNCOMPARED: []
