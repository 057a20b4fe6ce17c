//! Mistakes that only AWS can tell are told by the plan, before anything is touched.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::configs::Config;
use super::stage::Stage;

super::rows![
    mistakes_are_shown_where_they_stand,
    what_only_aws_knows_is_told_by_the_plan,
    a_wrong_provider_configuration_is_refused,
];

/// The lines of the configuration that `validate` shows, by what it finds wrong there.
async fn shown(stage: &Stage, hcl: &str) -> BTreeMap<String, String> {
    stage.configure(hcl).await;
    let run = stage.workspace.run(&["validate", "-json"]).await.expect("validate runs");
    let found: Json = serde_json::from_str(&run.stdout).expect("validate answers JSON");
    let written = std::fs::read_to_string(stage.workspace.dir().join("main.tf")).expect("the configuration is there");
    let line = |one: &Json| {
        let number = one["range"]["start"]["line"].as_u64().and_then(|line| usize::try_from(line).ok());
        let line = number.and_then(|number| written.lines().nth(number - 1)).unwrap_or("no line");
        (one["summary"].as_str().unwrap_or_default().to_owned(), line.trim().to_owned())
    };
    found["diagnostics"].as_array().into_iter().flatten().map(line).collect()
}

async fn mistakes_are_shown_where_they_stand(stage: Stage) {
    let found = shown(
        &stage,
        r#"
resource "multiregion_api" "this" {
  name = "Giraffe"
  regions = {
    "us-east-1" = {}
    "us-west-2" = { weight = -1 }
    "us-moon-1" = {}
  }
  function = {
    source_dir = "${path.module}/src"
    handler    = "app.handler"
    runtime    = "python2.7"
    memory_mb  = 1
  }
  domain = {
    name    = "Api.example.com"
    zone_id = "Z0123456789"
  }
  routing = {
    policy = "random"
    health_check = {
      path = "health"
    }
  }
  tags = {
    team    = "zoo"
    "aws:x" = "y"
  }
}
"#,
    )
    .await;
    let lines: Vec<String> = found.iter().map(|(summary, line)| format!("{summary} | {line}")).collect();
    let expected = [
        r#"Invalid domain name | name    = "Api.example.com""#,
        "Invalid health check path | health_check = {",
        r#"Invalid name | name = "Giraffe""#,
        r#"Invalid tag | "aws:x" = "y""#,
        "Memory out of range | memory_mb  = 1",
        r#"Unknown region | "us-moon-1" = {}"#,
        r#"Unsupported routing policy | policy = "random""#,
        r#"Unsupported runtime | runtime    = "python2.7""#,
        r#"Weight out of range | "us-west-2" = { weight = -1 }"#,
    ];
    assert_eq!(lines, expected);
}

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

    let role = |account: &str| {
        let mut brought = Config::bare(&["us-east-1"]);
        brought.function.insert("role_arn", format!("\"arn:aws:iam::{account}:role/brought\""));
        brought.hcl()
    };
    refuses(&stage, &role("123456789012"), &["Role does not exist", "brought", "-refresh=false"]).await;
    refuses(&stage, &role("210987654321"), &["Role of another account", "210987654321"]).await;

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
    refuses(&stage, &with("  region = \"us-foo-1\""), &["Unknown region", "us-foo-1"]).await;
    stage.workspace.set_env([("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]);
    refuses(&stage, &config, &["No AWS credentials"]).await;
    refuses(&stage, &with("  profile = \"nosuch\""), &["No AWS credentials", "\\\"nosuch\\\"", "list-profiles"]).await;
}
