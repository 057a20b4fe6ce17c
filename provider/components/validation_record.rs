//! The CNAME that proves to ACM who owns a name. It is the same in every region, so it is owned once.

use serde::{Deserialize, Serialize};

use crate::desired::{Input, Kind};

/// The kind.
#[derive(Debug)]
pub struct ValidationRecord;

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The hosted zone.
    pub zone_id: Input<String>,
    /// Its name.
    pub name: Input<String>,
    /// Its value.
    pub value: Input<String>,
    /// The domain names that the certificates with this record are for.
    pub domain: Input<String>,
    /// The regions in which a certificate may need it.
    pub regions: Vec<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The hosted zone.
    pub zone_id: String,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Kind for ValidationRecord {
    const KIND: &'static str = "validation_record";
    type Spec = Spec;
}

// IMMUTABLE: ['zone_id', 'name']  UNCOMPARED: ['domain', 'regions']
