//! A call's way: arrive, recognise, suffer a fault, be judged, be forwarded, be mended, be logged, go home.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::calls::{Call, CallLog};
use crate::eventual::Eventual;
use crate::fault::{self, Faults, Harm};
use crate::message::{Answer, Refusal, Request};
use crate::operation::{Scope, recognise};
use crate::options::Options;
use crate::rules::{self, Context};
use crate::timers::Timers;
use crate::upstream::{Ask, Forward, Place, Upstream};
use crate::{data_plane, error::Error};

/// Everything that a call may need on its way.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) upstream: Upstream,
    pub(crate) options: Options,
    pub(crate) timers: Timers,
    pub(crate) calls: CallLog,
    pub(crate) faults: Faults,
    pub(crate) latency: Mutex<Duration>,
    /// How far behind its newest state AWS may answer.
    pub(crate) consistency: Mutex<Option<Eventual>>,
    /// Where anything was ever asked: what an inventory looks through.
    pub(crate) places: Mutex<BTreeSet<Place>>,
    /// What AWS knows and ministack does not: accounts by access key of a session, objects by request token.
    pub(crate) memory: Mutex<HashMap<String, String>>,
    /// Rate limits, when they are switched on.
    pub(crate) limits: rules::throttle::Limits,
    /// Regions that do not answer requests.
    pub(crate) down: Mutex<BTreeSet<String>>,
    /// Our own port.
    pub(crate) port: u16,
}

/// The connection ends without an answer.
#[derive(Debug)]
struct ReplyLost;

impl std::fmt::Display for ReplyLost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the reply is lost on purpose")
    }
}

impl std::error::Error for ReplyLost {}

/// Takes connections for ever.
pub(crate) async fn serve(proxy: Arc<Proxy>, listener: TcpListener) -> Infallible {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors: some connection has to end first.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Without it every small answer waits for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&proxy, request));
            let http = hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).to_owned();
            // An error is the client's going away, or a reply that we lose.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(proxy: &Proxy, request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, ReplyLost> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| ReplyLost)?.to_bytes();
    match handle(proxy, http::Request::from_parts(parts, body)).await.reply {
        Reply::Answer(response) => Ok(response.map(Full::new)),
        Reply::Lost => Err(ReplyLost),
        Reply::Never => std::future::pending().await,
    }
}

/// What became of a request.
#[derive(Debug)]
pub struct Handled {
    /// The AWS API call that it was; `None` for a request of an API's user.
    pub call: Option<Call>,
    /// What is said to whoever sent it.
    pub reply: Reply,
}

/// How a request ends for whoever sent it.
#[derive(Debug)]
pub enum Reply {
    /// With an answer.
    Answer(http::Response<Bytes>),
    /// The connection ends without one.
    Lost,
    /// The connection stays, and no answer comes.
    Never,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let mut response = http::Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Self::Answer(response)
    }
}

/// A request and its reply, however it came here.
pub(crate) async fn handle(proxy: &Proxy, request: http::Request<Bytes>) -> Handled {
    let (parts, body) = request.into_parts();
    let request = Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    match Scope::of(&request.headers).filter(|scope| scope.service != "execute-api") {
        Some(scope) => {
            let (call, reply) = api_call(proxy, scope, request).await;
            Handled { call: Some(call), reply }
        }
        None => Handled { call: None, reply: data_plane::answer(proxy, request).await.into() },
    }
}

/// One AWS API call.
async fn api_call(proxy: &Proxy, scope: Scope, request: Request) -> (Call, Reply) {
    // Global services are signed for whatever region the client is set to when it has an endpoint of its own.
    let is_global = matches!(scope.service.as_str(), "iam" | "route53" | "cloudfront" | "account");
    let region = if is_global { "us-east-1".to_owned() } else { scope.region };
    let place = Place { account: proxy.account_of(&scope.key), region };
    if let (false, Ok(mut places)) = (place.account.is_empty(), proxy.places.lock()) {
        places.insert(place.clone());
    }
    let operation = recognise(&scope.service, &request);
    let mut context = Context { proxy, place, service: scope.service, operation, request };
    rules::prepare(&mut context);
    let context = context;
    let mut call = begin(&context);
    let latency = proxy.latency.lock().map(|latency| *latency).unwrap_or_default();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let harm = proxy.faults.due(&call);
    let refused = match &harm {
        Some(Harm::ServerError) => Some(fault::server_error(&context.service)),
        Some(Harm::Throttled) => Some(fault::throttled(&context.service)),
        Some(Harm::AccessDenied) => Some(fault::access_denied(&context.service, &call)),
        Some(Harm::ExpiredToken) => Some(fault::expired_token(&context.service)),
        Some(Harm::Hangs) => {
            proxy.calls.add(call.clone());
            return (call, Reply::Never);
        }
        Some(Harm::ReplyLost | Harm::Hook(_)) | None => None,
    };
    let answer = match refused {
        Some(refusal) => Answer::refusal(&context.service, &refusal),
        None => judge_and_forward(&context).await,
    };
    call.status = answer.status.as_u16();
    call.error = answer.error_code();
    call.ended = proxy.timers.elapsed();
    proxy.calls.add(call.clone());
    match harm {
        Some(Harm::ReplyLost) => return (call, Reply::Lost),
        Some(Harm::Hook(hook)) => hook(&call),
        _ => {}
    }
    (call, answer.into())
}

/// A call of our own, answered as AWS would, but neither delayed nor logged nor harmed.
pub(crate) async fn inspect(proxy: &Proxy, place: &Place, service: &str, what: Ask<'_>) -> Answer {
    let request = what.request(place, service);
    let operation = recognise(service, &request);
    let context = Context { proxy, place: place.clone(), service: service.to_owned(), operation, request };
    forward(&context, None).await
}

async fn judge_and_forward(context: &Context<'_>) -> Answer {
    match rules::before(context).await {
        Ok(Some(answer)) => return answer,
        Ok(None) => {}
        Err(error) => return broken(&context.service, &error),
    }
    forward(context, context.proxy.consistency()).await
}

async fn forward(context: &Context<'_>, consistency: Option<Eventual>) -> Answer {
    let Context { proxy, place, service, operation, request } = context;
    let call = Forward { place, service, operation, request, consistency };
    let mut answer = match proxy.upstream.forward(call, proxy.timers.now()).await {
        Ok(answer) => answer,
        Err(error) => return broken(&context.service, &error),
    };
    match rules::after(context, &mut answer).await {
        Ok(()) => answer,
        Err(error) => broken(&context.service, &error),
    }
}

/// The local AWS itself is broken; said so that it is not taken for AWS's own trouble.
fn broken(service: &str, error: &Error) -> Answer {
    Answer::refusal(service, &Refusal::new(500, "LocalAwsBroken", error.to_string()))
}

fn begin(context: &Context<'_>) -> Call {
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

/// What a call is about.
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
    /// The account that an access key belongs to: the key itself, or what AssumeRole said. Empty for a key that nobody
    /// gave out.
    fn account_of(&self, key: &str) -> String {
        if key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit()) {
            return key.to_owned();
        }
        self.remembered(&session_key(key)).unwrap_or_default()
    }

    /// How far behind its newest state AWS may answer now.
    pub(crate) fn consistency(&self) -> Option<Eventual> {
        self.consistency.lock().map(|consistency| *consistency).unwrap_or_default()
    }

    /// Keeps what AWS knows and ministack does not.
    pub(crate) fn remember(&self, key: String, value: &str) {
        if let Ok(mut memory) = self.memory.lock() {
            memory.insert(key, value.to_owned());
        }
    }

    /// What was kept.
    pub(crate) fn remembered(&self, key: &str) -> Option<String> {
        self.memory.lock().ok()?.get(key).cloned()
    }
}

/// Under which name the account of a session's access key is kept.
pub(crate) fn session_key(access_key: &str) -> String {
    format!("session/{access_key}")
}
