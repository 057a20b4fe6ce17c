//! Record sets: batches of changes that are done as a whole or not at all, and lists in Route 53's order.

use std::sync::Arc;

use super::{Outcome, Records, Route53, fine, invalid_input};
use crate::memory::Question;
use crate::memory::xml_out::{Page, contents, given, node, text};
use crate::message::Refusal;
use crate::records::absolute;
use crate::upstream::Place;
use crate::xml::Element;

/// Of one batch; those of an UPSERT count twice.
const MOST_VALUES: usize = 1_000;
/// In the values of one batch; those of an UPSERT count twice.
const MOST_LETTERS: usize = 32_000;
const LARGEST_PAGE: usize = 300;

/// The name with its labels in reverse, the type, the set identifier: Route 53's order.
pub(super) type Key = (String, String, String);

/// What a record set may say, in the order in which Route 53 says it.
const FIELDS: [&str; 15] = [
    "Name",
    "Type",
    "SetIdentifier",
    "Weight",
    "Region",
    "GeoLocation",
    "Failover",
    "MultiValueAnswer",
    "TTL",
    "ResourceRecords",
    "AliasTarget",
    "HealthCheckId",
    "TrafficPolicyInstanceId",
    "CidrRoutingConfig",
    "GeoProximityLocation",
];

/// `api.example.com.` as `com.example.api.`
pub(super) fn reversed(name: &str) -> String {
    let mut reversed: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    reversed.reverse();
    reversed.join(".") + "."
}

/// What every zone has from the start.
pub(super) fn of_new_zone(zone: &str) -> Records {
    let absolute = super::NAME_SERVERS.map(|server| format!("{server}."));
    let start = format!("{} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", absolute[0]);
    let record = |kind: &str, ttl: &str, values: &[String]| {
        let values = values.iter().map(|value| node("ResourceRecord", vec![text("Value", value)])).collect();
        node(
            "ResourceRecordSet",
            vec![text("Name", zone), text("Type", kind), text("TTL", ttl), node("ResourceRecords", values)],
        )
    };
    let records = [record("NS", "172800", &absolute), record("SOA", "900", &[start])];
    records.into_iter().map(|record| (key(&record), Arc::new(record))).collect()
}

/// Whether a zone holds no more than at the start, whatever is said there.
pub(super) fn are_of_new_zone(zone: &str, records: &Records) -> bool {
    records.keys().all(|key| is_of_new_zone(zone, key))
}

fn is_of_new_zone(zone: &str, key: &Key) -> bool {
    key.0 == reversed(zone) && matches!(key.1.as_str(), "NS" | "SOA")
}

fn key(record: &Element) -> Key {
    let text = |name: &str| record.text_at(&[name]).to_owned();
    (reversed(record.text_at(&["Name"])), text("Type"), text("SetIdentifier"))
}

/// A record set as Route 53 keeps it: names in lower case with a dot at the end.
fn normal(record: &Element) -> Element {
    let mut fields: Vec<Element> = FIELDS.iter().filter_map(|field| record.child(field)).cloned().collect();
    for field in &mut fields {
        if field.name == "Name" {
            field.text = absolute(&field.text);
        }
        if let Some(host) = field.child_mut("DNSName") {
            host.text = absolute(&host.text);
        }
    }
    node("ResourceRecordSet", fields)
}

/// How complaints name a record set.
fn named(record: &Element) -> String {
    let mut named = format!("[name='{}', type='{}'", record.text_at(&["Name"]), record.text_at(&["Type"]));
    if let Some(set) = given(record, "SetIdentifier") {
        named += &format!(", set identifier='{set}'");
    }
    named + "]"
}

impl Route53 {
    /// Changes all or nothing.
    pub(super) fn change_records(&mut self, place: &Place, question: &mut Question<'_>) -> Outcome {
        let id = question.name(0).to_owned();
        let zone = self.zone(place, &id)?;
        let request = question.request.xml();
        let changes = request.items_at(&["ChangeBatch", "Changes"]);
        if changes.is_empty() {
            return Err(invalid_input("The request has no changes."));
        }
        let mut batch = Vec::new();
        for change in changes {
            batch.push((change.text_at(&["Action"]), read(change)?));
        }
        let mut complaints = too_much(&batch);
        complaints.extend(contradictions(&batch));
        let mut records = zone.records.clone();
        for (action, record) in &batch {
            complaints.extend(apply(&mut records, action, record)?);
        }
        complaints.extend(missing(&zone.name, &records));
        if !complaints.is_empty() {
            return Err(Refusal::new(400, "InvalidChangeBatch", format!("[{}]", complaints.join(", "))));
        }
        if let Some(zone) = self.zones.get_mut(place, &id) {
            zone.records = records;
        }
        let comment = request.text_at(&["ChangeBatch", "Comment"]);
        Ok(fine("ChangeResourceRecordSetsResponse", vec![self.submit(place, question, comment)]))
    }

    pub(super) fn list_records(&self, place: &Place, question: &Question<'_>) -> Outcome {
        let zone = self.zone(place, question.name(0))?;
        let asked = |name: &str| question.query(name).filter(|value| !value.is_empty());
        let (name, kind, set) = (asked("name"), asked("type"), asked("identifier"));
        if (kind.is_some() && name.is_none()) || (set.is_some() && kind.is_none()) {
            return Err(invalid_input("A type needs a name to start from, and an identifier needs a type."));
        }
        let name = name.map(|name| reversed(&absolute(&name))).unwrap_or_default();
        let from: Key = (name, kind.unwrap_or_default(), set.unwrap_or_default());
        let asked = asked("maxitems");
        let page = Page::of(zone.records.range(from..).map(|(_, record)| record), asked.as_deref(), LARGEST_PAGE);
        let items = page.items.iter().map(|record| (***record).clone()).collect();
        let size = asked.unwrap_or_else(|| LARGEST_PAGE.to_string());
        let mut children = vec![node("ResourceRecordSets", items), page.is_truncated(), text("MaxItems", size)];
        if let Some(next) = page.next {
            children.extend([
                text("NextRecordName", next.text_at(&["Name"])),
                text("NextRecordType", next.text_at(&["Type"])),
            ]);
            children.extend(given(next, "SetIdentifier").map(|set| text("NextRecordIdentifier", set)));
        }
        Ok(fine("ListResourceRecordSetsResponse", children))
    }
}

/// The types of records that there are.
const KINDS: [&str; 17] = [
    "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB",
    "HTTPS",
];

/// The record set of one change.
fn read(change: &Element) -> Result<Element, Refusal> {
    let record = change.child("ResourceRecordSet").ok_or_else(|| invalid_input("A change has no record set."))?;
    if given(record, "Name").is_none() || given(record, "Type").is_none() {
        return Err(invalid_input("A record set needs a name and a type."));
    }
    let kind = record.text_at(&["Type"]);
    if !KINDS.contains(&kind) {
        return Err(invalid_input(&format!(
            "1 validation error detected: Value '{kind}' at 'changeBatch.changes.1.member.resourceRecordSet.type' failed \
             to satisfy constraint: Member must satisfy enum value set: [{}]",
            KINDS.join(", ")
        )));
    }
    let record = normal(record);
    let values = !record.items_at(&["ResourceRecords"]).is_empty();
    let is_plain = values && given(&record, "TTL").is_some();
    let found = match (record.child("AliasTarget").is_some(), is_plain) {
        (true, false) if !values && given(&record, "TTL").is_none() => return Ok(record),
        (false, true) => return Ok(record),
        (true, _) => "more than one",
        (false, false) => "none",
    };
    Err(invalid_input(&format!(
        "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
         TrafficPolicyInstanceId], but found {found} in Change with [Action={}, Name={}, Type={}, SetIdentifier={}]",
        change.text_at(&["Action"]),
        record.text_at(&["Name"]),
        record.text_at(&["Type"]),
        given(&record, "SetIdentifier").unwrap_or("null"),
    )))
}

/// Does one change, unless it contradicts what is there.
fn apply(records: &mut Records, action: &str, record: &Element) -> Result<Option<String>, Refusal> {
    let key = key(record);
    let found = records.get(&key);
    let complaint = match (action, found) {
        ("CREATE", Some(_)) => "create resource record set {} but it already exists",
        ("DELETE", None) => "delete resource record set {} but it was not found",
        ("DELETE", Some(found)) if contents(found) != contents(record) => {
            "delete resource record set {} but the values provided do not match the current values"
        }
        ("DELETE", Some(_)) => {
            records.remove(&key);
            return Ok(None);
        }
        ("CREATE" | "UPSERT", _) => {
            records.insert(key, Arc::new(record.clone()));
            return Ok(None);
        }
        _ => return Err(invalid_input(&format!("{action} is no action."))),
    };
    Ok(Some(format!("Tried to {}", complaint.replace("{}", &named(record)))))
}

/// What is too much for one batch.
fn too_much(batch: &[(&str, Element)]) -> Vec<String> {
    let times = |action: &str| if action == "UPSERT" { 2 } else { 1 };
    let values = |record: &Element| record.items_at(&["ResourceRecords"]).len().max(1);
    let letters = |record: &Element| -> usize {
        record.items_at(&["ResourceRecords"]).iter().map(|value| value.text_at(&["Value"]).len()).sum()
    };
    let sum = |size: &dyn Fn(&Element) -> usize| -> usize {
        batch.iter().map(|(action, record)| times(action) * size(record)).sum()
    };
    let mut complaints = Vec::new();
    if sum(&values) > MOST_VALUES {
        complaints.push(format!("Number of records limit of {MOST_VALUES} exceeded."));
    }
    if sum(&letters) > MOST_LETTERS {
        complaints.push(format!("Number of characters limit of {MOST_LETTERS} exceeded."));
    }
    complaints
}

/// A record set is changed once, or deleted and then made again.
fn contradictions(batch: &[(&str, Element)]) -> Vec<String> {
    let keys: Vec<Key> = batch.iter().map(|(_, record)| key(record)).collect();
    let mut complaints = Vec::new();
    for (n, (action, record)) in batch.iter().enumerate() {
        let mut earlier =
            batch[..n].iter().zip(&keys).filter(|(_, key)| **key == keys[n]).map(|((action, _), _)| *action);
        if earlier.any(|earlier| earlier != "DELETE" || *action == "DELETE") {
            complaints.push(format!(
                "The request contains an invalid set of changes for a resource record set '{} {}'",
                record.text_at(&["Type"]),
                record.text_at(&["Name"])
            ));
        }
    }
    complaints
}

/// What every zone has to keep.
fn missing(zone: &str, records: &Records) -> Vec<String> {
    let has = |kind: &str| records.contains_key(&(reversed(zone), kind.to_owned(), String::new()));
    let mut complaints = Vec::new();
    if !has("SOA") {
        complaints.push("A HostedZone must contain exactly one SOA record.".to_owned());
    }
    if !has("NS") {
        complaints.push("A HostedZone must contain at least one NS record for the zone itself.".to_owned());
    }
    complaints
}
