//! Expansion, checks, state and import of zones.

use super::*;
use crate::plan::Seen;
use crate::resources::shared::testing::{self, NoPackages, summaries};
use crate::resources::shared::values::{at, map, object, text};

fn expand_with(config: &Value, default_tags: usize) -> Result<Expansion, Diagnostics> {
    let default_tags = (0..default_tags).map(|number| (format!("default{number}"), String::new())).collect();
    testing::expand(&Zone, config, &default_tags, &NoPackages, None)
}

fn expand(config: &Value) -> Result<Expansion, Diagnostics> {
    expand_with(config, 0)
}

fn tags(count: usize) -> Value {
    map((0..count).map(|number| (format!("own{number}"), text("x"))))
}

#[test]
fn a_zone_has_a_claim() {
    let expansion = expand(&object([("name", text("example.com"))])).unwrap();
    let addresses: Vec<String> = expansion.desired.nodes().keys().map(ToString::to_string).collect();
    assert_eq!(addresses, ["global/claim", "global/completion_marker", "global/hosted_zone"]);
    assert!(!expand(&object([("name", Value::Unknown)])).unwrap().addresses_known);
}

#[test]
fn default_tags_and_ownership_tags_count() {
    let config = object([("name", text("example.com")), ("tags", tags(6))]);
    assert!(expand_with(&config, 1).is_ok());
    assert_eq!(summaries(&expand_with(&config, 2).unwrap_err()), ["Too many tags @ tags"]);
}

#[test]
fn mistakes_are_reported_at_their_path() {
    for (config, expected) in [
        (object([("name", text("example.com."))]), "Invalid domain name @ name"),
        (object([("name", text("a.b")), ("comment", text(&"x".repeat(257)))]), "Comment too long @ comment"),
        (object([("name", text("a.b")), ("tags", tags(9))]), "Too many tags @ tags"),
        (object([]), "Missing required value @ name"),
    ] {
        assert_eq!(summaries(&Zone.validate(&config)), [expected]);
    }
}

#[test]
fn a_zone_that_was_not_created_has_no_outputs() {
    let computed = ["id", "arn", "name_servers", "tags_all"];
    let outputs = |config: &Value, view: &View| {
        let state = Zone.state(config, view);
        computed.map(|name| at(&state, &Path::of(name)).clone())
    };
    let failed = View { complete: Attr::Known(false), ..View::default() };
    assert_eq!(outputs(&object([("name", text("example.com"))]), &failed), computed.map(|_| Value::Null));
    let unknown = object([("name", Value::Unknown)]);
    assert_eq!(outputs(&unknown, &View::default()), computed.map(|_| Value::Unknown));
}

#[test]
fn the_configuration_of_an_imported_zone_describes_the_zone() {
    let desired = expand(&object([("name", text("example.com")), ("comment", text("Giraffes"))])).unwrap().desired;
    let spec = desired.get(&address()).unwrap().spec.clone();
    let outputs = serde_json::json!({ "id": "Z1", "arn": "arn:aws:route53:::hostedzone/Z1", "name_servers": ["ns1"] });
    let (id, outputs) = (Attr::Known("Z1".to_owned()), Attr::Known(outputs));
    let seen = Seen { visible: true, id, revision: Attr::Null, spec, outputs };
    let components = BTreeMap::from([(address().into(), seen)]);
    let view = View { components, complete: Attr::Known(true), ..View::default() };
    let imported = Zone.imported("example.com", &view);
    assert_eq!(expand(&imported).unwrap().desired, desired);
    assert_eq!(at(&imported, &Path::of("id")), &text("Z1"));
    assert_eq!(at(&imported, &Path::of("name_servers")), &Value::List(vec![text("ns1")]));
}
