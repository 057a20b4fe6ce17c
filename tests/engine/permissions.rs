//! IAM permissions: every call of a long lifecycle is among the actions that the components declare, and the policy in
//! `docs/` allows exactly those.

use std::collections::BTreeSet;

use multiregion::aws::SERVICES;
use multiregion::components::REGISTRY;
use multiregion::data_sources;
use multiregion::wire::Value;
use serde_json::{Value as Json, json};
use strict_aws::Call;

use super::world::{POLICY, Subject, World};

/// The action of the provider's own call, which belongs to no component.
const PROVIDER_ACTION: &str = "account:ListRegions";

/// The name of an alarm that exists.
const ALARM: &str = "errors";

/// The actions that the components declare.
fn declared_actions() -> BTreeSet<String> {
    let components = REGISTRY.iter().flat_map(|component| component.meta().actions);
    components.copied().chain([PROVIDER_ACTION]).map(str::to_owned).collect()
}

/// The IAM actions that a call requires.
///
/// # Source
/// AWS, "Service Authorization Reference". A call that creates an object with tags also requires the action to tag it.
pub(super) fn required_actions(call: &Call) -> Vec<String> {
    let with_tags = match call.name().as_str() {
        // This call requires no permission.
        "sts:GetCallerIdentity" => return Vec::new(),
        "lambda:Invoke" => return vec!["lambda:InvokeFunction".to_owned()],
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
    let name = if call.name() == "lambda:Invoke" {
        "lambda:InvokeFunction".to_owned()
    } else if call.service == "apigateway" {
        format!("apigateway:{}", call.method)
    } else {
        call.name()
    };
    [name, with_tags.to_owned()].into_iter().filter(|action| !action.is_empty()).collect()
}

/// Configurations of one API, applied one after the other, with every setting that causes calls of its own.
fn configurations(function: &Json, zone_id: &str) -> Vec<Json> {
    let full = json!({
        "name": "permitted",
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "function": function,
        "gateway": { "access_log": {}, "throttle": { "rate": 10, "burst": 5 }, "cors": { "allow_origins": ["*"] } },
        "domain": { "name": "api.permitted.example", "zone_id": zone_id, "regional_names": true },
        "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 },
        "cdn": {
            "origin": "latency", "read_paths": ["/public/*"], "cache": { "key": { "cookies": [] } },
            "behaviors": { "/static/*": { "response_headers": { "remove": ["X-Powered-By"] } } },
            "invalidate_on_change": ["/*"],
            "http_version": "http2", "staging": { "percent": 5, "cache": { "default_ttl_seconds": 5 } },
        },
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
    let mut mutual = plain.clone();
    mutual["gateway"] = json!({ "disable_execute_api_endpoint": true });
    mutual["routing"] = json!({ "policy": "latency", "drain_seconds": 0, "health_check": { "protocol": "tcp" } });
    mutual["domain"]["mutual_tls"] = json!({ "truststore_uri": "s3://truststore/authorities.pem" });
    vec![
        full.clone(),
        with(&["tags"], json!({ "crew": "night" })),
        with(&["rollout"], json!({ "bake_seconds": 1, "alarms": { "us-east-1": [ALARM] } })),
        concurrent,
        with(&["function", "log_retention_days"], json!(0)),
        with(&["function", "policy_json"], json!(POLICY)),
        with(&["function", "memory_mb"], json!(256)),
        with(&["routing", "policy"], json!("weighted")),
        with(&["routing", "health_check", "path"], json!("/alive")),
        with(&["cdn", "price_class"], json!("PriceClass_100")),
        with(&["cdn", "cache", "max_ttl_seconds"], json!(60)),
        with(&["cdn", "origin"], json!("edge_function")),
        with(&["gateway", "routes"], json!(["GET /health", "POST /items"])),
        with(&["domain", "base_path"], json!("v1")),
        with(&["domain", "additional_names"], json!(["www.permitted.example"])),
        plain.clone(),
        mutual,
        rest(plain),
    ]
}

/// A REST API from routes, with an API key of each kind.
fn rest(mut config: Json) -> Json {
    let write_only = json!({ "value_wo": "write-only-0123456789", "value_wo_version": 1 });
    let given = json!({ "value": "given-0123456789-0123456789", "quota": { "limit": 10 } });
    let keys = json!({ "given": given, "generated": {}, "write_only": write_only });
    config["gateway"] = json!({ "protocol": "rest", "routes": ["GET /health"], "api_keys": keys });
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_among_the_declared_actions() {
    let world = World::start().await;
    let cloudwatch = world.by_hand("us-east-1").cloudwatch();
    cloudwatch.put_metric_alarm().alarm_name(ALARM).send().await.expect("the alarm is created");
    world.local.clear_calls();
    let mut zone = Subject::new("multiregion_zone");
    let mut api = Subject::new("multiregion_api");
    for comment in ["one", "another"] {
        let tags = json!({ comment: "tag" });
        let config = zone
            .config(&json!({ "name": "permitted.example", "comment": comment, "tags": tags, "force_destroy": true }));
        world.apply(&mut zone, &config).await;
    }
    for config in configurations(&world.function(), &zone.text("id")) {
        let config = api.config(&config);
        world.apply(&mut api, &config).await;
    }
    world.rewrite();
    let last = api.config(&configurations(&world.function(), &zone.text("id"))[0]);
    world.apply(&mut api, &last).await;
    let mut again = Subject::new("multiregion_api");
    world.import(&mut again, "permitted").await;
    world.apply(&mut api, &Value::Null).await;
    world.apply(&mut zone, &Value::Null).await;

    let calls = world.local.calls();
    let declared = declared_actions();
    let required: BTreeSet<String> = calls.iter().flat_map(required_actions).collect();
    let missing: Vec<_> = required.difference(&declared).collect();
    assert!(missing.is_empty(), "no component declares {missing:?}");
    assert!(required.len() > 60, "the lifecycle requires too few actions to prove anything: {required:#?}");
}

#[test]
fn declared_actions_are_well_formed_and_sorted() {
    // Services that the provider does not call itself. Lambda calls them with the caller's permissions.
    const CALLED_BY_LAMBDA: [&str; 3] = ["ec2", "ecr", "s3"];
    let own = SERVICES.iter().map(|service| service.name.replace('_', "-"));
    let services: BTreeSet<String> = own.chain(CALLED_BY_LAMBDA.map(str::to_owned)).collect();
    let kinds = REGISTRY.iter().map(|component| (component.meta().name, component.meta().actions));
    let sources = data_sources::REGISTRY.iter().map(|source| (source.type_name(), source.actions()));
    for (name, actions) in kinds.chain(sources) {
        for action in actions {
            let (service, operation) = action.split_once(':').unwrap_or_default();
            assert!(services.contains(service), "{name}: {action}");
            let is_operation = operation.starts_with(|c: char| c.is_ascii_uppercase())
                && operation.chars().all(|c| c.is_ascii_alphanumeric());
            assert!(is_operation, "{name}: {action}");
        }
        assert!(actions.is_sorted(), "the actions of {name} are not sorted");
    }
}
