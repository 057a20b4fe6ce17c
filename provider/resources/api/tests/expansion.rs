//! What configurations expand into.

use super::super::testing::{config, expand, outline};
use crate::desired::Address;
use crate::resources::values::at;
use crate::wire::{Path, Value};

fn outlined(hcl: &str) -> String {
    outline(&expand(&config(hcl)).unwrap())
}

/// The spec of a component, as JSON.
fn spec(hcl: &str, address: &str) -> serde_json::Value {
    let address: Address = address.parse().unwrap();
    expand(&config(hcl)).unwrap().desired.get(&address).unwrap().spec.clone()
}

#[test]
fn one_region_without_a_domain() {
    insta::assert_snapshot!(outlined(super::ONE_REGION), @"");
}

#[test]
fn active_active_with_regional_names_and_a_drained_region() {
    insta::assert_snapshot!(outlined(super::ACTIVE_ACTIVE), @"");
}

#[test]
fn failover_between_two_regions() {
    insta::assert_snapshot!(outlined(super::FAILOVER), @"");
}

#[test]
fn cdn_over_an_origin_group_without_a_domain() {
    insta::assert_snapshot!(outlined(super::CDN_GROUP), @"");
}

#[test]
fn cdn_over_an_origin_group_with_a_domain() {
    insta::assert_snapshot!(outlined(super::CDN_GROUP_DOMAIN), @"");
}

#[test]
fn cdn_over_the_latency_name() {
    insta::assert_snapshot!(outlined(super::CDN_LATENCY), @"");
}

#[test]
fn certificates_and_role_brought_along() {
    insta::assert_snapshot!(outlined(super::BROUGHT_ALONG), @"");
}

#[test]
fn a_record_leaves_out_drained_regions_and_waits_for_the_others() {
    let record = spec(super::ACTIVE_ACTIVE, "global/record/api.ipgiraffe.com");
    insta::assert_snapshot!(serde_json::to_string_pretty(&record).unwrap(), @"");
}

#[test]
fn the_distribution_of_a_group_asks_the_primary_and_the_next_region() {
    let distribution = spec(super::CDN_GROUP, "global/distribution");
    insta::assert_snapshot!(serde_json::to_string_pretty(&distribution).unwrap(), @"");
}

#[test]
fn the_distribution_of_the_latency_name_sends_only_reads_to_its_group() {
    let distribution = spec(super::CDN_LATENCY, "global/distribution");
    assert_eq!(distribution["origins"]["latency"]["host"], "origin.api.example.com");
    assert_eq!(distribution["aliases"], serde_json::json!(["api.example.com"]));
    assert_eq!(distribution["default_behavior"], serde_json::json!({ "target": "latency", "writes": true }));
    assert_eq!(distribution["behaviors"], serde_json::json!([["/public/*", { "target": "regions", "writes": false }]]));
    assert_eq!(distribution["group"]["secondary"], "us-east-1");
}

#[test]
fn a_disabled_endpoint_is_probed_and_checked_by_its_regional_name() {
    let probe = spec(super::WEIGHTED, "us-west-2/probe");
    assert_eq!(probe["endpoint"]["$ref"], "us-west-2/domain/regional");
    assert_eq!(probe["host"], "us-west-2.api.example.com");
    assert_eq!(spec(super::WEIGHTED, "us-west-2/health_check")["host"], "us-west-2.api.example.com");
}

#[test]
fn a_version_is_new_when_what_it_freezes_is() {
    let fingerprint = |hcl: &str| spec(hcl, "us-east-1/version")["fingerprint"].clone();
    let before = fingerprint(super::CDN_LATENCY);
    assert!(before.is_string());
    let changed = |from: &str, to: &str| fingerprint(&super::CDN_LATENCY.replace(from, to)) != before;
    assert!(changed("python3.12", "python3.13"));
    assert!(changed("runtime =", "environment = { STAGE = \"test\" }, runtime ="));
    assert!(changed("runtime =", "role_arn = \"arn:aws:iam::123456789012:role/mine\", runtime ="));
    assert!(!changed("runtime =", "reserved_concurrency = 3, log_retention_days = 30, runtime ="));
    assert!(!changed("routing ", "tags = { a = \"b\" }\nrouting "));
    let unknown = fingerprint(&super::CDN_LATENCY.replace("\"src\"", "var.source"));
    assert_eq!(unknown, serde_json::json!({ "$unknown": true }));
}

#[test]
fn an_unknown_zone_makes_only_its_records_unknown() {
    let hcl = super::ACTIVE_ACTIVE.replace("\"Z0123456789\"", "multiregion_zone.this.id");
    let expansion = expand(&config(&hcl)).unwrap();
    assert!(expansion.addresses_known);
    let nodes = expansion.desired.nodes().iter();
    let unknown: Vec<String> = nodes
        .filter(|(_, node)| node.spec.to_string().contains("$unknown"))
        .map(|(address, _)| address.to_string())
        .collect();
    insta::assert_snapshot!(unknown.join("\n"), @"");
}

#[test]
fn an_unknown_name_makes_all_components_unknown() {
    let hcl = super::ACTIVE_ACTIVE.replace("\"api.ipgiraffe.com\"", "var.name");
    let config = config(&hcl);
    let expansion = expand(&config).unwrap();
    assert!(!expansion.addresses_known && expansion.desired.nodes().is_empty());
    let state = super::super::state::state(&config, &crate::plan::View::default());
    assert_eq!(at(&state, &Path::of("components")), &Value::Unknown);
    assert_eq!(at(&state, &Path::of("id")), &Value::String("ipgiraffe".to_owned()));
}

#[test]
fn the_role_may_do_what_is_switched_on() {
    let role = spec(super::WEIGHTED, "global/role");
    let policies: Vec<&String> = role["policies"].as_object().unwrap().keys().collect();
    assert_eq!(policies, ["logs", "tracing"]);
    assert!(role["policies"]["logs"].as_str().unwrap().contains(":log-group:/aws/lambda/giraffe-image:*"));
    let role = spec(super::ONE_REGION, "global/role");
    assert_eq!(role["policies"]["function"], r#"{"Statement":[],"Version":"2012-10-17"}"#);
}
