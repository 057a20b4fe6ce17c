//! Another `region` of the provider: the home region of what exists stays the one in which it was created.

use std::collections::BTreeSet;

use multiregion::wire::{Diagnostic, Value};
use serde_json::json;

use super::drift::{OWNER, everything};
use super::world::{Subject, World};

const BEFORE: &str = "us-east-1";
const AFTER: &str = "eu-west-1";

/// The claims in AWS, with their regions.
async fn claims(world: &World) -> BTreeSet<String> {
    let objects = world.inventory().await.objects;
    objects.into_keys().filter(|key| key.contains("/logs/log_group//multiregion/")).collect()
}

async fn assert_nothing_to_do(world: &World, subject: &mut Subject, config: &Value) {
    let (planned, told) = world.plan(subject, config).await;
    assert!(told.is_empty(), "{told:#?}");
    assert_eq!(planned.state.value, subject.state.value, "the plan is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_stays_where_it_was_when_the_provider_moves() {
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
    assert_eq!(claims(&world).await, before, "the claims stay where they were");

    world.apply(&mut api, &Value::Null).await;
    world.apply(&mut zone, &Value::Null).await;
    let left = world.inventory().await;
    assert!(left.is_empty(), "{:?}", left.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_from_another_home_region_finds_the_claim_and_names_its_region() {
    let mut world = World::start().await;
    let (mut zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let before = claims(&world).await;

    world.move_home(AFTER).await;
    for (made, name) in [(&zone, "drift.example"), (&api, OWNER)] {
        let (state, told) = world.provider().import(made.resource, name).await;
        assert!(!told.iter().any(Diagnostic::is_error), "{name}: {told:#?}");
        assert!(told.iter().any(|told| told.detail.contains(BEFORE)), "{name}: no word of {BEFORE}: {told:#?}");
        let mut found = Subject { state, ..made.clone() };
        let addresses = |subject: &Subject| subject.ledger().entries.into_keys().collect::<BTreeSet<_>>();
        assert_eq!(addresses(&found), addresses(made), "{name}");
        world.refresh(&mut found).await;
    }
    assert_eq!(claims(&world).await, before, "an import makes no claim");
    world.apply(&mut api, &Value::Null).await;
    world.apply(&mut zone, &Value::Null).await;
}
