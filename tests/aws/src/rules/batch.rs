//! What Route 53 rejects in a batch of changes, judged by the records as they would be afterwards. Pure.
//!
//! Source: AWS, Route 53 API reference, ChangeResourceRecordSets; messages as users have reported them.

use crate::records::{Policy, Record, Target, absolute};
use crate::xml::Element;

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// `CREATE`, `UPSERT` or `DELETE`.
    pub(crate) action: String,
    /// The record set.
    pub(crate) record: Record,
}

/// A hosted zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone<'a> {
    /// The id.
    pub(crate) id: &'a str,
    /// The name in lower case, with a trailing dot.
    pub(crate) name: &'a str,
}

/// The elements by which a record set has a routing policy.
const POLICIES: [&str; 7] =
    ["Region", "Failover", "Weight", "GeoLocation", "GeoProximityLocation", "CidrRoutingConfig", "MultiValueAnswer"];

/// What makes a `ResourceRecordSet` invalid in any zone.
pub(crate) fn invalid_input(set: &Element) -> Option<String> {
    let policies: Vec<&str> = POLICIES.into_iter().filter(|name| set.child(name).is_some()).collect();
    if policies.len() > 1 {
        return Some(format!(
            "Invalid request: Expected exactly one of [{}], but found more than one in Change with [Name={}]",
            POLICIES.join(", "),
            set.text_at(&["Name"])
        ));
    }
    let geo = set.child("GeoLocation");
    if geo.is_some_and(|geo| geo.child("ContinentCode").is_some() && geo.children.len() > 1) {
        return Some("A ContinentCode cannot be specified with a CountryCode or a SubdivisionCode.".to_owned());
    }
    if let Some(near) = set.child("GeoProximityLocation") {
        let bias = near.child("Bias").map_or(Ok(0), |bias| bias.text.parse::<i32>());
        if !bias.is_ok_and(|bias| (-99..=99).contains(&bias)) {
            return Some("Bias must be a number from -99 to 99.".to_owned());
        }
        if near.children.iter().filter(|child| child.name != "Bias").count() != 1 {
            return Some("Expected exactly one of [AWSRegion, LocalZoneGroup, Coordinates].".to_owned());
        }
    }
    None
}

/// The errors of a batch; empty when it is valid. Existing and missing records are left to the backend.
pub(crate) fn violations(zone: &Zone<'_>, current: &[Record], changes: &[Change]) -> Vec<String> {
    let after = apply(current, changes);
    let written = changes.iter().filter(|change| change.action != "DELETE").map(|change| &change.record);
    written.filter_map(|record| violation(zone, &after, record)).collect()
}

/// The records after the batch.
fn apply(current: &[Record], changes: &[Change]) -> Vec<Record> {
    let mut records = current.to_vec();
    for change in changes {
        records.retain(|record| record.key() != change.record.key());
        if change.action != "DELETE" {
            records.push(change.record.clone());
        }
    }
    records
}

fn violation(zone: &Zone<'_>, after: &[Record], record: &Record) -> Option<String> {
    let (id, zone) = (zone.id, zone.name);
    let (name, kind) = (&record.name, &record.kind);
    if name != zone && !name.ends_with(&format!(".{zone}")) {
        return Some(format!("RRSet with DNS name {name} is not permitted in zone {zone}"));
    }
    if kind == "CNAME" && name == zone {
        return Some(format!("RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone}"));
    }
    if record.set.is_none() != (record.policy == Policy::Simple) {
        return Some(format!(
            "RRSet with DNS name {name}, type {kind} needs both a routing policy and a SetIdentifier"
        ));
    }
    let set = record.set.as_deref().unwrap_or_default();
    if record.policy == Policy::Failover(true)
        && record.health_check.is_none()
        && matches!(record.target, Target::Values(_))
    {
        return Some("A non-alias primary ResourceRecordSet must have an associated health check.".to_owned());
    }
    if let Policy::Geolocation(location) = &record.policy
        && !location.exists()
    {
        return Some(format!("RRSet with DNS name {name}, type {kind}, SetIdentifier {set} has no valid GeoLocation"));
    }
    if record.policy == Policy::Multivalue && matches!(record.target, Target::Alias { .. }) {
        return Some("Multivalue answer routing is not supported for alias records.".to_owned());
    }
    if let Some(error) = alias_violation(id, after, record) {
        return Some(error);
    }
    beside(zone, after, record)
}

/// Why an alias of a name in the same zone is invalid.
fn alias_violation(zone_id: &str, after: &[Record], record: &Record) -> Option<String> {
    let Target::Alias { host, zone, .. } = &record.target else { return None };
    let (name, kind) = (&record.name, &record.kind);
    if zone != zone_id {
        // Of AWS's own names, only those of distributions have HTTPS records.
        let has_none = kind == "HTTPS" && zone != super::route53::CLOUDFRONT_ZONE;
        return has_none.then(|| {
            format!(
                "Tried to create an alias that targets {host}., type {kind} in zone {zone}, but that target was not found"
            )
        });
    }
    let (mut open, mut seen) = (vec![absolute(host)], std::collections::BTreeSet::new());
    if !after.iter().any(|other| other.name == absolute(host) && other.kind == *kind) {
        return Some(format!(
            "Tried to create an alias that targets {host}., type {kind} in zone {zone_id}, but that target was not found"
        ));
    }
    while let Some(next) = open.pop() {
        if next == *name {
            return Some(format!("RRSet with DNS name {name}, type {kind} is an alias that leads to itself"));
        }
        if !seen.insert(next.clone()) {
            continue;
        }
        let targets = after.iter().filter(|other| other.name == next && other.kind == *kind);
        open.extend(targets.filter_map(|other| match &other.target {
            Target::Alias { host, zone, .. } if zone == zone_id => Some(absolute(host)),
            _ => None,
        }));
    }
    None
}

/// Why a record cannot exist beside the others of its name.
fn beside(zone: &str, after: &[Record], record: &Record) -> Option<String> {
    let (name, kind) = (&record.name, &record.kind);
    let set = record.set.as_deref().unwrap_or_default();
    for other in after.iter().filter(|other| other.name == *name && other.key() != record.key()) {
        if other.kind == "CNAME" && kind != "CNAME" {
            return Some(format!(
                "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME \
                 with the same DNS name already exists in zone {zone}"
            ));
        }
        if kind == "CNAME" && other.kind != "CNAME" {
            return Some(format!(
                "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the \
                 same DNS name in zone {zone}"
            ));
        }
        if other.kind != *kind {
            continue;
        }
        if other.policy.family() != record.policy.family() {
            return Some(format!(
                "RRSet with DNS name {name}, type {kind}, SetIdentifier {set} cannot be created as other RRSets exist \
                 with the same name and type"
            ));
        }
        if let (Policy::IpBased(one, _), Policy::IpBased(two, _)) = (&record.policy, &other.policy)
            && one != two
        {
            return Some(format!("RRSets with DNS name {name}, type {kind} must use one CIDR collection"));
        }
        if is_same_place(&record.policy, &other.policy) {
            return Some(format!(
                "RRSet with DNS name {name}, type {kind}, SetIdentifier {set} cannot be created as another RRSet with \
                 the same name, type and {} already exists",
                record.policy.family()
            ));
        }
    }
    None
}

/// Whether two records would answer the same clients, which Route 53 accepts only of weighted and multivalue records.
fn is_same_place(one: &Policy, other: &Policy) -> bool {
    match (one, other) {
        (Policy::Simple | Policy::Weighted(_) | Policy::Multivalue, _) => false,
        (Policy::Geoproximity(one, _), Policy::Geoproximity(other, _)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geography::Location;

    const ZONE: Zone<'_> = Zone { id: "Z1", name: "a.com." };

    fn record(name: &str, kind: &str, set: &str, policy: Policy) -> Record {
        let target = Target::Alias {
            host: "d-1.execute-api.us-east-1.amazonaws.com".into(),
            zone: "ZAPI".into(),
            evaluate_health: false,
        };
        let set = (!set.is_empty()).then(|| set.to_owned());
        Record { name: name.into(), kind: kind.into(), set, policy, health_check: None, ttl: None, target }
    }

    fn check(current: &[Record], action: &str, record: Record, expected: &str) {
        let found = violations(&ZONE, current, &[Change { action: action.into(), record }]);
        assert!(
            if expected.is_empty() { found.is_empty() } else { found.iter().any(|text| text.contains(expected)) },
            "{found:?} instead of {expected}"
        );
    }

    #[test]
    fn records_of_one_name_have_the_same_kind_of_policy() {
        let latency = record("api.a.com.", "A", "east", Policy::Latency("us-east-1".into()));
        let current = [latency.clone()];
        check(&current, "CREATE", record("api.a.com.", "A", "west", Policy::Latency("us-west-2".into())), "");
        check(&current, "UPSERT", latency, "");
        check(&current, "CREATE", record("api.a.com.", "A", "", Policy::Simple), "other RRSets exist");
        check(&current, "CREATE", record("api.a.com.", "A", "west", Policy::Weighted(1)), "other RRSets exist");
        check(&current, "CREATE", record("api.a.com.", "A", "west", Policy::Latency("us-east-1".into())), "same name");
        check(&current, "CREATE", record("api.a.com.", "AAAA", "", Policy::Simple), "");
    }

    #[test]
    fn a_policy_can_change_within_one_batch() {
        let current = [record("api.a.com.", "A", "", Policy::Simple)];
        let changes = [
            Change { action: "DELETE".into(), record: current[0].clone() },
            Change { action: "CREATE".into(), record: record("api.a.com.", "A", "one", Policy::Weighted(1)) },
        ];
        assert_eq!(violations(&ZONE, &current, &changes), Vec::<String>::new());
    }

    #[test]
    fn a_name_has_one_primary() {
        let current = [record("api.a.com.", "A", "east", Policy::Failover(true))];
        check(&current, "CREATE", record("api.a.com.", "A", "west", Policy::Failover(true)), "failover already exists");
        check(&current, "CREATE", record("api.a.com.", "A", "west", Policy::Failover(false)), "");
    }

    #[test]
    fn a_cname_is_alone_and_not_at_the_apex() {
        let current = [record("api.a.com.", "A", "", Policy::Simple)];
        check(&current, "CREATE", record("api.a.com.", "CNAME", "", Policy::Simple), "conflicts with other records");
        check(&current, "CREATE", record("a.com.", "CNAME", "", Policy::Simple), "at apex");
        check(&current, "CREATE", record("api.b.com.", "A", "", Policy::Simple), "not permitted in zone");
        let current = [record("api.a.com.", "CNAME", "", Policy::Simple)];
        check(&current, "CREATE", record("api.a.com.", "A", "", Policy::Simple), "conflicting RRSet of type CNAME");
    }

    #[test]
    fn a_location_has_one_record() {
        let at = |set: &str, country: &str| {
            let location = Location { country: country.to_owned(), ..Location::default() };
            record("api.a.com.", "A", set, Policy::Geolocation(location))
        };
        check(&[at("one", "DE")], "CREATE", at("two", "DE"), "geolocation already exists");
        check(&[at("one", "DE")], "CREATE", at("two", "*"), "");
        check(&[at("one", "DE")], "CREATE", at("two", "UK"), "no valid GeoLocation");
        let by_ip = |set: &str, collection: &str, location: &str| {
            record("api.a.com.", "A", set, Policy::IpBased(collection.to_owned(), location.to_owned()))
        };
        check(&[by_ip("one", "c", "*")], "CREATE", by_ip("two", "c", "east"), "");
        check(&[by_ip("one", "c", "*")], "CREATE", by_ip("two", "c", "*"), "IP-based already exists");
        check(&[by_ip("one", "c", "*")], "CREATE", by_ip("two", "d", "east"), "must use one CIDR collection");
    }

    #[test]
    fn an_alias_in_the_zone_has_a_target_and_no_loop() {
        let to = |name: &str, host: &str| {
            let target = Target::Alias { host: host.to_owned(), zone: "Z1".into(), evaluate_health: true };
            Record { target, ..record(name, "A", "", Policy::Simple) }
        };
        check(&[], "CREATE", to("api.a.com.", "b.a.com"), "that target was not found");
        check(&[record("b.a.com.", "A", "", Policy::Simple)], "CREATE", to("api.a.com.", "b.a.com"), "");
        check(&[to("b.a.com.", "api.a.com")], "CREATE", to("api.a.com.", "b.a.com"), "leads to itself");
        check(&[], "CREATE", to("api.a.com.", "api.a.com"), "leads to itself");
        check(&[], "CREATE", record("api.a.com.", "A", "one", Policy::Multivalue), "not supported for alias");
    }

    #[test]
    fn an_alias_of_type_https_leads_to_a_distribution() {
        let alias = |kind: &str, zone: &str| {
            let target =
                Target::Alias { host: "d-1.example".to_owned(), zone: zone.to_owned(), evaluate_health: false };
            Record { target, ..record("api.a.com.", kind, "", Policy::Simple) }
        };
        check(&[], "CREATE", alias("HTTPS", super::super::route53::CLOUDFRONT_ZONE), "");
        check(&[], "CREATE", alias("HTTPS", "Z1UJRXOUMOOFQ8"), "type HTTPS in zone Z1UJRXOUMOOFQ8");
        check(&[], "CREATE", alias("A", "Z1UJRXOUMOOFQ8"), "");
    }

    #[test]
    fn a_record_set_has_one_policy_within_its_range() {
        let invalid = |xml: &str| {
            let set = format!("<ResourceRecordSet><Name>a.com</Name>{xml}</ResourceRecordSet>");
            invalid_input(&Element::parse(set.as_bytes()).unwrap())
        };
        let near =
            |bias: &str| format!("<GeoProximityLocation><AWSRegion>us-east-1</AWSRegion>{bias}</GeoProximityLocation>");
        assert_eq!(invalid(&near("<Bias>99</Bias>")), None);
        assert!(invalid(&near("<Bias>100</Bias>")).is_some());
        assert!(invalid(&near("<Coordinates/>")).is_some());
        assert!(invalid(&format!("<Weight>1</Weight>{}", near(""))).is_some());
        assert!(
            invalid("<GeoLocation><ContinentCode>EU</ContinentCode><CountryCode>DE</CountryCode></GeoLocation>")
                .is_some()
        );
    }
}
