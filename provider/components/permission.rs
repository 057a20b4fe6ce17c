//! Statement in a function's resource policy: lets an API call the alias.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind};

/// The kind.
#[derive(Debug)]
pub struct Permission;

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// The alias' name.
    pub alias: Input<String>,
    /// The statement's id.
    pub statement_id: String,
    /// The API that may call.
    pub api_id: Input<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
    /// The alias' name.
    pub alias: String,
    /// The statement's id.
    pub statement_id: String,
}

impl Kind for Permission {
    const KIND: &'static str = "permission";
    type Spec = Spec;
}

// IMMUTABLE: ['function', 'alias', 'statement_id', 'api_id']  UNCOMPARED: []
