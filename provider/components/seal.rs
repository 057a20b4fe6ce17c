//! The seal on a claim: everything that was wanted has been made. No AWS object of its own, only the claim's tag.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind};

/// The kind.
#[derive(Debug)]
pub struct Seal;

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The claim's log group.
    pub claim: Input<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The claim's log group.
    pub claim: String,
}

impl Kind for Seal {
    const KIND: &'static str = "seal";
    type Spec = Spec;
}

// IMMUTABLE: ['claim']  UNCOMPARED: []
