//! One region whose control plane does not respond during a whole operation. Everything else is changed, users are served
//! throughout, and after the region responds again, the next apply reaches the result of a fault-free run.

use std::sync::Arc;
use std::time::Duration;

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Call, Effect, Fault, Inventory};

use super::compare::{difference, inventory};
use super::host::{PlannedAction, Run, StoredResource};
use super::matrix::runtime;
use super::topologies::{self, topology};
use super::traffic::{TrafficMonitor, names};
use super::world::{Moment, Sources, World, config, resource, text};

/// How much longer a plan may take because of the region.
const PATIENCE: Duration = Duration::from_secs(15);

/// How the region does not respond.
const EFFECTS: [Effect; 4] = [Effect::Hangs, Effect::Refused, Effect::ServerError, Effect::Throttled];

/// An operation of a user while a region does not respond.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    /// New code in every region.
    Code,
    /// The region receives no traffic any more.
    Drain,
    /// The region is removed.
    Remove,
    Destroy,
}

impl Operation {
    /// The configuration after the operation; null for none.
    fn apply(self, world: &World, config: &Json, region: &str) -> Json {
        let mut after = config.clone();
        if matches!(self, Self::Drain | Self::Remove) && config["regions"][region]["primary"] == true {
            let regions = after["regions"].as_object_mut().expect("regions");
            regions.insert(region.to_owned(), json!({}));
            let (_, other) = regions.iter_mut().find(|(name, _)| *name != region).expect("another region");
            other["primary"] = json!(true);
        }
        match self {
            Self::Code => after["function"]["source_dir"] = json!(world.source("second")),
            Self::Drain => after["drained"] = json!([region]),
            Self::Remove => drop(after["regions"].as_object_mut().expect("regions").remove(region)),
            Self::Destroy => after = Json::Null,
        }
        after
    }
}

/// An operation, and its result without an outage.
struct Case {
    name: String,
    world: World,
    region: String,
    operation: Operation,
    /// The AWS and the resource before the operation.
    moment: Moment,
    api: StoredResource,
    to: Value,
    /// The inventory without the resource.
    baseline: Inventory,
    /// The inventory after the operation.
    expected: Inventory,
    /// How long refresh and plan take.
    planning: Duration,
}

impl Case {
    async fn of(topology_name: &str, region: &str, operation: Operation) -> Self {
        let world = World::start(&Arc::new(Sources::new())).await;
        let zone_id = topologies::zone(&world).await;
        let baseline = inventory(&world).await;
        let before = (topology(topology_name).config)(&world, &zone_id);
        let after = operation.apply(&world, &before, region);
        let mut api = StoredResource::absent(resource("multiregion_api"));
        let value = |json: &Json| if json.is_null() { Value::Null } else { config(api.resource, json) };
        let (from, to) = (value(&before), value(&after));
        let name = format!("{topology_name}, {region}, {operation:?}");
        let run = api.run(&world, &from).await;
        assert!(run.succeeded(), "{name}: {run:?}");
        let (moment, stored) = (world.moment(), api.clone());
        let began = world.clock.elapsed();
        let action = api.plan(&world, &to).await.expect("the plan succeeds");
        let planning = world.clock.elapsed() - began;
        let run = api.apply_plan(&world, action, &to).await;
        assert!(run.succeeded(), "{name}: {run:?}");
        let expected = inventory(&world).await;
        let region = region.to_owned();
        Self { name, world, region, operation, moment, api: stored, to, baseline, expected, planning }
    }

    /// Runs the operation while the region does not respond, and once more after that.
    async fn hold(&self, effect: &Effect) {
        let (world, name) = (&self.world, format!("{}, {effect:?}", self.name));
        world.restore(&self.moment);
        let mut api = self.api.clone();
        world.aws.inject(Fault::new(effect.clone()).regional(&self.region));
        world.network.monitor(Some(match self.to {
            Value::Null => TrafficMonitor::for_destroy(),
            _ => TrafficMonitor::for_change(),
        }));
        match self.operation {
            Operation::Destroy => {
                let run = api.run(world, &self.to).await;
                assert!(matches!(run, Run::Failed(_)), "{name}: {run:?}");
            }
            _ => Box::pin(self.change(&mut api, &name)).await,
        }
        world.aws.clear_faults();
        let run = api.run(world, &self.to).await;
        assert!(run.succeeded(), "{name}, the run after the outage: {run:?}");
        let monitor = world.network.monitor(None).expect("a monitor");
        let outages = match self.to {
            Value::Null => monitor.broken_paths(),
            _ => monitor.outages(&names(&world.aws).await),
        };
        assert_eq!(outages, Vec::<String>::new(), "{name}");
        if self.to != Value::Null {
            assert_eq!(text(&api.value, "status"), "ready", "{name}");
        }
        let run = api.run(world, &self.to).await;
        assert_eq!(run, Run::Succeeded { empty: true }, "{name}, the plan after that");
        assert_eq!(difference(&self.expected, &inventory(world).await), Vec::<String>::new(), "{name}");
        let run = api.run(world, &Value::Null).await;
        assert!(run.succeeded(), "{name}, the destroy: {run:?}");
        assert_eq!(difference(&self.baseline, &inventory(world).await), Vec::<String>::new(), "{name}: left");
    }

    /// An update during the outage: the plan is not much longer, the apply succeeds, and the next plan is empty.
    async fn change(&self, api: &mut StoredResource, name: &str) {
        let world = &self.world;
        let began = world.clock.elapsed();
        let action = api.plan(world, &self.to).await;
        let took = world.clock.elapsed() - began;
        assert!(took <= self.planning + PATIENCE, "{name}: the plan took {took:?} instead of {:?}", self.planning);
        let action = action.unwrap_or_else(|run| panic!("{name}, the plan: {run:?}"));
        assert!(matches!(action, PlannedAction::Change(_)), "{name}: something changes");
        world.network.take_calls();
        let run = api.apply_plan(world, action, &self.to).await;
        assert!(run.succeeded(), "{name}: {run:?}");
        let calls: Vec<Call> = world.network.take_calls();
        let is_there = |call: &&Call| {
            call.region == self.region
                && !["iam", "route53", "cloudfront", "cloudfront-keyvaluestore", "sts"].contains(&call.service.as_str())
        };
        let there: Vec<String> = calls.iter().filter(is_there).map(Call::name).collect();
        assert_eq!(there, Vec::<String>::new(), "{name}: calls of the region that does not respond");
        let expected = if self.operation == Operation::Drain { "ready" } else { "degraded" };
        assert_eq!(text(&api.value, "status"), expected, "{name}");
        let run = api.run(world, &self.to).await;
        assert_eq!(run, Run::Succeeded { empty: true }, "{name}, the next plan during the outage");
    }
}

/// Runs an operation of a topology during an outage of each of these regions, which begin with the nth effect.
async fn hold(topology: &str, regions: &[&str], operation: Operation, first: usize) {
    for (at, region) in regions.iter().enumerate() {
        let case = Box::pin(Case::of(topology, region, operation)).await;
        Box::pin(case.hold(&EFFECTS[(first + at) % EFFECTS.len()])).await;
    }
}

/// The first region is the home region. STS throttles no account, so the effect there is another one.
const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-central-1"];

#[test]
fn code_is_changed_in_all_other_regions() {
    runtime().block_on(hold("latency", &REGIONS, Operation::Code, 2));
}

#[test]
fn a_region_is_drained_without_a_call_to_it() {
    runtime().block_on(async {
        hold("latency", &REGIONS, Operation::Drain, 0).await;
        hold("ip-based", &REGIONS[1..2], Operation::Drain, 1).await;
        hold("key-value-store", &REGIONS[..2], Operation::Drain, 2).await;
        hold("cdn-cache", &REGIONS[1..2], Operation::Drain, 0).await;
    });
}

#[test]
fn a_region_is_removed_and_its_objects_are_deleted_later() {
    runtime().block_on(async {
        hold("latency", &REGIONS, Operation::Remove, 1).await;
        hold("key-value-store", &REGIONS[1..2], Operation::Remove, 0).await;
    });
}

#[test]
fn a_destroy_is_continued_after_the_outage() {
    runtime().block_on(hold("latency", &REGIONS[..2], Operation::Destroy, 0));
}
