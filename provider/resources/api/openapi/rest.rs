//! Completes the document of a REST API.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::functions::{FUNCTION, arn_token, invocation_uri, is_function_arn};
use super::operations::{INTEGRATION, Operation, is_incomplete, key_of};
use super::problems::{Place, Problems};
use super::template::{FunctionId, Template};
use super::{Context, MAX_BYTES, cors, object, security};

/// The extension with the resource policy.
const POLICY: &str = "x-amazon-apigateway-policy";
/// The extension with the binary media types.
pub(super) const BINARY_TYPES: &str = "x-amazon-apigateway-binary-media-types";
/// The extension with the size from which responses are compressed.
const COMPRESSION: &str = "x-amazon-apigateway-minimum-compression-size";

/// Adds integrations, authorizers and settings. Adds the operations that answer CORS preflight requests to `operations`.
pub(super) fn complete(
    document: &mut Value,
    operations: &mut Vec<Operation>,
    context: &Context<'_>,
    problems: &mut Problems,
) {
    for operation in operations.iter() {
        if let Some(at) = operation_mut(document, operation) {
            integrate(at, operation.function.as_ref(), context);
        }
    }
    security::add_schemes(document, context);
    settings(document, context, problems);
    if let Some(cors) = &context.settings.cors {
        cors::add(document, cors, operations, problems);
    }
    clean(document);
}

fn operation_mut<'a>(document: &'a mut Value, operation: &Operation) -> Option<&'a mut Map<String, Value>> {
    let item = document.get_mut("paths")?.get_mut(&operation.path)?;
    item.get_mut(key_of(operation.method))?.as_object_mut()
}

/// Adds the integration with `function`, or completes and spells an existing one as API Gateway requires.
fn integrate(operation: &mut Map<String, Value>, function: Option<&FunctionId>, context: &Context<'_>) {
    let settings = context.settings;
    if !operation.get(INTEGRATION).is_some_and(Value::is_object) {
        operation.insert(INTEGRATION.to_owned(), json!({}));
    }
    let Some(integration) = operation.get_mut(INTEGRATION).and_then(Value::as_object_mut) else { return };
    if settings.streams && is_incomplete(integration) {
        integration.entry("responseTransferMode").or_insert_with(|| "STREAM".into());
    }
    if let Some(version) = integration.get_mut("payloadFormatVersion").filter(|version| version.is_number()) {
        *version = spelled_version(version).into();
    }
    let mode = integration.get("responseTransferMode").and_then(Value::as_str).unwrap_or_default();
    let streams = mode.eq_ignore_ascii_case("stream");
    if is_incomplete(integration) {
        let Some(function) = function else { return };
        integration.insert("type".to_owned(), "aws_proxy".into());
        integration.insert("uri".to_owned(), invocation_uri(&arn_token(function), streams, context).into());
        if let (Some(timeout), false) = (settings.timeout_ms, integration.contains_key("timeoutInMillis")) {
            integration.insert("timeoutInMillis".to_owned(), timeout.into());
        }
    }
    let Some(Value::String(uri)) = integration.get_mut("uri") else { return };
    if is_function_arn(uri) {
        *uri = invocation_uri(uri, streams, context);
    }
    // Lambda accepts invocations by POST only; API Gateway imports any other method, and fails when it is called.
    if uri.contains(":lambda:path/") {
        integration.insert("httpMethod".to_owned(), "POST".into());
    }
}

/// A payload format version, which YAML without quotes makes a number.
pub(super) fn spelled_version(version: &Value) -> String {
    match version {
        Value::String(text) => text.clone(),
        other => {
            let digits = other.to_string();
            if digits.contains('.') { digits } else { format!("{digits}.0") }
        }
    }
}

fn settings(document: &mut Value, context: &Context<'_>, problems: &mut Problems) {
    let Some(root) = document.as_object_mut() else { return };
    let info = root.entry("info").or_insert_with(|| json!({}));
    if let Some(info) = info.as_object_mut() {
        info.insert("title".to_owned(), context.name.into());
        info.entry("version").or_insert_with(|| "1".into());
    }
    let settings = context.settings;
    if !settings.binary_media_types.is_empty() {
        root.entry(BINARY_TYPES).or_insert_with(|| settings.binary_media_types.clone().into());
    }
    if let Some(bytes) = settings.minimum_compression_bytes {
        root.entry(COMPRESSION).or_insert_with(|| bytes.into());
    }
    if let (Some(policy), false) = (&settings.policy_json, root.contains_key(POLICY)) {
        match serde_json::from_str::<Value>(policy) {
            Ok(policy) => {
                root.insert(POLICY.to_owned(), policy);
            }
            Err(error) => {
                let detail = format!("The resource policy of the API is not JSON: {error}. Use jsonencode().");
                problems.error("Invalid resource policy", detail);
            }
        }
    }
}

/// Removes the provider's own extensions.
fn clean(document: &mut Value) {
    let Some(root) = document.as_object_mut() else { return };
    root.remove(FUNCTION);
    for item in root.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        let Some(item) = item.as_object_mut() else { continue };
        item.remove(FUNCTION);
        item.values_mut().filter_map(Value::as_object_mut).for_each(|operation| {
            operation.remove(FUNCTION);
        });
    }
}

/// The text of a document. Its keys are sorted.
pub(super) fn text(document: &Value, problems: &mut Problems) -> Template {
    let text = document.to_string();
    if text.len() > MAX_BYTES {
        let detail = format!(
            "The document has {} bytes without insignificant spaces. API Gateway imports at most {MAX_BYTES} bytes (6 MB). \
             Remove descriptions and examples, or divide the API.",
            text.len()
        );
        problems.error("OpenAPI document too large", detail);
    }
    Template::new(text)
}

/// Checks the paths of a document against the rules of REST APIs.
///
/// # Source
/// Amazon API Gateway developer guide, "Amazon API Gateway important notes for REST APIs".
pub(super) fn check_paths(document: &Value, problems: &mut Problems) {
    let mut variables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in object(document, "paths").into_iter().flat_map(Map::keys) {
        if path.starts_with("x-") {
            continue;
        }
        let place = Place::root().key("paths").key(path);
        let Some(relative) = path.strip_prefix('/') else {
            let detail = format!("The path {path:?} at {place} does not begin with a slash. Write \"/{path}\".");
            problems.error("Invalid path", detail);
            continue;
        };
        let mut parent = String::new();
        let segments: Vec<&str> = relative.split('/').collect();
        for (index, segment) in segments.iter().enumerate() {
            if let Some(reason) = fault(segment, index + 1 == segments.len()) {
                let detail = format!("The segment {segment:?} of the path {path:?} at {place} {reason}");
                problems.error("Invalid path", detail);
            }
            if segment.starts_with('{') {
                variables.entry(parent.clone()).or_default().insert((*segment).to_owned());
            }
            parent = format!("{parent}/{segment}");
        }
    }
    for (parent, names) in variables.into_iter().filter(|(_, names)| names.len() > 1) {
        let names: Vec<String> = names.into_iter().collect();
        let detail = format!(
            "A REST API has at most one variable segment below each path, and below \"{parent}/\" there are {}. Use one name \
             for all of them.",
            names.join(" and ")
        );
        problems.error("Invalid path", detail);
    }
}

/// Why a segment of a path is invalid.
fn fault(segment: &str, is_last: bool) -> Option<&'static str> {
    let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.,:".contains(c));
    match segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
        Some(name) => match name.strip_suffix('+') {
            Some(_) if !is_last => Some("is greedy, but not the last one. Remove the +, or the segments after it."),
            greedy => {
                let name = greedy.unwrap_or(name);
                (name.is_empty() || !is_word(name))
                    .then_some("is not a variable. Name it with letters, digits, and the characters _-.,: only.")
            }
        },
        None if segment == "$default" => {
            Some("exists only in HTTP APIs. Use \"/{proxy+}\" for all other paths of a REST API.")
        }
        None if segment.contains(['{', '}']) => {
            Some("contains a variable beside other text. In a REST API, a variable is a whole segment, such as {id}.")
        }
        None => (!is_word(segment)).then_some(
            "has characters that REST APIs do not accept. Use letters, digits, and the characters _-.,: only.",
        ),
    }
}
