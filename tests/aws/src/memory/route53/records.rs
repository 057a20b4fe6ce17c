//! Record sets: atomic batches of changes, and lists in Route 53's order.

use std::sync::Arc;

use super::{Outcome, Records, Route53, invalid_input, ok};
use crate::memory::ApiCall;
use crate::memory::xml_response::{Page, contents, given, node, text};
use crate::message::ApiError;
use crate::records::absolute;
use crate::upstream::Place;
use crate::xml::Element;

/// The limit for one batch, in which an UPSERT counts twice.
const MAX_VALUES: usize = 1_000;
/// The limit for the values of one batch, in which an UPSERT counts twice.
const MAX_CHARACTERS: usize = 32_000;
const LARGEST_PAGE: usize = 300;

/// The name with labels reversed, the type, the set identifier: Route 53's order.
pub(super) type Key = (String, String, String);

/// The fields of a record set, in Route 53's order.
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

/// The record sets that every zone has from the start.
pub(super) fn default_records(zone: &str) -> Records {
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

/// Whether a zone contains only its default record sets, with any values.
pub(super) fn has_only_default_records(zone: &str, records: &Records) -> bool {
    records.keys().all(|key| is_default_record(zone, key))
}

fn is_default_record(zone: &str, key: &Key) -> bool {
    key.0 == reversed(zone) && matches!(key.1.as_str(), "NS" | "SOA")
}

fn key(record: &Element) -> Key {
    let text = |name: &str| record.text_at(&[name]).to_owned();
    (reversed(record.text_at(&["Name"])), text("Type"), text("SetIdentifier"))
}

/// A record set as Route 53 stores it: names in lower case, with a trailing dot.
fn normalized(record: &Element) -> Element {
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

/// A record set as error messages name it.
fn display_name(record: &Element) -> String {
    let mut display_name = format!("[name='{}', type='{}'", record.text_at(&["Name"]), record.text_at(&["Type"]));
    if let Some(set) = given(record, "SetIdentifier") {
        display_name += &format!(", set identifier='{set}'");
    }
    display_name + "]"
}

impl Route53 {
    /// Applies a batch of changes, all or none.
    pub(super) fn change_records(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let id = call.name(0).to_owned();
        let zone = self.zone(place, &id)?;
        let request = call.request.xml();
        let changes = request.items_at(&["ChangeBatch", "Changes"]);
        if changes.is_empty() {
            return Err(invalid_input("The request has no changes."));
        }
        let mut batch = Vec::new();
        for change in changes {
            batch.push((change.text_at(&["Action"]), read(change)?));
        }
        let mut errors = limit_errors(&batch);
        errors.extend(conflicting_changes(&batch));
        let mut records = zone.records.clone();
        for (action, record) in &batch {
            errors.extend(apply(&mut records, action, record)?);
        }
        errors.extend(missing_default_records(&zone.name, &records));
        if !errors.is_empty() {
            return Err(ApiError::new(400, "InvalidChangeBatch", format!("[{}]", errors.join(", "))));
        }
        if let Some(zone) = self.zones.get_mut(place, &id) {
            zone.records = records;
        }
        let comment = request.text_at(&["ChangeBatch", "Comment"]);
        Ok(ok("ChangeResourceRecordSetsResponse", vec![self.submit(place, call, comment)]))
    }

    pub(super) fn list_records(&self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let zone = self.zone(place, call.name(0))?;
        let requested = |name: &str| call.query(name).filter(|value| !value.is_empty());
        let (name, kind, set) = (requested("name"), requested("type"), requested("identifier"));
        if (kind.is_some() && name.is_none()) || (set.is_some() && kind.is_none()) {
            return Err(invalid_input("A type needs a name to start from, and an identifier needs a type."));
        }
        let name = name.map(|name| reversed(&absolute(&name))).unwrap_or_default();
        let from: Key = (name, kind.unwrap_or_default(), set.unwrap_or_default());
        let requested = requested("maxitems");
        let page = Page::of(zone.records.range(from..).map(|(_, record)| record), requested.as_deref(), LARGEST_PAGE);
        let items = page.items.iter().map(|record| (***record).clone()).collect();
        let size = requested.unwrap_or_else(|| LARGEST_PAGE.to_string());
        let mut children = vec![node("ResourceRecordSets", items), page.is_truncated(), text("MaxItems", size)];
        if let Some(next) = page.next {
            children.extend([
                text("NextRecordName", next.text_at(&["Name"])),
                text("NextRecordType", next.text_at(&["Type"])),
            ]);
            children.extend(given(next, "SetIdentifier").map(|set| text("NextRecordIdentifier", set)));
        }
        Ok(ok("ListResourceRecordSetsResponse", children))
    }
}

/// The types of record sets.
const KINDS: [&str; 17] = [
    "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB",
    "HTTPS",
];

/// The record set of one change.
fn read(change: &Element) -> Result<Element, ApiError> {
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
    let record = normalized(record);
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

/// Applies one change; an error message if it contradicts the existing records.
fn apply(records: &mut Records, action: &str, record: &Element) -> Result<Option<String>, ApiError> {
    let key = key(record);
    let found = records.get(&key);
    let error = match (action, found) {
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
    Ok(Some(format!("Tried to {}", error.replace("{}", &display_name(record)))))
}

/// The errors for exceeded limits.
fn limit_errors(batch: &[(&str, Element)]) -> Vec<String> {
    let times = |action: &str| if action == "UPSERT" { 2 } else { 1 };
    let values = |record: &Element| record.items_at(&["ResourceRecords"]).len().max(1);
    let characters = |record: &Element| -> usize {
        record.items_at(&["ResourceRecords"]).iter().map(|value| value.text_at(&["Value"]).len()).sum()
    };
    let sum = |size: &dyn Fn(&Element) -> usize| -> usize {
        batch.iter().map(|(action, record)| times(action) * size(record)).sum()
    };
    let mut errors = Vec::new();
    if sum(&values) > MAX_VALUES {
        errors.push(format!("Number of records limit of {MAX_VALUES} exceeded."));
    }
    if sum(&characters) > MAX_CHARACTERS {
        errors.push(format!("Number of characters limit of {MAX_CHARACTERS} exceeded."));
    }
    errors
}

/// The errors for record sets that are changed more than once. A record set may only be deleted and then created again.
fn conflicting_changes(batch: &[(&str, Element)]) -> Vec<String> {
    let keys: Vec<Key> = batch.iter().map(|(_, record)| key(record)).collect();
    let mut errors = Vec::new();
    for (n, (action, record)) in batch.iter().enumerate() {
        let mut earlier =
            batch[..n].iter().zip(&keys).filter(|(_, key)| **key == keys[n]).map(|((action, _), _)| *action);
        if earlier.any(|earlier| earlier != "DELETE" || *action == "DELETE") {
            errors.push(format!(
                "The request contains an invalid set of changes for a resource record set '{} {}'",
                record.text_at(&["Type"]),
                record.text_at(&["Name"])
            ));
        }
    }
    errors
}

/// The errors for missing default record sets.
fn missing_default_records(zone: &str, records: &Records) -> Vec<String> {
    let has = |kind: &str| records.contains_key(&(reversed(zone), kind.to_owned(), String::new()));
    let mut errors = Vec::new();
    if !has("SOA") {
        errors.push("A HostedZone must contain exactly one SOA record.".to_owned());
    }
    if !has("NS") {
        errors.push("A HostedZone must contain at least one NS record for the zone itself.".to_owned());
    }
    errors
}
