//! Authorizers of HTTP APIs: incomplete ones, names that exist, and authorizers that routes use.
//!
//! Sources: Amazon API Gateway API reference (v2), "CreateAuthorizer" and "CreateRoute"; developer guide, "Control access to HTTP
//! APIs with JWT authorizers" and "Control access to HTTP APIs with AWS Lambda authorizers".

use serde_json::Value;

use super::super::{Context, Verdict};
use super::{create_once, exists};
use crate::error::Error;

/// Rejects authorizers that AWS would not accept, and the deletion of one that a route uses.
pub(super) async fn before(context: &Context<'_>, body: &Value) -> Verdict {
    match context.operation.name.as_str() {
        "DeleteAuthorizer" => delete(context).await,
        "UpdateAuthorizer" => match exists(context, "authorizers", "Authorizer").await? {
            None => Ok(check(context, &current(context, body).await?)?),
            refused => Ok(refused),
        },
        _ => match check(context, body)? {
            None => create_once(context, "authorizers", "name", body).await,
            refused => Ok(refused),
        },
    }
}

/// The authorizer as it will be after an update.
async fn current(context: &Context<'_>, body: &Value) -> Result<Value, Error> {
    let path = format!("/v2/apis/{}/authorizers/{}", context.name(0), context.name(1));
    let mut authorizer = context.get(&path).await?.map(|found| (*found).clone()).unwrap_or_default();
    if let (Some(fields), Some(changed)) = (authorizer.as_object_mut(), body.as_object()) {
        fields.extend(changed.clone());
    }
    Ok(authorizer)
}

fn check(context: &Context<'_>, authorizer: &Value) -> Verdict {
    let refuse = |message: &str| context.refuse(400, "BadRequestException", message);
    let text = |field: &str| authorizer[field].as_str().unwrap_or_default();
    let sources: Vec<&str> =
        authorizer["identitySource"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_source = |source: &&str| {
        ["$request.header.", "$request.querystring.", "$context.", "$stageVariables."]
            .iter()
            .any(|prefix| source.starts_with(prefix))
    };
    if let Some(other) = sources.iter().find(|source| !is_source(source)) {
        return refuse(&format!("Invalid mapping expression specified: {other}"));
    }
    match text("authorizerType") {
        "JWT" => {
            let jwt = &authorizer["jwtConfiguration"];
            let issuer = jwt["issuer"].as_str().unwrap_or_default();
            if sources.len() != 1 {
                return refuse("A JWT authorizer requires exactly one identity source");
            }
            let Some(host) = issuer.strip_prefix("https://").filter(|host| !host.is_empty()) else {
                return refuse("Invalid issuer: it must be a valid URL that uses HTTPS");
            };
            if jwt["audience"].as_array().is_none_or(Vec::is_empty) {
                return refuse("The audience of a JWT authorizer must not be empty");
            }
            // Names of this domain do not resolve (RFC 2606).
            if host.split('/').next().is_some_and(|host| host.ends_with(".invalid")) {
                let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
                return refuse(&format!(
                    "Caught exception when connecting to {url} for issuer {issuer}. Please try again later."
                ));
            }
        }
        "REQUEST" => {
            if !text("authorizerUri").contains(":function:") {
                return refuse("Invalid Authorizer URI");
            }
            let format = text("authorizerPayloadFormatVersion");
            if !["1.0", "2.0"].contains(&format) {
                return refuse("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer");
            }
            if format == "1.0" && authorizer["enableSimpleResponses"] == true {
                return refuse("EnableSimpleResponses is not supported for authorizer payload format version 1.0");
            }
            let ttl = authorizer["authorizerResultTtlInSeconds"].as_i64().unwrap_or(300);
            if !(0..=3_600).contains(&ttl) {
                return refuse("Authorizer result TTL must be between 0 and 3600 seconds");
            }
            if sources.is_empty() && ttl > 0 {
                return refuse("Identity source is required when caching is enabled");
            }
        }
        other => return refuse(&format!("Invalid authorizer type {other}: an HTTP API has REQUEST and JWT")),
    }
    Ok(None)
}

async fn delete(context: &Context<'_>) -> Verdict {
    let (api, authorizer) = (context.name(0), context.name(1));
    let routes = context.get(&format!("/v2/apis/{api}/routes")).await?.unwrap_or_default();
    let routes = routes["items"].as_array().into_iter().flatten();
    let uses = |route: &&Value| {
        matches!(route["authorizationType"].as_str(), Some("JWT" | "CUSTOM")) && route["authorizerId"] == authorizer
    };
    let ids: Vec<&str> = routes.filter(uses).filter_map(|route| route["routeId"].as_str()).collect();
    if ids.is_empty() {
        return exists(context, "authorizers", "Authorizer").await;
    }
    let ids = ids.join(", ");
    let message =
        format!("Cannot delete Authorizer because it is referenced by the following Routes with Ids: [{ids}]");
    context.refuse(409, "ConflictException", message)
}

/// The authorizer of a route must exist and have the type that the route names. Only tokens have scopes.
pub(super) async fn check_route(context: &Context<'_>, body: &Value) -> Verdict {
    let Some(kind) = body["authorizationType"].as_str() else { return Ok(None) };
    let refuse = |message: String| context.refuse(400, "BadRequestException", message);
    let has_scopes = body["authorizationScopes"].as_array().is_some_and(|scopes| !scopes.is_empty());
    if has_scopes && kind != "JWT" {
        return refuse(format!("Authorization scopes are not supported for authorization type {kind}"));
    }
    let expected = match kind {
        "NONE" | "AWS_IAM" => return Ok(None),
        "JWT" => "JWT",
        "CUSTOM" => "REQUEST",
        other => return refuse(format!("Invalid authorization type {other}")),
    };
    let id = body["authorizerId"].as_str().unwrap_or_default();
    let found = context.get(&format!("/v2/apis/{}/authorizers/{id}", context.name(0))).await?;
    match found.filter(|authorizer| !id.is_empty() && authorizer["authorizerType"] == expected) {
        Some(_) => Ok(None),
        None => refuse(format!(
            "Invalid authorizer ID specified. Setting the authorization type to {kind} requires a valid authorizer."
        )),
    }
}
