//! A create whose heartbeat AWS refuses: it ends in minutes and keeps what it has made, and the next apply continues.

use std::sync::Arc;
use std::time::Duration;

use multiregion::wire::Value;
use serde_json::json;
use strict_aws::{Call, Fault, Harm, Inventory};

use super::compare::{continues, difference, inventory};
use super::host::{Kept, Run};
use super::matrix::runtime;
use super::parties::topology;
use super::topologies;
use super::world::{Moment, Sources, World, config, resource};

/// How long a create may go on after its heartbeat was refused.
const BOUND: Duration = Duration::from_secs(180);
const HEARTBEAT: &str = "logs:TagResource";
/// What the log groups of claims are called.
const CLAIM: &str = ":/multiregion/";

/// A resource that is about to be created.
struct Create {
    world: World,
    beginning: Moment,
    nothing: Inventory,
    to: Value,
    kept: Kept,
    /// What AWS holds after an undisturbed create.
    end: Inventory,
    /// How often an undisturbed create tags its claim.
    heartbeats: usize,
}

impl Create {
    async fn of(name: &str, on_create_failure: &str) -> Self {
        let world = World::start(&Arc::new(Sources::new())).await;
        let (type_name, wanted) = if name == "zone" {
            ("multiregion_zone", json!({ "name": "heart.example" }))
        } else {
            let zone_id = topologies::zone(&world).await;
            let mut wanted = (topology(name).config)(&world, &zone_id);
            wanted["on_create_failure"] = json!(on_create_failure);
            ("multiregion_api", wanted)
        };
        let kept = Kept::nothing(resource(type_name));
        let to = config(kept.resource, &wanted);
        let (beginning, nothing) = (world.moment(), inventory(&world).await);
        world.network.take_calls();
        assert!(kept.clone().run(&world, &to).await.is_well(), "{name} can be created");
        let heartbeats = world.network.take_calls().iter().filter(|call| is_heartbeat(call)).count();
        let end = inventory(&world).await;
        Self { world, beginning, nothing, to, kept, end, heartbeats }
    }

    /// The heartbeats are refused from the nth one on. What is not as promised.
    async fn refused_from(&self, n: usize) -> Vec<String> {
        let (world, mut kept, mut problems) = (&self.world, self.kept.clone(), Vec::new());
        world.restore(&self.beginning);
        world.network.take_calls();
        world.aws.fault(Fault::new(Harm::AccessDenied).operation(HEARTBEAT).about(CLAIM).from_nth(n));
        let run = kept.run(world, &self.to).await;
        world.aws.clear_faults();
        let calls = world.network.take_calls();
        let refused = calls.iter().find(|call| is_heartbeat(call) && call.status >= 400);
        let went_on = refused.map_or(Duration::ZERO, |call| world.clock.elapsed().saturating_sub(call.started));
        if went_on > BOUND {
            problems.push(format!("it goes on for {went_on:?}"));
        }
        if let Run::Errors(told) = &run
            && !told.iter().any(|told| told.detail.contains(HEARTBEAT))
        {
            problems.push(format!("no error names the refused call: {run:?}"));
        }
        if kept.value == Value::Null {
            let left = difference(&self.nothing, &inventory(world).await);
            problems.extend(left.into_iter().map(|left| format!("not in the state: {left}")));
        }
        problems.extend(continues(world, &mut kept, &self.to, &self.end, &self.nothing).await);
        problems
    }
}

fn is_heartbeat(call: &Call) -> bool {
    call.name() == HEARTBEAT && call.subject.contains(CLAIM)
}

async fn check(name: &str, on_create_failure: &str) -> Vec<String> {
    let create = Create::of(name, on_create_failure).await;
    assert!(create.heartbeats > 0, "{name}: a create tags its claim");
    let mut problems = Vec::new();
    for n in 1..=create.heartbeats {
        let found = create.refused_from(n).await;
        problems.extend(found.into_iter().map(|why| format!("{name}, {on_create_failure}, from {n}: {why}")));
    }
    problems
}

#[test]
fn a_create_without_permission_for_its_heartbeat_ends_in_three_minutes() {
    runtime().block_on(async {
        let mut problems = check("zone", "rollback").await;
        for name in ["one-region", "latency", "cdn-group"] {
            for on_create_failure in ["rollback", "keep"] {
                problems.extend(check(name, on_create_failure).await);
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    });
}
