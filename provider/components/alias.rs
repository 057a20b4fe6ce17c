//! Alias of a function: the name that the API calls, moved from version to version.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Alias;

/// [`Outputs::arn`].
pub const ARN: OutputKey<Alias, String> = OutputKey::new("arn");
/// [`Outputs::name`].
pub const NAME: OutputKey<Alias, String> = OutputKey::new("name");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// The alias' name.
    pub name: String,
    /// The version it points at.
    pub version: Input<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
    /// The alias' name.
    pub name: String,
    /// The alias' ARN: what an integration calls.
    pub arn: String,
}

impl Kind for Alias {
    const KIND: &'static str = "alias";
    type Spec = Spec;
}

// IMMUTABLE: ['function', 'name']  UNCOMPARED: []
