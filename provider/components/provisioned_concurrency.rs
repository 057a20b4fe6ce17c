//! Provisioned concurrency of an alias.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind};

/// The kind.
#[derive(Debug)]
pub struct ProvisionedConcurrency;

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// The alias' name.
    pub alias: Input<String>,
    /// How many instances are kept warm.
    pub instances: Input<i64>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
    /// The alias' name.
    pub alias: String,
}

impl Kind for ProvisionedConcurrency {
    const KIND: &'static str = "provisioned_concurrency";
    type Spec = Spec;
}

// IMMUTABLE: ['function', 'alias']  UNCOMPARED: []
