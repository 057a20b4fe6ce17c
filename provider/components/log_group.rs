//! CloudWatch log group: where one region's function or access log writes.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct LogGroup;

/// [`Outputs::name`].
pub const NAME: OutputKey<LogGroup, String> = OutputKey::new("name");
/// [`Outputs::arn`].
pub const ARN: OutputKey<LogGroup, String> = OutputKey::new("arn");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// Days after which events are deleted; 0 keeps them for ever.
    pub retention_days: i64,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN, without the trailing `:*`.
    pub arn: String,
}

impl Kind for LogGroup {
    const KIND: &'static str = "log_group";
    type Spec = Spec;
}

// IMMUTABLE: ['name']  UNCOMPARED: []
