//! Route 53 record sets, read from the API's messages.

use serde::Serialize;

use crate::xml::Element;

/// One record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Record {
    /// The name in lower case, with a trailing dot.
    pub(crate) name: String,
    /// The type: `A`, `AAAA`, `CNAME`.
    pub(crate) kind: String,
    /// The set identifier; `None` for a simple record.
    pub(crate) set: Option<String>,
    /// The routing policy.
    pub(crate) policy: Policy,
    /// The id of the health check that takes it out of service.
    pub(crate) health_check: Option<String>,
    /// What it resolves to.
    pub(crate) target: Target,
}

/// The routing policy of a record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) enum Policy {
    /// Simple routing.
    Simple,
    /// Latency routing to this region.
    Latency(String),
    /// Failover routing; `true` for the primary.
    Failover(bool),
    /// Weighted routing.
    Weighted(u32),
    /// Geolocation, IP-based, geoproximity or multivalue routing: not modelled.
    Other(String),
}

impl Policy {
    /// The kind of policy. Record sets of the same name and type must have the same kind.
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

/// What a record set resolves to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) enum Target {
    /// An alias for a host name, without a trailing dot.
    Alias {
        /// The host name.
        host: String,
        /// Whether the health of the target counts.
        evaluate_health: bool,
    },
    /// Values.
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

    /// Name, type and set identifier, which identify a record set in its zone.
    pub(crate) fn key(&self) -> (&str, &str, Option<&str>) {
        (&self.name, &self.kind, self.set.as_deref())
    }
}

/// A name as Route 53 stores it, except for escapes: in lower case, with a trailing dot.
pub(crate) fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_lowercase().replace("\\052", "*"))
}
