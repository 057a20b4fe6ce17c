//! What an API answers its users. No code runs: a function answers with what it is.

use std::cmp::Reverse;

use http::StatusCode;
use serde_json::{Value, json};

use super::apigateway::{Api, ApiGateway};
use super::lambda::{Callable, Lambda};
use super::text;
use crate::message::{Answer, Request};
use crate::upstream::Place;

/// One request of an API's user.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// Where the API is.
    pub(super) place: &'a Place,
    /// Its id.
    pub(super) api: &'a str,
    /// The path; its first segment is the stage, unless that is `$default`.
    pub(super) path: &'a str,
    pub(super) request: &'a Request,
    /// What a function is made to answer with.
    pub(super) forced: Option<u16>,
}

/// The answer to a request, as the state's wiring gives it: stage, route, integration, permission, version.
pub(super) fn answer(gateway: &ApiGateway, lambda: &Lambda, asked: Asked<'_>) -> Answer {
    let Some(api) = gateway.apis.get(asked.place, asked.api) else { return told(404, "Not Found") };
    let Some((stage, path)) = stage_and_path(api, asked.path) else { return told(404, "Not Found") };
    let method = asked.request.method.as_str();
    if method == "OPTIONS" && api.api.get("corsConfiguration").is_some() {
        return Answer::json(StatusCode::NO_CONTENT, &Value::Null);
    }
    let Some(route) = route(api, method, &path) else { return told(404, "Not Found") };
    let integration = text(route, "target").trim_start_matches("integrations/");
    let function = api
        .integrations
        .get(integration)
        .and_then(|integration| lambda.callable(asked.place, function_of(text(integration, "integrationUri"))));
    // API Gateway tells its users nothing of what is wrong behind it.
    let Some(function) = function else { return told(500, "Internal Server Error") };
    let Place { account, region } = asked.place;
    let source = format!("arn:aws:execute-api:{region}:{account}:{}/{stage}/{}", asked.api, source_of(route));
    if !function.statements.iter().any(|statement| permits(statement, &source)) {
        return told(500, "Internal Server Error");
    }
    if function.is_switched_off {
        return told(503, "Service Unavailable");
    }
    let status = asked.forced.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    Answer::json(status, &body(asked.place, &function, &path))
}

fn told(status: u16, message: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer::json(status, &json!({ "message": message }))
}

/// What stands for the function's own answer.
fn body(place: &Place, function: &Callable<'_>, path: &str) -> Value {
    let configuration = |field: &str| function.configuration.get(field).unwrap_or(&Value::Null);
    let mut body = json!({
        "region": place.region,
        "function": function.name,
        "version": configuration("Version"),
        "code": configuration("CodeSha256"),
        "path": path,
    });
    if let Some(greeting) = configuration("Environment")["Variables"].get("GREETING") {
        body["greeting"] = greeting.clone();
    }
    body
}

/// The stage that a path's first segment names, or else `$default`; `None` when there is none.
fn stage_and_path<'a>(api: &'a Api, path: &str) -> Option<(&'a str, String)> {
    let path = path.trim_start_matches('/');
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    if let Some((name, _)) = api.stages.get_key_value(first) {
        return Some((name, format!("/{}", rest.trim_start_matches('/'))));
    }
    api.stages.get_key_value("$default").map(|(name, _)| (name.as_str(), format!("/{path}")))
}

/// The most specific route: a whole path, then one that begins a path, then `$default`.
fn route<'a>(api: &'a Api, method: &str, path: &str) -> Option<&'a Value> {
    let fitting = api.routes.values().filter_map(|route| {
        let key = text(route, "routeKey");
        if key == "$default" {
            return Some(((2, Reverse(0), true), route));
        }
        let (wanted, pattern) = key.split_once(' ')?;
        if wanted != "ANY" && wanted != method {
            return None;
        }
        let literals = fits(pattern, path)?;
        let is_greedy = pattern.ends_with("+}");
        Some(((u8::from(is_greedy), Reverse(literals), wanted == "ANY"), route))
    });
    fitting.min_by_key(|(rank, _)| *rank).map(|(_, route)| route)
}

/// How many segments of a route's path are literally those of `path`; `None` when it does not lead there.
fn fits(pattern: &str, path: &str) -> Option<usize> {
    let mut segments = path.trim_matches('/').split('/');
    let mut literals = 0;
    for wanted in pattern.trim_matches('/').split('/') {
        if wanted.ends_with("+}") {
            return segments.next().filter(|segment| !segment.is_empty()).map(|_| literals);
        }
        let segment = segments.next()?;
        if wanted == segment {
            literals += 1;
        } else if !wanted.starts_with('{') || segment.is_empty() {
            return None;
        }
    }
    segments.next().is_none().then_some(literals)
}

/// The ARN of the function in an integration's URI, which may wrap it.
fn function_of(uri: &str) -> &str {
    let inner = uri.split_once("/functions/").map_or(uri, |(_, inner)| inner);
    inner.trim_end_matches("/invocations")
}

/// Method and path of a route as an ARN spells them: `GET/health`, `*/users/*`, `$default`.
fn source_of(route: &Value) -> String {
    let key = text(route, "routeKey");
    let (method, path) = key.split_once(' ').unwrap_or((key, ""));
    format!("{}{path}", if method == "ANY" { "*" } else { method })
}

/// Whether a statement of a policy lets API Gateway call for this source.
fn permits(statement: &Value, source: &str) -> bool {
    let service = &statement["Principal"]["Service"];
    let pattern = statement["Condition"]["ArnLike"]["AWS:SourceArn"].as_str();
    (statement["Principal"] == "*" || service == "apigateway.amazonaws.com")
        && matches!(text(statement, "Action"), "lambda:InvokeFunction" | "lambda:*")
        && pattern.is_none_or(|pattern| is_like(pattern.as_bytes(), source.as_bytes()))
}

/// `*` stands for any text, `?` for any character.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if is_like(rest, text) => true,
        (Some((b'*', _)), Some((_, tail))) => is_like(pattern, tail),
        (Some((wanted, rest)), Some((found, tail))) => (*wanted == b'?' || wanted == found) && is_like(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_lead_where_their_paths_fit() {
        for (pattern, path, literals) in [
            ("/health", "/health", Some(1)),
            ("/health", "/health/deep", None),
            ("/users/{id}", "/users/7", Some(1)),
            ("/users/{id}", "/users/", None),
            ("/{proxy+}", "/a/b", Some(0)),
            ("/{proxy+}", "/", None),
            ("/v1/{proxy+}", "/v1/a", Some(1)),
            ("/", "/", Some(1)),
        ] {
            assert_eq!(fits(pattern, path), literals, "{pattern} {path}");
        }
    }

    #[test]
    fn a_permission_is_for_a_source() {
        let source = "arn:aws:execute-api:us-east-1:1:abc/$default/GET/health";
        for (pattern, permitted) in [
            ("arn:aws:execute-api:us-east-1:1:abc/*/*", true),
            ("arn:aws:execute-api:us-east-1:1:abc/*", true),
            ("arn:aws:execute-api:us-east-1:1:xyz/*", false),
            ("arn:aws:execute-api:us-east-1:1:abc/$default/GET/healt?", true),
        ] {
            assert_eq!(is_like(pattern.as_bytes(), source.as_bytes()), permitted, "{pattern}");
        }
    }
}
