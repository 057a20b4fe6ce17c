//! An update of an API keeps the objects to which other resources have added parts.

use multiregion::wire::{Diagnostic, Value};
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

fn api(world: &World, protocol: &str, regions: &Json) -> Json {
    json!({ "name": "shop", "regions": regions, "function": world.function(), "gateway": { "protocol": protocol } })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_with_an_attached_function_keeps_its_protocol() {
    let world = World::start().await;
    let (mut shop, mut reports) = (Subject::new("multiregion_api"), Subject::new("multiregion_function"));
    let two = json!({ "us-east-1": {}, "us-west-2": {} });
    let [http, rest] = ["http", "rest"].map(|protocol| shop.config(&api(&world, protocol, &two)));
    world.apply(&mut shop, &http).await;
    let mut function = world.function();
    function["routes"] = json!(["GET /reports"]);
    let attached = reports.config(&json!({ "name": "reports", "api": "shop", "function": function }));
    world.apply(&mut reports, &attached).await;

    let (_, diagnostics) = world.plan(&mut shop, &rest).await;
    let [error] = &diagnostics[..] else { panic!("{diagnostics:#?}") };
    assert_eq!((error.is_error(), error.summary), (true, "AWS objects are in use"));
    assert!(error.detail.contains("multiregion_function/reports"), "{error}");

    // The function is attached after the plan: the apply changes nothing.
    world.apply(&mut reports, &Value::Null).await;
    let (planned, diagnostics) = world.plan(&mut shop, &rest).await;
    assert_eq!(diagnostics, []);
    world.apply(&mut reports, &attached).await;
    let before = world.inventory().await;
    let (value, provider) = (shop.state.value.clone(), world.provider());
    let (state, diagnostics) = provider.apply(shop.resource, value, planned.state, rest.clone()).await;
    assert!(diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:#?}");
    assert_eq!(world.inventory().await, before);
    shop.state = state;

    // A region can be removed: the function follows.
    let one = shop.config(&api(&world, "http", &json!({ "us-east-1": {} })));
    world.apply(&mut shop, &one).await;
    world.apply(&mut reports, &attached).await;
    world.apply(&mut reports, &Value::Null).await;
    world.apply(&mut shop, &rest).await;
    world.apply(&mut shop, &Value::Null).await;
    assert!(world.inventory().await.is_empty());
}
