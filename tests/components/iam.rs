//! IAM roles.

use multiregion::components::Found;
use serde_json::json;

use super::{Bench, OWNER, tags, with};

#[tokio::test]
async fn a_role_is_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let policy = |action: &str| {
        let statement = json!({ "Effect": "Allow", "Action": [action], "Resource": "*" });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    let first = json!({
        "name": OWNER, "services": ["lambda.amazonaws.com"],
        "policies": { "logs": policy("logs:PutLogEvents"), "own": policy("s3:GetObject") },
        "tags": tags("global/role", "zoo"),
    });
    let second = with(
        &first,
        json!({
            "services": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"],
            "policies": { "logs": policy("logs:*"), "more": policy("s3:ListBucket") },
            "tags": tags("global/role", "farm"),
        }),
    );
    let outputs = bench.create("global/role", &first).await;
    bench.create_again("global/role", &first, &outputs).await;
    bench.update("global/role", &outputs, &first, &second).await;
    // An update from a spec to the same spec restores what differs in AWS.
    let (aws, component) = bench.at("global/role");
    component.update(&aws, &outputs, &first, &first).await.unwrap();
    bench.expect("global/role", &first, &outputs).await;
    let foreign = bench.at("global/claim").0;
    assert!(matches!(component.find(&foreign, &first).await.unwrap(), Some(Found::Foreign(_))));
    bench.delete("global/role", &first, &outputs).await;
}
