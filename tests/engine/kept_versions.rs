//! Published versions that stay after an update, from which a function can return.

use std::collections::BTreeMap;

use multiregion::wire::Value;
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// The numbers of the published versions of the function in a region, the oldest first.
async fn published(world: &World, region: &str) -> Vec<String> {
    let lambda = world.by_hand(region).lambda();
    let listed = lambda.list_versions_by_function().function_name("tested").send().await.expect("the versions");
    let numbers = listed.versions.unwrap_or_default().into_iter().filter_map(|version| version.version);
    numbers.filter(|number| number != "$LATEST").collect()
}

/// The configuration of an API with this greeting; `more` are further arguments of its function.
fn config(world: &World, api: &Subject, greeting: &str, more: Json, regions: &[&str]) -> Value {
    let mut function = world.function();
    function["environment"] = json!({ "GREETING": greeting });
    function.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    let regions: BTreeMap<_, _> = regions.iter().map(|region| (*region, json!({}))).collect();
    api.config(&json!({ "name": "tested", "regions": regions, "function": function }))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_versions_stay_until_fewer_are_kept() {
    let world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    for greeting in ["one", "two", "three", "four", "five"] {
        let config = config(&world, &api, greeting, json!({}), &REGIONS);
        world.apply(&mut api, &config).await;
    }
    for region in REGIONS {
        assert_eq!(published(&world, region).await, ["3", "4", "5"], "the default in {region}");
    }
    // An import lists the same versions, so that the next apply keeps them, too.
    let mut imported = Subject::new("multiregion_api");
    world.import(&mut imported, "tested").await;
    let numbers = |subject: &Subject| {
        let deposed = subject.ledger().deposed.into_iter();
        let mut all: Vec<_> = deposed.map(|(address, entry)| (address, entry.outputs["number"].clone())).collect();
        all.sort_by_key(|(address, number)| (address.clone(), number.to_string()));
        all
    };
    assert_eq!(numbers(&imported), numbers(&api));
    assert_eq!(numbers(&api).len(), 2 * REGIONS.len());

    let fewer = config(&world, &api, "five", json!({ "keep_versions": 2 }), &REGIONS);
    world.apply(&mut api, &fewer).await;
    let one = config(&world, &api, "six", json!({ "keep_versions": 1 }), &REGIONS[..1]);
    world.apply(&mut api, &one).await;
    assert_eq!(published(&world, REGIONS[0]).await, ["6"]);
    assert!(api.ledger().deposed.is_empty(), "the versions of a region leave the state with it");
    world.apply(&mut api, &Value::Null).await;
    let left = world.inventory().await;
    assert!(left.is_empty(), "{:?}", left.keys());
}

/// A destroy deletes all versions that stay, and so does the replacement of a function.
#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_deletes_the_versions_that_stay() {
    let world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    for greeting in ["one", "two", "three"] {
        let config = config(&world, &api, greeting, json!({ "keep_versions": 10 }), &REGIONS);
        world.apply(&mut api, &config).await;
    }
    assert_eq!(published(&world, REGIONS[1]).await, ["1", "2", "3"]);
    world.apply(&mut api, &Value::Null).await;
    let left = world.inventory().await;
    assert!(left.is_empty(), "{:?}", left.keys());
}

/// The version to which the alias in each region points.
async fn serving(world: &World) -> Vec<String> {
    let mut versions = Vec::new();
    for region in REGIONS {
        let lambda = world.by_hand(region).lambda();
        let alias = lambda.get_alias().function_name("tested").name("live").send().await.expect("an alias");
        versions.push(alias.function_version.expect("a version"));
    }
    versions
}

/// The configuration of a rollback from a machine without the package of the function.
fn going_back(world: &World, api: &Subject, greeting: &str, versions: u32) -> Value {
    let more = json!({ "rollback": versions, "source_dir": "missing" });
    config(world, api, greeting, more, &REGIONS)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_returns_to_a_kept_version_without_its_package() {
    let world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    for greeting in ["one", "two", "three", "four"] {
        let config = config(&world, &api, greeting, json!({}), &REGIONS);
        world.apply(&mut api, &config).await;
    }
    assert_eq!(serving(&world).await, ["4", "4"]);

    let back = going_back(&world, &api, "four", 1);
    let (planned, _) = world.plan(&mut api, &back).await;
    assert!(format!("{:?}", planned.state.value).contains("*/alias: version 4 → 3"), "{:?}", planned.state.value);
    world.local.clear_calls();
    world.apply(&mut api, &back).await;
    assert_eq!(serving(&world).await, ["3", "3"]);
    let called = |operation: &str| {
        let calls = world.local.calls().into_iter().filter(|call| call.operation == operation);
        calls.map(|call| call.region).collect::<Vec<_>>()
    };
    assert_eq!(called("UpdateAlias"), REGIONS, "one wave after another");
    assert!(!called("Invoke").is_empty(), "the version is checked again");
    for operation in ["UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion", "DeleteFunction"] {
        assert!(called(operation).is_empty(), "{operation}");
    }

    // A change of the settings waits until the rollback ends.
    let other = going_back(&world, &api, "five", 2);
    world.apply(&mut api, &other).await;
    assert_eq!(serving(&world).await, ["2", "2"]);
    let newest = config(&world, &api, "four", json!({}), &REGIONS);
    world.apply(&mut api, &newest).await;
    assert_eq!(serving(&world).await, ["4", "4"]);
    assert_eq!(published(&world, REGIONS[0]).await, ["2", "3", "4"]);

    // The version from which clients were taken does not count any more after the next one.
    let back = going_back(&world, &api, "four", 1);
    world.apply(&mut api, &back).await;
    let repaired = config(&world, &api, "five", json!({}), &REGIONS);
    world.apply(&mut api, &repaired).await;
    assert_eq!(published(&world, REGIONS[0]).await, ["2", "3", "5"]);
    let back = going_back(&world, &api, "five", 1);
    world.apply(&mut api, &back).await;
    assert_eq!(serving(&world).await, ["3", "3"]);
    world.apply(&mut api, &Value::Null).await;
    assert!(world.inventory().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_failed_is_no_version_to_return_to() {
    let world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    let good = config(&world, &api, "one", json!({}), &REGIONS);
    world.apply(&mut api, &good).await;
    for attempt in ["2", "3"] {
        let environment = json!({ "FAILS": "behind_api", "ATTEMPT": attempt });
        let bad = config(&world, &api, "", json!({ "environment": environment }), &REGIONS);
        let (planned, _) = world.plan(&mut api, &bad).await;
        let prior = api.state.value.clone();
        let (state, diagnostics) = world.provider().apply(api.resource, prior, planned.state, bad).await;
        assert!(diagnostics.iter().any(|one| one.summary == "Previous version restored"), "{diagnostics:#?}");
        api.state = state;
    }
    assert_eq!(published(&world, REGIONS[0]).await, ["1", "2", "3"]);
    let back = going_back(&world, &api, "one", 1);
    world.apply(&mut api, &back).await;
    assert_eq!(serving(&world).await, ["1", "1"]);
    assert_eq!(published(&world, REGIONS[0]).await, ["1", "3"], "the newest version, and the one that serves");
    let two = going_back(&world, &api, "one", 2);
    let (_, diagnostics) = world.plan(&mut api, &two).await;
    let details: Vec<_> = diagnostics.iter().filter(|one| one.is_error()).map(|one| &one.detail).collect();
    assert_eq!(details.len(), REGIONS.len(), "{diagnostics:#?}");
    for (detail, region) in details.into_iter().zip(REGIONS) {
        assert!(detail.contains(&format!("kept in {region}, the newest first: 1.")), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_region_has_no_version_to_return_to() {
    let world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    let create = going_back(&world, &api, "one", 1);
    let (_, diagnostics) = world.plan(&mut api, &create).await;
    assert_eq!(diagnostics.iter().filter(|one| one.summary == "Version is not kept").count(), REGIONS.len());
    for greeting in ["one", "two"] {
        let config = config(&world, &api, greeting, json!({}), &REGIONS[..1]);
        world.apply(&mut api, &config).await;
    }
    let wider = going_back(&world, &api, "two", 1);
    let (_, diagnostics) = world.plan(&mut api, &wider).await;
    let error = diagnostics.iter().find(|one| one.is_error()).expect("an error");
    assert!(error.detail.contains(&format!("kept in {}, the newest first: none", REGIONS[1])), "{error}");
    assert_eq!(error.path.to_string(), "function.rollback");
}
