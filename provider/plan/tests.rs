//! Plans of small graphs, and what holds for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::desired::{Address, AddressOf, Desired, Kind, KindMeta, is_open};
use crate::wire::Path;

/// A kind whose spec is whatever a test needs. `fixed` cannot change, `from` does not count.
struct Thing;

impl Kind for Thing {
    type Spec = Json;

    const META: KindMeta = KindMeta {
        name: "thing",
        global: true,
        immutable: &["fixed"],
        uncompared: &["from"],
        secret: &["secret"],
        ..KindMeta::DEFAULT
    };
}

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

fn wants(specs: &[(&str, Json)]) -> Desired {
    let mut desired = Desired::default();
    for (key, spec) in specs {
        desired.add(thing(key), Path::root(), spec);
    }
    desired
}

fn id_of(key: &str) -> Json {
    json!({ "$ref": at(key), "output": "id" })
}

/// The ledger after `desired` was made; every object's id is its key and `generation`.
fn made(desired: &Desired, generation: &str) -> Ledger {
    let mut ledger = Ledger { complete: true, ..Ledger::default() };
    let order = diff(desired, &ledger, &Things).expect("no cycle").order;
    for address in order {
        let node = desired.get(&address).expect("wanted");
        let spec = resolve(&node.spec, None, &Made(&ledger)).spec;
        let outputs = json!({ "id": format!("{}{generation}", address.key.as_deref().unwrap_or_default()) });
        let depends_on = node.depends_on.union(&node.waits_for).cloned().collect();
        ledger.entries.insert(address, Entry { spec, outputs, depends_on, uncertain: false });
    }
    ledger
}

struct Made<'a>(&'a Ledger);

impl Scene for Made<'_> {
    fn output(&self, reference: &crate::desired::Reference) -> Option<Json> {
        self.0.entries.get(&reference.address)?.outputs.get(&reference.output).cloned()
    }

    fn is_ready(&self, address: &Address) -> bool {
        self.0.entries.contains_key(address)
    }
}

/// A plan as text: each step with the steps it comes after and, in brackets, how long after.
fn text(plan: &Plan) -> String {
    let name = |step: usize| {
        let Step { address, action, .. } = &plan.steps[step];
        let sign = match action {
            Action::Create => '+',
            Action::Update(_) => '~',
            Action::Replace(_) => '±',
            Action::Delete => '-',
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
fn what_is_referred_to_comes_first() {
    let desired = wants(&[("b", json!({ "of": id_of("a") })), ("a", json!({})), ("c", json!({ "of": id_of("b") }))]);
    assert_eq!(text(&plan(&desired, &Ledger::default())), "+a\n+b after +a\n+c after +b");
}

#[test]
fn nothing_is_done_when_nothing_differs() {
    let desired = wants(&[("a", json!({ "from": "here" })), ("b", json!({ "of": id_of("a") }))]);
    let elsewhere = wants(&[("a", json!({ "from": "there" })), ("b", json!({ "of": id_of("a") }))]);
    assert!(plan(&desired, &made(&elsewhere, "")).is_empty());
}

#[test]
fn a_gate_is_waited_for_and_not_depended_on() {
    let gated = json!({ "sets": { "x": { "$ready": [at("probe")], "value": 1 } } });
    let desired = wants(&[("probe", json!({})), ("record", gated)]);
    assert_eq!(text(&plan(&desired, &Ledger::default())), "+probe\n+record after (+probe)");
    assert!(plan(&desired, &made(&desired, "")).is_empty());
}

#[test]
fn a_region_is_taken_out_of_the_record_before_it_goes() {
    let set = |key: &str| json!({ "$ready": [at(key)], "value": { "id": id_of(key) } });
    let two = wants(&[
        ("east", json!({})),
        ("west", json!({})),
        ("record", json!({ "ttl": 60, "sets": { "east": set("east"), "west": set("west") } })),
    ]);
    let one = wants(&[("east", json!({})), ("record", json!({ "ttl": 60, "sets": { "east": set("east") } }))]);
    assert_eq!(text(&plan(&one, &made(&two, ""))), "~record\n-west after ~record[60s]");
}

#[test]
fn what_was_withdrawn_by_an_earlier_apply_is_still_waited_for() {
    let two = wants(&[("east", json!({})), ("west", json!({})), ("record", json!({ "ttl": 60, "of": id_of("east") }))]);
    let one = wants(&[("east", json!({})), ("record", json!({ "ttl": 60, "of": id_of("east") }))]);
    let not_before = |ledger: &Ledger| plan(&one, ledger).steps.iter().map(|step| step.not_before).collect::<Vec<_>>();
    let mut ledger = made(&two, "");
    assert_eq!(not_before(&ledger), [None]);
    ledger.drain_until.insert(at("west"), 1060);
    assert_eq!(not_before(&ledger), [Some(1060)]);
    ledger.rebuilt = Some(1010);
    assert_eq!(not_before(&ledger), [Some(1130)], "nobody knows what was withdrawn just before, nor who knew of it");
    assert!(Plan::destroy(&ledger, &Things).steps.iter().all(|step| step.not_before.is_none()));
    ledger.settle(1060);
    assert!(ledger.drain_until.is_empty());
}

/// AWS does not tell what a record led to; it may have been anything.
#[test]
fn what_a_rebuilt_record_may_have_led_to_outlives_it() {
    struct Record;
    impl Kind for Record {
        const META: KindMeta = KindMeta { name: "record", global: true, ..KindMeta::DEFAULT };
        type Spec = Json;
    }
    let of = |keys: &[&str], leads: Option<Json>| {
        let specs: Vec<(&str, Json)> = keys.iter().map(|key| (*key, json!({}))).collect();
        let mut desired = wants(&specs);
        if let Some(spec) = leads {
            desired.add(Address::global_of::<Record>().key("record"), Path::root(), &spec);
        }
        desired
    };
    let both = of(&["east", "west"], Some(json!({ "ttl": 60, "of": [id_of("east"), id_of("west")] })));
    let mut ledger = made(&both, "");
    ledger.entries.values_mut().for_each(|entry| entry.depends_on.clear());
    let moved = of(&["east"], Some(json!({ "ttl": 60, "of": [id_of("east")] })));
    let gone = of(&["east"], None);
    assert_eq!(text(&plan(&moved, &ledger)), "~record\n-west after ~record");
    assert_eq!(text(&plan(&gone, &ledger)), "-record\n-west");
    ledger.rebuilt = Some(1010);
    assert_eq!(text(&plan(&moved, &ledger)), "~record\n-west after ~record[60s]");
    assert_eq!(text(&plan(&gone, &ledger)), "-record\n-west after -record[60s]");
}

#[test]
fn what_is_last_comes_after_the_removals() {
    let wants_last = |things: &[(&str, Json)], marker: Json| {
        let mut desired = wants(things);
        let marker = desired.add(thing("marker"), Path::root(), &marker);
        desired.order_last(&marker);
        desired
    };
    let two = wants_last(&[("east", json!({})), ("west", json!({}))], json!({ "of": ["east", "west"] }));
    let one = wants_last(&[("east", json!({}))], json!({ "of": ["east"] }));
    assert_eq!(text(&plan(&one, &made(&two, ""))), "~marker after -west\n-west");
}

#[test]
fn a_replaced_object_goes_last() {
    let old = wants(&[("check", json!({ "fixed": 30 })), ("record", json!({ "check": id_of("check") }))]);
    let new = wants(&[("check", json!({ "fixed": 10 })), ("record", json!({ "check": id_of("check") }))]);
    assert_eq!(text(&plan(&new, &made(&old, ""))), "±check\n~record after ±check\n⊖check after ±check ~record");
}

#[test]
fn what_was_deleted_behind_our_back_is_made_again_and_what_refers_to_it_changed() {
    let desired = wants(&[("api", json!({})), ("other", json!({})), ("route", json!({ "api": id_of("api") }))]);
    let mut ledger = made(&desired, "");
    ledger.entries.remove(&at("api"));
    assert_eq!(text(&plan(&desired, &ledger)), "+api\n~route after +api");
}

#[test]
fn what_refers_to_a_name_that_will_be_the_same_again_is_not_touched() {
    let desired = wants(&[("group", json!({ "named": true })), ("function", json!({ "logs": id_of("group") }))]);
    let mut ledger = made(&desired, "");
    ledger.entries.remove(&at("group"));
    assert_eq!(text(&plan(&desired, &ledger)), "+group");
    // Through others that are made again, too.
    let chain = [
        ("a", json!({ "named": true })),
        ("b", json!({ "named": true, "of": id_of("a") })),
        ("c", json!({ "of": id_of("b") })),
    ];
    let desired_chain = wants(&chain);
    let mut ledger = made(&desired_chain, "");
    ledger.entries.retain(|address, _| *address == at("c"));
    assert_eq!(text(&plan(&desired_chain, &ledger)), "+a\n+b after +a");
    // What is new is told nothing that was foreseen: nothing is looked for that cannot be there.
    let new = plan(&desired, &Ledger::default()).difference;
    assert!(is_open(&new.specs[&at("function")]));
}

#[test]
fn destroy_goes_the_other_way_and_waits_for_no_resolver() {
    let desired = wants(&[("a", json!({})), ("b", json!({ "of": id_of("a"), "ttl": 60 }))]);
    let ledger = made(&desired, "");
    let mut destroy = Plan::destroy(&ledger, &Things);
    assert_eq!(text(&destroy), "-a after -b\n-b");
    assert_eq!(lint(&destroy, None, &ledger, &Things), Ok(()));
    destroy.steps[0].after.clear();
    assert_eq!(lint(&destroy, None, &ledger, &Things), Err(Unsafe::StillReferenced { gone: at("a"), user: at("b") }));
}

#[test]
fn a_preview_tells_what_is_known() {
    let desired = wants(&[("a", json!({ "size": 1 })), ("b", json!({ "of": id_of("a") }))]);
    let new = plan(&desired, &Ledger::default());
    let view = View::planned(&new.difference, &Ledger::default(), &Things);
    assert!(!view.components[&at("a")].revision.is_unknown() && view.components[&at("b")].revision.is_unknown());
    assert!(view.components.values().all(|seen| seen.id.is_unknown()));

    let ledger = made(&desired, "");
    let kept = View::planned(&plan(&desired, &ledger).difference, &ledger, &Things);
    assert_eq!(kept.components, View::made(&ledger, &Things).components);
}

/// A random graph: each thing refers to some of those before it.
fn graphs() -> impl Strategy<Value = Vec<(String, Json)>> {
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

fn wants_all(specs: &[(String, Json)]) -> Desired {
    wants(&specs.iter().map(|(name, spec)| (name.as_str(), spec.clone())).collect::<Vec<_>>())
}

proptest! {
    /// Run in order, the steps of any plan end in the wanted graph, and nothing is ever missing that is referred to.
    #[test]
    fn every_plan_leads_to_what_is_wanted(from in graphs(), to in graphs()) {
        let (from, to) = (wants_all(&from), wants_all(&to));
        let mut ledger = made(&from, "");
        let plan = plan(&to, &ledger);
        let mut done: BTreeSet<usize> = BTreeSet::new();
        while done.len() < plan.steps.len() {
            let ready = |step: &usize| {
                !done.contains(step) && plan.steps[*step].after.keys().chain(&plan.steps[*step].waits_for).all(|b| done.contains(b))
            };
            let Some(step) = (0..plan.steps.len()).rev().find(ready) else { panic!("the steps wait for each other:\n{}", text(&plan)) };
            done.insert(step);
            run(&plan.steps[step], &to, &mut ledger);
            prop_assert!(dangling(&ledger).is_none(), "{:?} dangles after {:?}", dangling(&ledger), plan.steps[step].address);
        }
        prop_assert!(ledger.deposed.is_empty());
        prop_assert!(Plan::checked(&to, &ledger, &Things).expect("no cycle").is_empty());
    }
}

fn run(step: &Step, desired: &Desired, ledger: &mut Ledger) {
    let node = desired.get(&step.address);
    match &step.action {
        Action::Delete => drop(ledger.entries.remove(&step.address)),
        Action::Retire(old) => {
            ledger.deposed.retain(|(address, entry)| *address != step.address || entry.outputs != old.outputs)
        }
        action => {
            let node = node.expect("wanted");
            let spec = resolve(&node.spec, None, &Made(ledger)).spec;
            let old = ledger.entries.remove(&step.address);
            let kept = old.as_ref().map(|old| old.outputs.clone()).filter(|_| matches!(action, Action::Update(_)));
            if matches!(action, Action::Replace(_)) {
                ledger.deposed.extend(old.map(|old| (step.address.clone(), old)));
            }
            let outputs = kept.unwrap_or_else(|| json!({ "id": format!("{}'", step.address) }));
            ledger.entries.insert(
                step.address.clone(),
                Entry { spec, outputs, depends_on: node.depends_on.clone(), uncertain: false },
            );
        }
    }
}

/// A living component that refers to the id of an object which is gone.
fn dangling(ledger: &Ledger) -> Option<Address> {
    let living = ledger.entries.values().chain(ledger.deposed.iter().map(|(_, entry)| entry));
    let ids: Vec<&Json> = living.map(|entry| &entry.outputs["id"]).collect();
    let refers = |entry: &Entry| {
        entry.spec["refers"].as_object().is_some_and(|refers| refers.values().any(|id| !ids.contains(&id)))
    };
    ledger.entries.iter().find(|(_, entry)| refers(entry)).map(|(address, _)| address.clone())
}

#[test]
fn a_revision_tells_no_secret_and_a_plan_that_one_changes() {
    let of = |size: i64, pin: &str| wants(&[("a", json!({ "size": size, "secret": { "PIN": pin } }))]);
    let before = made(&of(1, "1234"), "");
    let revision = |view: &View| view.components[&at("a")].revision.clone();
    let planned = |desired: &Desired| revision(&View::planned(&plan(desired, &before).difference, &before, &Things));
    let shown = revision(&View::made(&before, &Things));
    assert_eq!(revision(&View::made(&made(&of(1, "4321"), ""), &Things)), shown, "the PIN cannot be guessed from it");
    assert_eq!(planned(&of(1, "1234")), shown);
    assert!(planned(&of(1, "4321")).is_unknown());
    let both = planned(&of(2, "4321"));
    assert!(both.known().is_some() && both != shown);
    let more = wants(&[("a", json!({ "size": 1, "secret": { "PIN": "1234", "B": "" } }))]);
    assert!(planned(&more).known().is_some_and(|more| Some(more) != shown.known()), "a name is no secret");
}

/// A plan with a bit of everything: a record turns from one region to another, a check is replaced, the marker comes last.
fn eventful() -> (Desired, Ledger, Plan) {
    let set = |key: &str| json!({ "$ready": [at(key)], "value": { "id": id_of(key) } });
    let wants_with = |region: &str, fixed: u8| {
        let record = json!({ "ttl": 60, "check": id_of("check"), "sets": { region: set(region) } });
        let mut desired = wants(&[(region, json!({})), ("check", json!({ "fixed": fixed })), ("record", record)]);
        let marker = desired.add(thing("marker"), Path::root(), &json!({ "of": [region] }));
        desired.order_last(&marker);
        desired
    };
    let (from, to) = (made(&wants_with("west", 1), ""), wants_with("east", 2));
    let plan = plan(&to, &from);
    (to, from, plan)
}

#[test]
fn a_plan_that_does_harm_is_refused() {
    type Harm = fn(&mut Vec<Step>, &dyn Fn(&str) -> usize);
    let cases: [(Harm, &str); 11] = [
        (|steps, at| steps[at("~record")].after.clear(), "record would be made without waiting for check"),
        (|steps, at| steps[at("~record")].waits_for.clear(), "record would be made without waiting for east"),
        (
            |steps, at| steps[at("-west")].after.retain(|b, _| *b != at("+east")),
            "west would be deleted without waiting for east",
        ),
        (|steps, at| steps[at("-west")].after.clear(), "west would be deleted without waiting for check"),
        (
            |steps, at| steps[at("-west")].after.extend([(at("~record"), Duration::from_secs(59))]),
            "west would be deleted while others still act on what record said",
        ),
        (
            |steps, at| steps[at("~marker")].after.retain(|b, _| *b != at("-west")),
            "marker would be done without waiting for west",
        ),
        (|steps, at| steps[at("±check")].after.extend([(at("⊖check"), Duration::ZERO)]), "waits for itself"),
        (|steps, at| steps[at("-west")].after.extend([(99, Duration::ZERO)]), "the step for west waits for itself"),
        (|steps, at| steps[at("⊖check")].action = Action::Delete, "check would not become what is wanted"),
        (|steps, at| steps[at("+east")].action = Action::Update(Vec::new()), "east would not become what is wanted"),
        (|steps, at| steps[at("-west")].address = super::tests::at("east"), "would not become what is wanted"),
    ];
    let (to, from, plan) = eventful();
    assert_eq!(lint(&plan, Some(&to), &from, &Things), Ok(()));
    let names: Vec<String> =
        text(&plan).lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
    let at =
        |name: &str| names.iter().position(|own| own == name).unwrap_or_else(|| panic!("no step {name}: {names:?}"));
    for (harm, told) in cases {
        let mut plan = plan.clone();
        harm(&mut plan.steps, &at);
        let refused = lint(&plan, Some(&to), &from, &Things).expect_err(told).to_string().replace("global/thing/", "");
        assert!(refused.contains(told), "{refused} instead of {told}");
    }
}

#[test]
fn what_resolvers_remember_of_an_earlier_apply_is_waited_for() {
    let two = wants(&[("east", json!({})), ("west", json!({}))]);
    let one = wants(&[("east", json!({}))]);
    let mut ledger = made(&two, "");
    let hasty = plan(&one, &ledger);
    ledger.drain_until.insert(at("west"), 1060);
    assert!(matches!(lint(&hasty, Some(&one), &ledger, &Things), Err(Unsafe::DrainTooShort { .. })));
    assert_eq!(lint(&plan(&one, &ledger), Some(&one), &ledger, &Things), Ok(()));
    assert_eq!(lint(&Plan::destroy(&ledger, &Things), None, &ledger, &Things), Ok(()), "nobody is to be served");
}
