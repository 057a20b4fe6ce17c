//! The OpenAPI document as it is sent: placeholders replaced, name and endpoint added. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::aws::CallError;

/// The document in which each key of `values` is replaced with its value, in all strings but the names of fields. Where two
/// keys begin at one place, the longer one counts. A value is not searched for keys.
///
/// # Errors
/// [`CallError::Malformed`] when the document is not a JSON object.
pub(super) fn substitute(document: &str, values: &BTreeMap<&str, &str>) -> Result<Json, CallError> {
    let mut document: Json = serde_json::from_str(document)
        .map_err(|error| CallError::Malformed(format!("the OpenAPI document is not JSON: {error}")))?;
    if !document.is_object() {
        return Err(CallError::Malformed("the OpenAPI document is not a JSON object".to_owned()));
    }
    let mut keys: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, *value)).collect();
    keys.retain(|(key, _)| !key.is_empty());
    keys.sort_by_key(|(key, _)| std::cmp::Reverse(key.len()));
    walk(&mut document, &keys);
    Ok(document)
}

fn walk(value: &mut Json, keys: &[(&str, &str)]) {
    match value {
        Json::String(text) => {
            if keys.iter().any(|(key, _)| text.contains(key)) {
                *text = replaced(text, keys);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| walk(item, keys)),
        Json::Object(fields) => fields.values_mut().for_each(|field| walk(field, keys)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn replaced(text: &str, keys: &[(&str, &str)]) -> String {
    let (mut result, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let found = keys.iter().find_map(|(key, value)| Some((rest.strip_prefix(key)?, value)));
        match found {
            Some((after, value)) => {
                result.push_str(value);
                rest = after;
            }
            None => {
                result.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    result
}

/// Sets the title, which becomes the API's name.
pub(super) fn set_title(document: &mut Json, name: &str) {
    let Some(fields) = document.as_object_mut() else { return };
    let info = fields.entry("info").or_insert_with(|| json!({ "version": "1" }));
    if let Some(info) = info.as_object_mut() {
        info.insert("title".to_owned(), name.into());
    }
}

/// Sets the state of the default endpoint. In an OpenAPI 3 document it belongs to the servers, which have no other effect.
///
/// # Source
/// AWS, "x-amazon-apigateway-endpoint-configuration object".
pub(super) fn set_endpoint(document: &mut Json, disabled: bool) {
    const EXTENSION: &str = "x-amazon-apigateway-endpoint-configuration";
    let Some(fields) = document.as_object_mut() else { return };
    let servers = fields.remove("servers").unwrap_or_default();
    let first = servers.as_array().and_then(|servers| servers.first()?.as_object());
    let mut server = first.cloned().unwrap_or_else(|| Map::from_iter([("url".to_owned(), "/".into())]));
    let configuration = server.entry(EXTENSION).or_insert_with(|| json!({}));
    if let Some(configuration) = configuration.as_object_mut() {
        configuration.insert("disableExecuteApiEndpoint".to_owned(), disabled.into());
    }
    fields.insert("servers".to_owned(), json!([server]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_once_and_as_text() {
        let values = [("{function.a}", "arn:\"{function.b}\""), ("{function.b}", "B"), ("{function", "no"), ("", "no")];
        let document = r#"{"{function.b}": ["x {function.a}/{function.b} ü", 7, {"y": "{other}"}]}"#;
        let found = substitute(document, &values.into_iter().collect()).unwrap();
        assert_eq!(found, json!({ "{function.b}": ["x arn:\"{function.b}\"/B ü", 7, { "y": "{other}" }] }));
        for wrong in ["", "[]", "openapi: 3.0.1"] {
            assert!(substitute(wrong, &BTreeMap::new()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn name_and_endpoint_are_added() {
        let mut document = json!({ "openapi": "3.0.1", "info": { "title": "x", "version": "2" }, "paths": {} });
        set_title(&mut document, "giraffe");
        set_endpoint(&mut document, true);
        let configuration = json!({ "disableExecuteApiEndpoint": true });
        let expected = json!({
            "openapi": "3.0.1", "info": { "title": "giraffe", "version": "2" }, "paths": {},
            "servers": [{ "url": "/", "x-amazon-apigateway-endpoint-configuration": configuration }],
        });
        assert_eq!(document, expected);
        set_endpoint(&mut document, false);
        let server = &document["servers"][0]["x-amazon-apigateway-endpoint-configuration"];
        assert_eq!(server["disableExecuteApiEndpoint"], false);
    }
}
