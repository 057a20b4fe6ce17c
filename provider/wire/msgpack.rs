//! MessagePack in the dialect of the hosts.
//!
//! An extension of any code is an unknown value: hosts write `d4 00 00`, or extension 12 with refinements of the value. A
//! number is encoded as an integer or a float if that is exact, otherwise as decimal text.

use std::collections::BTreeMap;

use rmpv::ValueRef;

use super::{Number, Segment, Type, Value, WireError, parse_type_json, type_json};

/// The deepest nesting that is accepted, in the decoder's count: two for each list or map. Small enough for every stack.
const MAX_DEPTH: usize = 256;

/// Decodes a value of type `ty`.
///
/// Memory and time are limited by a small multiple of the length of `bytes`, regardless of the lengths in their headers.
///
/// # Errors
/// `bytes` are not exactly one value of the type. That includes an object with a missing or additional attribute, a
/// duplicate key of a map, and a number that is not finite.
pub fn decode_msgpack(bytes: &[u8], ty: &Type) -> Result<Value, WireError> {
    let mut rest = bytes;
    let tree = rmpv::decode::read_value_ref_with_max_depth(&mut rest, MAX_DEPTH)
        .map_err(|error| WireError::new(format!("not MessagePack: {error}")))?;
    if !rest.is_empty() {
        return Err(WireError::new("more bytes follow after the value"));
    }
    decode(&tree, ty)
}

/// Encodes a value of type `ty`.
///
/// # Errors
/// `value` is not of that type.
pub fn encode_msgpack(value: &Value, ty: &Type) -> Result<Vec<u8>, WireError> {
    let tree = encode(value, ty)?;
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &tree).map_err(|error| WireError::new(error.to_string()))?;
    Ok(bytes)
}

fn decode(tree: &ValueRef<'_>, ty: &Type) -> Result<Value, WireError> {
    match (tree, ty) {
        (ValueRef::Nil, _) => Ok(Value::Null),
        (ValueRef::Ext(..), _) => Ok(Value::Unknown),
        (ValueRef::Boolean(flag), Type::Bool) => Ok(Value::Bool(*flag)),
        (ValueRef::String(_), Type::String) => text(tree).map(Value::String),
        (_, Type::Number) => number(tree).map(Value::Number),
        (ValueRef::Array(parts), Type::Dynamic) => match parts.as_slice() {
            [ValueRef::Binary(ty), value] => {
                let ty = parse_type_json(ty)?;
                let value = decode(value, &ty)?;
                Ok(Value::Dynamic(Box::new(ty), Box::new(value)))
            }
            _ => Err(WireError::expected(ty, "a list")),
        },
        (ValueRef::Array(items), Type::List(of) | Type::Set(of)) => {
            let items = items.iter().enumerate().map(|(index, item)| element(index, decode(item, of)));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (ValueRef::Array(items), Type::Tuple(of)) if items.len() == of.len() => {
            let items = items.iter().zip(of).enumerate();
            let items = items.map(|(index, (item, of))| element(index, decode(item, of)));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (ValueRef::Map(entries), Type::Map(of)) => decode_map(entries, of),
        (ValueRef::Map(entries), Type::Object(attributes)) => decode_object(entries, attributes),
        _ => Err(WireError::expected(ty, describe(tree))),
    }
}

fn decode_map(entries: &[(ValueRef<'_>, ValueRef<'_>)], of: &Type) -> Result<Value, WireError> {
    let mut map = BTreeMap::new();
    for (key, value) in entries {
        let key = text(key)?;
        let value = decode(value, of).map_err(|error| error.inside(Segment::Key(key.clone())))?;
        if map.insert(key, value).is_some() {
            return Err(WireError::new("a map has a key twice"));
        }
    }
    Ok(Value::Map(map))
}

fn decode_object(
    entries: &[(ValueRef<'_>, ValueRef<'_>)],
    attributes: &BTreeMap<String, Type>,
) -> Result<Value, WireError> {
    let mut map = BTreeMap::new();
    for (name, value) in entries {
        let name = text(name)?;
        let inside = |error: WireError| error.inside(Segment::Attribute(name.clone()));
        let ty = attributes.get(&name).ok_or_else(|| inside(WireError::new("the schema has no such attribute")))?;
        let value = decode(value, ty).map_err(inside)?;
        if map.insert(name, value).is_some() {
            return Err(WireError::new("an object has an attribute twice"));
        }
    }
    match attributes.keys().find(|name| !map.contains_key(*name)) {
        Some(missing) => Err(WireError::new("the attribute is missing").inside(Segment::Attribute(missing.clone()))),
        None => Ok(Value::Map(map)),
    }
}

fn text(tree: &ValueRef<'_>) -> Result<String, WireError> {
    let ValueRef::String(text) = tree else {
        return Err(WireError::expected(&Type::String, describe(tree)));
    };
    text.as_str().map(str::to_owned).ok_or_else(|| WireError::new("a text is not UTF-8"))
}

fn number(tree: &ValueRef<'_>) -> Result<Number, WireError> {
    let written = match tree {
        ValueRef::Integer(integer) => integer.to_string(),
        ValueRef::F32(float) => return finite(f64::from(*float)),
        ValueRef::F64(float) => return finite(*float),
        ValueRef::String(_) => text(tree)?,
        _ => return Err(WireError::expected(&Type::Number, describe(tree))),
    };
    Number::parse(&written).map_err(|_| WireError::expected(&Type::Number, "another text"))
}

fn finite(float: f64) -> Result<Number, WireError> {
    Number::from_f64(float).ok_or_else(|| WireError::new("a number is not finite"))
}

fn encode(value: &Value, ty: &Type) -> Result<rmpv::Value, WireError> {
    match (value, ty) {
        (Value::Null, _) => Ok(rmpv::Value::Nil),
        (Value::Unknown, _) => Ok(rmpv::Value::Ext(0, vec![0])),
        (Value::Bool(flag), Type::Bool) => Ok(rmpv::Value::Boolean(*flag)),
        (Value::String(text), Type::String) => Ok(text.as_str().into()),
        (Value::Number(number), Type::Number) => Ok(encode_number(number)),
        (Value::Dynamic(ty, value), Type::Dynamic) => {
            Ok(rmpv::Value::Array(vec![rmpv::Value::Binary(type_json(ty)), encode(value, ty)?]))
        }
        (Value::List(items), Type::List(of) | Type::Set(of)) => {
            let items = items.iter().enumerate().map(|(index, item)| element(index, encode(item, of)));
            items.collect::<Result<_, _>>().map(rmpv::Value::Array)
        }
        (Value::List(items), Type::Tuple(of)) if items.len() == of.len() => {
            let items = items.iter().zip(of).enumerate();
            let items = items.map(|(index, (item, of))| element(index, encode(item, of)));
            items.collect::<Result<_, _>>().map(rmpv::Value::Array)
        }
        (Value::Map(entries), Type::Map(of)) => {
            let entries = entries.iter().map(|(key, value)| {
                let value = encode(value, of).map_err(|error| error.inside(Segment::Key(key.clone())))?;
                Ok((key.as_str().into(), value))
            });
            entries.collect::<Result<_, _>>().map(rmpv::Value::Map)
        }
        (Value::Map(values), Type::Object(attributes)) => encode_object(values, attributes),
        _ => Err(WireError::expected(ty, kind(value))),
    }
}

fn encode_object(
    values: &BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Type>,
) -> Result<rmpv::Value, WireError> {
    if let Some(extra) = values.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(WireError::new("the schema has no such attribute").inside(Segment::Attribute(extra.clone())));
    }
    let entries = attributes.iter().map(|(name, ty)| {
        let value = values.get(name).ok_or_else(|| WireError::new("the attribute is missing"));
        let value = value
            .and_then(|value| encode(value, ty))
            .map_err(|error| error.inside(Segment::Attribute(name.clone())))?;
        Ok((name.as_str().into(), value))
    });
    entries.collect::<Result<_, _>>().map(rmpv::Value::Map)
}

/// The encoding that the host uses. To a host, 0.1 as a float is a different number.
fn encode_number(number: &Number) -> rmpv::Value {
    if let Some(integer) = number.as_i64() {
        integer.into()
    } else if let Some(float) = number.as_f64() {
        float.into()
    } else {
        number.as_str().into()
    }
}

fn element<T>(index: usize, result: Result<T, WireError>) -> Result<T, WireError> {
    result.map_err(|error| error.inside_index(index))
}

fn describe(tree: &ValueRef<'_>) -> &'static str {
    match tree {
        ValueRef::Nil => "null",
        ValueRef::Boolean(_) => "true or false",
        ValueRef::Integer(_) | ValueRef::F32(_) | ValueRef::F64(_) => "a number",
        ValueRef::String(_) => "text",
        ValueRef::Binary(_) => "bytes",
        ValueRef::Array(_) => "a list of another length or kind",
        ValueRef::Map(_) => "a map",
        ValueRef::Ext(..) => "an unknown value",
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Unknown => "an unknown value",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::List(_) => "a list of another length or kind",
        Value::Map(_) => "a map",
        Value::Dynamic(..) => "a value with its type",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::samples;

    fn object(attributes: &[(&str, Type)]) -> Type {
        Type::Object(attributes.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect())
    }

    fn number(text: &str) -> Value {
        Value::Number(Number::parse(text).unwrap())
    }

    #[track_caller]
    fn assert_round_trip(value: Value, ty: &Type, bytes: &[u8]) {
        assert_eq!(encode_msgpack(&value, ty).unwrap(), bytes);
        assert_eq!(decode_msgpack(bytes, ty).unwrap(), value);
    }

    #[test]
    fn numbers_are_encoded_as_in_the_host() {
        assert_round_trip(number("1"), &Type::Number, b"\x01");
        assert_round_trip(number("-9223372036854775808"), &Type::Number, b"\xd3\x80\0\0\0\0\0\0\0");
        assert_round_trip(number("0.5"), &Type::Number, b"\xcb\x3f\xe0\0\0\0\0\0\0");
        assert_round_trip(number("0.1"), &Type::Number, b"\xa30.1");
        assert_round_trip(number("18446744073709551616"), &Type::Number, b"\xcb\x43\xf0\0\0\0\0\0\0");
        assert_round_trip(number("18446744073709551617"), &Type::Number, b"\xb418446744073709551617");
        assert_round_trip(number("1e400"), &Type::Number, b"\xa51e400");
    }

    #[test]
    fn a_float_from_the_host_keeps_its_exact_value() {
        let tenth = decode_msgpack(b"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a", &Type::Number).unwrap();
        assert_ne!(tenth, number("0.1"));
        assert_eq!(encode_msgpack(&tenth, &Type::Number).unwrap(), b"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a");
        assert_eq!(
            decode_msgpack(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", &Type::Number),
            Ok(number("18446744073709551615"))
        );
    }

    #[test]
    fn values_of_every_type_may_be_unknown_or_null() {
        for ty in [Type::String, Type::Dynamic, object(&[]), Type::List(Box::new(Type::Bool))] {
            assert_round_trip(Value::Unknown, &ty, b"\xd4\x00\x00");
            assert_round_trip(Value::Null, &ty, b"\xc0");
        }
        // Extension 12: unknown, but not null.
        assert_eq!(decode_msgpack(b"\xc7\x03\x0c\x81\x01\xc2", &Type::String), Ok(Value::Unknown));
    }

    #[test]
    fn a_dynamic_value_contains_its_type() {
        let value = Value::Dynamic(Box::new(Type::Bool), Box::new(Value::Bool(true)));
        assert_round_trip(value, &Type::Dynamic, b"\x92\xc4\x06\"bool\"\xc3");
    }

    #[test]
    fn an_object_has_exactly_its_attributes() {
        let ty = object(&[("a", Type::String), ("b", object(&[("c", Type::Bool)]))]);
        for (bytes, expected) in [
            (&b"\x82\xa1a\xc0\xa1b\x80"[..], "b.c: the attribute is missing"),
            (b"\x81\xa1a\xc0", "b: the attribute is missing"),
            (b"\x83\xa1a\xc0\xa1b\xc0\xa1x\xc0", "x: the schema has no such attribute"),
            (b"\x82\xa1a\xc0\xa1a\xc0", "an object has an attribute twice"),
            (b"\x82\xa1a\xc0\xa1b\x81\xa1c\x01", "b.c: expected true or false, found a number"),
        ] {
            assert_eq!(decode_msgpack(bytes, &ty).unwrap_err().to_string(), expected);
        }
        let partial = Value::Map([("a".to_owned(), Value::Null)].into());
        assert_eq!(encode_msgpack(&partial, &ty).unwrap_err().to_string(), "b: the attribute is missing");
    }

    #[test]
    fn an_error_names_the_path() {
        let ty = object(&[("regions", Type::Map(Box::new(Type::List(Box::new(Type::Number)))))]);
        let error = decode_msgpack(b"\x81\xa7regions\x81\xa9us-east-1\x92\x01\xa1x", &ty).unwrap_err();
        assert_eq!(error.to_string(), "regions[\"us-east-1\"][1]: expected a number, found another text");
    }

    #[test]
    fn malformed_msgpack_is_rejected() {
        let list = Type::List(Box::new(Type::String));
        for bytes in [
            &b""[..],
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff",
            b"\xdb\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff",
            b"\xc9\xff\xff\xff\xff\x0c",
            b"\x91\xa1\xff",
            b"\x90\x90",
            &[0x91; 100_000],
            &[0x81; 100_000],
        ] {
            decode_msgpack(bytes, &list).unwrap_err();
        }
        decode_msgpack(b"\xcb\x7f\xf0\0\0\0\0\0\0", &Type::Number).unwrap_err();
        decode_msgpack(b"\xab1e999999999", &Type::Number).unwrap_err();
        let nested = [&[0x92, 0xc4, 0x09][..], b"\"dynamic\""].concat().repeat(1_000);
        decode_msgpack(&nested, &Type::Dynamic).unwrap_err();
    }

    proptest! {
        #![proptest_config(samples::config(512))]

        #[test]
        fn every_value_round_trips((ty, value) in samples::any_typed_value()) {
            let bytes = encode_msgpack(&value, &ty).unwrap();
            prop_assert_eq!(decode_msgpack(&bytes, &ty), Ok(value));
        }

        #[test]
        fn a_value_of_another_type_is_rejected_or_fits(ty in samples::any_type(), (_, value) in samples::any_typed_value()) {
            if let Ok(bytes) = encode_msgpack(&value, &ty) {
                prop_assert_eq!(decode_msgpack(&bytes, &ty), Ok(value));
            }
        }
    }
}
