//! Routing policies, and changes from one to another.

use std::collections::BTreeMap;

use super::configs::Config;
use super::stage::Stage;

super::rows![the_routing_policy_changes_in_one_batch];

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

    // When the primary region is down, Route 53 routes to the secondary.
    stage.aws.set_down(&["us-east-1"]);
    let answer = stage.get("api.ipgiraffe.com", "/").await;
    assert!(answer.body.contains("us-west-2"), "{answer:?}");
    stage.aws.set_down(&[]);
    stage.destroy().await;
}
