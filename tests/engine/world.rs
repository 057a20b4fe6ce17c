//! A configured provider in a local AWS. The tests call it as a host would.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use multiregion::aws::{
    CancellationToken, Clock, Config, OwnerContext, Regional, Run, Sleeping, StaticCredentials, SystemClock,
};
use multiregion::components::{AnyComponent, Catalog};
use multiregion::desired::{Address, Owner};
use multiregion::lifecycle::{self, Planned, Provider, State};
use multiregion::plan::Ledger;
use multiregion::resources::{self, Resource};
use multiregion::wire::{Diagnostic, Diagnostics, Value, decode_json};
use serde_json::Value as Json;
use strict_aws::{Inventory, LocalAws, Options};
use tempfile::TempDir;

/// The application of every function.
const APP: &str = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'ok'}\n";

/// An IAM policy, as the argument `policy_json`.
pub(super) const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}"#;

/// The warnings with which a provider only describes what it found or what it will delete.
const DESCRIPTIONS: [&str; 2] = ["AWS objects have changed", "Region will be removed"];

/// How far [`World::wait`] moves the clock, in seconds: far beyond the consistency window after an apply.
const LONG_AFTER_APPLY: u64 = 3600;

/// A local AWS and a provider that is configured for it.
pub(super) struct World {
    pub(super) local: LocalAws,
    calendar: Calendar,
    provider: Provider,
    source: TempDir,
}

/// The system clock with a time of day that can be moved forward, and a speed.
#[derive(Clone)]
struct Calendar {
    moved: Arc<AtomicU64>,
    started: Instant,
    /// How many seconds of the provider pass in a second.
    speed: u32,
}

impl Calendar {
    fn new(speed: u32) -> Self {
        Self { moved: Arc::default(), started: SystemClock.now(), speed }
    }
}

impl Clock for Calendar {
    fn now(&self) -> Instant {
        self.started + self.started.elapsed() * self.speed
    }

    fn unix_seconds(&self) -> u64 {
        SystemClock.unix_seconds() + self.moved.load(Ordering::SeqCst)
    }

    fn sleep(&self, time: Duration) -> Sleeping {
        SystemClock.sleep(time / self.speed)
    }

    fn random_u64(&self) -> u64 {
        SystemClock.random_u64()
    }
}

fn config(local: &LocalAws, account: &str, region: &str) -> Config {
    Config {
        region: Some(region.to_owned()),
        credentials: Some(StaticCredentials {
            access_key: account.to_owned(),
            secret_key: "secret".to_owned(),
            token: None,
        }),
        endpoint_url: Some(local.endpoint()),
        ..Config::default()
    }
}

async fn connect(config: Config, calendar: &Calendar) -> Provider {
    let clock: Arc<dyn Clock> = Arc::new(calendar.clone());
    let aws = lifecycle::connect(config, Arc::clone(&clock)).await.expect("the provider connects");
    Provider::new(Arc::new(aws), clock, CancellationToken::new())
}

/// One resource and its state.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) resource: &'static dyn Resource,
    pub(super) state: State,
}

impl World {
    /// Uses the in-memory AWS, which is as strict as ministack behind the proxy and far faster.
    pub(super) async fn start() -> Self {
        Self::on(Options::in_memory()).await
    }

    /// A world whose waits are short.
    pub(super) async fn fast() -> Self {
        Self::at_speed(Options::in_memory(), 20).await
    }

    pub(super) async fn on(options: Options) -> Self {
        Self::at_speed(options, 1).await
    }

    /// A world in which `speed` seconds of the provider pass in a second.
    pub(super) async fn at_speed(options: Options, speed: u32) -> Self {
        let local = LocalAws::start(options).await.expect("a local AWS starts");
        let calendar = Calendar::new(speed);
        let provider = connect(config(&local, local.account_id(), "us-east-1"), &calendar).await;
        let source = tempfile::tempdir().expect("a directory is created");
        std::fs::write(source.path().join("app.py"), APP).expect("the application is written");
        Self { local, calendar, provider, source }
    }

    /// A second provider, with credentials of `account`.
    pub(super) async fn provider_of(&self, account: &str) -> Provider {
        connect(config(&self.local, account, "us-east-1"), &self.calendar).await
    }

    /// Replaces the provider with one whose `region` is `region`.
    pub(super) async fn move_home(&mut self, region: &str) {
        self.provider = connect(config(&self.local, self.local.account_id(), region), &self.calendar).await;
    }

    /// Replaces the provider with one whose arguments differ.
    pub(super) async fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        let mut config = config(&self.local, self.local.account_id(), "us-east-1");
        change(&mut config);
        self.provider = connect(config, &self.calendar).await;
    }

    /// Moves the time of day forward by an hour.
    pub(super) fn wait(&self) {
        self.calendar.moved.fetch_add(LONG_AFTER_APPLY, Ordering::SeqCst);
    }

    /// AWS in `region`, for changes outside of the provider.
    pub(super) fn by_hand(&self, region: &str) -> Regional {
        self.component("somebody", &Address::global("claim")).0.at(region)
    }

    /// The status with which the API of `subject` in `region` answers.
    pub(super) fn status(&self, subject: &Subject, region: &str) -> String {
        let ledger = subject.ledger();
        let probe = &ledger.entries[&Address::regional(region, "probe")].spec;
        let text = |field: &str| probe[field].as_str().expect("a text").to_owned();
        let address = self.local.endpoint().trim_start_matches("http://").to_owned();
        let answer = get(&address, &text("host"), &text("path"), "");
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    /// Every object in the account.
    pub(super) async fn inventory(&self) -> Inventory {
        self.local.inventory().await.expect("the inventory is taken")
    }

    pub(super) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The directory of the application.
    pub(super) fn source(&self) -> &str {
        self.source.path().to_str().expect("the path is valid UTF-8")
    }

    /// Changes the application's code.
    pub(super) fn rewrite(&self) {
        let changed = APP.replace("ok", "changed");
        std::fs::write(self.source.path().join("app.py"), changed).expect("the application is written");
    }

    /// The `function` argument of every configuration.
    pub(super) fn function(&self) -> Json {
        serde_json::json!({ "source_dir": self.source.path(), "handler": "app.handler", "runtime": "python3.12" })
    }

    /// Refreshes the state; fails on any diagnostic, except for those that describe a drift.
    pub(super) async fn refresh(&self, subject: &mut Subject) {
        let (state, mut diagnostics) = self.provider.read(subject.resource, subject.state.clone()).await;
        diagnostics.retain(|one| !DESCRIPTIONS.contains(&one.summary));
        assert!(diagnostics.is_empty(), "{diagnostics:#?}");
        subject.state = state;
    }

    /// Refreshes and plans, as a host does before every apply, an hour after the last operation.
    pub(super) async fn plan(&self, subject: &mut Subject, config: &Value) -> (Planned, Diagnostics) {
        self.wait();
        self.refresh(subject).await;
        self.provider.plan(subject.resource, subject.state.clone(), config.clone()).await
    }

    /// Plans and applies without any diagnostic; the plan afterwards must be empty.
    pub(super) async fn apply(&self, subject: &mut Subject, config: &Value) {
        let diagnostics = self.change(subject, config).await;
        assert!(diagnostics.is_empty(), "{diagnostics:#?}");
        if *config != Value::Null {
            let (planned, diagnostics) = self.plan(subject, config).await;
            assert!(diagnostics.is_empty(), "{diagnostics:#?}");
            assert_eq!(planned.state.value, subject.state.value, "the plan after the apply must be empty");
        }
    }

    /// Refreshes, plans and applies without errors; returns the warnings, except for descriptions.
    pub(super) async fn change(&self, subject: &mut Subject, config: &Value) -> Diagnostics {
        self.wait();
        let (state, mut warnings) = self.provider.read(subject.resource, subject.state.clone()).await;
        let (planned, diagnostics) = self.provider.plan(subject.resource, state.clone(), config.clone()).await;
        warnings.extend(diagnostics);
        assert!(!warnings.iter().any(Diagnostic::is_error), "{warnings:#?}");
        let (state, diagnostics) =
            self.provider.apply(subject.resource, state.value, planned.state, config.clone()).await;
        warnings.extend(diagnostics);
        assert!(!warnings.iter().any(Diagnostic::is_error), "{warnings:#?}");
        subject.state = state;
        warnings.retain(|one| !DESCRIPTIONS.contains(&one.summary));
        warnings
    }

    pub(super) async fn import(&self, subject: &mut Subject, name: &str) {
        let (state, diagnostics) = self.provider.import(subject.resource, name).await;
        assert!(diagnostics.is_empty(), "{diagnostics:#?}");
        subject.state = state;
    }

    /// The kind at `address` of the API named `owner`, and AWS as that component calls it.
    pub(super) fn component(&self, owner: &str, address: &Address) -> (Regional, &'static dyn AnyComponent) {
        let clock = Arc::clone(&self.provider.clock);
        let (owner, deadline) = (Owner::new("multiregion_api", owner), clock.now() + Duration::from_secs(60));
        let run = Run::new(deadline, CancellationToken::new(), clock);
        let context = OwnerContext::new(owner, "us-east-1").searching("us-east-1");
        let aws = Regional::new(Arc::clone(&self.provider.aws), Arc::new(run), Arc::new(context), address.clone());
        (aws, Catalog::default().get(&address.kind).expect("a known kind"))
    }
}

/// The answer of the local AWS at `address` to a GET request of `path` at `host`, with more headers.
pub(super) fn get(address: &str, host: &str, path: &str, headers: &str) -> String {
    send(address, "GET", (host, path), headers, "")
}

/// The answer of the local AWS at `address` to a request, with more headers.
pub(super) fn send(address: &str, method: &str, (host, path): (&str, &str), headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the local AWS answers");
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{length}{headers}\r\n{body}");
    stream.write_all(text.as_bytes()).expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    answer
}

impl Subject {
    pub(super) fn new(type_name: &str) -> Self {
        let resource = resources::REGISTRY.iter().find(|resource| resource.type_name() == type_name);
        Self {
            resource: *resource.expect("a known resource"),
            state: State { value: Value::Null, private: Vec::new() },
        }
    }

    /// A configuration from JSON; computed attributes are null, as the host sends them.
    pub(super) fn config(&self, json: &Json) -> Value {
        decode_json(json.to_string().as_bytes(), &self.resource.schema().ty()).expect("a configuration")
    }

    pub(super) fn ledger(&self) -> Ledger {
        Ledger::from_private(&self.state.private).expect("a ledger")
    }

    /// A text attribute of the state.
    pub(super) fn text(&self, name: &str) -> String {
        match &self.state.value {
            Value::Map(attributes) => match attributes.get(name) {
                Some(Value::String(text)) => text.clone(),
                other => panic!("{name} is {other:?}"),
            },
            other => panic!("the state is {other:?}"),
        }
    }
}
