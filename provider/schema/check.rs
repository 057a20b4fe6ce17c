//! Checks a configuration against its schema: required attributes, types, ranges, choices and durations.

use super::walk::{Visited, plain, walk};
use super::{Attribute, Choice, Constraint, Duration, Mode, Schema, Shape, suggestion};
use crate::wire::{Diagnostic, Diagnostics, Number, Path, Type, Value};

/// An error for every attribute of `config` that is required and null, is of another type, or breaks its constraint.
/// Unknown values are not errors, and neither is a configuration that is null as a whole.
pub fn check(schema: &Schema, config: &Value) -> Diagnostics {
    let mut found = missing(schema, config);
    visit(schema, config, &mut |Visited { attribute, value, path, .. }| match &attribute.shape {
        _ if attribute.removed.is_some() => found.extend(removed(attribute, value, path)),
        Shape::Plain(ty) => check_value(attribute, ty, value, path, &mut found),
        Shape::Nested(_) if matches!(value, Value::Null | Value::Unknown | Value::Map(_)) => {}
        Shape::Nested(_) => found.push(unexpected(path)),
    });
    found
}

/// An error for every required attribute of `config` that is null.
///
/// OpenTofu and Terraform refuse a nested object that leaves a required attribute out, and accept one that sets it to
/// null: `domain = { zone_id = null }`, or a variable without a value. The provider refuses both.
pub fn missing(schema: &Schema, config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    visit(schema, config, &mut |Visited { attribute, value, path, object }| {
        if attribute.is_required() && *value == Value::Null {
            found.push(missing_value(path, object));
        }
    });
    found
}

/// Visits everything that a user can set.
fn visit(schema: &Schema, config: &Value, visit: &mut dyn FnMut(Visited<'_>)) {
    walk(&schema.attributes, config, &Path::root(), &mut |visited| {
        if visited.attribute.mode != Mode::Computed {
            visit(visited);
        }
    });
}

fn missing_value(path: &Path, object: &Path) -> Diagnostic {
    let otherwise = if object.segments().is_empty() { String::new() } else { format!(", or remove {object}") };
    let detail = format!("{path} is required, but its value is null. Set it to a value{otherwise}.");
    Diagnostic::error(path.clone(), "Missing required value", detail)
}

fn check_value(attribute: &Attribute, ty: &Type, value: &Value, path: &Path, found: &mut Diagnostics) {
    match (ty, plain(value)) {
        (_, Value::Null | Value::Unknown) | (Type::Dynamic, _) => {}
        (Type::List(of) | Type::Set(of), Value::List(items)) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| check_value(attribute, of, item, &path.index(index), found));
        }
        (Type::Map(of), Value::Map(entries)) => {
            for (key, entry) in entries {
                found.extend(check_key(attribute, key, &path.key(key)));
                check_value(attribute, of, entry, &path.key(key), found);
            }
        }
        (Type::Bool, Value::Bool(_)) | (Type::Object(_), Value::Map(_)) | (Type::Tuple(_), Value::List(_)) => {}
        (Type::Number, Value::Number(number)) => found.extend(check_number(attribute, number, path)),
        (Type::String, Value::String(text)) => found.extend(check_text(attribute, text, path)),
        _ => found.push(unexpected(path)),
    }
}

/// An error if an attribute is set that was removed.
fn removed(attribute: &Attribute, value: &Value, path: &Path) -> Option<Diagnostic> {
    let instead = attribute.removed.filter(|_| !matches!(value, Value::Null | Value::Unknown))?;
    let found = if let Value::String(text) = value { format!(" is set to {text:?}, but it") } else { String::new() };
    Some(Diagnostic::error(path.clone(), "Removed argument", format!("{path}{found} was removed. {instead}")))
}

fn unexpected(path: &Path) -> Diagnostic {
    let detail = format!("The value of {path} is of another type than the attribute. See the documentation of {path}.");
    Diagnostic::error(path.clone(), "Unexpected type", detail)
}

fn check_number(attribute: &Attribute, number: &Number, path: &Path) -> Option<Diagnostic> {
    let found = number.as_str();
    // In other tools, -1 means that a number is not set.
    let may_omit = matches!(attribute.mode, Mode::Optional | Mode::OptionalComputed) && found.starts_with('-');
    let hint = if may_omit { " To leave it unset, omit it or set it to null." } else { "" };
    let error = |summary, expected: String| {
        Some(Diagnostic::error(path.clone(), summary, format!("{path} must be {expected}; found {found}.{hint}")))
    };
    let whole = number.as_i64();
    match &attribute.constraint {
        Constraint::Positive if found.starts_with('-') || found == "0" => {
            error("Number out of range", "greater than 0".to_owned())
        }
        Constraint::Whole | Constraint::Range(_) | Constraint::Numbers(_) if whole.is_none() => {
            error("Not a whole number", "a whole number of at most 18 digits".to_owned())
        }
        Constraint::Range(range) if whole.is_some_and(|whole| !range.contains(&whole)) => {
            error("Number out of range", format!("from {} to {}", range.start(), range.end()))
        }
        Constraint::Numbers(numbers) if whole.is_some_and(|whole| !numbers.contains(&whole)) => {
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            error("Unsupported value", format!("one of {}", numbers.join(", ")))
        }
        _ => None,
    }
}

fn check_key(attribute: &Attribute, key: &str, path: &Path) -> Option<Diagnostic> {
    let keys = || attribute.keys.iter().map(|choice| choice.value);
    if attribute.keys.is_empty() || keys().any(|known| known == key) {
        return None;
    }
    let expected: Vec<String> = keys().map(|key| format!("{key:?}")).collect();
    let (name, hint) = (attribute.name, suggestion(key, keys()));
    let detail = format!("{name} does not support the key {key:?}. Use one of {}.{hint}", expected.join(", "));
    Some(Diagnostic::error(path.clone(), "Unsupported key", detail))
}

fn check_text(attribute: &Attribute, text: &str, path: &Path) -> Option<Diagnostic> {
    match &attribute.constraint {
        Constraint::Choices(choices) if choices.iter().all(|choice| choice.value != text) => {
            let values = || choices.iter().map(|Choice { value, .. }| *value);
            let expected: Vec<String> = values().map(|value| format!("{value:?}")).collect();
            let expected = match expected.as_slice() {
                [one] => one.clone(),
                several => format!("one of {}", several.join(", ")),
            };
            let detail = format!("{path} must be {expected}; found {text:?}.{}", suggestion(text, values()));
            Some(Diagnostic::error(path.clone(), "Unsupported value", detail))
        }
        Constraint::Duration if Duration::parse(text).is_none() => {
            let detail = format!(
                "{path} must be a duration from one second to one year, such as \"45m\", \"1h30m\" or \"90s\"; found \
                 {text:?}."
            );
            Some(Diagnostic::error(path.clone(), "Invalid duration", detail))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{AttributeType, Attributes, Schema, Texts, attributes, choices};

    choices! {
        enum Color {
            /// As the sky.
            Blue = "blue",
            /// As grass.
            Green = "green",
        }
    }

    attributes! {
        /// One of several parts.
        struct Part {
            /// The part's name.
            name: String = required;
            /// The color of the part.
            color: Color = optional, default(Color::Blue);
        }

        struct Whole {
            /// The size
            /// in MiB.
            size: i64 = optional, default(128), range(128..=1024);
            days: Vec<crate::schema::Attr<i64>> = optional, default([1, 7]), each_of(&[1, 7]);
            share: crate::wire::Number = optional, positive();
            wait: crate::schema::Duration = optional;
            kind: String = optional, one_of(&["a", "b"]);
            /// Some words.
            words: Texts = optional;
            named: crate::schema::TextMap = optional, keys([("left", "the first"), ("right", "the second")]);
            one: Part = optional;
            many: std::collections::BTreeMap<String, crate::schema::Attr<Part>> = optional_computed;
        }
    }

    fn schema() -> Schema {
        Schema::new("Things.").with::<Whole>()
    }

    fn value(json: &str) -> Value {
        crate::wire::decode_json(json.as_bytes(), &schema().ty()).unwrap()
    }

    fn with(attribute: &str, of: Value) -> Value {
        Value::Map([(attribute.to_owned(), of)].into())
    }

    #[test]
    fn every_mistake_is_reported_at_its_path() {
        let null = || Value::Null;
        let part = |name: Value, color: &str| {
            Value::Map([("name".to_owned(), name), ("color".to_owned(), Value::String(color.to_owned()))].into())
        };
        let number = |text: &str| Value::Number(Number::parse(text).unwrap());
        let config = Value::Map(
            [
                ("size", number("1.5")),
                ("days", Value::List(vec![number("1"), number("2"), Value::Unknown, null()])),
                ("share", number("0")),
                ("wait", Value::String("soon".to_owned())),
                ("kind", Value::String("c".to_owned())),
                ("words", Value::Bool(true)),
                ("named", Value::Map([("rihgt".to_owned(), null())].into())),
                ("one", part(null(), "gren")),
                ("many", Value::Map([("x".to_owned(), part(null(), "pink")), ("y".to_owned(), null())].into())),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        );
        let found: Vec<String> = check(&schema(), &config).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(found.join("\n"), @r#"
        Error: Missing required value (at "one.name"): one.name is required, but its value is null. Set it to a value, or remove one.
        Error: Missing required value (at "many[\"x\"].name"): many["x"].name is required, but its value is null. Set it to a value, or remove many["x"].
        Error: Not a whole number (at "size"): size must be a whole number of at most 18 digits; found 1.5.
        Error: Unsupported value (at "days[1]"): days[1] must be one of 1, 7; found 2.
        Error: Number out of range (at "share"): share must be greater than 0; found 0.
        Error: Invalid duration (at "wait"): wait must be a duration from one second to one year, such as "45m", "1h30m" or "90s"; found "soon".
        Error: Unsupported value (at "kind"): kind must be one of "a", "b"; found "c".
        Error: Unexpected type (at "words"): The value of words is of another type than the attribute. See the documentation of words.
        Error: Unsupported key (at "named[\"rihgt\"]"): named does not support the key "rihgt". Use one of "left", "right". Did you mean "right"?
        Error: Unsupported value (at "one.color"): one.color must be one of "blue", "green"; found "gren". Did you mean "green"?
        Error: Unsupported value (at "many[\"x\"].color"): many["x"].color must be one of "blue", "green"; found "pink".
        "#);
        let [size] = &check(&schema(), &with("size", number("127")))[..] else { panic!() };
        insta::assert_snapshot!(size, @r#"Error: Number out of range (at "size"): size must be from 128 to 1024; found 127."#);
    }

    #[test]
    fn null_and_unknown_values_are_accepted() {
        for config in [Value::Null, Value::Unknown, with("one", Value::Null), with("many", Value::Unknown)] {
            assert_eq!(check(&schema(), &config), [], "{config:?}");
        }
    }

    #[test]
    fn a_value_that_breaks_its_constraint_counts_as_unknown() {
        let whole = Whole::read(&with("one", with("color", Value::String("gren".to_owned()))));
        let one = whole.one().known().unwrap();
        assert_eq!((one.color(), one.name()), (Err(crate::schema::Unknown), Err(crate::schema::Unknown)));
    }

    #[test]
    fn getters_fill_in_defaults() {
        let whole = Whole::read(&value(
            r#"{"size": null, "days": null, "share": null, "wait": "90m", "kind": null,
            "words": null, "named": null, "one": {"name": "x", "color": "green"}, "many": null}"#,
        ));
        assert_eq!((whole.size(), whole.days().map(|days| days.len())), (Ok(128), Ok(2)));
        assert_eq!(whole.wait().known().map(|wait| wait.get().as_secs()), Some(5400));
        let one = whole.one().known().unwrap();
        assert_eq!((one.name().map(String::as_str), one.color()), (Ok("x"), Ok(Color::Green)));
        assert!(
            whole.many().is_null()
                && whole.named().is_null()
                && whole.words().is_null()
                && whole.kind().is_null()
                && whole.share().is_null()
        );
        assert_eq!(Whole::read(&whole.encode()), whole);
    }

    #[test]
    fn the_documentation_states_defaults_and_constraints() {
        let texts: Vec<String> = schema()
            .attributes
            .iter()
            .map(|attribute| format!("{}: {}", attribute.name, attribute.documentation()))
            .chain(Part::attributes().iter().map(|attribute| attribute.documentation()))
            .collect();
        insta::assert_snapshot!(texts.join("\n"), @r#"
        size: The size in MiB. From 128 to 1024. Default: `128`.
        days: One of `1`, `7`. Default: `[1, 7]`.
        share: Greater than 0.
        wait: A duration such as `"90m"` or `"1h30m"`.
        kind: One of `"a"`, `"b"`.
        words: Some words.
        named: Keys: `left` (the first), `right` (the second).
        one: One of several parts.
        many: One of several parts.
        The part's name.
        The color of the part.

        - `"blue"`: As the sky.
        - `"green"`: As grass.

        Default: `"blue"`.
        "#);
    }
}
