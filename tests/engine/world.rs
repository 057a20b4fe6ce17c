//! A configured provider and one resource, without a host: what the host would do is done by hand.

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

/// The application; the host's own Python runs it.
const APP: &str = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'ok'}\n";

/// What somebody does by hand comes long after the last apply.
const LATER: u64 = 3600;

pub(super) struct World {
    pub(super) local: LocalAws,
    calendar: Calendar,
    provider: Provider,
    source: TempDir,
}

/// The machine's own clock, but for the time of day, which can be put forward.
#[derive(Clone, Default)]
struct Calendar(Arc<AtomicU64>);

impl Clock for Calendar {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn unix_seconds(&self) -> u64 {
        SystemClock.unix_seconds() + self.0.load(Ordering::SeqCst)
    }

    fn sleep(&self, time: Duration) -> Sleeping {
        SystemClock.sleep(time)
    }

    fn chance(&self) -> u64 {
        SystemClock.chance()
    }
}

async fn connect(local: &LocalAws, account: &str, region: &str, calendar: &Calendar) -> Provider {
    let clock: Arc<dyn Clock> = Arc::new(calendar.clone());
    let config = Config {
        region: Some(region.to_owned()),
        credentials: Some(StaticCredentials {
            access_key: account.to_owned(),
            secret_key: "secret".to_owned(),
            token: None,
        }),
        endpoint_url: Some(local.endpoint()),
        ..Config::default()
    };
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
    /// With the AWS in memory: as strict, and far faster.
    pub(super) async fn start() -> Self {
        Self::on(Options::in_memory()).await
    }

    pub(super) async fn on(options: Options) -> Self {
        let local = LocalAws::start(options).await.expect("a local AWS starts");
        let calendar = Calendar::default();
        let provider = connect(&local, local.account_id(), "us-east-1", &calendar).await;
        let source = tempfile::tempdir().expect("a folder is made");
        std::fs::write(source.path().join("app.py"), APP).expect("the application is written");
        Self { local, calendar, provider, source }
    }

    /// Another process of the provider, with the credentials of this account.
    pub(super) async fn provider_of(&self, account: &str) -> Provider {
        connect(&self.local, account, "us-east-1", &self.calendar).await
    }

    /// From now on, the provider's home region is this one.
    pub(super) async fn move_home(&mut self, region: &str) {
        self.provider = connect(&self.local, self.local.account_id(), region, &self.calendar).await;
    }

    /// An hour passes.
    pub(super) fn wait(&self) {
        self.calendar.0.fetch_add(LATER, Ordering::SeqCst);
    }

    /// AWS in a region, for changes by hand.
    pub(super) fn by_hand(&self, region: &str) -> Regional {
        self.component("somebody", &Address::global("claim")).0.at(region)
    }

    /// Everything in AWS.
    pub(super) async fn inventory(&self) -> Inventory {
        self.local.inventory().await.expect("the inventory is taken")
    }

    pub(super) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The folder of the application.
    pub(super) fn source(&self) -> &str {
        self.source.path().to_str().expect("a path of ours is text")
    }

    /// Another application: its code changed.
    pub(super) fn rewrite(&self) {
        let changed = APP.replace("ok", "changed");
        std::fs::write(self.source.path().join("app.py"), changed).expect("the application is written");
    }

    /// The function of every configuration.
    pub(super) fn function(&self) -> Json {
        serde_json::json!({ "source_dir": self.source.path(), "handler": "app.handler", "runtime": "python3.12" })
    }

    /// What AWS holds now.
    pub(super) async fn refresh(&self, subject: &mut Subject) {
        let (state, told) = self.provider.read(subject.resource, subject.state.clone()).await;
        assert!(told.is_empty(), "{told:#?}");
        subject.state = state;
    }

    /// Refreshes and plans, as the host does before every apply; long after the last one.
    pub(super) async fn plan(&self, subject: &mut Subject, config: &Value) -> (Planned, Diagnostics) {
        self.wait();
        self.refresh(subject).await;
        self.provider.plan(subject.resource, subject.state.clone(), config.clone()).await
    }

    /// Plans and applies; the plan after it must be empty.
    pub(super) async fn apply(&self, subject: &mut Subject, config: &Value) {
        let told = self.change(subject, config).await;
        assert!(told.is_empty(), "{told:#?}");
        if *config != Value::Null {
            let (planned, told) = self.plan(subject, config).await;
            assert!(told.is_empty(), "{told:#?}");
            assert_eq!(planned.state.value, subject.state.value, "the plan after an apply is empty");
        }
    }

    /// Refreshes, plans and applies; the warnings on the way.
    pub(super) async fn change(&self, subject: &mut Subject, config: &Value) -> Diagnostics {
        self.wait();
        let (state, mut warnings) = self.provider.read(subject.resource, subject.state.clone()).await;
        let (planned, told) = self.provider.plan(subject.resource, state.clone(), config.clone()).await;
        warnings.extend(told);
        assert!(!warnings.iter().any(Diagnostic::is_error), "{warnings:#?}");
        let (state, told) = self.provider.apply(subject.resource, state.value, planned.state, config.clone()).await;
        warnings.extend(told);
        assert!(!warnings.iter().any(Diagnostic::is_error), "{warnings:#?}");
        subject.state = state;
        warnings
    }

    pub(super) async fn import(&self, subject: &mut Subject, name: &str) {
        let (state, told) = self.provider.import(subject.resource, name).await;
        assert!(told.is_empty(), "{told:#?}");
        subject.state = state;
    }

    /// AWS for one component, with its kind.
    pub(super) fn component(&self, owner: &str, address: &Address) -> (Regional, &'static dyn AnyComponent) {
        let clock = Arc::clone(&self.provider.clock);
        let (owner, deadline) = (Owner::new("multiregion_api", owner), clock.now() + Duration::from_secs(60));
        let run = Run::new(deadline, CancellationToken::new(), clock);
        let context = OwnerContext::new(owner, "us-east-1").searching("us-east-1");
        let aws = Regional::new(Arc::clone(&self.provider.aws), Arc::new(run), Arc::new(context), address.clone());
        (aws, Catalog::default().get(&address.kind).expect("a known kind"))
    }
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
