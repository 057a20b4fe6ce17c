//! REST APIs: routes, OpenAPI documents, shared API keys, and the way to an HTTP API and back.

use super::configs::Config;
use super::rows;
use super::stage::Stage;

rows! {
    a_rest_api_serves_its_routes_and_shares_its_keys,
    a_document_defines_a_rest_api,
}

const KEY: &str = "0123456789abcdefghijklmn";

/// The default endpoint of a region: its host and the path of its stage.
async fn endpoint(stage: &Stage, region: &str) -> (String, String) {
    let api = stage.attributes("multiregion_api.this").await;
    let url = api["endpoints"][region]["execute_api_url"].as_str().expect("a URL").to_owned();
    let (host, path) = url.split_once("://").expect("a URL").1.split_once('/').expect("a stage");
    (host.to_owned(), format!("/{path}"))
}

async fn a_rest_api_serves_its_routes_and_shares_its_keys(stage: Stage) {
    let mut config = Config::bare(&["us-east-1", "us-west-2"]);
    stage.apply(&config.hcl()).await;

    // From an HTTP API to a REST API: the new API answers before the old one is deleted.
    let orders = r#"source_dir = "${path.module}/src", handler = "app.handler", runtime = "python3.12""#;
    let rest = |key: &str| {
        format!(
            r#"  functions = {{ orders = {{ {orders}, routes = ["GET /orders/{{id}}"], api_key_required = true }} }}
  gateway = {{
    protocol = "rest"
    routes   = ["GET /health"]
    throttle = {{ rate = 100, burst = 50 }}
    api_keys = {{ partner = {{ value = "{key}", quota = {{ limit = 1000 }} }} }}
  }}
"#
        )
    };
    config.extra = rest(KEY).leak();
    stage.apply(&config.hcl()).await;
    for region in ["us-east-1", "us-west-2"] {
        let (host, base) = endpoint(&stage, region).await;
        assert_eq!(stage.get(&host, &format!("{base}/health")).await.status, 200, "{region}");
        assert_eq!(stage.get(&host, &format!("{base}/orders/7")).await.status, 403, "{region}: without a key");
        let answer = stage.get_with(&host, &format!("{base}/orders/7"), &format!("x-api-key: {KEY}\r\n")).await;
        assert_eq!(answer.status, 200, "{region}: the same key is valid in every region: {answer:?}");
        assert_eq!(stage.get(&host, &format!("{base}/nothing")).await.status, 403, "{region}: no route");
    }
    let state = stage.workspace.show_json().await.expect("the state is shown");
    assert!(!state["values"]["root_module"].to_string().is_empty());
    let plan = stage.workspace.plan().await.expect("plan runs");
    assert!(!plan.stdout.contains(KEY) && !plan.stderr.contains(KEY), "a plan must not show a key");

    // A new value replaces the key in each region.
    let other = "nmlkjihgfedcba9876543210";
    config.extra = rest(other).leak();
    stage.aws.clear_calls();
    stage.apply(&config.hcl()).await;
    // Every region accepts the new key before the first one rejects the old one.
    let calls: Vec<String> = stage.aws.calls().iter().map(|call| call.name()).collect();
    let last_new = calls.iter().rposition(|name| name == "apigateway:CreateUsagePlanKey");
    let first_gone = calls.iter().position(|name| name.starts_with("apigateway:Delete"));
    assert!(last_new.is_some() && last_new < first_gone, "{calls:#?}");
    let (host, base) = endpoint(&stage, "us-west-2").await;
    let path = format!("{base}/orders/7");
    assert_eq!(stage.get_with(&host, &path, &format!("x-api-key: {other}\r\n")).await.status, 200);
    assert_eq!(stage.get_with(&host, &path, &format!("x-api-key: {KEY}\r\n")).await.status, 403);

    config.extra = "";
    stage.apply(&config.hcl()).await;
    assert_eq!(stage.ask_regions("/").await.len(), 2);
    stage.destroy().await;
}

/// A document without integrations, in which each region has a variable of its own.
const DOCUMENT: &str = r#"
openapi: 3.0.1
info: { title: Shop, version: "1" }
paths:
  /orders:
    get: { operationId: orders, responses: { "200": { description: Orders } } }
  /where:
    get:
      responses: { "200": { description: The region } }
      x-amazon-apigateway-integration:
        type: aws_proxy
        httpMethod: POST
        uri: arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function.orders}/invocations
        requestParameters: { integration.request.header.x-color: "'{COLOR}'" }
"#;

async fn a_document_defines_a_rest_api(stage: Stage) {
    stage.workspace.write("openapi.yaml", DOCUMENT).expect("the document is written");
    let orders = r#"source_dir = "${path.module}/src", handler = "app.handler", runtime = "python3.12""#;
    let hcl = |document: &str| {
        format!(
            r#"
resource "multiregion_api" "this" {{
  name    = "ipgiraffe"
  regions = {{
    "us-east-1" = {{}}
    "us-west-2" = {{ openapi_variables = {{ COLOR = "green" }} }}
  }}
  functions = {{ orders = {{ {orders} }} }}
  gateway = {{
    protocol          = "rest"
    openapi           = {document}
    openapi_variables = {{ COLOR = "blue" }}
    rest              = {{ stage_name = "prod" }}
  }}
}}
"#
        )
    };
    let from_file = r#"file("${path.module}/openapi.yaml")"#;
    stage.apply(&hcl(from_file)).await;
    for (region, color) in [("us-east-1", "blue"), ("us-west-2", "green")] {
        let (host, base) = endpoint(&stage, region).await;
        assert_eq!(base, "/prod");
        assert_eq!(stage.get(&host, "/prod/orders").await.status, 200, "{region}");
        let answer = stage.get(&host, "/prod/where").await;
        assert!(answer.status == 200 && answer.body.contains(region), "{region}: {answer:?}");
        let objects = stage.aws.inventory().await.expect("the inventory is taken").objects;
        let of_region = objects.iter().filter(|(key, _)| key.starts_with(&format!("{region}/")));
        assert!(
            of_region.into_iter().any(|(_, object)| object.to_string().contains(&format!("'{color}'"))),
            "{region}"
        );
    }

    // A changed document is deployed to the same stage; the old deployment is deleted.
    stage.workspace.write("openapi.yaml", &DOCUMENT.replace("/orders:", "/items:")).expect("the document is written");
    let changes = stage.changes(&hcl(from_file)).await;
    assert!(changes.added.is_empty() && changes.changed.contains("us-east-1/rest_deployment"), "{changes:?}");
    stage.apply(&hcl(from_file)).await;
    let (host, _) = endpoint(&stage, "us-east-1").await;
    assert_eq!(stage.get(&host, "/prod/items").await.status, 200);
    assert_eq!(stage.get(&host, "/prod/orders").await.status, 403);

    let refused = stage.refused(&hcl(r#""openapi: 3.0.1""#)).await;
    assert!(refused.contains("Not an OpenAPI document"), "{refused}");
    let unknown = DOCUMENT.replace("{COLOR}", "{COLOUR}");
    stage.workspace.write("openapi.yaml", &unknown).expect("the document is written");
    let refused = stage.refused(&hcl(from_file)).await;
    assert!(refused.contains("COLOUR"), "{refused}");
    // A destroy first plans the whole configuration.
    stage.workspace.write("openapi.yaml", DOCUMENT).expect("the document is written");
    stage.destroy().await;
}
