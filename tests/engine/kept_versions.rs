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
