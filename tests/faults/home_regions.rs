//! Two states that declare the same name with different home regions, so with different claims and owner ids. Whenever
//! the second one starts, no object gets the settings or the owner id of both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault, Inventory, LocalAws};
use tokio::runtime::Handle;

use super::compare::{difference, inventory};
use super::host::{Run, StoredResource};
use super::matrix::runtime;
use super::rival_pair::{Rival, Rivals, messages};
use super::rivals::STEP;
use super::topologies::{self, topology};
use super::world::{HOME, Moment, Sources, World, config};

/// The home region of the second state.
const OTHER_HOME: &str = "eu-west-1";
/// The regions of the second state's API when the two have no region in common.
const APART: [&str; 3] = ["ap-southeast-1", "ca-central-1", "eu-west-1"];
/// The names in each state's settings, and the days for which its log groups keep events.
const TEAMS: [(&str, u64); 2] = [("giraffes", 7), ("okapis", 14)];

/// Both states, and the initial state of an operation of the first.
struct Contest {
    rivals: Rivals,
    moment: Moment,
    initial: StoredResource,
    /// The inventory after the operation without the second state.
    expected: Inventory,
    /// The number of calls of the operation then.
    calls: usize,
}

impl Contest {
    /// An operation of the first state that leads from one configuration to another; null is none.
    async fn over(mut rivals: Rivals, from: &Value, to: &Value) -> Self {
        rivals.reset();
        if from != &Value::Null {
            rivals.pair[0].config = from.clone();
            assert!(rivals.run(0).await.succeeded(), "the initial configuration is applied");
        }
        rivals.pair[0].config = to.clone();
        let (moment, initial) = (rivals.world().moment(), rivals.pair[0].stored.clone());
        rivals.pair[0].world.network.take_calls();
        assert!(rivals.run(0).await.succeeded(), "the operation succeeds without the second state");
        let (calls, expected) = (rivals.pair[0].world.network.count_calls(), rivals.inventory().await);
        Self { rivals, moment, initial, expected, calls }
    }

    /// Starts the second run after each `step` calls of the first.
    async fn hold(&mut self, step: usize, what: &str) {
        for head_start in (0..=self.calls).step_by(step) {
            let what = format!("{what}, {head_start} calls ahead");
            self.rivals.world().restore(&self.moment);
            self.rivals.pair[0].stored = self.initial.clone();
            self.rivals.pair[1].stored = StoredResource::absent(self.initial.resource);
            self.rivals.pair.iter().for_each(|rival| drop(rival.world.network.take_calls()));
            let seen = monitor(&self.rivals.world().aws);
            let runs = self.rivals.race(head_start).await;
            self.rivals.world().aws.clear_faults();
            let seen = std::mem::take(&mut *seen.lock().expect("no panic"));
            assert!(seen.is_empty(), "{what}: {seen:#?}");
            self.settle(&runs, &what).await;
        }
    }

    /// Asserts that at most one state owns the name, and that the other owns nothing.
    async fn settle(&mut self, runs: &[Run; 2], what: &str) {
        let explain = || format!("{what}: {} {}", messages(&runs[0]), messages(&runs[1]));
        let is_destroyed = self.rivals.pair[0].config == Value::Null;
        if self.initial.value != Value::Null {
            assert!(runs[0].succeeded(), "{}", explain());
            assert!(is_destroyed || !runs[1].succeeded(), "{}", explain());
        }
        let winner = match (runs[0].succeeded() && !is_destroyed, runs[1].succeeded()) {
            (true, true) => panic!("both succeeded: {}", explain()),
            (true, false) => 0,
            (false, true) => 1,
            // Each may have seen objects of the other and rolled back its own.
            (false, false) => {
                assert_eq!(self.left(&self.rivals.baseline).await, Vec::<String>::new(), "{}", explain());
                let index = usize::from(is_destroyed);
                let run = self.rivals.run(index).await;
                assert!(run.succeeded(), "{}, then {}", explain(), messages(&run));
                index
            }
        };
        self.assert_owned_by(winner, what).await;
    }

    async fn assert_owned_by(&mut self, winner: usize, what: &str) {
        self.assert_state_of(winner, what).await;
        let loser = 1 - winner;
        assert_eq!(self.rivals.pair[loser].stored.value, Value::Null, "{what}: the other state is not empty");
        let run = self.rivals.run(loser).await;
        let is_nothing = self.rivals.pair[loser].config == Value::Null;
        assert!(is_nothing || messages(&run).contains("AWS object already exists"), "{what}: {}", messages(&run));
        self.assert_state_of(winner, what).await;
        let Rival { world, stored, .. } = &mut self.rivals.pair[loser];
        assert_eq!(
            stored.run(world, &Value::Null).await,
            Run::Succeeded { empty: true },
            "{what}: the other state has nothing to destroy"
        );
        self.assert_state_of(winner, what).await;
        assert_eq!(self.rivals.run(winner).await, Run::Succeeded { empty: true }, "{what}: the plan is not empty");
        let Rival { world, stored, .. } = &mut self.rivals.pair[winner];
        assert!(stored.run(world, &Value::Null).await.succeeded(), "{what}: the owner destroys it");
        assert_eq!(self.left(&self.rivals.baseline).await, Vec::<String>::new(), "{what}: left after the destroy");
    }

    async fn assert_state_of(&self, winner: usize, what: &str) {
        let expected = if winner == 0 { &self.expected } else { &self.rivals.pair[1].expected };
        assert_eq!(
            self.left(expected).await,
            Vec::<String>::new(),
            "{what}: the inventory differs from what the owner created"
        );
    }

    async fn left(&self, expected: &Inventory) -> Vec<String> {
        difference(expected, &inventory(self.rivals.world()).await)
    }
}

/// Checks all objects after each later call that changes something. Returns the mixed objects.
fn monitor(aws: &Arc<LocalAws>) -> Arc<Mutex<Vec<String>>> {
    let mixed = Arc::new(Mutex::new(Vec::new()));
    let (seen, local) = (Arc::clone(&mixed), Arc::downgrade(aws));
    let check = move |call: &strict_aws::Call| {
        let Some(aws) = local.upgrade().filter(|_| call.writes()) else { return };
        let found = mixed_objects(&take_inventory(&aws));
        let found = found.into_iter().map(|why| format!("after {} in {}: {why}", call.name(), call.region));
        seen.lock().expect("no panic").extend(found);
    };
    aws.inject(Fault::new(Effect::Hook(Arc::new(check))));
    mixed
}

/// Takes the inventory within a call, on a thread of its own: nested waits on one thread would lose the wake-up of the
/// outer one.
fn take_inventory(aws: &LocalAws) -> Inventory {
    let runtime = Handle::current();
    let take = || runtime.block_on(aws.inventory()).expect("the inventory is taken");
    std::thread::scope(|scope| scope.spawn(take).join().expect("no panic"))
}

/// Objects with settings of both states, or with the settings of one and the ownership of the other.
fn mixed_objects(held: &Inventory) -> Vec<String> {
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut mixed = Vec::new();
    for (key, object) in &held.objects {
        let teams = teams(object);
        let tag = |name: &str| object["tags"][name].as_str();
        if teams.len() > 1 {
            mixed.push(format!("{key} has settings of both: {object}"));
        }
        if tag("team").is_some() && tag("multiregion:owner-id").is_none() {
            mixed.push(format!("{key} has no owner id: {object}"));
        }
        owners.entry(tag("multiregion:owner-id").unwrap_or_default()).or_default().extend(&teams);
        let home = if teams.contains(TEAMS[0].0) { HOME } else { OTHER_HOME };
        let tagged = tag("multiregion:owner-id").and_then(|id| id.split_once('/')).map(|(home, _)| home);
        if tagged.is_some_and(|tagged| !teams.is_empty() && tagged != home) {
            mixed.push(format!("{key} has another home region: {object}"));
        }
    }
    owners.remove("");
    let shared = owners.into_iter().filter(|(_, teams)| teams.len() > 1);
    mixed.extend(shared.map(|(id, _)| format!("both use the owner id {id}")));
    mixed
}

/// The teams whose settings an object has.
fn teams(object: &Json) -> BTreeSet<&'static str> {
    let text = object.to_string();
    let is_of = |(team, days): &&(&str, u64)| text.contains(team) || object["retention_days"].as_u64() == Some(*days);
    TEAMS.iter().filter(is_of).map(|(team, _)| *team).collect()
}

/// The configuration of one state, in which every object that can carry its team's name does.
fn wanted(world: &World, name: &str, zone_id: &str, (team, days): (&str, u64), is_apart: bool) -> Json {
    let mut wanted = (topology(name).config)(world, zone_id);
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{team}/*") }],
    });
    wanted["tags"] = json!({ "team": team });
    wanted["function"]["environment"] = json!({ "TEAM": team });
    wanted["function"]["policy_json"] = json!(policy.to_string());
    wanted["function"]["log_retention_days"] = json!(days);
    if is_apart {
        let regions = wanted["regions"].as_object().expect("regions").values().cloned();
        wanted["regions"] =
            APART.iter().map(|region| (*region).to_owned()).zip(regions).collect::<serde_json::Map<_, _>>().into();
    }
    wanted
}

/// A contest for every operation of the first state.
async fn contests(name: &str, is_apart: bool) -> Vec<(&'static str, Contest)> {
    let mut contests = Vec::new();
    for operation in ["create", "update", "destroy"] {
        let world = World::start(&Arc::new(Sources::new())).await;
        let (type_name, pair, later) = if name == "zone" {
            let zone = |team: &str| json!({ "name": "giraffe.example", "comment": team, "tags": { "team": team } });
            let mut later = zone(TEAMS[0].0);
            later["comment"] = json!("giraffes at night");
            ("multiregion_zone", TEAMS.map(|(team, _)| zone(team)), later)
        } else {
            let zone_id = topologies::zone(&world).await;
            let pair = [(TEAMS[0], false), (TEAMS[1], is_apart)];
            let pair = pair.map(|(team, is_apart)| wanted(&world, name, &zone_id, team, is_apart));
            let mut later = pair[0].clone();
            later["function"]["memory_mb"] = json!(256);
            ("multiregion_api", pair, later)
        };
        let [first, second] = pair;
        let rivals = Rivals::with_homes(&world, type_name, [(HOME, first), (OTHER_HOME, second)]).await;
        let now = rivals.pair[0].config.clone();
        let later = config(rivals.pair[0].stored.resource, &later);
        let (from, to) = match operation {
            "create" => (Value::Null, now),
            "update" => (now, later),
            _ => (now, Value::Null),
        };
        contests.push((operation, Contest::over(rivals, &from, &to).await));
    }
    contests
}

/// Holds the contests, with or without regions in common; the second run starts at each `step`th call of the first.
async fn hold(name: &str, is_apart: bool, step: usize) {
    for (operation, mut contest) in contests(name, is_apart).await {
        let step = if operation == "create" { step } else { step * 2 };
        contest.hold(step, &format!("{name}, {operation}, {}", if is_apart { "apart" } else { "together" })).await;
    }
}

#[test]
fn zones_with_two_home_regions_are_never_mixed() {
    runtime().block_on(hold("zone", false, 1));
}

#[test]
fn apis_in_one_region_with_two_home_regions_are_never_mixed() {
    runtime().block_on(hold("one-region", false, 1));
}

#[test]
fn apis_in_other_regions_with_two_home_regions_are_never_mixed() {
    runtime().block_on(hold("one-region", true, 1));
}

#[test]
fn apis_of_one_domain_with_two_home_regions_are_never_mixed() {
    runtime().block_on(hold("failover", false, 8 * STEP));
    runtime().block_on(hold("failover", true, 8 * STEP));
}

#[test]
fn apis_behind_cloudfront_with_two_home_regions_are_never_mixed() {
    runtime().block_on(hold("cdn-group", true, 8 * STEP));
}

#[test]
fn mixed_objects_are_found() {
    let held = |objects: &[Json]| {
        let mut held = Inventory::default();
        held.objects = objects.iter().enumerate().map(|(at, object)| (at.to_string(), object.clone())).collect();
        mixed_objects(&held).len()
    };
    let tagged = |team: &str, id: &str, home: &str| json!({ "tags": { "team": team, "multiregion:owner-id": format!("{home}/{id}") } });
    let (one, other) = (tagged("giraffes", "1", HOME), tagged("okapis", "2", OTHER_HOME));
    assert_eq!(held(&[one.clone(), other.clone()]), 0);
    assert_eq!(held(&[one.clone(), tagged("okapis", "1", HOME)]), 2, "a shared owner id, with the home region of one");
    assert_eq!(held(&[tagged("okapis", "2", HOME)]), 1, "the home region of the other");
    assert_eq!(held(&[json!({ "tags": { "team": "giraffes" } })]), 1, "no owner id");
    let mut days = one;
    days["retention_days"] = json!(14);
    assert_eq!(held(&[days, other]), 2, "settings of both, and so a shared owner id");
}
