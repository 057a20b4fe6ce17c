//! Two states that declare the same name, each with a home region of its own, so each with a claim and an owner id of its own.
//! Whenever the second begins, no object of the one carries the settings or the owner id of the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::{Fault, Harm, Inventory, LocalAws};
use tokio::runtime::Handle;

use super::compare::{difference, inventory};
use super::host::{Kept, Run};
use super::matrix::runtime;
use super::parties::{Party, Rivals, told, topology};
use super::rivals::STEP;
use super::topologies;
use super::world::{HOME, Moment, Sources, World, config};

/// The home region of the second state.
const OTHER_HOME: &str = "eu-west-1";
/// Where the API of the second state runs when the two have no region in common.
const APART: [&str; 3] = ["ap-southeast-1", "ca-central-1", "eu-west-1"];
/// What the settings of each state name, and for how many days their log groups keep events.
const TEAMS: [(&str, u64); 2] = [("giraffes", 7), ("okapis", 14)];

/// Both states, and where an operation of the first begins.
struct Contest {
    rivals: Rivals,
    moment: Moment,
    begun: Kept,
    /// What AWS holds after the operation when nobody else is there.
    end: Inventory,
    /// How many calls the operation takes then.
    calls: usize,
}

impl Contest {
    /// Over an operation of the first, from a configuration of theirs to another one; null is none.
    async fn over(mut rivals: Rivals, from: &Value, to: &Value) -> Self {
        rivals.start_over();
        if from != &Value::Null {
            rivals.parties[0].config = from.clone();
            assert!(rivals.run(0).await.is_well(), "the operation begins somewhere");
        }
        rivals.parties[0].config = to.clone();
        let (moment, begun) = (rivals.world().moment(), rivals.parties[0].kept.clone());
        rivals.parties[0].world.network.take_calls();
        assert!(rivals.run(0).await.is_well(), "the operation ends well when nobody else is there");
        let (calls, end) = (rivals.parties[0].world.network.count_calls(), rivals.inventory().await);
        Self { rivals, moment, begun, end, calls }
    }

    /// The second begins after each `step` calls of the first.
    async fn hold(&mut self, step: usize, what: &str) {
        for head_start in (0..=self.calls).step_by(step) {
            let what = format!("{what}, {head_start} calls ahead");
            self.rivals.world().restore(&self.moment);
            self.rivals.parties[0].kept = self.begun.clone();
            self.rivals.parties[1].kept = Kept::nothing(self.begun.resource);
            self.rivals.parties.iter().for_each(|party| drop(party.world.network.take_calls()));
            let seen = watch(&self.rivals.world().aws);
            let runs = self.rivals.race(head_start).await;
            self.rivals.world().aws.clear_faults();
            let seen = std::mem::take(&mut *seen.lock().expect("nobody panicked"));
            assert!(seen.is_empty(), "{what}: {seen:#?}");
            self.settle(&runs, &what).await;
        }
    }

    /// At most one of them has the name, and the other one nothing.
    async fn settle(&mut self, runs: &[Run; 2], what: &str) {
        let explain = || format!("{what}: {} {}", told(&runs[0]), told(&runs[1]));
        let is_destroyed = self.rivals.parties[0].config == Value::Null;
        if self.begun.value != Value::Null {
            assert!(runs[0].is_well(), "{}", explain());
            assert!(is_destroyed || !runs[1].is_well(), "{}", explain());
        }
        let winner = match (runs[0].is_well() && !is_destroyed, runs[1].is_well()) {
            (true, true) => panic!("both have it: {}", explain()),
            (true, false) => 0,
            (false, true) => 1,
            // Each may have seen objects of the other, and taken back its own.
            (false, false) => {
                assert_eq!(self.left(&self.rivals.nothing).await, Vec::<String>::new(), "{}", explain());
                let who = usize::from(is_destroyed);
                let run = self.rivals.run(who).await;
                assert!(run.is_well(), "{}, then {}", explain(), told(&run));
                who
            }
        };
        self.belongs_to(winner, what).await;
    }

    async fn belongs_to(&mut self, winner: usize, what: &str) {
        self.holds(winner, what).await;
        let loser = 1 - winner;
        assert_eq!(
            self.rivals.parties[loser].kept.value,
            Value::Null,
            "{what}: the state of the other holds something"
        );
        let run = self.rivals.run(loser).await;
        let is_nothing = self.rivals.parties[loser].config == Value::Null;
        assert!(is_nothing || told(&run).contains("AWS object exists already"), "{what}: {}", told(&run));
        self.holds(winner, what).await;
        let Party { world, kept, .. } = &mut self.rivals.parties[loser];
        assert_eq!(kept.run(world, &Value::Null).await, Run::Well { empty: true }, "{what}: the other destroys");
        self.holds(winner, what).await;
        assert_eq!(self.rivals.run(winner).await, Run::Well { empty: true }, "{what}: the plan is not empty");
        let Party { world, kept, .. } = &mut self.rivals.parties[winner];
        assert!(kept.run(world, &Value::Null).await.is_well(), "{what}: the owner destroys");
        assert_eq!(self.left(&self.rivals.nothing).await, Vec::<String>::new(), "{what}: left after the destroy");
    }

    async fn holds(&self, winner: usize, what: &str) {
        let end = if winner == 0 { &self.end } else { &self.rivals.parties[1].end };
        assert_eq!(self.left(end).await, Vec::<String>::new(), "{what}: AWS holds something else than the owner made");
    }

    async fn left(&self, expected: &Inventory) -> Vec<String> {
        difference(expected, &inventory(self.rivals.world()).await)
    }
}

/// From now on, looks at everything after each call that changes something; what is mixed.
fn watch(aws: &Arc<LocalAws>) -> Arc<Mutex<Vec<String>>> {
    let mixed = Arc::new(Mutex::new(Vec::new()));
    let (seen, local) = (Arc::clone(&mixed), Arc::downgrade(aws));
    let look = move |call: &strict_aws::Call| {
        let Some(aws) = local.upgrade().filter(|_| call.writes()) else { return };
        let found = mixed_objects(&take_inventory(&aws));
        let found = found.into_iter().map(|why| format!("after {} in {}: {why}", call.name(), call.region));
        seen.lock().expect("nobody panicked").extend(found);
    };
    aws.fault(Fault::new(Harm::Hook(Arc::new(look))));
    mixed
}

/// Takes the inventory within a call. On a thread of its own: one that waits twice would miss who wakes the outer wait.
fn take_inventory(aws: &LocalAws) -> Inventory {
    let runtime = Handle::current();
    let take = || runtime.block_on(aws.inventory()).expect("the inventory is taken");
    std::thread::scope(|scope| scope.spawn(take).join().expect("nobody panicked"))
}

/// Objects with settings of both, or with settings of one and the ownership of the other.
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

/// Whose settings an object has.
fn teams(object: &Json) -> BTreeSet<&'static str> {
    let text = object.to_string();
    let is_of = |(team, days): &&(&str, u64)| text.contains(team) || object["retention_days"].as_u64() == Some(*days);
    TEAMS.iter().filter(is_of).map(|(team, _)| *team).collect()
}

/// What one of the two wants: each object that can say so says whose it is.
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

/// Every operation of the first: from and to what.
async fn contests(name: &str, is_apart: bool) -> Vec<(&'static str, Contest)> {
    let mut contests = Vec::new();
    for operation in ["create", "update", "destroy"] {
        let world = World::start(&Arc::new(Sources::new())).await;
        let (type_name, parties, later) = if name == "zone" {
            let zone = |team: &str| json!({ "name": "giraffe.example", "comment": team, "tags": { "team": team } });
            let mut later = zone(TEAMS[0].0);
            later["comment"] = json!("giraffes at night");
            ("multiregion_zone", TEAMS.map(|(team, _)| zone(team)), later)
        } else {
            let zone_id = topologies::zone(&world).await;
            let parties = [(TEAMS[0], false), (TEAMS[1], is_apart)];
            let parties = parties.map(|(team, is_apart)| wanted(&world, name, &zone_id, team, is_apart));
            let mut later = parties[0].clone();
            later["function"]["memory_mb"] = json!(256);
            ("multiregion_api", parties, later)
        };
        let [first, second] = parties;
        let rivals = Rivals::at_home(&world, type_name, [(HOME, first), (OTHER_HOME, second)]).await;
        let now = rivals.parties[0].config.clone();
        let later = config(rivals.parties[0].kept.resource, &later);
        let (from, to) = match operation {
            "create" => (Value::Null, now),
            "update" => (now, later),
            _ => (now, Value::Null),
        };
        contests.push((operation, Contest::over(rivals, &from, &to).await));
    }
    contests
}

/// With regions in common or none, the second begins at each call of the first, or at each of a few.
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
fn mixed_objects_are_noticed() {
    let held = |objects: &[Json]| {
        let mut held = Inventory::default();
        held.objects = objects.iter().enumerate().map(|(at, object)| (at.to_string(), object.clone())).collect();
        mixed_objects(&held).len()
    };
    let tagged = |team: &str, id: &str, home: &str| json!({ "tags": { "team": team, "multiregion:owner-id": format!("{home}/{id}") } });
    let (one, other) = (tagged("giraffes", "1", HOME), tagged("okapis", "2", OTHER_HOME));
    assert_eq!(held(&[one.clone(), other.clone()]), 0);
    assert_eq!(held(&[one.clone(), tagged("okapis", "1", HOME)]), 2, "an owner id of both, of the home of one");
    assert_eq!(held(&[tagged("okapis", "2", HOME)]), 1, "the home region of the other");
    assert_eq!(held(&[json!({ "tags": { "team": "giraffes" } })]), 1, "no owner id");
    let mut days = one;
    days["retention_days"] = json!(14);
    assert_eq!(held(&[days, other]), 2, "settings of both make an owner id of both");
}
