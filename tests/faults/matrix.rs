//! Every topology, every operation, every call, every fault.

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Call, Inventory};

use super::fault::Fault;
use super::host::{Kept, Run};
use super::operations::{self, Operation};
use super::report::{Failure, Report};
use super::topologies::{self, Topology, ZONE};
use super::traffic::Watch;
use super::world::{World, config, resource, text};

/// How often a user runs again after the fault is mended.
const REPETITIONS: usize = 2;

/// Which runs are wanted.
pub(super) struct Selection(Vec<String>);

impl Selection {
    /// By `MULTIREGION_FAULTS`: the words that stand in a run's name, as in `latency/create/17/killed`.
    pub(super) fn from_env() -> Self {
        let words = std::env::var("MULTIREGION_FAULTS").unwrap_or_default();
        Self(words.split([' ', '/']).filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    /// Whether a run with these parts of its name is wanted; a part that is not known yet is `*`.
    fn wants(&self, parts: [&str; 4]) -> bool {
        let known = |word: &str| {
            topologies::ALL
                .iter()
                .any(|topology| topology.name == word)
                .then_some(0)
                .or_else(|| operations::ALL.iter().any(|operation| operation.name == word).then_some(1))
                .or_else(|| word.parse::<usize>().is_ok_and(|k| k < 500).then_some(2))
                .or_else(|| Fault::ALL.iter().any(|fault| fault.name() == word).then_some(3))
        };
        self.0.iter().all(|word| {
            // "500" is a fault, and no operation has as many calls.
            let place = if word == "500" { Some(3) } else { known(word) };
            let place = place.unwrap_or_else(|| panic!("nothing of all runs is called {word}"));
            parts[place] == "*" || parts[place] == word
        })
    }
}

/// Runs what is wanted.
pub(super) fn run(selection: &Selection) -> Report {
    let mut report = Report::default();
    for topology in topologies::ALL {
        for operation in operations::ALL {
            if selection.wants([topology.name, operation.name, "*", "*"]) {
                runtime().block_on(row(topology, operation, selection, &mut report));
            }
        }
    }
    report
}

/// Two threads and no more: one that nobody uses, and one that reads files.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(1).enable_all().build().expect("a runtime starts")
}

/// Where an operation begins.
struct Start {
    world: World,
    api: Kept,
    to: Value,
    /// What AWS held before there was an API.
    nothing: Inventory,
}

/// How an undisturbed run goes.
struct Undisturbed {
    calls: Vec<Call>,
    inventory: Inventory,
    value: Value,
}

async fn start(topology: &Topology, operation: &Operation) -> Option<Start> {
    let world = World::start().await;
    let mut zone = Kept::nothing(resource("multiregion_zone"));
    let zone_config = config(zone.resource, &json!({ "name": ZONE }));
    let run = zone.run(&world, &zone_config).await;
    assert!(run.is_well(), "the zone is made: {run:?}");
    let wanted = (topology.config)(&world, text(&zone.value, "id"));
    let (from, to) = (operation.change)(&world, wanted)?;
    let nothing = inventory(&world).await;
    let mut api = Kept::nothing(resource("multiregion_api"));
    let value = |json: &Json| if json.is_null() { Value::Null } else { config(api.resource, json) };
    let (from, to) = (value(&from), value(&to));
    if from != Value::Null {
        let run = api.run(&world, &from).await;
        assert!(run.is_well(), "{}/{} begins: {run:?}", topology.name, operation.name);
    }
    world.network.take_calls();
    Some(Start { world, api, to, nothing })
}

async fn inventory(world: &World) -> Inventory {
    let mut inventory = world.aws.inventory().await.expect("the inventory is taken").normalized();
    inventory.objects.values_mut().for_each(forget_chance);
    inventory
}

/// What is drawn by lot by us.
fn forget_chance(value: &mut Json) {
    match value {
        Json::Object(fields) => {
            fields.remove("multiregion:nonce");
            fields.values_mut().for_each(forget_chance);
        }
        Json::Array(items) => items.iter_mut().for_each(forget_chance),
        _ => {}
    }
}

async fn row(topology: &Topology, operation: &Operation, selection: &Selection, report: &mut Report) {
    let Some(mut begin) = start(topology, operation).await else { return };
    let undisturbed = match undisturbed(&mut begin).await {
        Ok(undisturbed) => undisturbed,
        Err(why) => {
            report.failures.push(Failure {
                name: format!("{}/{}/undisturbed", topology.name, operation.name),
                call: String::new(),
                why,
            });
            return;
        }
    };
    for k in 1..=undisturbed.calls.len() {
        for fault in Fault::ALL {
            if !selection.wants([topology.name, operation.name, &k.to_string(), fault.name()]) {
                continue;
            }
            let Some(mut start) = start(topology, operation).await else { return };
            let mut problems = disturbed(&mut start, operation, &undisturbed, k, fault).await;
            let leaked = problems.iter().any(|problem| problem.starts_with(LEAKED));
            report.count(topology.name, operation.name, problems.is_empty(), leaked);
            if !problems.is_empty() {
                let call = &undisturbed.calls[k - 1];
                let name = format!("{}/{}/{k}/{}", topology.name, operation.name, fault.name());
                let call = format!("{} in {} ({})", call.name(), call.region, call.subject);
                let why = std::mem::take(&mut problems);
                report.failures.push(Failure { name, call, why });
            }
        }
    }
}

async fn undisturbed(start: &mut Start) -> Result<Undisturbed, Vec<String>> {
    let Start { world, api, to, nothing } = start;
    world.network.watch(watch(to));
    let run = api.run(world, to).await;
    let calls = world.network.take_calls();
    let mut problems = holes(world);
    if !run.is_well() {
        problems.push(format!("it does not end well: {run:?}"));
    }
    let made = inventory(world).await;
    let value = api.value.clone();
    problems.extend(after(world, api, to).await);
    problems.extend(destroyed(world, api, nothing).await);
    if problems.is_empty() { Ok(Undisturbed { calls, inventory: made, value }) } else { Err(problems) }
}

/// While an API is destroyed, it may vanish.
fn watch(to: &Value) -> Option<Watch> {
    Some(if *to == Value::Null { Watch::default() } else { Watch::over_a_change() })
}

fn holes(world: &World) -> Vec<String> {
    world.network.watch(None).map(|watch| watch.holes).unwrap_or_default()
}

/// What begins like this is a leak.
const LEAKED: &str = "left after the destroy";

/// One run with its `k`th call disturbed, and what the user does after that; everything that is not as promised.
async fn disturbed(
    start: &mut Start,
    operation: &Operation,
    undisturbed: &Undisturbed,
    k: usize,
    fault: Fault,
) -> Vec<String> {
    let Start { world, api, to, nothing } = start;
    let mut problems = Vec::new();
    world.network.watch(watch(to));
    fault.set(world, k);
    let first = api.run(world, to).await;
    let mut calls = world.network.take_calls();
    world.aws.clear_faults();
    if fault.is_outlasted() && !first.is_well() {
        problems.push(format!("one {} is not outlasted: {first:?}", fault.name()));
    }
    if operation.name == "create" && matches!(first, Run::Errors(_)) && api.value == Value::Null {
        let left = difference(nothing, &inventory(world).await);
        if !left.is_empty() && fault != Fault::Denied {
            problems.push(format!("left after the rollback, and not in the state: {left:?}"));
        }
    }
    let mut last = first;
    for _ in 0..REPETITIONS {
        if last.is_well() && is_complete(api) {
            break;
        }
        last = api.run(world, to).await;
        calls.extend(world.network.take_calls());
    }
    if !last.is_well() {
        problems.push(format!("does not converge: {last:?}"));
    }
    if operation.name == "create-keep" && fault != Fault::Killed {
        problems.extend(made_twice(&calls));
    }
    problems.extend(holes(world));
    problems.extend(after(world, api, to).await);
    let differing = difference(&undisturbed.inventory, &inventory(world).await);
    if !differing.is_empty() {
        problems.push(format!("AWS holds something else than after an undisturbed run: {differing:#?}"));
    }
    problems.extend(destroyed(world, api, nothing).await);
    problems
}

fn is_complete(api: &Kept) -> bool {
    api.value == Value::Null || text(&api.value, "status") == "ready"
}

/// The next plan has nothing to do.
async fn after(world: &World, api: &mut Kept, to: &Value) -> Option<String> {
    let before = api.value.clone();
    let mut again = api.clone();
    let run = again.run(world, to).await;
    *api = again;
    (run != Run::Well { empty: true } || before != api.value)
        .then(|| format!("the next plan is not empty: {run:?}, changed: {:?}", changed(&before, &api.value)))
}

fn changed(before: &Value, after: &Value) -> Vec<String> {
    match (before, after) {
        (Value::Map(before), Value::Map(after)) => before
            .iter()
            .filter(|(name, value)| after.get(*name) != Some(value))
            .map(|(name, value)| format!("{name}: {value:?} -> {:?}", after.get(name)))
            .collect(),
        _ => vec![format!("{before:?} -> {after:?}")],
    }
}

async fn destroyed(world: &World, api: &mut Kept, nothing: &Inventory) -> Vec<String> {
    let run = api.run(world, &Value::Null).await;
    let mut problems = Vec::new();
    if !run.is_well() {
        problems.push(format!("cannot be destroyed: {run:?}"));
    }
    let left = difference(nothing, &inventory(world).await);
    if !left.is_empty() {
        problems.push(format!("{LEAKED}: {left:?}"));
    }
    problems
}

/// What differs between two inventories, object by object.
fn difference(expected: &Inventory, found: &Inventory) -> Vec<String> {
    let keys: std::collections::BTreeSet<&String> = expected.objects.keys().chain(found.objects.keys()).collect();
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
        let keys: std::collections::BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
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
fn made_twice(calls: &[Call]) -> Vec<String> {
    let mut made = std::collections::BTreeSet::new();
    let creates = calls.iter().filter(|call| call.operation.starts_with("Create") && (200..300).contains(&call.status));
    creates
        .filter(|call| !call.subject.is_empty())
        .filter(|call| !made.insert((call.name(), call.region.clone(), call.subject.clone())))
        .map(|call| format!("{} in {} made {} a second time", call.name(), call.region, call.subject))
        .collect()
}
