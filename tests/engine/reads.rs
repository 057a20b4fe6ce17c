//! How often AWS is asked: nothing twice in one refresh, and a list once for all whom it answers.

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

/// An API in ten regions with nearly everything that there is.
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

/// What one call asks, of whom.
fn question(call: &Call) -> String {
    format!("{} {} {} {}", call.name(), call.region, call.path, call.subject)
}

fn counted(calls: &[Call], what: impl Fn(&Call) -> String) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for call in calls {
        *counted.entry(what(call)).or_default() += 1;
    }
    counted
}

/// Calls that answer for several components: how often each was made in each region.
fn lists(calls: &[Call]) -> BTreeMap<String, usize> {
    // Of the others that AWS calls lists, one is of the versions of one function, one of the tags of one object, and one is
    // asked for one name.
    let of_one = ["ListTagsForResource", "ListTagsForCertificate", "ListRolePolicies", "ListAttachedRolePolicies"];
    let is_list = |call: &&Call| {
        let name = call.operation.as_str();
        (name.starts_with("List") && !of_one.contains(&name))
            || ["GetApis", "GetRoutes", "GetIntegrations", "GetStages", "GetDomainNames", "GetApiMappings"]
                .contains(&name)
    };
    counted(&calls.iter().filter(is_list).cloned().collect::<Vec<_>>(), |call| {
        format!("{} {}", call.name(), call.region)
    })
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "with --nocapture it is a measurement")]
async fn a_refresh_asks_nothing_twice() {
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
    for (name, times) in counted(&calls, Call::name) {
        println!("{times:4} {name}");
    }
    let twice: Vec<_> = counted(&calls, question).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(twice.is_empty(), "asked more than once: {twice:#?}");
    let again: Vec<_> = lists(&calls).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(again.is_empty(), "listed more than once: {again:#?}");
}
