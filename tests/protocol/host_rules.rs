//! The checks that OpenTofu and Terraform make on the values that a provider returns.
//!
//! # Source
//! Terraform 1.11: `AssertPlanValid` and `AssertObjectCompatible` in the package `objchange`, and the checks after a
//! refresh, an apply and an import in `node_resource_abstract_instance.go`.

use std::collections::BTreeSet;

use multiregion::schema::{Attribute, Mode, Nested, Nesting, Schema, Shape};
use multiregion::wire::{Path, Value};

/// The problems that a host finds in a plan. `prior` is null for a create.
pub(crate) fn plan_problems(schema: &Schema, prior: &Value, config: &Value, planned: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    match (config, planned) {
        (Value::Null, Value::Null) => {}
        (Value::Null, _) => problems.push("planned for existence but config wants absence".to_owned()),
        (_, Value::Null) => problems.push("planned for absence but config wants existence".to_owned()),
        _ => check_plan(&schema.attributes, prior, config, planned, &Path::root(), &mut problems),
    }
    problems
}

/// The problems that a host finds in the state after an apply, or in a second plan with fewer unknown values.
pub(crate) fn result_problems(planned: &Value, actual: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    check_compatible(planned, actual, "", &mut problems);
    problems
}

/// The paths with unknown values. None is allowed after an apply, a refresh or an import.
pub(crate) fn unknown_paths(state: &Value) -> Vec<String> {
    let mut found = Vec::new();
    find_unknown(state, "", &mut found);
    found
}

fn find_unknown(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Unknown => found.push(format!("{at} is unknown")),
        Value::Map(values) => values.iter().for_each(|(key, value)| find_unknown(value, &format!("{at}.{key}"), found)),
        Value::List(items) => items.iter().for_each(|item| find_unknown(item, &format!("{at}[]"), found)),
        Value::Dynamic(_, inner) => find_unknown(inner, at, found),
        _ => {}
    }
}

/// The value of an attribute, or null when `object` is not an object.
fn get<'a>(object: &'a Value, name: &str) -> &'a Value {
    match object {
        Value::Map(values) => values.get(name).unwrap_or(&Value::Null),
        _ => &Value::Null,
    }
}

fn check_plan(
    attributes: &[Attribute],
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &Path,
    problems: &mut Vec<String>,
) {
    for attribute in attributes {
        let name = attribute.name;
        let (prior, config, planned) = (get(prior, name), get(config, name), get(planned, name));
        let path = path.attribute(name);
        if attribute.write_only {
            if *planned != Value::Null {
                problems.push(format!("{path} is write-only and planned"));
            }
            continue;
        }
        let is_computed = matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed);
        let is_kept = planned == prior && *prior != Value::Null && *config != Value::Null;
        if planned == config || (is_computed && *config == Value::Null) || is_kept {
            continue;
        } else if let Shape::Nested(nested) = &attribute.shape {
            check_nested(nested, prior, config, planned, &path, problems);
        } else {
            problems.push(format!("{path}: planned {planned:?}, configured {config:?}, was {prior:?}"));
        }
    }
}

fn check_nested(
    nested: &Nested,
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &Path,
    problems: &mut Vec<String>,
) {
    match (config, planned) {
        (_, Value::Null) => problems.push(format!("{path}: planned for absence but config wants existence")),
        (Value::Null, _) => problems.push(format!("{path}: planned for existence but config wants absence")),
        (Value::Unknown, _) => problems.push(format!("{path}: configured unknown, planned {planned:?}")),
        (_, Value::Unknown) => problems.push(format!("{path}: a nested object must not be unknown as a whole")),
        _ if nested.nesting == Nesting::Single => {
            check_plan(&nested.attributes, prior, config, planned, path, problems);
        }
        (Value::Map(configs), Value::Map(plans)) => {
            for key in configs.keys().chain(plans.keys()).collect::<BTreeSet<_>>() {
                let (Some(config), Some(planned)) = (configs.get(key), plans.get(key)) else {
                    problems.push(format!("{path}[{key:?}] is not in both the configuration and the plan"));
                    continue;
                };
                if planned != config {
                    check_nested(&single(nested), get(prior, key), config, planned, &path.key(key), problems);
                }
            }
        }
        _ => problems.push(format!("{path}: planned {planned:?}, configured {config:?}")),
    }
}

/// The schema of one object of a map.
fn single(nested: &Nested) -> Nested {
    Nested { nesting: Nesting::Single, attributes: nested.attributes.clone() }
}

fn check_compatible(planned: &Value, actual: &Value, at: &str, problems: &mut Vec<String>) {
    match (planned, actual) {
        (Value::Unknown, _) => {}
        (Value::Map(plans), Value::Map(values)) => {
            for key in plans.keys().chain(values.keys()).collect::<BTreeSet<_>>() {
                let at = format!("{at}.{key}");
                match (plans.get(key), values.get(key)) {
                    (Some(planned), Some(actual)) => check_compatible(planned, actual, &at, problems),
                    (Some(_), None) => problems.push(format!("{at} has vanished")),
                    (None, _) => problems.push(format!("{at} has appeared")),
                }
            }
        }
        (Value::List(plans), Value::List(items)) if plans.len() == items.len() => {
            plans.iter().zip(items).for_each(|(planned, actual)| check_compatible(planned, actual, at, problems));
        }
        (planned, actual) if planned != actual => problems.push(format!("{at}: was {planned:?}, but now {actual:?}")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use multiregion::wire::Type;

    fn schema() -> Schema {
        let text = || Shape::Plain(Type::String);
        let objects = |nesting| {
            let given = Attribute::new("given", text(), Mode::Optional, "Given.");
            let computed = Attribute::new("made", text(), Mode::Computed, "Made.");
            Shape::Nested(Nested { nesting, attributes: vec![given, computed] })
        };
        let list = Shape::Plain(Type::List(Box::new(Type::String)));
        let attributes = vec![
            Attribute::new("name", text(), Mode::Required, "A name."),
            Attribute::new("list", list, Mode::OptionalComputed, "A list."),
            Attribute::new("one", objects(Nesting::Single), Mode::Optional, "One."),
            Attribute::new("many", objects(Nesting::Map), Mode::Optional, "Many."),
        ];
        Schema { version: 0, description: "Some things.", attributes }
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    fn object<const N: usize>(values: [(&str, Value); N]) -> Value {
        Value::Map(values.map(|(name, value)| (name.to_owned(), value)).into())
    }

    fn refused(prior: &Value, config: &Value, planned: &Value) -> bool {
        !plan_problems(&schema(), prior, config, planned).is_empty()
    }

    #[test]
    fn a_planned_value_is_the_configured_or_the_prior_one() {
        let named = |name: &str| object([("name", text(name))]);
        assert!(!refused(&named("a"), &named("b"), &named("b")));
        assert!(!refused(&named("a"), &named("b"), &named("a")));
        assert!(refused(&named("a"), &named("b"), &named("c")));
        assert!(refused(&Value::Null, &named("b"), &Value::Null));
        assert!(refused(&named("a"), &Value::Null, &named("a")));
    }

    #[test]
    fn only_computed_attributes_may_have_a_value_of_the_provider() {
        let nothing = object([("name", text("a"))]);
        let with = |name: &str, value: Value| object([("name", text("a")), (name, value)]);
        assert!(!refused(&Value::Null, &nothing, &with("list", Value::Unknown)));
        assert!(refused(&Value::Null, &nothing, &with("one", object([]))));
        // Null is not a prior value that a plan may keep.
        assert!(refused(&nothing, &with("one", object([])), &nothing));
        let one = |given: Value, computed: Value| with("one", object([("given", given), ("computed", computed)]));
        assert!(!refused(&Value::Null, &one(text("x"), Value::Null), &one(text("x"), Value::Unknown)));
        assert!(refused(&Value::Null, &one(text("x"), Value::Null), &one(text("y"), Value::Unknown)));
        assert!(refused(&Value::Null, &one(text("x"), Value::Null), &with("one", Value::Unknown)));
        let many = |key: &str| with("many", object([(key, object([]))]));
        assert!(!refused(&Value::Null, &many("a"), &many("a")));
        assert!(refused(&Value::Null, &many("a"), &many("b")));
    }

    #[test]
    fn a_result_has_the_planned_values() {
        let computed = |value: Value| object([("computed", Value::List(vec![value]))]);
        assert!(result_problems(&computed(Value::Unknown), &computed(text("x"))).is_empty());
        for (planned, actual) in [
            (computed(text("x")), computed(text("y"))),
            (computed(Value::Null), computed(text("y"))),
            (computed(Value::Unknown), object([])),
            (object([]), computed(Value::Null)),
            (Value::List(vec![]), Value::List(vec![Value::Null])),
        ] {
            assert_eq!(result_problems(&planned, &actual).len(), 1, "{planned:?} {actual:?}");
        }
        assert_eq!(unknown_paths(&computed(Value::Unknown)), [".computed[] is unknown"]);
    }
}
