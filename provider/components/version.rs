//! Published version of a function: what an alias points at, and what a rollback goes back to.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Version;

/// [`Outputs::number`].
pub const NUMBER: OutputKey<Version, String> = OutputKey::new("number");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// A digest of everything that a version freezes: a new one makes a new version.
    pub fingerprint: Input<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
    /// The version's number.
    pub number: String,
}

impl Kind for Version {
    const KIND: &'static str = "version";
    type Spec = Spec;
}

// IMMUTABLE: ['function', 'fingerprint']  UNCOMPARED: []
