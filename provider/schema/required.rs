//! Required attributes that a configuration sets to null.
//!
//! OpenTofu and Terraform refuse a nested object that leaves a required attribute out, and accept one that sets it to
//! null: `domain = { zone_id = null }`, or a variable without a value. The provider refuses both.

use super::{Attribute, Nesting, Schema, Shape};
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// An error for every required attribute of `config` that is null, at its path. Unknown values are not errors, and
/// neither is a configuration that is null as a whole.
pub fn missing(schema: &Schema, config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    in_object(&schema.attributes, config, &Path::root(), &mut found);
    found
}

fn in_object(attributes: &[Attribute], object: &Value, path: &Path, found: &mut Diagnostics) {
    let Value::Map(values) = object else { return };
    for attribute in attributes {
        let at = path.attribute(attribute.name);
        match (values.get(attribute.name).unwrap_or(&Value::Null), &attribute.shape) {
            (Value::Null, _) if attribute.is_required() => found.push(error(at, path)),
            (value, Shape::Nested(nested)) => in_objects(nested.nesting, &nested.attributes, value, &at, found),
            (_, Shape::Plain(_)) => {}
        }
    }
}

fn in_objects(nesting: Nesting, attributes: &[Attribute], value: &Value, path: &Path, found: &mut Diagnostics) {
    match (nesting, value) {
        (Nesting::Single, object) => in_object(attributes, object, path, found),
        (Nesting::Map, Value::Map(entries)) => {
            entries.iter().for_each(|(key, object)| in_object(attributes, object, &path.key(key), found));
        }
        (Nesting::List | Nesting::Set, Value::List(items)) => {
            items.iter().enumerate().for_each(|(index, object)| {
                in_object(attributes, object, &path.index(index), found);
            });
        }
        _ => {}
    }
}

fn error(at: Path, object: &Path) -> Diagnostic {
    let otherwise = if object.segments().is_empty() { String::new() } else { format!(", or remove {object}") };
    let detail = format!("{at} is required, but its value is null. Set it to a value{otherwise}.");
    Diagnostic::error(at, "Missing required value", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Mode, Nested};
    use crate::wire::Type;

    fn schema() -> Schema {
        let inner = || {
            vec![
                Attribute::string("must", Mode::Required, "Must."),
                Attribute::string("may", Mode::Optional, "May."),
                Attribute::string("made", Mode::Computed, "Made."),
            ]
        };
        let mut list = Attribute::plain("list", Type::String, Mode::Optional, "A list.");
        list.shape = Shape::Nested(Nested { nesting: Nesting::List, attributes: inner() });
        let attributes = vec![
            Attribute::string("name", Mode::Required, "A name."),
            Attribute::object("one", Mode::Optional, "One.", inner()),
            Attribute::objects("many", Mode::Optional, "Many.", inner()),
            list,
        ];
        Schema { version: 0, description: "Some things.", attributes }
    }

    fn object<const N: usize>(values: [(&str, Value); N]) -> Value {
        Value::Map(values.map(|(name, value)| (name.to_owned(), value)).into())
    }

    fn told(config: &Value) -> Vec<String> {
        missing(&schema(), config).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn null_is_refused_wherever_a_value_is_required() {
        let empty = || object([("must", Value::Null), ("may", Value::Null)]);
        let config = object([
            ("name", Value::Null),
            ("one", empty()),
            ("many", object([("a", empty()), ("b", object([("must", Value::Unknown)])), ("c", Value::Null)])),
            ("list", Value::List(vec![Value::Unknown, empty()])),
        ]);
        insta::assert_snapshot!(told(&config).join("\n"), @r#"
        Error: Missing required value (at "name"): name is required, but its value is null. Set it to a value.
        Error: Missing required value (at "one.must"): one.must is required, but its value is null. Set it to a value, or remove one.
        Error: Missing required value (at "many[\"a\"].must"): many["a"].must is required, but its value is null. Set it to a value, or remove many["a"].
        Error: Missing required value (at "list[1].must"): list[1].must is required, but its value is null. Set it to a value, or remove list[1].
        "#);
    }

    #[test]
    fn what_is_absent_or_unknown_as_a_whole_lacks_nothing() {
        let name = || ("name", Value::String("x".to_owned()));
        assert!(told(&Value::Null).is_empty());
        assert!(told(&Value::Unknown).is_empty());
        assert!(told(&object([name(), ("one", Value::Null), ("many", Value::Unknown)])).is_empty());
    }
}
