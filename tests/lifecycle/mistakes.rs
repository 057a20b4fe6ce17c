//! Mistakes that only AWS can tell are told by the plan, before anything is touched.

use super::configs::Config;
use super::stage::Stage;

super::rows![what_only_aws_knows_is_told_by_the_plan, a_wrong_provider_configuration_is_refused];

/// Plans `hcl`, which must be refused with every one of `parts` and without one call that changes AWS.
async fn refuses(stage: &Stage, hcl: &str, parts: &[&str]) {
    stage.aws.clear_calls();
    let error = stage.refused(hcl).await;
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error}");
    }
    assert_eq!(stage.writes(), Vec::<String>::new(), "nothing is touched");
}

async fn what_only_aws_knows_is_told_by_the_plan(stage: Stage) {
    let mut outside = Config::latency();
    outside.domain = Some(r#"name = "api.elsewhere.com", zone_id = multiregion_zone.this.id"#);
    // The zone is made first: while its id is unknown, nothing can be said about it.
    stage.apply("resource \"multiregion_zone\" \"this\" {\n  name = \"ipgiraffe.com\"\n}\n").await;
    refuses(&stage, &outside.hcl(), &["outside", "api.elsewhere.com", "ipgiraffe.com"]).await;

    let mut missing = Config::latency();
    missing.domain = Some(r#"name = "api.ipgiraffe.com", zone_id = "Z00000000000000000000""#);
    refuses(&stage, &missing.hcl(), &["Hosted zone", "Z00000000000000000000"]).await;

    stage.apply(&Config::latency().hcl()).await;
    let mut twin = Config::latency();
    twin.more = "}\nresource \"multiregion_api\" \"twin\" {\n  name = \"ipgiraffe\"\n  regions = { \"us-east-1\" = {} }\n  function = { source_dir = \"${path.module}/src\", handler = \"app.handler\", runtime = \"python3.12\" }\n";
    refuses(&stage, &twin.hcl(), &["exists already", "ipgiraffe", "import"]).await;

    let mut squatter = Config::latency();
    squatter.more = "}\nresource \"multiregion_api\" \"squatter\" {\n  name = \"other\"\n  regions = { \"us-east-1\" = {} }\n  function = { source_dir = \"${path.module}/src\", handler = \"app.handler\", runtime = \"python3.12\" }\n  domain = { name = \"api.ipgiraffe.com\", zone_id = multiregion_zone.this.id }\n";
    refuses(&stage, &squatter.hcl(), &["exists already", "api.ipgiraffe.com"]).await;

    stage.configure(&Config::latency().hcl()).await;
    stage.destroy().await;
}

async fn a_wrong_provider_configuration_is_refused(mut stage: Stage) {
    let config = Config::bare(&["us-east-1"]).hcl();
    let with = |arguments: &str| {
        format!("{config}\nprovider \"multiregion\" {{\n  alias = \"x\"\n  rate_limits = \"none\"\n{arguments}\n}}\n")
            .replace("  name = \"ipgiraffe\"", "  provider = multiregion.x\n  name = \"ipgiraffe\"")
    };
    refuses(&stage, &with("  allowed_account_ids = [\"999999999999\"]"), &["account", "123456789012"]).await;
    refuses(&stage, &with("  forbidden_account_ids = [\"123456789012\"]"), &["account", "123456789012"]).await;
    refuses(&stage, &with("  endpoint_url = \"http://127.0.0.1:9\""), &["127.0.0.1:9", "not answer"]).await;
    stage.workspace.set_env([("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]);
    refuses(&stage, &config, &["credentials"]).await;
}
