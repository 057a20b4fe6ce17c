//! The hosted zone.

use super::stage::Stage;

super::rows![a_zone_lives];

async fn a_zone_lives(stage: Stage) {
    let zone =
        |more: &str| format!("resource \"multiregion_zone\" \"this\" {{\n  name = \"ipgiraffe.com\"\n{more}\n}}\n");
    stage.apply(&zone("")).await;
    let made = stage.attributes("multiregion_zone.this").await;
    assert_eq!(made["name_servers"].as_array().map(Vec::len), Some(4));
    assert!(made["arn"].as_str().is_some_and(|arn| arn.ends_with(made["id"].as_str().unwrap_or("?"))));
    stage.apply(&zone("  comment = \"giraffes\"\n  tags = { team = \"giraffe\" }")).await;
    assert_eq!(stage.attributes("multiregion_zone.this").await["id"], made["id"], "changed in place");
    stage.apply(&zone("  force_destroy = true")).await;
    stage.destroy().await;
}
