//! What is behind the proxy, ministack or the memory: what the proxy forwards there, and what the rules ask.

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

use crate::error::Error;
use crate::eventual::Eventual;
use crate::look::Look;
use crate::memory::Memory;
use crate::message::{Answer, Request, encode};
use crate::operation::Operation;
use crate::xml::Element;

/// The AWS that the proxy makes strict.
#[derive(Debug)]
pub(crate) enum Upstream {
    /// ministack, in a process of its own: runs the functions' code.
    Ministack(Box<Ministack>),
    /// In this process: thousands of calls a second, and snapshots.
    Memory(Memory),
}

/// The way to ministack.
#[derive(Debug, Clone)]
pub(crate) struct Ministack {
    client: Client<HttpConnector, Full<Bytes>>,
    port: u16,
}

/// Where a question is asked: an account and a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Twelve digits.
    pub(crate) account: String,
    /// The region; `us-east-1` for global services.
    pub(crate) region: String,
}

impl Place {
    /// This account's global services.
    pub(crate) fn global(&self) -> Self {
        Self { account: self.account.clone(), region: "us-east-1".to_owned() }
    }

    /// What tells ministack who asks whom. It does not check signatures.
    pub(crate) fn signature(&self, service: &str) -> HeaderValue {
        let credential = format!("{}/20260101/{}/{service}/aws4_request", self.account, self.region);
        header(&format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"))
    }
}

impl Ministack {
    pub(crate) fn new(port: u16) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { client: Client::builder(TokioExecutor::new()).build(connector), port }
    }

    /// Sends a request as it is, but for what belongs to one connection.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Error> {
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
        let answer = self.client.request(message).await.map_err(|error| broken(&error))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| broken(&error))?.to_bytes();
        let mut headers = parts.headers;
        for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(name);
        }
        Ok(Answer { status: parts.status, headers, body })
    }
}

/// One API call, recognised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forward<'a> {
    /// The account and region that are asked.
    pub(crate) place: &'a Place,
    /// The service's signing name.
    pub(crate) service: &'a str,
    /// What is asked for.
    pub(crate) operation: &'a Operation,
    /// The whole request.
    pub(crate) request: &'a Request,
    /// How far behind the answer may be, where the memory gives it.
    pub(crate) consistency: Option<Eventual>,
}

impl Upstream {
    /// Makes an API call. `now` is the time of AWS's clock since the start.
    pub(crate) async fn forward(&self, call: Forward<'_>, now: Duration) -> Result<Answer, Error> {
        match self {
            Self::Ministack(ministack) => ministack.send(call.request).await,
            Self::Memory(memory) => Ok(memory.answer(call, now)),
        }
    }

    /// Passes on what is neither an API call nor asked of an API's host.
    pub(crate) async fn pass(&self, request: &Request) -> Result<Answer, Error> {
        match self {
            Self::Ministack(ministack) => ministack.send(request).await,
            Self::Memory(_) => Ok(Answer::json(StatusCode::NOT_FOUND, &json!({"message": "Not Found"}))),
        }
    }

    /// Calls an API as its users do; `path` begins with the stage, unless that is `$default`.
    pub(crate) async fn invoke(
        &self,
        place: &Place,
        api: &str,
        path: &str,
        mut request: Request,
    ) -> Result<Answer, Error> {
        match self {
            Self::Ministack(ministack) => {
                request.path = format!("/_aws/execute-api/{api}{path}");
                if !request.headers.contains_key(AUTHORIZATION) {
                    // ministack tells accounts apart by their keys only.
                    request.headers.insert(AUTHORIZATION, place.signature("execute-api"));
                }
                ministack.send(&request).await
            }
            Self::Memory(memory) => Ok(memory.invoke(place, api, path, &request)),
        }
    }

    /// Makes a call of our own, which only looks.
    pub(crate) async fn look(&self, place: &Place, service: &str, what: Ask<'_>) -> Result<Arc<Look>, Error> {
        match self {
            Self::Ministack(ministack) => {
                let answer = ministack.send(&what.request(place, service)).await?;
                Ok(Arc::new(Look::new(answer)))
            }
            Self::Memory(memory) => Ok(memory.look(place, service, what)),
        }
    }

    /// Makes a call and gives its answer as JSON; `None` when AWS has no such thing.
    pub(crate) async fn json(&self, place: &Place, service: &str, what: Ask<'_>) -> Result<Option<Arc<Value>>, Error> {
        Ok(self.look(place, service, what).await?.json())
    }

    /// Makes a call and gives its answer as XML; `None` when AWS has no such thing.
    pub(crate) async fn xml(&self, place: &Place, service: &str, what: Ask<'_>) -> Result<Option<Arc<Element>>, Error> {
        Ok(self.look(place, service, what).await?.xml())
    }
}

/// A call of our own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ask<'a> {
    /// Path and query.
    Get(&'a str),
    /// `X-Amz-Target` and a body in JSON.
    Target(&'a str, &'a Value),
    /// A form, `Action` among its fields.
    Form(&'a [(&'a str, &'a str)]),
}

impl Ask<'_> {
    /// The call as a request.
    pub(crate) fn request(self, place: &Place, service: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, place.signature(service));
        let (method, uri, body) = match self {
            Ask::Get(uri) => (Method::GET, uri.to_owned(), Bytes::new()),
            Ask::Target(target, body) => {
                headers.insert(HeaderName::from_static("x-amz-target"), header(target));
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
                (Method::POST, "/".to_owned(), body.to_string().into_bytes().into())
            }
            Ask::Form(fields) => {
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
