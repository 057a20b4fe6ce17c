//! A model of how Route 53 and CloudFront route the requests of clients. A pure function of record sets, health checks and
//! distributions, and of assumptions: which regions are down or drained, and which health checks fail.
//!
//! The model follows the rules that AWS documents. [`Rule`] lists them with their sources, and `tests/cases.txt` has cases for
//! each. Two things are approximated, because AWS does not publish them: the latency between a client and a region, by their
//! distance, and the location of a client, by the caller.

mod answer;
mod choice;
mod cloudfront;
pub(crate) mod geography;
mod health;
mod place;
mod record;
#[cfg(test)]
mod tests;

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

pub use answer::{Answer, Step};
pub use choice::{Choice, Decision, Excluded, Rule};
pub(crate) use cloudfront::matches;
pub use cloudfront::{Behavior, Distribution, OriginGroup, Restriction};
pub use health::{Check, CheckKind};
pub use place::Place;
pub use record::{Block, Record, Routing, Spot, Target, Zone};

/// What decides which region responds to a client, as AWS reports it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    /// The hosted zones that the client's resolver uses: all public ones, or those of one VPC.
    pub zones: Vec<Zone>,
    /// The blocks of the CIDR collections to which records refer.
    pub blocks: Vec<Block>,
    /// The health checks of the records, and their child health checks, by id.
    pub checks: BTreeMap<String, Check>,
    /// The CloudFront distributions.
    pub distributions: Vec<Distribution>,
}

/// What is assumed about the regions and health checks. Without assumptions, all regions respond and all health checks are
/// healthy, except for inverted ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// The regions whose APIs do not respond. Health checks of their endpoints fail, and alarms in them have no data.
    pub down: BTreeSet<String>,
    /// The regions whose records and origins are removed.
    pub drained: BTreeSet<String>,
    /// The ids of the health checks whose status is unhealthy, for any cause.
    pub failing_checks: BTreeSet<String>,
}

/// A client that resolves a name and sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The region to which its latency is the lowest.
    pub region: String,
    /// Where it is.
    pub place: Place,
    /// Its address, if it is known.
    pub address: Option<IpAddr>,
    /// The method of its request. CloudFront repeats only GET, HEAD and OPTIONS at the second origin of a group.
    pub method: String,
}

impl Client {
    /// A client that sends a GET request from the country of a region.
    pub fn near(region: &str) -> Self {
        let place = geography::country_of(region).map(Place::of_client).unwrap_or_default();
        Self { region: region.to_owned(), place, address: None, method: "GET".to_owned() }
    }
}

/// The model for one world and one set of assumptions.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    world: &'a World,
    assume: &'a Assumptions,
}

impl<'a> Model<'a> {
    /// A model of `world` under the assumptions.
    pub fn new(world: &'a World, assume: &'a Assumptions) -> Self {
        Self { world, assume }
    }
}

/// Longer chains of aliases, CNAME records or calculated health checks are loops.
const MAX_HOPS: usize = 8;

/// Whether `name` is the name of `zone` or a name in it. Both are normal.
pub(crate) fn is_within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A domain name as Route 53 compares it: in lower case, without a dot at the end, with escapes such as `\052` for `*` decoded.
pub(crate) fn normal(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(position) = rest.find('\\') {
        let (before, escape) = rest.split_at(position);
        plain.push_str(before);
        let code = escape.get(1..4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => plain.push(char::from(code)),
            None => plain.push('\\'),
        }
        rest = escape.get(if code.is_some() { 4 } else { 1 }..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain.to_lowercase().trim_end_matches('.').to_owned()
}
