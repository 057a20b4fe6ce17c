//! What can be planned without asking anybody: that computed attributes will be known after apply.

use super::value::rewrite;
use crate::schema::{Mode, Schema};
use crate::wire::Value;

/// The configuration of a new resource as a planned state: every attribute that we set is unknown.
pub(super) fn unknown_until_apply(config: Value, schema: &Schema) -> Value {
    rewrite(config, &schema.attributes, &|attribute, value| match (attribute.mode, &value) {
        (Mode::Computed, _) | (Mode::OptionalComputed, Value::Null) => Value::Unknown,
        _ => value,
    })
}

/// A state as a configuration that would make it: without the attributes that only we set.
pub(super) fn without_computed(state: Value, schema: &Schema) -> Value {
    rewrite(state, &schema.attributes, &|attribute, value| match attribute.mode {
        Mode::Computed => Value::Null,
        Mode::Required | Mode::Optional | Mode::OptionalComputed => value,
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
    fn what_we_set_is_unknown_at_every_depth() {
        let text = Value::String("y".into());
        assert_eq!(
            unknown_until_apply(state(&Value::Null, &Value::Null), &schema()),
            state(&Value::Unknown, &Value::Unknown)
        );
        assert_eq!(unknown_until_apply(state(&text, &Value::Null), &schema()), state(&text, &Value::Unknown));
    }

    #[test]
    fn what_only_we_set_is_no_configuration() {
        let text = Value::String("y".into());
        assert_eq!(without_computed(state(&text, &text), &schema()), state(&text, &Value::Null));
    }
}
