//! What is imported wants what is there.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::super::Api;
use super::super::testing::{config, expand};
use super::TOPOLOGIES;
use crate::desired::{Address, Desired};
use crate::plan::{Seen, View};
use crate::resources::Resource;
use crate::resources::shared::values::at;
use crate::schema::{Attr, Mode};
use crate::wire::{Path, Value};

/// A spec as it is once everything exists: references have a value that names them, gates are open.
fn resolve(desired: &Desired, json: &Json) -> Json {
    match json {
        Json::Object(map) if map.contains_key("$ref") => {
            let address: Address = map["$ref"].as_str().unwrap().parse().unwrap();
            output(desired, &address, map["output"].as_str().unwrap())
        }
        Json::Object(map) => {
            let parts = map.iter().filter(|(key, _)| *key != "$ready");
            Json::Object(parts.map(|(key, of)| (key.clone(), resolve(desired, of))).collect())
        }
        Json::Array(items) => items.iter().map(|item| resolve(desired, item)).collect(),
        other => other.clone(),
    }
}

/// What AWS may have given back: what an output names in the spec, or else a text of its own.
fn output(desired: &Desired, address: &Address, name: &str) -> Json {
    let given = desired.get(address).and_then(|node| node.spec.get(name));
    let named = given.filter(|_| name != "id").map(|json| resolve(desired, json));
    named.unwrap_or_else(|| Json::String(format!("{address}.{name}")))
}

/// Everything that is wanted, as if it had been made.
pub(super) fn made(desired: &Desired) -> View {
    let names = ["id", "arn", "name", "number", "endpoint", "host", "target", "zone_id", "domain_name"];
    let seen = |address: &Address, spec: &Json| Seen {
        visible: !["completion_marker", "probe", "issued_certificate"].contains(&address.kind.as_str()),
        id: Attr::Known(format!("id of {address}")),
        revision: Attr::Known("1".to_owned()),
        spec: resolve(desired, spec),
        outputs: Attr::Known(Json::Object(
            names.iter().map(|name| ((*name).to_owned(), output(desired, address, name))).collect::<Map<_, _>>(),
        )),
    };
    let nodes = desired.nodes().iter();
    View {
        components: nodes.map(|(address, node)| (address.clone(), seen(address, &node.spec))).collect(),
        complete: Attr::Known(true),
        ownership: Attr::Null,
    }
}

#[test]
fn an_imported_api_expands_into_what_was_found() {
    for (name, hcl) in TOPOLOGIES {
        let wanted = expand(&config(hcl)).unwrap().desired;
        let view = made(&wanted);
        let Value::String(api) = at(&config(hcl), &Path::of("name")).clone() else { panic!("{name}") };
        let imported = Api.imported(&api, &view);
        assert_eq!(Api.validate(&imported), [], "{name}");
        let found = expand(&imported).unwrap().desired;
        let specs = |desired: &Desired| -> BTreeMap<String, Json> {
            desired.nodes().iter().map(|(address, node)| (address.to_string(), resolve(desired, &node.spec))).collect()
        };
        similar(name, &specs(&wanted), &specs(&found));
    }
}

fn similar(name: &str, wanted: &BTreeMap<String, Json>, found: &BTreeMap<String, Json>) {
    assert_eq!(wanted.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>(), "{name}");
    for (address, spec) in wanted {
        assert_eq!(spec, &found[address], "{name}: {address}");
    }
}

#[test]
fn an_imported_api_has_everything_that_a_configuration_could_have() {
    for (name, hcl) in TOPOLOGIES {
        let config = config(hcl);
        let view = made(&expand(&config).unwrap().desired);
        let imported = Api.imported("giraffe", &view);
        for attribute in Api.schema().attributes {
            let path = Path::of(attribute.name);
            let expected = match attribute.mode {
                Mode::Optional => *at(&config, &path) != Value::Null,
                Mode::Computed => continue,
                Mode::Required | Mode::OptionalComputed => true,
            };
            assert_eq!(*at(&imported, &path) != Value::Null, expected, "{name}: {path}");
        }
    }
}

#[test]
fn the_state_tells_where_the_api_answers() {
    let config = config(super::ACTIVE_ACTIVE);
    let view = made(&expand(&config).unwrap().desired);
    let state = Api.state(&config, &view);
    let told = |path: Path| format!("{:?}", at(&state, &path));
    assert_eq!(told(Path::of("url")), r#"String("https://api.ipgiraffe.com/v1")"#);
    assert_eq!(told(Path::of("status")), r#"String("ready")"#);
    assert_eq!(told(Path::of("distribution")), "Null");
    let serving = |region: &str| told(Path::of("endpoints").key(region).attribute("serving"));
    assert_eq!([serving("us-east-1"), serving("eu-central-1")], ["Bool(true)", "Bool(false)"]);
    let pinned = told(Path::of("endpoints").key("us-west-2").attribute("pinned_url"));
    assert_eq!(pinned, r#"String("https://us-west-2.api.ipgiraffe.com/v1")"#);
}

#[test]
fn without_a_domain_the_url_is_the_cdns_or_the_first_regions() {
    for (hcl, expected) in [
        (super::ONE_REGION, "us-east-1/http_api.endpoint"),
        (super::CDN_GROUP, "https://global/distribution.domain_name"),
    ] {
        let config = config(hcl);
        let view = made(&expand(&config).unwrap().desired);
        assert_eq!(at(&Api.state(&config, &view), &Path::of("url")), &Value::String(expected.to_owned()));
    }
}
