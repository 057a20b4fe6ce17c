//! Create, real requests, empty plan, destroy.

use std::collections::BTreeSet;

use super::configs::Config;
use super::stage::Stage;

super::rows![
    an_api_in_one_region_without_a_domain,
    an_api_in_three_regions_with_latency_records,
    an_api_with_every_setting,
    an_api_with_a_disabled_execute_api_endpoint
];

async fn an_api_in_one_region_without_a_domain(stage: Stage) {
    let config = Config::bare(&["eu-west-1"]);
    let planned = stage.changes(&config.hcl()).await;
    stage.apply(&config.hcl()).await;
    let created: BTreeSet<String> = stage.components().await.into_keys().collect();
    assert_eq!(planned.added, created, "the plan must name every object that is created");
    assert_eq!(stage.ask_regions("/").await["eu-west-1"]["region"], "eu-west-1");
    stage.destroy().await;
}

async fn an_api_in_three_regions_with_latency_records(stage: Stage) {
    let mut config = Config::latency();
    config.regions.insert("eu-central-1", r#"{ environment = { GREETING = "Hallo" } }"#);
    stage.apply(&config.hcl()).await;

    let answers = stage.ask_regions("/health").await;
    assert_eq!(answers.len(), 3);
    for (region, answer) in &answers {
        assert_eq!(answer["region"], region.as_str());
        let greeting = if region == "eu-central-1" { "Hallo" } else { "Hello" };
        assert_eq!(answer["greeting"], greeting);
    }
    let api = stage.attributes("multiregion_api.this").await;
    assert_eq!((api["status"].as_str(), api["url"].as_str()), (Some("ready"), Some("https://api.ipgiraffe.com")));
    assert_eq!(stage.get("api.ipgiraffe.com", "/").await.status, 200, "the public name must answer");

    assert_routed_last(&stage);
    stage.destroy().await;
}

/// Checks that nothing was created after the record of the public name.
fn assert_routed_last(stage: &Stage) {
    let calls = stage.aws.calls();
    let routed = calls.iter().rposition(|call| call.name() == "route53:ChangeResourceRecordSets" && call.status < 300);
    let routed = routed.expect("records were created");
    let later =
        calls[routed..].iter().filter(|call| call.writes() && call.service != "logs" && call.service != "route53");
    let later: Vec<String> = later.map(|call| call.name()).collect();
    assert!(later.is_empty(), "created after the record: {later:?}");
}

async fn an_api_with_every_setting(stage: Stage) {
    let mut config = Config::latency();
    for (name, value) in [
        ("architecture", r#""arm64""#),
        ("memory_mb", "512"),
        ("timeout_seconds", "10"),
        ("ephemeral_storage_mb", "1024"),
        ("tracing", "true"),
        ("log_retention_days", "14"),
        ("environment", r#"{ GREETING = "Hi" }"#),
        (
            "policy_json",
            r#"jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:ListBucket", Resource = "*" }] })"#,
        ),
        ("exclude", r#"["**/*.txt"]"#),
    ] {
        config.function.insert(name, value.to_owned());
    }
    config.domain = Some(
        r#"name = "api.ipgiraffe.com", zone_id = multiregion_zone.this.id, regional_names = true, base_path = "v1", certificate = { wildcard = true }"#,
    );
    config.extra = r#"
  gateway = {
    routes     = ["GET /", "GET /{proxy+}"]
    throttle   = { rate = 100.5, burst = 50 }
    access_log = { retention_days = 7 }
    cors       = { allow_origins = ["https://ipgiraffe.com"], allow_methods = ["GET"] }
  }
  tags     = { team = "giraffe" }
  timeouts = { create = "10m", update = "10m", delete = "10m" }
"#;
    stage.workspace.write("src/notes.txt", "not for Lambda").expect("a file is written");
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.ask_regions("/x").await["us-west-2"]["greeting"], "Hi");
    assert_eq!(stage.get("us-west-2.api.ipgiraffe.com", "/v1/x").await.status, 200, "the regional name must answer");
    assert_eq!(stage.get("api.ipgiraffe.com", "/v1/x").await.status, 200, "the base path must lead to the API");
    stage.destroy().await;
}

async fn an_api_with_a_disabled_execute_api_endpoint(stage: Stage) {
    let mut config = Config::latency();
    config.domain = Some(r#"name = "api.ipgiraffe.com", zone_id = multiregion_zone.this.id, regional_names = true"#);
    config.extra = "  gateway = { disable_execute_api_endpoint = true }";
    stage.apply(&config.hcl()).await;
    for host in ["api.ipgiraffe.com", "us-west-2.api.ipgiraffe.com", "eu-central-1.api.ipgiraffe.com"] {
        assert_eq!(stage.get(host, "/").await.status, 200, "{host}");
    }
    let components = stage.components().await;
    let apis = components.iter().filter(|(address, _)| address.ends_with("/http_api"));
    for (address, api) in apis {
        let region = address.split('/').next().expect("a region");
        let host = format!("{}.execute-api.{region}.amazonaws.com", api["id"].as_str().expect("an id"));
        assert_eq!(stage.get(&host, "/").await.status, 404, "{host}");
    }
    stage.destroy().await;
}
