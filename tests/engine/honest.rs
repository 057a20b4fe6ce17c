//! What a state says after something went wrong, and what a destroy needs: nothing but that state.

use multiregion::lifecycle;
use multiregion::wire::{Diagnostic, Path, Value};
use serde_json::json;
use strict_aws::{Effect, Fault};

use super::world::{Subject, World};

/// Whether nothing in a value is unknown.
fn is_known(value: &Value) -> bool {
    match value {
        Value::Unknown => false,
        Value::List(items) => items.iter().all(is_known),
        Value::Map(values) => values.values().all(is_known),
        _ => true,
    }
}

async fn assert_nothing_is_left(world: &World) {
    let left = world.local.inventory().await.expect("the inventory is taken");
    assert!(left.is_empty(), "{left:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_whose_rollback_failed_too_can_be_destroyed() {
    let world = World::start().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "half.example", "comment": "half", "tags": { "team": "zoo" } }));
    let (planned, told) = world.plan(&mut zone, &config).await;
    assert!(told.is_empty(), "{told:#?}");
    for operation in ["route53:CreateHostedZone", "logs:DeleteLogGroup"] {
        world.local.inject(Fault::new(Effect::AccessDenied).operation(operation));
    }
    let apply = world.provider().apply(zone.resource, Value::Null, planned.state, config.clone());
    let (state, told) = apply.await;
    assert!(told.iter().all(Diagnostic::is_error) && told.len() == 2, "{told:#?}");
    assert!(state.value != Value::Null && is_known(&state.value), "{:#?}", state.value);
    zone.state = state;
    world.local.clear_faults();
    world.refresh(&mut zone).await;
    assert!(is_known(&zone.state.value), "{:#?}", zone.state.value);
    world.apply(&mut zone, &Value::Null).await;
    assert_nothing_is_left(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_needs_no_files() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let json = |memory: u32| {
        let mut function = world.function();
        function["memory_mb"] = json!(memory);
        json!({ "name": "bare", "regions": { "us-east-1": {}, "us-west-2": {} }, "function": function })
    };
    let config = api.config(&json(128));
    world.apply(&mut api, &config).await;

    // A fresh checkout.
    std::fs::remove_dir_all(world.source()).expect("the application is removed");
    assert_eq!(lifecycle::validate(api.resource, &config), []);
    let (planned, told) = world.plan(&mut api, &config).await;
    assert_eq!(planned.state.value, api.state.value);
    let at = Path::of("function").attribute("source_dir");
    let [warning] = &told[..] else { panic!("{told:#?}") };
    assert!(!warning.is_error() && warning.path == at && warning.detail.contains("unchanged"), "{warning}");
    assert_eq!(warning.summary, "Package not found");

    // What would be applied needs the files.
    let changed = api.config(&json(256));
    let (_, told) = world.plan(&mut api, &changed).await;
    let [error] = &told[..] else { panic!("{told:#?}") };
    assert_eq!((error.is_error(), error.summary, &error.path), (true, "Package not found", &at));

    world.apply(&mut api, &Value::Null).await;
    assert_nothing_is_left(&world).await;
}
