//! CloudFront distribution in front of the regions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::desired::{Input, Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Distribution;

/// [`Outputs::id`].
pub const ID: OutputKey<Distribution, String> = OutputKey::new("id");
/// [`Outputs::domain_name`].
pub const DOMAIN_NAME: OutputKey<Distribution, String> = OutputKey::new("domain_name");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// What it says it is for: the API's name.
    pub comment: String,
    /// The names it answers to besides its own.
    pub aliases: Vec<Input<String>>,
    /// `PriceClass_100`, `PriceClass_200` or `PriceClass_All`.
    pub price_class: String,
    /// The certificate for the aliases, in us-east-1.
    pub certificate_arn: Option<Input<String>>,
    /// Where content comes from, by origin id.
    pub origins: BTreeMap<String, Origin>,
    /// The origin group, where there is one.
    pub group: Option<OriginGroup>,
    /// What happens to requests that no other behaviour takes.
    pub default_behavior: Behavior,
    /// Behaviours by path pattern, in order.
    pub behaviors: Vec<(String, Behavior)>,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// Where content comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The host name.
    pub host: Input<String>,
    /// What is put before the path: a stage.
    pub path: String,
}

/// Two origins, the second asked when the first fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginGroup {
    /// The group's id.
    pub id: String,
    /// The origin that is asked first.
    pub primary: String,
    /// The origin that is asked when the first fails.
    pub secondary: String,
    /// The statuses that count as failing.
    pub status_codes: Vec<i32>,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behavior {
    /// The origin or origin group that answers.
    pub target: String,
    /// Whether POST, PUT, PATCH and DELETE are let through. A group cannot take them.
    pub writes: bool,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its own host name.
    pub domain_name: String,
}

impl Kind for Distribution {
    const KIND: &'static str = "distribution";
    type Spec = Spec;
}

// IMMUTABLE: []  UNCOMPARED: []
