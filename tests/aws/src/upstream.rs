//! The backend behind the proxy, ministack or the in-memory AWS, and the internal reads that the rules send to it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::consistency::EventualConsistency;
use crate::error::Error;
use crate::lookup::LookupResponse;
use crate::memory::InMemoryAws;
use crate::message::{Request, Response, decode, encode};
use crate::operation::Operation;
use crate::rest_plane::response_of;
use crate::xml::Element;

/// The backend that the proxy makes strict.
#[derive(Debug)]
pub(crate) enum Upstream {
    /// ministack, in a process of its own. Runs the functions' code.
    Ministack(Box<Ministack>),
    /// The in-memory AWS in this process: thousands of calls a second, and snapshots.
    InMemory(InMemoryAws),
}

/// A client for ministack.
#[derive(Debug)]
pub(crate) struct Ministack {
    client: Client<HttpConnector, Full<Bytes>>,
    port: u16,
    /// What ministack does not hold: see [`is_held_in_memory`].
    memory: InMemoryAws,
}

/// Whether the in-memory AWS holds the objects of a call for both backends. ministack serves the current resources of a REST
/// API instead of its deployments, executes no web ACL, loses settings of Route 53, has neither keys in CloudFront's key value
/// stores nor continuous deployment, and evaluates metrics for the alarms of CloudWatch.
fn is_held_in_memory(service: &str, request: &Request) -> bool {
    let Request { path, query, .. } = request;
    match service {
        "cloudwatch" | "route53" | "wafv2" | "cloudfront-keyvaluestore" => true,
        "apigateway" => !path.starts_with("/v2/"),
        "cloudfront" => {
            let is_of = |kind: &str| {
                path.starts_with(&format!("/2020-05-31/{kind}"))
                    || (path.starts_with("/2020-05-31/tagging") && decode(query).contains(&format!(":{kind}/")))
            };
            is_of("function") || is_of("key-value-store") || is_of("continuous-deployment-policy")
        }
        _ => false,
    }
}

/// The account and region of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The account id, twelve digits.
    pub(crate) account: String,
    /// The region; `us-east-1` for global services.
    pub(crate) region: String,
}

impl Place {
    /// The same account, in the region of global services.
    pub(crate) fn global(&self) -> Self {
        Self { account: self.account.clone(), region: "us-east-1".to_owned() }
    }

    /// An `Authorization` header for ministack, which takes account and region from it and does not check the
    /// signature.
    pub(crate) fn signature(&self, service: &str) -> HeaderValue {
        let credential = format!("{}/20260101/{}/{service}/aws4_request", self.account, self.region);
        header(&format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"))
    }
}

impl Ministack {
    pub(crate) fn new(port: u16) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, port, memory: InMemoryAws::default() }
    }

    /// Sends a request unchanged, except for the headers of one connection.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, Error> {
        let broken =
            |error: &dyn std::fmt::Display| Error::Upstream(format!("{} {}: {error}", request.method, request.path));
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let mut message = http::Request::builder()
            .method(request.method.clone())
            .uri(format!("http://127.0.0.1:{}{}{query}", self.port, request.path))
            .body(Full::new(request.body.clone()))
            .map_err(|error| broken(&error))?;
        *message.headers_mut() = request.headers.clone();
        for name in [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            message.headers_mut().remove(name);
        }
        let response = self.client.request(message).await.map_err(|error| broken(&error))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| broken(&error))?.to_bytes();
        let mut headers = parts.headers;
        for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(name);
        }
        Ok(Response { status: parts.status, headers, body })
    }
}

/// An API call whose operation is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForwardedCall<'a> {
    /// The account and region of the call.
    pub(crate) place: &'a Place,
    /// The service's signing name.
    pub(crate) service: &'a str,
    /// The operation.
    pub(crate) operation: &'a Operation,
    /// The whole request.
    pub(crate) request: &'a Request,
    /// How long the response may lag behind writes; only the in-memory AWS supports it.
    pub(crate) consistency: Option<EventualConsistency>,
}

impl Upstream {
    /// Forwards an API call. `now` is AWS's clock since the start.
    pub(crate) async fn forward(&self, call: ForwardedCall<'_>, now: Duration) -> Result<Response, Error> {
        match self {
            Self::Ministack(ministack) if is_held_in_memory(call.service, call.request) => {
                Ok(ministack.memory.handle(call, now))
            }
            Self::Ministack(ministack) => ministack.send(call.request).await,
            Self::InMemory(memory) => Ok(memory.handle(call, now)),
        }
    }

    /// Forwards a request that is neither an API call nor for an API's host.
    pub(crate) async fn pass(&self, request: &Request) -> Result<Response, Error> {
        match self {
            Self::Ministack(ministack) => ministack.send(request).await,
            Self::InMemory(_) => Ok(Response::json(StatusCode::NOT_FOUND, &json!({"message": "Not Found"}))),
        }
    }

    /// Sends a client's request to an API; `path` begins with the stage, unless that is `$default`.
    pub(crate) async fn invoke(
        &self,
        place: &Place,
        api: &str,
        path: &str,
        mut request: Request,
    ) -> Result<Response, Error> {
        match self {
            Self::Ministack(ministack) => {
                request.path = format!("/_aws/execute-api/{api}{path}");
                if !request.headers.contains_key(AUTHORIZATION) {
                    // ministack distinguishes accounts only by their keys.
                    request.headers.insert(AUTHORIZATION, place.signature("execute-api"));
                }
                ministack.send(&request).await
            }
            Self::InMemory(memory) => Ok(memory.invoke(place, api, path, &request)),
        }
    }

    /// The in-memory AWS that holds the REST APIs.
    pub(crate) fn memory(&self) -> &InMemoryAws {
        match self {
            Self::Ministack(ministack) => &ministack.memory,
            Self::InMemory(memory) => memory,
        }
    }

    /// Calls a function, or one of its versions or aliases, with an event of the payload format 1.0; returns the response
    /// that its result describes.
    pub(crate) async fn run_function(
        &self,
        place: &Place,
        name: &str,
        qualifier: &str,
        event: &Value,
    ) -> Result<Response, Error> {
        let ministack = match self {
            Self::Ministack(ministack) => ministack,
            Self::InMemory(memory) => return Ok(memory.run_function(place, name, qualifier, event)),
        };
        let response = ministack.send(&invocation(place, name, qualifier, event)).await?;
        Ok(response_of(&result_of(&response).unwrap_or_default()))
    }

    /// Calls a function that authorizes requests; returns its result, or its error.
    pub(crate) async fn call_authorizer(
        &self,
        place: &Place,
        name: &str,
        qualifier: &str,
        event: &Value,
    ) -> Result<Result<Value, Value>, Error> {
        match self {
            Self::Ministack(ministack) => {
                let response = ministack.send(&invocation(place, name, qualifier, event)).await?;
                Ok(result_of(&response))
            }
            Self::InMemory(memory) => Ok(memory.authorize(place, name, qualifier, event)),
        }
    }

    /// Sends an internal read.
    pub(crate) async fn lookup(
        &self,
        place: &Place,
        service: &str,
        lookup: Lookup<'_>,
    ) -> Result<Arc<LookupResponse>, Error> {
        match self {
            Self::Ministack(ministack) => {
                let request = lookup.request(place, service);
                if is_held_in_memory(service, &request) {
                    return Ok(ministack.memory.lookup(place, service, lookup));
                }
                Ok(Arc::new(LookupResponse::new(ministack.send(&request).await?)))
            }
            Self::InMemory(memory) => Ok(memory.lookup(place, service, lookup)),
        }
    }

    /// Sends an internal read and returns the response as JSON; `None` when the object does not exist.
    pub(crate) async fn json(
        &self,
        place: &Place,
        service: &str,
        lookup: Lookup<'_>,
    ) -> Result<Option<Arc<Value>>, Error> {
        Ok(self.lookup(place, service, lookup).await?.json())
    }

    /// Sends an internal read and returns the response as XML; `None` when the object does not exist.
    pub(crate) async fn xml(
        &self,
        place: &Place,
        service: &str,
        lookup: Lookup<'_>,
    ) -> Result<Option<Arc<Element>>, Error> {
        Ok(self.lookup(place, service, lookup).await?.xml())
    }
}

/// The invocation of a function.
fn invocation(place: &Place, name: &str, qualifier: &str, event: &Value) -> Request {
    let query = if qualifier.is_empty() { String::new() } else { format!("Qualifier={}", encode(qualifier)) };
    Request {
        method: Method::POST,
        path: format!("/2015-03-31/functions/{}/invocations", encode(name)),
        query,
        headers: HeaderMap::from_iter([(AUTHORIZATION, place.signature("lambda"))]),
        body: event.to_string().into(),
    }
}

/// The result of an invocation, or its error.
fn result_of(response: &Response) -> Result<Value, Value> {
    let has_failed = response.headers.contains_key("x-amz-function-error") || !response.status.is_success();
    if has_failed { Err(response.as_json()) } else { Ok(response.as_json()) }
}

/// An internal read of the backend.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lookup<'a> {
    /// GET with this path and query.
    Get(&'a str),
    /// POST with this `X-Amz-Target` and JSON body.
    Target(&'a str, &'a Value),
    /// POST with this form, which includes `Action`.
    Form(&'a [(&'a str, &'a str)]),
}

impl Lookup<'_> {
    /// The HTTP request.
    pub(crate) fn request(self, place: &Place, service: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, place.signature(service));
        let (method, uri, body) = match self {
            Lookup::Get(uri) => (Method::GET, uri.to_owned(), Bytes::new()),
            Lookup::Target(target, body) => {
                headers.insert(HeaderName::from_static("x-amz-target"), header(target));
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
                (Method::POST, "/".to_owned(), body.to_string().into_bytes().into())
            }
            Lookup::Form(fields) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
                (Method::POST, "/".to_owned(), fields.join("&").into_bytes().into())
            }
        };
        let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
        Request { method, path: path.to_owned(), query: query.to_owned(), headers, body }
    }
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}
