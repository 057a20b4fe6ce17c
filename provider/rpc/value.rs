//! Encodes and decodes the values of the protocol.

use super::protocol::DynamicValue;
use crate::schema::{Schema, missing};
use crate::wire::{Diagnostics, Type, Value, WireError, decode_json, decode_msgpack, encode_msgpack};

/// Decodes a value of a type. A value that is missing or has no encoding is null: OpenTofu sends null arguments so.
///
/// # Errors
/// The value does not fit the type.
pub(super) fn decode_as(value: Option<&DynamicValue>, ty: &Type) -> Result<Value, WireError> {
    match value {
        Some(value) if !value.msgpack.is_empty() => decode_msgpack(&value.msgpack, ty),
        Some(value) if !value.json.is_empty() => decode_json(&value.json, ty),
        _ => Ok(Value::Null),
    }
}

/// Decodes a value of a schema: see [`decode_as`].
///
/// # Errors
/// The value does not fit the schema.
pub(super) fn decode(value: Option<&DynamicValue>, schema: &Schema) -> Result<Value, Diagnostics> {
    decode_as(value, &schema.ty()).map_err(|error| vec![error.into()])
}

/// Decodes a configuration.
///
/// # Errors
/// The configuration does not fit the schema, or a required attribute is null.
pub(super) fn decode_config(value: Option<&DynamicValue>, schema: &Schema) -> Result<Value, Diagnostics> {
    let config = decode(value, schema)?;
    let missing = missing(schema, &config);
    if missing.is_empty() { Ok(config) } else { Err(missing) }
}

/// Encodes a value for the host.
///
/// # Errors
/// The value does not fit the schema, which is a bug in the provider.
pub(super) fn encode(value: Value, schema: &Schema) -> Result<DynamicValue, Diagnostics> {
    let msgpack = encode_msgpack(&value, &schema.ty()).map_err(|error| vec![error.into()])?;
    Ok(DynamicValue { msgpack, json: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Attribute, Mode};

    fn schema() -> Schema {
        let name = || Attribute::string("name", Mode::Optional, "A name.");
        let attributes = vec![name(), Attribute::objects("many", Mode::Optional, "Many.", vec![name()])];
        Schema { version: 0, description: "Some things.", attributes }
    }

    fn json(text: &str) -> Value {
        decode(Some(&DynamicValue { json: text.as_bytes().to_vec(), msgpack: Vec::new() }), &schema()).unwrap()
    }

    #[test]
    fn a_missing_value_is_null() {
        assert_eq!(decode(None, &schema()), Ok(Value::Null));
        assert_eq!(decode(Some(&DynamicValue::default()), &schema()), Ok(Value::Null));
    }

    #[test]
    fn both_encodings_are_accepted() {
        let value = json(r#"{"name": "x", "many": {"a": {"name": null}}}"#);
        let encoded = encode(value.clone(), &schema()).unwrap();
        assert_eq!(decode(Some(&encoded), &schema()), Ok(value));
    }

    #[test]
    fn a_value_that_does_not_fit_is_an_error() {
        let garbage = DynamicValue { msgpack: vec![0xc1, 0xff], json: Vec::new() };
        assert!(decode(Some(&garbage), &schema()).is_err());
        assert!(encode(Value::Bool(true), &schema()).is_err());
    }
}
