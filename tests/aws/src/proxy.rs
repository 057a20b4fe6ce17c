//! The path of a call through the proxy: identify the operation, apply a fault, check the rules, forward, adjust the
//! response, log.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::calls::{Call, CallLog};
use crate::consistency::EventualConsistency;
use crate::fault::{self, Effect, Faults};
use crate::message::{ApiError, Request, Response};
use crate::operation::{Scope, identify};
use crate::options::Options;
use crate::rules::{self, Context};
use crate::timers::Timers;
use crate::upstream::{ForwardedCall, Lookup, Place, Upstream};
use crate::{authorization, data_plane, error::Error, rest_plane};

/// The state that handling a call needs.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) upstream: Upstream,
    pub(crate) options: Options,
    pub(crate) timers: Timers,
    pub(crate) calls: CallLog,
    pub(crate) faults: Faults,
    pub(crate) latency: Mutex<Duration>,
    /// How long reads may lag behind writes.
    pub(crate) consistency: Mutex<Option<EventualConsistency>>,
    /// Accounts and regions that have received a call: what an inventory covers.
    pub(crate) places: Mutex<BTreeSet<Place>>,
    /// What AWS knows and the backend does not: accounts by session access key, objects by request token.
    pub(crate) known: Mutex<HashMap<String, String>>,
    /// The state of the rate limits, if throttling is on.
    pub(crate) limits: rules::throttle::Limits,
    /// How much of the limits of usage plans and stages is used.
    pub(crate) usage: rest_plane::Usage,
    /// The issuers of tokens that can be reached.
    pub(crate) issuers: authorization::issuers::Issuers,
    /// The cached results of functions that authorize requests.
    pub(crate) authorizer_results: authorization::lambda::Results,
    /// Regions whose APIs fail for their clients.
    pub(crate) down: Mutex<BTreeSet<String>>,
    /// The responses that CloudFront has cached.
    pub(crate) edge: crate::edge::EdgeCache,
    /// Route 53's health checkers.
    pub(crate) checkers: crate::dns::checkers::Checkers,
    /// The addresses of the regions.
    pub(crate) addresses: crate::addresses::Addresses,
    /// How many shares of weighted records have been used.
    pub(crate) shares: AtomicU32,
    /// The process that runs Lambda@Edge functions.
    pub(crate) edge_functions: crate::edge::lambda::Runner,
    /// What executes CloudFront Functions.
    pub(crate) viewer_functions: crate::edge::FunctionRuntime,
    /// The proxy's port.
    pub(crate) port: u16,
}

/// Closes the connection without a response.
#[derive(Debug)]
struct ReplyLost;

impl std::fmt::Display for ReplyLost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the reply is dropped on purpose")
    }
}

impl std::error::Error for ReplyLost {}

/// Accepts connections forever. At the address of a region, only the APIs of that region respond.
pub(crate) async fn serve(proxy: Arc<Proxy>, listener: TcpListener, region: Option<&'static str>) -> Infallible {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors: wait for a connection to close.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Otherwise every small response waits for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            let service = service_fn(|request| respond(&proxy, request, region));
            let http = hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).to_owned();
            // An error means that the client has gone, or that a fault drops the reply.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(
    proxy: &Proxy,
    request: http::Request<Incoming>,
    region: Option<&str>,
) -> Result<http::Response<Full<Bytes>>, ReplyLost> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| ReplyLost)?.to_bytes();
    let request = http::Request::from_parts(parts, body);
    let reply = match region {
        Some(region) => data_plane::respond_in(proxy, region, whole(request)).await.into(),
        None => handle(proxy, request).await.reply,
    };
    match reply {
        Reply::Response(response) => Ok(response.map(Full::new)),
        Reply::Lost => Err(ReplyLost),
        Reply::Never => std::future::pending().await,
    }
}

/// A request that has been handled.
#[derive(Debug)]
pub struct Handled {
    /// The AWS API call; `None` for a client's request to an API.
    pub call: Option<Call>,
    /// What the sender receives.
    pub reply: Reply,
}

/// What the sender of a request receives.
#[derive(Debug)]
pub enum Reply {
    /// A response.
    Response(http::Response<Bytes>),
    /// The connection closes without a response.
    Lost,
    /// The connection stays open, and no response arrives.
    Never,
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        let mut http = http::Response::new(response.body);
        *http.status_mut() = response.status;
        *http.headers_mut() = response.headers;
        Self::Response(http)
    }
}

/// Handles a request, with or without a connection.
pub(crate) async fn handle(proxy: &Proxy, request: http::Request<Bytes>) -> Handled {
    let request = whole(request);
    match Scope::of(&request.headers).filter(|scope| scope.service != "execute-api") {
        Some(scope) => {
            let (call, reply) = api_call(proxy, scope, request).await;
            Handled { call: Some(call), reply }
        }
        None => Handled { call: None, reply: data_plane::respond(proxy, request).await.into() },
    }
}

fn whole(request: http::Request<Bytes>) -> Request {
    let (parts, body) = request.into_parts();
    Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    }
}

/// Whether a service has one control plane for all regions.
pub(crate) fn is_global(service: &str) -> bool {
    matches!(service, "iam" | "route53" | "cloudfront" | "cloudfront-keyvaluestore" | "account")
}

/// Handles an AWS API call.
async fn api_call(proxy: &Proxy, scope: Scope, request: Request) -> (Call, Reply) {
    // With an endpoint of its own, a client signs calls to global services for its configured region.
    let region = if is_global(&scope.service) { "us-east-1".to_owned() } else { scope.region };
    let place = Place { account: proxy.account_of(&scope.key), region };
    if let (false, Ok(mut places)) = (place.account.is_empty(), proxy.places.lock()) {
        places.insert(place.clone());
    }
    let operation = identify(&scope.service, &request);
    let mut context = Context { proxy, place, service: scope.service, operation, request };
    let prepared = rules::prepare(&mut context).await;
    let context = context;
    let mut call = log_entry(&context);
    let latency = proxy.latency.lock().map(|latency| *latency).unwrap_or_default();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let effect = proxy.faults.due(&call);
    let refused = match &effect {
        Some(Effect::ServerError) => Some(fault::server_error(&context.service)),
        Some(Effect::Throttled) => Some(fault::throttled(&context.service)),
        Some(Effect::AccessDenied) => Some(fault::access_denied(&context.service, &call)),
        Some(Effect::ExpiredToken) => Some(fault::expired_token(&context.service)),
        Some(Effect::Hangs) => {
            proxy.calls.add(call.clone());
            return (call, Reply::Never);
        }
        Some(Effect::Refused) => {
            proxy.calls.add(call.clone());
            return (call, Reply::Lost);
        }
        Some(Effect::ReplyLost | Effect::Hook(_)) | None => None,
    };
    let response = match refused {
        Some(error) => Response::error(&context.service, &error),
        None => match prepared {
            Ok(()) => check_and_forward(&context).await,
            Err(error) => internal_error(&context.service, &error),
        },
    };
    call.status = response.status.as_u16();
    call.error = response.error_code();
    call.ended = proxy.timers.elapsed();
    proxy.calls.add(call.clone());
    match effect {
        Some(Effect::ReplyLost) => return (call, Reply::Lost),
        Some(Effect::Hook(hook)) => hook(&call),
        _ => {}
    }
    (call, response.into())
}

/// Sends an internal read. It is subject to the rules, but not delayed, not logged, and not hit by faults.
pub(crate) async fn inspect(proxy: &Proxy, place: &Place, service: &str, lookup: Lookup<'_>) -> Response {
    let request = lookup.request(place, service);
    let operation = identify(service, &request);
    let context = Context { proxy, place: place.clone(), service: service.to_owned(), operation, request };
    forward(&context, None).await
}

async fn check_and_forward(context: &Context<'_>) -> Response {
    match rules::before(context).await {
        Ok(Some(response)) => return response,
        Ok(None) => {}
        Err(error) => return internal_error(&context.service, &error),
    }
    forward(context, context.proxy.consistency()).await
}

async fn forward(context: &Context<'_>, consistency: Option<EventualConsistency>) -> Response {
    let Context { proxy, place, service, operation, request } = context;
    let call = ForwardedCall { place, service, operation, request, consistency };
    let mut response = match proxy.upstream.forward(call, proxy.timers.now()).await {
        Ok(response) => response,
        Err(error) => return internal_error(&context.service, &error),
    };
    match rules::after(context, &mut response).await {
        Ok(()) => response,
        Err(error) => internal_error(&context.service, &error),
    }
}

/// An error of the local AWS itself, which must not look like AWS's.
fn internal_error(service: &str, error: &Error) -> Response {
    Response::error(service, &ApiError::new(500, "LocalAwsBroken", error.to_string()))
}

fn log_entry(context: &Context<'_>) -> Call {
    let request = &context.request;
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let now = context.proxy.timers.elapsed();
    Call {
        service: context.service.clone(),
        operation: context.operation.name.clone(),
        region: context.place.region.clone(),
        account: context.place.account.clone(),
        method: request.method.to_string(),
        path: format!("{}{query}", request.path),
        subject: subject(context),
        status: 0,
        error: None,
        started: now,
        ended: now,
    }
}

/// The object of a call.
fn subject(context: &Context<'_>) -> String {
    const NAMES: [&str; 9] = [
        "FunctionName",
        "RoleName",
        "CertificateArn",
        "DomainName",
        "domainName",
        "logGroupName",
        "logGroupNamePrefix",
        "resourceArn",
        "name",
    ];
    if !context.operation.path.is_empty() {
        return context.operation.path.join("/");
    }
    if let Some(role) = context.request.form("RoleName") {
        return role;
    }
    let body = context.request.json();
    NAMES.iter().find_map(|name| body.get(name)?.as_str()).unwrap_or_default().to_owned()
}

impl Proxy {
    /// The account of an access key: the key itself, or what AssumeRole returned. Empty for an unknown key.
    pub(crate) fn account_of(&self, key: &str) -> String {
        if key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit()) {
            return key.to_owned();
        }
        self.remembered(&session_key(key)).unwrap_or_default()
    }

    /// A number from 0 to 1, which selects among weighted records. Successive numbers are spread evenly.
    pub(crate) fn next_share(&self) -> f64 {
        const GOLDEN_RATIO: f64 = 0.618_033_988_749_894_9;
        (f64::from(self.shares.fetch_add(1, Ordering::Relaxed)) * GOLDEN_RATIO).fract()
    }

    /// The access key and the account of a request that is signed for an API in `place`.
    pub(crate) fn signer(
        &self,
        request: &Request,
        place: &Place,
    ) -> Result<(String, String), authorization::sigv4::Invalid> {
        let secret = |key: &str| match self.remembered(&secret_key(key)) {
            None if self.account_of(key) == key => Some(SECRET_ACCESS_KEY.to_owned()),
            remembered => remembered,
        };
        let scope = authorization::sigv4::verify(request, &place.region, secret)?;
        let account = self.account_of(&scope.key);
        // Another account would need a permission of the API.
        if account == place.account { Ok((scope.key, account)) } else { Err(authorization::sigv4::Invalid::Signature) }
    }

    /// How long reads may lag behind writes now.
    pub(crate) fn consistency(&self) -> Option<EventualConsistency> {
        self.consistency.lock().map(|consistency| *consistency).unwrap_or_default()
    }

    /// Stores a fact that AWS knows and the backend does not.
    pub(crate) fn remember(&self, key: String, value: &str) {
        if let Ok(mut known) = self.known.lock() {
            known.insert(key, value.to_owned());
        }
    }

    /// A stored fact.
    pub(crate) fn remembered(&self, key: &str) -> Option<String> {
        self.known.lock().ok()?.get(key).cloned()
    }
}

/// The secret key of the access keys that are account ids.
pub(crate) const SECRET_ACCESS_KEY: &str = "test";

/// The name under which the secret key of a session's access key is stored.
pub(crate) fn secret_key(access_key: &str) -> String {
    format!("secret/{access_key}")
}

/// The name under which the account of a session's access key is stored.
pub(crate) fn session_key(access_key: &str) -> String {
    format!("session/{access_key}")
}
