//! API keys with generated and write-only values: valid in every region, rotated, and in no plan and no state.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::configs::Config;
use super::rows;
use super::stage::Stage;

rows![generated_and_write_only_keys_are_valid_in_every_region];

const FIRST: &str = "first-c4n4ry-0123456789";
const SECOND: &str = "second-c4n4ry-0123456789";

/// An API with one key of each kind. The write-only value comes from an ephemeral variable.
fn with_keys(version: u32) -> String {
    let mut config = Config::bare(&["us-east-1", "us-west-2"]);
    config.function.insert("api_key_required", "true".to_owned());
    let gateway = format!(
        r#"  gateway = {{
    protocol = "rest"
    routes   = ["GET /orders"]
    api_keys = {{
      partner = {{ value_wo = var.key, value_wo_version = {version} }}
      shop    = {{}}
    }}
  }}
"#
    );
    config.extra = gateway.leak();
    format!("variable \"key\" {{\n  type      = string\n  ephemeral = true\n}}\n{}", config.hcl())
}

/// The statuses with which the regions answer a request with a key.
async fn statuses(stage: &Stage, key: &str) -> Vec<u16> {
    let api = stage.attributes("multiregion_api.this").await;
    let mut statuses = Vec::new();
    for (_, endpoint) in api["endpoints"].as_object().expect("a map") {
        let url = endpoint["execute_api_url"].as_str().expect("a URL");
        let (host, path) = url.split_once("://").expect("a URL").1.split_once('/').expect("a stage");
        let answer = stage.get_with(host, &format!("/{path}/orders"), &format!("x-api-key: {key}\r\n")).await;
        statuses.push(answer.status);
    }
    statuses
}

/// Neither the state, with its private part, nor the plan contains a write-only value.
async fn assert_absent(stage: &Stage) {
    let state = std::fs::read_to_string(stage.workspace.dir().join("terraform.tfstate")).expect("a state");
    let json: serde_json::Value = serde_json::from_str(&state).expect("the state is JSON");
    let private = json["resources"][0]["instances"][0]["private"].as_str().expect("a private state");
    let private = String::from_utf8(STANDARD.decode(private).expect("base64")).expect("text");
    assert!(private.contains("api_key"), "{private}");
    let plan = stage.workspace.show_plan().await.expect("the plan is shown").to_string();
    assert!(plan.contains("value_wo_version"), "{plan}");
    for (what, text) in [("state", state), ("private state", private), ("plan", plan)] {
        assert!(!text.contains("c4n4ry"), "{}: the {what} contains a write-only value", stage.workspace.cli().name);
    }
}

async fn generated_and_write_only_keys_are_valid_in_every_region(mut stage: Stage) {
    stage.workspace.set_env([("TF_VAR_key", FIRST)]);
    stage.changes(&with_keys(1)).await;
    let plan = stage.workspace.show_plan().await.expect("the plan is shown").to_string();
    assert!(!plan.contains("c4n4ry"), "the plan contains a write-only value");
    stage.apply(&with_keys(1)).await;
    assert_absent(&stage).await;
    let generated = stage.attributes("multiregion_api.this").await["api_key_values"]["shop"].clone();
    let generated = generated.as_str().expect("a generated value");
    for (key, expected) in [(FIRST, 200), (generated, 200), (SECOND, 403)] {
        assert_eq!(statuses(&stage, key).await, [expected; 2], "{key}");
    }

    stage.workspace.set_env([("TF_VAR_key", SECOND)]);
    stage.assert_nothing_to_do().await;
    stage.apply(&with_keys(2)).await;
    assert_absent(&stage).await;
    for (key, expected) in [(FIRST, 403), (generated, 200), (SECOND, 200)] {
        assert_eq!(statuses(&stage, key).await, [expected; 2], "{key}");
    }
    stage.destroy().await;
}
