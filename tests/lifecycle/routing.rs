//! Routing policies, and changes from one to another.

use std::collections::BTreeMap;

use super::configs::Config;
use super::stage::Stage;

super::rows![
    the_routing_policy_changes_in_one_batch,
    clients_are_routed_by_location_and_to_secondary_regions,
    clients_are_routed_by_their_address_and_by_alarms,
];

async fn the_routing_policy_changes_in_one_batch(stage: Stage) {
    let mut config = Config::latency();
    config.regions = BTreeMap::from([("us-east-1", "{ primary = true }"), ("us-west-2", "{}")]);
    for (policy, expected) in
        [("failover", "Failover"), ("latency", "Latency"), ("weighted", "Weighted"), ("failover", "Failover")]
    {
        let routing = format!(r#"policy = "{policy}", health_check = {{ path = "/health" }}, drain_seconds = 1"#);
        config.routing = Some(Box::leak(routing.into_boxed_str()));
        stage.aws.clear_calls();
        stage.apply(&config.hcl()).await;
        let batches = stage.writes().into_iter().filter(|call| call.starts_with("route53:ChangeResourceRecordSets"));
        if policy != "failover" {
            assert_eq!(batches.count(), 1, "the policy must change in one batch");
        }
        let records = stage.records().await;
        assert_eq!(records.len(), 4, "expected A and AAAA for two regions: {records:?}");
        assert!(
            records.iter().all(|record| record["policy"].get(expected).is_some() && record["health_check"].is_string()),
            "{records:?}"
        );
        assert_eq!(stage.get("api.ipgiraffe.com", "/").await.status, 200);
    }

    // When the primary region is down, Route 53 routes to the secondary, as the data source predicts.
    stage.apply(&format!("{}{OUTAGE}", config.hcl())).await;
    let outputs = stage.workspace.outputs().await.expect("outputs are read");
    assert_eq!(outputs["regions"], serde_json::json!({ "oregon": "us-west-2", "virginia": "us-west-2" }));
    assert_eq!(outputs["unserved"], serde_json::json!([]));
    stage.aws.set_down(&["us-east-1"]);
    let answer = stage.get("api.ipgiraffe.com", "/").await;
    assert!(answer.body.contains("us-west-2"), "{answer:?}");
    stage.aws.set_down(&[]);
    stage.destroy().await;
}

/// Who responds while us-east-1 is down.
const OUTAGE: &str = r#"
data "multiregion_traffic" "outage" {
  url        = multiregion_api.this.url
  down       = ["us-east-1"]
  clients    = { virginia = { region = "us-east-1" }, oregon = { region = "us-west-2", country = "US-OR" } }
  depends_on = [multiregion_api.this]
}

output "regions" {
  value = { for name, answer in data.multiregion_traffic.outage.answers : name => answer.region }
}

output "unserved" {
  value = data.multiregion_traffic.outage.unserved
}
"#;

/// Each client, described by headers, and the region that must answer it.
async fn assert_answers(stage: &Stage, expected: &[(&str, &str)]) {
    for (client, region) in expected {
        assert_eq!(stage.answered_by(client).await, *region, "{client}");
    }
}

/// The text of a configuration that a row builds.
fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn checked(policy: &str) -> &'static str {
    leak(format!(
        "policy = \"{policy}\", health_check = {{ path = \"/health\", calculated = {{ threshold = 1 }} }}, drain_seconds = 1"
    ))
}

/// From latency to geolocation, to failover with two secondary regions, and to weights, each by one update; an outage moves
/// clients under each policy.
async fn clients_are_routed_by_location_and_to_secondary_regions(stage: Stage) {
    let mut config = Config::latency();
    stage.apply(&config.hcl()).await;
    let (germany, virginia, oregon) = ("region: eu-central-1", "region: us-east-1", "region: us-west-2");
    let nearest = [(germany, "eu-central-1"), (virginia, "us-east-1"), (oregon, "us-west-2")];
    assert_answers(&stage, &nearest).await;

    config.regions = BTreeMap::from([
        ("us-east-1", r#"{ locations = ["*"] }"#),
        ("us-west-2", r#"{ locations = ["US-WA", "AS"] }"#),
        ("eu-central-1", r#"{ locations = ["EU", "BR"] }"#),
    ]);
    config.routing = Some(checked("geolocation"));
    stage.apply(&config.hcl()).await;
    let by_location = [
        ("location: US-WA", "us-west-2"),
        ("location: US-OR", "us-east-1"),
        ("location: JP", "us-west-2"),
        ("location: BR", "eu-central-1"),
        ("location: FR", "eu-central-1"),
        (germany, "eu-central-1"),
        (oregon, "us-east-1"),
    ];
    assert_answers(&stage, &by_location).await;
    stage.aws.set_down(&["eu-central-1"]);
    assert_answers(&stage, &[("location: FR", "us-east-1"), ("location: JP", "us-west-2")]).await;
    stage.aws.set_down(&[]);

    config.regions = BTreeMap::from([("us-east-1", "{ primary = true }"), ("us-west-2", "{}"), ("eu-central-1", "{}")]);
    config.routing = Some(checked("failover"));
    stage.apply(&config.hcl()).await;
    assert_answers(&stage, &[(germany, "us-east-1"), (oregon, "us-east-1")]).await;
    stage.aws.set_down(&["us-east-1"]);
    assert_answers(&stage, &[(germany, "eu-central-1"), (oregon, "us-west-2")]).await;
    stage.aws.set_down(&["us-east-1", "us-west-2"]);
    assert_answers(&stage, &[(germany, "eu-central-1"), (oregon, "eu-central-1")]).await;
    stage.aws.set_down(&[]);
    let parent = stage.attributes(API).await["health_check_id"].clone();
    assert_eq!(parent, stage.components().await["global/calculated_health_check"]["id"]);
    reimport(&stage).await;

    config.regions = BTreeMap::from([
        ("us-east-1", "{ weight = 0 }"),
        ("us-west-2", "{ weight = 0 }"),
        ("eu-central-1", "{ weight = 1 }"),
    ]);
    config.routing = Some(checked("weighted"));
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    let writes = stage.writes();
    let batches = writes.iter().filter(|call| call.starts_with("route53:ChangeResourceRecordSets"));
    assert_eq!(batches.count(), 2, "one batch moves the clients, one deletes the secondary name: {writes:#?}");
    assert_answers(&stage, &[(oregon, "eu-central-1"), (virginia, "eu-central-1")]).await;
    stage.aws.set_down(&["eu-central-1"]);
    assert!(stage.answered_by(oregon).await.starts_with("us-"));
    stage.aws.set_down(&[]);
    stage.destroy().await;
}

/// Removes the API from the state and imports it; the plan must be empty.
async fn reimport(stage: &Stage) {
    for args in [&["state", "rm", API][..], &["import", "-no-color", API, "ipgiraffe"]] {
        let run = stage.workspace.run(args).await.expect("the command runs");
        run.ok().unwrap_or_else(|failed| panic!("{failed}"));
    }
    stage.assert_nothing_to_do().await;
}

const API: &str = "multiregion_api.this";

async fn clients_are_routed_by_their_address_and_by_alarms(stage: Stage) {
    let mut config = Config::latency();
    config.regions = BTreeMap::from([
        ("us-east-1", r#"{ cidrs = ["*"], health_alarm = { name = "errors" } }"#),
        (
            "us-west-2",
            r#"{ cidrs = ["203.0.113.0/24", "2001:db8::/32"], health_alarm = { name = "errors", region = "us-east-1" } }"#,
        ),
    ]);
    config.routing = Some(r#"policy = "ip_based", drain_seconds = 1"#);
    stage.apply(&config.hcl()).await;
    let (inside, outside) = ("address: 203.0.113.7", "address: 192.0.2.1");
    assert_answers(&stage, &[(inside, "us-west-2"), ("address: 2001:db8::9", "us-west-2"), (outside, "us-east-1")])
        .await;
    reimport(&stage).await;

    // The block moves to another region.
    config.regions = BTreeMap::from([
        ("us-east-1", r#"{ cidrs = ["*", "203.0.113.0/24"] }"#),
        ("us-west-2", r#"{ cidrs = ["2001:db8::/32"], health_alarm = { name = "errors", region = "us-east-1" } }"#),
    ]);
    stage.apply(&config.hcl()).await;
    assert_answers(&stage, &[(inside, "us-east-1"), ("address: 2001:db8::9", "us-west-2")]).await;
    stage.aws.set_alarm("us-east-1", "errors", "ALARM");
    assert_answers(&stage, &[("address: 2001:db8::9", "us-east-1")]).await;
    stage.aws.set_alarm("us-east-1", "errors", "OK");

    config.regions = BTreeMap::from([("us-east-1", "{ bias = 99 }"), ("us-west-2", "{}")]);
    config.routing = Some(r#"policy = "geoproximity", drain_seconds = 1"#);
    stage.apply(&config.hcl()).await;
    assert_answers(&stage, &[("region: us-west-1", "us-east-1"), ("region: us-west-2", "us-west-2")]).await;
    reimport(&stage).await;
    stage.destroy().await;
}
