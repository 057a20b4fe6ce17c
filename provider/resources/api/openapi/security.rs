//! Security requirements and security schemes.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::functions::{arn_token, invocation_uri};
use super::operations::{OperationAt, all};
use super::problems::{Problems, quoted};
use super::settings::{Authorization, Authorizer, Lambda};
use super::{Context, object};

/// The extension that defines an authorizer.
pub(super) const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
/// The extension that names the kind of an authorizer.
const AUTH_TYPE: &str = "x-amazon-apigateway-authtype";
/// The extension with the authorization of one operation.
const AUTH: &str = "x-amazon-apigateway-auth";
/// The security scheme for API keys in documents that are made from routes.
pub(super) const API_KEY: &str = "api_key";

/// What a security scheme means to API Gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Authorizer,
    Iam,
    ApiKey,
    /// API Gateway ignores the scheme.
    Nothing,
}

/// The security schemes of a document.
pub(super) fn schemes(document: &Value) -> Option<&Map<String, Value>> {
    let components = document.get("components").and_then(|components| object(components, "securitySchemes"));
    components.or_else(|| object(document, "securityDefinitions"))
}

/// Who may send a request to an operation.
pub(super) fn authorization(
    at: &OperationAt<'_>,
    document: &Value,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Authorization {
    let mut authorization = Authorization::default();
    let kind = at.operation.get(AUTH).and_then(|auth| auth.get("type")).and_then(Value::as_str).unwrap_or_default();
    authorization.iam = kind.eq_ignore_ascii_case("aws_iam");
    let own = at.operation.get("security").or_else(|| document.get("security"));
    let alternatives: Vec<&Map<String, Value>> =
        own.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect();
    let mut ignored = Vec::new();
    for (name, scopes) in alternatives.iter().copied().flatten() {
        match meaning(name, document, context) {
            Meaning::Authorizer => {
                authorization.authorizers.push(name.clone());
                let scopes = scopes.as_array().into_iter().flatten().filter_map(Value::as_str);
                authorization.scopes.extend(scopes.map(str::to_owned));
            }
            Meaning::Iam => authorization.iam = true,
            Meaning::ApiKey => authorization.api_key = true,
            Meaning::Nothing => ignored.push(name.as_str()),
        }
    }
    let is_open = authorization == Authorization::default();
    if is_open && !ignored.is_empty() && !alternatives.iter().any(|alternative| alternative.is_empty()) {
        let detail = format!(
            "{} at {} requires {}, but API Gateway accepts every request: none of these security schemes defines an \
             authorizer. If the function does not check requests itself, add an authorizer of this name, or add {AUTHORIZER:?} \
             to the security scheme.",
            at.title(),
            at.place,
            quoted(ignored)
        );
        problems.warning("Authorization without effect", detail);
    }
    authorization
}

fn meaning(name: &str, document: &Value, context: &Context<'_>) -> Meaning {
    let text = |key: &str| schemes(document)?.get(name)?.get(key)?.as_str();
    let scheme = schemes(document).and_then(|schemes| schemes.get(name));
    if scheme.is_some_and(|scheme| scheme.get(AUTHORIZER).is_some()) {
        return Meaning::Authorizer;
    }
    match context.settings.authorizers.get(name) {
        Some(Authorizer::Iam) => return Meaning::Iam,
        Some(_) => return Meaning::Authorizer,
        None => {}
    }
    if text(AUTH_TYPE).is_some_and(|kind| kind.eq_ignore_ascii_case("awsSigv4")) {
        return Meaning::Iam;
    }
    let is_key = text("type") == Some("apiKey") && text("in") == Some("header");
    let is_named = text("name").is_some_and(|header| header.eq_ignore_ascii_case("x-api-key"));
    if is_key && is_named { Meaning::ApiKey } else { Meaning::Nothing }
}

/// Adds the authorizers of the gateway that a document uses and does not define.
pub(super) fn add_schemes(document: &mut Value, context: &Context<'_>) {
    let used = required(document);
    for (name, authorizer) in &context.settings.authorizers {
        let defined = schemes(document).and_then(|schemes| schemes.get(name));
        if !used.contains(name) || defined.is_some_and(|scheme| scheme.get(AUTHORIZER).is_some()) {
            continue;
        }
        let scheme = scheme(authorizer, context);
        if let Some(schemes) = schemes_mut(document) {
            schemes.insert(name.clone(), scheme);
        }
    }
}

/// The names of the security schemes that a document or its operations require.
fn required(document: &Value) -> BTreeSet<String> {
    let own = all(document);
    let lists = own.iter().map(|at| at.operation.get("security")).chain([document.get("security")]);
    let requirements = lists.flatten().filter_map(Value::as_array).flatten().filter_map(Value::as_object);
    requirements.flat_map(Map::keys).cloned().collect()
}

/// The security schemes of a document, which are added if it has none.
pub(super) fn schemes_mut(document: &mut Value) -> Option<&mut Map<String, Value>> {
    let root = document.as_object_mut()?;
    let schemes = if root.contains_key("swagger") {
        root.entry("securityDefinitions").or_insert_with(|| json!({}))
    } else {
        let components = root.entry("components").or_insert_with(|| json!({}));
        components.as_object_mut()?.entry("securitySchemes").or_insert_with(|| json!({}))
    };
    schemes.as_object_mut()
}

/// The security scheme of an API key.
pub(super) fn api_key_scheme() -> Value {
    json!({"type": "apiKey", "name": "x-api-key", "in": "header"})
}

/// The security scheme of an authorizer of a REST API.
///
/// # Source
/// Amazon API Gateway developer guide, "x-amazon-apigateway-authorizer object"; for JWT authorizers, "JwtConfiguration" in
/// the API reference, whose names the extension is assumed to use.
pub(super) fn scheme(authorizer: &Authorizer, context: &Context<'_>) -> Value {
    let apply = |header: &str, kind: &str, definition: Value| {
        let mut definition = definition;
        // An absent setting is no key, rather than null.
        if let Some(entries) = definition.as_object_mut() {
            entries.retain(|_, value| !value.is_null());
        }
        json!({"type": "apiKey", "name": header, "in": "header", AUTH_TYPE: kind, AUTHORIZER: definition})
    };
    match authorizer {
        Authorizer::Token { lambda, header, validation, ttl_seconds, role_arn } => {
            let definition = json!({
                "type": "token",
                "authorizerUri": uri(lambda, context),
                "identityValidationExpression": validation,
                "authorizerResultTtlInSeconds": ttl_seconds,
                "authorizerCredentials": role_arn,
            });
            apply(header, "custom", definition)
        }
        Authorizer::Request { lambda, identity_sources, ttl_seconds, role_arn, .. } => {
            let definition = json!({
                "type": "request",
                "authorizerUri": uri(lambda, context),
                "identitySource": (!identity_sources.is_empty()).then(|| identity_sources.join(", ")),
                "authorizerResultTtlInSeconds": ttl_seconds,
                "authorizerCredentials": role_arn,
            });
            // API Gateway requires this name for all but a single header or query parameter, and accepts it for these, too.
            apply("Unused", "custom", definition)
        }
        Authorizer::Cognito { user_pool_arns, header } => {
            let definition = json!({"type": "cognito_user_pools", "providerARNs": user_pool_arns});
            apply(header, "cognito_user_pools", definition)
        }
        Authorizer::Jwt { issuer, audiences, algorithms, header } => {
            let algorithms = if algorithms.is_empty() { &vec!["RS256".to_owned()] } else { algorithms };
            let definition = json!({
                "type": "jwt",
                "identitySource": format!("method.request.header.{header}"),
                "jwtConfiguration": {
                    "issuers": [{"issuer": issuer, "audiences": audiences}],
                    "defaultAlgorithms": algorithms,
                },
            });
            apply(header, "jwt", definition)
        }
        Authorizer::Iam => json!({"type": "apiKey", "name": "Authorization", "in": "header", AUTH_TYPE: "awsSigv4"}),
    }
}

fn uri(lambda: &Lambda, context: &Context<'_>) -> String {
    match lambda {
        Lambda::Own(function) => invocation_uri(&arn_token(function), false, context),
        Lambda::Arn(arn) => invocation_uri(arn, false, context),
    }
}
