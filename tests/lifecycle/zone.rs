//! The resource `multiregion_zone`.

use serde_json::Value as Json;

use super::configs::{Config, DOMAIN};
use super::stage::Stage;

super::rows![
    a_zone_is_created_updated_and_destroyed,
    a_zone_changed_in_aws_is_restored,
    a_zone_gets_the_default_tags_of_the_provider,
    a_zone_and_its_domain_are_removed_in_one_apply
];

async fn a_zone_is_created_updated_and_destroyed(stage: Stage) {
    let zone =
        |more: &str| format!("resource \"multiregion_zone\" \"this\" {{\n  name = \"ipgiraffe.com\"\n{more}\n}}\n");
    stage.apply(&zone("")).await;
    let created = stage.attributes("multiregion_zone.this").await;
    assert_eq!(created["name_servers"].as_array().map(Vec::len), Some(4));
    assert!(created["arn"].as_str().is_some_and(|arn| arn.ends_with(created["id"].as_str().unwrap_or("?"))));
    stage.apply(&zone("  comment = \"giraffes\"\n  tags = { team = \"giraffe\" }")).await;
    assert_eq!(
        stage.attributes("multiregion_zone.this").await["id"],
        created["id"],
        "the zone must be updated in place"
    );
    stage.apply(&zone("  force_destroy = true")).await;
    stage.destroy().await;
}

const ZONE: &str = r#"
resource "multiregion_zone" "this" {
  name    = "ipgiraffe.com"
  comment = "giraffes"
  tags    = { team = "giraffe" }
}
"#;

/// The value of an attribute before and after the planned update.
async fn planned(stage: &Stage, attribute: &str) -> (Json, Json) {
    stage.workspace.plan().await.and_then(|run| run.ok().map_err(std::io::Error::other)).expect("plan runs");
    let plan = stage.workspace.show_plan().await.expect("the plan is shown");
    let change = &plan["resource_changes"][0]["change"];
    assert_eq!(change["actions"], serde_json::json!(["update"]), "{plan:#}");
    (change["before"][attribute].clone(), change["after"][attribute].clone())
}

async fn a_zone_changed_in_aws_is_restored(stage: Stage) {
    stage.apply(ZONE).await;
    let id = stage.attributes("multiregion_zone.this").await["id"].as_str().expect("an id").to_owned();
    let comment = "<UpdateHostedZoneCommentRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
                   <Comment>zebras</Comment></UpdateHostedZoneCommentRequest>";
    stage.change_in_aws("POST", "route53", "us-east-1", &format!("/2013-04-01/hostedzone/{id}"), comment).await;
    assert_eq!(planned(&stage, "comment").await, ("zebras".into(), "giraffes".into()));
    stage.apply(ZONE).await;

    for (tags, before) in [
        ("<AddTags><Tag><Key>team</Key><Value>zebra</Value></Tag></AddTags>", "zebra".into()),
        ("<RemoveTagKeys><Key>team</Key></RemoveTagKeys>", Json::Null),
    ] {
        let tags = format!(
            "<ChangeTagsForResourceRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">{tags}\
             </ChangeTagsForResourceRequest>"
        );
        stage.change_in_aws("POST", "route53", "us-east-1", &format!("/2013-04-01/tags/hostedzone/{id}"), &tags).await;
        let (seen, wanted) = planned(&stage, "tags_all").await;
        assert_eq!((&seen["team"], &wanted["team"]), (&before, &"giraffe".into()));
        stage.apply(ZONE).await;
    }
    stage.destroy().await;
}

async fn a_zone_gets_the_default_tags_of_the_provider(stage: Stage) {
    stage.apply(ZONE).await;
    let provider = "provider \"multiregion\" {\n  alias = \"tags\"\n  rate_limits = \"none\"\n  \
                    default_tags = { team = \"okapi\", stage = \"test\" }\n}\n";
    let zone = ZONE.replace("  name ", "  provider = multiregion.tags\n  name ");
    stage.configure(&format!("{provider}{zone}")).await;
    let (before, after) = planned(&stage, "tags_all").await;
    assert_eq!((&before["stage"], &after["stage"]), (&Json::Null, &"test".into()));
    assert_eq!(after["team"], "giraffe", "the zone's own tags must take precedence");
    stage.apply(&format!("{provider}{zone}")).await;
    let inventory = stage.aws.inventory().await.expect("the inventory is taken");
    assert!(format!("{inventory:?}").contains("\"test\""), "{inventory:#?}");
    stage.destroy().await;
}

/// Hosts destroy a zone after the update of the API only with `create_before_destroy`.
async fn a_zone_and_its_domain_are_removed_in_one_apply(stage: Stage) {
    let zone = "resource \"multiregion_zone\" \"this\" {\n  name = \"ipgiraffe.com\"\n  \
                lifecycle {\n    create_before_destroy = true\n  }\n}\n";
    let mut config = Config::bare(&["us-east-1"]);
    config.domain = Some(DOMAIN);
    stage.apply(&format!("{zone}{}", config.hcl())).await;
    config.domain = None;
    stage.apply(&config.hcl()).await;
    let left = stage.aws.inventory().await.expect("the inventory is taken");
    assert!(left.keys().into_iter().all(|key| !key.contains("/route53/")), "the zone is left: {:?}", left.keys());
    stage.destroy().await;
}
