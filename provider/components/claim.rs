//! The claim: an empty log group `/multiregion/NAME` in the home region that says who makes an API of this name.
//!
//! Making it is atomic, so of two configurations that create the same name one wins. Its tag `multiregion:phase` is
//! `creating` until [`super::seal`] sets `ready`: a create that died is told from a finished API by it.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Claim;

/// [`Outputs::log_group`].
pub const LOG_GROUP: OutputKey<Claim, String> = OutputKey::new("log_group");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The API's name.
    pub name: String,
    /// The regions the API lives in: where an import looks.
    pub regions: Vec<String>,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The log group's name.
    pub log_group: String,
    /// Its ARN.
    pub arn: String,
}

impl Kind for Claim {
    const KIND: &'static str = "claim";
    type Spec = Spec;
}

// IMMUTABLE: ['name']  UNCOMPARED: []
