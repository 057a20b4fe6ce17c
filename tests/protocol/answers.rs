//! Every answer of the plugin, for configurations made at random: the hosts accept each of them.
//!
//! One resource lives its whole life by remote calls: it is planned with values that are not known yet, planned, applied,
//! refreshed, changed, imported and destroyed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use multiregion::configuration;
use multiregion::resources::{REGISTRY, Resource};
use multiregion::wire::{Type, Value, decode_json, decode_msgpack, encode_msgpack};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value as Json, json};
use strict_aws::{LocalAws, Options};
use tempfile::TempDir;
use tonic::transport::Channel;

use super::client::Plugin;
use super::configurations::{Choices, valid};
use super::generated::tfplugin6::diagnostic::Severity;
use super::generated::tfplugin6::provider_client::ProviderClient;
use super::generated::tfplugin6::*;
use super::{acceptance, configurations};

/// How many lives of each resource are led.
const LIVES: u32 = 100;
/// How long all of them may take.
const ALTOGETHER: Duration = Duration::from_secs(60);

/// The zone of every API's name.
const ZONE: &str = "answers.example";

const NOTHING: Kept = Kept { value: Value::Null, private: Vec::new() };

/// A host with a plugin that works in an AWS in memory.
struct Host {
    provider: ProviderClient<Channel>,
    source: TempDir,
    zone_id: String,
    _plugin: Plugin,
    _aws: LocalAws,
}

/// A resource as a host keeps it.
#[derive(Clone)]
struct Kept {
    value: Value,
    private: Vec<u8>,
}

/// What a call may not answer.
type Refused = TestCaseError;

fn refuse(what: &str, problems: &[String]) -> Result<(), Refused> {
    if problems.is_empty() { Ok(()) } else { Err(TestCaseError::fail(format!("{what}: {}", problems.join("\n")))) }
}

/// Fails with the errors among diagnostics.
fn well(what: &str, diagnostics: &[Diagnostic]) -> Result<(), Refused> {
    let errors = diagnostics.iter().filter(|one| one.severity() == Severity::Error);
    refuse(what, &errors.map(|one| format!("{}: {}", one.summary, one.detail)).collect::<Vec<_>>())
}

fn dynamic(value: &Value, ty: &Type) -> Option<DynamicValue> {
    Some(DynamicValue { msgpack: encode_msgpack(value, ty).unwrap(), json: Vec::new() })
}

fn read_dynamic(value: Option<DynamicValue>, ty: &Type) -> Value {
    value.map_or(Value::Null, |value| decode_msgpack(&value.msgpack, ty).unwrap())
}

impl Host {
    async fn start() -> Self {
        let aws = LocalAws::start(Options::in_memory()).await.unwrap();
        let source = tempfile::tempdir().unwrap();
        std::fs::write(source.path().join("app.py"), "def handler(event, context):\n    return {}\n").unwrap();
        let plugin = Plugin::start();
        let mut provider = plugin.provider().await;
        let schema = configuration::schema();
        let given = json!({
            "region": "us-east-1", "access_key": aws.account_id(), "secret_key": "secret",
            "endpoint_url": aws.endpoint(), "rate_limits": "none",
        });
        let config = decode_json(given.to_string().as_bytes(), &schema.ty()).unwrap();
        let request = configure_provider::Request { config: dynamic(&config, &schema.ty()), ..Default::default() };
        let configured = provider.configure_provider(request).await.unwrap().into_inner();
        assert_eq!(configured.diagnostics, []);
        let mut host = Self { provider, source, zone_id: String::new(), _plugin: plugin, _aws: aws };
        let zone = Life::new("multiregion_zone", ZONE);
        let made = host.change(&zone, &NOTHING, &zone.config(&json!({ "name": ZONE })), &[]).await.unwrap();
        let Value::Map(mut zone) = made.value else { panic!("{:?}", made.value) };
        let Some(Value::String(id)) = zone.remove("id") else { panic!("{zone:?}") };
        host.zone_id = id;
        host
    }

    async fn ask(&mut self, of: &Life, prior: &Kept, config: &Value) -> plan_resource_change::Response {
        let request = plan_resource_change::Request {
            type_name: of.resource.type_name().to_owned(),
            prior_state: dynamic(&prior.value, &of.ty),
            prior_private: prior.private.clone(),
            proposed_new_state: dynamic(config, &of.ty),
            config: dynamic(config, &of.ty),
            ..Default::default()
        };
        self.provider.plan_resource_change(request).await.unwrap().into_inner()
    }

    /// Plans `config`, null for a destroy.
    async fn plan(&mut self, of: &Life, prior: &Kept, config: &Value) -> Result<Kept, Refused> {
        let planned = self.ask(of, prior, config).await;
        well("plan", &planned.diagnostics)?;
        let value = read_dynamic(planned.planned_state, &of.ty);
        refuse("plan", &acceptance::of_plan(&of.resource.schema(), &prior.value, config, &value))?;
        Ok(Kept { value, private: planned.planned_private })
    }

    async fn apply(&mut self, of: &Life, prior: &Kept, planned: &Kept, config: &Value) -> Result<Kept, Refused> {
        let request = apply_resource_change::Request {
            type_name: of.resource.type_name().to_owned(),
            prior_state: dynamic(&prior.value, &of.ty),
            planned_state: dynamic(&planned.value, &of.ty),
            planned_private: planned.private.clone(),
            config: dynamic(config, &of.ty),
            ..Default::default()
        };
        let applied = self.provider.apply_resource_change(request).await.unwrap().into_inner();
        well("apply", &applied.diagnostics)?;
        let value = read_dynamic(applied.new_state, &of.ty);
        refuse("apply", &acceptance::of_result(&planned.value, &value))?;
        refuse("apply", &acceptance::unknown(&value))?;
        Ok(Kept { value, private: applied.private })
    }

    async fn read(&mut self, of: &Life, kept: &Kept) -> Result<Kept, Refused> {
        let request = read_resource::Request {
            type_name: of.resource.type_name().to_owned(),
            current_state: dynamic(&kept.value, &of.ty),
            private: kept.private.clone(),
            ..Default::default()
        };
        let read = self.provider.read_resource(request).await.unwrap().into_inner();
        well("read", &read.diagnostics)?;
        let value = read_dynamic(read.new_state, &of.ty);
        refuse("read", &acceptance::unknown(&value))?;
        Ok(Kept { value, private: read.private })
    }

    /// Imports and refreshes, as a host does.
    async fn import(&mut self, of: &Life, id: &str) -> Result<Kept, Refused> {
        let request = import_resource_state::Request {
            type_name: of.resource.type_name().to_owned(),
            id: id.to_owned(),
            ..Default::default()
        };
        let imported = self.provider.import_resource_state(request).await.unwrap().into_inner();
        refuse("import", &imported.diagnostics.iter().map(|one| one.detail.clone()).collect::<Vec<_>>())?;
        let [one] = <[_; 1]>::try_from(imported.imported_resources).unwrap();
        let kept = Kept { value: read_dynamic(one.state, &of.ty), private: one.private };
        refuse("import", &acceptance::unknown(&kept.value))?;
        self.read(of, &kept).await
    }

    /// Plans, plans again with everything known where it was not, and applies. The plan after it is empty.
    async fn change(&mut self, of: &Life, prior: &Kept, config: &Value, hidden: &[bool]) -> Result<Kept, Refused> {
        let known = self.plan(of, prior, config).await?;
        let early = hide(config, &mut std::iter::once(false).chain(hidden.iter().copied()));
        // What is not known may be what a plan cannot do without.
        let answer = self.ask(of, prior, &early).await;
        if well("early plan", &answer.diagnostics).is_ok() {
            let value = read_dynamic(answer.planned_state, &of.ty);
            refuse("early plan", &acceptance::of_plan(&of.resource.schema(), &prior.value, &early, &value))?;
            refuse("second plan", &acceptance::of_result(&value, &known.value))?;
        }
        let made = self.apply(of, prior, &known, config).await?;
        let made = self.read(of, &made).await?;
        let again = self.plan(of, &made, config).await?;
        refuse("plan after apply", &acceptance::of_result(&made.value, &again.value))?;
        refuse("plan after apply", &acceptance::unknown(&again.value))?;
        Ok(made)
    }

    /// Leads a whole life, from nothing to nothing.
    async fn lead(&mut self, of: &Life, [first, second]: [Value; 2], hidden: &[bool]) -> Result<(), Refused> {
        let made = self.change(of, &NOTHING, &first, hidden).await?;
        let changed = self.change(of, &made, &second, hidden).await?;
        let found = self.import(of, &of.id).await?;
        self.plan(of, &found, &second).await?;
        self.plan(of, &found, &first).await?;
        let gone = self.plan(of, &changed, &Value::Null).await?;
        let gone = self.apply(of, &changed, &gone, &Value::Null).await?;
        refuse("destroy", &if gone.value == Value::Null { vec![] } else { vec![format!("left: {:?}", gone.value)] })
    }
}

/// Which resource, and the name by which it is imported.
struct Life {
    resource: &'static dyn Resource,
    ty: Type,
    id: String,
}

impl Life {
    fn new(type_name: &str, id: &str) -> Self {
        let resource = *REGISTRY.iter().find(|resource| resource.type_name() == type_name).unwrap();
        Self { resource, ty: resource.schema().ty(), id: id.to_owned() }
    }

    fn config(&self, json: &Json) -> Value {
        decode_json(json.to_string().as_bytes(), &self.ty).unwrap()
    }
}

/// The value with each of its parts unknown for which the next of `mask` is true.
fn hide(value: &Value, mask: &mut impl Iterator<Item = bool>) -> Value {
    if mask.next().unwrap_or_default() && *value != Value::Null {
        return Value::Unknown;
    }
    match value {
        Value::List(items) => Value::List(items.iter().map(|item| hide(item, mask)).collect()),
        Value::Map(all) => {
            Value::Map(all.iter().map(|(key, of)| (key.clone(), hide(of, mask))).collect::<BTreeMap<_, _>>())
        }
        other => other.clone(),
    }
}

/// Leads as many lives as are asked for, one after the other.
fn lead_lives(type_name: &str, id: fn(usize) -> String, config: fn(&Host, &str, &mut Choices) -> Json) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begin = Instant::now();
    let host = RefCell::new(runtime.block_on(Host::start()));
    let number = Cell::new(0);
    let settings = Config { cases: LIVES, failure_persistence: None, max_shrink_iters: 20, ..Config::default() };
    let choices = (vec(any::<usize>(), 60), vec(prop::bool::weighted(0.08), 200));
    let led = TestRunner::new(settings).run(&choices, |(choices, hidden)| {
        number.set(number.get() + 1);
        let life = Life::new(type_name, &id(number.get()));
        let mut choices = Choices::new(choices);
        let mut host = host.borrow_mut();
        let mut next = || {
            let json = config(&host, &life.id, &mut choices);
            valid(life.resource, &life.ty, json)
        };
        let configs = [next(), next()];
        runtime.block_on(host.lead(&life, configs, &hidden))
    });
    led.unwrap_or_else(|failed| panic!("{failed}"));
    assert!(begin.elapsed() < ALTOGETHER, "{LIVES} lives took {:?}", begin.elapsed());
}

#[test]
fn every_answer_about_a_zone_is_accepted() {
    let id = |number| format!("zone{number}.example");
    lead_lives("multiregion_zone", id, |_, name, choices| configurations::zone(name, choices));
}

#[test]
fn every_answer_about_an_api_is_accepted() {
    let id = |number| format!("api{number}");
    lead_lives("multiregion_api", id, |host, name, choices| {
        let source = host.source.path().to_str().unwrap();
        configurations::api(name, source, &format!("{name}.{ZONE}"), &host.zone_id, choices)
    });
}
