//! `cdn.origin = "edge_function"` expands to the expected components, and its mistakes are reported.

use serde_json::{Value as Json, json};

use super::super::testing::{config, expand};
use super::CDN_EDGE;
use super::mistakes::validate;
use crate::components::lambda::edge_function::Settings;
use crate::desired::{Address, Desired};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn desired(hcl: &str) -> Desired {
    expand(&config(hcl)).unwrap().desired
}

fn spec(desired: &Desired, at: &str) -> Json {
    desired.get(&address(at)).unwrap_or_else(|| panic!("{at} is missing")).spec.clone()
}

#[test]
fn the_function_knows_the_serving_regions_the_primary_first() {
    let desired = desired(CDN_EDGE);
    let function = spec(&desired, "us-east-1/edge_function");
    let hosts = ["us-west-2.api.example.com", "us-east-1.api.example.com"];
    assert_eq!(function["settings"], json!({ "name": "origin.api.example.com", "hosts": hosts }));
    let hosts = hosts.map(str::to_owned).to_vec();
    let settings = Settings { name: "origin.api.example.com".to_owned(), hosts, sign: false };
    assert_eq!(function["digest"], settings.digest());
    let role = spec(&desired, "global/role/@edge");
    assert_eq!(role["services"], json!(["edgelambda.amazonaws.com", "lambda.amazonaws.com"]));
    assert_eq!((&role["name"], &role["policies"]), (&json!("giraffe@edge"), &json!({})));
}

#[test]
fn the_record_leads_to_the_names_of_the_regions() {
    let desired = desired(CDN_EDGE);
    let record = spec(&desired, "global/record/origin.api.example.com");
    assert_eq!(record["types"], json!(["CNAME"]));
    let west = &record["sets"]["us-west-2"];
    assert_eq!(west["value"]["target"], "us-west-2.api.example.com", "{record:#}");
    assert_eq!(west["value"]["target_zone_id"], "");
    assert!(record["sets"].get("eu-central-1").is_none(), "a drained region has no record set");
    let below = &desired.get(&address("global/record/origin.api.example.com")).unwrap();
    let below: Vec<_> = below.depends_on.iter().chain(&below.waits_for).collect();
    assert!(below.contains(&&address("global/record/us-west-2.api.example.com")), "{below:?}");
    let domains = desired.nodes().keys().filter(|address| address.kind == "domain");
    assert!(
        domains.clone().all(|address| address.key.as_deref() == Some("regional")),
        "no region serves the shared name"
    );
    assert_eq!(domains.count(), 3);
}

#[test]
fn every_behavior_without_a_region_of_its_own_calls_the_function() {
    let distribution = spec(&desired(CDN_EDGE), "global/distribution");
    let function = json!({ "$ref": "us-east-1/edge_function", "output": "version_arn" });
    assert_eq!(distribution["origins"]["edge"]["host"], "us-west-2.api.example.com");
    let default = &distribution["default_behavior"];
    assert_eq!((&default["target"], &default["writes"]), (&json!("edge"), &json!(true)));
    assert_eq!(default["origin_request_function"], function);
    for behavior in distribution["behaviors"].as_array().unwrap() {
        let (pattern, behavior) = (behavior[0].as_str().unwrap(), &behavior[1]);
        let expected = if pattern == "/v1/west/*" { None } else { Some(&function) };
        assert_eq!(behavior.get("origin_request_function"), expected, "{pattern}");
    }
    assert_eq!(distribution["groups"], json!([]));
}

#[test]
fn a_function_that_signs_may_call_the_apis_and_receives_bodies() {
    let signing = CDN_EDGE.replace("\"edge_function\"", "\"edge_function\"\n  sign_requests = true");
    let desired = desired(&signing);
    let function = spec(&desired, "us-east-1/edge_function");
    assert_eq!(function["settings"]["sign"], true);
    let policy = spec(&desired, "global/role/@edge")["policies"]["invoke"].as_str().unwrap().to_owned();
    assert!(policy.contains("execute-api:Invoke") && policy.contains(":execute-api:us-west-2:"), "{policy}");
    let distribution = spec(&desired, "global/distribution");
    assert_eq!(distribution["default_behavior"]["origin_request_body"], true);
    for behavior in distribution["behaviors"].as_array().unwrap() {
        assert_eq!(
            behavior[1].get("origin_request_body"),
            behavior[1].get("origin_request_function").map(|_| &json!(true))
        );
    }
}

#[test]
fn another_origin_has_no_function() {
    let desired = desired(&CDN_EDGE.replace("edge_function", "latency"));
    assert!(
        desired
            .nodes()
            .keys()
            .all(|address| address.kind != "edge_function" && address.key.as_deref() != Some("@edge"))
    );
    let distribution = spec(&desired, "global/distribution");
    assert!(distribution["default_behavior"].get("origin_request_function").is_none());
}

#[test]
fn mistakes_are_reported() {
    const NAMED: &str = "domain = { regional_names = true }";
    let edge = |more: &str| format!("cdn = {{ origin = \"edge_function\" {more} }}");
    assert_eq!(validate(&edge(""), false), ["Edge function without a domain @ cdn.origin"]);
    assert_eq!(validate(&edge(""), true), ["Edge function without regional names @ domain.regional_names"]);
    for (hcl, expected) in [
        (edge(""), ""),
        (edge("") + "\nfunctions = {}", ""),
        (
            edge(", group_order = [\"us-east-1\", \"us-west-2\"]"),
            "Group order without an origin group @ cdn.group_order",
        ),
        (edge(", aliases = [\"origin.api.example.com\"]"), "Alias in use @ cdn.aliases[0]"),
        (edge(", sign_requests = true"), ""),
        (
            edge(", client_certificate_arn = \"arn:aws:acm:us-east-1:1:certificate/a\""),
            "Client certificate with an edge function @ cdn.client_certificate_arn",
        ),
        (
            "cdn = { origin = \"latency\", sign_requests = true }".to_owned(),
            "Signed requests without an edge function @ cdn.sign_requests",
        ),
        (edge(", origin_shield = {}"), "Origin Shield decides the region @ cdn.origin_shield"),
    ] {
        let expected: Vec<&str> = Some(expected).filter(|text| !text.is_empty()).into_iter().collect();
        assert_eq!(validate(&format!("{NAMED}\n{hcl}"), true), expected, "{hcl}");
    }
    let with_path = "domain = { regional_names = true, base_path = \"v1\" }";
    assert_eq!(validate(&format!("{with_path}\n{}", edge("")), true), [""; 0], "every region has the base path");
    let iam = "gateway = { protocol = \"rest\", authorizers = { aws = { kind = \"iam\" } } }";
    let found = validate(&format!("{NAMED}\n{iam}\n{}", edge("")), true);
    let warning = "IAM authorization through CloudFront @ gateway.authorizers[\"aws\"].kind".to_owned();
    assert!(found.contains(&warning), "{found:?}");
    let found = validate(&format!("{NAMED}\n{iam}\n{}", edge(", sign_requests = true")), true);
    assert!(!found.contains(&warning), "{found:?}");
}

#[test]
fn a_primary_record_of_type_cname_needs_a_health_check() {
    let hcl = r#"
        regions = { "us-east-1" = { primary = true } }
        domain  = { regional_names = true }
        routing = { policy = "failover", evaluate_target_health = false }
        cdn     = { origin = "edge_function" }
    "#;
    let found = validate(hcl, true);
    assert!(found.contains(&"Primary region without a health check @ cdn.origin".to_owned()), "{found:?}");
    let healthy = hcl.replace("failover\",", "failover\", health_check = {},");
    assert_eq!(validate(&healthy, true), [""; 0]);
}
