//! A plan without AWS: every computed attribute is known after apply.

use crate::schema::{Mode, Schema, rewrite, without_write_only};
use crate::wire::Value;

/// The planned state of a new resource: its configuration, in which every attribute that the provider sets is unknown.
pub(super) fn unknown_until_apply(config: Value, schema: &Schema) -> Value {
    let config = without_write_only(config, schema);
    rewrite(config, &schema.attributes, &|attribute, value| match (attribute.mode, &value) {
        (Mode::Computed, _) | (Mode::OptionalComputed, Value::Null) => Value::Unknown,
        _ => value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Attribute;

    fn schema() -> Schema {
        let inner = || {
            vec![
                Attribute::string("given", Mode::Required, "Given."),
                Attribute::string("either", Mode::OptionalComputed, "Either."),
                Attribute::string("made", Mode::Computed, "Made."),
            ]
        };
        let mut attributes = inner();
        attributes.push(Attribute::objects("many", Mode::Optional, "Many.", inner()));
        Schema { version: 0, description: "Some things.", attributes }
    }

    fn object(given: &str, either: Value, made: Value) -> [(String, Value); 3] {
        [("given".into(), Value::String(given.into())), ("either".into(), either), ("made".into(), made)]
    }

    fn state(either: &Value, made: &Value) -> Value {
        let inner = Value::Map(object("x", either.clone(), made.clone()).into());
        let mut attributes: std::collections::BTreeMap<_, _> = object("x", either.clone(), made.clone()).into();
        attributes.insert("many".into(), Value::Map([("a".into(), inner)].into()));
        Value::Map(attributes)
    }

    #[test]
    fn computed_attributes_are_unknown_at_every_depth() {
        let text = Value::String("y".into());
        assert_eq!(
            unknown_until_apply(state(&Value::Null, &Value::Null), &schema()),
            state(&Value::Unknown, &Value::Unknown)
        );
        assert_eq!(unknown_until_apply(state(&text, &Value::Null), &schema()), state(&text, &Value::Unknown));
    }
}
