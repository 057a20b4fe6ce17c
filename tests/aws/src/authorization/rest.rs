//! Authorizers of REST APIs.
//!
//! Sources: Amazon API Gateway developer guide, "Use API Gateway Lambda authorizers" and "Control access to REST APIs using
//! Amazon Cognito user pools as an authorizer". AWS documents no responses of JWT authorizers of REST APIs; they are assumed to
//! be those of Cognito.

use std::time::Duration;

use regex_lite::Regex;
use serde_json::{Value, json};

use super::identity;
use super::jwt::{self, Invalid};
use super::lambda::{self, Decision};
use crate::memory::Protected;
use crate::message::{Request, Response};
use crate::proxy::Proxy;
use crate::upstream::Place;

/// A response of API Gateway itself.
type Refusal = Box<Response>;

fn refusal(response: &Response) -> Refusal {
    Box::new(response.clone())
}

/// What the integration learns about the client of a request, or API Gateway's refusal. `event` describes the request.
pub(crate) async fn authorize(
    proxy: &Proxy,
    place: &Place,
    request: &Request,
    protected: &Protected,
    event: Value,
) -> Result<Value, Refusal> {
    let authorizer = &protected.authorizer;
    let kind = authorizer["type"].as_str().unwrap_or_default();
    let sources = authorizer["identitySource"].as_str().unwrap_or_default();
    let sources = sources.split(',').map(str::trim).filter(|source| !source.is_empty());
    let found: Option<Vec<String>> = sources.map(|source| identity(source, request)).collect();
    let token = found.as_ref().and_then(|found| found.first().cloned()).ok_or_else(|| refusal(&protected.unauthorized));
    match kind {
        "COGNITO_USER_POOLS" => of_user_pools(proxy, protected, &token?).await,
        "JWT" => of_issuers(proxy, protected, &token?).await,
        "TOKEN" => {
            let token = token?;
            let pattern = authorizer["identityValidationExpression"].as_str();
            if pattern.is_some_and(|pattern| !matches_whole(pattern, &token)) {
                return Err(refusal(&protected.unauthorized));
            }
            let event = json!({ "type": "TOKEN", "authorizationToken": token, "methodArn": protected.arn });
            of_function(proxy, place, protected, &[token], event).await
        }
        _ => {
            // A result that is not cached needs no identity.
            let found = found.or_else(|| ttl(authorizer).is_zero().then(Vec::new));
            let Some(found) = found else { return Err(refusal(&protected.unauthorized)) };
            let mut event = event;
            if let Some(fields) = event.as_object_mut() {
                // A function that authorizes does not receive the body.
                fields.remove("body");
                fields.remove("isBase64Encoded");
            }
            event["type"] = "REQUEST".into();
            event["methodArn"] = protected.arn.as_str().into();
            of_function(proxy, place, protected, &found, event).await
        }
    }
}

fn ttl(authorizer: &Value) -> Duration {
    Duration::from_secs(authorizer["authorizerResultTtlInSeconds"].as_u64().unwrap_or(300))
}

fn matches_whole(pattern: &str, token: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(token))
}

async fn of_function(
    proxy: &Proxy,
    place: &Place,
    protected: &Protected,
    identity: &[String],
    event: Value,
) -> Result<Value, Refusal> {
    let api = protected.arn.split(':').nth(5).and_then(|resource| resource.split('/').next());
    let authorizer = lambda::Authorizer {
        api: api.unwrap_or_default(),
        id: protected.authorizer["id"].as_str().unwrap_or_default(),
        function: &protected.call.function,
        ttl: ttl(&protected.authorizer),
        is_simple: false,
    };
    match lambda::decide(proxy, place, &authorizer, identity, (&protected.arn, &event)).await {
        Decision::Allowed(context) => Ok(context),
        Decision::Denied { explicitly: true } => Err(refusal(&protected.explicitly_denied)),
        Decision::Denied { explicitly: false } => Err(refusal(&protected.denied)),
        Decision::Unauthorized => Err(refusal(&protected.unauthorized)),
        Decision::Failed => Err(refusal(&protected.failed)),
    }
}

/// The issuer of a user pool with this ARN.
fn issuer_of(user_pool_arn: &str) -> Option<String> {
    let (region, id) = (user_pool_arn.split(':').nth(3)?, user_pool_arn.rsplit_once('/')?.1);
    Some(format!("https://cognito-idp.{region}.amazonaws.com/{id}"))
}

async fn of_user_pools(proxy: &Proxy, protected: &Protected, token: &str) -> Result<Value, Refusal> {
    let arns = protected.authorizer["providerARNs"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let issuers: Vec<String> = arns.filter_map(issuer_of).collect();
    let claims = verified(proxy, protected, token, &issuers).await?;
    let scopes: Vec<&str> = protected.scopes.iter().map(String::as_str).collect();
    // Without scopes, API Gateway expects an identity token, and with them an access token.
    let expected = if scopes.is_empty() { "id" } else { "access" };
    if claims["token_use"] != expected || !jwt::has_scope(&claims, &scopes) {
        return Err(refusal(&protected.unauthorized));
    }
    Ok(json!({ "claims": claims }))
}

async fn of_issuers(proxy: &Proxy, protected: &Protected, token: &str) -> Result<Value, Refusal> {
    let settings = protected.authorizer["jwtConfiguration"]["issuers"].as_array().cloned().unwrap_or_default();
    let issuer = |one: &Value| one["issuer"].as_str().unwrap_or_default().to_owned();
    let issuers: Vec<String> = settings.iter().map(issuer).collect();
    let claims = verified(proxy, protected, token, &issuers).await?;
    let own = settings.iter().find(|one| one["issuer"] == claims["iss"]);
    let audiences = own.and_then(|one| one["audiences"].as_array()).into_iter().flatten().filter_map(Value::as_str);
    let scopes: Vec<&str> = protected.scopes.iter().map(String::as_str).collect();
    if !jwt::has_audience(&claims, &audiences.collect::<Vec<_>>()) {
        return Err(refusal(&protected.unauthorized));
    }
    if jwt::has_scope(&claims, &scopes) { Ok(json!({ "claims": claims })) } else { Err(refusal(&protected.denied)) }
}

/// The claims of a token that one of `issuers` has signed.
async fn verified(proxy: &Proxy, protected: &Protected, token: &str, issuers: &[String]) -> Result<Value, Refusal> {
    let mut reason = None;
    for issuer in issuers {
        match jwt::verify(&proxy.issuers, token, issuer).await {
            Ok(claims) => return Ok(claims),
            Err(Invalid::Expired) => reason = Some(Invalid::Expired),
            Err(_) => {}
        }
    }
    Err(if reason.is_some() { refusal(&protected.expired) } else { refusal(&protected.unauthorized) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_of_a_user_pool_follows_from_its_arn() {
        let arn = "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_abc";
        assert_eq!(issuer_of(arn).unwrap(), "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_abc");
        assert_eq!(issuer_of("userpool"), None);
    }

    #[test]
    fn a_token_matches_the_whole_pattern() {
        assert!(matches_whole("Bearer [a-z]+", "Bearer abc") && !matches_whole("Bearer [a-z]+", "Bearer abc1"));
    }
}
