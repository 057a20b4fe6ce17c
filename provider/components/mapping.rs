//! API mapping: which API and stage a custom domain name leads to.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind};

/// The kind.
#[derive(Debug)]
pub struct Mapping;

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The domain name.
    pub domain: Input<String>,
    /// The API.
    pub api_id: Input<String>,
    /// Its stage.
    pub stage: Input<String>,
    /// The base path; empty for the whole domain.
    pub base_path: Input<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The domain name.
    pub domain: String,
    /// Its id.
    pub id: String,
}

impl Kind for Mapping {
    const KIND: &'static str = "mapping";
    type Spec = Spec;
}

// IMMUTABLE: ['domain']  UNCOMPARED: []
