//! An imported API expands to the components that exist, and the state describes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::super::Api;
use super::super::config::Config;
use super::super::shape::Shape;
use super::super::testing::{config, expand};
use super::TOPOLOGIES;
use crate::components::Catalog;
use crate::desired::{Address, Desired};
use crate::plan::{Kinds, Seen, View};
use crate::resources::Resource;
use crate::resources::shared::values::at;
use crate::schema::{Attr, Attributes, Mode};
use crate::wire::{Path, Value};

/// A spec as deployed: references are replaced by outputs, and readiness conditions are removed.
fn resolve(desired: &Desired, json: &Json) -> Json {
    match json {
        Json::Object(map) if map.contains_key("$ref") => {
            let address: Address = map["$ref"].as_str().unwrap().parse().unwrap();
            let name = map["output"].as_str().unwrap();
            match map.get("entry") {
                Some(entry) => Json::String(format!("{address}.{name} of {entry}")),
                None => output(desired, &address, name),
            }
        }
        Json::Object(map) => {
            let parts = map.iter().filter(|(key, _)| *key != "$ready");
            Json::Object(parts.map(|(key, of)| (key.clone(), resolve(desired, of))).collect())
        }
        Json::Array(items) => items.iter().map(|item| resolve(desired, item)).collect(),
        other => other.clone(),
    }
}

/// The output of a deployed component: the spec field of the same name, or else a unique text.
fn output(desired: &Desired, address: &Address, name: &str) -> Json {
    let field = desired.get(address).and_then(|node| node.spec.get(name));
    let value = field.filter(|_| name != "id").map(|json| resolve(desired, json));
    value.unwrap_or_else(|| Json::String(format!("{address}.{name}")))
}

/// The view after all desired components were created.
pub(super) fn deployed(desired: &Desired) -> View {
    let names = ["id", "arn", "name", "number", "endpoint", "host", "target", "zone_id", "domain_name"];
    let seen = |address: &Address, spec: &Json| Seen {
        visible: Catalog::default().meta(&address.kind).visible,
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
        changes: Attr::Known(Vec::new()),
        ..View::default()
    }
}

/// A state of an earlier version has no `drained`, but `traffic` in its regions.
#[test]
fn a_region_that_an_earlier_version_drained_is_not_serving() {
    let state = config(
        r#"
        name     = "giraffe"
        regions  = { "us-east-1" = {}, "us-west-2" = { traffic = "drained" } }
        function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
        "#,
    );
    let shape = Shape::of(&Config::read(&state)).unwrap();
    assert_eq!(shape.serving(), ["us-east-1"]);
}

#[test]
fn imported_api_expands_to_the_existing_components() {
    // AWS holds the content of a REST API, but neither the routes nor the document that it was made from.
    for (name, hcl) in TOPOLOGIES.into_iter().filter(|(name, _)| !name.contains("REST")) {
        let expected = expand(&config(hcl)).unwrap().desired;
        let view = deployed(&expected);
        let Value::String(api) = at(&config(hcl), &Path::of("name")).clone() else { panic!("{name}") };
        let imported = Api.imported(&api, &view);
        assert_eq!(Api.validate(&imported), [], "{name}");
        let actual = expand(&imported).unwrap().desired;
        let specs = |desired: &Desired| -> BTreeMap<String, Json> {
            desired.nodes().iter().map(|(address, node)| (address.to_string(), resolve(desired, &node.spec))).collect()
        };
        assert_same_specs(name, &specs(&expected), &specs(&actual));
    }
}

fn assert_same_specs(name: &str, expected: &BTreeMap<String, Json>, actual: &BTreeMap<String, Json>) {
    assert_eq!(expected.keys().collect::<Vec<_>>(), actual.keys().collect::<Vec<_>>(), "{name}");
    for (address, spec) in expected {
        assert_eq!(spec, &actual[address], "{name}: {address}");
    }
}

#[test]
fn imported_api_sets_every_configured_attribute() {
    for (name, hcl) in TOPOLOGIES {
        let config = config(hcl);
        let view = deployed(&expand(&config).unwrap().desired);
        let imported = Api.imported("giraffe", &view);
        for attribute in &Api.schema().attributes {
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
fn state_contains_the_urls_and_the_serving_regions() {
    let config = config(super::ACTIVE_ACTIVE);
    let view = deployed(&expand(&config).unwrap().desired);
    let state = Api.state(&config, &view);
    let shown = |path: Path| format!("{:?}", at(&state, &path));
    assert_eq!(shown(Path::of("url")), r#"String("https://api.ipgiraffe.com/v1")"#);
    assert_eq!(shown(Path::of("status")), r#"String("ready")"#);
    assert_eq!(shown(Path::of("distribution")), "Null");
    let serving = |region: &str| shown(Path::of("endpoints").key(region).attribute("serving"));
    assert_eq!([serving("us-east-1"), serving("eu-central-1")], ["Bool(true)", "Bool(false)"]);
    let pinned = shown(Path::of("endpoints").key("us-west-2").attribute("pinned_url"));
    assert_eq!(pinned, r#"String("https://us-west-2.api.ipgiraffe.com/v1")"#);
}

#[test]
fn url_without_a_domain_is_that_of_the_distribution_or_the_first_region() {
    for (hcl, expected) in [
        (super::ONE_REGION, "us-east-1/http_api.endpoint"),
        (super::CDN_GROUP, "https://global/distribution.domain_name"),
    ] {
        let config = config(hcl);
        let view = deployed(&expand(&config).unwrap().desired);
        assert_eq!(at(&Api.state(&config, &view), &Path::of("url")), &Value::String(expected.to_owned()));
    }
}
