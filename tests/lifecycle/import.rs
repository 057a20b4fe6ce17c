//! Imports by name, after which the plan of the same configuration is empty.

use super::configs::Config;
use super::stage::Stage;

super::rows![
    resources_removed_from_the_state_are_imported,
    an_import_needs_no_change_with_or_without_explicit_defaults
];

async fn resources_removed_from_the_state_are_imported(stage: Stage) {
    let config = Config::latency();
    stage.apply(&config.hcl()).await;
    let before = stage.components().await;
    for address in ["multiregion_api.this", "multiregion_zone.this"] {
        let run = stage.workspace.run(&["state", "rm", address]).await.expect("state rm runs");
        run.ok().unwrap_or_else(|failed| panic!("{failed}"));
    }
    let refused = stage.refused(&config.hcl()).await;
    assert!(refused.contains("import"), "the create must be refused with a hint at import: {refused}");

    for (address, id) in [("multiregion_zone.this", "ipgiraffe.com"), ("multiregion_api.this", "ipgiraffe")] {
        let run = stage.workspace.run(&["import", "-no-color", address, id]).await.expect("import runs");
        run.ok().unwrap_or_else(|failed| panic!("{failed}"));
    }
    stage.assert_nothing_to_do().await;
    assert_eq!(stage.components().await, before, "the import must find the same objects");

    let mut drained = config.clone();
    drained.drained = &["us-west-2"];
    stage.apply(&drained.hcl()).await;
    stage.destroy().await;
}

/// An import cannot determine which defaults the configuration sets explicitly; the plan is empty in both cases.
async fn an_import_needs_no_change_with_or_without_explicit_defaults(stage: Stage) {
    let plain = Config { zone: true, ..Config::bare(&["us-east-1", "us-west-2"]) };
    let mut group = plain.clone();
    group.extra = "  cdn = { origin = \"group\" }\n";
    let mut explicit = group.clone();
    for (name, value) in [("memory_mb", "128"), ("timeout_seconds", "10"), ("tracing", "false")] {
        explicit.function.insert(name, value.to_owned());
    }
    explicit.extra = r#"
  cdn                 = { origin = "group", failover_status_codes = [502, 503, 504], price_class = "PriceClass_All" }
  gateway             = { routes = ["$default"] }
  tags                = {}
  deletion_protection = false
  on_create_failure   = "rollback"
"#;
    for (config, same) in [(plain, None), (group, Some(explicit))] {
        stage.apply(&config.hcl()).await;
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
