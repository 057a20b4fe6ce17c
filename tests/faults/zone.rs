//! A hosted zone whose every AWS call fails: anybody may make a second zone of the same name, so one that was made and not
//! told of must be found again.

use std::sync::Arc;

use multiregion::wire::Value;
use serde_json::json;

use super::compare::{difference, inventory};
use super::fault::Fault;
use super::host::{Kept, Run};
use super::matrix::runtime;
use super::world::{Sources, World, config, resource};

/// Does `to` with its `k`th call disturbed, as often as a user would, and takes it all away again. Everything that is not
/// as promised; `end` is what AWS holds after an undisturbed run.
async fn disturbed(
    world: &World,
    mut zone: Kept,
    to: &Value,
    k: usize,
    fault: Fault,
    end: &strict_aws::Inventory,
) -> Vec<String> {
    world.network.take_calls();
    fault.set(world, k);
    let mut last = zone.run(world, to).await;
    // What is wrong with its goodbyes, a run cannot tell any more: the next plan shows it.
    let is_told = zone.told_after > 0 && k > zone.told_after && !fault.is_outlasted();
    world.aws.clear_faults();
    let mut problems = Vec::new();
    if fault.is_outlasted() && !last.is_well() {
        problems.push(format!("it is not outlasted: {last:?}"));
    }
    for _ in 0..2 {
        if !last.is_well() || is_told {
            last = zone.run(world, to).await;
        }
    }
    let next = zone.run(world, to).await;
    if next != (Run::Well { empty: true }) {
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

/// Every fault at every call, and what came of it that was not promised.
async fn everything_fails() -> Vec<String> {
    let world = World::start(&Arc::new(Sources::new())).await;
    let nothing = Kept::nothing(resource("multiregion_zone"));
    let zone = |team: &str| {
        config(nothing.resource, &json!({ "name": "zone.example", "comment": team, "tags": { "team": team } }))
    };
    let mut broken = Vec::new();
    for (from, to) in [(Value::Null, zone("day")), (zone("day"), zone("night")), (zone("day"), Value::Null)] {
        world.start_over();
        let mut begun = nothing.clone();
        assert!(from == Value::Null || begun.run(&world, &from).await.is_well());
        let beginning = world.moment();
        world.network.take_calls();
        assert!(begun.clone().run(&world, &to).await.is_well());
        let (calls, end) = (world.network.take_calls(), inventory(&world).await);
        for (k, call) in (1..).zip(&calls) {
            for fault in Fault::ALL {
                world.restore(&beginning);
                let problems = disturbed(&world, begun.clone(), &to, k, fault, &end).await;
                broken.extend(problems.into_iter().map(|why| format!("{k} {} {}: {why}", call.name(), fault.name())));
            }
        }
    }
    broken
}

#[test]
fn a_zone_is_made_once_whatever_fails() {
    let broken = runtime().block_on(everything_fails());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
