//! What Route 53 rejects in a batch of changes, judged by the records as they would be afterwards. Pure.
//!
//! Source: AWS, Route 53 API reference, ChangeResourceRecordSets; messages as users have reported them.

use crate::records::{Policy, Record, Target};

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// `CREATE`, `UPSERT` or `DELETE`.
    pub(crate) action: String,
    /// The record set.
    pub(crate) record: Record,
}

/// The errors of a batch; empty when it is valid. Existing and missing records are left to the backend.
pub(crate) fn violations(zone: &str, current: &[Record], changes: &[Change]) -> Vec<String> {
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

fn violation(zone: &str, after: &[Record], record: &Record) -> Option<String> {
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
        let same_place = matches!(record.policy, Policy::Latency(_) | Policy::Failover(_));
        if same_place && other.policy == record.policy {
            return Some(format!(
                "RRSet with DNS name {name}, type {kind}, SetIdentifier {set} cannot be created as another RRSet with \
                 the same name, type and {} already exists",
                record.policy.family()
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, kind: &str, set: &str, policy: Policy) -> Record {
        let target = Target::Alias { host: "d-1.execute-api.us-east-1.amazonaws.com".into(), evaluate_health: false };
        let set = (!set.is_empty()).then(|| set.to_owned());
        Record { name: name.into(), kind: kind.into(), set, policy, health_check: None, target }
    }

    fn check(current: &[Record], action: &str, record: Record, expected: &str) {
        let found = violations("a.com.", current, &[Change { action: action.into(), record }]);
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
        assert_eq!(violations("a.com.", &current, &changes), Vec::<String>::new());
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
}
