//! CloudFront in front of a latency-routed name: the nearest healthy region serves all methods, and reads fail over at once.

use serde_json::Value as Json;

use super::configs::Config;
use super::stage::Stage;

super::rows![cloudfront_sends_requests_to_the_nearest_region];

const NAME: &str = "api.ipgiraffe.com";
const APP: &str = r#"
import json, os

def handler(event, context):
    method = event["requestContext"]["http"]["method"]
    body = {"region": os.environ["AWS_REGION"], "method": method}
    return {"statusCode": 200, "headers": {"cache-control": "no-store"}, "body": json.dumps(body)}
"#;

/// The status, and the region that responded to a client near `region`.
async fn send(stage: &Stage, method: &str, path: &str, region: &str) -> (u16, String) {
    let response = stage.send(method, NAME, path, &format!("x-test-region: {region}\r\n"), "").await;
    let body: Json = serde_json::from_str(&response.body).unwrap_or_default();
    assert!(response.status != 200 || body["method"] == method, "{response:?}");
    assert!(!response.header("x-cache").is_empty(), "CloudFront must serve the name: {response:?}");
    (response.status, body["region"].as_str().unwrap_or_default().to_owned())
}

async fn cloudfront_sends_requests_to_the_nearest_region(stage: Stage) {
    stage.workspace.write("src/app.py", APP).expect("the code is written");
    let mut config = Config::latency();
    config.regions =
        [("us-east-1", "{ primary = true }"), ("us-west-2", "{}"), ("eu-central-1", "{}")].into_iter().collect();
    config.extra = "  cdn = { origin = \"latency\", read_paths = [\"/public/*\"] }\n";
    stage.apply(&config.hcl()).await;
    let api = stage.attributes("multiregion_api.this").await;
    assert_eq!(api["url"], format!("https://{NAME}"));
    let ok = |region: &str| (200, region.to_owned());
    for region in ["us-east-1", "us-west-2", "eu-central-1"] {
        for (method, path) in [("GET", "/a"), ("POST", "/a"), ("DELETE", "/a"), ("GET", "/public/a")] {
            assert_eq!(send(&stage, method, path, region).await, ok(region), "{method} {path}");
        }
    }
    assert_eq!(send(&stage, "POST", "/public/a", "us-west-2").await.0, 403, "a group accepts no writes");

    stage.aws.set_down(&["us-west-2"]);
    assert_eq!(send(&stage, "POST", "/a", "us-west-2").await, ok("us-east-1"), "Route 53 routes to the next region");
    stage.aws.set_down(&[]);

    config.drained = &["us-west-2"];
    let changes = stage.changes(&config.hcl()).await;
    let changed: Vec<_> = changes.changed.iter().chain(&changes.added).chain(&changes.removed).collect();
    assert!(changed.iter().all(|address| address.contains("record")), "the distribution stays: {changed:?}");
    stage.apply(&config.hcl()).await;
    assert_eq!(send(&stage, "POST", "/a", "us-west-2").await, ok("us-east-1"));
    stage.destroy().await;
}
