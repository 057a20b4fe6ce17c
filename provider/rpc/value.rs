//! Values of the protocol, by schema.

use super::protocol::DynamicValue;
use crate::schema::{Attribute, Nesting, Schema, Shape, missing};
use crate::wire::{Diagnostics, Value, decode_json, decode_msgpack, encode_msgpack};

/// A value that the host sent. One that is not there, or has no encoding at all, is null.
///
/// # Errors
/// When it does not fit the schema.
pub(super) fn decode(value: Option<&DynamicValue>, schema: &Schema) -> Result<Value, Diagnostics> {
    let Some(value) = value else { return Ok(Value::Null) };
    let decoded = if !value.msgpack.is_empty() {
        decode_msgpack(&value.msgpack, &schema.ty())
    } else if !value.json.is_empty() {
        decode_json(&value.json, &schema.ty())
    } else {
        return Ok(Value::Null);
    };
    decoded.map_err(|error| vec![error.into()])
}

/// A configuration that the host sent: as [`decode`], but with a value for everything that is required.
///
/// # Errors
/// When it does not fit the schema, or lacks what is required.
pub(super) fn decode_config(value: Option<&DynamicValue>, schema: &Schema) -> Result<Value, Diagnostics> {
    let config = decode(value, schema)?;
    let missing = missing(schema, &config);
    if missing.is_empty() { Ok(config) } else { Err(missing) }
}

/// A value for the host, without what it must not keep.
///
/// # Errors
/// When it does not fit the schema, which is our mistake.
pub(super) fn encode(value: Value, schema: &Schema) -> Result<DynamicValue, Diagnostics> {
    let kept = without_write_only(value, &schema.attributes);
    let msgpack = encode_msgpack(&kept, &schema.ty()).map_err(|error| vec![error.into()])?;
    Ok(DynamicValue { msgpack, json: Vec::new() })
}

/// The value with null at every write-only attribute.
fn without_write_only(value: Value, attributes: &[Attribute]) -> Value {
    rewrite(value, attributes, &|attribute, value| if attribute.write_only { Value::Null } else { value })
}

/// The object with each attribute's value given to `change`, from the innermost outwards.
pub(super) fn rewrite(object: Value, attributes: &[Attribute], change: &dyn Fn(&Attribute, Value) -> Value) -> Value {
    let Value::Map(mut values) = object else { return object };
    for attribute in attributes {
        let value = values.remove(attribute.name).unwrap_or(Value::Null);
        let value = match &attribute.shape {
            Shape::Plain(_) => value,
            Shape::Nested(nested) => match (nested.nesting, value) {
                (Nesting::Single, value) => rewrite(value, &nested.attributes, change),
                (Nesting::List | Nesting::Set, Value::List(items)) => {
                    Value::List(items.into_iter().map(|item| rewrite(item, &nested.attributes, change)).collect())
                }
                (Nesting::Map, Value::Map(entries)) => {
                    let entries = entries.into_iter();
                    Value::Map(entries.map(|(key, item)| (key, rewrite(item, &nested.attributes, change))).collect())
                }
                (_, value) => value,
            },
        };
        values.insert(attribute.name.to_owned(), change(attribute, value));
    }
    Value::Map(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Mode;
    use crate::wire::Type;

    fn schema() -> Schema {
        let secret = || Attribute::string("secret", Mode::Optional, "A secret.").write_only();
        let name = || Attribute::string("name", Mode::Optional, "A name.");
        Schema {
            version: 0,
            description: "Some things.",
            attributes: vec![
                name(),
                secret(),
                Attribute::object("one", Mode::Optional, "One.", vec![name(), secret()]),
                Attribute::objects("many", Mode::Optional, "Many.", vec![name(), secret()]),
            ],
        }
    }

    fn json(text: &str) -> Value {
        decode(Some(&DynamicValue { json: text.as_bytes().to_vec(), msgpack: Vec::new() }), &schema()).unwrap()
    }

    #[test]
    fn nothing_is_null() {
        assert_eq!(decode(None, &schema()), Ok(Value::Null));
        assert_eq!(decode(Some(&DynamicValue::default()), &schema()), Ok(Value::Null));
    }

    #[test]
    fn both_encodings_are_taken() {
        let value = json(r#"{"name": "x", "secret": null, "one": null, "many": null}"#);
        let encoded = encode(value.clone(), &schema()).unwrap();
        assert_eq!(decode(Some(&encoded), &schema()), Ok(value));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let garbage = DynamicValue { msgpack: vec![0xc1, 0xff], json: Vec::new() };
        assert!(decode(Some(&garbage), &schema()).is_err());
        assert!(encode(Value::Bool(true), &schema()).is_err());
    }

    #[test]
    fn write_only_values_do_not_come_back() {
        let object = r#"{"name": "x", "secret": "s"}"#;
        let value = json(&format!(
            r#"{{"name": "x", "secret": "s", "one": {object}, "many": {{"a": {object}, "b": {object}}}}}"#
        ));
        let kept = r#"{"name": "x", "secret": null}"#;
        let expected =
            json(&format!(r#"{{"name": "x", "secret": null, "one": {kept}, "many": {{"a": {kept}, "b": {kept}}}}}"#));
        assert_eq!(without_write_only(value, &schema().attributes), expected);
        assert_eq!(without_write_only(Value::Unknown, &schema().attributes), Value::Unknown);
        assert_eq!(schema().attributes[0].ty(), Type::String);
    }
}
