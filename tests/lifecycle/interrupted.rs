//! Operations whose provider is killed, and tainted resources.

use super::configs::Config;
use super::kill_recovery::{Victim, kill};
use super::stage::Stage;

super::rows![
    a_killed_update_is_continued,
    a_killed_create_is_continued_with_fewer_regions,
    a_killed_destroy_is_continued,
    a_tainted_api_is_replaced,
];

/// Runs `command` and kills the provider when AWS has done `operation` for the `nth` time, before the response arrives.
async fn kill_at(stage: &Stage, command: &str, operation: &str, nth: usize) {
    let killed = kill(stage, command, Victim::Provider, |fault| fault.operation(operation).nth(nth)).await;
    killed.unwrap_or_else(|run| panic!("{operation} was not called: {}{}", run.stdout, run.stderr));
}

async fn a_killed_update_is_continued(stage: Stage) {
    let mut config = Config::latency();
    stage.apply(&config.hcl()).await;
    config.regions.remove("eu-central-1");
    config.regions.insert("ap-northeast-1", "{}");
    config.function.insert("memory_mb", "256".to_owned());
    stage.configure(&config.hcl()).await;
    kill_at(&stage, "apply", "lambda:PublishVersion", 1).await;

    stage.apply(&config.hcl()).await;
    assert_eq!(stage.ask_regions("/").await.len(), 3);
    stage.destroy().await;
}

async fn a_killed_create_is_continued_with_fewer_regions(stage: Stage) {
    let mut config = Config::latency();
    stage.configure(&config.hcl()).await;
    kill_at(&stage, "apply", "apigateway:CreateDomainName", 3).await;
    config.regions.remove("eu-central-1");
    stage.apply(&config.hcl()).await;
    let left = stage.aws.inventory().await.expect("the inventory is taken");
    let leftovers: Vec<&str> = left.keys().into_iter().filter(|key| key.starts_with("eu-central-1/")).collect();
    assert!(leftovers.is_empty(), "{leftovers:#?}");
    stage.destroy().await;
}

async fn a_killed_destroy_is_continued(stage: Stage) {
    let config = Config::latency();
    stage.apply(&config.hcl()).await;
    kill_at(&stage, "destroy", "lambda:DeleteFunction", 1).await;
    stage.destroy().await;
}

/// A host taints a resource after a failed provisioner, or when the user runs `taint`, and then replaces it as a whole.
async fn a_tainted_api_is_replaced(stage: Stage) {
    let mut config = Config::latency();
    config.regions.remove("eu-central-1");
    stage.apply(&config.hcl()).await;
    let before = stage.components().await;
    let taint = stage.workspace.run(&["taint", "multiregion_api.this"]).await.expect("taint runs");
    taint.ok().expect("it is tainted");
    stage.apply(&config.hcl()).await;
    assert_ne!(stage.components().await["us-east-1/http_api"]["id"], before["us-east-1/http_api"]["id"]);
    let taint = stage.workspace.run(&["taint", "multiregion_api.this"]).await.expect("taint runs");
    taint.ok().expect("it is tainted");
    stage.destroy().await;
}
