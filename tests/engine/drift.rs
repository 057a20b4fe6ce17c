//! Every component, deleted or changed behind our back, shows up by name and is mended.

use std::collections::BTreeSet;

use multiregion::desired::Address;
use multiregion::plan::Ledger;
use multiregion::wire::Value;
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

/// The owner of everything here.
pub(super) const OWNER: &str = "drifter";

/// An API with every kind of component, in as few regions as that takes.
pub(super) async fn everything(world: &World) -> (Subject, Subject, Value) {
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "drift.example" }));
    world.apply(&mut zone, &config).await;
    let api = Subject::new("multiregion_api");
    let mut function = world.function();
    function["policy_json"] = json!(
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\",\"Resource\":\"*\"}]}"
    );
    let config = api.config(&json!({
        "name": OWNER,
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "function": function,
        "gateway": { "access_log": {}, "throttle": { "rate": 10, "burst": 5 }, "cors": { "allow_origins": ["*"] } },
        "domain": { "name": "api.drift.example", "zone_id": zone.text("id"), "regional_names": true },
        "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 },
        "cdn": { "origin": "latency" },
    }));
    (zone, api, config)
}

/// The components that a plan adds or changes.
fn touched(before: &Value, after: &Value) -> BTreeSet<String> {
    let components = |value: &Value| match value {
        Value::Map(attributes) => match attributes.get("components") {
            Some(Value::Map(components)) => components.clone(),
            other => panic!("components is {other:?}"),
        },
        other => panic!("the state is {other:?}"),
    };
    let (before, after) = (components(before), components(after));
    after
        .into_iter()
        .filter(|(address, component)| before.get(address) != Some(component))
        .map(|(name, _)| name)
        .collect()
}

/// Whether `address` stands on `on`, directly or not: it may have to follow.
fn follows(ledger: &Ledger, address: &Address, on: &Address) -> bool {
    address == on
        || ledger
            .entries
            .get(address)
            .is_some_and(|entry| entry.depends_on.iter().any(|next| follows(ledger, next, on)))
}

async fn mends(world: &World, api: &mut Subject, config: &Value, before: &Ledger, address: &Address) {
    let (planned, told) = world.plan(api, config).await;
    assert!(told.is_empty(), "{address}: {told:#?}");
    let touched = touched(&api.state.value, &planned.state.value);
    assert!(touched.contains(&address.to_string()), "{address} is not in the plan, which touches {touched:?}");
    for other in &touched {
        let other: Address = other.parse().expect("an address");
        assert!(follows(before, &other, address), "{other} does not stand on {address}, and is touched");
    }
    world.apply(api, config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_behind_our_back_is_made_again() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let (mut deleted, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for address in api.ledger().entries.into_keys() {
        let ledger = api.ledger();
        let entry = ledger.entries.get(&address).expect("it was made").clone();
        let (aws, component) = world.component(OWNER, &address);
        if !component.visible() || address.scope.region() == Some("us-west-2") {
            continue;
        }
        if component.delete(&aws, &entry.spec, &entry.outputs).await.is_err() {
            refused.insert(component.kind());
            continue;
        }
        deleted.insert(component.kind());
        mends(&world, &mut api, &config, &ledger, &address).await;
    }
    // AWS itself keeps what is in use; everything else can vanish.
    let kept: BTreeSet<&str> = refused.difference(&deleted).copied().collect();
    assert_eq!(kept, BTreeSet::from(["certificate", "http_api", "integration", "version"]));
    world.apply(&mut api, &Value::Null).await;
}

/// What somebody might set behind our back, by kind and field. Tags are tried on every kind that has some.
fn changes() -> Vec<(&'static str, &'static str, Json)> {
    vec![
        ("log_group", "retention_days", json!(30)),
        (
            "role",
            "policies",
            json!({ "multiregion": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\",\"Resource\":\"*\"}]}" }),
        ),
        ("function", "memory_mb", json!(512)),
        ("function", "timeout_seconds", json!(77)),
        ("function", "environment", json!({ "CHANGED": "yes" })),
        ("function", "handler", json!("other.handler")),
        ("function", "ephemeral_storage_mb", json!(1024)),
        ("function", "tracing", json!(true)),
        ("alias", "version", json!("$LATEST")),
        ("mapping", "base_path", json!("other")),
        ("http_api", "disable_execute_api_endpoint", json!(true)),
        ("http_api", "cors", Json::Null),
        ("integration", "timeout_ms", json!(1234)),
        ("stage", "throttle", json!({ "rate": "99", "burst": 9 })),
        ("health_check", "failure_threshold", json!(9)),
        ("health_check", "path", json!("/other")),
        ("distribution", "price_class", json!("PriceClass_200")),
        ("distribution", "comment", json!("changed")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_behind_our_back_is_changed_again() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    for address in api.ledger().entries.into_keys() {
        let (aws, component) = world.component(OWNER, &address);
        if address.scope.region() == Some("us-west-2") {
            continue;
        }
        let mut drifts: Vec<(&str, Json)> = changes()
            .into_iter()
            .filter(|(kind, ..)| *kind == component.kind())
            .map(|(_, field, to)| (field, to))
            .collect();
        let ledger = api.ledger();
        if let Some(tags) = ledger.entries[&address].spec.get("tags") {
            let mut tags = tags.clone();
            tags["changed"] = json!("yes");
            drifts.push(("tags", tags));
        }
        for (field, to) in drifts {
            let ledger = api.ledger();
            let entry = &ledger.entries[&address];
            assert_ne!(entry.spec[field], to, "{address}.{field} would not change");
            let mut spec = entry.spec.clone();
            spec[field] = to;
            component
                .update(&aws, &entry.outputs, &entry.spec, &spec)
                .await
                .unwrap_or_else(|e| panic!("{address}.{field}: {e}"));
            mends(&world, &mut api, &config, &ledger, &address).await;
        }
    }
    world.apply(&mut api, &Value::Null).await;
}
