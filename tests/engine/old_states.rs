//! States that earlier versions wrote are read to their last field. A state that cannot be read is an error, and the
//! provider changes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use multiregion::desired::Address;
use multiregion::lifecycle::{State, upgrade};
use multiregion::plan::{Entry, Ledger};
use multiregion::wire::{Diagnostic, Diagnostics, Value};
use serde_json::{Value as Json, json};

use super::changes::changes;
use super::drift::everything;
use super::world::{Subject, World};

/// The stored states: one file for each released pair of schema version and ledger format.
const STORED: &[&str] = &["schema-0-ledger-2"];

/// The record sets of a CloudFront distribution in a spec.
const CDN_RECORD: &str = r#""sets":{"cdn":"#;

/// The placeholder in a stored state for the directory of the function's code.
const SOURCE_PLACEHOLDER: &str = "@SOURCE@";

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/engine/old_states/{name}.json"))
}

/// A value as a host stores it.
fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Number(number) => serde_json::from_str(number.as_str()).expect("a number"),
        Value::String(text) => json!(text),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), to_json(value))).collect(),
        Value::Unknown | Value::Dynamic(..) => panic!("not a value of a state: {value:?}"),
    }
}

/// The repository contains a state of every version, with every kind of component. When the one of the current version
/// is missing, this test writes it and fails: review the file, commit it, and name it in [`STORED`].
#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_the_current_version_is_stored() {
    let world = World::start().await;
    let (zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let stored = |subject: &Subject| {
        let private: Json = serde_json::from_slice(&subject.state.private).expect("a ledger is JSON");
        let version = subject.resource.schema().version;
        json!({ "version": version, "value": to_json(&subject.state.value), "private": private })
    };
    let (version, format) = (api.resource.schema().version, &stored(&api)["private"]["format"]);
    let name = format!("schema-{version}-ledger-{format}");
    if STORED.contains(&name.as_str()) && file(&name).exists() {
        return;
    }
    let text =
        serde_json::to_string_pretty(&json!({ "zone": stored(&zone), "api": stored(&api) })).expect("it is JSON");
    let text = text.replace(world.source(), SOURCE_PLACEHOLDER) + "\n";
    std::fs::write(file(&name), text).expect("the file is written");
    panic!("there was no state of this version. Review and commit {name}.json, and name it in STORED");
}

/// Every text among the outputs and the ownership data, by its path in the private state.
fn texts(private: &Json) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (address, entry) in private["entries"].as_object().expect("entries") {
        collect_texts(&entry["outputs"], address, &mut texts);
    }
    collect_texts(&private["ownership"], "ownership", &mut texts);
    texts
}

fn collect_texts(json: &Json, at: &str, into: &mut BTreeMap<String, String>) {
    match json {
        Json::String(text) => drop(into.insert(at.to_owned(), text.clone())),
        Json::Object(fields) => {
            fields.iter().for_each(|(name, field)| collect_texts(field, &format!("{at}.{name}"), into))
        }
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| collect_texts(item, &format!("{at}.{n}"), into))
        }
        _ => {}
    }
}

/// A stored state in which the ids, ARNs and paths are those of the objects that exist now.
struct OldState {
    version: i64,
    value: Json,
    private: Json,
}

impl OldState {
    fn read(name: &str, what: &str, world: &World, current: [&Subject; 2]) -> Self {
        let text = std::fs::read_to_string(file(name)).expect("the stored state is there");
        let stored: Json = serde_json::from_str(&text).expect("the stored state is JSON");
        let mut replacements = BTreeMap::new();
        for (what, subject) in ["zone", "api"].into_iter().zip(current) {
            let now = texts(&serde_json::from_slice(&subject.state.private).expect("a ledger is JSON"));
            let then = texts(&stored[what]["private"]);
            let pairs = then.into_iter().filter_map(|(at, then)| Some((then, now.get(&at)?.clone())));
            replacements.extend(pairs.filter(|(then, now)| then != now));
        }
        // The longest first, because an ARN contains an id. In two passes, because an old id may be the current id of
        // another object.
        let mut replacements: Vec<(String, String)> = replacements.into_iter().collect();
        replacements.sort_by_key(|(then, _)| std::cmp::Reverse(then.len()));
        let mut text = stored[what].to_string();
        for (n, (then, _)) in replacements.iter().enumerate() {
            text = text.replace(then, &format!("@{n}@"));
        }
        for (n, (_, now)) in replacements.iter().enumerate() {
            text = text.replace(&format!("@{n}@"), now);
        }
        let stored: Json = serde_json::from_str(&text.replace(SOURCE_PLACEHOLDER, world.source())).expect("it is JSON");
        let version = stored["version"].as_i64().expect("a version");
        Self { version, value: stored["value"].clone(), private: stored["private"].clone() }
    }

    /// The same state after the first apply with this version, which adds a record of the type HTTPS to those of a distribution.
    fn with_https_records(self) -> Self {
        let text = self.private.to_string();
        let mut parts = text.split(CDN_RECORD);
        let first = parts.next().unwrap_or_default().to_owned();
        let with_https = |part: &str| part.replacen(r#""types":["A","AAAA"]"#, r#""types":["A","AAAA","HTTPS"]"#, 1);
        let text = parts.fold(first, |text, part| text + CDN_RECORD + &with_https(part));
        Self { private: serde_json::from_str(&text).expect("it is JSON"), ..self }
    }

    /// The state after `UpgradeResourceState`, which a host calls before any other operation.
    fn upgraded(&self, subject: &Subject) -> State {
        let value = upgrade(subject.resource, self.version, self.value.to_string().as_bytes());
        State { value: value.expect("the stored state is read"), private: self.private.to_string().into_bytes() }
    }
}

/// Checks that a refresh of `state` gives the current state, and that the plan is empty.
async fn assert_is_current(world: &World, current: &Subject, state: State, config: &Value) {
    let mut subject = Subject { resource: current.resource, state };
    world.local.clear_calls();
    let (planned, diagnostics) = world.plan(&mut subject, config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(comparable(&subject), comparable(current));
    let current_entries = current.ledger().entries;
    for (address, entry) in subject.ledger().entries {
        assert!(entry.depends_on.is_subset(&current_entries[&address].depends_on), "{address}: {:?}", entry.depends_on);
    }
    assert_eq!(without_changes(&subject.state.value), without_changes(&current.state.value));
    assert_eq!(planned.state.value, subject.state.value, "the plan must be empty");
    assert_no_writes(world);
}

/// The ledger of a subject without the checks of versions, the probes of custom domain names and the fields of other probes,
/// which earlier versions did not have, and without the dependencies, which later versions derive in a different way.
fn comparable(subject: &Subject) -> BTreeMap<Address, Entry> {
    let mut entries = subject.ledger().entries;
    entries.retain(|address, _| address.kind != "version_check" && (address.kind != "probe" || address.key.is_none()));
    entries.values_mut().for_each(|entry| entry.depends_on.clear());
    for (_, probe) in entries.iter_mut().filter(|(address, _)| address.kind == "probe") {
        let fields = probe.spec.as_object_mut().expect("a spec");
        fields.retain(|field, _| !["enabled", "expected", "invocation"].contains(&field.as_str()));
    }
    entries
}

/// A state without the description of the last apply, which earlier versions did not store.
fn without_changes(value: &Value) -> Value {
    let Value::Map(attributes) = value else { panic!("the state is {value:?}") };
    let mut attributes = attributes.clone();
    attributes.remove("changes");
    Value::Map(attributes)
}

fn assert_no_writes(world: &World) {
    let writes: Vec<_> = world.local.calls().into_iter().filter(|call| call.writes()).collect();
    assert!(writes.is_empty(), "{writes:#?}");
}

/// An API and its zone, each with its configuration.
async fn zone_and_api(world: &World) -> (Subject, Value, Subject, Value) {
    let (zone, mut api, config) = everything(world).await;
    world.apply(&mut api, &config).await;
    let zone_config = zone.config(&json!({ "name": "drift.example" }));
    (zone, zone_config, api, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_an_earlier_version_is_read_to_the_last_field() {
    let world = World::start().await;
    let (zone, zone_config, api, config) = zone_and_api(&world).await;
    for name in STORED {
        for (what, subject, config) in [("zone", &zone, &zone_config), ("api", &api, &config)] {
            let old = OldState::read(name, what, &world, [&zone, &api]).with_https_records();
            assert_is_current(&world, subject, old.upgraded(subject), config).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_of_an_earlier_version_changes_only_the_record_of_the_distribution() {
    let world = World::start().await;
    let (zone, _, api, config) = zone_and_api(&world).await;
    for name in STORED {
        let old = OldState::read(name, "api", &world, [&zone, &api]);
        let mut subject = Subject { resource: api.resource, state: old.upgraded(&api) };
        let (planned, diagnostics) = world.plan(&mut subject, &config).await;
        assert!(diagnostics.is_empty(), "{name}: {diagnostics:#?}");
        let lines = changes(&planned.state.value);
        let [line] = &lines[..] else { panic!("{name}: {lines:#?}") };
        assert!(line.contains("record") && line.contains("HTTPS"), "{name}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_and_fields_that_no_longer_exist_are_ignored() {
    let world = World::start().await;
    let (zone, _, api, config) = zone_and_api(&world).await;
    for name in STORED {
        let mut old = OldState::read(name, "api", &world, [&zone, &api]).with_https_records();
        old.value["a_removed_attribute"] = json!({ "some": ["thing"] });
        old.private["a_removed_field"] = json!(7);
        for entry in old.private["entries"].as_object_mut().expect("entries").values_mut() {
            // A removed output: the probe once stored the HTTP status.
            entry["outputs"]["status"] = json!(200);
        }
        assert_is_current(&world, &api, old.upgraded(&api), &config).await;
    }
}

#[test]
fn a_truncated_or_newer_state_is_refused() {
    let text = std::fs::read_to_string(file(STORED[0])).expect("the stored state is there");
    let stored: Json = serde_json::from_str(&text).expect("the stored state is JSON");
    let resource = Subject::new("multiregion_api").resource;
    let (version, json) = (resource.schema().version, stored["api"]["value"].to_string());
    assert!(upgrade(resource, version, json.as_bytes()).is_ok());
    for cut in (0..json.len()).step_by(97) {
        let diagnostics =
            upgrade(resource, version, &json.as_bytes()[..cut]).expect_err("a truncated state is refused");
        assert!(diagnostics.iter().any(Diagnostic::is_error), "truncated after {cut} bytes: {diagnostics:?}");
    }
    assert!(upgrade(resource, version + 1, json.as_bytes()).is_err());
}

/// Damaged variants of a private state; none can be read.
fn damaged(private: &[u8]) -> Vec<Vec<u8>> {
    let mut ledger: Json = serde_json::from_slice(private).expect("a ledger is JSON");
    ledger["format"] = json!(ledger["format"].as_u64().expect("a format") + 1);
    let newer = ledger.to_string().into_bytes();
    let cuts = (1..private.len()).step_by(private.len() / 20).map(|cut| private[..cut].to_vec());
    cuts.chain([newer, b"\xff\x00garbage".to_vec(), b"[]".to_vec(), b"{\"format\":2}".to_vec()]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_private_state_stops_every_operation_before_it_calls_aws() {
    let world = World::start().await;
    let (_zone, _, api, config) = zone_and_api(&world).await;
    let provider = world.provider();
    let refused = |what: &str, diagnostics: &Diagnostics| {
        let is_reported = diagnostics.iter().any(|one| one.is_error() && one.summary == "Unreadable private state");
        assert!(is_reported, "{what}: {diagnostics:#?}");
    };
    for private in damaged(&api.state.private) {
        assert!(Ledger::from_private(&private).is_err());
        let state = State { value: api.state.value.clone(), private };
        world.local.clear_calls();
        let (read, diagnostics) = provider.read(api.resource, state.clone()).await;
        refused("read", &diagnostics);
        assert_eq!(read, state);
        for to in [&config, &Value::Null] {
            let (planned, diagnostics) = provider.plan(api.resource, state.clone(), to.clone()).await;
            refused("plan", &diagnostics);
            assert_eq!(planned.state, state);
            let value = if *to == Value::Null { Value::Null } else { state.value.clone() };
            let planned = State { value, private: state.private.clone() };
            let (left, diagnostics) = provider.apply(api.resource, state.value.clone(), planned, to.clone()).await;
            refused("apply", &diagnostics);
            assert_eq!(left, state, "the state has changed");
        }
        assert!(world.local.calls().is_empty(), "AWS was called");
    }
}
