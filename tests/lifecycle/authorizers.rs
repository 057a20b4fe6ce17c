//! The same authentication in every region: tokens of one issuer, a function that authorizes, and signatures.

use serde_json::json;
use strict_aws::tools::Issuer;

use super::rows;
use super::stage::Stage;

rows! {
    tokens_keys_and_signatures_are_checked_in_every_region,
}

/// The application of the function `gate`: it authorizes requests with one key.
const GATE: &str = r#"
import os

def handler(event, context):
    return {"isAuthorized": event["identitySource"] == [os.environ["ACCEPTED"]]}
"#;

const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// An API whose function `orders` has this authorization.
fn config(authorization: &str) -> String {
    format!(
        r#"
resource "multiregion_api" "this" {{
  name    = "ipgiraffe"
  regions = {{ "us-east-1" = {{}}, "us-west-2" = {{}} }}
  function = {{ source_dir = "${{path.module}}/src", handler = "app.handler", runtime = "python3.12" }}
  functions = {{
    gate   = {{ source_dir = "${{path.module}}/gate", handler = "app.handler", runtime = "python3.12", environment = {{ ACCEPTED = "open" }} }}
    orders = {{ source_dir = "${{path.module}}/src", handler = "app.handler", runtime = "python3.12", routes = ["ANY /orders"], {authorization} }}
  }}
  gateway = {{
    routes      = ["GET /health"]
    cors        = {{ allow_origins = ["https://www.example.com"], allow_methods = ["GET"] }}
    authorizers = {{
      users = {{ kind = "jwt", issuer = "https://login.example.com/", audiences = ["shop"] }}
      keys  = {{ kind = "request", function = "gate", identity_sources = ["$request.header.X-Key"], simple_responses = true }}
    }}
  }}
}}
"#
    )
}

/// The status of a request to the function `orders` of each region.
async fn statuses(stage: &Stage, headers: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (_, host) in hosts(stage).await {
        statuses.push(stage.get_with(&host, "/orders", headers).await.status);
    }
    statuses
}

/// The host of each region.
async fn hosts(stage: &Stage) -> Vec<(&'static str, String)> {
    let endpoints = stage.attributes("multiregion_api.this").await["endpoints"].clone();
    let host = |region: &str| {
        let url = endpoints[region]["execute_api_url"].as_str().expect("a URL");
        url.split("://").last().unwrap_or_default().split('/').next().unwrap_or_default().to_owned()
    };
    REGIONS.into_iter().map(|region| (region, host(region))).collect()
}

async fn tokens_keys_and_signatures_are_checked_in_every_region(stage: Stage) {
    let issuer = Issuer::start("https://login.example.com/").expect("an issuer starts");
    stage.aws.add_issuer(&issuer);
    stage.workspace.write("gate/app.py", GATE).expect("the function is written");
    stage.apply(&config(r#"authorizer = "users", authorization_scopes = ["orders/read"]"#)).await;
    let bearer = |claims| format!("Authorization: Bearer {}\r\n", issuer.token(&claims));
    let valid = bearer(json!({ "aud": "shop", "scope": "orders/read" }));
    assert_eq!(statuses(&stage, &valid).await, [200, 200], "the same token is valid in every region");
    assert_eq!(statuses(&stage, &bearer(json!({ "aud": "other", "scope": "orders/read" }))).await, [401, 401]);
    assert_eq!(statuses(&stage, &bearer(json!({ "aud": "shop" }))).await, [403, 403], "the scope is missing");
    assert_eq!(statuses(&stage, "").await, [401, 401]);
    for (region, host) in hosts(&stage).await {
        assert_eq!(stage.get(&host, "/health").await.status, 200, "{region}");
        let origin = "Origin: https://www.example.com\r\nAccess-Control-Request-Method: GET\r\n";
        let preflight = stage.send("OPTIONS", &host, "/orders", origin, "").await;
        assert!(preflight.status < 300, "{region}: a preflight request needs no token: {preflight:?}");
    }

    // The routes change to another authorizer without a gap, and then to IAM.
    let changes = stage.changes(&config(r#"authorizer = "keys""#)).await;
    assert!(changes.added.is_empty() && changes.removed.is_empty(), "{changes:?}");
    assert!(changes.changed.contains("us-west-2/route/ANY /orders"), "{changes:?}");
    stage.apply(&config(r#"authorizer = "keys""#)).await;
    assert_eq!(statuses(&stage, "X-Key: open\r\n").await, [200, 200]);
    assert_eq!(statuses(&stage, "X-Key: other\r\n").await, [403, 403]);
    assert_eq!(statuses(&stage, &valid).await, [401, 401], "a token is no key");

    stage.apply(&config(r#"authorizer = "AWS_IAM""#)).await;
    for (region, host) in hosts(&stage).await {
        for signed_for in REGIONS {
            let headers = stage.aws.signed_headers(&host, "/orders", signed_for);
            let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let expected = if signed_for == region { 200 } else { 403 };
            assert_eq!(stage.get_with(&host, "/orders", &headers).await.status, expected, "{signed_for} in {region}");
        }
    }
    stage.destroy().await;
}
