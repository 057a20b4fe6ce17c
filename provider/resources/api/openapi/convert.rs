//! Converts OpenAPI 3.1 to OpenAPI 3.0, because API Gateway does not import 3.1.
//!
//! The result accepts the same requests. A keyword without an equivalent is an error, except annotations, which are removed.

use serde_json::{Map, Value, json};

use super::problems::{Place, Problems};
use super::references::is_extension;
use super::{object, references::ANY_METHOD};

/// Keywords of schemas that OpenAPI 3.0 cannot express.
const REFUSED: [&str; 20] = [
    "$anchor",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$vocabulary",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "minContains",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "definitions",
];

/// Keywords of schemas that have no influence on requests.
const ANNOTATIONS: [&str; 3] = ["$comment", "$schema", "contentSchema"];

/// Converts a document.
pub(super) fn to_openapi_30(document: &mut Value, problems: &mut Problems) {
    let mut converter = Converter { problems };
    let place = Place::root();
    let Some(root) = document.as_object_mut() else { return };
    root.remove("webhooks");
    root.remove("jsonSchemaDialect");
    if let Some(info) = root.get_mut("info").and_then(Value::as_object_mut) {
        info.remove("summary");
        if let Some(license) = info.get_mut("license").and_then(Value::as_object_mut) {
            license.remove("identifier");
        }
    }
    for (key, value) in root {
        match key.as_str() {
            "components" => converter.components(value, &place.key(key)),
            "paths" => converter.each(value, &place.key(key), Converter::path),
            _ => {}
        }
    }
}

struct Converter<'a> {
    problems: &'a mut Problems,
}

impl Converter<'_> {
    /// Converts each value of an object or list, except extensions.
    fn each(&mut self, value: &mut Value, place: &Place, convert: fn(&mut Self, &mut Value, &Place)) {
        match value {
            Value::Object(entries) => {
                for (key, child) in entries.iter_mut().filter(|(key, _)| !key.starts_with("x-")) {
                    convert(self, child, &place.key(key));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    convert(self, item, &place.index(index));
                }
            }
            _ => {}
        }
    }

    fn components(&mut self, value: &mut Value, place: &Place) {
        for (section, value) in value.as_object_mut().into_iter().flatten() {
            let place = place.key(section);
            match section.as_str() {
                "schemas" => self.each(value, &place, Self::schema),
                "securitySchemes" => self.each(value, &place, Self::scheme),
                "callbacks" => self.each(value, &place, Self::callback),
                "responses" | "parameters" | "requestBodies" | "headers" => self.each(value, &place, Self::described),
                _ => {}
            }
        }
    }

    fn callback(&mut self, value: &mut Value, place: &Place) {
        self.each(value, place, Self::path);
    }

    fn path(&mut self, value: &mut Value, place: &Place) {
        for (key, child) in value.as_object_mut().into_iter().flatten() {
            let place = place.key(key);
            match key.as_str() {
                "parameters" => self.each(child, &place, Self::described),
                _ if key == ANY_METHOD || !key.starts_with("x-") => self.operation(child, &place),
                _ => {}
            }
        }
    }

    fn operation(&mut self, value: &mut Value, place: &Place) {
        for (key, child) in value.as_object_mut().into_iter().flatten() {
            let place = place.key(key);
            match key.as_str() {
                "parameters" | "responses" => self.each(child, &place, Self::described),
                "requestBody" => self.described(child, &place),
                "callbacks" => self.each(child, &place, Self::callback),
                _ => {}
            }
        }
    }

    /// Converts a parameter, header, request body, response or media type.
    fn described(&mut self, value: &mut Value, place: &Place) {
        let Some(entries) = value.as_object_mut() else { return };
        if entries.contains_key("$ref") {
            // OpenAPI 3.1 adds a summary and a description to references, and nothing else.
            entries.retain(|key, _| key == "$ref");
            return;
        }
        for (key, child) in entries {
            let place = place.key(key);
            match key.as_str() {
                "schema" => self.schema(child, &place),
                "content" | "headers" | "encoding" => self.each(child, &place, Self::described),
                _ => {}
            }
        }
    }

    fn scheme(&mut self, value: &mut Value, place: &Place) {
        if value.get("type").and_then(Value::as_str) == Some("mutualTLS") {
            let detail = format!(
                "The security scheme at {place} has the type mutualTLS, which OpenAPI 3.0 does not have. API Gateway checks \
                 client certificates at a custom domain name. Remove the security scheme."
            );
            self.problems.error("No equivalent in OpenAPI 3.0", detail);
        }
    }

    fn schema(&mut self, value: &mut Value, place: &Place) {
        match value {
            Value::Bool(true) => *value = json!({}),
            Value::Bool(false) => *value = json!({"not": {}}),
            Value::Object(entries) => {
                self.refuse(entries, place);
                self.children(entries, place);
                entries.retain(|key, _| !ANNOTATIONS.contains(&key.as_str()));
                rewrite_reference(entries);
                rewrite_types(entries);
                rewrite_values(entries);
                rewrite_bound(entries, "exclusiveMinimum", "minimum", |exclusive, other| exclusive >= other);
                rewrite_bound(entries, "exclusiveMaximum", "maximum", |exclusive, other| exclusive <= other);
                rewrite_content(entries);
            }
            _ => {}
        }
    }

    fn refuse(&mut self, entries: &Map<String, Value>, place: &Place) {
        for keyword in REFUSED.iter().filter(|keyword| entries.contains_key(**keyword)) {
            let detail = format!(
                "{} is a keyword of OpenAPI 3.1. API Gateway imports OpenAPI 3.0 only, which has no equivalent. Remove it, or \
                 write the schema without it.",
                place.key(keyword)
            );
            self.problems.error("No equivalent in OpenAPI 3.0", detail);
        }
    }

    fn children(&mut self, entries: &mut Map<String, Value>, place: &Place) {
        for (key, child) in entries.iter_mut().filter(|(key, _)| !is_extension(key)) {
            let place = place.key(key);
            match key.as_str() {
                "properties" | "allOf" | "anyOf" | "oneOf" => self.each(child, &place, Self::schema),
                "items" | "not" => self.schema(child, &place),
                // A Boolean here is the same in OpenAPI 3.0.
                "additionalProperties" if child.is_object() => self.schema(child, &place),
                _ => {}
            }
        }
    }
}

/// A reference ignores the keys beside it in OpenAPI 3.0, so it moves into `allOf`.
fn rewrite_reference(entries: &mut Map<String, Value>) {
    if entries.len() > 1
        && let Some(reference) = entries.remove("$ref")
    {
        push(entries, "allOf", json!({"$ref": reference}));
    }
}

fn push(entries: &mut Map<String, Value>, key: &str, schema: Value) {
    if let Some(list) = entries.entry(key).or_insert_with(|| json!([])).as_array_mut() {
        list.push(schema);
    }
}

/// Lists of types, the type `null`, and alternatives with the type `null`.
fn rewrite_types(entries: &mut Map<String, Value>) {
    for key in ["anyOf", "oneOf"] {
        let Some(Value::Array(alternatives)) = entries.get_mut(key) else { continue };
        let before = alternatives.len();
        alternatives.retain(|schema| !is_null(schema));
        if alternatives.len() < before {
            if alternatives.is_empty() {
                entries.remove(key);
                entries.insert("enum".to_owned(), json!([null]));
            }
            entries.insert("nullable".to_owned(), true.into());
        }
    }
    let mut types: Vec<Value> = match entries.get("type") {
        Some(Value::Array(types)) => types.clone(),
        Some(Value::String(name)) if name == "null" => vec!["null".into()],
        _ => return,
    };
    let before = types.len();
    types.retain(|name| name != "null");
    let nullable = types.len() < before;
    entries.remove("type");
    if nullable {
        entries.insert("nullable".to_owned(), true.into());
    }
    match types.as_slice() {
        [] => {
            entries.insert("enum".to_owned(), json!([null]));
        }
        [name] => {
            entries.insert("type".to_owned(), name.clone());
        }
        several => {
            let alternative =
                |name: &Value| if nullable { json!({"type": name, "nullable": true}) } else { json!({"type": name}) };
            let alternatives: Value = several.iter().map(alternative).collect();
            match entries.contains_key("anyOf") {
                true => push(entries, "allOf", json!({"anyOf": alternatives})),
                false => {
                    entries.insert("anyOf".to_owned(), alternatives);
                }
            }
        }
    }
}

/// Whether a converted schema accepts only null.
fn is_null(schema: &Value) -> bool {
    let is_only = object(&json!({"schema": schema}), "schema").is_some_and(|entries| entries.len() == 2);
    is_only && schema.get("nullable") == Some(&Value::Bool(true)) && schema.get("enum") == Some(&json!([null]))
}

/// `const` and `examples`.
fn rewrite_values(entries: &mut Map<String, Value>) {
    if let Some(value) = entries.remove("const") {
        entries.insert("enum".to_owned(), json!([value]));
    }
    if let Some(Value::Array(examples)) = entries.remove("examples")
        && let Some(first) = examples.into_iter().next()
    {
        entries.entry("example").or_insert(first);
    }
}

/// An exclusive bound is a number in OpenAPI 3.1, and a flag beside the bound in OpenAPI 3.0.
fn rewrite_bound(entries: &mut Map<String, Value>, exclusive: &str, inclusive: &str, is_tighter: fn(f64, f64) -> bool) {
    let Some(bound) = entries.get(exclusive).filter(|bound| bound.is_number()).cloned() else { return };
    entries.remove(exclusive);
    let other = entries.get(inclusive).and_then(Value::as_f64);
    if other.is_none_or(|other| bound.as_f64().is_some_and(|bound| is_tighter(bound, other))) {
        entries.insert(inclusive.to_owned(), bound);
        entries.insert(exclusive.to_owned(), true.into());
    }
}

/// Binary content is a format in OpenAPI 3.0.
fn rewrite_content(entries: &mut Map<String, Value>) {
    let encoding = entries.remove("contentEncoding");
    let media_type = entries.remove("contentMediaType");
    let format = match (encoding.as_ref().and_then(Value::as_str), media_type) {
        (Some("base64" | "base64url"), _) => "byte",
        (None, Some(_)) => "binary",
        _ => return,
    };
    entries.entry("format").or_insert_with(|| format.into());
}
