//! The hosts accept every response of the provider, for random configurations.
//!
//! Each case takes one resource through its lifecycle by remote calls: plan with unknown values, plan, apply, refresh,
//! change, import, destroy.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

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
use super::{configurations, host_rules};

/// The number of cases for each resource type.
const CASES: u32 = 100;
/// The hosted zone of every API's domain name.
const ZONE: &str = "answers.example";

const ABSENT: Stored = Stored { value: Value::Null, private: Vec::new() };

/// A host whose provider uses an in-memory AWS.
struct Host {
    provider: ProviderClient<Channel>,
    source: TempDir,
    zone_id: String,
    _plugin: Plugin,
    _aws: LocalAws,
}

/// The state of a resource as a host stores it.
#[derive(Clone)]
struct Stored {
    value: Value,
    private: Vec<u8>,
}

/// A response that a host refuses.
type Refusal = TestCaseError;

/// Fails when there are problems with the response to `what`.
fn expect_none(what: &str, problems: &[String]) -> Result<(), Refusal> {
    if problems.is_empty() { Ok(()) } else { Err(TestCaseError::fail(format!("{what}: {}", problems.join("\n")))) }
}

/// Fails when there are errors among the diagnostics.
fn expect_no_errors(what: &str, diagnostics: &[Diagnostic]) -> Result<(), Refusal> {
    let errors = diagnostics.iter().filter(|one| one.severity() == Severity::Error);
    expect_none(what, &errors.map(|one| format!("{}: {}", one.summary, one.detail)).collect::<Vec<_>>())
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
        let zone = Case::new("multiregion_zone", ZONE);
        let applied = host.change(&zone, &ABSENT, &zone.config(&json!({ "name": ZONE })), &[]).await.unwrap();
        let Value::Map(mut zone) = applied.value else { panic!("{:?}", applied.value) };
        let Some(Value::String(id)) = zone.remove("id") else { panic!("{zone:?}") };
        host.zone_id = id;
        host
    }

    async fn send_plan(&mut self, of: &Case, prior: &Stored, config: &Value) -> plan_resource_change::Response {
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

    /// Plans `config`, which is null for a destroy.
    async fn plan(&mut self, of: &Case, prior: &Stored, config: &Value) -> Result<Stored, Refusal> {
        let planned = self.send_plan(of, prior, config).await;
        expect_no_errors("plan", &planned.diagnostics)?;
        let value = read_dynamic(planned.planned_state, &of.ty);
        expect_none("plan", &host_rules::plan_problems(of.resource.schema(), &prior.value, config, &value))?;
        Ok(Stored { value, private: planned.planned_private })
    }

    async fn apply(&mut self, of: &Case, prior: &Stored, planned: &Stored, config: &Value) -> Result<Stored, Refusal> {
        let request = apply_resource_change::Request {
            type_name: of.resource.type_name().to_owned(),
            prior_state: dynamic(&prior.value, &of.ty),
            planned_state: dynamic(&planned.value, &of.ty),
            planned_private: planned.private.clone(),
            config: dynamic(config, &of.ty),
            ..Default::default()
        };
        let applied = self.provider.apply_resource_change(request).await.unwrap().into_inner();
        expect_no_errors("apply", &applied.diagnostics)?;
        let value = read_dynamic(applied.new_state, &of.ty);
        expect_none("apply", &host_rules::result_problems(&planned.value, &value))?;
        expect_none("apply", &host_rules::unknown_paths(&value))?;
        Ok(Stored { value, private: applied.private })
    }

    async fn read(&mut self, of: &Case, stored: &Stored) -> Result<Stored, Refusal> {
        let request = read_resource::Request {
            type_name: of.resource.type_name().to_owned(),
            current_state: dynamic(&stored.value, &of.ty),
            private: stored.private.clone(),
            ..Default::default()
        };
        let read = self.provider.read_resource(request).await.unwrap().into_inner();
        expect_no_errors("read", &read.diagnostics)?;
        let value = read_dynamic(read.new_state, &of.ty);
        expect_none("read", &host_rules::unknown_paths(&value))?;
        Ok(Stored { value, private: read.private })
    }

    /// Imports and refreshes, as a host does.
    async fn import(&mut self, of: &Case, id: &str) -> Result<Stored, Refusal> {
        let request = import_resource_state::Request {
            type_name: of.resource.type_name().to_owned(),
            id: id.to_owned(),
            ..Default::default()
        };
        let imported = self.provider.import_resource_state(request).await.unwrap().into_inner();
        expect_none("import", &imported.diagnostics.iter().map(|one| one.detail.clone()).collect::<Vec<_>>())?;
        let [one] = <[_; 1]>::try_from(imported.imported_resources).unwrap();
        let stored = Stored { value: read_dynamic(one.state, &of.ty), private: one.private };
        expect_none("import", &host_rules::unknown_paths(&stored.value))?;
        self.read(of, &stored).await
    }

    /// Plans `config`, also with the parts in `hidden` unknown, applies and refreshes. The plan afterwards must be empty.
    async fn change(&mut self, of: &Case, prior: &Stored, config: &Value, hidden: &[bool]) -> Result<Stored, Refusal> {
        let known = self.plan(of, prior, config).await?;
        let early = hide(config, &mut std::iter::once(false).chain(hidden.iter().copied()));
        // The unknown part may be one that a plan needs.
        let response = self.send_plan(of, prior, &early).await;
        if expect_no_errors("early plan", &response.diagnostics).is_ok() {
            let value = read_dynamic(response.planned_state, &of.ty);
            expect_none("early plan", &host_rules::plan_problems(of.resource.schema(), &prior.value, &early, &value))?;
            expect_none("second plan", &host_rules::result_problems(&value, &known.value))?;
        }
        let applied = self.apply(of, prior, &known, config).await?;
        let applied = self.read(of, &applied).await?;
        let again = self.plan(of, &applied, config).await?;
        expect_none("plan after apply", &host_rules::result_problems(&applied.value, &again.value))?;
        expect_none("plan after apply", &host_rules::unknown_paths(&again.value))?;
        Ok(applied)
    }

    /// Runs the whole lifecycle, from create to destroy.
    async fn run(&mut self, of: &Case, [first, second]: [Value; 2], hidden: &[bool]) -> Result<(), Refusal> {
        let applied = self.change(of, &ABSENT, &first, hidden).await?;
        let changed = self.change(of, &applied, &second, hidden).await?;
        let found = self.import(of, &of.id).await?;
        self.plan(of, &found, &second).await?;
        self.plan(of, &found, &first).await?;
        let gone = self.plan(of, &changed, &Value::Null).await?;
        let gone = self.apply(of, &changed, &gone, &Value::Null).await?;
        expect_none(
            "destroy",
            &if gone.value == Value::Null { vec![] } else { vec![format!("left: {:?}", gone.value)] },
        )
    }
}

/// A resource type, and the id by which the resource is imported.
struct Case {
    resource: &'static dyn Resource,
    ty: Type,
    id: String,
}

impl Case {
    fn new(type_name: &str, id: &str) -> Self {
        let resource = *REGISTRY.iter().find(|resource| resource.type_name() == type_name).unwrap();
        Self { resource, ty: resource.schema().ty(), id: id.to_owned() }
    }

    fn config(&self, json: &Json) -> Value {
        decode_json(json.to_string().as_bytes(), &self.ty).unwrap()
    }
}

/// `value` with a part unknown wherever the next item of `mask` is true.
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

/// Runs [`CASES`] cases of one resource type, one after the other.
fn run_cases(type_name: &str, id: fn(usize) -> String, config: fn(&Host, &str, &mut Choices) -> Json) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let host = RefCell::new(runtime.block_on(Host::start()));
    let number = Cell::new(0);
    let settings = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 20, ..Config::default() };
    let choices = (vec(any::<usize>(), 60), vec(prop::bool::weighted(0.08), 200));
    let result = TestRunner::new(settings).run(&choices, |(choices, hidden)| {
        number.set(number.get() + 1);
        let case = Case::new(type_name, &id(number.get()));
        let mut choices = Choices::new(choices);
        let mut host = host.borrow_mut();
        let mut next = || {
            let json = config(&host, &case.id, &mut choices);
            valid(case.resource, &case.ty, json)
        };
        let configs = [next(), next()];
        runtime.block_on(host.run(&case, configs, &hidden))
    });
    result.unwrap_or_else(|failed| panic!("{failed}"));
}

#[test]
fn hosts_accept_every_response_about_a_zone() {
    let id = |number| format!("zone{number}.example");
    run_cases("multiregion_zone", id, |_, name, choices| configurations::zone(name, choices));
}

#[test]
fn hosts_accept_every_response_about_an_api() {
    let id = |number| format!("api{number}");
    run_cases("multiregion_api", id, |host, name, choices| {
        let source = host.source.path().to_str().unwrap();
        configurations::api(name, source, &format!("{name}.{ZONE}"), &host.zone_id, choices)
    });
}
