//! The state of an API: its configuration as it stands, and what its components tell.

use super::config::Config;
use super::names::Names;
use super::schema;
use super::shape::Shape;
use crate::desired::Address;
use crate::plan::View;
use crate::resources::shared::values::{attributes, complete, map, object, text};
use crate::resources::shared::{owned, status};
use crate::schema::Attr;
use crate::wire::Value;

/// The configuration with the computed attributes filled in.
///
/// As long as it is unknown which components there will be, everything that they tell is unknown.
pub(super) fn state(config: &Value, view: &View) -> Value {
    let decoded = Config::read(config).unwrap_or_default();
    let shape = Shape::of(&decoded);
    let mut all = attributes(complete(config, &schema::schema().ty()));
    let mut set = |name: &str, value: Value| all.insert(name.to_owned(), value);
    set("id", value(&decoded.name));
    set("status", status::of(view));
    for (name, value) in owned::values(view) {
        set(name, value);
    }
    match &shape {
        Some(shape) => {
            set("url", url(shape, view));
            let endpoints = shape.regions.keys().map(|region| (region.clone(), endpoint(shape, region, view)));
            set("endpoints", map(endpoints));
            set("distribution", distribution(shape, view));
            set("components", view.components_value());
        }
        None => {
            for name in ["url", "endpoints", "components"] {
                set(name, Value::Unknown);
            }
            set("distribution", if decoded.cdn.is_null() { Value::Null } else { Value::Unknown });
        }
    }
    Value::Map(all)
}

fn url(shape: &Shape, view: &View) -> Value {
    if let Some(names) = &shape.names {
        let alias = names.aliases.first().filter(|_| shape.cdn.is_some());
        return below(names, alias.unwrap_or(&names.name));
    }
    if shape.cdn.is_some() {
        return match view.output(&Address::global("distribution"), "domain_name") {
            Value::String(host) => Value::String(format!("https://{host}")),
            other => other,
        };
    }
    let first = shape.serving().first().map(|region| Address::regional(region, "http_api"));
    first.map_or(Value::Null, |address| view.output(&address, "endpoint"))
}

/// The URL of one of an API's names.
fn below(names: &Names, host: &str) -> Value {
    match &names.base_path {
        Attr::Known(path) => Value::String(format!("https://{host}/{path}")),
        Attr::Null => Value::String(format!("https://{host}")),
        Attr::Unknown => Value::Unknown,
    }
}

fn endpoint(shape: &Shape, region: &str, view: &View) -> Value {
    let output = |kind: &str, name: &str| view.output(&Address::regional(region, kind), name);
    let regional = shape.names.as_ref().filter(|names| names.regional);
    object([
        ("execute_api_url", if shape.gateway.disabled { Value::Null } else { output("http_api", "endpoint") }),
        ("pinned_url", regional.map_or(Value::Null, |names| below(names, &names.of_region(region)))),
        ("domain_target", domain_target(shape, region, view)),
        ("function_version", output("version", "number")),
        ("serving", serving(shape, region, view)),
    ])
}

fn domain_target(shape: &Shape, region: &str, view: &View) -> Value {
    let shared = shape.names.as_ref().is_some_and(|names| names.shared.is_some());
    let address = Address::regional(region, "domain");
    view.output(&if shared { address } else { address.key("regional") }, "target")
}

/// Whether requests are sent to a region: it is meant to get some, it has answered, and what sends them is there.
fn serving(shape: &Shape, region: &str, view: &View) -> Value {
    if !shape.routes_to(region) {
        return Value::Bool(false);
    }
    let shared = shape.names.as_ref().and_then(|names| names.shared.as_ref());
    let sender = match shared {
        Some(name) => Some((Address::global("record").key(name), "name")),
        None => shape.cdn.as_ref().map(|_| (Address::global("distribution"), "id")),
    };
    let needed = [Some((Address::regional(region, "probe"), "host")), sender];
    let seen: Vec<Value> = needed.iter().flatten().map(|(address, output)| view.output(address, output)).collect();
    if seen.contains(&Value::Null) {
        Value::Bool(false)
    } else if seen.contains(&Value::Unknown) {
        Value::Unknown
    } else {
        Value::Bool(true)
    }
}

fn distribution(shape: &Shape, view: &View) -> Value {
    if shape.cdn.is_none() {
        return Value::Null;
    }
    let address = Address::global("distribution");
    object([("id", view.output(&address, "id")), ("domain_name", view.output(&address, "domain_name"))])
}

fn value(attr: &Attr<String>) -> Value {
    match attr {
        Attr::Known(value) => text(value),
        Attr::Null => Value::Null,
        Attr::Unknown => Value::Unknown,
    }
}
