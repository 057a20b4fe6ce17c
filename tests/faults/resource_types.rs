//! A hosted zone with a fault at every AWS call. Route 53 allows any number of zones with the same name, so a zone
//! whose reply was lost must be found again.

use std::sync::Arc;

use multiregion::wire::Value;
use serde_json::json;

use super::compare::{difference, inventory};
use super::fault::Fault;
use super::host::{Run, StoredResource};
use super::matrix::runtime;
use super::world::{Sources, World, config, resource};

/// Applies `to` with a fault at its `k`th call, repeats as a user would, and destroys. Returns the problems; `end` is
/// the inventory after a fault-free run.
async fn with_fault(
    world: &World,
    mut zone: StoredResource,
    to: &Value,
    k: usize,
    fault: Fault,
    end: &strict_aws::Inventory,
) -> Vec<String> {
    world.network.take_calls();
    fault.inject(world, k);
    let mut last = zone.run(world, to).await;
    // A run cannot report a failure after its state was written; the next plan must show it.
    let needs_another_run = zone.persisted_after > 0 && k > zone.persisted_after && !fault.is_retried();
    world.aws.clear_faults();
    let mut problems = Vec::new();
    if fault.is_retried() && !last.succeeded() {
        problems.push(format!("the run did not survive the fault: {last:?}"));
    }
    for _ in 0..2 {
        if !last.succeeded() || needs_another_run {
            last = zone.run(world, to).await;
        }
    }
    let next = zone.run(world, to).await;
    if next != (Run::Succeeded { empty: true }) {
        problems.push(format!("the next plan is not empty: {last:?}, then {next:?}"));
    }
    problems.extend(difference(end, &inventory(world).await));
    zone.run(world, &Value::Null).await;
    problems.extend(
        difference(&strict_aws::Inventory::default(), &inventory(world).await)
            .into_iter()
            .map(|left| format!("left: {left}")),
    );
    problems
}

/// Runs every fault at every call; returns the problems.
async fn all_faults() -> Vec<String> {
    let world = World::start(&Arc::new(Sources::new())).await;
    let nothing = StoredResource::absent(resource("multiregion_zone"));
    let zone = |team: &str| {
        config(nothing.resource, &json!({ "name": "zone.example", "comment": team, "tags": { "team": team } }))
    };
    let mut broken = Vec::new();
    for (from, to) in [(Value::Null, zone("day")), (zone("day"), zone("night")), (zone("day"), Value::Null)] {
        world.reset();
        let mut initial = nothing.clone();
        assert!(from == Value::Null || initial.run(&world, &from).await.succeeded());
        let beginning = world.moment();
        world.network.take_calls();
        assert!(initial.clone().run(&world, &to).await.succeeded());
        let (calls, end) = (world.network.take_calls(), inventory(&world).await);
        for (k, call) in (1..).zip(&calls) {
            for fault in Fault::ALL {
                world.restore(&beginning);
                let problems = with_fault(&world, initial.clone(), &to, k, fault, &end).await;
                broken.extend(problems.into_iter().map(|why| format!("{k} {} {}: {why}", call.name(), fault.name())));
            }
        }
    }
    broken
}

#[test]
fn a_zone_is_created_once_after_any_fault() {
    let broken = runtime().block_on(all_faults());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
