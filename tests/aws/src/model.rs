//! A model of how Route 53 and CloudFront route requests. A pure function of what their APIs report.
//!
//! Sources: AWS, Amazon Route 53 Developer Guide, "How Amazon Route 53 chooses records when health checking is
//! configured", "How Amazon Route 53 averts cascading failures", "Choosing a routing policy"; Amazon CloudFront Developer
//! Guide, "Optimize high availability with CloudFront origin failover", "Cache behavior settings: path pattern".

use crate::records::{Policy, Record};

/// A record that Route 53 answers with, and its share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Choice<'a> {
    /// The record.
    pub(crate) record: &'a Record,
    /// Its share of the answers, more than 0 and at most 1.
    pub(crate) share: f64,
}

/// The records that Route 53 answers with when a client near `client_region` asks for `name` and `kind`; empty without
/// a record. `is_healthy` takes the id of a health check.
///
/// - A record without a health check is healthy.
/// - When no record of the name is healthy, all are treated as healthy.
/// - Failover: the primary as long as it is healthy, else the secondary.
/// - Latency: the healthy record whose region is nearest, here by distance.
/// - Weighted: in proportion to the weights; records of weight 0 only when no other is healthy.
///
/// The health of the alias target is ignored: API Gateway's only fails with the service itself.
pub(crate) fn dns_answer<'a>(
    records: &'a [Record],
    name: &str,
    kind: &str,
    client_region: &str,
    is_healthy: impl Fn(&str) -> bool,
) -> Vec<Choice<'a>> {
    let name = crate::records::absolute(name);
    let all: Vec<&Record> = records.iter().filter(|record| record.name == name && record.kind == kind).collect();
    let healthy: Vec<&Record> =
        all.iter().copied().filter(|record| record.health_check.as_deref().is_none_or(&is_healthy)).collect();
    // Records with weight 0 come before "treat all as healthy".
    let is_last_resort = |record: &&Record| record.policy == Policy::Weighted(0);
    let first: Vec<&Record> = healthy.iter().copied().filter(|record| !is_last_resort(record)).collect();
    let candidates = [first, healthy, all].into_iter().find(|records| !records.is_empty()).unwrap_or_default();
    choose(&candidates, client_region)
}

fn choose<'a>(candidates: &[&'a Record], client_region: &str) -> Vec<Choice<'a>> {
    let Some(first) = candidates.first() else { return Vec::new() };
    match first.policy {
        Policy::Weighted(_) => weighted(candidates),
        Policy::Failover(_) => {
            let primary = candidates.iter().find(|record| record.policy == Policy::Failover(true));
            vec![Choice { record: primary.unwrap_or(first), share: 1.0 }]
        }
        Policy::Latency(_) => {
            let nearest = candidates.iter().min_by(|a, b| {
                let distance = |record: &Record| match &record.policy {
                    Policy::Latency(region) => distance(client_region, region),
                    _ => f64::INFINITY,
                };
                distance(a).total_cmp(&distance(b))
            });
            vec![Choice { record: nearest.unwrap_or(first), share: 1.0 }]
        }
        Policy::Simple | Policy::Other(_) => vec![Choice { record: first, share: 1.0 }],
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

/// The approximate latitude and longitude of AWS's regions.
const COORDINATES: &[(&str, f64, f64)] = &[
    ("af-south-1", -33.9, 18.4),
    ("ap-east-1", 22.3, 114.2),
    ("ap-northeast-1", 35.7, 139.7),
    ("ap-northeast-2", 37.6, 127.0),
    ("ap-northeast-3", 34.7, 135.5),
    ("ap-south-1", 19.1, 72.9),
    ("ap-south-2", 17.4, 78.5),
    ("ap-southeast-1", 1.4, 103.8),
    ("ap-southeast-2", -33.9, 151.2),
    ("ap-southeast-3", -6.2, 106.8),
    ("ap-southeast-4", -37.8, 145.0),
    ("ap-southeast-5", 3.1, 101.7),
    ("ca-central-1", 45.5, -73.6),
    ("ca-west-1", 51.0, -114.1),
    ("eu-central-1", 50.1, 8.7),
    ("eu-central-2", 47.4, 8.5),
    ("eu-north-1", 59.3, 18.1),
    ("eu-south-1", 45.5, 9.2),
    ("eu-south-2", 41.6, -0.9),
    ("eu-west-1", 53.3, -6.3),
    ("eu-west-2", 51.5, -0.1),
    ("eu-west-3", 48.9, 2.4),
    ("il-central-1", 32.1, 34.8),
    ("me-central-1", 25.2, 55.3),
    ("me-south-1", 26.2, 50.6),
    ("mx-central-1", 20.6, -100.4),
    ("sa-east-1", -23.6, -46.6),
    ("us-east-1", 38.9, -77.4),
    ("us-east-2", 40.0, -83.0),
    ("us-west-1", 37.4, -122.0),
    ("us-west-2", 45.9, -119.3),
];

/// The great-circle distance in kilometres, as a substitute for latency. Infinite for an unknown region.
fn distance(from: &str, to: &str) -> f64 {
    const EARTH_RADIUS: f64 = 6371.0;
    let place = |region: &str| {
        COORDINATES.iter().find(|place| place.0 == region).map(|(_, lat, lon)| (lat.to_radians(), lon.to_radians()))
    };
    let (Some((lat1, lon1)), Some((lat2, lon2))) = (place(from), place(to)) else { return f64::INFINITY };
    let haversine = ((lat2 - lat1) / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * ((lon2 - lon1) / 2.0).sin().powi(2);
    2.0 * EARTH_RADIUS * haversine.sqrt().asin()
}

/// Whether a behaviour's path pattern matches a path: `*` is any text, `?` any one character. The leading slash is
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
    use crate::records::Target;

    fn record(set: &str, policy: Policy) -> Record {
        Record {
            name: "api.a.com.".into(),
            kind: "A".into(),
            set: Some(set.into()),
            policy,
            health_check: Some(set.into()),
            target: Target::Values(vec![set.into()]),
        }
    }

    fn check(records: &[Record], client: &str, unhealthy: &[&str], expected: &[(&str, f64)]) {
        let choices = dns_answer(records, "api.a.com", "A", client, |check| !unhealthy.contains(&check));
        let found: Vec<(&str, f64)> =
            choices.iter().map(|choice| (choice.record.set.as_deref().unwrap(), choice.share)).collect();
        assert_eq!(found, expected);
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
        assert_eq!(dns_answer(&[], "api.a.com", "A", "us-east-1", |_| true), []);
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
