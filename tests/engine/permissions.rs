//! What the provider may do: every call of a long life is one that its component asks permission for, and the policy for
//! users allows just that.

use std::collections::BTreeSet;

use multiregion::components::REGISTRY;
use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::Call;

use super::world::{Subject, World};

/// What the provider itself asks, of no component.
const OWN: &str = "account:ListRegions";

/// What all components may do.
fn allowed() -> BTreeSet<String> {
    REGISTRY.iter().flat_map(|component| component.meta().actions).map(|action| (*action).to_owned()).collect()
}

/// The actions that IAM asks for before this call is done.
///
/// # Source
/// "Service Authorization Reference"; what is made with tags takes the permission to tag, too.
fn asked_for(call: &Call) -> Vec<String> {
    let with_tags = match call.name().as_str() {
        // Whoever one is, one may ask.
        "sts:GetCallerIdentity" => return Vec::new(),
        "cloudfront:CreateDistributionWithTags" => {
            return vec!["cloudfront:CreateDistribution".to_owned(), "cloudfront:TagResource".to_owned()];
        }
        "apigateway:CreateApi" | "apigateway:CreateDomainName" | "apigateway:CreateStage" => "apigateway:TagResource",
        "lambda:CreateFunction" => "lambda:TagResource",
        "logs:CreateLogGroup" => "logs:TagResource",
        "iam:CreateRole" => "iam:TagRole",
        "acm:RequestCertificate" => "acm:AddTagsToCertificate",
        "apigateway:TagResource" => "apigateway:TagResource",
        "apigateway:UntagResource" => "apigateway:UntagResource",
        _ => "",
    };
    let name = if call.service == "apigateway" { format!("apigateway:{}", call.method) } else { call.name() };
    [name, with_tags.to_owned()].into_iter().filter(|action| !action.is_empty()).collect()
}

/// Configurations of one API, one after the other: with everything that makes calls of its own.
fn life(function: &Json, zone_id: &str) -> Vec<Json> {
    let full = json!({
        "name": "permitted",
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "function": function,
        "gateway": { "access_log": {}, "throttle": { "rate": 10, "burst": 5 }, "cors": { "allow_origins": ["*"] } },
        "domain": { "name": "api.permitted.example", "zone_id": zone_id, "regional_names": true },
        "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 },
        "cdn": { "origin": "latency" },
        "tags": { "team": "zoo" },
    });
    let with = |path: &[&str], value: Json| {
        let mut config = full.clone();
        *path.iter().fold(&mut config, |at, name| &mut at[*name]) = value;
        config
    };
    let mut concurrent = with(&["function", "reserved_concurrency"], json!(5));
    concurrent["function"]["provisioned_concurrency"] = json!(2);
    let mut plain = with(&["gateway"], json!({}));
    plain["cdn"] = Json::Null;
    plain["regions"] = json!({ "us-east-1": {} });
    vec![
        full.clone(),
        with(&["tags"], json!({ "crew": "night" })),
        concurrent,
        with(&["function", "log_retention_days"], json!(0)),
        with(&["function", "policy_json"], json!(POLICY)),
        with(&["function", "memory_mb"], json!(256)),
        with(&["routing", "policy"], json!("weighted")),
        with(&["routing", "health_check", "path"], json!("/alive")),
        with(&["cdn", "price_class"], json!("PriceClass_100")),
        with(&["gateway", "routes"], json!(["GET /health", "POST /items"])),
        with(&["domain", "base_path"], json!("v1")),
        plain,
    ]
}

const POLICY: &str = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\",\"Resource\":\"*\"}]}";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_called_that_is_not_asked_for() {
    let world = World::start().await;
    let mut zone = Subject::new("multiregion_zone");
    let mut api = Subject::new("multiregion_api");
    for comment in ["one", "another"] {
        let tags = json!({ comment: "tag" });
        let config = zone
            .config(&json!({ "name": "permitted.example", "comment": comment, "tags": tags, "force_destroy": true }));
        world.apply(&mut zone, &config).await;
    }
    for config in life(&world.function(), &zone.text("id")) {
        let config = api.config(&config);
        world.apply(&mut api, &config).await;
    }
    world.rewrite();
    let last = api.config(&life(&world.function(), &zone.text("id"))[0]);
    world.apply(&mut api, &last).await;
    let mut again = Subject::new("multiregion_api");
    world.import(&mut again, "permitted").await;
    world.apply(&mut api, &Value::Null).await;
    world.apply(&mut zone, &Value::Null).await;

    let calls = world.local.calls();
    let mut allowed = allowed();
    allowed.insert(OWN.to_owned());
    let seen: BTreeSet<String> = calls.iter().flat_map(asked_for).collect();
    let missing: Vec<_> = seen.difference(&allowed).collect();
    assert!(missing.is_empty(), "no component's ACTIONS has {missing:?}");
    assert!(seen.len() > 60, "a life that does next to nothing proves nothing: {seen:#?}");
}

#[test]
fn every_action_is_one_of_a_service_that_iam_knows() {
    const SERVICES: [&str; 11] =
        ["acm", "apigateway", "cloudfront", "ec2", "ecr", "iam", "lambda", "logs", "route53", "s3", "account"];
    for component in REGISTRY {
        for action in component.meta().actions {
            let (service, name) = action.split_once(':').unwrap_or_default();
            assert!(SERVICES.contains(&service), "{}: {action}", component.meta().name);
            let is_name =
                name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric());
            assert!(is_name, "{}: {action}", component.meta().name);
        }
        assert!(component.meta().actions.is_sorted(), "the actions of {} are not sorted", component.meta().name);
    }
}

/// The policy that `docs/iam-policy.json` has to be.
fn policy() -> String {
    let mut actions = allowed();
    actions.insert(OWN.to_owned());
    let statement = json!({ "Sid": "Multiregion", "Effect": "Allow", "Action": actions, "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    serde_json::to_string_pretty(&policy).expect("it is JSON") + "\n"
}

#[test]
fn the_policy_for_users_allows_just_that() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/iam-policy.json");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == policy(), "docs/iam-policy.json has to be\n{}", policy());
    // IAM takes managed policies of at most 6,144 letters, blanks not counted.
    assert!(written.chars().filter(|c| !c.is_whitespace()).count() <= 6_144);
}
