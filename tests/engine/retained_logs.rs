//! Log groups that stay in AWS with `retain_logs`, and the create that adopts them.

use std::collections::BTreeMap;

use multiregion::lifecycle::State;
use multiregion::wire::{Diagnostics, Value};
use serde_json::{Value as Json, json};

use super::changes::{changes, details};
use super::world::{Subject, World};

const BOTH: [&str; 2] = ["us-east-1", "us-west-2"];
const ADOPTED: &str = "AWS objects will be adopted";

/// A configuration with an access log and a tag.
fn config(world: &World, api: &Subject, regions: &[&str], more: &Json) -> Value {
    let mut function = world.function();
    function["log_retention_days"] = json!(7);
    let regions: BTreeMap<_, _> = regions.iter().map(|region| (*region, json!({}))).collect();
    let mut all = json!({
        "name": "kept", "regions": regions, "function": function, "gateway": { "access_log": {} }, "tags": { "team": "web" },
        "retain_logs": true,
    });
    all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    api.config(&all)
}

/// The configuration of a function that does not start.
fn failing(world: &World, api: &Subject) -> Value {
    let mut function = world.function();
    function["environment"] = json!({ "FAILS": "initialization" });
    config(world, api, &BOTH, &json!({ "function": function }))
}

/// The tags of the log groups, by region and name.
async fn groups(world: &World) -> BTreeMap<String, Json> {
    let objects = world.inventory().await.objects;
    let groups = objects.into_iter().filter_map(|(id, group)| {
        let (region, name) = id.split_once("/logs/log_group/")?;
        (!name.starts_with("/multiregion/")).then(|| (format!("{region} {name}"), group["tags"].clone()))
    });
    groups.collect()
}

fn names(region: &str) -> [String; 2] {
    ["/aws/lambda/kept", "/aws/vendedlogs/multiregion/kept/access"].map(|name| format!("{region} {name}"))
}

/// Checks that the log groups of a region stayed without an owner id.
fn check_released(groups: &BTreeMap<String, Json>, region: &str) {
    for name in names(region) {
        let tags = groups.get(&name).unwrap_or_else(|| panic!("{name} is gone: {groups:#?}"));
        assert_eq!(*tags, json!({ "multiregion:owner": "multiregion_api/kept", "team": "web" }), "{name}");
    }
}

fn check_owned(groups: &BTreeMap<String, Json>, region: &str) {
    for name in names(region) {
        assert!(groups[&name]["multiregion:owner-id"].is_string(), "{name}: {groups:#?}");
    }
}

/// Applies without a check of the diagnostics.
async fn apply(world: &World, api: &mut Subject, planned: State, config: &Value) -> Diagnostics {
    let prior = api.state.value.clone();
    let (state, diagnostics) = world.provider().apply(api.resource, prior, planned, config.clone()).await;
    api.state = state;
    diagnostics
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_of_a_removed_region_stay_and_are_adopted_when_it_returns() {
    let world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    let (both, one) = (config(&world, &api, &BOTH, &json!({})), config(&world, &api, &BOTH[..1], &json!({})));
    let deleting = config(&world, &api, &BOTH, &json!({ "retain_logs": false }));
    world.apply(&mut api, &deleting).await;

    // The same apply sets the argument and removes the region.
    let (planned, diagnostics) = world.plan(&mut api, &one).await;
    let detail = details(&diagnostics, "Region will be removed");
    let kept = "Not deleted: us-west-2/log_group with its logs, us-west-2/log_group/access with its logs.";
    assert!(detail.contains(kept) && !detail.contains("This deletes"), "{detail}");
    let lines = changes(&planned.state.value);
    assert!(lines.contains(&"us-west-2/{log_group,log_group/access}: kept in AWS".to_owned()), "{lines:#?}");
    world.apply(&mut api, &one).await;
    let left = groups(&world).await;
    check_released(&left, "us-west-2");
    check_owned(&left, "us-east-1");
    let inventory = world.inventory().await;
    let in_west = inventory.keys().iter().filter(|id| id.starts_with("us-west-2/")).count();
    assert_eq!(in_west, 2, "only the log groups stay: {:?}", inventory.keys());

    let warnings = world.change(&mut api, &both).await;
    let detail = details(&warnings, ADOPTED);
    assert!(detail.contains("us-west-2/log_group, us-west-2/log_group/access"), "{warnings:#?}");
    check_owned(&groups(&world).await, "us-west-2");
    // The plan afterwards must be empty, which `apply` checks.
    world.apply(&mut api, &both).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_of_a_destroyed_api_stay_and_a_later_create_adopts_them() {
    let world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    let retaining = config(&world, &api, &BOTH, &json!({}));
    world.apply(&mut api, &retaining).await;
    world.apply(&mut api, &Value::Null).await;
    let left = groups(&world).await;
    BOTH.iter().for_each(|region| check_released(&left, region));
    assert_eq!(world.inventory().await.keys().len(), 4, "only the log groups stay");

    // A resource of another name does not take them.
    let mut other = Subject::new("multiregion_function");
    let function = json!({ "name": "kept", "api": "none", "function": world.function() });
    let function = other.config(&function);
    let (_, diagnostics) = world.plan(&mut other, &function).await;
    assert!(!diagnostics.iter().any(|one| one.summary == ADOPTED), "{diagnostics:#?}");

    let warnings = world.change(&mut api, &retaining).await;
    let detail = details(&warnings, ADOPTED);
    assert_eq!(detail.matches("log_group").count(), 4, "{warnings:#?}");
    let adopted = groups(&world).await;
    BOTH.iter().for_each(|region| check_owned(&adopted, region));
    let deleting = config(&world, &api, &BOTH, &json!({ "retain_logs": false }));
    world.apply(&mut api, &deleting).await;
    world.apply(&mut api, &Value::Null).await;
    let left = world.inventory().await;
    assert!(left.is_empty(), "{:?}", left.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_deletes_the_log_groups_that_the_create_made() {
    let world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    let failing = failing(&world, &api);
    let (planned, _) = world.plan(&mut api, &failing).await;
    let diagnostics = apply(&world, &mut api, planned.state, &failing).await;
    assert!(diagnostics.iter().any(|one| one.is_error()), "{diagnostics:#?}");
    let left = world.inventory().await;
    assert!(left.is_empty(), "{:?}", left.keys());
}

/// With `-replace`, the destroy that releases the log groups follows the plan of the create.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_replacement_keeps_the_log_groups() {
    let world = World::fast().await;
    let mut api = Subject::new("multiregion_api");
    let retaining = config(&world, &api, &BOTH, &json!({}));
    world.apply(&mut api, &retaining).await;
    let failing = failing(&world, &api);
    world.refresh(&mut api).await;
    let nothing = State { value: Value::Null, private: Vec::new() };
    let (planned, diagnostics) = world.provider().plan(api.resource, nothing.clone(), failing.clone()).await;
    let detail = details(&diagnostics, "AWS objects will be replaced");
    assert!(detail.contains("Clients get no response in between. If"), "{diagnostics:#?}");
    let destroyed = State { private: api.state.private.clone(), ..nothing };
    let diagnostics = apply(&world, &mut api, destroyed, &Value::Null).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let diagnostics = apply(&world, &mut api, planned.state, &failing).await;
    assert!(diagnostics.iter().any(|one| one.is_error()), "{diagnostics:#?}");
    let left = groups(&world).await;
    BOTH.iter().for_each(|region| check_owned(&left, region));
    // The host destroys what a failed create left.
    world.apply(&mut api, &Value::Null).await;
    let left = groups(&world).await;
    BOTH.iter().for_each(|region| check_released(&left, region));
    assert_eq!(world.inventory().await.keys().len(), 4, "only the log groups stay");
}
