//! Comparisons of inventories and states between runs.

use std::collections::BTreeSet;

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Call, Inventory, LocalAws};

use super::host::StoredResource;
use super::world::World;

/// The inventory, without what differs between any two runs.
pub(super) async fn inventory(world: &World) -> Inventory {
    comparable(&world.aws).await
}

/// [`inventory`] without these functions.
pub(super) async fn inventory_without(world: &World, functions: &BTreeSet<String>) -> Inventory {
    let mut inventory = world.aws.inventory().await.expect("the inventory is taken");
    let name = |key: &str| key.split("/lambda/function/").nth(1)?.split('/').next().map(str::to_owned);
    inventory.objects.retain(|key, _| name(key).is_none_or(|name| !functions.contains(&name)));
    inventory.normalized()
}

/// [`inventory`] of any local AWS.
pub(crate) async fn comparable(aws: &LocalAws) -> Inventory {
    aws.inventory().await.expect("the inventory is taken").normalized()
}

/// Everything that determines the next run: the inventory and the host's state, without AWS-assigned ids and times.
pub(super) async fn fingerprint(world: &World, stored: &StoredResource) -> String {
    let mut inventory = world.aws.inventory().await.expect("the inventory is taken");
    let mut private: Json = serde_json::from_slice(&stored.private).unwrap_or(Json::Null);
    if let Some(ledger) = private.as_object_mut() {
        ledger.remove("applied");
        let drains = ledger.get_mut("drain_until").and_then(Json::as_object_mut);
        drains.into_iter().flat_map(|drains| drains.values_mut()).for_each(|until| *until = Json::Null);
    }
    let state = json!({ "value": format!("{:?}", stored.value), "private": private, "tainted": stored.tainted });
    inventory.objects.insert("state".to_owned(), state);
    json!(inventory.normalized().objects).to_string()
}

/// The ends of drain periods in a host's state. They determine how long the next run waits before it deletes objects.
pub(super) fn drain_periods(stored: &StoredResource) -> String {
    let private: Json = serde_json::from_slice(&stored.private).unwrap_or(Json::Null);
    private["drain_until"].to_string()
}

/// The differences between two inventories, by object.
pub(crate) fn difference(expected: &Inventory, found: &Inventory) -> Vec<String> {
    let keys: BTreeSet<&String> = expected.objects.keys().chain(found.objects.keys()).collect();
    keys.into_iter()
        .filter_map(|key| match (expected.objects.get(key), found.objects.get(key)) {
            (Some(expected), Some(found)) if expected == found => None,
            (Some(expected), Some(found)) => Some(format!("~ {key}: {}", first_difference(expected, found, ""))),
            (Some(_), None) => Some(format!("- {key}")),
            _ => Some(format!("+ {key}")),
        })
        .collect()
}

fn first_difference(expected: &Json, found: &Json, at: &str) -> String {
    if let (Json::Object(expected), Json::Object(found)) = (expected, found) {
        let keys: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
        for key in keys {
            let (expected, found) = (&expected.get(key).unwrap_or(&Json::Null), &found.get(key).unwrap_or(&Json::Null));
            if expected != found {
                return first_difference(expected, found, &format!("{at}.{key}"));
            }
        }
    }
    format!("{at}: {expected} became {found}")
}

/// Objects that were created a second time although they existed.
pub(super) fn created_twice(calls: &[Call]) -> Vec<String> {
    let mut created = BTreeSet::new();
    let creates = calls.iter().filter(|call| call.operation.starts_with("Create") && (200..300).contains(&call.status));
    creates
        .filter(|call| !call.subject.is_empty())
        .filter(|call| !created.insert((call.name(), call.region.clone(), call.subject.clone())))
        .map(|call| format!("{} in {} created {} a second time", call.name(), call.region, call.subject))
        .collect()
}

/// The attributes that differ.
pub(super) fn changed(before: &Value, after: &Value) -> Vec<String> {
    match (before, after) {
        (Value::Map(before), Value::Map(after)) => before
            .iter()
            .filter(|(name, value)| after.get(*name) != Some(value))
            .map(|(name, value)| format!("{name}: {value:?} -> {:?}", after.get(name)))
            .collect(),
        _ => vec![format!("{before:?} -> {after:?}")],
    }
}
