//! Plans of rollouts, for an API whose regions have a version, its check, an alias and a probe each.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::desired::{Address, Desired, Kind, KindMeta, OnFailure, Rollout};
use crate::plan::testing::{self, Facts};
use crate::plan::{Action, Change, Ledger, Plan, Step, Unsafe, lint};
use crate::wire::Path;

macro_rules! kinds {
    ($($kind:ident = $meta:expr;)*) => {
        $(
            struct $kind;

            impl Kind for $kind {
                type Spec = Json;
                const META: KindMeta = $meta;
            }
        )*

        const METAS: &[&KindMeta] = &[$(&<$kind as Kind>::META),*];
    };
}

kinds! {
    Version = KindMeta { name: "version", immutable: &["code"], ..KindMeta::DEFAULT };
    Check = KindMeta { name: "check", is_check: true, ..KindMeta::DEFAULT };
    Alias = KindMeta { name: "alias", rolled_out: &["to"], ..KindMeta::DEFAULT };
    Canary = KindMeta { name: "canary", rolled_out: &["to"], ..KindMeta::DEFAULT };
    Probe = KindMeta { name: "probe", is_check: true, ..KindMeta::DEFAULT };
    Baseline = KindMeta { name: "baseline", is_baseline: true, ..KindMeta::DEFAULT };
    Watch = KindMeta { name: "watch", is_check: true, is_watch: true, ..KindMeta::DEFAULT };
}

const KINDS: Facts = Facts(METAS);

/// An API with this code and these tags in each of `regions`, which change in these waves.
fn api(regions: &[&str], code: u8, tags: u8, waves: &[&[&str]]) -> Desired {
    let mut desired = Desired::default();
    for region in regions {
        let id = json!({ "$ref": Address::regional(region, "version"), "output": "id" });
        desired.add(Address::of::<Version>(region), Path::root(), &json!({ "code": code }));
        let check = desired.add(Address::of::<Check>(region), Path::root(), &json!({ "of": id }));
        let alias = desired.add(Address::of::<Alias>(region), Path::root(), &json!({ "to": id, "tags": tags }));
        let probe = desired.add(Address::of::<Probe>(region), Path::root(), &json!({}));
        desired.order(&alias, &check);
        desired.order(&probe, &alias);
    }
    let wave = |wave: &&[&str]| wave.iter().map(|region| (*region).to_owned()).collect::<BTreeSet<_>>();
    desired.rollout = Rollout { waves: waves.iter().map(wave).collect(), ..Rollout::default() };
    desired
}

/// The ledger after `desired` was applied to an empty account.
fn applied(desired: &Desired) -> Ledger {
    testing::applied(desired, &KINDS, |_| json!({ "id": "1" }))
}

fn plan(desired: &Desired, ledger: &Ledger) -> Plan {
    Plan::checked(desired, ledger, &KINDS).expect("a safe plan")
}

fn step<'a>(plan: &'a Plan, region: &str, kind: &str) -> &'a Step {
    let is_it =
        |step: &&Step| step.address == Address::regional(region, kind) && !matches!(step.action, Action::Retire(_));
    plan.steps.iter().find(is_it).unwrap_or_else(|| panic!("no step of {region}/{kind}"))
}

/// What the step of the alias in `region` follows in other regions, with the delay in seconds.
fn follows(plan: &Plan, region: &str) -> Vec<String> {
    let others = step(plan, region, "alias").after.iter().map(|(at, wait)| (&plan.steps[*at].address, wait.as_secs()));
    let others = others.filter(|(address, _)| address.scope.region() != Some(region));
    let text =
        |(address, wait): (&Address, u64)| if wait == 0 { address.to_string() } else { format!("{address} {wait} s") };
    let mut others: Vec<String> = others.map(text).collect();
    others.sort();
    others
}

const ALL: [&str; 3] = ["east", "north", "west"];

#[test]
fn a_wave_waits_for_the_checks_of_the_previous_one() {
    let ledger = applied(&api(&ALL, 1, 1, &[]));
    let plan = plan(&api(&ALL, 2, 1, &[&["west"]]), &ledger);
    assert_eq!(follows(&plan, "west"), [""; 0]);
    assert_eq!(follows(&plan, "east"), ["west/alias", "west/check", "west/probe"]);
    assert_eq!(follows(&plan, "north"), ["west/alias", "west/check", "west/probe"]);
    // Versions are published and checked everywhere at the same time.
    for kind in ["version", "check"] {
        let after = step(&plan, "east", kind).after.keys().map(|at| plan.steps[*at].address.to_string());
        assert!(after.clone().all(|address| address.starts_with("east/")), "{:?}", after.collect::<Vec<_>>());
    }
    // The old versions are deleted when all regions have changed.
    let removal = plan.steps.iter().find(|step| matches!(step.action, Action::Retire(_))).expect("a removal");
    assert!(removal.after.keys().any(|at| plan.steps[*at].address == Address::regional("north", "probe")));
}

#[test]
fn explicit_waves_follow_each_other_after_the_bake_time() {
    let ledger = applied(&api(&ALL, 1, 1, &[]));
    let mut desired = api(&ALL, 2, 1, &[&["west"], &["east"]]);
    desired.rollout.bake = Duration::from_secs(60);
    let plan = plan(&desired, &ledger);
    assert_eq!(follows(&plan, "east"), ["west/alias 60 s", "west/check 60 s", "west/probe 60 s"]);
    assert_eq!(follows(&plan, "north"), ["east/alias 60 s", "east/check 60 s", "east/probe 60 s"]);
}

#[test]
fn a_change_that_clients_do_not_notice_waits_for_no_other_region() {
    let ledger = applied(&api(&ALL, 1, 1, &[]));
    let plan = plan(&api(&ALL, 1, 2, &[&["west"]]), &ledger);
    assert_eq!(follows(&plan, "east"), [""; 0]);
    let probes = plan.steps.iter().filter(|step| step.address.kind == "probe");
    assert_eq!(probes.count(), 0, "nothing is probed again");
}

#[test]
fn a_new_region_waits_for_no_other_one() {
    let ledger = applied(&api(&["east", "west"], 1, 1, &[]));
    let plan = plan(&api(&ALL, 2, 1, &[&["west"]]), &ledger);
    assert_eq!(follows(&plan, "north"), [""; 0]);
    assert_eq!(follows(&plan, "east"), ["west/alias", "west/check", "west/probe"]);
}

#[test]
fn only_regions_that_change_are_in_waves() {
    // An apply was cancelled after the first wave.
    let mut ledger = applied(&api(&ALL, 1, 1, &[]));
    let desired = api(&ALL, 1, 1, &[&["west"], &["east"]]);
    for region in ["east", "north"] {
        ledger.entries.get_mut(&Address::regional(region, "alias")).expect("an alias").spec["to"] = json!("0");
    }
    let plan = plan(&desired, &ledger);
    assert_eq!(follows(&plan, "east"), [""; 0]);
    assert_eq!(follows(&plan, "north"), ["east/alias", "east/probe"]);
}

/// An apply was cancelled between the change of a region and its check, or the check failed and nothing was set back.
#[test]
fn a_wave_waits_for_the_pending_checks_of_an_earlier_one() {
    let mut ledger = applied(&api(&ALL, 1, 1, &[]));
    ledger.entries.get_mut(&Address::regional("west", "probe")).expect("a probe").uncertain = true;
    ledger.entries.get_mut(&Address::regional("east", "alias")).expect("an alias").spec["to"] = json!("0");
    let plan = plan(&api(&ALL, 1, 1, &[&["west"]]), &ledger);
    assert_eq!(follows(&plan, "east"), ["west/probe"]);
}

#[test]
fn checks_are_repeated_after_a_change_that_they_do_not_compare() {
    let mut ledger = applied(&api(&ALL, 1, 1, &[]));
    ledger.entries.get_mut(&Address::regional("west", "alias")).expect("an alias").spec["to"] = json!("0");
    let plan = plan(&api(&ALL, 1, 1, &[]), &ledger);
    let change = |region: &str, kind: &str| plan.difference.changes[&Address::regional(region, kind)].clone();
    assert_eq!(change("west", "probe"), Change::Update(Vec::new()));
    assert_eq!(change("west", "check"), Change::Keep, "it comes before the alias");
    assert_eq!(change("east", "probe"), Change::Keep);
}

/// Adds a second function to a region. Its alias waits for the check of its own version only.
fn add_function(desired: &mut Desired, region: &str, code: u8) {
    let id = json!({ "$ref": Address::regional(region, "version").key("orders"), "output": "id" });
    desired.add(Address::of::<Version>(region).key("orders"), Path::root(), &json!({ "code": code }));
    let check = desired.add(Address::of::<Check>(region).key("orders"), Path::root(), &json!({ "of": id }));
    let alias = desired.add(Address::of::<Alias>(region).key("orders"), Path::root(), &json!({ "to": id }));
    let probe = desired.add(Address::of::<Probe>(region).key("orders"), Path::root(), &json!({}));
    desired.order(&alias, &check);
    desired.order(&probe, &alias);
}

#[test]
fn lint_rejects_overlapping_waves() {
    let two = |code: u8| {
        let mut desired = api(&ALL, code, 1, &[&["west"]]);
        ALL.iter().for_each(|region| add_function(&mut desired, region, code));
        desired
    };
    let (mut desired, ledger) = (two(2), applied(&two(1)));
    let safe = plan(&desired, &ledger);
    let position = |address: &str| {
        let address: Address = address.parse().expect("an address");
        let makes = |step: &Step| step.address == address && !step.action.is_removal();
        safe.steps.iter().position(makes).unwrap_or_else(|| panic!("no step of {address}"))
    };
    // The check of a version is a dependency of its own alias, and the other alias of the region waits for it, too.
    for (next, earlier, also) in [
        ("east/alias", "west/probe", None),
        ("east/alias", "west/alias", Some("west/probe")),
        ("east/alias", "west/alias/orders", Some("west/probe/orders")),
        ("east/alias", "east/check/orders", None),
        ("east/alias/orders", "east/check", None),
    ] {
        let mut hasty = safe.clone();
        let after = &mut hasty.steps[position(next)].after;
        for before in [Some(earlier), also].into_iter().flatten() {
            assert!(after.remove(&position(before)).is_some(), "{next} follows {before}");
        }
        let refused = lint(&hasty, Some(&desired), &ledger, &KINDS).expect_err("an unsafe plan");
        let Unsafe::WavesOverlap { next: found, .. } = &refused else { panic!("{next} before {earlier}: {refused}") };
        assert_eq!(found.to_string(), next);
    }
    desired.rollout.bake = Duration::from_secs(1);
    let refused = lint(&safe, Some(&desired), &ledger, &KINDS);
    assert!(matches!(refused, Err(Unsafe::WavesOverlap { .. })), "{refused:?}");
    desired.rollout.on_failure = OnFailure::Stop;
    assert!(lint(&plan(&desired, &ledger), Some(&desired), &ledger, &KINDS).is_ok());
}

#[test]
fn lint_rejects_a_version_that_serves_before_its_canary_has_baked() {
    let with_canary = |code: u8| {
        let mut desired = api(&["west"], code, 1, &[]);
        let version = json!({ "$ref": Address::regional("west", "version"), "output": "id" });
        let canary = desired.add(Address::of::<Canary>("west"), Path::root(), &json!({ "to": version }));
        let trial = desired.add(Address::of::<Probe>("west").key("canary"), Path::root(), &json!({}));
        desired.order(&canary, &Address::regional("west", "check"));
        desired.order(&trial, &canary);
        desired.order(&Address::regional("west", "alias"), &trial);
        desired.rollout.bake = Duration::from_secs(60);
        desired
    };
    let (desired, ledger) = (with_canary(2), applied(&with_canary(1)));
    let safe = plan(&desired, &ledger);
    let alias = safe.steps.iter().position(|step| step.address == Address::regional("west", "alias")).expect("a step");
    let trial = Address::regional("west", "probe").key("canary");
    let trial = safe.steps.iter().position(|step| step.address == trial).expect("a step");
    assert_eq!(safe.steps[alias].after[&trial], desired.rollout.bake);
    let mut hasty = safe.clone();
    hasty.steps[alias].after.insert(trial, Duration::from_secs(59));
    let refused = lint(&hasty, Some(&desired), &ledger, &KINDS);
    assert!(matches!(refused, Err(Unsafe::WavesOverlap { .. })), "{refused:?}");
}

/// An API whose regions are watched for a minute.
fn watched(regions: &[&str], code: u8, waves: &[&[&str]]) -> Desired {
    let mut desired = api(regions, code, 1, waves);
    for region in regions {
        let baseline = desired.add(Address::of::<Baseline>(region), Path::root(), &json!({}));
        let watch = desired.add(Address::of::<Watch>(region), Path::root(), &json!({ "code": code }));
        desired.order(&watch, &baseline);
        desired.order(&watch, &Address::regional(region, "probe"));
    }
    desired.rollout.bake = Duration::from_secs(60);
    desired
}

#[test]
fn a_watch_lasts_for_the_bake_time_and_a_baseline_precedes_the_changes() {
    let (desired, ledger) = (watched(&ALL, 2, &[&["west"]]), applied(&watched(&ALL, 1, &[])));
    let plan = plan(&desired, &ledger);
    let before = ["west/alias 60 s", "west/check 60 s", "west/probe 60 s"];
    assert_eq!(follows(&plan, "east"), [&before[..], &["west/watch"]].concat());
    let after = |kind: &str| {
        let step = step(&plan, "east", kind);
        step.after.keys().map(|at| plan.steps[*at].address.to_string()).collect::<Vec<_>>()
    };
    assert!(after("alias").contains(&"east/baseline".to_owned()), "{:?}", after("alias"));
    assert!(after("baseline").contains(&"west/watch".to_owned()), "{:?}", after("baseline"));
    assert!(after("watch").contains(&"east/probe".to_owned()), "{:?}", after("watch"));
    // Not even the state before the change is recorded while an earlier wave is watched.
    let position = |at: &str| plan.steps.iter().position(|step| step.address.to_string() == at).expect("a step");
    let mut hasty = plan.clone();
    hasty.steps[position("east/baseline")].after.clear();
    let refused = lint(&hasty, Some(&desired), &ledger, &KINDS);
    assert!(matches!(&refused, Err(Unsafe::WavesOverlap { next, .. }) if next.kind == "baseline"), "{refused:?}");
}

#[test]
fn a_watch_without_a_change_is_only_recorded() {
    let action = |desired: &Desired, ledger: &Ledger| step(&plan(desired, ledger), "west", "watch").action.clone();
    let (nothing, unwatched) = (Ledger::default(), applied(&api(&ALL, 1, 1, &[])));
    assert_eq!(action(&watched(&ALL, 1, &[]), &nothing), Action::Record, "a new API");
    assert_eq!(action(&watched(&ALL, 1, &[]), &unwatched), Action::Record, "added without a change");
    assert_eq!(action(&watched(&ALL, 2, &[]), &unwatched), Action::Create, "added with a change");
    let west = |kind: &str| Address::regional("west", kind);
    let mut ledger = applied(&watched(&ALL, 1, &[]));
    ledger.entries.get_mut(&west("watch")).expect("a watch").uncertain = true;
    assert_eq!(action(&watched(&ALL, 1, &[]), &ledger), Action::Record, "after a rollback");
    // An apply ended between a change and its watch.
    ledger.entries.get_mut(&west("watch")).expect("a watch").spec["code"] = json!(0);
    assert_eq!(action(&watched(&ALL, 1, &[]), &ledger), Action::Update(vec!["code".to_owned()]));
    ledger.entries.remove(&west("watch"));
    assert_eq!(action(&watched(&ALL, 1, &[]), &ledger), Action::Create, "its baseline was recorded");
}
