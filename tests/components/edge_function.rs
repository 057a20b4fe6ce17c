//! Lambda@Edge functions.

use multiregion::aws::CallError;
use multiregion::components::lambda::edge_function::{SERVICES, Settings};
use serde_json::{Value as Json, json};

use super::{Bench, OWNER, tags, with};

const ADDRESS: &str = "us-east-1/edge_function";

async fn role(bench: &Bench) -> Json {
    let spec = json!({
        "name": format!("{OWNER}@edge"), "services": SERVICES, "policies": {}, "tags": tags("global/role/@edge", "zoo"),
    });
    bench.create("global/role/@edge", &spec).await["arn"].clone()
}

fn function(role_arn: &Json, hosts: &[&str]) -> Json {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    let settings = Settings { name: "origin.api.example.com".to_owned(), hosts, sign: false };
    json!({
        "name": OWNER, "role_arn": role_arn, "digest": settings.digest(),
        "settings": settings, "tags": tags(ADDRESS, "zoo"),
    })
}

#[tokio::test]
async fn an_edge_function_is_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let role = role(&bench).await;
    let spec = function(&role, &["a.example.com", "b.example.com"]);
    let outputs = bench.create(ADDRESS, &spec).await;
    bench.create_again(ADDRESS, &spec, &outputs).await;
    assert_eq!(outputs["version_arn"], format!("{}:1", outputs["arn"].as_str().unwrap()));
    bench.update(ADDRESS, &outputs, &spec, &with(&spec, json!({ "tags": tags(ADDRESS, "farm") }))).await;

    // Other content is another function, and the first one stays until it is deleted.
    let other = function(&role, &["a.example.com"]);
    let successor = bench.create(ADDRESS, &other).await;
    assert_ne!(outputs["name"], successor["name"]);
    bench.delete(ADDRESS, &spec, &outputs).await;
    bench.expect(ADDRESS, &other, &successor).await;
    bench.delete(ADDRESS, &other, &successor).await;
}

#[tokio::test]
async fn a_function_of_another_owner_stays() {
    let bench = Bench::start().await;
    let spec = function(&role(&bench).await, &["a.example.com"]);
    let outputs = bench.create(ADDRESS, &spec).await;
    // A new resource of the same name has a function of its own.
    let (_, component) = bench.at(ADDRESS);
    assert!(component.find(&bench.rival(ADDRESS), &spec).await.unwrap().is_none());
    // Somebody replaces the function.
    let (aws, _) = bench.at(ADDRESS);
    let name = outputs["name"].as_str().unwrap();
    let untag = aws.lambda().untag_resource().resource(outputs["arn"].as_str().unwrap());
    untag.tag_keys("multiregion:owner").tag_keys("multiregion:owner-id").send().await.unwrap();
    let found = component.find(&aws, &spec).await.unwrap();
    assert!(matches!(found, Some(multiregion::components::AnyFound::Foreign(_))), "{name}: {found:?}");
    let error = component.create(&aws, &spec).await.unwrap_err();
    assert!(matches!(error, CallError::Foreign { .. }), "{error}");
}
