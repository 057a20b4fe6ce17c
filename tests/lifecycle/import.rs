//! Import by name; the plan of the same configuration is empty then.

use super::configs::Config;
use super::stage::Stage;

super::rows![what_was_forgotten_is_imported, what_is_left_out_stays_left_out];

async fn what_was_forgotten_is_imported(stage: Stage) {
    let config = Config::latency();
    stage.apply(&config.hcl()).await;
    let before = stage.components().await;
    for address in ["multiregion_api.this", "multiregion_zone.this"] {
        stage
            .workspace
            .run(&["state", "rm", address])
            .await
            .and_then(|run| run.ok().map_err(std::io::Error::other))
            .expect("forgotten");
    }
    let refused = stage.refused(&config.hcl()).await;
    assert!(refused.contains("import"), "making it again is refused, and import is named: {refused}");

    for (address, id) in [("multiregion_zone.this", "ipgiraffe.com"), ("multiregion_api.this", "ipgiraffe")] {
        let run = stage.workspace.run(&["import", "-no-color", address, id]).await.expect("import runs");
        run.ok().unwrap_or_else(|failed| panic!("{failed}"));
    }
    stage.assert_nothing_to_do().await;
    assert_eq!(stage.components().await, before, "the same objects");

    let mut drained = config.clone();
    drained.regions.insert("us-west-2", r#"{ traffic = "drained" }"#);
    stage.apply(&drained.hcl()).await;
    stage.destroy().await;
}

/// An import cannot know which defaults the configuration spells out: either way, nothing is to be done.
async fn what_is_left_out_stays_left_out(stage: Stage) {
    let plain = Config { zone: true, ..Config::bare(&["us-east-1", "us-west-2"]) };
    let mut group = plain.clone();
    group.more = "  cdn = { origin = \"group\" }\n";
    let mut spelled = group.clone();
    for (name, value) in [("memory_mb", "128"), ("timeout_seconds", "10"), ("tracing", "false")] {
        spelled.function.insert(name, value.to_owned());
    }
    spelled.more = r#"
  cdn                 = { origin = "group", failover_status_codes = [502, 503, 504], price_class = "PriceClass_All" }
  gateway             = { routes = ["$default"] }
  tags                = {}
  deletion_protection = false
  on_create_failure   = "rollback"
"#;
    for (made, same) in [(plain, None), (group, Some(spelled))] {
        stage.apply(&made.hcl()).await;
        for (address, id) in [("multiregion_zone.this", "ipgiraffe.com"), ("multiregion_api.this", "ipgiraffe")] {
            stage.workspace.run(&["state", "rm", address]).await.expect("state rm runs");
            let run = stage.workspace.run(&["import", "-no-color", address, id]).await.expect("import runs");
            run.ok().unwrap_or_else(|failed| panic!("{failed}"));
        }
        stage.assert_nothing_to_do().await;
        if let Some(same) = same {
            stage.configure(&same.hcl()).await;
            stage.assert_nothing_to_do().await;
        }
    }
    stage.destroy().await;
}
