//! What differs from an undisturbed run.

use std::collections::BTreeSet;

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Call, Inventory, LocalAws};

use super::host::{Kept, Run};
use super::world::World;

/// What AWS holds, but for what differs between any two runs.
pub(super) async fn inventory(world: &World) -> Inventory {
    comparable(&world.aws).await
}

/// The same of any local AWS.
pub(crate) async fn comparable(aws: &LocalAws) -> Inventory {
    aws.inventory().await.expect("the inventory is taken").normalized()
}

/// All that the next run goes by: what AWS holds and what the host keeps, but for the ids that AWS draws by lot
/// and the time of day.
pub(super) async fn standing(world: &World, kept: &Kept) -> String {
    let mut inventory = world.aws.inventory().await.expect("the inventory is taken");
    let mut private: Json = serde_json::from_slice(&kept.private).unwrap_or(Json::Null);
    if let Some(ledger) = private.as_object_mut() {
        ledger.remove("applied");
    }
    let state = json!({ "value": format!("{:?}", kept.value), "private": private, "tainted": kept.tainted });
    inventory.objects.insert("state".to_owned(), state);
    json!(inventory.normalized().objects).to_string()
}

/// What differs between two inventories, object by object.
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

/// Objects that were made a second time though they existed.
pub(super) fn made_twice(calls: &[Call]) -> Vec<String> {
    let mut made = BTreeSet::new();
    let creates = calls.iter().filter(|call| call.operation.starts_with("Create") && (200..300).contains(&call.status));
    creates
        .filter(|call| !call.subject.is_empty())
        .filter(|call| !made.insert((call.name(), call.region.clone(), call.subject.clone())))
        .map(|call| format!("{} in {} made {} a second time", call.name(), call.region, call.subject))
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

/// What breaks when a run is repeated after its fault has passed: it has to reach `end` with an empty plan after it, and a
/// destroy has to leave `nothing`.
pub(super) async fn continues(
    world: &World,
    kept: &mut Kept,
    to: &Value,
    end: &Inventory,
    nothing: &Inventory,
) -> Vec<String> {
    let mut problems = Vec::new();
    let run = kept.run(world, to).await;
    if !run.is_well() {
        problems.push(format!("the next apply fails: {run:?}"));
    }
    let run = kept.run(world, to).await;
    if run != (Run::Well { empty: true }) {
        problems.push(format!("the plan after it is not empty: {run:?}"));
    }
    problems.extend(difference(end, &inventory(world).await));
    let run = kept.run(world, &Value::Null).await;
    if !run.is_well() {
        problems.push(format!("the destroy fails: {run:?}"));
    }
    let left = difference(nothing, &inventory(world).await);
    problems.extend(left.into_iter().map(|left| format!("left after the destroy: {left}")));
    problems
}
