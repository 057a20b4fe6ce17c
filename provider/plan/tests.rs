//! Plans of small graphs, and properties of the plans of random graphs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::desired::{Address, AddressOf, Desired, Kind, KindMeta, is_open};
use crate::wire::Path;

/// A kind that accepts any JSON as its spec. `fixed` is immutable, `to` is rolled out, `from` is not compared, `secret` is
/// secret.
struct Thing;

impl Kind for Thing {
    type Spec = Json;

    const META: KindMeta = KindMeta {
        name: "thing",
        global: true,
        immutable: &["fixed"],
        rolled_out: &["to"],
        uncompared: &["from"],
        secret: &["secret"],
        ..KindMeta::DEFAULT
    };
}

/// Knows the one kind [`Thing`]. A spec with `named` has a foreseen id: its key.
struct Things;

impl Kinds for Things {
    fn meta(&self, _: &str) -> &'static KindMeta {
        &Thing::META
    }

    fn foreseen(&self, address: &Address, spec: &Json) -> Option<Json> {
        spec.get("named")?.as_bool()?.then(|| json!({ "id": address.key }))
    }

    fn drain_period(&self, _: &str, spec: &Json) -> Duration {
        Duration::from_secs(spec.get("ttl").and_then(Json::as_u64).unwrap_or(0))
    }

    fn id(&self, _: &str, outputs: &Json) -> Option<String> {
        outputs.get("id").and_then(Json::as_str).map(str::to_owned)
    }
}

fn thing(key: &str) -> AddressOf<Thing> {
    Address::global_of().key(key)
}

fn at(key: &str) -> Address {
    thing(key).into()
}

fn graph(specs: &[(&str, Json)]) -> Desired {
    let mut desired = Desired::default();
    for (key, spec) in specs {
        desired.add(thing(key), Path::root(), spec);
    }
    desired
}

fn id_of(key: &str) -> Json {
    json!({ "$ref": at(key), "output": "id" })
}

/// The ledger after `desired` was applied to an empty account. The id of an object is its key followed by `generation`.
fn ledger_of(desired: &Desired, generation: &str) -> Ledger {
    testing::applied(
        desired,
        &Things,
        |address| json!({ "id": format!("{}{generation}", address.key.as_deref().unwrap_or_default()) }),
    )
}

/// A plan as text. Each line is a step and the steps that it follows, with the delay in brackets. Parentheses mark the
/// steps of a gate.
fn render(plan: &Plan) -> String {
    let name = |step: usize| {
        let Step { address, action, .. } = &plan.steps[step];
        let sign = match action {
            Action::Create => '+',
            Action::Update(_) => '~',
            Action::Replace(_) => '±',
            Action::Record => '·',
            Action::Delete => '-',
            Action::Release => '○',
            Action::Retire(_) => '⊖',
        };
        format!("{sign}{}", address.key.as_deref().unwrap_or_default())
    };
    let mut lines = Vec::new();
    for (position, step) in plan.steps.iter().enumerate() {
        let mut after: Vec<String> = step
            .after
            .iter()
            .map(|(before, wait)| {
                let wait = if wait.is_zero() { String::new() } else { format!("[{}s]", wait.as_secs()) };
                name(*before) + &wait
            })
            .collect();
        after.extend(step.waits_for.iter().map(|before| format!("({})", name(*before))));
        lines.push(format!("{} after {}", name(position), after.join(" ")).trim_end_matches(" after ").to_owned());
    }
    lines.join("\n")
}

fn plan(desired: &Desired, ledger: &Ledger) -> Plan {
    Plan::checked(desired, ledger, &Things).expect("no cycle")
}

#[test]
fn dependencies_are_created_first() {
    let desired = graph(&[("b", json!({ "of": id_of("a") })), ("a", json!({})), ("c", json!({ "of": id_of("b") }))]);
    assert_eq!(render(&plan(&desired, &Ledger::default())), "+a\n+b after +a\n+c after +b");
}

#[test]
fn a_rollback_points_back_to_what_still_exists() {
    let desired = graph(&[("target", json!({})), ("alias", json!({ "to": id_of("target"), "size": 1 }))]);
    let before = ledger_of(&desired, "1");
    let mut now = ledger_of(&desired, "2");
    now.deposed = vec![(at("target"), before.entries[&at("target")].clone())];
    now.entries.get_mut(&at("alias")).expect("an entry").spec["size"] = json!(2);

    let back = BTreeMap::from([(at("alias"), json!({ "to": "target1", "size": 2 }))]);
    assert_eq!(rollback(&before, &now, &Things), back);
    assert_eq!(rollback(&before, &before, &Things), BTreeMap::new(), "nothing was moved");
    assert_eq!(rollback(&Ledger::default(), &now, &Things), BTreeMap::new(), "the alias was created");
    let mut lost = before.clone();
    lost.entries.get_mut(&at("alias")).expect("an entry").uncertain = true;
    assert_eq!(rollback(&before, &lost, &Things).len(), 1, "an update whose reply was lost may have taken effect");
    let mut added = before.clone();
    let target = added.entries.get_mut(&at("target")).expect("an entry");
    target.spec["to"] = json!("elsewhere");
    let back = BTreeMap::from([(at("target"), json!({}))]);
    assert_eq!(rollback(&before, &added, &Things), back, "a field that was omitted is omitted again");
    now.deposed.clear();
    assert_eq!(rollback(&before, &now, &Things), BTreeMap::new(), "the target is gone");
}

#[test]
fn a_difference_in_an_uncompared_field_needs_no_step() {
    let desired = graph(&[("a", json!({ "from": "here" })), ("b", json!({ "of": id_of("a") }))]);
    let elsewhere = graph(&[("a", json!({ "from": "there" })), ("b", json!({ "of": id_of("a") }))]);
    assert!(plan(&desired, &ledger_of(&elsewhere, "")).is_empty());
}

/// Knows one kind, whose components are checks.
const CHECKS: testing::Facts = testing::Facts(&[&KindMeta { name: "thing", is_check: true, ..KindMeta::DEFAULT }]);

#[test]
fn a_check_that_passed_is_compared_in_the_fields_of_the_ledger() {
    let to = json!({ "version": 1, "expected": "ok" });
    let changed = |from: Json| !change(&from, &to, &at("check"), &CHECKS).is_keep();
    assert!(!changed(to.clone()));
    assert!(!changed(json!({ "version": 1 })), "an earlier release did not record the field");
    assert!(changed(json!({ "version": 1, "expected": null })));
    assert!(changed(json!({ "version": 2 })));
}

#[test]
fn a_gated_part_waits_for_its_gate_without_depending_on_it() {
    let gated = json!({ "sets": { "x": { "$ready": [at("probe")], "value": 1 } } });
    let desired = graph(&[("probe", json!({})), ("record", gated)]);
    assert_eq!(render(&plan(&desired, &Ledger::default())), "+probe\n+record after (+probe)");
    assert!(plan(&desired, &ledger_of(&desired, "")).is_empty());
}

#[test]
fn a_region_leaves_the_record_before_it_is_deleted() {
    let set = |key: &str| json!({ "$ready": [at(key)], "value": { "id": id_of(key) } });
    let two = graph(&[
        ("east", json!({})),
        ("west", json!({})),
        ("record", json!({ "ttl": 60, "sets": { "east": set("east"), "west": set("west") } })),
    ]);
    let one = graph(&[("east", json!({})), ("record", json!({ "ttl": 60, "sets": { "east": set("east") } }))]);
    assert_eq!(render(&plan(&one, &ledger_of(&two, ""))), "~record\n-west after ~record[60s]");
}

#[test]
fn deletions_wait_for_the_drain_period_of_an_earlier_apply() {
    let two = graph(&[("east", json!({})), ("west", json!({})), ("record", json!({ "ttl": 60, "of": id_of("east") }))]);
    let one = graph(&[("east", json!({})), ("record", json!({ "ttl": 60, "of": id_of("east") }))]);
    let not_before = |ledger: &Ledger| plan(&one, ledger).steps.iter().map(|step| step.not_before).collect::<Vec<_>>();
    let mut ledger = ledger_of(&two, "");
    assert_eq!(not_before(&ledger), [None]);
    ledger.drain_until.insert(at("west"), 1060);
    assert_eq!(not_before(&ledger), [Some(1060)]);
    ledger.rebuilt = Some(1010);
    assert_eq!(
        not_before(&ledger),
        [Some(1130)],
        "a rebuilt ledger lacks recent record changes: two drain periods cover them"
    );
    assert!(Plan::destroy(&ledger, &Things).steps.iter().all(|step| step.not_before.is_none()));
    ledger.settle(1060);
    assert!(ledger.drain_until.is_empty());
}

/// AWS does not report the former targets of a record, so any object may have been one.
#[test]
fn after_a_rebuild_every_deletion_waits_for_the_drain_period_of_a_changed_record() {
    struct Record;
    impl Kind for Record {
        const META: KindMeta = KindMeta { name: "record", global: true, ..KindMeta::DEFAULT };
        type Spec = Json;
    }
    let of = |keys: &[&str], leads: Option<Json>| {
        let specs: Vec<(&str, Json)> = keys.iter().map(|key| (*key, json!({}))).collect();
        let mut desired = graph(&specs);
        if let Some(spec) = leads {
            desired.add(Address::global_of::<Record>().key("record"), Path::root(), &spec);
        }
        desired
    };
    let both = of(&["east", "west"], Some(json!({ "ttl": 60, "of": [id_of("east"), id_of("west")] })));
    let mut ledger = ledger_of(&both, "");
    ledger.entries.values_mut().for_each(|entry| entry.depends_on.clear());
    let moved = of(&["east"], Some(json!({ "ttl": 60, "of": [id_of("east")] })));
    let gone = of(&["east"], None);
    assert_eq!(render(&plan(&moved, &ledger)), "~record\n-west after ~record");
    assert_eq!(render(&plan(&gone, &ledger)), "-record\n-west");
    ledger.rebuilt = Some(1010);
    assert_eq!(render(&plan(&moved, &ledger)), "~record\n-west after ~record[60s]");
    assert_eq!(render(&plan(&gone, &ledger)), "-record\n-west after -record[60s]");
}

/// A distribution uses the record of its origin, and is deleted before the record. So is what depends on the distribution.
#[test]
fn after_a_rebuild_what_is_deleted_before_a_record_does_not_wait_for_its_drain_period() {
    let mut ledger = rebuilt(&[
        ("record", "origin", 60, &[]),
        ("distribution", "cdn", 0, &["record/origin"]),
        ("invalidation", "cdn", 0, &["distribution/cdn"]),
        ("policy", "cache", 0, &[]),
    ]);
    let steps = |ledger: &Ledger| {
        let plan = plan(&Desired::default(), ledger);
        let name = |at: usize| plan.steps[at].address.kind.clone();
        let line = |step: &Step| {
            let after = step.after.iter().map(|(before, wait)| format!(" {}[{}s]", name(*before), wait.as_secs()));
            format!("{} after{}", step.address.kind, after.collect::<String>())
        };
        plan.steps.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        steps(&ledger),
        "distribution after invalidation[0s]\ninvalidation after\npolicy after record[60s]\nrecord after distribution[0s]"
    );
    // Of two components with a drain period, none of which depends on the other, one is deleted first.
    ledger = rebuilt(&[("record", "api", 60, &[]), ("table", "regions", 30, &[])]);
    assert_eq!(steps(&ledger), "record after table[30s]\ntable after");
}

/// An object as its kind, its key, its drain period in seconds, and the objects that it depends on.
type Found<'a> = (&'a str, &'a str, u64, &'a [&'a str]);

/// A ledger that was rebuilt from these objects.
fn rebuilt(objects: &[Found<'_>]) -> Ledger {
    let address = |kind: &str, key: &str| Address { key: Some(key.to_owned()), ..Address::global(kind) };
    let entry = |(kind, key, ttl, below): &Found<'_>| {
        let depends_on = below.iter().filter_map(|other| other.split_once('/')).map(|(kind, key)| address(kind, key));
        let spec = json!({ "ttl": ttl });
        let entry =
            Entry { spec, outputs: json!({}), depends_on: depends_on.collect(), uncertain: false, rejected: false };
        (address(kind, key), entry)
    };
    Ledger { entries: objects.iter().map(entry).collect(), rebuilt: Some(1010), ..Ledger::default() }
}

#[test]
fn a_component_that_is_ordered_last_changes_after_the_deletions() {
    let graph_with_marker = |things: &[(&str, Json)], marker: Json| {
        let mut desired = graph(things);
        let marker = desired.add(thing("marker"), Path::root(), &marker);
        desired.order_last(&marker);
        desired
    };
    let two = graph_with_marker(&[("east", json!({})), ("west", json!({}))], json!({ "of": ["east", "west"] }));
    let one = graph_with_marker(&[("east", json!({}))], json!({ "of": ["east"] }));
    assert_eq!(render(&plan(&one, &ledger_of(&two, ""))), "~marker after -west\n-west");
}

#[test]
fn a_replaced_object_is_deleted_after_its_dependents_change() {
    let old = graph(&[("check", json!({ "fixed": 30 })), ("record", json!({ "check": id_of("check") }))]);
    let new = graph(&[("check", json!({ "fixed": 10 })), ("record", json!({ "check": id_of("check") }))]);
    assert_eq!(render(&plan(&new, &ledger_of(&old, ""))), "±check\n~record after ±check\n⊖check after ±check ~record");
}

/// A thing `v` on `f`, of which two replaced objects stay, and the ledger with `replaced` objects, oldest first.
fn with_replaced(fixed: [u8; 2], replaced: &[&str]) -> (Desired, Ledger) {
    let specs = |f: u8, v: u8| [("f", json!({ "fixed": f })), ("v", json!({ "fixed": v, "of": id_of("f") }))];
    let mut ledger = ledger_of(&graph(&specs(0, 0)), "9");
    for id in replaced {
        let old = Entry { outputs: json!({ "id": id }), ..ledger.entries[&at("v")].clone() };
        ledger.deposed.push((at("v"), old));
    }
    let mut desired = graph(&specs(fixed[0], fixed[1]));
    desired.keep_replaced(&at("v"), 2);
    (desired, ledger)
}

/// The ids of the replaced objects that a plan deletes.
fn retired(plan: &Plan) -> Vec<&Json> {
    let mut ids = Vec::new();
    for step in &plan.steps {
        if let Action::Retire(old) = &step.action {
            ids.push(&old.outputs["id"]);
        }
    }
    ids
}

#[test]
fn the_last_replaced_objects_stay() {
    for (replaced, gone) in [(&["v1"][..], &[][..]), (&["v1", "v2"], &["v1"]), (&["v1", "v2", "v3"], &["v1", "v2"])] {
        let (desired, ledger) = with_replaced([0, 1], replaced);
        assert_eq!(retired(&plan(&desired, &ledger)), gone, "{replaced:?} and the current object");
    }
    let (desired, ledger) = with_replaced([0, 0], &["v1", "v2"]);
    assert!(plan(&desired, &ledger).is_empty(), "objects that stay are no change");
    let (mut desired, ledger) = with_replaced([0, 0], &["v1", "v2"]);
    desired.keep_replaced(&at("v"), 1);
    assert_eq!(retired(&plan(&desired, &ledger)), ["v1"], "fewer stay");
    assert_eq!(retired(&Plan::destroy(&ledger, &Things)), ["v1", "v2"]);
}

#[test]
fn no_replaced_object_stays_without_what_it_depends_on() {
    let (desired, ledger) = with_replaced([1, 1], &["v1"]);
    assert_eq!(retired(&plan(&desired, &ledger)), ["v1", "f9", "v9"]);
    // The lint rejects a plan in which it does.
    let mut wrong = plan(&desired, &ledger);
    let is_old = |step: &Step| matches!(&step.action, Action::Retire(old) if old.outputs["id"] == "v1");
    let at = wrong.steps.iter().position(is_old).expect("a step");
    wrong.steps.remove(at);
    for step in &mut wrong.steps {
        let after = std::mem::take(&mut step.after).into_iter().filter(|(before, _)| *before != at);
        step.after = after.map(|(before, wait)| (before - usize::from(before > at), wait)).collect();
    }
    assert!(matches!(lint(&wrong, Some(&desired), &ledger, &Things), Err(Unsafe::StillReferenced { .. })));
}

#[test]
fn a_missing_object_is_created_again_and_its_dependents_are_updated() {
    let desired = graph(&[("api", json!({})), ("other", json!({})), ("route", json!({ "api": id_of("api") }))]);
    let mut ledger = ledger_of(&desired, "");
    ledger.entries.remove(&at("api"));
    assert_eq!(render(&plan(&desired, &ledger)), "+api\n~route after +api");
}

#[test]
fn dependents_are_unchanged_when_a_missing_object_will_have_the_same_id() {
    let desired = graph(&[("group", json!({ "named": true })), ("function", json!({ "logs": id_of("group") }))]);
    let mut ledger = ledger_of(&desired, "");
    ledger.entries.remove(&at("group"));
    assert_eq!(render(&plan(&desired, &ledger)), "+group");
    // The same holds when a component in between is created again, too.
    let chain = [
        ("a", json!({ "named": true })),
        ("b", json!({ "named": true, "of": id_of("a") })),
        ("c", json!({ "of": id_of("b") })),
    ];
    let desired_chain = graph(&chain);
    let mut ledger = ledger_of(&desired_chain, "");
    ledger.entries.retain(|address, _| *address == at("c"));
    assert_eq!(render(&plan(&desired_chain, &ledger)), "+a\n+b after +a");
    // The spec of a component to be created contains no foreseen ids, because AWS has nothing to compare it with.
    let new = plan(&desired, &Ledger::default()).difference;
    assert!(is_open(&new.specs[&at("function")]));
}

#[test]
fn destroy_deletes_dependents_first_and_skips_drain_periods() {
    let desired = graph(&[("a", json!({})), ("b", json!({ "of": id_of("a"), "ttl": 60 }))]);
    let ledger = ledger_of(&desired, "");
    let mut destroy = Plan::destroy(&ledger, &Things);
    assert_eq!(render(&destroy), "-a after -b\n-b");
    assert_eq!(lint(&destroy, None, &ledger, &Things), Ok(()));
    destroy.steps[0].after.clear();
    assert_eq!(lint(&destroy, None, &ledger, &Things), Err(Unsafe::StillReferenced { gone: at("a"), user: at("b") }));
}

#[test]
fn a_preview_shows_known_revisions_and_ids() {
    let desired = graph(&[("a", json!({ "size": 1 })), ("b", json!({ "of": id_of("a") }))]);
    let new = plan(&desired, &Ledger::default());
    let view = View::planned(&new.difference, &Ledger::default(), &Things);
    assert!(!view.components[&at("a")].revision.is_unknown() && view.components[&at("b")].revision.is_unknown());
    assert!(view.components.values().all(|seen| seen.id.is_unknown()));

    let ledger = ledger_of(&desired, "");
    let kept = View::planned(&plan(&desired, &ledger).difference, &ledger, &Things);
    assert_eq!(kept.components, View::made(&ledger, &Things).components);
}

/// A random graph, in which each thing refers to some of the things before it.
fn random_graph() -> impl Strategy<Value = Vec<(String, Json)>> {
    let thing = (0..3u8, 0..2u8, proptest::collection::vec(any::<prop::sample::Index>(), 0..3), any::<bool>());
    proptest::collection::vec(thing, 1..9).prop_map(|things| {
        let spec = |(at, (size, fixed, refers, _)): (usize, &(u8, u8, Vec<prop::sample::Index>, bool))| {
            let others: BTreeSet<usize> =
                if at == 0 { BTreeSet::new() } else { refers.iter().map(|i| i.index(at)).collect() };
            let refers: BTreeMap<String, Json> =
                others.into_iter().map(|other| (format!("t{other}"), id_of(&format!("t{other}")))).collect();
            (format!("t{at}"), json!({ "size": size, "fixed": fixed, "refers": refers }))
        };
        let wanted = things.iter().enumerate().filter(|(at, thing)| *at < 2 || thing.3);
        let kept: Vec<(String, Json)> = wanted.map(spec).collect();
        let names: BTreeSet<String> = kept.iter().map(|(name, _)| name.clone()).collect();
        let drop_missing = |(name, mut spec): (String, Json)| {
            if let Some(refers) = spec["refers"].as_object_mut() {
                refers.retain(|other, _| names.contains(other));
            }
            (name, spec)
        };
        kept.into_iter().map(drop_missing).collect()
    })
}

fn graph_from(specs: &[(String, Json)]) -> Desired {
    graph(&specs.iter().map(|(name, spec)| (name.as_str(), spec.clone())).collect::<Vec<_>>())
}

proptest! {
    /// Running the steps of any plan in order ends in the desired graph, and no reference dangles in between.
    #[test]
    fn every_plan_ends_in_the_desired_graph(from in random_graph(), to in random_graph()) {
        let (from, to) = (graph_from(&from), graph_from(&to));
        let mut ledger = ledger_of(&from, "");
        let plan = plan(&to, &ledger);
        let mut done: BTreeSet<usize> = BTreeSet::new();
        while done.len() < plan.steps.len() {
            let ready = |step: &usize| {
                !done.contains(step) && plan.steps[*step].after.keys().chain(&plan.steps[*step].waits_for).all(|b| done.contains(b))
            };
            let Some(step) = (0..plan.steps.len()).rev().find(ready) else { panic!("the steps wait for each other:\n{}", render(&plan)) };
            done.insert(step);
            execute(&plan.steps[step], &to, &mut ledger);
            prop_assert!(dangling(&ledger).is_none(), "{:?} dangles after {:?}", dangling(&ledger), plan.steps[step].address);
        }
        prop_assert!(ledger.deposed.is_empty());
        prop_assert!(Plan::checked(&to, &ledger, &Things).expect("no cycle").is_empty());
    }
}

proptest! {
    /// A rebuilt ledger has a safe plan for any dependencies of the found objects, and any drain periods.
    #[test]
    fn every_rebuilt_ledger_has_a_safe_plan(
        objects in proptest::collection::vec((0..3usize, 0..2u64, any::<u16>()), 1..10),
        kept in any::<u16>(),
    ) {
        let kinds = ["record", "thing", "table"];
        let keys: Vec<String> = (0..objects.len()).map(|at| format!("t{at}")).collect();
        let names: Vec<String> = objects.iter().zip(&keys).map(|((kind, ..), key)| format!("{}/{key}", kinds[*kind])).collect();
        let mut below: Vec<Vec<&str>> = Vec::new();
        for (at, (_, _, mask)) in objects.iter().enumerate() {
            below.push((0..at).filter(|other| (mask >> other) & 1 == 1).map(|other| names[other].as_str()).collect());
        }
        let found: Vec<Found<'_>> = objects.iter().enumerate()
            .map(|(at, (kind, ttl, _))| (kinds[*kind], keys[at].as_str(), ttl * 60, below[at].as_slice()))
            .collect();
        let ledger = rebuilt(&found);
        // Some of the things stay.
        let stays = |at: &usize| objects[*at].0 == 1 && (kept >> at) & 1 == 1;
        let specs: Vec<(&str, Json)> = (0..objects.len()).filter(stays).map(|at| (found[at].1, json!({ "ttl": 0 }))).collect();
        prop_assert!(Plan::checked(&graph(&specs), &ledger, &Things).is_ok(), "{:#?}", ledger.entries);
    }
}

fn execute(step: &Step, desired: &Desired, ledger: &mut Ledger) {
    let node = desired.get(&step.address);
    match &step.action {
        Action::Delete | Action::Release => drop(ledger.entries.remove(&step.address)),
        Action::Retire(old) => {
            ledger.deposed.retain(|(address, entry)| *address != step.address || entry.outputs != old.outputs)
        }
        action => {
            let node = node.expect("the component is desired");
            let spec = resolve(&node.spec, None, ledger).spec;
            let old = ledger.entries.remove(&step.address);
            let kept = old.as_ref().map(|old| old.outputs.clone()).filter(|_| matches!(action, Action::Update(_)));
            if matches!(action, Action::Replace(_)) {
                ledger.deposed.extend(old.map(|old| (step.address.clone(), old)));
            }
            let outputs = kept.unwrap_or_else(|| json!({ "id": format!("{}'", step.address) }));
            ledger.entries.insert(
                step.address.clone(),
                Entry { spec, outputs, depends_on: node.depends_on.clone(), uncertain: false, rejected: false },
            );
        }
    }
}

/// A component that refers to the id of an object that no longer exists.
fn dangling(ledger: &Ledger) -> Option<Address> {
    let living = ledger.entries.values().chain(ledger.deposed.iter().map(|(_, entry)| entry));
    let ids: Vec<&Json> = living.map(|entry| &entry.outputs["id"]).collect();
    let refers = |entry: &Entry| {
        entry.spec["refers"].as_object().is_some_and(|refers| refers.values().any(|id| !ids.contains(&id)))
    };
    ledger.entries.iter().find(|(_, entry)| refers(entry)).map(|(address, _)| address.clone())
}

#[test]
fn a_revision_reveals_no_secret_and_is_unknown_when_only_a_secret_changes() {
    let of = |size: i64, pin: &str| graph(&[("a", json!({ "size": size, "secret": { "PIN": pin } }))]);
    let before = ledger_of(&of(1, "1234"), "");
    let revision = |view: &View| view.components[&at("a")].revision.clone();
    let planned = |desired: &Desired| revision(&View::planned(&plan(desired, &before).difference, &before, &Things));
    let shown = revision(&View::made(&before, &Things));
    assert_eq!(
        revision(&View::made(&ledger_of(&of(1, "4321"), ""), &Things)),
        shown,
        "the revision does not depend on the PIN"
    );
    assert_eq!(planned(&of(1, "1234")), shown);
    assert!(planned(&of(1, "4321")).is_unknown());
    let both = planned(&of(2, "4321"));
    assert!(both.known().is_some() && both != shown);
    let more = graph(&[("a", json!({ "size": 1, "secret": { "PIN": "1234", "B": "" } }))]);
    assert!(planned(&more).known().is_some_and(|more| Some(more) != shown.known()), "the keys of a secret map count");
}

/// A plan with every action: a record moves from one region to another, a check is replaced, and the marker changes last.
fn plan_with_every_action() -> (Desired, Ledger, Plan) {
    let set = |key: &str| json!({ "$ready": [at(key)], "value": { "id": id_of(key) } });
    let graph_in = |region: &str, fixed: u8| {
        let record = json!({ "ttl": 60, "check": id_of("check"), "sets": { region: set(region) } });
        let mut desired = graph(&[(region, json!({})), ("check", json!({ "fixed": fixed })), ("record", record)]);
        let marker = desired.add(thing("marker"), Path::root(), &json!({ "of": [region] }));
        desired.order_last(&marker);
        desired
    };
    let (from, to) = (ledger_of(&graph_in("west", 1), ""), graph_in("east", 2));
    let plan = plan(&to, &from);
    (to, from, plan)
}

#[test]
fn lint_rejects_unsafe_plans() {
    type Corruption = fn(&mut Vec<Step>, &dyn Fn(&str) -> usize);
    let cases: [(Corruption, &str); 11] = [
        (
            |steps, at| steps[at("~record")].after.clear(),
            "record would be created or changed without waiting for check",
        ),
        (
            |steps, at| steps[at("~record")].waits_for.clear(),
            "record would be created or changed without waiting for east",
        ),
        (
            |steps, at| steps[at("-west")].after.retain(|b, _| *b != at("+east")),
            "west would be deleted without waiting for east",
        ),
        (|steps, at| steps[at("-west")].after.clear(), "west would be deleted without waiting for check"),
        (
            |steps, at| steps[at("-west")].after.extend([(at("~record"), Duration::from_secs(59))]),
            "west would be deleted before the drain period of record has passed",
        ),
        (
            |steps, at| steps[at("~marker")].after.retain(|b, _| *b != at("-west")),
            "marker would be changed without waiting for west",
        ),
        (|steps, at| steps[at("±check")].after.extend([(at("⊖check"), Duration::ZERO)]), "waits for itself"),
        (|steps, at| steps[at("-west")].after.extend([(99, Duration::ZERO)]), "the step for west waits for itself"),
        (|steps, at| steps[at("⊖check")].action = Action::Delete, "check would not end as desired"),
        (|steps, at| steps[at("+east")].action = Action::Update(Vec::new()), "east would not end as desired"),
        (|steps, at| steps[at("-west")].address = super::tests::at("east"), "would not end as desired"),
    ];
    let (to, from, plan) = plan_with_every_action();
    assert_eq!(lint(&plan, Some(&to), &from, &Things), Ok(()));
    let names: Vec<String> =
        render(&plan).lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
    let at =
        |name: &str| names.iter().position(|own| own == name).unwrap_or_else(|| panic!("no step {name}: {names:?}"));
    for (corrupt, expected) in cases {
        let mut plan = plan.clone();
        corrupt(&mut plan.steps, &at);
        let refused =
            lint(&plan, Some(&to), &from, &Things).expect_err(expected).to_string().replace("global/thing/", "");
        assert!(refused.contains(expected), "{refused} instead of {expected}");
    }
}

#[test]
fn lint_requires_the_drain_period_of_an_earlier_apply() {
    let two = graph(&[("east", json!({})), ("west", json!({}))]);
    let one = graph(&[("east", json!({}))]);
    let mut ledger = ledger_of(&two, "");
    let hasty = plan(&one, &ledger);
    ledger.drain_until.insert(at("west"), 1060);
    assert!(matches!(lint(&hasty, Some(&one), &ledger, &Things), Err(Unsafe::DrainTooShort { .. })));
    assert_eq!(lint(&plan(&one, &ledger), Some(&one), &ledger, &Things), Ok(()));
    assert_eq!(
        lint(&Plan::destroy(&ledger, &Things), None, &ledger, &Things),
        Ok(()),
        "a destroy does not wait for drain periods"
    );
}
