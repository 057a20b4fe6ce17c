//! Route 53's health checkers: they request each endpoint at the interval of its health check.
//!
//! One checker stands for those of all regions. Source: Route 53 Developer Guide, "How Amazon Route 53 determines whether
//! a health check is healthy"; API reference, HealthCheckConfig.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::endpoint::{Endpoint, SEARCHED};
use crate::error::Error;
use crate::model::Client;
use crate::proxy::Proxy;
use crate::upstream::Lookup;
use crate::xml::Element;
use crate::{addresses, data_plane};

/// How long a checker waits for a connection over which it sends a request.
const CONNECT_WITHIN: Duration = Duration::from_secs(4);
/// How long a checker that only opens a connection waits for it.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// How long a checker waits for the status, and then for the body.
const RESPOND_WITHIN: Duration = Duration::from_secs(2);

/// What the checkers have found.
#[derive(Debug, Default)]
pub(crate) struct Checkers {
    /// How many times faster than AWS's the checkers are; `None` when none run.
    speed: Option<u32>,
    observations: Mutex<BTreeMap<String, Observation>>,
}

/// What the checker of one health check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Observation {
    /// A new health check is healthy until there is enough data.
    healthy: bool,
    /// The number of consecutive results that contradict `healthy`.
    contradictions: u32,
    /// When the next request is due; `None` while one is under way.
    due: Option<Instant>,
}

impl Observation {
    fn new(now: Instant) -> Self {
        Self { healthy: true, contradictions: 0, due: Some(now) }
    }

    /// Adds a result. `threshold` consecutive contradictions change the status.
    fn add(&mut self, passed: bool, threshold: u32) {
        self.contradictions = if passed == self.healthy { 0 } else { self.contradictions + 1 };
        if self.contradictions >= threshold {
            (self.healthy, self.contradictions) = (passed, 0);
        }
    }
}

impl Checkers {
    /// Checkers that are `speed` times faster than AWS's, or none.
    pub(crate) fn new(speed: Option<u32>) -> Self {
        Self { speed: speed.map(|speed| speed.max(1)), observations: Mutex::default() }
    }

    /// Whether the endpoint of a health check is healthy; `None` when no checkers run.
    pub(super) fn status(&self, id: &str) -> Option<bool> {
        self.speed?;
        Some(self.observations().get(id).is_none_or(|observation| observation.healthy))
    }

    /// Whether a request is due. If so, it counts as under way.
    fn take_due(&self, id: &str) -> bool {
        let now = Instant::now();
        let mut observations = self.observations();
        let observation = observations.entry(id.to_owned()).or_insert_with(|| Observation::new(now));
        observation.due.take_if(|due| *due <= now).is_some()
    }

    fn observations(&self) -> MutexGuard<'_, BTreeMap<String, Observation>> {
        self.observations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends the requests of all health checks, each at its interval, as long as the local AWS runs.
pub(crate) async fn run(proxy: Arc<Proxy>) -> Infallible {
    let Some(speed) = proxy.checkers.speed else { return std::future::pending().await };
    loop {
        // A backend that does not respond has no health checks; the next round reads them again.
        let checks = checks(&proxy).await.unwrap_or_default();
        let existing: BTreeSet<&String> = checks.iter().map(|(id, _)| id).collect();
        proxy.checkers.observations().retain(|id, _| existing.contains(id));
        for (id, config) in checks {
            if proxy.checkers.take_due(&id) {
                tokio::spawn(check(Arc::clone(&proxy), id, config, speed));
            }
        }
        tokio::time::sleep((Duration::from_secs(1) / speed).max(Duration::from_millis(10))).await;
    }
}

/// The enabled health checks of all accounts that have an endpoint.
async fn checks(proxy: &Proxy) -> Result<Vec<(String, Element)>, Error> {
    let mut checks = Vec::new();
    for place in data_plane::accounts(proxy) {
        let mut next = String::new();
        loop {
            let path = format!("/2013-04-01/healthcheck{next}");
            let page = proxy.upstream.xml(&place, "route53", Lookup::Get(&path)).await?.unwrap_or_default();
            for check in page.items_at(&["HealthChecks"]) {
                let config = check.child("HealthCheckConfig").cloned().unwrap_or_default();
                let has_endpoint =
                    !matches!(config.text_at(&["Type"]), "CALCULATED" | "CLOUDWATCH_METRIC" | "RECOVERY_CONTROL");
                if has_endpoint && config.text_at(&["Disabled"]) != "true" {
                    checks.push((check.text_at(&["Id"]).to_owned(), config));
                }
            }
            if page.text_at(&["IsTruncated"]) != "true" {
                break;
            }
            next = format!("?marker={}", page.text_at(&["NextMarker"]));
        }
    }
    Ok(checks)
}

/// Sends one request, and records whether the endpoint passed.
async fn check(proxy: Arc<Proxy>, id: String, config: Element, speed: u32) {
    let began = Instant::now();
    let passed = match Endpoint::read(&config) {
        Some(endpoint) => passes(&proxy, &id, &endpoint).await,
        None => false,
    };
    let number = |name: &str, default: u32| config.text_at(&[name]).parse().unwrap_or(default);
    let interval = Duration::from_secs(number("RequestInterval", 30).into()) / speed;
    if let Some(observation) = proxy.checkers.observations().get_mut(&id) {
        observation.add(passed, number("FailureThreshold", 3));
        observation.due = Some(began + interval);
    }
}

/// Whether an endpoint passes: a real request to the address of its host name.
async fn passes(proxy: &Arc<Proxy>, id: &str, endpoint: &Endpoint) -> bool {
    let resolved = data_plane::resolve(proxy, &endpoint.host, &Client::near("us-east-1"), 0).await;
    let Ok(resolved) = resolved else { return false };
    let Some(address) = addresses::of(proxy, &resolved).await else { return false };
    let address = SocketAddr::new(IpAddr::V4(address), proxy.port);
    let Some(path) = &endpoint.path else {
        return matches!(timeout(OPEN_WITHIN, TcpStream::connect(address)).await, Ok(Ok(_)));
    };
    let agent = format!("Amazon-Route53-Health-Check-Service (ref {id}; report http://amzn.to/1vsZADi)");
    let request = http::Request::get(path).header(HOST, &endpoint.host).header(USER_AGENT, agent).body(Empty::new());
    let Ok(request) = request else { return false };
    let response = send(address, request).await;
    response.is_some_and(|(status, body)| endpoint.accepts(status, &body))
}

/// The status and the start of the body of the response; `None` when there is none in time.
async fn send(address: SocketAddr, request: http::Request<Empty<Bytes>>) -> Option<(u16, Vec<u8>)> {
    let stream = timeout(CONNECT_WITHIN, TcpStream::connect(address)).await.ok()?.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let exchange = async {
        let response = timeout(RESPOND_WITHIN, sender.send_request(request)).await.ok()?.ok()?;
        let status = response.status().as_u16();
        let body = timeout(RESPOND_WITHIN, start_of(response.into_body())).await.ok()?;
        Some((status, body))
    };
    let response = exchange.await;
    connection.abort();
    response
}

/// The start of a body, in which a search string is searched.
async fn start_of(mut body: hyper::body::Incoming) -> Vec<u8> {
    let mut start = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        start.extend(frame.into_data().unwrap_or_default());
        if start.len() >= SEARCHED {
            break;
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_results_change_the_status() {
        let mut observation = Observation::new(Instant::now());
        let mut status = |results: &[bool]| {
            results.iter().for_each(|passed| observation.add(*passed, 3));
            observation.healthy
        };
        assert!(status(&[false, false, true, false, false]), "an endpoint must fail three times in a row");
        assert!(!status(&[false]));
        assert!(!status(&[true, true, false, true, true]), "it must pass three times in a row");
        assert!(status(&[true]));
    }

    #[test]
    fn a_request_is_due_once() {
        let checkers = Checkers::new(Some(0));
        assert_eq!(checkers.status("new"), Some(true));
        assert!(checkers.take_due("new") && !checkers.take_due("new"));
        assert_eq!(Checkers::default().status("new"), None);
    }
}
