//! Creates and updates that fail half-way.

use std::time::Duration;

use strict_aws::{Effect, Fault};

use super::configs::Config;
use super::stage::Stage;

super::rows![
    a_failed_create_is_rolled_back,
    a_failed_create_with_keep_is_incomplete_and_continued,
    a_failed_update_is_continued,
    a_cancelled_create_is_continued,
    one_bad_region_does_not_stop_the_others,
    a_region_that_does_not_respond_is_drained,
];

async fn a_failed_create_is_rolled_back(stage: Stage) {
    let config = Config::bare(&["us-east-1", "us-west-2"]);
    stage.aws.inject(Fault::new(Effect::AccessDenied).operation("lambda:CreateFunction").region("us-west-2"));
    let error = stage.refused(&config.hcl()).await;
    for part in ["us-west-2/function", "AccessDenied", "nothing is left"] {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
    let left = stage.aws.inventory().await.expect("the inventory is taken");
    assert!(left.is_empty(), "left in AWS:\n{left:#?}");
    stage.aws.clear_faults();
    stage.apply(&config.hcl()).await;
    stage.destroy().await;
}

async fn a_failed_create_with_keep_is_incomplete_and_continued(stage: Stage) {
    let mut config = Config::latency();
    config.extra = "  on_create_failure = \"keep\"\n";
    stage.aws.inject(Fault::new(Effect::AccessDenied).operation("lambda:CreateFunction").region("us-west-2"));
    stage.configure(&config.hcl()).await;
    let run = stage.workspace.apply().await.expect("apply runs");
    assert!(run.success(), "with \"keep\", the failure must be a warning: {}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("us-west-2/function"), "the warning must name the object: {}", run.stdout);
    assert_eq!(stage.attributes("multiregion_api.this").await["status"], "incomplete");
    assert_eq!(stage.get("api.ipgiraffe.com", "/").await.status, 200, "the other regions must serve");

    stage.aws.clear_faults();
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.attributes("multiregion_api.this").await["status"], "ready");
    let created: Vec<String> = stage.writes().into_iter().filter(|call| call.contains(":CreateFunction ")).collect();
    assert_eq!(created, ["lambda:CreateFunction us-west-2"], "only the missing function must be created");
    stage.destroy().await;
}

async fn a_failed_update_is_continued(stage: Stage) {
    let mut config = Config::latency();
    stage.apply(&config.hcl()).await;
    config.function.insert("memory_mb", "256".to_owned());
    // A region of the last wave: without the first one, the others would not change.
    stage
        .aws
        .inject(Fault::new(Effect::AccessDenied).operation("lambda:UpdateFunctionConfiguration").region("us-west-2"));
    let error = stage.refused(&config.hcl()).await;
    assert!(error.contains("us-west-2/function"), "{error}");
    assert_eq!(stage.ask_regions("/").await.len(), 3, "every region must keep serving");
    stage.aws.clear_faults();
    let changes = stage.changes(&config.hcl()).await;
    assert!(
        changes.changed.iter().all(|address| address.starts_with("us-west-2/")),
        "the other regions must be up to date: {changes:?}"
    );
    stage.apply(&config.hcl()).await;
    stage.destroy().await;
}

async fn one_bad_region_does_not_stop_the_others(stage: Stage) {
    let mut config = Config::latency();
    config.regions.remove("eu-central-1");
    stage.apply(&config.hcl()).await;
    config.regions.insert("eu-central-1", "{}");
    config.regions.insert("ap-southeast-1", "{}");
    stage.aws.inject(Fault::new(Effect::AccessDenied).operation("lambda:CreateFunction").region("ap-southeast-1"));
    stage.refused(&config.hcl()).await;
    let records = stage.records().await;
    let serves = |region: &str| records.iter().any(|record| record["set"] == region);
    assert!(serves("eu-central-1") && serves("us-east-1") && !serves("ap-southeast-1"), "{records:?}");
    stage.aws.clear_faults();
    stage.apply(&config.hcl()).await;
    stage.destroy().await;
}

/// The control plane of a region accepts connections and never responds. A drain and a change of all regions are applied; the
/// region's own changes follow after the outage.
async fn a_region_that_does_not_respond_is_drained(stage: Stage) {
    let mut config = Config::latency();
    stage.apply(&config.hcl()).await;
    stage.aws.inject(Fault::new(Effect::Hangs).regional("us-west-2"));
    config.drained = &["us-west-2"];
    config.function.insert("memory_mb", "256".to_owned());
    stage.configure(&config.hcl()).await;
    let run = stage.workspace.apply().await.expect("apply runs");
    assert!(run.success(), "the apply must succeed: {}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("us-west-2 does not respond"), "the warning must name the region: {}", run.stdout);
    let is_drained = |record: &serde_json::Value| record["set"] != "us-west-2";
    assert!(stage.records().await.iter().all(is_drained), "the region must receive no traffic");
    let api = stage.attributes("multiregion_api.this").await;
    assert_eq!(api["status"], "degraded");
    let pending: Vec<&str> = api["pending"].as_array().into_iter().flatten().filter_map(|one| one.as_str()).collect();
    let is_there = |address: &&str| address.starts_with("us-west-2/");
    assert!(pending.contains(&"us-west-2/function") && pending.iter().all(is_there), "{pending:?}");
    stage.aws.clear_faults();
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.attributes("multiregion_api.this").await["status"], "ready");
    stage.destroy().await;
}

/// After Ctrl-C, no new step starts, running calls end, the state so far is saved, and the next apply continues.
async fn a_cancelled_create_is_continued(stage: Stage) {
    let config = Config::bare(&["us-east-1", "us-west-2"]);
    stage.configure(&config.hcl()).await;
    stage.aws.set_latency(Duration::from_millis(100));
    let apply = stage.workspace.start(&["apply", "-auto-approve", "-no-color"]).expect("apply starts");
    let created =
        || stage.aws.calls().iter().filter(|call| call.name() == "lambda:CreateFunction" && call.status < 300).count();
    while created() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    apply.group().interrupt();
    let run = apply.wait().await.expect("apply ends");
    assert!(!run.success() || run.stdout.contains("cancelled"), "{}{}", run.stdout, run.stderr);
    let api = stage.attributes("multiregion_api.this").await;
    assert_eq!(api["status"], "incomplete", "the state must contain what was created");
    let later = ["lambda:PublishVersion", "lambda:CreateAlias", "apigateway:CreateIntegration"];
    let later = stage.aws.calls().into_iter().filter(|call| later.contains(&call.name().as_str()));
    assert_eq!(later.count(), 0, "no new step must start");

    stage.aws.set_latency(Duration::ZERO);
    stage.apply(&config.hcl()).await;
    assert_eq!(created(), 2, "nothing must be created twice");
    assert_eq!(stage.attributes("multiregion_api.this").await["status"], "ready");
    stage.destroy().await;
}
