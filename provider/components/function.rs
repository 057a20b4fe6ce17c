//! Lambda function of one region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Input, Kind, OutputKey};
use crate::resources::PackageSource;

/// The kind.
#[derive(Debug)]
pub struct Function;

/// [`Outputs::name`].
pub const NAME: OutputKey<Function, String> = OutputKey::new("name");
/// [`Outputs::arn`].
pub const ARN: OutputKey<Function, String> = OutputKey::new("arn");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// The role it runs as.
    pub role_arn: Input<String>,
    /// What runs.
    pub code: Code,
    /// Where a package is read from; `None` unless `code` is a package.
    pub source: Option<PackageSource>,
    /// What Lambda calls in it; `None` for an image.
    pub handler: Option<Input<String>>,
    /// The runtime's identifier; `None` for an image.
    pub runtime: Option<Input<String>>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Memory in MiB.
    pub memory_mb: Input<i64>,
    /// The longest time an invocation may take, in seconds.
    pub timeout_seconds: Input<i64>,
    /// `/tmp` in MiB.
    pub ephemeral_storage_mb: Input<i64>,
    /// Environment variables.
    pub environment: BTreeMap<String, Input<String>>,
    /// ARNs of layer versions of this region.
    pub layers: Vec<Input<String>>,
    /// Whether X-Ray traces every request (`Active`) or follows the caller (`PassThrough`).
    pub tracing: bool,
    /// Concurrency set aside for it.
    pub reserved_concurrency: Option<Input<i64>>,
    /// The network it runs in.
    pub vpc: Option<Vpc>,
    /// The log group it writes to.
    pub log_group: Input<String>,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// What a function runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A zip that we send.
    Package {
        /// SHA-256 of the zip in base64.
        sha256: Input<String>,
    },
    /// A zip in a bucket of the function's region.
    S3 {
        /// The bucket.
        bucket: Input<String>,
        /// The object's key.
        key: Input<String>,
        /// The object's version.
        version: Option<Input<String>>,
    },
    /// A container image in a registry of the function's region.
    Image {
        /// Its URI.
        uri: Input<String>,
    },
}

/// The network a function runs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// Subnets of the function's region.
    pub subnet_ids: Vec<Input<String>>,
    /// Security groups of the function's region.
    pub security_group_ids: Vec<Input<String>>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN without a version.
    pub arn: String,
}

impl Kind for Function {
    const KIND: &'static str = "function";
    type Spec = Spec;
}

// IMMUTABLE: ['name']  UNCOMPARED: ['source']
