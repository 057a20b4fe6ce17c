//! Integrations of methods, and the paths of resources: what AWS checks in a document.

use serde_json::{Value, json};

use super::super::super::super::{copy_fields, field_or, text};
use super::import_error;
use crate::message::ApiError;

/// Rejects a segment of a path that AWS does not allow.
pub(super) fn check_segment(path: &str, segment: &str, is_last: bool) -> Result<(), ApiError> {
    let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let greedy = name.and_then(|name| name.strip_suffix('+'));
    if greedy.is_some() && !is_last {
        return Err(import_error(&format!(
            "Unable to create resource at path '{path}': Cannot create a child of a resource with a greedy path variable."
        )));
    }
    let plain = greedy.or(name).unwrap_or(segment);
    if plain.is_empty() || !plain.chars().all(|c| c.is_ascii_alphanumeric() || "._-:,$@!~".contains(c)) {
        return Err(import_error(&format!(
            "Unable to create resource at path '{path}': Resource's path part only allow a-zA-Z0-9._-: or a valid greedy \
             path variable and curly braces at the beginning and the end."
        )));
    }
    Ok(())
}

/// An integration in AWS's spelling. A document has its fixed values in any case.
pub(super) fn integration(given: &Value, method: &str, path: &str, resource: &str) -> Result<Value, ApiError> {
    let error = |why: &str| {
        import_error(&format!("Unable to put integration on '{method}' for resource at path '{path}': {why}"))
    };
    let kind = text(given, "type").to_uppercase();
    if !["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"].contains(&kind.as_str()) {
        return Err(error("Enumeration value for type must be non-empty"));
    }
    let mut integration = json!({
        "type": kind,
        "passthroughBehavior": field_or(given, "passthroughBehavior", "WHEN_NO_MATCH").as_str().map(str::to_uppercase),
        "timeoutInMillis": field_or(given, "timeoutInMillis", 29_000),
        "cacheNamespace": resource,
        "cacheKeyParameters": [],
    });
    let timeout = integration["timeoutInMillis"].as_i64().unwrap_or_default();
    if !(50..=29_000).contains(&timeout) {
        return Err(error("Timeout should be between 50 ms and 29000 ms"));
    }
    for name in ["connectionType", "contentHandling", "responseTransferMode"] {
        if let Some(value) = given[name].as_str() {
            integration[name] = value.to_uppercase().into();
        }
    }
    if let Some(fields) = integration.as_object_mut() {
        copy_fields(fields, given, &["credentials", "connectionId", "requestTemplates", "requestParameters"]);
    }
    let responses = given["responses"].as_object().into_iter().flatten();
    let responses: serde_json::Map<_, _> =
        responses.map(|(pattern, response)| integration_response(pattern, response)).collect();
    if !responses.is_empty() {
        integration["integrationResponses"] = responses.into();
    }
    if kind == "MOCK" {
        return Ok(integration);
    }
    let uri = text(given, "uri");
    if text(given, "httpMethod").is_empty() {
        return Err(error("Enumeration value for HttpMethod must be non-empty"));
    }
    let is_valid = if kind.starts_with("AWS") { service_of(uri).is_some() } else { uri.starts_with("http") };
    if !is_valid {
        return Err(error("Invalid ARN specified in the request"));
    }
    if service_of(uri) == Some("lambda") && function_of(uri).is_none() {
        return Err(error("Invalid function ARN or invalid uri"));
    }
    integration["httpMethod"] = text(given, "httpMethod").to_uppercase().into();
    integration["uri"] = uri.into();
    Ok(integration)
}

/// A response of an integration, by its status.
fn integration_response(pattern: &str, given: &Value) -> (String, Value) {
    let status = given["statusCode"].as_str().map_or_else(|| given["statusCode"].to_string(), str::to_owned);
    let mut response = json!({ "statusCode": status });
    if let Some(fields) = response.as_object_mut() {
        if pattern != "default" {
            fields.insert("selectionPattern".to_owned(), pattern.into());
        }
        copy_fields(fields, given, &["responseParameters", "responseTemplates"]);
    }
    (status, response)
}

/// The service in the URI of an integration.
fn service_of(uri: &str) -> Option<&str> {
    let mut parts = uri.splitn(6, ':');
    let is_arn = parts.next() == Some("arn") && parts.next().is_some_and(|partition| partition.starts_with("aws"));
    let is_apigateway = parts.next() == Some("apigateway") && parts.next().is_some_and(|region| !region.is_empty());
    parts.next().filter(|service| is_arn && is_apigateway && !service.is_empty())
}

/// The ARN of the function in a URI; `None` when it is none.
pub(in super::super) fn function_of(uri: &str) -> Option<&str> {
    let arn = uri.split_once(":lambda:path/2015-03-31/functions/")?.1.strip_suffix("/invocations")?;
    // A stage variable may be part of the ARN.
    let is_function = arn.starts_with("arn:") && arn.split(':').nth(5) == Some("function");
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_:.$".contains(c);
    let plain = arn.replace("${stageVariables.", "").replace('}', "");
    (is_function && arn.split(':').count() <= 8 && plain.chars().all(allowed)).then_some(arn)
}
