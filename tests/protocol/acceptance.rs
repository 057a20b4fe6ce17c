//! What OpenTofu and Terraform accept of the values that a provider answers with.
//!
//! Read in the sources of Terraform 1.11, package `objchange`: `AssertPlanValid` and `AssertObjectCompatible`; and in
//! `node_resource_abstract_instance.go`, what is checked after a refresh, an apply and an import.

use std::collections::BTreeSet;

use multiregion::schema::{Attribute, Mode, Nested, Nesting, Schema, Shape};
use multiregion::wire::{Path, Value};

/// What a host refuses of a plan. `prior` is null for a create.
pub(crate) fn of_plan(schema: &Schema, prior: &Value, config: &Value, planned: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    match (config, planned) {
        (Value::Null, Value::Null) => {}
        (Value::Null, _) => problems.push("planned for existence but config wants absence".to_owned()),
        (_, Value::Null) => problems.push("planned for absence but config wants existence".to_owned()),
        _ => in_plan(&schema.attributes, prior, config, planned, &Path::root(), &mut problems),
    }
    problems
}

/// What a host refuses of the state after an apply, or of a second plan when more is known than in the first.
pub(crate) fn of_result(planned: &Value, actual: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    compatible(planned, actual, "", &mut problems);
    problems
}

/// The places that are unknown: none may be after an apply, a refresh or an import.
pub(crate) fn unknown(state: &Value) -> Vec<String> {
    let mut found = Vec::new();
    search(state, "", &mut found);
    found
}

fn search(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Unknown => found.push(format!("{at} is unknown")),
        Value::Map(values) => values.iter().for_each(|(key, value)| search(value, &format!("{at}.{key}"), found)),
        Value::List(items) => items.iter().for_each(|item| search(item, &format!("{at}[]"), found)),
        Value::Dynamic(_, inner) => search(inner, at, found),
        _ => {}
    }
}

/// The value of an attribute; null when there is no object.
fn get<'a>(object: &'a Value, name: &str) -> &'a Value {
    match object {
        Value::Map(values) => values.get(name).unwrap_or(&Value::Null),
        _ => &Value::Null,
    }
}

fn in_plan(
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
        let is_computed = matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed);
        let is_kept = planned == prior && *prior != Value::Null && *config != Value::Null;
        if attribute.write_only && *planned != Value::Null {
            problems.push(format!("{path} is write-only and planned"));
        } else if planned == config || (is_computed && *config == Value::Null) || is_kept {
            continue;
        } else if let Shape::Nested(nested) = &attribute.shape {
            in_nested(nested, prior, config, planned, &path, problems);
        } else {
            problems.push(format!("{path}: planned {planned:?}, configured {config:?}, was {prior:?}"));
        }
    }
}

fn in_nested(nested: &Nested, prior: &Value, config: &Value, planned: &Value, path: &Path, problems: &mut Vec<String>) {
    match (config, planned) {
        (_, Value::Null) => problems.push(format!("{path}: planned for absence but config wants existence")),
        (Value::Null, _) => problems.push(format!("{path}: planned for existence but config wants absence")),
        (Value::Unknown, _) => problems.push(format!("{path}: configured unknown, planned {planned:?}")),
        (_, Value::Unknown) => problems.push(format!("{path}: a nested object must not be unknown itself")),
        _ if nested.nesting == Nesting::Single => {
            in_plan(&nested.attributes, prior, config, planned, path, problems);
        }
        (Value::Map(configs), Value::Map(plans)) => {
            for key in configs.keys().chain(plans.keys()).collect::<BTreeSet<_>>() {
                let (Some(config), Some(planned)) = (configs.get(key), plans.get(key)) else {
                    problems.push(format!("{path}[{key:?}] is not in both the configuration and the plan"));
                    continue;
                };
                if planned != config {
                    in_nested(&single(nested), get(prior, key), config, planned, &path.key(key), problems);
                }
            }
        }
        _ => problems.push(format!("{path}: planned {planned:?}, configured {config:?}")),
    }
}

/// One of many.
fn single(nested: &Nested) -> Nested {
    Nested { nesting: Nesting::Single, attributes: nested.attributes.clone() }
}

fn compatible(planned: &Value, actual: &Value, at: &str, problems: &mut Vec<String>) {
    match (planned, actual) {
        (Value::Unknown, _) => {}
        (Value::Map(plans), Value::Map(values)) => {
            for key in plans.keys().chain(values.keys()).collect::<BTreeSet<_>>() {
                let at = format!("{at}.{key}");
                match (plans.get(key), values.get(key)) {
                    (Some(planned), Some(actual)) => compatible(planned, actual, &at, problems),
                    (Some(_), None) => problems.push(format!("{at} has vanished")),
                    (None, _) => problems.push(format!("{at} has appeared")),
                }
            }
        }
        (Value::List(plans), Value::List(items)) if plans.len() == items.len() => {
            plans.iter().zip(items).for_each(|(planned, actual)| compatible(planned, actual, at, problems));
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
        let inner = vec![
            Attribute::string("given", Mode::Optional, "Given."),
            Attribute::string("made", Mode::Computed, "Made."),
        ];
        let attributes = vec![
            Attribute::string("name", Mode::Required, "A name."),
            Attribute::list("list", Type::String, Mode::OptionalComputed, "A list."),
            Attribute::object("one", Mode::Optional, "One.", inner.clone()),
            Attribute::objects("many", Mode::Optional, "Many.", inner),
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
        !of_plan(&schema(), prior, config, planned).is_empty()
    }

    #[test]
    fn a_plan_has_the_configurations_value_or_the_prior_one() {
        let named = |name: &str| object([("name", text(name))]);
        assert!(!refused(&named("a"), &named("b"), &named("b")));
        assert!(!refused(&named("a"), &named("b"), &named("a")));
        assert!(refused(&named("a"), &named("b"), &named("c")));
        assert!(refused(&Value::Null, &named("b"), &Value::Null));
        assert!(refused(&named("a"), &Value::Null, &named("a")));
    }

    #[test]
    fn only_what_is_computed_may_be_made_up() {
        let nothing = object([("name", text("a"))]);
        let with = |name: &str, value: Value| object([("name", text("a")), (name, value)]);
        assert!(!refused(&Value::Null, &nothing, &with("list", Value::Unknown)));
        assert!(refused(&Value::Null, &nothing, &with("one", object([]))));
        // Seen: null is not a prior value that may be kept.
        assert!(refused(&nothing, &with("one", object([])), &nothing));
        let one = |given: Value, made: Value| with("one", object([("given", given), ("made", made)]));
        assert!(!refused(&Value::Null, &one(text("x"), Value::Null), &one(text("x"), Value::Unknown)));
        assert!(refused(&Value::Null, &one(text("x"), Value::Null), &one(text("y"), Value::Unknown)));
        assert!(refused(&Value::Null, &one(text("x"), Value::Null), &with("one", Value::Unknown)));
        let many = |key: &str| with("many", object([(key, object([]))]));
        assert!(!refused(&Value::Null, &many("a"), &many("a")));
        assert!(refused(&Value::Null, &many("a"), &many("b")));
    }

    #[test]
    fn a_result_is_what_was_planned() {
        let made = |value: Value| object([("made", Value::List(vec![value]))]);
        assert!(of_result(&made(Value::Unknown), &made(text("x"))).is_empty());
        for (planned, actual) in [
            (made(text("x")), made(text("y"))),
            (made(Value::Null), made(text("y"))),
            (made(Value::Unknown), object([])),
            (object([]), made(Value::Null)),
            (Value::List(vec![]), Value::List(vec![Value::Null])),
        ] {
            assert_eq!(of_result(&planned, &actual).len(), 1, "{planned:?} {actual:?}");
        }
        assert_eq!(unknown(&made(Value::Unknown)), [".made[] is unknown"]);
    }
}
