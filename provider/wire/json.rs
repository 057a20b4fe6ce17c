//! Decodes JSON, in which hosts store states.
//!
//! A state may have been written with an older version of the schema, so decoding is as lenient as `go-cty`: a missing
//! attribute is null, an attribute that is not in the schema is left out, and texts, numbers and booleans are converted to
//! the type of the schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{Number, Segment, Type, Value, WireError, parse_type_json};

/// Decodes a value of type `ty`. JSON has no unknown values.
///
/// # Errors
/// `bytes` are not JSON, are nested more than about 100 levels deep, or do not fit the type.
pub fn decode_json(bytes: &[u8], ty: &Type) -> Result<Value, WireError> {
    let json = serde_json::from_slice(bytes).map_err(|error| WireError::new(format!("not JSON: {error}")))?;
    decode(json, ty)
}

fn decode(json: Json, ty: &Type) -> Result<Value, WireError> {
    match (json, ty) {
        (Json::Null, _) => Ok(Value::Null),
        (Json::Bool(flag), Type::Bool) => Ok(Value::Bool(flag)),
        (Json::String(text), Type::Bool) => match text.as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(WireError::expected(ty, "another text")),
        },
        (Json::String(text), Type::String) => Ok(Value::String(text)),
        (Json::Bool(flag), Type::String) => Ok(Value::String(flag.to_string())),
        (Json::Number(written), Type::String) => number(written.as_str()).map(|n| Value::String(n.as_str().to_owned())),
        (Json::Number(written), Type::Number) => number(written.as_str()).map(Value::Number),
        (Json::String(written), Type::Number) => number(&written).map(Value::Number),
        (Json::Object(parts), Type::Dynamic) => decode_dynamic(parts),
        (Json::Array(items), Type::List(of) | Type::Set(of)) => {
            let items = items.into_iter().enumerate();
            let items = items.map(|(index, item)| decode(item, of).map_err(|error| error.inside_index(index)));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (Json::Array(items), Type::Tuple(of)) if items.len() == of.len() => {
            let items = items.into_iter().zip(of).enumerate();
            let items = items.map(|(index, (item, of))| decode(item, of).map_err(|error| error.inside_index(index)));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (Json::Object(entries), Type::Map(of)) => {
            let entries = entries.into_iter().map(|(key, value)| {
                let value = decode(value, of).map_err(|error| error.inside(Segment::Key(key.clone())))?;
                Ok((key, value))
            });
            entries.collect::<Result<_, _>>().map(Value::Map)
        }
        (Json::Object(values), Type::Object(attributes)) => decode_object(values, attributes),
        (other, _) => Err(WireError::expected(ty, describe(&other))),
    }
}

fn decode_object(mut values: Map<String, Json>, attributes: &BTreeMap<String, Type>) -> Result<Value, WireError> {
    let entries = attributes.iter().map(|(name, ty)| {
        let value = decode(values.remove(name).unwrap_or(Json::Null), ty)
            .map_err(|error| error.inside(Segment::Attribute(name.clone())))?;
        Ok((name.clone(), value))
    });
    entries.collect::<Result<_, _>>().map(Value::Map)
}

fn decode_dynamic(mut parts: Map<String, Json>) -> Result<Value, WireError> {
    let (Some(ty), Some(value)) = (parts.remove("type"), parts.remove("value")) else {
        return Err(WireError::expected(&Type::Dynamic, "an object without type and value"));
    };
    let ty = parse_type_json(ty.to_string().as_bytes())?;
    let value = decode(value, &ty)?;
    Ok(Value::Dynamic(Box::new(ty), Box::new(value)))
}

fn number(written: &str) -> Result<Number, WireError> {
    Number::parse(written).map_err(|_| WireError::expected(&Type::Number, "another text"))
}

fn describe(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list of another length or kind",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> Type {
        let region = Type::Object([("weight".to_owned(), Type::Number), ("traffic".to_owned(), Type::String)].into());
        Type::Object([("name".to_owned(), Type::String), ("regions".to_owned(), Type::Map(Box::new(region)))].into())
    }

    #[test]
    fn a_state_of_an_older_schema_is_read() {
        let value =
            decode_json(br#"{"regions": {"us-east-1": {"weight": 0.10, "gone": [1]}}, "color": "red"}"#, &state())
                .unwrap();
        let region = [("weight", Value::Number(Number::parse("0.1").unwrap())), ("traffic", Value::Null)];
        let region = Value::Map(region.map(|(name, value)| (name.to_owned(), value)).into());
        let expected = [("name", Value::Null), ("regions", Value::Map([("us-east-1".to_owned(), region)].into()))];
        assert_eq!(value, Value::Map(expected.map(|(name, value)| (name.to_owned(), value)).into()));
    }

    #[test]
    fn numbers_keep_every_digit() {
        let digits = "123456789012345678901234567890.123456789";
        let Value::Number(number) = decode_json(digits.as_bytes(), &Type::Number).unwrap() else { panic!() };
        assert_eq!(number.as_str(), digits);
    }

    #[test]
    fn primitives_convert_as_in_the_host() {
        let text = |text: &str| Value::String(text.to_owned());
        assert_eq!(decode_json(b"1.50", &Type::String), Ok(text("1.5")));
        assert_eq!(decode_json(b"true", &Type::String), Ok(text("true")));
        assert_eq!(decode_json(b"\"1\"", &Type::Bool), Ok(Value::Bool(true)));
        assert_eq!(decode_json(b"\"12\"", &Type::Number), Ok(Value::Number(Number::from(12))));
    }

    #[test]
    fn a_dynamic_value_contains_its_type() {
        let value = decode_json(br#"{"type": ["tuple", ["bool"]], "value": [true]}"#, &Type::Dynamic).unwrap();
        let ty = Type::Tuple(vec![Type::Bool]);
        assert_eq!(value, Value::Dynamic(Box::new(ty), Box::new(Value::List(vec![Value::Bool(true)]))));
        decode_json(br#"{"value": true}"#, &Type::Dynamic).unwrap_err();
    }

    #[test]
    fn an_error_names_the_path() {
        let error = decode_json(br#"{"regions": {"us-east-1": {"weight": "much"}}}"#, &state()).unwrap_err();
        assert_eq!(error.to_string(), "regions[\"us-east-1\"].weight: expected a number, found another text");
        let error = decode_json(br#"{"regions": []}"#, &state()).unwrap_err();
        assert_eq!(error.to_string(), "regions: expected a map, found a list of another length or kind");
    }

    #[test]
    fn malformed_json_is_rejected() {
        for bytes in [&b""[..], b"{", b"1 2", b"1e999999999", b"\"\xff\"", &[b'['; 100_000]] {
            decode_json(bytes, &Type::Number).unwrap_err();
        }
    }
}
