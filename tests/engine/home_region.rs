//! The home region of a resource does not change with the provider's `region`.

use std::collections::BTreeSet;

use multiregion::wire::{Diagnostic, Value};
use serde_json::json;

use super::drift::{OWNER, everything};
use super::world::{Subject, World};

const BEFORE: &str = "us-east-1";
const AFTER: &str = "eu-west-1";

/// The inventory keys of all claims; each begins with the claim's region.
async fn claims(world: &World) -> BTreeSet<String> {
    let objects = world.inventory().await.objects;
    objects.into_keys().filter(|key| key.contains("/logs/log_group//multiregion/")).collect()
}

async fn assert_nothing_to_do(world: &World, subject: &mut Subject, config: &Value) {
    let (planned, diagnostics) = world.plan(subject, config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(planned.state.value, subject.state.value, "the plan must be empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_stays_in_its_region_when_the_providers_region_changes() {
    let mut world = World::start().await;
    let (mut zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let zone_config = zone.config(&json!({ "name": "drift.example" }));
    let before = claims(&world).await;
    assert!(before.len() == 2 && before.iter().all(|key| key.starts_with(BEFORE)), "{before:?}");

    world.move_home(AFTER).await;
    assert_nothing_to_do(&world, &mut zone, &zone_config).await;
    assert_nothing_to_do(&world, &mut api, &config).await;

    world.rewrite();
    world.apply(&mut api, &config).await;
    let commented = zone.config(&json!({ "name": "drift.example", "comment": "moved" }));
    world.apply(&mut zone, &commented).await;
    assert_eq!(claims(&world).await, before, "the claims have moved");

    world.apply(&mut api, &Value::Null).await;
    world.apply(&mut zone, &Value::Null).await;
    let left = world.inventory().await;
    assert!(left.is_empty(), "{:?}", left.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_with_another_provider_region_finds_the_claim_and_names_its_region() {
    let mut world = World::start().await;
    let (mut zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let before = claims(&world).await;

    world.move_home(AFTER).await;
    for (original, name) in [(&zone, "drift.example"), (&api, OWNER)] {
        let (state, diagnostics) = world.provider().import(original.resource, name).await;
        assert!(!diagnostics.iter().any(Diagnostic::is_error), "{name}: {diagnostics:#?}");
        assert!(
            diagnostics.iter().any(|one| one.detail.contains(BEFORE)),
            "{name}: no diagnostic names {BEFORE}: {diagnostics:#?}"
        );
        let mut found = Subject { state, ..original.clone() };
        let addresses = |subject: &Subject| subject.ledger().entries.into_keys().collect::<BTreeSet<_>>();
        assert_eq!(addresses(&found), addresses(original), "{name}");
        world.refresh(&mut found).await;
    }
    assert_eq!(claims(&world).await, before, "an import must not change claims");
    world.apply(&mut api, &Value::Null).await;
    world.apply(&mut zone, &Value::Null).await;
}
