//! What an OpenAPI document says about the parts of an API, in AWS's spelling. Pure.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{Facts, Settings, policy};

/// The part for the settings of the API itself.
pub(super) const API: &str = "API";
/// The setting of a method: its request validator.
pub(super) const VALIDATOR: &str = "requestValidator";
/// The setting of a method: the name of its authorizer.
pub(super) const AUTHORIZER: &str = "authorizer";

/// The part for an authorizer.
pub(super) fn authorizer(name: &str) -> String {
    format!("authorizer {name}")
}

/// The part for a customized gateway response.
pub(super) fn gateway_response(kind: &str) -> String {
    format!("gateway response {kind}")
}

/// The part for a method.
pub(super) fn method(method: &str, path: &str) -> String {
    let path = path.trim_end_matches('/');
    format!("{method} {}", if path.is_empty() { "/" } else { path })
}

/// The parts of the API that the document describes, with the settings that it sets.
pub(super) fn facts(document: &Json) -> Facts {
    let mut facts = Facts::from([(API.to_owned(), api(document))]);
    for (path, item) in object(&document["paths"]).filter(|(path, _)| path.starts_with('/')) {
        for (name, operation) in object(item) {
            let Some(name) = method_name(name) else { continue };
            facts.insert(method(&name, path), operation_settings(document, operation));
        }
    }
    for (kind, response) in object(&document["x-amazon-apigateway-gateway-responses"]) {
        facts.insert(gateway_response(kind), gateway_response_settings(response));
    }
    // Authorizers that no operation uses are not compared: AWS may not import them.
    let used: Vec<String> =
        facts.values().filter_map(|part| Some(part.get(AUTHORIZER)?.as_str()?.to_owned())).collect();
    for name in used {
        let scheme = schemes(document).get(&name).unwrap_or(&Json::Null);
        facts.insert(authorizer(&name), authorizer_settings(scheme));
    }
    facts
}

fn object(value: &Json) -> impl Iterator<Item = (&String, &Json)> {
    value.as_object().into_iter().flatten()
}

/// AWS's name of a field of a path: `GET` or `ANY`; `None` when the field is no method.
fn method_name(field: &str) -> Option<String> {
    match field {
        "get" | "put" | "post" | "delete" | "options" | "head" | "patch" => Some(field.to_uppercase()),
        "x-amazon-apigateway-any-method" => Some("ANY".to_owned()),
        _ => None,
    }
}

/// `value`, or what its `$ref` within the document refers to.
fn resolved<'a>(document: &'a Json, value: &'a Json) -> &'a Json {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn api(document: &Json) -> Settings {
    let mut binary: Vec<String> = strings(&document["x-amazon-apigateway-binary-media-types"]);
    binary.sort();
    let source = document["x-amazon-apigateway-api-key-source"].as_str().unwrap_or("HEADER").to_uppercase();
    let policy = &document["x-amazon-apigateway-policy"];
    let policy = if policy.is_null() { Json::Null } else { policy::canonical(policy) };
    Settings::from([
        ("binaryMediaTypes", json!(binary)),
        ("minimumCompressionSize", document["x-amazon-apigateway-minimum-compression-size"].clone()),
        ("apiKeySource", source.into()),
        ("policy", policy),
    ])
}

fn operation_settings(document: &Json, operation: &Json) -> Settings {
    let mut settings = integration_settings(resolved(document, &operation["x-amazon-apigateway-integration"]));
    security_settings(document, operation, &mut settings);
    let own = &operation["x-amazon-apigateway-request-validator"];
    let validator = if own.is_null() { &document["x-amazon-apigateway-request-validator"] } else { own };
    settings.insert(VALIDATOR, validator.clone());
    settings
}

/// The settings of an integration that the document sets. AWS writes the fixed values in upper case.
fn integration_settings(integration: &Json) -> Settings {
    let mut settings = Settings::new();
    let kind = integration["type"].as_str().unwrap_or_default().to_uppercase();
    let mut upper = |name: &'static str| {
        if let Some(text) = integration[name].as_str() {
            settings.insert(name, text.to_uppercase().into());
        }
    };
    for name in ["type", "connectionType", "contentHandling", "passthroughBehavior", "responseTransferMode"] {
        upper(name);
    }
    // AWS does not store where a mock integration leads.
    if kind != "MOCK" {
        upper("httpMethod");
        for name in ["uri", "credentials", "connectionId"] {
            if integration[name].is_string() {
                settings.insert(name, integration[name].clone());
            }
        }
    }
    if integration["timeoutInMillis"].is_number() {
        settings.insert("timeoutInMillis", integration["timeoutInMillis"].clone());
    }
    settings
}

/// The authorization of an operation. A document can also require authorization for all operations at its root, which API
/// Gateway treats otherwise than other tools; then nothing is compared.
fn security_settings(document: &Json, operation: &Json, settings: &mut Settings) {
    let requirements = &operation["security"];
    if requirements.is_null() && !document["security"].is_null() {
        return;
    }
    let (mut kind, mut needs_key, mut name) = (Some("NONE".to_owned()), false, Json::Null);
    let names = requirements.as_array().into_iter().flatten().flat_map(object).map(|(name, _)| name);
    for scheme_name in names {
        let scheme = schemes(document).get(scheme_name).unwrap_or(&Json::Null);
        let authorizer = &scheme["x-amazon-apigateway-authorizer"];
        if let Some(of_authorizer) = authorizer["type"].as_str() {
            kind = match of_authorizer.to_lowercase().as_str() {
                "token" | "request" => Some("CUSTOM".to_owned()),
                "cognito_user_pools" => Some("COGNITO_USER_POOLS".to_owned()),
                // The authorizer itself is compared.
                _ => None,
            };
            name = scheme_name.as_str().into();
        } else if is(&scheme["x-amazon-apigateway-authtype"], "awsSigv4") {
            kind = Some("AWS_IAM".to_owned());
        } else if is(&scheme["type"], "apiKey") && is(&scheme["name"], "x-api-key") {
            needs_key = true;
        }
    }
    if let Some(own) = operation.pointer("/x-amazon-apigateway-auth/type").and_then(Json::as_str) {
        kind = Some(own.to_uppercase());
    }
    settings.extend(kind.map(|kind| ("authorizationType", kind.into())));
    settings.insert("apiKeyRequired", needs_key.into());
    settings.insert(AUTHORIZER, name);
}

fn is(value: &Json, text: &str) -> bool {
    value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(text))
}

fn schemes(document: &Json) -> &Json {
    document.pointer("/components/securitySchemes").unwrap_or(&Json::Null)
}

/// The settings of an authorizer that the document sets.
fn authorizer_settings(scheme: &Json) -> Settings {
    let authorizer = &scheme["x-amazon-apigateway-authorizer"];
    let mut settings = Settings::new();
    if let Some(kind) = authorizer["type"].as_str() {
        settings.insert("type", kind.to_uppercase().into());
    }
    for name in ["authorizerUri", "authorizerCredentials", "identityValidationExpression"] {
        if authorizer[name].is_string() {
            settings.insert(name, authorizer[name].clone());
        }
    }
    if let Some(source) = authorizer["identitySource"].as_str() {
        settings.insert("identitySource", identity_source(source));
    }
    if authorizer["authorizerResultTtlInSeconds"].is_number() {
        settings.insert("authorizerResultTtlInSeconds", authorizer["authorizerResultTtlInSeconds"].clone());
    }
    if authorizer["providerARNs"].is_array() {
        settings.insert("providerARNs", sorted(strings(&authorizer["providerARNs"])));
    }
    settings
}

/// An identity source, as the list of its parts.
pub(super) fn identity_source(source: &str) -> Json {
    sorted(source.split(',').map(|part| part.trim().to_owned()).collect())
}

/// The texts as a sorted list.
pub(super) fn sorted(mut texts: Vec<String>) -> Json {
    texts.sort();
    json!(texts)
}

fn gateway_response_settings(response: &Json) -> Settings {
    let mut settings = Settings::new();
    match &response["statusCode"] {
        Json::Null => {}
        Json::String(code) => drop(settings.insert("statusCode", code.as_str().into())),
        code => drop(settings.insert("statusCode", code.to_string().into())),
    }
    for name in ["responseParameters", "responseTemplates"] {
        if response[name].is_object() {
            let values: BTreeMap<&String, &Json> = object(&response[name]).collect();
            settings.insert(name, json!(values));
        }
    }
    settings
}

fn strings(value: &Json) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_in_the_spelling_of_aws() {
        let document = json!({
            "paths": {
                "x-note": "no path",
                "/items/": {
                    "parameters": [],
                    "x-amazon-apigateway-any-method": {
                        "security": [{ "key": [], "jwt": ["read"] }],
                        "x-amazon-apigateway-integration": { "$ref": "#/components/x-amazon-apigateway-integrations/f" },
                    },
                },
                "/": { "get": { "x-amazon-apigateway-integration": { "type": "mock", "uri": "ignored" } } },
            },
            "components": {
                "x-amazon-apigateway-integrations": { "f": {
                    "type": "aws_proxy", "httpMethod": "post", "uri": "arn:x", "passthroughBehavior": "when_no_match",
                    "timeoutInMillis": 5_000,
                } },
                "securitySchemes": {
                    "key": { "type": "apiKey", "name": "X-Api-Key", "in": "header" },
                    "jwt": { "x-amazon-apigateway-authorizer": {
                        "type": "request", "authorizerUri": "arn:y", "identitySource": "b, a",
                    } },
                    "unused": { "x-amazon-apigateway-authorizer": { "type": "token" } },
                },
            },
            "x-amazon-apigateway-gateway-responses": { "THROTTLED": { "statusCode": 429 } },
        });
        let found = facts(&document);
        let parts: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(parts, ["ANY /items", "API", "GET /", "authorizer jwt", "gateway response THROTTLED"]);
        assert_eq!(
            serde_json::to_value(&found["ANY /items"]).unwrap(),
            json!({
                "type": "AWS_PROXY", "httpMethod": "POST", "uri": "arn:x", "passthroughBehavior": "WHEN_NO_MATCH",
                "timeoutInMillis": 5_000, "authorizationType": "CUSTOM", "apiKeyRequired": true, "authorizer": "jwt",
                "requestValidator": null,
            })
        );
        assert_eq!(found["GET /"].get("uri"), None);
        assert_eq!(found["authorizer jwt"]["identitySource"], json!(["a", "b"]));
        assert_eq!(found["gateway response THROTTLED"]["statusCode"], "429");
    }
}
