//! A model of how Route 53 and CloudFront route requests. A pure function of what their APIs report.
//!
//! Sources: AWS, Amazon Route 53 Developer Guide, "How Amazon Route 53 chooses records when health checking is
//! configured", "How Amazon Route 53 chooses records in complex configurations", "How Amazon Route 53 averts cascading
//! failures", "Choosing a routing policy", "Geoproximity routing", "IP-based routing"; Amazon CloudFront Developer Guide,
//! "Optimize high availability with CloudFront origin failover", "Cache behavior settings: path pattern".

use std::net::IpAddr;

use crate::geography::{Location, distance, location_of};
use crate::records::{Policy, Record, Target, absolute};

/// A record that Route 53 answers with, and its share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Choice<'a> {
    /// The record.
    pub(crate) record: &'a Record,
    /// Its share of the answers, more than 0 and at most 1.
    pub(crate) share: f64,
}

/// The client that asks, or its resolver.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Client {
    /// The region that it is near.
    pub(crate) region: String,
    /// Its country or state.
    pub(crate) location: Location,
    /// Its address, if it is known.
    pub(crate) address: Option<IpAddr>,
    /// Whether it is in a VPC that is associated with the private hosted zones.
    pub(crate) in_vpc: bool,
}

impl Client {
    /// A client near a region, in the country of that region.
    pub(crate) fn near(region: &str) -> Self {
        let location = Location::of_client(location_of(region));
        Self { region: region.to_owned(), location, address: None, in_vpc: false }
    }
}

/// A block of a CIDR collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The id of the collection.
    pub(crate) collection: String,
    /// The name of the location.
    pub(crate) location: String,
    /// The block.
    pub(crate) cidr: String,
}

/// What Route 53 answers from.
pub(crate) struct Zone<'a, 'h> {
    /// The records of a hosted zone.
    pub(crate) records: &'a [Record],
    /// The blocks of the CIDR collections that they refer to.
    pub(crate) blocks: &'a [Block],
    /// Whether the health check with an id is healthy.
    pub(crate) is_healthy: &'h dyn Fn(&str) -> bool,
}

/// Longer chains of aliases are loops.
const MAX_ALIASES: usize = 8;

/// The records that Route 53 answers with when a client asks for `name` and `kind`; empty without a record.
///
/// - A record without a health check is healthy, unless it is an alias that evaluates the health of its target: a name of the
///   same zone is healthy while one of its records is. The health of an API Gateway's only fails with the service itself.
/// - When no record is healthy, all are treated as healthy.
/// - Failover: the primary as long as it is healthy, else the secondary.
/// - Latency: the healthy record whose region is nearest, here by distance.
/// - Geoproximity: the same by distance, changed by the bias.
/// - Geolocation: the healthy record with the most exact location of the client.
/// - IP-based: the healthy record whose block has the longest prefix of the client's address, else the default.
/// - Weighted: in proportion to the weights; records of weight 0 only when no other is healthy.
/// - Multivalue: up to eight healthy records.
pub(crate) fn dns_answer<'a>(zone: &Zone<'a, '_>, name: &str, kind: &str, client: &Client) -> Vec<Choice<'a>> {
    let all: Vec<&Record> = zone.of(name, kind).filter(|record| zone.precision(record, client).is_some()).collect();
    let healthy: Vec<&Record> = all.iter().copied().filter(|record| zone.is_in_service(record, 0)).collect();
    // Records with weight 0 come before "treat all as healthy".
    let is_last_resort = |record: &&Record| record.policy == Policy::Weighted(0);
    let first: Vec<&Record> = healthy.iter().copied().filter(|record| !is_last_resort(record)).collect();
    let candidates = [first, healthy, all].into_iter().find(|records| !records.is_empty()).unwrap_or_default();
    choose(zone, &candidates, client)
}

impl<'a> Zone<'a, '_> {
    /// The records of a name and type.
    pub(crate) fn of(&self, name: &str, kind: &str) -> impl Iterator<Item = &'a Record> {
        let (name, kind) = (absolute(name), kind.to_owned());
        self.records.iter().filter(move |record| record.name == name && record.kind == kind)
    }

    fn is_in_service(&self, record: &Record, hops: usize) -> bool {
        if !record.health_check.as_deref().is_none_or(self.is_healthy) {
            return false;
        }
        let Target::Alias { host, evaluate_health: true, .. } = &record.target else { return true };
        let mut targets = self.of(host, &record.kind).peekable();
        // Other targets are AWS's own.
        targets.peek().is_none() || (hops < MAX_ALIASES && targets.any(|target| self.is_in_service(target, hops + 1)))
    }

    /// How well a record fits the client, for policies by which some records do not: the highest wins.
    fn precision(&self, record: &Record, client: &Client) -> Option<u8> {
        match &record.policy {
            Policy::Geolocation(location) => location.precision(&client.location),
            Policy::IpBased(_, location) if location == "*" => Some(0),
            Policy::IpBased(collection, location) => {
                let address = client.address?;
                let blocks =
                    self.blocks.iter().filter(|block| block.collection == *collection && block.location == *location);
                blocks.filter_map(|block| prefix_in_common(&block.cidr, address)).max()
            }
            _ => Some(0),
        }
    }
}

/// The length of a block's prefix if it contains `address`.
fn prefix_in_common(block: &str, address: IpAddr) -> Option<u8> {
    let (base, prefix) = block.split_once('/')?;
    let prefix: u8 = prefix.parse().ok()?;
    let same = match (base.parse().ok()?, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
        (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
        _ => return None,
    };
    (same >= u32::from(prefix)).then_some(prefix)
}

fn choose<'a>(zone: &Zone<'a, '_>, candidates: &[&'a Record], client: &Client) -> Vec<Choice<'a>> {
    let Some(first) = candidates.first() else { return Vec::new() };
    let one = |record: Option<&&'a Record>| vec![Choice { record: record.copied().unwrap_or(first), share: 1.0 }];
    match first.policy {
        Policy::Weighted(_) => weighted(candidates),
        Policy::Multivalue => {
            let answered = &candidates[..candidates.len().min(8)];
            answered.iter().map(|record| Choice { record, share: 1.0 / answered.len() as f64 }).collect()
        }
        Policy::Failover(_) => one(candidates.iter().find(|record| record.policy == Policy::Failover(true))),
        Policy::Latency(_) | Policy::Geoproximity(..) => {
            one(candidates.iter().min_by(|a, b| reach(a, client).total_cmp(&reach(b, client))))
        }
        Policy::Geolocation(_) | Policy::IpBased(..) => {
            one(candidates.iter().max_by_key(|record| zone.precision(record, client)))
        }
        Policy::Simple | Policy::Other(_) => one(None),
    }
}

/// The distance of a record's region, changed by its bias.
///
/// Source: Route 53 Developer Guide, "Geoproximity routing": a positive bias multiplies the distance by 1 - bias/100, a
/// negative one divides it by 1 + bias/100.
fn reach(record: &Record, client: &Client) -> f64 {
    match &record.policy {
        Policy::Latency(region) => distance(&client.region, region),
        Policy::Geoproximity(region, bias) => {
            let (distance, bias) = (distance(&client.region, region), f64::from(*bias) / 100.0);
            if bias < 0.0 { distance / (1.0 + bias) } else { distance * (1.0 - bias) }
        }
        _ => f64::INFINITY,
    }
}

fn weighted<'a>(candidates: &[&'a Record]) -> Vec<Choice<'a>> {
    let weight = |record: &Record| match record.policy {
        Policy::Weighted(weight) => f64::from(weight),
        _ => 0.0,
    };
    let total: f64 = candidates.iter().map(|record| weight(record)).sum();
    let share = |record: &Record| {
        // Records that all have weight 0 share equally.
        if total == 0.0 { 1.0 / candidates.len() as f64 } else { weight(record) / total }
    };
    let choices = candidates.iter().map(|record| Choice { record, share: share(record) });
    choices.filter(|choice| choice.share > 0.0).collect()
}

/// Whether a behavior's path pattern matches a path: `*` is any text, `?` any one character. The leading slash is
/// optional.
pub(crate) fn path_matches(pattern: &str, path: &str) -> bool {
    fn go(pattern: &[char], path: &[char]) -> bool {
        match (pattern.first(), path.first()) {
            (None, None) => true,
            (Some('*'), _) => go(&pattern[1..], path) || (!path.is_empty() && go(pattern, &path[1..])),
            (Some('?'), Some(_)) => go(&pattern[1..], &path[1..]),
            (Some(expected), Some(found)) => expected == found && go(&pattern[1..], &path[1..]),
            _ => false,
        }
    }
    let chars = |text: &str| text.trim_start_matches('/').chars().collect::<Vec<_>>();
    go(&chars(pattern), &chars(path))
}

/// Whether CloudFront sends the request to the second origin of a group after this response of the first.
pub(crate) fn fails_over(method: &str, status: u16, failover_codes: &[u16]) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS") && failover_codes.contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(set: &str, policy: Policy) -> Record {
        Record {
            name: "api.a.com.".into(),
            kind: "A".into(),
            set: Some(set.into()),
            policy,
            health_check: Some(set.into()),
            ttl: Some(60),
            target: Target::Values(vec![set.into()]),
        }
    }

    fn answer(records: &[Record], client: &Client, unhealthy: &[&str]) -> Vec<(String, f64)> {
        let blocks = [("west", "203.0.113.0/24"), ("west", "2001:db8::/32"), ("east", "203.0.0.0/16")];
        let blocks = blocks.map(|(location, cidr)| Block {
            collection: "c".into(),
            location: location.into(),
            cidr: cidr.into(),
        });
        let is_healthy = |check: &str| !unhealthy.contains(&check);
        let zone = Zone { records, blocks: &blocks, is_healthy: &is_healthy };
        let choices = dns_answer(&zone, "api.a.com", "A", client);
        choices.iter().map(|choice| (choice.record.set.clone().unwrap(), choice.share)).collect()
    }

    fn check(records: &[Record], client: &str, unhealthy: &[&str], expected: &[(&str, f64)]) {
        let found = answer(records, &Client::near(client), unhealthy);
        let expected: Vec<_> = expected.iter().map(|(set, share)| ((*set).to_owned(), *share)).collect();
        assert_eq!(found, expected);
    }

    fn check_one(records: &[Record], client: &Client, unhealthy: &[&str], expected: &str) {
        assert_eq!(answer(records, client, unhealthy), [(expected.to_owned(), 1.0)]);
    }

    #[test]
    fn latency_prefers_the_nearest_healthy_region() {
        let records =
            ["us-east-1", "us-west-2", "eu-central-1"].map(|region| record(region, Policy::Latency(region.into())));
        check(&records, "us-west-2", &[], &[("us-west-2", 1.0)]);
        check(&records, "eu-west-1", &[], &[("eu-central-1", 1.0)]);
        check(&records, "eu-west-1", &["eu-central-1"], &[("us-east-1", 1.0)]);
        check(&records, "eu-west-1", &["eu-central-1", "us-east-1", "us-west-2"], &[("eu-central-1", 1.0)]);
    }

    #[test]
    fn failover_prefers_the_primary() {
        let records = [record("second", Policy::Failover(false)), record("first", Policy::Failover(true))];
        check(&records, "us-east-1", &[], &[("first", 1.0)]);
        check(&records, "us-east-1", &["first"], &[("second", 1.0)]);
        check(&records, "us-east-1", &["first", "second"], &[("first", 1.0)]);
    }

    #[test]
    fn weights_are_shares_and_zero_is_the_last_resort() {
        let records =
            [record("a", Policy::Weighted(30)), record("b", Policy::Weighted(10)), record("c", Policy::Weighted(0))];
        check(&records, "us-east-1", &[], &[("a", 0.75), ("b", 0.25)]);
        check(&records, "us-east-1", &["a"], &[("b", 1.0)]);
        check(&records, "us-east-1", &["a", "b"], &[("c", 1.0)]);
        check(&records, "us-east-1", &["a", "b", "c"], &[("a", 0.75), ("b", 0.25)]);
    }

    #[test]
    fn an_unknown_name_has_no_answer() {
        assert_eq!(answer(&[], &Client::near("us-east-1"), &[]), []);
    }

    #[test]
    fn geolocation_prefers_the_most_exact_healthy_location() {
        let at = |set: &str, continent: &str, country: &str, state: &str| {
            let [continent, country, state] = [continent, country, state].map(str::to_owned);
            record(set, Policy::Geolocation(Location { continent, country, state }))
        };
        let records = [
            at("all", "", "*", ""),
            at("america", "NA", "", ""),
            at("washington", "", "US", "WA"),
            at("germany", "", "DE", ""),
        ];
        let client = |location: &str| Client { location: Location::of_client(location), ..Client::near("us-east-1") };
        check_one(&records, &client("US-WA"), &[], "washington");
        check_one(&records, &client("US-OR"), &[], "america");
        check_one(&records, &client("FR"), &[], "all");
        check_one(&records, &client("DE"), &[], "germany");
        check_one(&records, &client("DE"), &["germany"], "all");
        check_one(&records, &client("US-WA"), &["washington", "america", "all"], "washington");
        assert_eq!(answer(&records[1..], &client("FR"), &[]), []);
    }

    #[test]
    fn a_bias_moves_the_border() {
        let near = |bias| {
            [
                record("east", Policy::Geoproximity("us-east-1".into(), 0)),
                record("west", Policy::Geoproximity("us-west-2".into(), bias)),
            ]
        };
        check_one(&near(0), &Client::near("us-east-2"), &[], "east");
        check_one(&near(90), &Client::near("us-east-2"), &[], "west");
        check_one(&near(0), &Client::near("us-west-1"), &[], "west");
        check_one(&near(-80), &Client::near("us-west-1"), &[], "east");
        check_one(&near(0), &Client::near("us-west-1"), &["west"], "east");
    }

    #[test]
    fn the_longest_prefix_of_an_address_wins() {
        let by_ip = |location: &str| record(location, Policy::IpBased("c".into(), location.into()));
        let records = [by_ip("*"), by_ip("east"), by_ip("west")];
        let client = |address: &str| Client { address: address.parse().ok(), ..Client::near("us-east-1") };
        check_one(&records, &client("203.0.113.9"), &[], "west");
        check_one(&records, &client("203.0.114.9"), &[], "east");
        check_one(&records, &client("2001:db8:1::1"), &[], "west");
        check_one(&records, &client("192.0.2.1"), &[], "*");
        check_one(&records, &client(""), &[], "*");
        check_one(&records, &client("203.0.113.9"), &["west"], "east");
    }

    #[test]
    fn a_group_of_records_is_healthy_while_one_of_them_is() {
        let mut nested = [
            record("first", Policy::Failover(true)),
            record("others", Policy::Failover(false)),
            record("us-west-2", Policy::Latency("us-west-2".into())),
            record("eu-central-1", Policy::Latency("eu-central-1".into())),
        ];
        nested[1].health_check = None;
        nested[1].target = Target::Alias { host: "b.a.com".into(), zone: "Z1".into(), evaluate_health: true };
        nested[2].name = "b.a.com.".into();
        nested[3].name = "b.a.com.".into();
        check(&nested, "us-east-1", &[], &[("first", 1.0)]);
        check(&nested, "us-east-1", &["first"], &[("others", 1.0)]);
        check(&nested, "us-east-1", &["first", "us-west-2"], &[("others", 1.0)]);
        check(&nested, "us-east-1", &["first", "us-west-2", "eu-central-1"], &[("first", 1.0)]);
    }

    #[test]
    fn multivalue_answers_with_every_healthy_record() {
        let records = [record("a", Policy::Multivalue), record("b", Policy::Multivalue)];
        check(&records, "us-east-1", &[], &[("a", 0.5), ("b", 0.5)]);
        check(&records, "us-east-1", &["a"], &[("b", 1.0)]);
    }

    #[test]
    fn path_patterns_match_like_a_shell() {
        for (pattern, path, expected) in [
            ("/public/*", "/public/a/b", true),
            ("public/*", "/public/", true),
            ("/public/*", "/public", false),
            ("*", "/", true),
            ("/*.jpg", "/a/b.jpg", true),
            ("/v?", "/v1", true),
            ("/v?", "/v10", false),
        ] {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn writes_do_not_fail_over() {
        assert!(fails_over("GET", 503, &[502, 503]));
        assert!(!fails_over("POST", 503, &[502, 503]));
        assert!(!fails_over("GET", 500, &[502, 503]));
    }
}
