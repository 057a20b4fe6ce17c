//! The checks that OpenTofu and Terraform apply to every value that a provider returns.
//!
//! # Source
//! Terraform 1.11: `plan_valid.go` and `compatible.go` in `internal/plans/objchange`, `node_resource_abstract_instance.go`.

use std::collections::{BTreeMap, BTreeSet};

use multiregion::resources::Resource;
use multiregion::schema::{Attribute, Mode, Nested, Nesting, Shape};
use multiregion::wire::{Diagnostic, Diagnostics, Path, Value};

/// Checks that a refreshed or imported state has no unknown values.
pub(super) fn refreshed(state: &Value) -> Diagnostics {
    let unknown = unknowns(state, "");
    errors("Provider produced invalid object", unknown.iter().map(|at| format!("{at} is unknown after a refresh")))
}

/// Checks that an applied state has no unknown values, also after a failure. The host replaces them with null and keeps
/// the rest.
pub(super) fn known(applied: &mut Value) -> Diagnostics {
    let unknown = unknowns(applied, "");
    replace_unknowns(applied);
    let summary = "Provider returned invalid result object after apply";
    errors(summary, unknown.iter().map(|at| format!("{at} is unknown after the apply")))
}

/// Checks that a plan keeps what the configuration sets; it may only choose computed attributes.
pub(super) fn planned(resource: &dyn Resource, prior: &Value, config: &Value, planned: &Value) -> Diagnostics {
    let mut wrong = Vec::new();
    if config != &Value::Null {
        object(&resource.schema().attributes, [prior, config, planned], "", &mut wrong);
    }
    write_only(&resource.schema().attributes, planned, "", &mut wrong);
    errors("Provider produced invalid plan", wrong)
}

/// Checks that a successful apply returns what was planned, with a value for everything unknown.
pub(super) fn applied(planned: &Value, created: &Value) -> Diagnostics {
    let mut wrong = Vec::new();
    agrees(planned, created, "", &mut wrong);
    errors("Provider produced inconsistent result after apply", wrong)
}

fn errors(summary: &'static str, details: impl IntoIterator<Item = String>) -> Diagnostics {
    details.into_iter().map(|detail| Diagnostic::error(Path::root(), summary, detail)).collect()
}

/// The paths of unknown values.
fn unknowns(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Unknown => vec![at.to_owned()],
        Value::Map(fields) => {
            fields.iter().flat_map(|(name, value)| unknowns(value, &format!("{at}.{name}"))).collect()
        }
        Value::List(items) => items.iter().flat_map(|item| unknowns(item, at)).collect(),
        _ => Vec::new(),
    }
}

fn replace_unknowns(value: &mut Value) {
    match value {
        Value::Unknown => *value = Value::Null,
        Value::Map(fields) => fields.values_mut().for_each(replace_unknowns),
        Value::List(items) => items.iter_mut().for_each(replace_unknowns),
        _ => {}
    }
}

/// Checks the attributes of one object: prior, configured and planned.
fn object(attributes: &[Attribute], values: [&Value; 3], at: &str, wrong: &mut Vec<String>) {
    for shape in attributes {
        attribute(shape, values.map(|value| field(value, shape.name)), &format!("{at}.{}", shape.name), wrong);
    }
}

fn attribute(shape: &Attribute, values: [&Value; 3], at: &str, wrong: &mut Vec<String>) {
    let [prior, config, planned] = values;
    let is_computed = matches!(shape.mode, Mode::Computed | Mode::OptionalComputed);
    match (config, planned) {
        (_, Value::Null) if shape.write_only => {}
        (config, planned) if config == planned => {}
        (Value::Null, _) if is_computed => {}
        (Value::Null, _) => wrong.push(format!("{at} is planned for existence but config wants absence")),
        (_, Value::Null) => wrong.push(format!("{at} is planned for absence but config wants existence")),
        // The provider treats the prior and the configured value as equivalent.
        (_, planned) if planned == prior => {}
        (_, planned) => match &shape.shape {
            Shape::Nested(Nested { nesting: Nesting::Single, attributes }) if planned != &Value::Unknown => {
                object(attributes, values, at, wrong);
            }
            Shape::Nested(Nested { nesting: Nesting::Map, attributes }) if planned != &Value::Unknown => {
                for key in keys(config).union(&keys(planned)) {
                    object(attributes, values.map(|value| field(value, key)), &format!("{at}[{key:?}]"), wrong);
                }
            }
            _ => wrong.push(format!("{at} is planned as {planned:?} and configured as {config:?}")),
        },
    }
}

/// Checks that no write-only attribute of an object has a value.
fn write_only(attributes: &[Attribute], value: &Value, at: &str, wrong: &mut Vec<String>) {
    for shape in attributes {
        let (value, at) = (field(value, shape.name), format!("{at}.{}", shape.name));
        if shape.write_only && *value != Value::Null {
            wrong.push(format!("{at} is write-only and has a value in the plan"));
        }
        match &shape.shape {
            Shape::Nested(Nested { nesting: Nesting::Single, attributes }) => write_only(attributes, value, &at, wrong),
            Shape::Nested(Nested { nesting: Nesting::Map, attributes }) => {
                keys(value).iter().for_each(|key| {
                    write_only(attributes, field(value, key), &format!("{at}[{key:?}]"), wrong);
                });
            }
            _ => {}
        }
    }
}

fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    match value {
        Value::Map(fields) => fields.get(name).unwrap_or(&Value::Null),
        _ => &Value::Null,
    }
}

fn keys(value: &Value) -> BTreeSet<&str> {
    const NONE: &BTreeMap<String, Value> = &BTreeMap::new();
    let fields = if let Value::Map(fields) = value { fields } else { NONE };
    fields.keys().map(String::as_str).collect()
}

fn agrees(planned: &Value, created: &Value, at: &str, wrong: &mut Vec<String>) {
    match (planned, created) {
        (Value::Unknown, _) => {}
        (Value::Map(planned), Value::Map(created)) => {
            for name in planned.keys().chain(created.keys()).collect::<BTreeSet<_>>() {
                match (planned.get(name), created.get(name)) {
                    (Some(planned), Some(created)) => agrees(planned, created, &format!("{at}.{name}"), wrong),
                    (Some(_), None) => wrong.push(format!("{at}.{name} vanished")),
                    (None, _) => wrong.push(format!("{at}.{name} appeared")),
                }
            }
        }
        (Value::List(planned), Value::List(created)) if planned.len() == created.len() => {
            planned.iter().zip(created).for_each(|(planned, created)| agrees(planned, created, at, wrong));
        }
        (planned, created) if planned != created => wrong.push(format!("{at}: {planned:?} became {created:?}")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::world::{config, resource};
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_values_are_found_at_every_depth() {
        let mut state = Value::Map([("a".to_owned(), Value::List(vec![Value::Null, Value::Unknown]))].into());
        assert_eq!(refreshed(&state).len(), 1);
        assert_eq!(known(&mut state).len(), 1);
        assert!(refreshed(&state).is_empty());
    }

    #[test]
    fn a_plan_keeps_configured_values() {
        let zone = resource("multiregion_zone");
        let [none, some] = [json!({ "name": "a.example" }), json!({ "name": "a.example", "comment": "b" })]
            .map(|it| config(zone, &it));
        for (config, plan, wrong) in [(&none, &none, 0), (&some, &none, 1), (&none, &some, 0)] {
            assert_eq!(planned(zone, &Value::Null, config, plan).len(), wrong, "{config:?} {plan:?}");
        }
        assert!(planned(zone, &none, &some, &none).len() == 1, "an absent value differs from any value");
    }

    #[test]
    fn a_plan_contains_no_write_only_values() {
        let api = resource("multiregion_api");
        let [none, some] = [json!(null), json!("secret")].map(|value| {
            let keys = json!({ "partner": { "value_wo": value, "value_wo_version": 1 } });
            config(api, &json!({ "name": "shop", "gateway": { "api_keys": keys } }))
        });
        for (plan, wrong) in [(&none, 0), (&some, 1)] {
            assert_eq!(planned(api, &Value::Null, &some, plan).len(), wrong, "{plan:?}");
        }
    }
}
