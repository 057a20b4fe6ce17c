//! Invalid configurations are refused by validate or plan, before AWS is changed.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::configs::Config;
use super::stage::Stage;

super::rows![
    validate_shows_each_error_at_its_line,
    a_plan_refuses_what_only_aws_can_tell_is_wrong,
    an_invalid_provider_configuration_is_refused,
];

/// The diagnostics of `validate`: each summary with the line of the configuration that it points to.
async fn validate(stage: &Stage, hcl: &str) -> BTreeSet<(String, String)> {
    stage.configure(hcl).await;
    let run = stage.workspace.run(&["validate", "-json"]).await.expect("validate runs");
    let found: Json = serde_json::from_str(&run.stdout).expect("validate prints JSON");
    let written = std::fs::read_to_string(stage.workspace.dir().join("main.tf")).expect("the configuration is there");
    let line = |one: &Json| {
        let number = one["range"]["start"]["line"].as_u64().and_then(|line| usize::try_from(line).ok());
        let line = number.and_then(|number| written.lines().nth(number - 1)).unwrap_or("no line");
        (one["summary"].as_str().unwrap_or_default().to_owned(), line.trim().to_owned())
    };
    found["diagnostics"].as_array().into_iter().flatten().map(line).collect()
}

async fn validate_shows_each_error_at_its_line(stage: Stage) {
    let found = validate(
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
        r#"Number out of range | "us-west-2" = { weight = -1 }"#,
        "Number out of range | memory_mb  = 1",
        r#"Unknown region | "us-moon-1" = {}"#,
        r#"Unsupported value | policy = "random""#,
        r#"Unsupported value | runtime    = "python2.7""#,
    ];
    assert_eq!(lines, expected);
}

/// Checks that `hcl` is refused by an error that contains all of `parts`, without a call that changes AWS.
async fn assert_refused(stage: &Stage, hcl: &str, parts: &[&str]) {
    stage.aws.clear_calls();
    let error = stage.refused(hcl).await;
    for part in parts {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
    assert_eq!(stage.writes(), Vec::<String>::new(), "AWS must not be changed");
}

async fn a_plan_refuses_what_only_aws_can_tell_is_wrong(stage: Stage) {
    let mut outside = Config::latency();
    outside.domain = Some(r#"name = "api.elsewhere.com", zone_id = multiregion_zone.this.id"#);
    // The zone is created first, because the name cannot be checked while the zone's id is unknown.
    stage.apply("resource \"multiregion_zone\" \"this\" {\n  name = \"ipgiraffe.com\"\n}\n").await;
    assert_refused(&stage, &outside.hcl(), &["outside", "api.elsewhere.com", "ipgiraffe.com"]).await;

    let role = |account: &str| {
        let mut config = Config::bare(&["us-east-1"]);
        config.function.insert("role_arn", format!("\"arn:aws:iam::{account}:role/existing\""));
        config.hcl()
    };
    assert_refused(&stage, &role("123456789012"), &["Role does not exist", "existing", "-refresh=false"]).await;
    assert_refused(&stage, &role("210987654321"), &["Role in another account", "210987654321"]).await;

    let mut missing = Config::latency();
    missing.domain = Some(r#"name = "api.ipgiraffe.com", zone_id = "Z00000000000000000000""#);
    assert_refused(&stage, &missing.hcl(), &["Hosted zone", "Z00000000000000000000"]).await;

    stage.apply(&Config::latency().hcl()).await;
    let mut same_name = Config::latency();
    same_name.extra = "}\nresource \"multiregion_api\" \"same_name\" {\n  name = \"ipgiraffe\"\n  regions = { \"us-east-1\" = {} }\n  function = { source_dir = \"${path.module}/src\", handler = \"app.handler\", runtime = \"python3.12\" }\n";
    assert_refused(&stage, &same_name.hcl(), &["already exists", "ipgiraffe", "import"]).await;

    let mut same_domain = Config::latency();
    same_domain.extra = "}\nresource \"multiregion_api\" \"same_domain\" {\n  name = \"other\"\n  regions = { \"us-east-1\" = {} }\n  function = { source_dir = \"${path.module}/src\", handler = \"app.handler\", runtime = \"python3.12\" }\n  domain = { name = \"api.ipgiraffe.com\", zone_id = multiregion_zone.this.id }\n";
    assert_refused(&stage, &same_domain.hcl(), &["already exists", "api.ipgiraffe.com"]).await;

    stage.configure(&Config::latency().hcl()).await;
    stage.destroy().await;
}

async fn an_invalid_provider_configuration_is_refused(mut stage: Stage) {
    let config = Config::bare(&["us-east-1"]).hcl();
    let with = |arguments: &str| {
        format!("{config}\nprovider \"multiregion\" {{\n  alias = \"x\"\n  rate_limits = \"none\"\n{arguments}\n}}\n")
            .replace("  name = \"ipgiraffe\"", "  provider = multiregion.x\n  name = \"ipgiraffe\"")
    };
    assert_refused(&stage, &with("  allowed_account_ids = [\"999999999999\"]"), &["account", "123456789012"]).await;
    assert_refused(&stage, &with("  forbidden_account_ids = [\"123456789012\"]"), &["account", "123456789012"]).await;
    assert_refused(&stage, &with("  endpoint_url = \"http://127.0.0.1:9\""), &["127.0.0.1:9", "not reachable"]).await;
    assert_refused(&stage, &with("  region = \"us-foo-1\""), &["Unknown region", "us-foo-1"]).await;
    stage.workspace.set_env([("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]);
    assert_refused(&stage, &config, &["No AWS credentials"]).await;
    assert_refused(&stage, &with("  profile = \"nosuch\""), &["No AWS credentials", "\\\"nosuch\\\"", "list-profiles"])
        .await;
}
