//! Resources that are replaced as a whole, and deletion protection.

use super::configs::Config;
use super::stage::Stage;

super::rows![
    a_renamed_api_is_replaced_and_the_old_one_is_deleted,
    an_api_is_replaced_on_request,
    a_zone_is_replaced_on_request_and_when_renamed,
    a_protected_api_is_neither_destroyed_nor_replaced
];

/// The keys of all objects in AWS.
async fn names(stage: &Stage) -> Vec<String> {
    let inventory = stage.aws.inventory().await.expect("the inventory is taken");
    inventory.keys().into_iter().map(str::to_owned).collect()
}

async fn a_renamed_api_is_replaced_and_the_old_one_is_deleted(stage: Stage) {
    let mut config = Config::latency();
    config.regions.remove("eu-central-1");
    stage.apply(&config.hcl()).await;
    let before = names(&stage).await.len();
    stage.apply(&config.hcl().replace("\"ipgiraffe\"", "\"okapi\"")).await;
    let after = names(&stage).await;
    assert_eq!(after.len(), before, "the number of objects has changed: {after:#?}");
    assert!(!after.iter().any(|name| name.ends_with("ipgiraffe")), "objects of the old name are left: {after:#?}");
    assert_eq!(stage.get("api.ipgiraffe.com", "/").await.status, 200);
    stage.destroy().await;
}

async fn an_api_is_replaced_on_request(stage: Stage) {
    let mut config = Config::latency();
    config.regions.remove("eu-central-1");
    stage.apply(&config.hcl()).await;
    let before = stage.components().await;
    replace(&stage, "multiregion_api.this").await;
    assert_ne!(stage.components().await["us-east-1/http_api"]["id"], before["us-east-1/http_api"]["id"]);
    let apis = names(&stage)
        .await
        .into_iter()
        .filter(|name| name.contains("/apigateway/api/") && name.split('/').count() == 4)
        .count();
    assert_eq!(apis, 2, "expected one API for each region");
    stage.destroy().await;
}

async fn replace(stage: &Stage, address: &str) {
    let replace = format!("-replace={address}");
    let run = stage.workspace.run(&["apply", "-json", "-auto-approve", &replace]).await.expect("apply runs");
    run.ok().unwrap_or_else(|failed| panic!("{failed}"));
    stage.assert_nothing_to_do().await;
}

async fn a_zone_is_replaced_on_request_and_when_renamed(stage: Stage) {
    let zone = |name: &str| format!("resource \"multiregion_zone\" \"this\" {{ name = \"{name}\" }}");
    stage.apply(&zone("ipgiraffe.com")).await;
    let first = stage.attributes("multiregion_zone.this").await["id"].clone();
    replace(&stage, "multiregion_zone.this").await;
    assert_ne!(stage.attributes("multiregion_zone.this").await["id"], first);
    stage.apply(&zone("okapi.example")).await;
    let zones = names(&stage).await.into_iter().filter(|name| name.contains("/route53/zone/")).count();
    assert_eq!(zones, 1, "the old zone must be deleted");
    stage.destroy().await;
}

async fn a_protected_api_is_neither_destroyed_nor_replaced(stage: Stage) {
    let mut config = Config::bare(&["us-east-1"]);
    config.extra = "  deletion_protection = true\n";
    stage.apply(&config.hcl()).await;
    let held = names(&stage).await;
    for args in [
        &["destroy", "-auto-approve", "-no-color"][..],
        &["apply", "-auto-approve", "-no-color", "-replace=multiregion_api.this"],
    ] {
        let run = stage.workspace.run(args).await.expect("it runs");
        assert!(!run.success() && run.stderr.contains("protected"), "{args:?}: {}{}", run.stdout, run.stderr);
    }
    let renamed = stage.refused(&config.hcl().replace("\"ipgiraffe\"", "\"okapi\"")).await;
    assert!(renamed.contains("protected"), "{renamed}");
    assert_eq!(names(&stage).await, held, "AWS must not be changed");
    config.extra = "";
    stage.apply(&config.hcl()).await;
    stage.destroy().await;
}
