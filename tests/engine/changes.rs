//! What people read about a change: `changes`, `status_reason`, and the warnings about drift and removed regions.

use multiregion::wire::{Diagnostic, Value};
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

fn config(world: &World, regions: &[&str], memory: u32, password: &str) -> Json {
    let mut function = world.function();
    function["memory_mb"] = json!(memory);
    function["environment"] = json!({ "PASSWORD": password });
    let regions = regions.iter().map(|region| ((*region).to_owned(), json!({}))).collect();
    json!({ "name": "changing", "regions": Json::Object(regions), "function": function })
}

/// The lines of the attribute `changes`.
pub(super) fn changes(value: &Value) -> Vec<String> {
    let Value::Map(attributes) = value else { panic!("the state is {value:?}") };
    let Some(Value::List(lines)) = attributes.get("changes") else { panic!("{:?}", attributes.get("changes")) };
    let text = |line: &Value| match line {
        Value::String(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    lines.iter().map(text).collect()
}

pub(super) fn details(diagnostics: &[Diagnostic], summary: &str) -> String {
    let details = diagnostics.iter().filter(|one| one.summary == summary).map(|one| one.detail.as_str());
    details.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_changes_and_the_state_keeps_it() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let both = ["us-east-1", "us-west-2"];
    let first = api.config(&config(&world, &both, 128, "secret-one"));
    let (planned, _) = world.plan(&mut api, &first).await;
    let lines = changes(&planned.state.value);
    assert!(lines.len() <= 4, "a create names the objects of all regions in one line: {lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("*/{") && line.contains("function")), "{lines:#?}");
    world.apply(&mut api, &first).await;
    assert_eq!(changes(&api.state.value), lines, "the state contains what the plan announced");

    let second = api.config(&config(&world, &both, 512, "secret-two"));
    let (planned, _) = world.plan(&mut api, &second).await;
    let lines = changes(&planned.state.value);
    let function = lines.iter().find(|line| line.starts_with("*/function: ")).expect("the functions change");
    assert!(
        function.contains("environment.PASSWORD changed") && function.contains("memory_mb 128 → 512"),
        "{lines:#?}"
    );
    assert!(!lines.iter().any(|line| line.contains("secret-")), "{lines:#?}");
    assert!(lines.len() < 6, "{lines:#?}");
    // The plan afterwards must be empty, which `apply` checks.
    world.apply(&mut api, &second).await;
    assert_eq!(changes(&api.state.value), lines);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drift_is_reported_with_its_values() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let config = api.config(&config(&world, &["us-east-1", "us-west-2"], 128, "p"));
    world.apply(&mut api, &config).await;
    let address = "us-west-2/function".parse().expect("an address");
    let (aws, component) = world.component("changing", &address);
    let entry = api.ledger().entries[&address].clone();
    let mut changed = entry.spec.clone();
    changed["memory_mb"] = json!(1024);
    component.update(&aws, &entry.outputs, &entry.spec, &changed).await.expect("the function is changed");
    world.wait();
    let (_, diagnostics) = world.provider().read(api.resource, api.state.clone()).await;
    let detail = details(&diagnostics, "AWS objects have changed");
    assert!(detail.contains("us-west-2/function: memory_mb 128 → 1024"), "{diagnostics:#?}");
    world.apply(&mut api, &config).await;
    world.wait();
    let (_, diagnostics) = world.provider().read(api.resource, api.state.clone()).await;
    assert_eq!(diagnostics, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_a_removed_region_loses_and_protection_refuses_it() {
    let world = World::start().await;
    let mut api = Subject::new("multiregion_api");
    let both = api.config(&config(&world, &["us-east-1", "us-west-2"], 128, "p"));
    world.apply(&mut api, &both).await;
    let one = config(&world, &["us-east-1"], 128, "p");
    let mut protected = one.clone();
    protected["deletion_protection"] = json!(true);
    let (one, protected) = (api.config(&one), api.config(&protected));
    let (planned, diagnostics) = world.plan(&mut api, &protected).await;
    let refused: Vec<_> = diagnostics.iter().filter(|one| one.is_error()).map(|one| one.summary).collect();
    assert_eq!(refused, ["Region is protected against deletion"], "{diagnostics:#?}");
    assert_eq!(planned.state.value, api.state.value);

    let (planned, diagnostics) = world.plan(&mut api, &one).await;
    let detail = details(&diagnostics, "Region will be removed");
    assert!(detail.contains("us-west-2: ") && detail.contains("us-west-2/log_group with its logs"), "{diagnostics:#?}");
    let lines = changes(&planned.state.value);
    assert!(lines.iter().any(|line| line.starts_with("us-west-2/{") && line.ends_with("}: deleted")), "{lines:#?}");
    world.apply(&mut api, &one).await;
}
