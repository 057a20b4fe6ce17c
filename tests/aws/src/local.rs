//! The local AWS as tests and tools see it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::calls::{Call, CallLog};
use crate::error::Error;
use crate::eventual::Eventual;
use crate::fault::{Fault, Faults};
use crate::inventory::Inventory;
use crate::memory::Memory;
use crate::ministack::{Installation, Ministack};
use crate::options::{Backend, Options};
use crate::proxy::{self, Handled, Proxy};
use crate::rules::throttle::Limits;
use crate::snapshot::Snapshot;
use crate::timers::Timers;
use crate::upstream::{self, Upstream};
use crate::ways::{self, Way};

/// The port in the addresses of an AWS that nobody can connect to.
const SIMULATED_PORT: u16 = 4566;

/// The strict proxy in front of ministack or of the memory. It ends when this is dropped, and when this process dies.
///
/// It runs on threads of its own, so it may be shared by tests that each have a runtime.
#[derive(Debug)]
pub struct LocalAws {
    proxy: Arc<Proxy>,
    runtime: Option<Runtime>,
    ministack: Option<Ministack>,
}

impl LocalAws {
    /// Starts the proxy on a free port of 127.0.0.1. In memory that is all; otherwise it finds or installs ministack and
    /// starts that too, which takes a few tenths of a second once it is installed.
    ///
    /// # Errors
    /// [`Error::Install`], [`Error::Start`], [`Error::File`].
    pub async fn start(options: Options) -> Result<Self, Error> {
        let broken = |error: tokio::task::JoinError| Error::Start { output: error.to_string() };
        tokio::task::spawn_blocking(|| Self::start_blocking(options)).await.map_err(broken)?
    }

    fn start_blocking(options: Options) -> Result<Self, Error> {
        let broken = |error: std::io::Error| Error::Start { output: error.to_string() };
        let ministack = match options.backend {
            Backend::Ministack => Some(Ministack::start(&Installation::find()?, &options.account)?),
            Backend::Memory => None,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("strict-aws")
            .enable_all()
            .build()
            .map_err(broken)?;
        // Where time is simulated, requests come by `handle`. Nobody connects, and all have the same address: what one has
        // told is true of every other that is brought to the same snapshot.
        let listener = match options.stopped {
            true => None,
            false => Some(runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(broken)?),
        };
        let port = match &listener {
            Some(listener) => listener.local_addr().map_err(broken)?.port(),
            None => SIMULATED_PORT,
        };
        let proxy = Arc::new(Proxy {
            upstream: match &ministack {
                Some(ministack) => Upstream::Ministack(Box::new(upstream::Ministack::new(ministack.port()))),
                None => Upstream::Memory(Memory::default()),
            },
            port,
            latency: Mutex::new(options.latency),
            consistency: Mutex::new(options.consistency),
            timers: Timers::new(options.stopped),
            options,
            calls: CallLog::default(),
            faults: Faults::default(),
            places: Mutex::default(),
            memory: Mutex::default(),
            limits: Limits::default(),
            down: Mutex::default(),
        });
        if let Some(listener) = listener {
            runtime.spawn(proxy::serve(Arc::clone(&proxy), listener));
        }
        let aws = Self { proxy, runtime: Some(runtime), ministack };
        aws.wait_until_healthy()?;
        Ok(aws)
    }

    /// ministack listens from its first moment on, so one request that is answered says that it is ready.
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
                if ministack.send(&request).await.is_ok_and(|answer| answer.status.is_success()) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(Error::Start { output: self.log() })
        })
    }

    /// Where the CLI and the provider find AWS: `AWS_ENDPOINT_URL`. Users of an API ask the same address with the
    /// API's name in the `Host` header.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.proxy.port)
    }

    /// Answers a request of this process, without a connection: an AWS API call, or what a user asks the API that the
    /// header `Host` names.
    pub async fn handle(&self, request: http::Request<Bytes>) -> Handled {
        proxy::handle(&self.proxy, request).await
    }

    /// The account of [`LocalAws::env`].
    pub fn account_id(&self) -> &str {
        &self.proxy.options.account
    }

    /// Environment variables for a program that is to use this AWS.
    pub fn env(&self) -> BTreeMap<String, String> {
        self.env_of(self.account_id())
    }

    /// The same for another account, twelve digits. Accounts see nothing of each other.
    pub fn env_of(&self, account: &str) -> BTreeMap<String, String> {
        let variables = [
            ("AWS_ENDPOINT_URL", self.endpoint().as_str()),
            ("AWS_ACCESS_KEY_ID", account),
            ("AWS_SECRET_ACCESS_KEY", "test"),
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

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.proxy.calls.clear();
    }

    /// Everything that exists in the account, in all regions that were ever asked for anything, as AWS reports it. Not
    /// part of the log.
    ///
    /// # Errors
    /// [`Error::Upstream`] when ministack does not answer.
    pub async fn inventory(&self) -> Result<Inventory, Error> {
        self.inventory_of(self.account_id()).await
    }

    /// The same of another account.
    ///
    /// # Errors
    /// As [`LocalAws::inventory`].
    pub async fn inventory_of(&self, account: &str) -> Result<Inventory, Error> {
        let (proxy, account) = (Arc::clone(&self.proxy), account.to_owned());
        let Some(runtime) = &self.runtime else { return Ok(Inventory::default()) };
        // Connections belong to the runtime that made them, and the caller's may be gone before ours.
        let collected = runtime.spawn(async move { Inventory::collect(&proxy, &account).await });
        collected.await.map_err(|error| Error::Upstream(error.to_string()))?
    }

    /// Adds this to each AWS API call from now on.
    pub fn latency(&self, time: Duration) {
        if let Ok(mut latency) = self.proxy.latency.lock() {
            *latency = time;
        }
    }

    /// How far behind AWS may answer from now on; `None` for not at all, whatever was written before.
    pub fn set_consistency(&self, consistency: Option<Eventual>) {
        if let Ok(mut held) = self.proxy.consistency.lock() {
            *held = consistency;
        }
    }

    /// Puts a fault into the calls to come.
    pub fn fault(&self, fault: Fault) {
        self.proxy.faults.set(fault);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.proxy.faults.clear();
    }

    /// Puts AWS's clock forward: what takes its time is ready sooner.
    pub fn advance(&self, time: Duration) {
        self.proxy.timers.advance(time);
    }

    /// Every way on which users' requests may go at the moment. Not part of the log.
    ///
    /// # Errors
    /// [`Error::Upstream`].
    pub async fn ways(&self) -> Result<Vec<Way>, Error> {
        ways::all(&self.proxy).await
    }

    /// The status with which `target` answers somebody near `region` who asks it for `path` of `host`.
    ///
    /// # Errors
    /// [`Error::Upstream`].
    pub async fn ask(&self, target: &str, host: &str, path: &str, region: &str) -> Result<u16, Error> {
        ways::ask(&self.proxy, target, host, path, region).await.map(|answer| answer.status.as_u16())
    }

    /// Takes regions down for users of the APIs; AWS's own API goes on. The others are up again.
    pub fn set_down(&self, regions: &[&str]) {
        if let Ok(mut down) = self.proxy.down.lock() {
            *down = regions.iter().map(|region| (*region).to_owned()).collect::<BTreeSet<_>>();
        }
    }

    /// Everything as it is now: objects, timers, clock, what is left of the rate limits. Costs microseconds.
    ///
    /// # Errors
    /// [`Error::NoSnapshots`] when this is not [`Backend::Memory`].
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        Snapshot::take(&self.proxy)
    }

    /// Makes everything as it was, as often as wanted, also from the snapshot of another local AWS in memory. Calls that
    /// are under way meanwhile may be done before or after it. The log, faults and regions that are down stay.
    ///
    /// # Errors
    /// As [`LocalAws::snapshot`].
    pub fn restore(&self, snapshot: &Snapshot) -> Result<(), Error> {
        snapshot.restore(&self.proxy)
    }

    /// Makes every function of a region answer its users with this status, whatever it is asked; `None` for what it
    /// would answer. For [`Backend::Memory`], which runs no code.
    pub fn set_answer(&self, region: &str, status: Option<u16>) {
        if let Upstream::Memory(memory) = &self.proxy.upstream {
            memory.set_answer(region, status);
        }
    }

    /// What ministack complained about.
    pub fn log(&self) -> String {
        self.ministack.as_ref().map(Ministack::log).unwrap_or_default()
    }

    /// Ends it; the same as dropping it.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for it is not allowed where this is dropped by async code.
            runtime.shutdown_background();
        }
    }
}
