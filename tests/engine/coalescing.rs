//! Coalesced reads: a refresh sends no request twice, and one list request for all components that it covers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use multiregion::wire::Value;
use serde_json::{Map, Value as Json, json};
use strict_aws::{Call, Options};

use super::world::{Subject, World};

const REGIONS: [&str; 10] = [
    "ap-northeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// A zone (applied), an API that is not applied yet, and the API's configuration: ten regions and nearly every setting.
async fn ten_regions(world: &World) -> (Subject, Subject, Value) {
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "reads.example" }));
    world.apply(&mut zone, &config).await;
    let api = Subject::new("multiregion_api");
    let regions: Map<String, Json> = REGIONS.iter().map(|region| ((*region).to_owned(), json!({}))).collect();
    let config = api.config(&json!({
        "name": "reader",
        "regions": regions,
        "function": world.function(),
        "gateway": { "routes": ["$default", "GET /items", "POST /items"], "access_log": {} },
        "domain": { "name": "api.reads.example", "zone_id": zone.text("id"), "regional_names": true },
        "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 },
        "cdn": { "origin": "latency" },
    }));
    (zone, api, config)
}

/// The operation of a call and the object it names; equal for two calls that send the same request.
fn request(call: &Call) -> String {
    format!("{} {} {} {}", call.name(), call.region, call.path, call.subject)
}

fn count_by(calls: &[Call], key: impl Fn(&Call) -> String) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(key(call)).or_default() += 1;
    }
    counts
}

/// How often each list operation that covers several components was called in each region.
fn list_calls(calls: &[Call]) -> BTreeMap<String, usize> {
    // The names of these operations begin with "List", but each lists parts of a single object.
    let of_one_object =
        ["ListTagsForResource", "ListTagsForCertificate", "ListRolePolicies", "ListAttachedRolePolicies"];
    let is_list = |call: &&Call| {
        let name = call.operation.as_str();
        (name.starts_with("List") && !of_one_object.contains(&name))
            || ["GetApis", "GetRoutes", "GetIntegrations", "GetStages", "GetDomainNames", "GetApiMappings"]
                .contains(&name)
    };
    count_by(&calls.iter().filter(is_list).cloned().collect::<Vec<_>>(), |call| {
        format!("{} {}", call.name(), call.region)
    })
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a measurement, shown with --nocapture")]
async fn a_refresh_sends_no_request_twice() {
    let world = World::on(Options { all_regions: true, ..Options::in_memory() }).await;
    let (_zone, mut api, config) = ten_regions(&world).await;
    let began = Instant::now();
    world.apply(&mut api, &config).await;
    println!("apply, with two refreshes and plans: {} calls, {:?}", world.local.calls().len(), began.elapsed());
    for latency in [Duration::ZERO, Duration::from_millis(50)] {
        world.local.set_latency(latency);
        world.local.clear_calls();
        let began = Instant::now();
        world.refresh(&mut api).await;
        println!("refresh, {latency:?} a call: {} calls, {:?}", world.local.calls().len(), began.elapsed());
    }
    let calls = world.local.calls();
    for (name, times) in count_by(&calls, Call::name) {
        println!("{times:4} {name}");
    }
    let repeated: Vec<_> = count_by(&calls, request).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(repeated.is_empty(), "requests sent more than once: {repeated:#?}");
    let repeated_lists: Vec<_> = list_calls(&calls).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(repeated_lists.is_empty(), "lists requested more than once: {repeated_lists:#?}");
}
