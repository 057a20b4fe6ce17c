//! A certificate, ours or brought along, that is issued and covers the names it is for. No AWS object of its own: a wait.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct IssuedCertificate;

/// [`Outputs::arn`].
pub const ARN: OutputKey<IssuedCertificate, String> = OutputKey::new("arn");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The certificate.
    pub arn: Input<String>,
    /// The names it must cover.
    pub names: Vec<Input<String>>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The certificate.
    pub arn: String,
}

impl Kind for IssuedCertificate {
    const KIND: &'static str = "issued_certificate";
    type Spec = Spec;
}

// IMMUTABLE: []  UNCOMPARED: []
