//! Lambda@Edge functions at origin requests, executed on Node.js.
//!
//! Sources: AWS, Amazon CloudFront Developer Guide, "Lambda@Edge event structure", "Restrictions on edge functions", "HTTP 502
//! status code (Lambda validation error)", "HTTP 503 status code (Lambda execution error)".

use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::Edge;
use crate::authorization::base64;
use crate::data_plane::failure;
use crate::distribution::{Behavior, Origin};
use crate::dns;
use crate::error::Error;
use crate::message::{Request, Response, decode};
use crate::model::Client;
use crate::node::Process;
use crate::proxy::{Proxy, secret_key, session_key};
use crate::upstream::{Lookup, Place};

const RUNNER: &str = include_str!("lambda.js");

/// What CloudFront does after the function.
pub(super) enum Next {
    /// It sends this request to a host, with a `Host` header.
    Send { name: String, host: String, request: Request },
    /// It answers with this response.
    Answer(Response),
}

/// The process that runs the functions; it starts when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Runner(Mutex<Option<Process>>);

/// Calls the function of a behavior, if it has one, before `request` is sent to `origin`.
pub(super) async fn at_origin_request(
    edge: &Edge<'_>,
    behavior: &Behavior,
    origin: &Origin,
    host: &str,
    request: Request,
) -> Result<Next, Error> {
    let unchanged = |request| Next::Send { name: origin.host.clone(), host: host.to_owned(), request };
    let Some(arn) = &behavior.origin_request_function else { return Ok(unchanged(request)) };
    let (name, version) = name_of(arn);
    let Some(zip) = edge.proxy.remembered(&code_key(&edge.place, name, version)) else {
        return Ok(Next::Answer(failure(503, &format!("The code of {arn} is not known"))));
    };
    let configuration = configuration(edge.proxy, &edge.place, name, version).await?.unwrap_or_default();
    let seconds = configuration["Timeout"].as_u64().unwrap_or(3);
    let call = json!({
        "zip": zip,
        "handler": configuration["Handler"],
        "timeout": seconds * 1000,
        "event": event(edge, (behavior, origin), host, &request),
        "environment": credentials(edge, configuration["Role"].as_str().unwrap_or_default()).await?,
    });
    let result = edge.proxy.edge_functions.run(edge, &Client::of(&request), &call).await?;
    if let Some(error) = result.get("error") {
        return Ok(Next::Answer(failure(503, &format!("The Lambda function failed: {error}"))));
    }
    Ok(applied(&result["result"], request))
}

/// The name and the version in the ARN of a version.
pub(crate) fn name_of(arn: &str) -> (&str, &str) {
    let mut parts = arn.split(':').skip(6);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// The name under which the code of a version is stored.
pub(crate) fn code_key(place: &Place, name: &str, version: &str) -> String {
    format!("code/{}/{}/{name}/{version}", place.account, place.region)
}

/// The configuration of a version; `None` when it does not exist.
pub(crate) async fn configuration(
    proxy: &Proxy,
    place: &Place,
    name: &str,
    version: &str,
) -> Result<Option<Value>, Error> {
    let path = format!("/2015-03-31/functions/{name}/configuration?Qualifier={version}");
    let found = proxy.upstream.json(place, "lambda", Lookup::Get(&path)).await?;
    Ok(found.map(|found| (*found).clone()))
}

/// The longest body that CloudFront passes to a function at origin requests, in bytes.
const MAX_BODY: usize = 1 << 20;

/// The environment variables with the credentials of a function's role. API Gateway accepts requests with their signature if
/// an inline policy of the role allows it.
async fn credentials(edge: &Edge<'_>, role: &str) -> Result<Value, Error> {
    let (key, secret) = (format!("ASIA{}", role.replace([':', '/'], "")), "the secret key of a role");
    let name = role.rsplit('/').next().unwrap_or_default();
    let form = |action, more: Option<(&'static str, String)>| {
        let mut fields = vec![("Action", action), ("Version", "2010-05-08".to_owned()), ("RoleName", name.to_owned())];
        fields.extend(more);
        fields
    };
    let read = async |fields: Vec<(&str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        edge.proxy.upstream.xml(&edge.place.global(), "iam", Lookup::Form(&fields)).await
    };
    let policies = read(form("ListRolePolicies".to_owned(), None)).await?.unwrap_or_default();
    let mut may_invoke = false;
    for policy in policies.items_at(&["ListRolePoliciesResult", "PolicyNames"]) {
        let named = form("GetRolePolicy".to_owned(), Some(("PolicyName", policy.text.clone())));
        let found = read(named).await?.unwrap_or_default();
        let document = decode(found.text_at(&["GetRolePolicyResult", "PolicyDocument"]));
        may_invoke |= document.contains("\"execute-api:Invoke\"");
    }
    if may_invoke {
        edge.proxy.remember(secret_key(&key), secret);
        edge.proxy.remember(session_key(&key), &edge.place.account);
    }
    Ok(json!({ "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "the token of a role" }))
}

fn event(edge: &Edge<'_>, (behavior, origin): (&Behavior, &Origin), host: &str, request: &Request) -> Value {
    let mut headers = Map::new();
    for name in request.headers.keys().filter(|name| !is_of_tests(name) && **name != HOST) {
        let values = request.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let values: Vec<Value> = values.map(|value| json!({ "key": name.as_str(), "value": value })).collect();
        headers.insert(name.as_str().to_owned(), values.into());
    }
    headers.insert("host".to_owned(), json!([{ "key": "Host", "value": host }]));
    let custom = json!({
        "customHeaders": {}, "domainName": origin.host, "keepaliveTimeout": 5, "path": "", "port": 443,
        "protocol": "https", "readTimeout": 30, "sslProtocols": ["TLSv1.2"],
    });
    let config = json!({
        "distributionDomainName": edge.host, "distributionId": edge.id, "eventType": "origin-request", "requestId": "1",
    });
    let mut request_json = json!({
        "clientIp": "203.0.113.178", "headers": headers, "method": request.method.as_str(),
        "origin": { "custom": custom }, "querystring": request.query, "uri": request.path,
    });
    if behavior.origin_request_body {
        let passed = request.body.get(..MAX_BODY).unwrap_or(&request.body);
        request_json["body"] = json!({
            "inputTruncated": passed.len() < request.body.len(), "action": "read-only", "encoding": "base64",
            "data": base64::encode(passed),
        });
    }
    json!({ "Records": [{ "cf": { "config": config, "request": request_json } }] })
}

fn is_of_tests(name: &HeaderName) -> bool {
    name.as_str().starts_with("x-test-")
}

/// What CloudFront does with the result of a function.
fn applied(result: &Value, mut request: Request) -> Next {
    let invalid = |why: &str| {
        let message = format!("The Lambda function result failed validation: {why}");
        Next::Answer(failure(502, &message))
    };
    if result.get("status").is_some() {
        let status = result["status"].as_str().and_then(|status| status.parse().ok()).unwrap_or(502);
        return Next::Answer(failure(status, result["body"].as_str().unwrap_or_default()));
    }
    let (Some(uri), Some(headers)) = (result["uri"].as_str(), result["headers"].as_object()) else {
        return invalid("The result is neither a request nor a response.");
    };
    if result["method"] != request.method.as_str() {
        return invalid("The method is read-only.");
    }
    let Some(name) = result.pointer("/origin/custom/domainName").and_then(Value::as_str) else {
        return invalid("The request has no origin.");
    };
    let mut sent: HeaderMap =
        request.headers.iter().filter(|(name, _)| is_of_tests(name)).map(|(a, b)| (a.clone(), b.clone())).collect();
    for (name, values) in headers {
        for value in values.as_array().into_iter().flatten() {
            let same_name = value["key"].as_str().is_none_or(|key| key.eq_ignore_ascii_case(name));
            let (name, value) = (
                HeaderName::try_from(name.as_str()),
                HeaderValue::try_from(value["value"].as_str().unwrap_or_default()),
            );
            let (true, Ok(name), Ok(value)) = (same_name, name, value) else {
                return invalid("A header is invalid.");
            };
            sent.append(name, value);
        }
    }
    let host = sent.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or(name).to_owned();
    request.headers = sent;
    uri.clone_into(&mut request.path);
    result["querystring"].as_str().unwrap_or_default().clone_into(&mut request.query);
    Next::Send { name: name.to_owned(), host, request }
}

impl Runner {
    /// Runs a function in a new execution environment near `client`; returns its `result` or `error`.
    async fn run(&self, edge: &Edge<'_>, client: &Client, call: &Value) -> Result<Value, Error> {
        let mut held = self.0.lock().await;
        // After an error, the next function gets a new process.
        let mut process = match held.take() {
            Some(process) => process,
            None => Process::start(RUNNER)?,
        };
        let mut message = process.exchange(call)?;
        while let Some(query) = message.get("resolve") {
            let name = query["name"].as_str().unwrap_or_default();
            let answer = dns::cname(edge.proxy, &edge.place, name, client).await?;
            message = process.exchange(&json!({ "answers": answer.into_iter().collect::<Vec<_>>() }))?;
        }
        *held = Some(process);
        Ok(message)
    }
}
