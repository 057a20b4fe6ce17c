//! Clients' requests to REST APIs. The deployment of the stage decides about a request; the backend runs the function.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use crate::authorization;
use crate::error::Error;
use crate::memory::{Accepted, Integration, Limit, RestCall, RestRequest, Served, allows};
use crate::message::{Request, Response, decode, encode};
use crate::proxy::{Proxy, inspect};
use crate::upstream::{Lookup, Place};

/// The header with the client's address; the default is 127.0.0.1.
const SOURCE_IP: &str = "x-test-source-ip";

/// The place of a request among the stages of an API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// The id of the API.
    pub(crate) api: &'a str,
    /// The name of the stage.
    pub(crate) stage: &'a str,
    /// The path without stage and base path.
    pub(crate) path: &'a str,
    /// Whether the request arrived at the API's own host.
    pub(crate) at_default_endpoint: bool,
}

/// Responds to a request.
pub(crate) async fn respond(
    proxy: &Proxy,
    place: &Place,
    target: Target<'_>,
    request: &Request,
) -> Result<Response, Error> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let signer = proxy.signer(request, place);
    let asked = RestRequest {
        place,
        api: target.api,
        stage: target.stage,
        at_default_endpoint: target.at_default_endpoint,
        method: request.method.as_str(),
        path: target.path,
        key: header("x-api-key"),
        ip: source_ip(request),
        signer: signer.as_ref().map(|(_, account)| account.as_str()).map_err(|invalid| *invalid),
        is_authorized: false,
    };
    let mut authorizer = Value::Null;
    let mut decision = proxy.upstream.memory().serve(asked);
    if let Served::Protected(protected) = decision {
        let event = event(place, target, request, &protected.call);
        match authorization::rest::authorize(proxy, place, request, &protected, event).await {
            Ok(context) => authorizer = context,
            Err(refused) => return Ok(*refused),
        }
        decision = proxy.upstream.memory().serve(RestRequest { is_authorized: true, ..asked });
    }
    match decision {
        Served::Refused(response) => Ok(response),
        // The method has changed in the meantime.
        Served::Protected(protected) => Ok(protected.unauthorized),
        Served::Accepted(accepted) => answer(proxy, place, (target, request), *accepted, authorizer).await,
    }
}

fn source_ip(request: &Request) -> &str {
    request.headers.get(SOURCE_IP).and_then(|value| value.to_str().ok()).unwrap_or("127.0.0.1")
}

async fn answer(
    proxy: &Proxy,
    place: &Place,
    (target, request): (Target<'_>, &Request),
    accepted: Accepted,
    authorizer: Value,
) -> Result<Response, Error> {
    for limit in &accepted.limits {
        if !proxy.usage.take(limit, proxy.timers.now()) {
            return Ok(if limit.rate.is_some() { accepted.throttled } else { accepted.exceeded });
        }
    }
    let call = match accepted.integration {
        Integration::Mock(response) => return Ok(response),
        Integration::Unsupported(kind) => {
            let message = format!("The local AWS has no integrations of the type {kind}.");
            return Ok(Response::json(StatusCode::NOT_IMPLEMENTED, &json!({ "message": message })));
        }
        Integration::Function(call) => call,
    };
    let Some(function) = Function::of(place, &call.function) else { return Ok(accepted.misconfigured) };
    if !function.is_permitted(proxy, &call.source).await {
        return Ok(accepted.misconfigured);
    }
    let mut event = event(place, target, request, &call);
    if !authorizer.is_null() {
        event["requestContext"]["authorizer"] = authorizer;
    }
    function.run(proxy, &event).await
}

/// A function, or one of its versions or aliases.
#[derive(Debug)]
pub(crate) struct Function<'a> {
    place: Place,
    name: &'a str,
    qualifier: &'a str,
}

impl<'a> Function<'a> {
    /// The function of an ARN in the account of an API.
    pub(crate) fn of(api: &Place, arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(8, ':').skip(3);
        let place = Place { region: parts.next()?.to_owned(), account: parts.next()?.to_owned() };
        let (name, qualifier) = (parts.nth(1)?, parts.next().unwrap_or_default());
        (place.account == api.account).then_some(Self { place, name, qualifier })
    }

    /// Whether the function exists, and its policy allows API Gateway to call it from this source.
    pub(crate) async fn is_permitted(&self, proxy: &Proxy, source: &str) -> bool {
        let query =
            if self.qualifier.is_empty() { String::new() } else { format!("?Qualifier={}", encode(self.qualifier)) };
        let path = format!("/2015-03-31/functions/{}/policy{query}", encode(self.name));
        let response = inspect(proxy, &self.place, "lambda", Lookup::Get(&path)).await;
        let answer = response.as_json();
        let policy: Value = serde_json::from_str(answer["Policy"].as_str().unwrap_or_default()).unwrap_or_default();
        let mut statements = policy["Statement"].as_array().into_iter().flatten();
        statements.any(|statement| allows(statement, source))
    }

    /// Calls the function with an event of a client's request; returns the response that its result describes.
    pub(crate) async fn run(&self, proxy: &Proxy, event: &Value) -> Result<Response, Error> {
        proxy.upstream.run_function(&self.place, self.name, self.qualifier, event).await
    }

    /// Calls a function that authorizes requests; returns its result, or its error.
    pub(crate) async fn call(&self, proxy: &Proxy, event: &Value) -> Result<Result<Value, Value>, Error> {
        proxy.upstream.call_authorizer(&self.place, self.name, self.qualifier, event).await
    }
}

/// The event of the payload format 1.0.
///
/// Source: AWS, "Input format of a Lambda function for proxy integration".
fn event(place: &Place, target: Target<'_>, request: &Request, call: &RestCall) -> Value {
    let mut headers: Map<String, Value> = Map::new();
    let mut all: Map<String, Value> = Map::new();
    for (name, value) in &request.headers {
        if name == SOURCE_IP {
            continue;
        }
        let value = json!(String::from_utf8_lossy(value.as_bytes()));
        headers.insert(name.to_string(), value.clone());
        append(&mut all, name.as_str(), value);
    }
    let (mut query, mut queries) = (Map::new(), Map::new());
    for pair in request.query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        query.insert(decode(name), decode(value).into());
        append(&mut queries, &decode(name), decode(value).into());
    }
    let null_if_empty = |map: Map<String, Value>| if map.is_empty() { Value::Null } else { Value::Object(map) };
    let parameters = call.path_parameters.as_object().cloned().unwrap_or_default();
    let body = if request.body.is_empty() { Value::Null } else { json!(String::from_utf8_lossy(&request.body)) };
    // On a custom domain name, the path contains the base path.
    let path = if target.at_default_endpoint { target.path } else { &request.path };
    let full = if target.at_default_endpoint { format!("/{}{path}", target.stage) } else { path.to_owned() };
    json!({
        "version": "1.0",
        "resource": call.resource,
        "path": path,
        "httpMethod": request.method.as_str(),
        "headers": headers,
        "multiValueHeaders": all,
        "queryStringParameters": null_if_empty(query),
        "multiValueQueryStringParameters": null_if_empty(queries),
        "pathParameters": null_if_empty(parameters),
        "stageVariables": call.stage_variables,
        "requestContext": {
            "accountId": place.account,
            "apiId": target.api,
            "stage": target.stage,
            "resourceId": call.resource_id,
            "resourcePath": call.resource,
            "httpMethod": request.method.as_str(),
            "path": full,
            "protocol": "HTTP/1.1",
            "domainName": request.host(),
            "identity": { "apiKeyId": call.key, "sourceIp": source_ip(request) },
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

fn append(map: &mut Map<String, Value>, name: &str, value: Value) {
    let entry = map.entry(name.to_owned()).or_insert_with(|| json!([]));
    if let Some(values) = entry.as_array_mut() {
        values.push(value);
    }
}

/// The response that a function's result describes; 502 for a result of another form.
pub(crate) fn response_of(result: &Value) -> Response {
    let status = result["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let Some(status) = status else {
        return Response::json(StatusCode::BAD_GATEWAY, &json!({ "message": "Internal server error" }));
    };
    let body = result["body"].as_str().unwrap_or_default();
    let mut response = Response::new(status, "application/json", body.as_bytes().to_vec());
    for (name, value) in result["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers.insert(name, value);
        }
    }
    for (name, values) in result["multiValueHeaders"].as_object().into_iter().flatten() {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        response.headers.remove(&name);
        for value in values.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers.append(name.clone(), value);
            }
        }
    }
    response
}

/// How much of the limits of usage plans and stages is used. A quota is never refilled: no test lasts a day.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<HashMap<String, (f64, Duration)>>);

impl Usage {
    /// Counts a request against a limit; whether it is within the limit.
    fn take(&self, limit: &Limit, now: Duration) -> bool {
        let Ok(mut counters) = self.0.lock() else { return false };
        let (free, at) = counters.entry(limit.name.clone()).or_insert((limit.burst, now));
        let refilled = now.saturating_sub(*at).as_secs_f64() * limit.rate.unwrap_or_default();
        (*free, *at) = ((*free + refilled).min(limit.burst), now);
        let is_within = *free >= 1.0;
        if is_within {
            *free -= 1.0;
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_refilled_and_a_quota_is_not() {
        let usage = Usage::default();
        let bucket = Limit { name: "a".to_owned(), burst: 1.0, rate: Some(1.0) };
        let quota = Limit { name: "b".to_owned(), burst: 2.0, rate: None };
        let at = Duration::from_secs;
        assert_eq!([at(0), at(0), at(1)].map(|now| usage.take(&bucket, now)), [true, false, true]);
        assert_eq!([at(0), at(1), at(9)].map(|now| usage.take(&quota, now)), [true, true, false]);
    }

    #[test]
    fn a_result_without_a_status_is_a_bad_gateway() {
        assert_eq!(response_of(&json!("hello")).status.as_u16(), 502);
        let response = response_of(&json!({ "statusCode": 201, "headers": { "X-A": "b" }, "body": "c" }));
        assert_eq!((response.status.as_u16(), &*response.body), (201, &b"c"[..]));
        assert_eq!(response.headers["x-a"], "b");
    }
}
