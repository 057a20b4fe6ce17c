//! Hosted zones and their record sets.

use core::net::IpAddr;

use super::geography::{Point, angle, point_of};
use super::place::Precision;
use super::{Client, Place};

/// A hosted zone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Zone {
    /// The domain name in lower case, without a dot at the end.
    pub name: String,
    /// The record sets.
    pub records: Vec<Record>,
}

/// A record set.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The name in lower case, without a dot at the end. A wildcard begins with `*.`.
    pub name: String,
    /// The type: `A`, `AAAA`, `CNAME`.
    pub kind: String,
    /// The set identifier; `None` for a simple record.
    pub set: Option<String>,
    /// The routing policy.
    pub routing: Routing,
    /// The id of the health check.
    pub health_check: Option<String>,
    /// What the name resolves to.
    pub target: Target,
}

/// The routing policy of a record set.
#[derive(Debug, Clone, PartialEq)]
pub enum Routing {
    /// Simple routing.
    Simple,
    /// Failover routing.
    Failover {
        /// Whether it is the primary record.
        primary: bool,
    },
    /// Weighted routing.
    Weighted(u32),
    /// Latency routing to this region.
    Latency(String),
    /// Geolocation routing.
    Geolocation(Place),
    /// Geoproximity routing with a bias of -99 to 99.
    Geoproximity(Spot, i32),
    /// IP-based routing.
    IpBased {
        /// The id of the CIDR collection.
        collection: String,
        /// The name of the location; `*` for the default.
        location: String,
    },
    /// Multivalue answer routing.
    Multivalue,
}

/// The place of a geoproximity record.
#[derive(Debug, Clone, PartialEq)]
pub enum Spot {
    /// A region.
    Region(String),
    /// A Local Zone group, such as `us-west-2-lax-1`. Its location is taken to be that of its region.
    LocalZoneGroup(String),
    /// Latitude and longitude in degrees.
    Coordinates(f64, f64),
}

impl Spot {
    fn point(&self) -> Option<Point> {
        match self {
            Self::Region(region) => point_of(region),
            Self::LocalZoneGroup(group) => {
                let parts: Vec<&str> = group.trim_start_matches("aws:").split('-').collect();
                point_of(&parts.get(..3).unwrap_or_default().join("-"))
            }
            Self::Coordinates(latitude, longitude) => Some((*latitude, *longitude)),
        }
    }

    /// The name of the place, for a reason.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Region(name) | Self::LocalZoneGroup(name) => name.clone(),
            Self::Coordinates(latitude, longitude) => format!("{latitude}, {longitude}"),
        }
    }
}

/// What a name resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An alias of a name.
    Alias {
        /// The name, in lower case without a dot at the end.
        host: String,
        /// Whether the record is unhealthy while its target is.
        evaluate_health: bool,
    },
    /// The value of a CNAME record, in lower case without a dot at the end.
    Cname(String),
    /// Addresses.
    Addresses(Vec<String>),
}

/// A block of a CIDR collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The id of the collection.
    pub collection: String,
    /// The name of the location.
    pub location: String,
    /// The block: `203.0.113.0/24`.
    pub cidr: String,
}

impl Block {
    /// The length of the block's prefix if it contains `address`.
    ///
    /// # Source
    /// Route 53 Developer Guide, "IP-based routing".
    fn prefix_of(&self, address: IpAddr) -> Option<u8> {
        let (base, prefix) = self.cidr.split_once('/')?;
        let prefix: u8 = prefix.parse().ok()?;
        let same = match (base.parse().ok()?, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
            (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
            _ => return None,
        };
        (same >= u32::from(prefix)).then_some(prefix)
    }
}

impl Record {
    /// How exactly the record describes the client: by its location or its address. The default for policies that do not
    /// depend on them; `None` when the record is for other clients.
    pub(super) fn precision(&self, client: &Client, blocks: &[Block]) -> Option<Precision> {
        match &self.routing {
            Routing::Geolocation(place) => place.precision(&client.place),
            Routing::IpBased { location, .. } if location == "*" => Some(Precision::Default),
            Routing::IpBased { collection, location } => {
                let address = client.address?;
                let own = blocks.iter().filter(|it| it.collection == *collection && it.location == *location);
                own.filter_map(|block| block.prefix_of(address)).max().map(Precision::Block)
            }
            _ => Some(Precision::Default),
        }
    }

    /// The distance of the client to the place of the record: in place of the latency, or changed by the bias.
    ///
    /// # Source
    /// Route 53 Developer Guide, "Geoproximity routing": a positive bias multiplies the distance by 1 - bias / 100, a
    /// negative one divides it by 1 + bias / 100.
    pub(super) fn distance(&self, client: &Client) -> f64 {
        let from = |point: Option<Point>| match (point_of(&client.region), point) {
            (Some(client), Some(point)) => angle(client, point),
            _ => f64::INFINITY,
        };
        match &self.routing {
            Routing::Latency(region) => from(point_of(region)),
            Routing::Geoproximity(spot, bias) => {
                let (distance, bias) = (from(spot.point()), f64::from(*bias) / 100.0);
                if bias < 0.0 { distance / (1.0 + bias) } else { distance * (1.0 - bias) }
            }
            _ => f64::INFINITY,
        }
    }

    /// The weight of a weighted record.
    pub(super) fn weight(&self) -> u32 {
        match self.routing {
            Routing::Weighted(weight) => weight,
            _ => 0,
        }
    }

    /// The record in a reason: its set identifier, or else its name.
    pub(super) fn label(&self) -> &str {
        self.set.as_ref().unwrap_or(&self.name)
    }
}
