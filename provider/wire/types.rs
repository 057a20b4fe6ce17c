//! The JSON notation of types: `"string"`, `["list","number"]`, `["object",{"name":"string"}]`.

use serde_json::{Value as Json, json};

use super::{Type, WireError};

/// Formats a type as JSON.
pub fn type_json(ty: &Type) -> Vec<u8> {
    print(ty).to_string().into_bytes()
}

/// Parses a type from JSON.
///
/// # Errors
/// The text is not a type, or is nested more than about 100 levels deep.
pub fn parse_type_json(bytes: &[u8]) -> Result<Type, WireError> {
    // serde_json limits the nesting, and with it the recursion of `parse`.
    let json = serde_json::from_slice(bytes).map_err(|error| WireError::new(format!("a type is not JSON: {error}")))?;
    parse(&json).ok_or_else(|| WireError::new("a type is not one of OpenTofu and Terraform"))
}

fn print(ty: &Type) -> Json {
    match ty {
        Type::String => json!("string"),
        Type::Number => json!("number"),
        Type::Bool => json!("bool"),
        Type::Dynamic => json!("dynamic"),
        Type::List(of) => json!(["list", print(of)]),
        Type::Set(of) => json!(["set", print(of)]),
        Type::Map(of) => json!(["map", print(of)]),
        Type::Object(attributes) => {
            let attributes: serde_json::Map<_, _> =
                attributes.iter().map(|(name, ty)| (name.clone(), print(ty))).collect();
            json!(["object", attributes])
        }
        Type::Tuple(elements) => json!(["tuple", elements.iter().map(print).collect::<Vec<_>>()]),
    }
}

fn parse(json: &Json) -> Option<Type> {
    if let Some(name) = json.as_str() {
        return match name {
            "string" => Some(Type::String),
            "number" => Some(Type::Number),
            "bool" => Some(Type::Bool),
            "dynamic" => Some(Type::Dynamic),
            _ => None,
        };
    }
    let parts = json.as_array()?;
    let (name, of) = (parts.first()?.as_str()?, parts.get(1)?);
    // An object type may list its optional attributes in a third element, which values do not show.
    if parts.len() > 2 && !(name == "object" && parts.len() == 3) {
        return None;
    }
    match name {
        "list" => parse(of).map(|of| Type::List(Box::new(of))),
        "set" => parse(of).map(|of| Type::Set(Box::new(of))),
        "map" => parse(of).map(|of| Type::Map(Box::new(of))),
        "object" => {
            let attributes = of.as_object()?.iter().map(|(name, ty)| Some((name.clone(), parse(ty)?)));
            attributes.collect::<Option<_>>().map(Type::Object)
        }
        "tuple" => of.as_array()?.iter().map(parse).collect::<Option<_>>().map(Type::Tuple),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::samples;

    #[test]
    fn invalid_types_are_rejected() {
        for wrong in [
            "",
            "null",
            "1",
            "\"text\"",
            "[]",
            "[\"list\"]",
            "[\"list\",\"string\",\"string\"]",
            "[\"object\",[]]",
            "[\"tuple\",{}]",
            "[\"capsule\",\"string\"]",
            "\"string\" x",
        ] {
            parse_type_json(wrong.as_bytes()).unwrap_err();
        }
        let deep = format!("{}\"string\"{}", "[\"list\",".repeat(100_000), "]".repeat(100_000));
        parse_type_json(deep.as_bytes()).unwrap_err();
    }

    #[test]
    fn an_object_type_may_list_its_optional_attributes() {
        let ty = parse_type_json(br#"["object",{"a":"string","b":["set","bool"]},["b"]]"#).unwrap();
        assert_eq!(type_json(&ty), br#"["object",{"a":"string","b":["set","bool"]}]"#);
    }

    proptest! {
        #![proptest_config(samples::config(256))]

        #[test]
        fn every_type_round_trips(ty in samples::any_type()) {
            prop_assert_eq!(parse_type_json(&type_json(&ty)), Ok(ty));
        }

        #[test]
        fn parsing_arbitrary_bytes_never_panics(bytes: Vec<u8>) {
            let _ = parse_type_json(&bytes);
        }
    }
}
