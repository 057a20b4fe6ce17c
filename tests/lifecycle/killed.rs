//! A provider that is killed, and resources that the host has given up on.

use super::configs::Config;
use super::kills::{Victim, kill};
use super::stage::Stage;

super::rows![
    a_killed_update_goes_on,
    a_killed_create_goes_on_with_less,
    a_killed_destroy_goes_on,
    a_tainted_api_is_replaced,
];

/// Applies, and kills the provider as soon as `operation` was done for the `nth` time: AWS did it, nobody heard of it.
async fn kill_at(stage: &Stage, command: &str, operation: &str, nth: usize) {
    let killed = kill(stage, command, Victim::Provider, |fault| fault.operation(operation).nth(nth)).await;
    killed.unwrap_or_else(|run| panic!("{operation} was not reached: {}{}", run.stdout, run.stderr));
}

async fn a_killed_update_goes_on(stage: Stage) {
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

async fn a_killed_create_goes_on_with_less(stage: Stage) {
    let mut config = Config::latency();
    stage.configure(&config.hcl()).await;
    kill_at(&stage, "apply", "apigateway:CreateDomainName", 3).await;
    config.regions.remove("eu-central-1");
    stage.apply(&config.hcl()).await;
    let left = stage.aws.inventory().await.expect("the inventory is taken");
    let forgotten: Vec<&str> = left.keys().into_iter().filter(|key| key.starts_with("eu-central-1/")).collect();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
    stage.destroy().await;
}

async fn a_killed_destroy_goes_on(stage: Stage) {
    let config = Config::latency();
    stage.apply(&config.hcl()).await;
    kill_at(&stage, "destroy", "lambda:DeleteFunction", 1).await;
    stage.destroy().await;
}

/// What the host does after a provisioner failed, or when the user says `taint`: the whole resource is made anew.
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
