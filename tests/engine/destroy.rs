//! A destroy needs nothing but the state, even after a failed create and without the function's files.

use multiregion::lifecycle;
use multiregion::wire::{Diagnostic, Path, Value};
use serde_json::json;
use strict_aws::{Effect, Fault};

use super::world::{Subject, World};

/// Whether no part of the value is unknown.
fn is_wholly_known(value: &Value) -> bool {
    match value {
        Value::Unknown => false,
        Value::List(items) => items.iter().all(is_wholly_known),
        Value::Map(values) => values.values().all(is_wholly_known),
        _ => true,
    }
}

async fn assert_nothing_is_left(world: &World) {
    let left = world.local.inventory().await.expect("the inventory is taken");
    assert!(left.is_empty(), "{left:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_can_be_destroyed_after_its_create_and_rollback_failed() {
    let world = World::start().await;
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "half.example", "comment": "half", "tags": { "team": "zoo" } }));
    let (planned, diagnostics) = world.plan(&mut zone, &config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    for operation in ["route53:CreateHostedZone", "logs:DeleteLogGroup"] {
        world.local.inject(Fault::new(Effect::AccessDenied).operation(operation));
    }
    let apply = world.provider().apply(zone.resource, Value::Null, planned.state, config.clone());
    let (state, diagnostics) = apply.await;
    assert!(diagnostics.iter().all(Diagnostic::is_error) && diagnostics.len() == 2, "{diagnostics:#?}");
    assert!(state.value != Value::Null && is_wholly_known(&state.value), "{:#?}", state.value);
    zone.state = state;
    world.local.clear_faults();
    world.refresh(&mut zone).await;
    assert!(is_wholly_known(&zone.state.value), "{:#?}", zone.state.value);
    world.apply(&mut zone, &Value::Null).await;
    assert_nothing_is_left(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn validate_and_destroy_need_no_function_files() {
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
    let (planned, diagnostics) = world.plan(&mut api, &config).await;
    assert_eq!(planned.state.value, api.state.value);
    let at = Path::of("function").attribute("source_dir");
    let [warning] = &diagnostics[..] else { panic!("{diagnostics:#?}") };
    assert!(!warning.is_error() && warning.path == at && warning.detail.contains("unchanged"), "{warning}");
    assert_eq!(warning.summary, "Package not found");

    // A plan that changes the resource needs the files.
    let changed = api.config(&json(256));
    let (_, diagnostics) = world.plan(&mut api, &changed).await;
    let [error] = &diagnostics[..] else { panic!("{diagnostics:#?}") };
    assert_eq!((error.is_error(), error.summary, &error.path), (true, "Package not found", &at));

    world.apply(&mut api, &Value::Null).await;
    assert_nothing_is_left(&world).await;
}
