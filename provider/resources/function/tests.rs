//! Tests of `multiregion_function` from HCL to components and back.

use std::collections::BTreeMap;

use super::Function;
use crate::desired::Address;
use crate::plan::{Seen, View};
use crate::resources::shared::testing::{FakePackages, expand_with_referent, merge, parsed, summaries};
use crate::resources::shared::values::complete;
use crate::resources::{Expansion, Resource};
use crate::schema::Attr;
use crate::wire::{Diagnostics, Value};

const REPORTS: &str = r#"
name     = "reports"
api      = "shop"
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12", routes = ["GET /reports"] }
"#;

fn config(hcl: &str) -> Value {
    complete(&parsed(hcl), &Function.schema().ty())
}

/// The API `shop` in these regions.
fn api(regions: &[&str]) -> View {
    let seen = |outputs: serde_json::Value, spec: serde_json::Value| Seen {
        visible: true,
        id: Attr::Null,
        revision: Attr::Null,
        spec,
        outputs: Attr::Known(outputs),
    };
    let mut components = BTreeMap::new();
    for region in regions {
        let id = format!("id-{region}");
        let outputs = serde_json::json!({ "id": id, "endpoint": format!("https://{id}"), "host": id });
        let spec =
            serde_json::json!({ "name": "shop", "cors": null, "disable_execute_api_endpoint": false, "tags": {} });
        components.insert(Address::regional(region, "http_api"), seen(outputs, spec));
        let stage = serde_json::json!({ "api_id": id, "name": "$default" });
        components.insert(Address::regional(region, "stage"), seen(stage, serde_json::Value::Null));
    }
    View { components, ..View::default() }
}

fn expand(hcl: &str, api: Option<&View>) -> Result<Expansion, Diagnostics> {
    expand_with_referent(&Function, &config(hcl), &BTreeMap::new(), &FakePackages, (None, api))
}

#[test]
fn function_runs_in_the_regions_of_its_api() {
    let expansion = expand(REPORTS, Some(&api(&["eu-west-1", "us-east-1"]))).unwrap();
    let addresses: Vec<String> = expansion.desired.nodes().keys().map(ToString::to_string).collect();
    assert_eq!(
        addresses,
        [
            "global/claim",
            "global/completion_marker",
            "global/role",
            "eu-west-1/alias",
            "eu-west-1/function",
            "eu-west-1/integration",
            "eu-west-1/log_group",
            "eu-west-1/permission",
            "eu-west-1/probe",
            "eu-west-1/route/GET /reports",
            "eu-west-1/version",
            "eu-west-1/version_check",
            "us-east-1/alias",
            "us-east-1/function",
            "us-east-1/integration",
            "us-east-1/log_group",
            "us-east-1/permission",
            "us-east-1/probe",
            "us-east-1/route/GET /reports",
            "us-east-1/version",
            "us-east-1/version_check",
        ]
    );
    let integration = expansion.desired.get(&"eu-west-1/integration".parse().unwrap()).unwrap();
    assert_eq!(integration.spec["api_id"], "id-eu-west-1");
    assert_eq!(integration.spec["in_foreign_api"], true);
    let claim = expansion.desired.get(&"global/claim".parse().unwrap()).unwrap();
    assert_eq!(claim.spec["tags"]["multiregion:attached-to"], "multiregion_api/shop");
}

#[test]
fn log_groups_are_retained() {
    for (hcl, expected) in [("", false), ("retain_logs = true", true)] {
        let desired = expand(&format!("{REPORTS}{hcl}"), Some(&api(&["us-east-1"]))).unwrap().desired;
        let group = desired.get(&"us-east-1/log_group".parse().unwrap()).unwrap();
        assert_eq!((group.spec["retain"] == true, desired.retains("log_group")), (expected, expected), "{hcl}");
    }
}

#[test]
fn function_uses_the_authorizers_of_its_api() {
    let mut api = api(&["us-east-1"]);
    let spec = serde_json::json!({
        "api_id": "id-us-east-1", "name": "users", "kind": "jwt", "identity_sources": ["$request.header.Authorization"],
        "jwt": { "issuer": "https://login.example.com/", "audiences": ["shop"] },
    });
    let outputs = serde_json::json!({ "api_id": "id-us-east-1", "id": "a1" });
    let (id, revision, outputs) = (Attr::Null, Attr::Null, Attr::Known(outputs));
    let address = Address::regional("us-east-1", "authorizer").key("users");
    api.components.insert(address, Seen { visible: true, id, revision, spec, outputs });
    let authorized = |authorizer: &str| {
        let hcl = REPORTS.replace("routes =", &format!("authorizer = {authorizer:?}, routes ="));
        expand(&hcl, Some(&api))
    };
    let route = authorized("users")
        .unwrap()
        .desired
        .get(&"us-east-1/route/GET /reports".parse().unwrap())
        .unwrap()
        .spec
        .clone();
    let expected = serde_json::json!({ "jwt": { "authorizer_id": "a1", "scopes": [] } });
    assert_eq!(route["authorization"], expected);
    assert_eq!(summaries(&authorized("user").unwrap_err()), ["Unknown authorizer @ function.authorizer"]);
}

#[test]
fn regions_are_unknown_until_the_api_exists() {
    let expansion = expand(REPORTS, None).unwrap();
    assert!(!expansion.addresses_known && expansion.desired.nodes().is_empty());
    assert_eq!(summaries(&expansion.missing), ["API not found @ api"]);
    let state = Function.state(&config(REPORTS), &View::default());
    let Value::Map(state) = state else { panic!("an object") };
    assert_eq!((&state["components"], &state["versions"]), (&Value::Unknown, &Value::Unknown));
}

#[test]
fn mistakes_are_found() {
    let rows = [
        (r#"name = "1st""#, "Invalid name @ name"),
        ("function = { routes = null }", "Function without routes @ function.routes"),
        (r#"function = { routes = ["reports"] }"#, "Invalid route key @ function.routes[0]"),
        ("function = { source_dir = null }", "Missing function code @ function"),
        ("function = { handler = null }", "Missing handler @ function.handler"),
        (r#"regions = { "us-esat-1" = {} }"#, r#"Unknown region @ regions["us-esat-1"]"#),
        ("function = { throttle = { burst = 1 } }", "Incomplete throttle @ function.throttle.rate"),
    ];
    for (hcl, expected) in rows {
        let config = complete(&merge(parsed(REPORTS), parsed(hcl)), &Function.schema().ty());
        assert_eq!(summaries(&Function.validate(&config)), [expected], "{hcl}");
    }
    let elsewhere = expand(&format!(r#"{REPORTS} regions = {{ "us-west-2" = {{}} }}"#), Some(&api(&["us-east-1"])));
    assert_eq!(summaries(&elsewhere.unwrap_err()), [r#"Region without the API @ regions["us-west-2"]"#]);
}
