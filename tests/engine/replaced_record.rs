//! `domain.replaces`: a record that exists at the name of a new API is replaced without a gap, and restored by a rollback.

use std::sync::Arc;

use aws_sdk_route53::types::builders::ResourceRecordSetBuilder;
use aws_sdk_route53::types::{AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType};
use multiregion::wire::{Diagnostic, Value};
use serde_json::{Value as Json, json};
use strict_aws::{Call, Effect, Fault};

use super::world::{Subject, World};

const NAME: &str = "api.live.example";
/// An additional name.
const OTHER: &str = "www.live.example";
/// The target of the record that has been there for years.
const OLD: &str = "d-old.execute-api.us-east-1.amazonaws.com";
const CHANGE: &str = "route53:ChangeResourceRecordSets";

/// A hosted zone in which the name of an API leads to something older.
struct Live {
    world: Arc<World>,
    zone_id: String,
}

impl Live {
    async fn start() -> Self {
        let world = World::fast().await;
        let mut zone = Subject::new("multiregion_zone");
        let config = zone.config(&json!({ "name": "live.example" }));
        world.apply(&mut zone, &config).await;
        let live = Self { zone_id: zone.text("id"), world: Arc::new(world) };
        live.put(ChangeAction::Create, alias(OLD).build().expect("a record set")).await;
        live
    }

    /// Changes a record set outside of the provider.
    async fn put(&self, action: ChangeAction, set: ResourceRecordSet) {
        let change = Change::builder().action(action).resource_record_set(set).build().expect("a change");
        let batch = ChangeBatch::builder().changes(change).build().expect("a batch");
        let request = self.world.by_hand("us-east-1").route53().change_resource_record_sets();
        request.hosted_zone_id(&self.zone_id).change_batch(batch).send().await.expect("the record is changed");
    }

    fn config(&self, name: &str, replaces: Option<bool>, additional: &[&str]) -> Value {
        Subject::new("multiregion_api").config(&json!({
            "name": name,
            "regions": { "us-east-1": {}, "eu-west-1": {} },
            "function": self.world.function(),
            "domain": { "name": NAME, "zone_id": self.zone_id, "replaces": replaces, "additional_names": additional },
            "routing": { "policy": "latency", "drain_seconds": 0 },
        }))
    }

    /// The record sets of both names in the inventory.
    async fn records(&self) -> Vec<(String, Json)> {
        let objects = self.world.inventory().await.objects;
        let is_of_name = |key: &str| [NAME, OTHER].iter().any(|name| key.contains(&format!("/{name}.")));
        objects.into_iter().filter(|(key, _)| is_of_name(key)).collect()
    }
}

/// A simple record of the name.
fn alias(target: &str) -> ResourceRecordSetBuilder {
    let alias = AliasTarget::builder().hosted_zone_id("Z1UJRXOUMOOFQ8").dns_name(target).evaluate_target_health(false);
    ResourceRecordSet::builder().name(NAME).r#type(RrType::A).alias_target(alias.build().expect("a target"))
}

fn of_summary<'a>(diagnostics: &'a [Diagnostic], summary: &str) -> &'a Diagnostic {
    let found = diagnostics.iter().find(|one| one.summary == summary);
    found.unwrap_or_else(|| panic!("{summary} is missing: {diagnostics:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simple_record_is_replaced_in_one_change_and_then_never_again() {
    let live = Live::start().await;
    let mut api = Subject::new("multiregion_api");
    live.world.local.clear_calls();
    let (_, diagnostics) = live.world.plan(&mut api, &live.config("live", None, &[])).await;
    let refusal = of_summary(&diagnostics, "DNS record already exists");
    for part in [NAME, "type A", OLD, "domain.replaces = true"] {
        assert!(refusal.detail.contains(part), "{part} is missing: {}", refusal.detail);
    }
    assert!(refusal.is_error() && !refusal.detail.contains("delete the object"), "{refusal:?}");
    assert!(!live.world.local.calls().iter().any(|call| call.writes()), "a plan changes nothing");

    let config = live.config("live", Some(true), &[]);
    let warnings = live.world.change(&mut api, &config).await;
    let [warning] = warnings.as_slice() else { panic!("{warnings:#?}") };
    assert_eq!((warning.summary, warning.is_error()), ("DNS record will be replaced", false));
    for part in [NAME, "type A", OLD, "Z1UJRXOUMOOFQ8"] {
        assert!(warning.detail.contains(part), "{part} is missing: {}", warning.detail);
    }
    let calls = live.world.local.calls();
    let of_record = calls.iter().filter(|call| call.name() == CHANGE).count();
    assert_eq!(of_record, 2, "the validation record and one batch for the name");
    assert_eq!(live.records().await.len(), 4, "A and AAAA of two regions");
    live.world.apply(&mut api, &config).await;

    // A record set that others create beside ours later is theirs.
    let beside = alias(OLD).set_identifier("others").region("ap-south-1".into());
    live.put(ChangeAction::Create, beside.build().expect("a record set")).await;
    live.world.apply(&mut api, &config).await;
    assert_eq!(live.records().await.len(), 5);
    live.world.change(&mut api, &Value::Null).await;
    let left = live.records().await;
    assert!(left.len() == 1 && left[0].0.contains("others"), "a destroy restores nothing: {left:?}");
}

/// The create fails when the first of two records was replaced: it is not in sync, or the second one is denied.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_restores_the_records() {
    let live = Live::start().await;
    live.put(ChangeAction::Create, alias(OLD).name(OTHER).build().expect("a record set")).await;
    let before = live.records().await;
    let config = live.config("live", Some(true), &[OTHER]);
    for denied in ["route53:GetChange", CHANGE] {
        let mut api = Subject::new("multiregion_api");
        live.world.wait();
        let (planned, _) = live.world.provider().plan(api.resource, api.state.clone(), config.clone()).await;
        let world = Arc::downgrade(&live.world);
        let hook = move |_: &Call| {
            if let Some(world) = world.upgrade() {
                world.local.inject(Fault::new(Effect::AccessDenied).operation(denied).nth(1));
            }
        };
        // The validation records of both names come first.
        live.world.local.inject(Fault::new(Effect::Hook(Arc::new(hook))).operation(CHANGE).nth(3));
        let applied = live.world.provider().apply(api.resource, Value::Null, planned.state, config.clone()).await;
        let diagnostics = applied.1;
        api.state = applied.0;
        assert!(diagnostics.iter().any(Diagnostic::is_error), "{denied}: {diagnostics:#?}");
        assert_eq!(api.state.value, Value::Null, "{denied}: {diagnostics:#?}");
        of_summary(&diagnostics, "DNS record restored");
        assert_eq!(live.records().await, before, "{denied}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_another_resource_is_never_replaced() {
    let live = Live::start().await;
    let mut first = Subject::new("multiregion_api");
    live.world.change(&mut first, &live.config("first", Some(true), &[])).await;
    let before = live.records().await;
    let mut second = Subject::new("multiregion_api");
    for replaces in [None, Some(true)] {
        let (_, diagnostics) = live.world.plan(&mut second, &live.config("second", replaces, &[])).await;
        let refusal = of_summary(&diagnostics, "DNS record already exists");
        assert!(refusal.detail.contains("multiregion_api/first") && refusal.is_error(), "{refusal:?}");
    }
    assert_eq!(live.records().await, before);
}
