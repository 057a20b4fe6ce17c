//! Import by name; the plan of the same configuration is empty then.

use super::configs::Config;
use super::stage::Stage;

super::rows![what_was_forgotten_is_imported];

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
