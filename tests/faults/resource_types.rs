//! Resource types with a fault at every AWS call of a create, an update and a destroy. `multiregion_api` has topologies
//! instead, and more operations.

use std::sync::Arc;

use multiregion::resources::REGISTRY;
use multiregion::wire::Value;
use serde_json::{Value as Json, json};

use super::compare::{difference, inventory};
use super::fault::Fault;
use super::host::{Run, StoredResource};
use super::matrix::runtime;
use super::world::{Sources, World, config, resource};

/// Type and configuration of a resource that another one needs.
type Base = (&'static str, fn(&World) -> Json);

/// A resource type.
struct Case {
    type_name: &'static str,
    /// A resource that must exist before, and stays.
    base: Option<Base>,
    /// The configuration of one resource. Two texts give two configurations, and the second is an update of the first.
    config: fn(&World, &str) -> Json,
}

const CASES: &[Case] = &[
    // Route 53 allows any number of zones with the same name, so a zone whose reply was lost must be found again.
    Case {
        type_name: "multiregion_zone",
        base: None,
        config: |_, team| json!({ "name": "zone.example", "comment": team, "tags": { "team": team } }),
    },
    // The function's integration and routes are in an API that it does not own.
    Case {
        type_name: "multiregion_function",
        base: Some(("multiregion_api", |world| {
            json!({
                "name": "giraffe", "regions": { "us-east-1": {}, "us-west-2": {} }, "function": world.function(),
            })
        })),
        config: |world, team| {
            let mut function = world.function();
            function["routes"] = json!(["GET /reports", format!("GET /{team}")]);
            function["throttle"] = json!({ "rate": 10, "burst": 5 });
            json!({ "name": "reports", "api": "giraffe", "function": function, "tags": { "team": team } })
        },
    },
];

/// Applies `to` with a fault at its `k`th call, repeats as a user would, and destroys. Returns the problems; `start`
/// is the inventory without the resource, `end` that after a fault-free run.
async fn with_fault(
    world: &World,
    mut stored: StoredResource,
    to: &Value,
    k: usize,
    fault: Fault,
    (start, end): (&strict_aws::Inventory, &strict_aws::Inventory),
) -> Vec<String> {
    world.network.take_calls();
    fault.inject(world, k);
    let mut last = stored.run(world, to).await;
    // A run cannot report a failure after its state was written; the next plan must show it.
    let needs_another_run = stored.persisted_after > 0 && k > stored.persisted_after && !fault.is_retried();
    world.aws.clear_faults();
    let mut problems = Vec::new();
    if fault.is_retried() && !last.succeeded() {
        problems.push(format!("the run did not survive the fault: {last:?}"));
    }
    for _ in 0..2 {
        if !last.succeeded() || needs_another_run {
            last = stored.run(world, to).await;
        }
    }
    let next = stored.run(world, to).await;
    if next != (Run::Succeeded { empty: true }) {
        problems.push(format!("the next plan is not empty: {last:?}, then {next:?}"));
    }
    problems.extend(difference(end, &inventory(world).await));
    stored.run(world, &Value::Null).await;
    problems.extend(difference(start, &inventory(world).await).into_iter().map(|left| format!("left: {left}")));
    problems
}

/// Runs every fault at every call; returns the problems.
async fn all_faults(case: &Case) -> Vec<String> {
    let world = World::start(&Arc::new(Sources::new())).await;
    let nothing = StoredResource::absent(resource(case.type_name));
    let [day, night] = ["day", "night"].map(|text| config(nothing.resource, &(case.config)(&world, text)));
    if let Some((type_name, base)) = case.base {
        let mut existing = StoredResource::absent(resource(type_name));
        let run = existing.run(&world, &config(existing.resource, &base(&world))).await;
        assert!(run.succeeded(), "{type_name} is created: {run:?}");
        // The provider that created it signs its claim off when it ends.
        existing.run(&world, &config(existing.resource, &base(&world))).await;
    }
    let (empty, start) = (world.moment(), inventory(&world).await);
    let mut broken = Vec::new();
    for (from, to) in [(Value::Null, day.clone()), (day.clone(), night), (day, Value::Null)] {
        world.restore(&empty);
        let mut initial = nothing.clone();
        assert!(from == Value::Null || initial.run(&world, &from).await.succeeded());
        let beginning = world.moment();
        world.network.take_calls();
        assert!(initial.clone().run(&world, &to).await.succeeded());
        let (calls, end) = (world.network.take_calls(), inventory(&world).await);
        for (k, call) in (1..).zip(&calls) {
            for fault in Fault::ALL {
                world.restore(&beginning);
                let problems = with_fault(&world, initial.clone(), &to, k, fault, (&start, &end)).await;
                let run = format!("{} {k} {} {}", case.type_name, call.name(), fault.name());
                broken.extend(problems.into_iter().map(|why| format!("{run}: {why}")));
            }
        }
    }
    broken
}

#[test]
fn a_resource_is_created_updated_and_destroyed_after_any_fault() {
    let broken: Vec<String> = CASES.iter().flat_map(|case| runtime().block_on(all_faults(case))).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_resource_type_has_a_case_or_topologies() {
    let tested = |name: &str| name == "multiregion_api" || CASES.iter().any(|case| case.type_name == name);
    let untested: Vec<_> = REGISTRY.iter().map(|resource| resource.type_name()).filter(|name| !tested(name)).collect();
    assert!(untested.is_empty(), "add a row to CASES for {untested:?}");
}
