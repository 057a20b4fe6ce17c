//! States of the past: what an earlier version kept is read to its last field; what cannot be read is an error, and
//! nothing is touched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use multiregion::lifecycle::{State, upgrade};
use multiregion::plan::Ledger;
use multiregion::wire::{Diagnostic, Diagnostics, Value};
use serde_json::{Value as Json, json};

use super::drift::everything;
use super::world::{Subject, World};

/// The states that are kept, one file for each version of a schema or of the ledger that was ever released.
const KEPT: &[&str] = &["schema-0-ledger-2"];

/// What stands in a kept state for the folder of the function's code.
const SOURCE: &str = "@SOURCE@";

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/engine/past/{name}.json"))
}

/// A value as the host keeps it.
fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Number(number) => serde_json::from_str(number.as_str()).expect("a number"),
        Value::String(text) => json!(text),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), to_json(value))).collect(),
        Value::Unknown | Value::Dynamic(..) => panic!("no state has this: {value:?}"),
    }
}

/// A state of every version stands in the repository, with everything of that version in it: one of today's is written where
/// there is none, to be looked at, committed and named in [`KEPT`].
#[tokio::test(flavor = "multi_thread")]
async fn todays_state_is_kept() {
    let world = World::start().await;
    let (zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let kept = |subject: &Subject| {
        let private: Json = serde_json::from_slice(&subject.state.private).expect("a ledger is JSON");
        let version = subject.resource.schema().version;
        json!({ "version": version, "value": to_json(&subject.state.value), "private": private })
    };
    let (version, format) = (api.resource.schema().version, &kept(&api)["private"]["format"]);
    let name = format!("schema-{version}-ledger-{format}");
    if KEPT.contains(&name.as_str()) && file(&name).exists() {
        return;
    }
    let text = serde_json::to_string_pretty(&json!({ "zone": kept(&zone), "api": kept(&api) })).expect("it is JSON");
    let text = text.replace(world.source(), SOURCE) + "\n";
    std::fs::write(file(&name), text).expect("the file is written");
    panic!("there was no state of this version: {name}.json is one now; commit it, and name it in KEPT");
}

/// Every text that AWS gave back, by component and output.
fn given(private: &Json) -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    for (address, entry) in private["entries"].as_object().expect("entries") {
        gather(&entry["outputs"], address, &mut given);
    }
    gather(&private["ownership"], "ownership", &mut given);
    given
}

fn gather(json: &Json, at: &str, into: &mut BTreeMap<String, String>) {
    match json {
        Json::String(text) => drop(into.insert(at.to_owned(), text.clone())),
        Json::Object(fields) => fields.iter().for_each(|(name, field)| gather(field, &format!("{at}.{name}"), into)),
        Json::Array(items) => items.iter().enumerate().for_each(|(n, item)| gather(item, &format!("{at}.{n}"), into)),
        _ => {}
    }
}

/// A kept state, and what it was made of: as if the objects that it tells of were those that exist now.
struct Past {
    version: i64,
    value: Json,
    private: Json,
}

impl Past {
    fn read(name: &str, what: &str, world: &World, living: [&Subject; 2]) -> Self {
        let text = std::fs::read_to_string(file(name)).expect("the kept state is there");
        let kept: Json = serde_json::from_str(&text).expect("the kept state is JSON");
        let mut told = BTreeMap::new();
        for (what, subject) in ["zone", "api"].into_iter().zip(living) {
            let now = given(&serde_json::from_slice(&subject.state.private).expect("a ledger is JSON"));
            let then = given(&kept[what]["private"]);
            let pairs = then.into_iter().filter_map(|(at, then)| Some((then, now.get(&at)?.clone())));
            told.extend(pairs.filter(|(then, now)| then != now));
        }
        // The longest first, for an ARN holds an id; and all at once, for an id of then may be another's now.
        let mut told: Vec<(String, String)> = told.into_iter().collect();
        told.sort_by_key(|(then, _)| std::cmp::Reverse(then.len()));
        let mut text = kept[what].to_string();
        for (n, (then, _)) in told.iter().enumerate() {
            text = text.replace(then, &format!("@{n}@"));
        }
        for (n, (_, now)) in told.iter().enumerate() {
            text = text.replace(&format!("@{n}@"), now);
        }
        let kept: Json = serde_json::from_str(&text.replace(SOURCE, world.source())).expect("it is JSON");
        let version = kept["version"].as_i64().expect("a version");
        Self { version, value: kept["value"].clone(), private: kept["private"].clone() }
    }

    /// As the host brings it before it does anything else.
    fn upgraded(&self, subject: &Subject) -> State {
        let value = upgrade(subject.resource, self.version, self.value.to_string().as_bytes());
        State { value: value.expect("it is read"), private: self.private.to_string().into_bytes() }
    }
}

/// Refreshed and planned, it comes to what is held now, and nothing is to do.
async fn goes_on(world: &World, living: &Subject, state: State, config: &Value) {
    let mut subject = Subject { resource: living.resource, state };
    world.local.clear_calls();
    let (planned, told) = world.plan(&mut subject, config).await;
    assert!(told.is_empty(), "{told:#?}");
    assert_eq!(subject.ledger().entries, living.ledger().entries);
    assert_eq!(subject.state.value, living.state.value);
    assert_eq!(planned.state.value, living.state.value, "nothing is to do");
    nothing_is_written(world);
}

fn nothing_is_written(world: &World) {
    let writes: Vec<_> = world.local.calls().into_iter().filter(|call| call.writes()).collect();
    assert!(writes.is_empty(), "{writes:#?}");
}

/// A living API and its zone.
async fn life(world: &World) -> (Subject, Value, Subject, Value) {
    let (zone, mut api, config) = everything(world).await;
    world.apply(&mut api, &config).await;
    let zone_config = zone.config(&json!({ "name": "drift.example" }));
    (zone, zone_config, api, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_kept_is_read_to_the_last_field() {
    let world = World::start().await;
    let (zone, zone_config, api, config) = life(&world).await;
    for name in KEPT {
        for (what, subject, config) in [("zone", &zone, &zone_config), ("api", &api, &config)] {
            let past = Past::read(name, what, &world, [&zone, &api]);
            goes_on(&world, subject, past.upgraded(subject), config).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_any_more_is_left_out() {
    let world = World::start().await;
    let (zone, _, api, config) = life(&world).await;
    for name in KEPT {
        let mut past = Past::read(name, "api", &world, [&zone, &api]);
        past.value["an_attribute_of_before"] = json!({ "some": ["thing"] });
        past.private["a_field_of_before"] = json!(7);
        for entry in past.private["entries"].as_object_mut().expect("entries").values_mut() {
            // As the probe once kept the status that it had seen.
            entry["outputs"]["status"] = json!(200);
        }
        goes_on(&world, &api, past.upgraded(&api), &config).await;
    }
}

#[test]
fn a_state_that_is_cut_or_newer_is_refused() {
    let text = std::fs::read_to_string(file(KEPT[0])).expect("the kept state is there");
    let kept: Json = serde_json::from_str(&text).expect("the kept state is JSON");
    let resource = Subject::new("multiregion_api").resource;
    let (version, json) = (resource.schema().version, kept["api"]["value"].to_string());
    assert!(upgrade(resource, version, json.as_bytes()).is_ok());
    for cut in (0..json.len()).step_by(97) {
        let told = upgrade(resource, version, &json.as_bytes()[..cut]).expect_err("a cut state is no state");
        assert!(told.iter().any(Diagnostic::is_error), "cut after {cut} bytes: {told:?}");
    }
    assert!(upgrade(resource, version + 1, json.as_bytes()).is_err());
}

/// What a private state may have become, none of which can be read.
fn unreadable(private: &[u8]) -> Vec<Vec<u8>> {
    let mut ledger: Json = serde_json::from_slice(private).expect("a ledger is JSON");
    ledger["format"] = json!(ledger["format"].as_u64().expect("a format") + 1);
    let newer = ledger.to_string().into_bytes();
    let cuts = (1..private.len()).step_by(private.len() / 20).map(|cut| private[..cut].to_vec());
    cuts.chain([newer, b"\xff\x00garbage".to_vec(), b"[]".to_vec(), b"{\"format\":2}".to_vec()]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_state_that_cannot_be_read_stops_everything_and_nothing_is_touched() {
    let world = World::start().await;
    let (_zone, _, api, config) = life(&world).await;
    let provider = world.provider();
    let refused = |what: &str, told: &Diagnostics| {
        let clear = told.iter().any(|told| told.is_error() && told.summary == "Unreadable private state");
        assert!(clear, "{what}: {told:#?}");
    };
    for private in unreadable(&api.state.private) {
        assert!(Ledger::from_private(&private).is_err());
        let state = State { value: api.state.value.clone(), private };
        world.local.clear_calls();
        let (read, told) = provider.read(api.resource, state.clone()).await;
        refused("read", &told);
        assert_eq!(read, state);
        for to in [&config, &Value::Null] {
            let (planned, told) = provider.plan(api.resource, state.clone(), to.clone()).await;
            refused("plan", &told);
            assert_eq!(planned.state, state);
            let value = if *to == Value::Null { Value::Null } else { state.value.clone() };
            let planned = State { value, private: state.private.clone() };
            let (left, told) = provider.apply(api.resource, state.value.clone(), planned, to.clone()).await;
            refused("apply", &told);
            assert_eq!(left, state, "the state stays as it is");
        }
        assert!(world.local.calls().is_empty(), "AWS is not even asked");
    }
}
