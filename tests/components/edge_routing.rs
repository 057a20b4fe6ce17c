//! The function that chooses a region, on Node.js: a routing table in, origins out.

use std::collections::BTreeMap;

use multiregion::components::cloudfront::key_values::{Route, Spec, Steering, table};
use multiregion::components::cloudfront::viewer_function::routing_code;
use multiregion::desired::{Gated, Input};
use serde_json::{Value as Json, json};
use strict_aws::{Decision, FunctionRuntime, Invocation};

/// The regions of the distribution.
const ORIGINS: [&str; 3] = ["ap-northeast-1", "eu-central-1", "us-east-1"];

/// A table of regions: name, whether it is the primary region, weight, countries.
fn keys(steering: Steering, regions: &[(&str, bool, i64, &[&str])]) -> BTreeMap<String, String> {
    let route = |(name, primary, weight, countries): &(&str, bool, i64, &[&str])| {
        let countries = countries.iter().map(|code| (*code).to_owned()).collect();
        let value = Route { primary: *primary, weight: Input::Known(*weight), countries };
        ((*name).to_owned(), Gated { ready: Vec::new(), value })
    };
    table(&Spec {
        store_arn: Input::from("arn"),
        steering,
        regions: regions.iter().map(route).collect(),
        failover_status_codes: vec![502, 503],
        drain_seconds: 0,
        deviations: Default::default(),
    })
}

fn event(method: &str, address: &str, country: Option<&str>) -> Json {
    let mut headers = json!({});
    if let Some(country) = country {
        headers["cloudfront-viewer-country"] = json!({ "value": country });
    }
    let request = json!({ "method": method, "uri": "/", "querystring": {}, "headers": headers, "cookies": {} });
    json!({ "version": "1.0", "context": {}, "viewer": { "ip": address }, "request": request })
}

fn run(runtime: &FunctionRuntime, keys: &BTreeMap<String, String>, edge_region: &str, event: Json) -> Decision {
    let code = routing_code(ORIGINS);
    let decision = runtime.run(&Invocation { code: &code, keys, edge_region, event: event.clone() }).unwrap();
    assert_eq!(decision.value, event["request"], "the request must not change");
    decision
}

fn origins(runtime: &FunctionRuntime, keys: &BTreeMap<String, String>, edge: &str, event: Json) -> String {
    run(runtime, keys, edge, event).origins.join(" ")
}

#[test]
fn requests_go_to_the_region_that_is_nearest_to_the_edge_location() {
    let runtime = FunctionRuntime::default();
    let all: Vec<(&str, bool, i64, &[&str])> = ORIGINS.iter().map(|name| (*name, false, 1, &[][..])).collect();
    let keys = keys(Steering::Edge, &all);
    for (edge, method, expected) in [
        ("eu-west-1", "POST", "eu-central-1"),
        ("eu-west-1", "DELETE", "eu-central-1"),
        ("eu-west-1", "GET", "eu-central-1 us-east-1"),
        ("us-west-2", "HEAD", "us-east-1 ap-northeast-1"),
        ("ap-southeast-2", "PUT", "ap-northeast-1"),
        // A regional cache that the provider does not list yet.
        ("xx-new-1", "PATCH", "ap-northeast-1"),
    ] {
        assert_eq!(origins(&runtime, &keys, edge, event(method, "192.0.2.1", None)), expected, "{edge} {method}");
    }
    let read = run(&runtime, &keys, "eu-west-1", event("GET", "192.0.2.1", None));
    assert_eq!(read.status_codes, [502, 503]);
}

#[test]
fn requests_go_to_the_region_of_the_country() {
    let runtime = FunctionRuntime::default();
    let regions: [(&str, bool, i64, &[&str]); 3] =
        [("ap-northeast-1", false, 1, &["JP"]), ("eu-central-1", false, 1, &["AT", "DE"]), ("us-east-1", true, 1, &[])];
    let table = keys(Steering::Country, &regions);
    for (country, expected) in [
        (Some("DE"), "eu-central-1"),
        (Some("JP"), "ap-northeast-1"),
        (Some("BR"), "us-east-1"),
        // The letters of two neighbouring codes are no country.
        (Some("TD"), "us-east-1"),
        (None, "us-east-1"),
    ] {
        assert_eq!(
            origins(&runtime, &table, "us-east-1", event("POST", "192.0.2.1", country)),
            expected,
            "{country:?}"
        );
    }
    // Without its region, the clients of a country go to the region of all others.
    let drained = keys(Steering::Country, &regions[1..]);
    assert_eq!(origins(&runtime, &drained, "us-east-1", event("POST", "192.0.2.1", Some("JP"))), "us-east-1");
}

#[test]
fn requests_are_divided_by_weight_and_a_client_stays_in_its_region() {
    let runtime = FunctionRuntime::default();
    let table = keys(
        Steering::Weight,
        &[("ap-northeast-1", false, 0, &[]), ("eu-central-1", false, 30, &[]), ("us-east-1", false, 10, &[])],
    );
    let client = |n: usize| event("POST", &format!("198.51.{}.{}", n / 200, n % 200), None);
    let mut counts = BTreeMap::<String, usize>::new();
    let chosen: Vec<String> = (0..400).map(|n| origins(&runtime, &table, "us-east-1", client(n))).collect();
    for (n, region) in chosen.iter().enumerate() {
        assert_eq!(&origins(&runtime, &table, "ap-south-1", client(n)), region, "another edge location");
        *counts.entry(region.clone()).or_default() += 1;
    }
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["eu-central-1", "us-east-1"]);
    assert!((260..340).contains(&counts["eu-central-1"]), "{counts:?}");

    // Another region takes its share of both, and its drain moves only its own clients.
    let more = keys(
        Steering::Weight,
        &[("ap-northeast-1", false, 40, &[]), ("eu-central-1", false, 30, &[]), ("us-east-1", false, 10, &[])],
    );
    let moved = (0..400).filter(|n| {
        let region = origins(&runtime, &more, "us-east-1", client(*n));
        assert!(region == "ap-northeast-1" || region == chosen[*n], "{region}");
        region == "ap-northeast-1"
    });
    assert!((160..240).contains(&moved.count()));
    let idle = keys(Steering::Weight, &[("eu-central-1", false, 0, &[]), ("us-east-1", true, 0, &[])]);
    assert_eq!(origins(&runtime, &idle, "us-east-1", event("POST", "192.0.2.1", None)), "us-east-1");
}

#[test]
fn requests_go_to_the_primary_region() {
    let runtime = FunctionRuntime::default();
    let table = keys(Steering::Order, &[("ap-northeast-1", false, 1, &[]), ("us-east-1", true, 1, &[])]);
    assert_eq!(origins(&runtime, &table, "ap-south-1", event("POST", "192.0.2.1", None)), "us-east-1");
    assert_eq!(origins(&runtime, &table, "ap-south-1", event("GET", "192.0.2.1", None)), "us-east-1 ap-northeast-1");
}

#[test]
fn requests_go_to_the_default_origin_without_a_table() {
    let runtime = FunctionRuntime::default();
    let table = |routes: &str| BTreeMap::from([("routes".to_owned(), routes.to_owned())]);
    // The last region is not yet an origin of the distribution.
    let unknown = keys(Steering::Order, &[("sa-east-1", false, 1, &[])]);
    for (name, keys) in
        [("no keys", BTreeMap::new()), ("no JSON", table("?")), ("no table", table("{}")), ("unknown", unknown)]
    {
        assert_eq!(origins(&runtime, &keys, "us-east-1", event("GET", "192.0.2.1", None)), "", "{name}");
    }
    let without_regions = run(&runtime, &keys(Steering::Edge, &[]), "us-east-1", event("GET", "192.0.2.1", None));
    assert!(without_regions.origins.is_empty());
}

/// AWS, "JavaScript runtime 2.0 features for CloudFront Functions": Node.js accepts more than the runtime.
#[test]
fn the_code_uses_only_what_the_runtime_has() {
    let code = routing_code(ORIGINS);
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    for missing in
        ["class ", "...", " of ", "?.", "??", "import(", "require", "eval", "Function(", "setTimeout", "fetch", "`"]
    {
        assert!(!code.contains(missing), "{missing:?}");
    }
    assert_eq!(code.matches("import ").count(), 1);
    assert!(code.starts_with("import cf from 'cloudfront';"));
}
