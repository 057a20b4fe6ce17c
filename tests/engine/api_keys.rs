//! Values of API keys: generated ones, write-only ones, and their rotation without a gap.

use multiregion::lifecycle::State;
use multiregion::wire::{Diagnostic, Value};
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];
const FIRST: &str = "first-c4n4ry-0123456789";
const SECOND: &str = "second-c4n4ry-0123456789";
const THIRD: &str = "third-c4n4ry-0123456789";

/// The configuration of an API with one key in these regions.
fn config(world: &World, regions: &[&str], key: &Json) -> Value {
    let regions: serde_json::Map<String, Json> =
        regions.iter().map(|region| ((*region).to_owned(), json!({}))).collect();
    let gateway = json!({ "protocol": "rest", "routes": ["GET /items"], "api_keys": { "partner": key } });
    let all = json!({ "name": "shop", "regions": regions, "function": world.function(), "gateway": gateway });
    Subject::new("multiregion_api").config(&all)
}

fn write_only(value: &str, version: i64) -> Json {
    json!({ "value_wo": value, "value_wo_version": version })
}

/// The ids and values of all API keys in a region.
async fn keys(world: &World, region: &str) -> Vec<(String, String)> {
    let keys = world.by_hand(region).apigateway().get_api_keys().include_values(true).send().await.expect("a list");
    let keys = keys.items.unwrap_or_default().into_iter();
    keys.map(|key| (key.id.unwrap_or_default(), key.value.unwrap_or_default())).collect()
}

/// The value of the only key in each region, which must be the same one.
async fn value_in(world: &World, regions: &[&str]) -> String {
    let mut values = Vec::new();
    for region in regions {
        let keys = keys(world, region).await;
        let [(_, value)] = &keys[..] else { panic!("{region}: {keys:?}") };
        values.push(value.clone());
    }
    values.dedup();
    let [value] = &values[..] else { panic!("the regions accept different values: {values:?}") };
    value.clone()
}

fn generated(subject: &Subject) -> Value {
    let Value::Map(state) = &subject.state.value else { panic!("{:?}", subject.state.value) };
    let Value::Map(values) = &state["api_key_values"] else { return Value::Null };
    values["partner"].clone()
}

/// A state must not contain the value.
fn assert_absent(state: &State, value: &str) {
    let private = String::from_utf8_lossy(&state.private);
    assert!(!private.contains(value), "the private state contains a write-only value: {private}");
    assert!(!format!("{:?}", state.value).contains(value), "the state contains a write-only value");
}

async fn assert_unchanged(world: &World, subject: &mut Subject, config: &Value) {
    let (planned, diagnostics) = world.plan(subject, config).await;
    assert_eq!(diagnostics, []);
    assert_eq!(planned.state.value, subject.state.value, "the plan must be empty");
}

/// The order in which regions accept a new key and reject the old one.
fn assert_no_gap(world: &World) {
    let calls: Vec<String> = world.local.calls().iter().map(|call| call.name()).collect();
    let last_new = calls.iter().rposition(|name| name == "apigateway:CreateUsagePlanKey");
    let first_gone = calls.iter().position(|name| name.starts_with("apigateway:Delete"));
    assert!(last_new.is_some() && first_gone.is_some() && last_new < first_gone, "{calls:#?}");
    world.local.clear_calls();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_value_is_the_same_in_every_region_until_its_number_changes() {
    let (world, mut shop) = (World::start().await, Subject::new("multiregion_api"));
    world.apply(&mut shop, &config(&world, &REGIONS, &json!({}))).await;
    let first = value_in(&world, &REGIONS).await;
    assert!(first.len() == 40 && first.chars().all(|digit| digit.is_ascii_hexdigit()), "{first}");
    assert_eq!(generated(&shop), Value::String(first.clone()));

    // A region that is added later gets the same value.
    let three = ["us-east-1", "us-west-2", "eu-central-1"];
    world.apply(&mut shop, &config(&world, &three, &json!({ "quota": { "limit": 10 } }))).await;
    assert_eq!(value_in(&world, &three).await, first);

    world.local.clear_calls();
    world.apply(&mut shop, &config(&world, &three, &json!({ "generation": 2 }))).await;
    assert_no_gap(&world);
    let second = value_in(&world, &three).await;
    assert_ne!(second, first);
    assert_eq!(generated(&shop), Value::String(second.clone()));

    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, "shop").await;
    assert_eq!(generated(&found), Value::String(second));
    assert_unchanged(&world, &mut found, &config(&world, &three, &json!({ "generation": 2 }))).await;
    world.apply(&mut shop, &Value::Null).await;
    assert!(world.inventory().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_rotation_continues_with_the_value_that_a_region_has() {
    let (world, mut shop) = (World::start().await, Subject::new("multiregion_api"));
    world.apply(&mut shop, &config(&world, &REGIONS, &json!({}))).await;
    let before = shop.clone();
    let next = config(&world, &REGIONS, &json!({ "generation": 2 }));
    world.apply(&mut shop, &next).await;
    let second = value_in(&world, &REGIONS).await;

    // The host did not store the result of the rotation.
    let mut again = before;
    world.change(&mut again, &next).await;
    assert_eq!(value_in(&world, &REGIONS).await, second);
    assert_eq!(generated(&again), Value::String(second));
    world.apply(&mut again, &Value::Null).await;
    assert!(world.inventory().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_only_value_is_in_every_region_and_in_no_state() {
    let (world, mut shop) = (World::start().await, Subject::new("multiregion_api"));
    let (planned, diagnostics) =
        world.provider().plan(shop.resource, shop.state.clone(), config(&world, &REGIONS, &write_only(FIRST, 1))).await;
    assert_eq!(diagnostics, []);
    assert_absent(&planned.state, FIRST);
    world.apply(&mut shop, &config(&world, &REGIONS, &write_only(FIRST, 1))).await;
    assert_eq!(value_in(&world, &REGIONS).await, FIRST);
    assert_absent(&shop.state, FIRST);
    assert_eq!(generated(&shop), Value::Null);

    // Without another version, another value changes nothing: an ephemeral value may differ in every run.
    assert_unchanged(&world, &mut shop, &config(&world, &REGIONS, &write_only(SECOND, 1))).await;

    world.local.clear_calls();
    world.apply(&mut shop, &config(&world, &REGIONS, &write_only(SECOND, 2))).await;
    assert_no_gap(&world);
    assert_eq!(value_in(&world, &REGIONS).await, SECOND);
    assert_absent(&shop.state, SECOND);

    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, "shop").await;
    assert_absent(&found.state, SECOND);
    assert_unchanged(&world, &mut found, &config(&world, &REGIONS, &write_only(SECOND, 2))).await;
    world.apply(&mut shop, &Value::Null).await;
    assert!(world.inventory().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_region_never_gets_another_write_only_value_than_the_others() {
    let (world, mut shop) = (World::start().await, Subject::new("multiregion_api"));
    world.apply(&mut shop, &config(&world, &["us-east-1"], &write_only(FIRST, 1))).await;
    let before = world.inventory().await;
    let (_, diagnostics) = world.plan(&mut shop, &config(&world, &REGIONS, &write_only(SECOND, 1))).await;
    let [error] = &diagnostics[..] else { panic!("{diagnostics:#?}") };
    assert_eq!((error.is_error(), error.summary), (true, "Write-only value changed without its version"));
    assert_eq!(error.path.to_string(), r#"gateway.api_keys["partner"].value_wo"#);
    assert!(!error.detail.contains("c4n4ry"), "{error}");
    assert_eq!(world.inventory().await, before);

    // The value may also change between the plan and the apply.
    let same = config(&world, &REGIONS, &write_only(FIRST, 1));
    let (planned, diagnostics) = world.plan(&mut shop, &same).await;
    assert_eq!(diagnostics, []);
    let other = config(&world, &REGIONS, &write_only(THIRD, 1));
    let (prior, provider) = (shop.state.value.clone(), world.provider());
    let (state, diagnostics) = provider.apply(shop.resource, prior, planned.state, other).await;
    assert!(diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:#?}");
    assert!(!format!("{diagnostics:?}").contains("c4n4ry"), "{diagnostics:#?}");
    shop.state = state;
    assert_absent(&shop.state, THIRD);
    assert_eq!(keys(&world, "us-west-2").await, []);

    world.change(&mut shop, &same).await;
    assert_eq!(value_in(&world, &REGIONS).await, FIRST);
    world.apply(&mut shop, &Value::Null).await;
    assert!(world.inventory().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_value_becomes_write_only_without_another_key() {
    let (world, mut shop) = (World::start().await, Subject::new("multiregion_api"));
    world.apply(&mut shop, &config(&world, &REGIONS, &json!({ "value": FIRST }))).await;
    let before = keys(&world, "us-east-1").await;
    world.apply(&mut shop, &config(&world, &REGIONS, &write_only(FIRST, 1))).await;
    assert_eq!(keys(&world, "us-east-1").await, before);
    assert_absent(&shop.state, FIRST);
    // Another version of the same value changes nothing in AWS, either.
    world.apply(&mut shop, &config(&world, &REGIONS, &write_only(FIRST, 2))).await;
    assert_eq!(keys(&world, "us-east-1").await, before);
    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, "shop").await;
    assert_absent(&found.state, FIRST);
    world.apply(&mut shop, &Value::Null).await;
    assert!(world.inventory().await.is_empty());
}
