//! A Lambda@Edge function, which Lambda deletes only some time after no distribution uses it: an update keeps it in the state,
//! a later update deletes it, and a destroy leaves it behind.

use std::time::Duration;

use multiregion::wire::{Diagnostics, Value};
use serde_json::{Value as Json, json};
use strict_aws::{Delays, Options};

use super::world::{Subject, World, send};

/// Longer than any test: it ends only when the clock of AWS is moved forward.
const REPLICAS: Duration = Duration::from_secs(3600);

async fn world() -> World {
    let delays = Delays { replicas_removed: REPLICAS, ..Delays::all(Duration::ZERO) };
    World::on(Options { delays, ..Options::in_memory() }).await
}

/// An API with a Lambda@Edge function, and its drained regions.
fn config(world: &World, zone_id: &str, drained: &[&str]) -> Json {
    json!({
        "name": "edged",
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "drained": drained,
        "function": world.function(),
        "domain": { "name": "api.edge.example", "zone_id": zone_id, "regional_names": true },
        "routing": { "policy": "latency", "drain_seconds": 0 },
        "cdn": { "origin": "edge_function" },
    })
}

async fn zone(world: &World) -> Subject {
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "edge.example" }));
    world.apply(&mut zone, &config).await;
    zone
}

/// The names of the Lambda@Edge functions in AWS.
async fn functions(world: &World) -> Vec<String> {
    let held = world.inventory().await.objects.into_keys();
    held.filter_map(|key| Some(key.strip_prefix("us-east-1/lambda/function/")?.to_owned()))
        .filter(|name| name.starts_with("edged_edge_") && !name.contains('/'))
        .collect()
}

/// The summaries of warnings that name one of `functions`.
fn named(warnings: &Diagnostics, functions: &[String]) -> Vec<&'static str> {
    let named = warnings.iter().filter(|warning| functions.iter().any(|name| warning.detail.contains(name)));
    assert_eq!(named.clone().count(), warnings.len(), "{warnings:#?}");
    named.map(|warning| warning.summary).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_still_replicated_is_deleted_later() {
    let world = world().await;
    let mut zone = zone(&world).await;
    let mut api = Subject::new("multiregion_api");
    let [both, one] =
        [&[] as &[&str], &["us-west-2"]].map(|drained| api.config(&config(&world, &zone.text("id"), drained)));
    world.apply(&mut api, &both).await;
    let first = functions(&world).await;
    assert_eq!(first.len(), 1, "{first:?}");

    let warnings = world.change(&mut api, &one).await;
    assert_eq!(named(&warnings, &first), ["AWS object not deleted yet"]);
    assert_eq!(functions(&world).await.len(), 2, "the function with both regions is still there");
    let (planned, diagnostics) = world.plan(&mut api, &one).await;
    assert_eq!((planned.state.value, diagnostics), (api.state.value.clone(), Vec::new()), "it is no change of its own");

    // The same content again is the same function, which is not deleted, and the other one is kept in its place.
    let second: Vec<String> = functions(&world).await.into_iter().filter(|name| !first.contains(name)).collect();
    let warnings = world.change(&mut api, &both).await;
    assert_eq!(named(&warnings, &second), ["AWS object not deleted yet"]);
    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, "edged").await;
    let (planned, diagnostics) = world.plan(&mut found, &both).await;
    assert_eq!(
        (planned.state.value, diagnostics),
        (found.state.value.clone(), Vec::new()),
        "an import finds the function that the distribution uses, not the newest one"
    );
    let mut api = found;

    world.local.advance(REPLICAS);
    let mut tagged = config(&world, &zone.text("id"), &[]);
    tagged["tags"] = json!({ "team": "zoo" });
    let tagged = api.config(&tagged);
    world.apply(&mut api, &tagged).await;
    assert_eq!(functions(&world).await, first);

    let warnings = world.change(&mut api, &Value::Null).await;
    assert_eq!(named(&warnings, &first), ["AWS object left behind"]);
    let command = format!("`aws lambda delete-function --region us-east-1 --function-name {}`", first[0]);
    assert!(warnings[0].detail.contains(&command), "{}", warnings[0].detail);
    assert_eq!(api.state.value, Value::Null);
    world.apply(&mut zone, &Value::Null).await;
    let left = world.inventory().await;
    assert!(left.keys().iter().all(|key| key.contains(&first[0])), "only the function is left: {:?}", left.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_origin_detaches_the_function_first() {
    let world = world().await;
    let zone = zone(&world).await;
    let mut api = Subject::new("multiregion_api");
    let with_function = config(&world, &zone.text("id"), &[]);
    let mut without = with_function.clone();
    without["cdn"]["origin"] = json!("latency");
    let [with_function, without] = [with_function, without].map(|json| api.config(&json));
    world.apply(&mut api, &with_function).await;
    let function = functions(&world).await;

    let warnings = world.change(&mut api, &without).await;
    assert_eq!(named(&warnings, &function), ["AWS object not deleted yet"]);
    let mut found = Subject::new("multiregion_api");
    world.import(&mut found, "edged").await;
    let (planned, diagnostics) = world.plan(&mut found, &without).await;
    assert_eq!(
        (planned.state.value, diagnostics),
        (found.state.value.clone(), Vec::new()),
        "an import does not take a function for a part of the API that no distribution uses"
    );
    world.local.advance(REPLICAS);
    world.apply(&mut api, &with_function).await;
    assert_eq!(functions(&world).await, function, "the same content again is the same function");
    let mut again = Subject::new("multiregion_api");
    world.import(&mut again, "edged").await;
    let (planned, diagnostics) = world.plan(&mut again, &with_function).await;
    assert_eq!(
        (planned.state.value, diagnostics),
        (again.state.value.clone(), Vec::new()),
        "an import finds everything"
    );
}

/// Clients reach functions with IAM authorization only through CloudFront, whose function signs their requests.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_signs_is_the_only_way_to_functions_with_iam() {
    let world = world().await;
    let zone = zone(&world).await;
    let mut api = Subject::new("multiregion_api");
    let mut unsigned = config(&world, &zone.text("id"), &[]);
    let mut orders = world.function();
    orders["routes"] = json!(["ANY /orders/{id}"]);
    orders["authorizer"] = json!("AWS_IAM");
    unsigned["functions"] = json!({ "orders": orders });
    unsigned["gateway"] = json!({ "routes": ["GET /health"] });
    let mut signing = unsigned.clone();
    signing["cdn"]["sign_requests"] = json!(true);
    let mut tagged = signing.clone();
    let [unsigned, signing] = [unsigned, signing].map(|json| api.config(&json));
    let status = |method: &str, host: &str, path: &str, headers: &str, body: &str| {
        let endpoint = world.local.endpoint();
        let address = endpoint.trim_start_matches("http://");
        let answer = send(address, method, (host, path), headers, body);
        answer.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).unwrap_or_default()
    };
    let cloudfront = "api.edge.example";
    world.change(&mut api, &unsigned).await;
    assert_eq!(status("GET", cloudfront, "/orders/7", "", ""), 403, "nobody signs");
    assert_eq!(status("GET", cloudfront, "/health", "", ""), 200);

    world.change(&mut api, &signing).await;
    let west = "X-Test-Region: us-west-2\r\n";
    for (method, path, body) in [
        ("GET", "/orders/7", ""),
        ("GET", "/orders/a%20b?y=a+b&x=1%2F2&x=*", ""),
        ("POST", "/orders/7", "{\"price\":\"12 EUR\"}"),
        ("DELETE", "/orders/7", ""),
    ] {
        assert_eq!(status(method, cloudfront, path, "", body), 200, "{method} {path}");
        assert_eq!(status(method, cloudfront, path, west, body), 200, "{method} {path} to the other region");
        for region in ["us-east-1", "us-west-2"] {
            let host = format!("{region}.api.edge.example");
            assert_eq!(status(method, &host, path, "", body), 403, "{method} {path} past CloudFront to {region}");
            assert_eq!(status("GET", &host, "/health", "", ""), 200, "a health check of {region}");
        }
    }
    let large = "x".repeat((1 << 20) + 1);
    assert_eq!(status("POST", cloudfront, "/orders/7", "", &large), 413);
    // A later apply deletes the function that did not sign.
    world.local.advance(REPLICAS);
    tagged["tags"] = json!({ "team": "zoo" });
    let tagged = api.config(&tagged);
    world.apply(&mut api, &tagged).await;
    let mut again = Subject::new("multiregion_api");
    world.import(&mut again, "edged").await;
    let (planned, diagnostics) = world.plan(&mut again, &tagged).await;
    assert_eq!(
        (planned.state.value, diagnostics),
        (again.state.value.clone(), Vec::new()),
        "the import finds the setting"
    );
}
