//! Route 53 record sets, read from the API's messages.

use serde::Serialize;

use crate::xml::Element;

/// One record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Its name, in lower case with a dot at its end.
    pub name: String,
    /// Its type: `A`, `AAAA`, `CNAME`.
    pub kind: String,
    /// Its set identifier; `None` for a simple record.
    pub set: Option<String>,
    /// When it is the answer.
    pub policy: Policy,
    /// The health check that takes it out.
    pub health_check: Option<String>,
    /// What it answers.
    pub target: Target,
}

/// When a record set is the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Policy {
    /// Always.
    Simple,
    /// For those to whom this region is the nearest.
    Latency(String),
    /// Whether it is the primary, asked before the secondary.
    Failover(bool),
    /// In proportion to its weight.
    Weighted(u32),
    /// By geolocation, IP range or multivalue: not modelled.
    Other(String),
}

impl Policy {
    /// Only record sets of the same kind of policy may share a name and type.
    pub(crate) fn family(&self) -> &str {
        match self {
            Self::Simple => "simple",
            Self::Latency(_) => "latency",
            Self::Failover(_) => "failover",
            Self::Weighted(_) => "weighted",
            Self::Other(name) => name,
        }
    }
}

/// What a record set answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Target {
    /// Whatever this host name leads to; without a dot at its end.
    Alias {
        /// The host name.
        host: String,
        /// Whether the target's own health counts.
        evaluate_health: bool,
    },
    /// These values.
    Values(Vec<String>),
}

impl Record {
    /// Reads a `ResourceRecordSet`.
    pub(crate) fn read(element: &Element) -> Self {
        let text = |name: &str| element.text_at(&[name]).to_owned();
        let given = |name: &str| element.child(name).map(|child| child.text.clone());
        let policy = if let Some(region) = given("Region") {
            Policy::Latency(region)
        } else if let Some(failover) = given("Failover") {
            Policy::Failover(failover == "PRIMARY")
        } else if let Some(weight) = given("Weight") {
            Policy::Weighted(weight.parse().unwrap_or_default())
        } else {
            let others = ["GeoLocation", "CidrRoutingConfig", "MultiValueAnswer", "GeoProximityLocation"];
            let other = others.into_iter().find(|name| element.child(name).is_some());
            other.map_or(Policy::Simple, |name| Policy::Other(name.to_owned()))
        };
        let target = match element.child("AliasTarget") {
            Some(alias) => Target::Alias {
                host: alias.text_at(&["DNSName"]).trim_end_matches('.').to_lowercase(),
                evaluate_health: alias.text_at(&["EvaluateTargetHealth"]) == "true",
            },
            None => {
                let values = element.items_at(&["ResourceRecords"]).iter();
                Target::Values(values.map(|item| item.text_at(&["Value"]).to_owned()).collect())
            }
        };
        Self {
            name: absolute(&text("Name")),
            kind: text("Type"),
            set: given("SetIdentifier"),
            policy,
            health_check: given("HealthCheckId"),
            target,
        }
    }

    /// What tells it from all others of its zone.
    pub(crate) fn key(&self) -> (&str, &str, Option<&str>) {
        (&self.name, &self.kind, self.set.as_deref())
    }
}

/// A name as Route 53 keeps it, but for escapes: in lower case, with a dot at its end.
pub(crate) fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_lowercase().replace("\\052", "*"))
}
