//! Responses of APIs to their clients. No code runs: a function responds with a description of itself.

use std::cmp::Reverse;

use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::apigateway::{Api, ApiGateway};
use super::lambda::{Callable, Lambda, qualified_arn};
use super::text;
use crate::message::{ApiError, Request, Response};
use crate::upstream::Place;

/// A client's request to an API.
#[derive(Debug)]
pub(super) struct ApiRequest<'a> {
    /// The account and region of the API.
    pub(super) place: &'a Place,
    /// The id of the API.
    pub(super) api: &'a str,
    /// The path; its first segment is the stage, unless that is `$default`.
    pub(super) path: &'a str,
    pub(super) request: &'a Request,
    /// The status that functions are made to respond with.
    pub(super) forced: Option<u16>,
}

/// The response to a request. It depends on stage, route, integration, permission and function version.
pub(super) fn respond(gateway: &ApiGateway, lambda: &Lambda, request: ApiRequest<'_>) -> Response {
    let Some(api) = gateway.apis.get(request.place, request.api) else { return error(404, "Not Found") };
    let Some((stage, path)) = stage_and_path(api, request.path) else { return error(404, "Not Found") };
    let method = request.request.method.as_str();
    if method == "OPTIONS" && api.api.get("corsConfiguration").is_some() {
        return Response::json(StatusCode::NO_CONTENT, &Value::Null);
    }
    let Some(route) = route_of(api.routes.values(), method, &path) else { return error(404, "Not Found") };
    let integration = text(route, "target").trim_start_matches("integrations/");
    let function = api
        .integrations
        .get(integration)
        .and_then(|integration| lambda.callable(request.place, function_arn_in(text(integration, "integrationUri"))));
    // API Gateway does not tell its clients what is wrong behind it.
    let Some(function) = function else { return error(500, "Internal Server Error") };
    let Place { account, region } = request.place;
    let source = format!("arn:aws:execute-api:{region}:{account}:{}/{stage}/{}", request.api, route_arn_suffix(route));
    if !function.statements.iter().any(|statement| allows(statement, &source)) {
        return error(500, "Internal Server Error");
    }
    if function.is_disabled {
        return error(503, "Service Unavailable");
    }
    if failure(&function).is_some() {
        return error(500, "Internal Server Error");
    }
    described(request.place, &function, &path, request.forced)
}

/// The response of a function that a REST API calls; `path` is the path in the event.
pub(super) fn run(lambda: &Lambda, place: &Place, function: (&str, &str), path: &str, forced: Option<u16>) -> Response {
    match lambda.callable(place, &qualified_arn(place, function)) {
        Some(function) if function.is_disabled => error(500, "Internal server error"),
        Some(function) if failure(&function).is_some() => error(502, "Internal server error"),
        Some(function) => described(place, &function, path, forced),
        _ => error(500, "Internal server error"),
    }
}

/// The answer of the API operation Invoke.
pub(super) fn invoked(
    lambda: &Lambda,
    place: &Place,
    function: (&str, &str),
    event: &Value,
    forced: Option<u16>,
) -> Response {
    let arn = qualified_arn(place, function);
    let refused =
        |status, code: &str, message: String| Response::error("lambda", &ApiError::new(status, code, message));
    let Some(function) = lambda.callable(place, &arn) else {
        return refused(404, "ResourceNotFoundException", format!("Function not found: {arn}"));
    };
    if function.is_disabled {
        return refused(429, "TooManyRequestsException", "Rate Exceeded.".to_owned());
    }
    let succeeded = || {
        let path = event.get("rawPath").or(event.get("path")).and_then(Value::as_str).unwrap_or_default();
        let response = described(place, &function, path, forced);
        let body = String::from_utf8_lossy(&response.body).into_owned();
        Response::json(StatusCode::OK, &json!({ "statusCode": response.status.as_u16(), "body": body }))
    };
    let (kind, message) = match failure(&function) {
        None | Some(BEHIND_API) => return succeeded(),
        Some(INITIALIZATION) => ("Runtime.ImportModuleError", "Unable to import module 'app'"),
        Some(_) => ("ZeroDivisionError", "division by zero"),
    };
    let mut response = Response::json(StatusCode::OK, &json!({ "errorType": kind, "errorMessage": message }));
    response.headers.insert(HeaderName::from_static("x-amz-function-error"), HeaderValue::from_static("Unhandled"));
    response.headers.insert(HeaderName::from_static("x-amz-log-result"), HeaderValue::from_static(LOG));
    response
}

/// The log of a function that failed, in base64: "[ERROR] the function failed" between Lambda's own lines.
const LOG: &str = "U1RBUlQgUmVxdWVzdElkOiAxCltFUlJPUl0gdGhlIGZ1bmN0aW9uIGZhaWxlZApFTkQgUmVxdWVzdElkOiAxCg==";

/// The value of [`failure`] for code that cannot be loaded.
const INITIALIZATION: &str = "initialization";

/// The value of [`failure`] for code that fails only when an API calls it.
const BEHIND_API: &str = "behind_api";

/// How the code of a function fails: the value of its environment variable `FAILS`.
fn failure<'a>(function: &Callable<'a>) -> Option<&'a str> {
    function.configuration.get("Environment")?["Variables"]["FAILS"].as_str()
}

/// The result of a function that authorizes requests, as a policy and as a Boolean. No code runs: the function accepts requests
/// in which a header or the identity is the value of its environment variable `ACCEPTED`.
pub(super) fn authorize(lambda: &Lambda, place: &Place, function: (&str, &str), event: &Value) -> Result<Value, Value> {
    let function = lambda.callable(place, &qualified_arn(place, function)).filter(|function| !function.is_disabled);
    let function = function.ok_or_else(|| json!({ "errorMessage": "the function is missing or disabled" }))?;
    let variables = &function.configuration.get("Environment").unwrap_or(&Value::Null)["Variables"];
    let accepted = variables["ACCEPTED"].as_str();
    let headers = event["headers"].as_object().into_iter().flat_map(serde_json::Map::values);
    let given = [&event["authorizationToken"], &event["identitySource"], &event["identitySource"][0]];
    let is_accepted = accepted.is_some_and(|accepted| given.into_iter().chain(headers).any(|one| *one == accepted));
    let arn = [&event["methodArn"], &event["routeArn"]].into_iter().find(|arn| arn.is_string());
    let effect = if is_accepted { "Allow" } else { "Deny" };
    let statement = json!({ "Effect": effect, "Action": "execute-api:Invoke", "Resource": arn });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    Ok(json!({ "isAuthorized": is_accepted, "principalId": "test", "policyDocument": policy }))
}

/// The description with which a function responds. Its environment variables `STATUS` and `CACHE_CONTROL` decide about status
/// and header.
fn described(place: &Place, function: &Callable<'_>, path: &str, forced: Option<u16>) -> Response {
    let variables = &function.configuration.get("Environment").unwrap_or(&Value::Null)["Variables"];
    let own = variables["STATUS"].as_str().and_then(|status| status.parse().ok());
    let status = forced.or(own).and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    let mut response = Response::json(status, &function_body(place, function, path));
    if let Some(value) = variables["CACHE_CONTROL"].as_str().and_then(|value| HeaderValue::from_str(value).ok()) {
        response.headers.insert(CACHE_CONTROL, value);
    }
    response
}

fn error(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Response::json(status, &json!({ "message": message }))
}

/// The substitute for the function's own response.
fn function_body(place: &Place, function: &Callable<'_>, path: &str) -> Value {
    let configuration = |field: &str| function.configuration.get(field).unwrap_or(&Value::Null);
    let mut function_body = json!({
        "region": place.region,
        "function": function.name,
        "version": configuration("Version"),
        "code": configuration("CodeSha256"),
        "path": path,
    });
    if let Some(greeting) = configuration("Environment")["Variables"].get("GREETING") {
        function_body["greeting"] = greeting.clone();
    }
    function_body
}

/// The stage in the first segment of the path, or `$default`; `None` when neither exists.
fn stage_and_path<'a>(api: &'a Api, path: &str) -> Option<(&'a str, String)> {
    let path = path.trim_start_matches('/');
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    if let Some((name, _)) = api.stages.get_key_value(first) {
        return Some((name, format!("/{}", rest.trim_start_matches('/'))));
    }
    api.stages.get_key_value("$default").map(|(name, _)| (name.as_str(), format!("/{path}")))
}

/// The most specific of `routes`: a full path, then a greedy path, then `$default`.
pub(crate) fn route_of<'a>(routes: impl Iterator<Item = &'a Value>, method: &str, path: &str) -> Option<&'a Value> {
    let fitting = routes.filter_map(|route| {
        let key = text(route, "routeKey");
        if key == "$default" {
            return Some(((2, Reverse(0), true), route));
        }
        let (expected, pattern) = key.split_once(' ')?;
        if expected != "ANY" && expected != method {
            return None;
        }
        let literals = matching_literals(pattern, path)?;
        let is_greedy = pattern.ends_with("+}");
        Some(((u8::from(is_greedy), Reverse(literals), expected == "ANY"), route))
    });
    fitting.min_by_key(|(rank, _)| *rank).map(|(_, route)| route)
}

/// The number of literal segments of a route's path that match `path`; `None` when it does not match.
fn matching_literals(pattern: &str, path: &str) -> Option<usize> {
    let mut segments = path.trim_matches('/').split('/');
    let mut literals = 0;
    for expected in pattern.trim_matches('/').split('/') {
        if expected.ends_with("+}") {
            return segments.next().filter(|segment| !segment.is_empty()).map(|_| literals);
        }
        let segment = segments.next()?;
        if expected == segment {
            literals += 1;
        } else if !expected.starts_with('{') || segment.is_empty() {
            return None;
        }
    }
    segments.next().is_none().then_some(literals)
}

/// The ARN of the function in an integration's URI, which may wrap it.
pub(crate) fn function_arn_in(uri: &str) -> &str {
    let inner = uri.split_once("/functions/").map_or(uri, |(_, inner)| inner);
    inner.trim_end_matches("/invocations")
}

/// The method and path of a route as in an ARN: `GET/health`, `*/users/*`, `$default`.
pub(crate) fn route_arn_suffix(route: &Value) -> String {
    let key = text(route, "routeKey");
    let (method, path) = key.split_once(' ').unwrap_or((key, ""));
    format!("{}{path}", if method == "ANY" { "*" } else { method })
}

/// Whether a policy statement allows API Gateway to call the function from this source.
pub(crate) fn allows(statement: &Value, source: &str) -> bool {
    let service = &statement["Principal"]["Service"];
    let pattern = statement["Condition"]["ArnLike"]["AWS:SourceArn"].as_str();
    (statement["Principal"] == "*" || service == "apigateway.amazonaws.com")
        && matches!(text(statement, "Action"), "lambda:InvokeFunction" | "lambda:*")
        && pattern.is_none_or(|pattern| matches_wildcard(pattern.as_bytes(), source.as_bytes()))
}

/// Whether a pattern matches, in which `*` is any text and `?` any one character.
pub(crate) fn matches_wildcard(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if matches_wildcard(rest, text) => true,
        (Some((b'*', _)), Some((_, tail))) => matches_wildcard(pattern, tail),
        (Some((expected, rest)), Some((found, tail))) => {
            (*expected == b'?' || expected == found) && matches_wildcard(rest, tail)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_paths_are_matched() {
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
            assert_eq!(matching_literals(pattern, path), literals, "{pattern} {path}");
        }
    }

    #[test]
    fn a_permission_is_limited_to_its_source() {
        let source = "arn:aws:execute-api:us-east-1:1:abc/$default/GET/health";
        for (pattern, permitted) in [
            ("arn:aws:execute-api:us-east-1:1:abc/*/*", true),
            ("arn:aws:execute-api:us-east-1:1:abc/*", true),
            ("arn:aws:execute-api:us-east-1:1:xyz/*", false),
            ("arn:aws:execute-api:us-east-1:1:abc/$default/GET/healt?", true),
        ] {
            assert_eq!(matches_wildcard(pattern.as_bytes(), source.as_bytes()), permitted, "{pattern}");
        }
    }
}
