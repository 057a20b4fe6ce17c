//! The local AWS: what tests and tools use.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::addresses::Addresses;
use crate::authorization::sigv4::sign_get;
use crate::calls::{Call, CallLog};
use crate::consistency::EventualConsistency;
use crate::dns::checkers::{self, Checkers};
use crate::dns::{self, server};
use crate::error::Error;
use crate::fault::{Fault, Faults};
use crate::geography::number_of;
use crate::inventory::Inventory;
use crate::memory::InMemoryAws;
use crate::ministack::{Installation, Ministack};
use crate::options::{Backend, Options};
use crate::proxy::{self, Handled, Proxy};
use crate::request_paths::{self, RequestPath};
use crate::resolver::Resolver;
use crate::rest_plane::Usage;
use crate::rules;
use crate::rules::throttle::Limits;
use crate::snapshot::Snapshot;
use crate::timers::Timers;
use crate::tools::Issuer;
use crate::upstream::{self, Upstream};

/// The port in the addresses of an AWS that accepts no connections.
const SIMULATED_PORT: u16 = 4566;

/// The strict proxy in front of ministack or of the in-memory AWS. It stops when this value is dropped or this process
/// dies.
///
/// It runs on threads of its own, so tests with different runtimes can share it.
#[derive(Debug)]
pub struct LocalAws {
    proxy: Arc<Proxy>,
    runtime: Option<Runtime>,
    ministack: Option<Ministack>,
    /// The port of the DNS server.
    dns_port: Option<u16>,
}

impl LocalAws {
    /// Starts the proxy on a free port of 127.0.0.1. With [`Backend::Ministack`] it also finds or installs ministack
    /// and starts it; an installed ministack starts in a few tenths of a second.
    ///
    /// # Errors
    /// [`Error::Install`], [`Error::Start`], [`Error::File`].
    pub async fn start(options: Options) -> Result<Self, Error> {
        let start_error = |error: tokio::task::JoinError| Error::Start { output: error.to_string() };
        tokio::task::spawn_blocking(|| Self::start_blocking(options)).await.map_err(start_error)?
    }

    fn start_blocking(options: Options) -> Result<Self, Error> {
        let start_error = |error: std::io::Error| Error::Start { output: error.to_string() };
        let ministack = match options.backend {
            Backend::Ministack => Some(Ministack::start(&Installation::find()?, &options.account)?),
            Backend::InMemory => None,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("strict-aws")
            .enable_all()
            .build()
            .map_err(start_error)?;
        // With a manual clock, requests arrive through `handle` and nothing connects. All such instances use the same
        // address, so that a snapshot of one can be restored into another.
        let listener = match options.manual_clock {
            true => None,
            false => Some(runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(start_error)?),
        };
        let port = match &listener {
            Some(listener) => listener.local_addr().map_err(start_error)?.port(),
            None => SIMULATED_PORT,
        };
        let proxy = Arc::new(Proxy {
            upstream: match &ministack {
                Some(ministack) => Upstream::Ministack(Box::new(upstream::Ministack::new(ministack.port()))),
                None => Upstream::InMemory(InMemoryAws::default()),
            },
            port,
            latency: Mutex::new(options.latency),
            consistency: Mutex::new(options.consistency),
            timers: Timers::new(options.manual_clock),
            checkers: Checkers::new(options.health_checkers),
            options,
            calls: CallLog::default(),
            faults: Faults::default(),
            places: Mutex::default(),
            known: Mutex::default(),
            limits: Limits::default(),
            usage: Usage::default(),
            issuers: Default::default(),
            authorizer_results: Default::default(),
            down: Mutex::default(),
            edge: crate::edge::EdgeCache::default(),
            addresses: Addresses::default(),
            shares: AtomicU32::new(0),
            edge_functions: crate::edge::lambda::Runner::default(),
            viewer_functions: crate::edge::FunctionRuntime::default(),
        });
        let mut dns_port = None;
        if let Some(listener) = listener {
            let sockets = runtime.block_on(server::bind()).map_err(start_error)?;
            dns_port = Some(sockets.port);
            runtime.spawn(proxy::serve(Arc::clone(&proxy), listener, None));
            runtime.spawn(server::serve(Arc::clone(&proxy), sockets));
            runtime.spawn(checkers::run(Arc::clone(&proxy)));
        }
        let aws = Self { proxy, runtime: Some(runtime), ministack, dns_port };
        aws.wait_until_healthy()?;
        Ok(aws)
    }

    /// ministack listens as soon as it runs, so a successful response means that it is ready.
    fn wait_until_healthy(&self) -> Result<(), Error> {
        let (Some(runtime), Upstream::Ministack(ministack)) = (&self.runtime, &self.proxy.upstream) else {
            return Ok(());
        };
        let request = crate::message::Request {
            method: http::Method::GET,
            path: "/_ministack/health".to_owned(),
            query: String::new(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        runtime.block_on(async {
            for _ in 0..600 {
                if ministack.send(&request).await.is_ok_and(|response| response.status.is_success()) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(Error::Start { output: self.log() })
        })
    }

    /// The value of `AWS_ENDPOINT_URL` for the CLI and the provider. Clients of an API send their requests to the same
    /// address, with the API's name in the `Host` header.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.proxy.port)
    }

    /// The address of the DNS server, for UDP and TCP; `None` with a manual clock.
    pub fn dns_server(&self) -> Option<SocketAddr> {
        self.dns_port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// The resolver of a client near a region. Cached answers expire as many times faster as health checkers are.
    ///
    /// # Panics
    /// When there is no DNS server.
    pub fn resolver_near(&self, region: &str) -> Resolver {
        let Some(server) = self.dns_server() else { panic!("an AWS with a manual clock has no DNS server") };
        let resolver = Resolver::new(server, self.proxy.options.health_checkers.unwrap_or(1));
        match subnet_near(region) {
            Some(subnet) => resolver.in_subnet(&subnet),
            None => resolver,
        }
    }

    /// The URL for requests to the APIs at an address that the DNS server returned.
    pub fn endpoint_at(&self, address: IpAddr) -> String {
        format!("http://{}", SocketAddr::new(address, self.proxy.port))
    }

    /// Handles a request of this process without a connection: an AWS API call, or a client's request to the API that
    /// the `Host` header names.
    pub async fn handle(&self, request: http::Request<Bytes>) -> Handled {
        proxy::handle(&self.proxy, request).await
    }

    /// The account id in [`LocalAws::env`].
    pub fn account_id(&self) -> &str {
        &self.proxy.options.account
    }

    /// Environment variables that make a program use this AWS.
    pub fn env(&self) -> BTreeMap<String, String> {
        let variables = [
            ("AWS_ENDPOINT_URL", self.endpoint().as_str()),
            ("AWS_ACCESS_KEY_ID", self.account_id()),
            ("AWS_SECRET_ACCESS_KEY", proxy::SECRET_ACCESS_KEY),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        variables.into()
    }

    /// All AWS API calls so far, in the order in which they were answered.
    pub fn calls(&self) -> Vec<Call> {
        self.proxy.calls.all()
    }

    /// Clears the log of calls.
    pub fn clear_calls(&self) {
        self.proxy.calls.clear();
    }

    /// Everything that exists in the account, as AWS reports it, in all regions that received a call. Its own reads are
    /// not logged.
    ///
    /// # Errors
    /// [`Error::Upstream`] when ministack does not respond.
    pub async fn inventory(&self) -> Result<Inventory, Error> {
        self.inventory_of(self.account_id()).await
    }

    /// [`LocalAws::inventory`] of another account.
    ///
    /// # Errors
    /// The same as of [`LocalAws::inventory`].
    pub async fn inventory_of(&self, account: &str) -> Result<Inventory, Error> {
        let (proxy, account) = (Arc::clone(&self.proxy), account.to_owned());
        let Some(runtime) = &self.runtime else { return Ok(Inventory::default()) };
        // Connections belong to the runtime that opened them, and the caller's runtime may end before this one.
        let collected = runtime.spawn(async move { Inventory::collect(&proxy, &account).await });
        collected.await.map_err(|error| Error::Upstream(error.to_string()))?
    }

    /// Delays every later AWS API call by `time`.
    pub fn set_latency(&self, time: Duration) {
        if let Ok(mut latency) = self.proxy.latency.lock() {
            *latency = time;
        }
    }

    /// Sets how long later reads may lag behind writes; `None` makes every read current.
    pub fn set_consistency(&self, consistency: Option<EventualConsistency>) {
        if let Ok(mut current) = self.proxy.consistency.lock() {
            *current = consistency;
        }
    }

    /// Injects a fault into later calls.
    pub fn inject(&self, fault: Fault) {
        self.proxy.faults.set(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.proxy.faults.clear();
    }

    /// Makes the keys of an issuer of tokens available to API Gateway, which knows no other issuers.
    pub fn add_issuer(&self, issuer: &Issuer) {
        self.proxy.issuers.add(issuer.host(), issuer.port());
    }

    /// The headers of a GET request to `path` of `host`, signed with the credentials of [`LocalAws::env`] for an API in
    /// `region`.
    pub fn signed_headers(&self, host: &str, path: &str, region: &str) -> Vec<(String, String)> {
        sign_get(self.account_id(), (host, path), region)
    }

    /// Moves AWS's clock forward, which ends delays early.
    pub fn advance(&self, time: Duration) {
        self.proxy.timers.advance(time);
    }

    /// Every path that a client's request can take at the moment. Not logged.
    ///
    /// # Errors
    /// [`Error::Upstream`].
    pub async fn request_paths(&self) -> Result<Vec<RequestPath>, Error> {
        request_paths::all(&self.proxy).await
    }

    /// The status of `target`'s response to a client near `region` that requests `path` of `host`.
    ///
    /// # Errors
    /// [`Error::Upstream`].
    pub async fn status_of(&self, target: &str, host: &str, path: &str, region: &str) -> Result<u16, Error> {
        let answer = request_paths::send(&self.proxy, (target, host), path, region, false).await;
        answer.map(|response| response.status.as_u16())
    }

    /// The same for a client with a certificate that every trust store contains.
    ///
    /// # Errors
    /// [`Error::Upstream`].
    pub async fn status_with_certificate(
        &self,
        target: &str,
        host: &str,
        path: &str,
        region: &str,
    ) -> Result<u16, Error> {
        let answer = request_paths::send(&self.proxy, (target, host), path, region, true).await;
        answer.map(|response| response.status.as_u16())
    }

    /// Makes the APIs of these regions, and of no others, fail for their clients. AWS's own API keeps working.
    pub fn set_down(&self, regions: &[&str]) {
        if let Ok(mut down) = self.proxy.down.lock() {
            *down = regions.iter().map(|region| (*region).to_owned()).collect::<BTreeSet<_>>();
        }
    }

    /// Sets the state of a CloudWatch alarm for health checks: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub fn set_alarm(&self, region: &str, name: &str, state: &str) {
        dns::set_alarm(&self.proxy, region, name, state);
    }

    /// Follows the links in the e-mails that ACM sends to the owners of `domain` and the names below it, from now on.
    pub fn approve_certificates(&self, domain: &str) {
        rules::approve_certificates(&self.proxy, domain);
    }

    /// Makes Route 53 refuse every change of the record sets of this name and type with `message`, as it does for a record set
    /// protection and for a change guardrail; `None` ends that.
    pub fn refuse_record_changes(&self, name: &str, kind: &str, message: Option<&str>) {
        rules::set_record_refusal(&self.proxy, name, kind, message);
    }

    /// Makes ACM renew every certificate, and validate its names again.
    pub fn renew_certificates(&self) {
        rules::renew_certificates(&self.proxy);
    }

    /// Switches an ARC routing control on or off for health checks. It is off at first.
    pub fn set_routing_control(&self, arn: &str, on: bool) {
        dns::set_routing_control(&self.proxy, arn, on);
    }

    /// A snapshot of objects, timers, clock and rate limits. Takes microseconds.
    ///
    /// # Errors
    /// [`Error::NoSnapshots`] unless the backend is [`Backend::InMemory`].
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        Snapshot::take(&self.proxy)
    }

    /// Restores a snapshot, also one of another in-memory AWS. A call in progress may take effect before or after the
    /// restore. The log, the faults and the regions that are down stay as they are.
    ///
    /// # Errors
    /// The same as of [`LocalAws::snapshot`].
    pub fn restore(&self, snapshot: &Snapshot) -> Result<(), Error> {
        snapshot.restore(&self.proxy)
    }

    /// Makes all functions of a region respond with this status; `None` restores their own response. For
    /// [`Backend::InMemory`], which runs no code.
    pub fn set_function_status(&self, region: &str, status: Option<u16>) {
        if let Upstream::InMemory(memory) = &self.proxy.upstream {
            memory.set_function_status(region, status);
        }
    }

    /// The warnings and errors that ministack has logged.
    fn log(&self) -> String {
        self.ministack.as_ref().map(Ministack::log).unwrap_or_default()
    }

    /// Stops it, as dropping does.
    pub fn stop(self) {
        drop(self);
    }
}

/// The subnet whose clients are near a region; `None` for an unknown region.
pub fn subnet_near(region: &str) -> Option<String> {
    number_of(region).map(|number| format!("198.18.{number}.0/24"))
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime must not be waited for in async code, where this may be dropped.
            runtime.shutdown_background();
        }
    }
}
