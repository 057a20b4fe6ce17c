//! The state of an API: its configuration as it stands, and what its components tell.

use super::config::Config;
use super::front;
use super::names::Names;
use super::schema;
use super::shape::Shape;
use crate::components::apigateway::domain::{self, Domain};
use crate::components::cloudfront::distribution::{self, Distribution};
use crate::components::execute_api::probe::{self, Probe};
use crate::components::lambda::version::{self, Version};
use crate::components::route53::record::{self, Record};
use crate::desired::Address;
use crate::plan::View;
use crate::resources::shared::values::{attributes, complete, map, object, text};
use crate::resources::shared::{components, owned, status};
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
            set("components", components::value(view));
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
        return match view.output(&Address::global_of::<Distribution>(), distribution::DOMAIN_NAME) {
            Value::String(host) => Value::String(format!("https://{host}")),
            other => other,
        };
    }
    shape.serving().first().map_or(Value::Null, |region| front::endpoint(view, region))
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
    let regional = shape.names.as_ref().filter(|names| names.regional);
    object([
        ("execute_api_url", if shape.gateway.disabled { Value::Null } else { front::endpoint(view, region) }),
        ("pinned_url", regional.map_or(Value::Null, |names| below(names, &names.of_region(region)))),
        ("domain_target", domain_target(shape, region, view)),
        ("function_version", view.output(&Address::of::<Version>(region), version::NUMBER)),
        ("serving", serving(shape, region, view)),
    ])
}

fn domain_target(shape: &Shape, region: &str, view: &View) -> Value {
    let shared = shape.names.as_ref().is_some_and(|names| names.shared.is_some());
    let address = Address::of::<Domain>(region);
    view.output(&if shared { address } else { address.key("regional") }, domain::TARGET)
}

/// Whether requests are sent to a region: it is meant to get some, it has answered, and what sends them is there.
fn serving(shape: &Shape, region: &str, view: &View) -> Value {
    if !shape.routes_to(region) {
        return Value::Bool(false);
    }
    let shared = shape.names.as_ref().and_then(|names| names.shared.as_ref());
    let sender = match shared {
        Some(name) => Some(view.output(&Address::global_of::<Record>().key(name), record::NAME)),
        None => shape.cdn.as_ref().map(|_| view.output(&Address::global_of::<Distribution>(), distribution::ID)),
    };
    let probed = view.output(&Address::of::<Probe>(region), probe::HOST);
    let seen: Vec<Value> = sender.into_iter().chain([probed]).collect();
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
    let address = Address::global_of::<Distribution>();
    object([
        ("id", view.output(&address, distribution::ID)),
        ("domain_name", view.output(&address, distribution::DOMAIN_NAME)),
    ])
}

fn value(attr: &Attr<String>) -> Value {
    match attr {
        Attr::Known(value) => text(value),
        Attr::Null => Value::Null,
        Attr::Unknown => Value::Unknown,
    }
}
