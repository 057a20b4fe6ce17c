//! IAM roles.

use aws_sdk_iam::types::Tag;
use multiregion::aws::IgnoredTags;
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

#[tokio::test]
async fn a_permissions_boundary_is_set_replaced_and_removed() {
    let bench = Bench::start().await;
    let bounded = |arn: &str| {
        json!({
            "name": OWNER, "services": ["lambda.amazonaws.com"], "policies": {}, "permissions_boundary_arn": arn,
            "tags": tags("global/role", "zoo"),
        })
    };
    let (first, second) =
        (bounded("arn:aws:iam::123456789012:policy/a"), bounded("arn:aws:iam::123456789012:policy/b"));
    let mut free = first.clone();
    free.as_object_mut().unwrap().remove("permissions_boundary_arn");
    let boundary = async || {
        let role = bench.at("global/role").0.iam().get_role().role_name(OWNER).send().await.unwrap().role.unwrap();
        role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn()).map(str::to_owned)
    };
    let arn = |spec: &serde_json::Value| spec["permissions_boundary_arn"].as_str().map(str::to_owned);

    let outputs = bench.create("global/role", &first).await;
    assert_eq!(boundary().await, arn(&first));
    bench.update("global/role", &outputs, &first, &second).await;
    assert_eq!(boundary().await, arn(&second));
    // Others remove it.
    let (aws, component) = bench.at("global/role");
    aws.iam().delete_role_permissions_boundary().role_name(OWNER).send().await.unwrap();
    let (shown, _) = component.read(&aws, &second, &outputs).await.unwrap().unwrap();
    assert_ne!(shown, second, "drift");
    component.update(&aws, &outputs, &second, &second).await.unwrap();
    assert_eq!(boundary().await, arn(&second));
    bench.update("global/role", &outputs, &second, &free).await;
    assert_eq!(boundary().await, None);
    // The boundary of an organization's own automation stays.
    let put = aws.iam().put_role_permissions_boundary().role_name(OWNER);
    put.permissions_boundary("arn:aws:iam::123456789012:policy/c").send().await.unwrap();
    bench.expect("global/role", &free, &outputs).await;
    bench.delete("global/role", &free, &outputs).await;
}

#[tokio::test]
async fn a_new_role_has_the_path_and_an_old_one_keeps_its_own() {
    let bench = Bench::start().await;
    let at = |path: &str| {
        json!({
            "name": OWNER, "services": ["lambda.amazonaws.com"], "policies": {}, "path": path,
            "tags": tags("global/role", "zoo"),
        })
    };
    let (first, second) = (at("/teams/web/"), at("/teams/"));
    let outputs = bench.create("global/role", &first).await;
    let role = bench.at("global/role").0.iam().get_role().role_name(OWNER).send().await.unwrap().role.unwrap();
    assert_eq!((role.path(), role.arn()), ("/teams/web/", "arn:aws:iam::123456789012:role/teams/web/giraffe"));
    bench.expect("global/role", &second, &outputs).await;
    bench.delete("global/role", &second, &outputs).await;
}

#[tokio::test]
async fn tags_of_others_are_neither_shown_nor_removed_and_ignored_ones_not_imported() {
    let ignored =
        IgnoredTags { keys: ["AutoTag_Creator".to_owned()].into(), key_prefixes: vec!["platform:".to_owned()] };
    let bench = Bench::configured(|config| config.ignore_tags = ignored).await;
    let first = json!({
        "name": OWNER, "services": ["lambda.amazonaws.com"], "policies": {}, "tags": tags("global/role", "zoo"),
    });
    let outputs = bench.create("global/role", &first).await;
    let (aws, component) = bench.at("global/role");
    let tag = async |key: &str| {
        let tag = Tag::builder().key(key).value("robot").build().unwrap();
        aws.iam().tag_role().role_name(OWNER).tags(tag).send().await.unwrap();
    };
    tag("AutoTag_Creator").await;
    tag("platform:cost").await;
    bench.expect("global/role", &first, &outputs).await;

    let second = with(&first, json!({ "tags": tags("global/role", "farm") }));
    bench.update("global/role", &outputs, &first, &second).await;
    // A repeated update starts from what AWS reports.
    component.update(&aws, &outputs, &second, &second).await.unwrap();
    let role = aws.iam().list_role_tags().role_name(OWNER).send().await.unwrap();
    let keys: Vec<&str> = role.tags().iter().map(Tag::key).collect();
    assert!(keys.contains(&"AutoTag_Creator") && keys.contains(&"platform:cost"), "{keys:?}");

    tag("other").await;
    bench.expect("global/role", &second, &outputs).await;
    let found = component.discover(&aws, &Default::default()).await.unwrap().remove(0);
    let (imported, _) = component.read_discovered(&aws, &found.spec, &found.outputs).await.unwrap().unwrap();
    let keys: Vec<&String> = imported["tags"].as_object().unwrap().keys().collect();
    let ours = ["multiregion:address", "multiregion:owner", "multiregion:owner-id", "other", "team"];
    assert_eq!(keys, ours, "an import cannot know who set a tag");
    bench.delete("global/role", &second, &outputs).await;
}
