//! Route 53 record sets, read from the API's messages.

use serde::Serialize;

use crate::geography::Location;
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
    /// The time to live in seconds; `None` for an alias, which has that of its target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<u32>,
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
    /// Geolocation routing.
    Geolocation(Location),
    /// Geoproximity routing from a region, with a bias.
    Geoproximity(String, i32),
    /// IP-based routing: the id of the CIDR collection, and the name of the location.
    IpBased(String, String),
    /// Multivalue answer routing.
    Multivalue,
    /// Geoproximity routing from coordinates or a Local Zone: not modelled.
    Other(String),
}

impl Policy {
    /// Reads the policy of a `ResourceRecordSet`.
    fn read(element: &Element) -> Self {
        let given = |name: &str| element.child(name).map(|child| child.text.clone());
        let text = |path: &[&str]| element.text_at(path).to_owned();
        if let Some(region) = given("Region") {
            return Self::Latency(region);
        }
        if let Some(failover) = given("Failover") {
            return Self::Failover(failover == "PRIMARY");
        }
        if let Some(weight) = given("Weight") {
            return Self::Weighted(weight.parse().unwrap_or_default());
        }
        if element.child("GeoLocation").is_some() {
            return Self::Geolocation(Location {
                continent: text(&["GeoLocation", "ContinentCode"]),
                country: text(&["GeoLocation", "CountryCode"]),
                state: text(&["GeoLocation", "SubdivisionCode"]),
            });
        }
        if element.child("GeoProximityLocation").is_some() {
            let region = text(&["GeoProximityLocation", "AWSRegion"]);
            let bias = text(&["GeoProximityLocation", "Bias"]).parse().unwrap_or_default();
            return if region.is_empty() {
                Self::Other("geoproximity".to_owned())
            } else {
                Self::Geoproximity(region, bias)
            };
        }
        if element.child("CidrRoutingConfig").is_some() {
            let [collection, location] =
                ["CollectionId", "LocationName"].map(|name| text(&["CidrRoutingConfig", name]));
            return Self::IpBased(collection, location);
        }
        if given("MultiValueAnswer").is_some_and(|flag| flag == "true") { Self::Multivalue } else { Self::Simple }
    }

    /// The kind of policy. Record sets of the same name and type must have the same kind.
    pub(crate) fn family(&self) -> &str {
        match self {
            Self::Simple => "simple",
            Self::Latency(_) => "latency",
            Self::Failover(_) => "failover",
            Self::Weighted(_) => "weighted",
            Self::Geolocation(_) => "geolocation",
            Self::Geoproximity(..) => "geoproximity",
            Self::IpBased(..) => "IP-based",
            Self::Multivalue => "multivalue",
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
        /// The id of the hosted zone of the host name.
        zone: String,
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
        let policy = Policy::read(element);
        let target = match element.child("AliasTarget") {
            Some(alias) => Target::Alias {
                host: alias.text_at(&["DNSName"]).trim_end_matches('.').to_lowercase().replace("\\052", "*"),
                zone: alias.text_at(&["HostedZoneId"]).to_owned(),
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
            ttl: given("TTL").and_then(|ttl| ttl.parse().ok()),
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
