//! Every component, deleted or changed behind our back, shows up by name and is mended.

use std::collections::BTreeSet;

use multiregion::aws::Regional;
use multiregion::desired::Address;
use multiregion::wire::Value;
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

/// The owner of everything here.
pub(super) const OWNER: &str = "drifter";

/// An API with every kind of component, in as few regions as that takes.
pub(super) async fn everything(world: &World) -> (Subject, Subject, Value) {
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "drift.example" }));
    world.apply(&mut zone, &config).await;
    let api = Subject::new("multiregion_api");
    let mut function = world.function();
    function["policy_json"] = json!(
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\",\"Resource\":\"*\"}]}"
    );
    let config = api.config(&json!({
        "name": OWNER,
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "function": function,
        "gateway": { "access_log": {}, "throttle": { "rate": 10, "burst": 5 }, "cors": { "allow_origins": ["*"] } },
        "domain": { "name": "api.drift.example", "zone_id": zone.text("id"), "regional_names": true },
        "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 },
        "cdn": { "origin": "latency" },
    }));
    (zone, api, config)
}

/// The components that a plan adds or changes.
fn touched(before: &Value, after: &Value) -> BTreeSet<String> {
    let components = |value: &Value| match value {
        Value::Map(attributes) => match attributes.get("components") {
            Some(Value::Map(components)) => components.clone(),
            other => panic!("components is {other:?}"),
        },
        other => panic!("the state is {other:?}"),
    };
    let (before, after) = (components(before), components(after));
    after
        .into_iter()
        .filter(|(address, component)| before.get(address) != Some(component))
        .map(|(name, _)| name)
        .collect()
}

/// The kinds that follow an object of this kind that is made again: what AWS took away with it, or what holds an id that
/// AWS chooses anew. All others stay as they are.
fn followers(kind: &str) -> &'static [&'static str] {
    match kind {
        // Lambda deletes a function's versions and aliases with it, and an alias' policy with the alias.
        "function" => &["alias", "permission", "version"],
        "alias" => &["permission"],
        // API Gateway deletes a domain name's mappings with it, and the new one has another target.
        "domain" => &["mapping", "record"],
        // The new one has an id or a name of AWS's own, which records hold.
        "health_check" | "distribution" => &["record"],
        _ => &[],
    }
}

/// The plan names `address` alone, and what must follow; the apply mends it.
async fn mends(world: &World, api: &mut Subject, config: &Value, address: &Address, followers: &[&str]) {
    let (planned, told) = world.plan(api, config).await;
    assert!(told.is_empty(), "{address}: {told:#?}");
    let touched = touched(&api.state.value, &planned.state.value);
    assert!(touched.contains(&address.to_string()), "{address} is not in the plan, which touches {touched:?}");
    let others = touched.iter().map(|other| other.parse::<Address>().expect("an address"));
    let kinds: BTreeSet<String> = others.filter(|other| other != address).map(|other| other.kind).collect();
    let expected: BTreeSet<String> = followers.iter().map(|kind| (*kind).to_owned()).collect();
    assert_eq!(kinds, expected, "{address}: the plan touches {touched:?}");
    world.apply(api, config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_behind_our_back_is_made_again() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    let (mut deleted, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for address in api.ledger().entries.into_keys() {
        let ledger = api.ledger();
        let entry = ledger.entries.get(&address).expect("it was made").clone();
        let (aws, component) = world.component(OWNER, &address);
        if !component.meta().visible || address.scope.region() == Some("us-west-2") {
            continue;
        }
        let delete = component.delete(&aws, &entry.spec, &entry.outputs).await;
        if delete.is_err() || component.read(&aws, &entry.spec, &entry.outputs).await.expect("AWS answers").is_some() {
            refused.insert(component.meta().name);
            continue;
        }
        deleted.insert(component.meta().name);
        mends(&world, &mut api, &config, &address, followers(component.meta().name)).await;
    }
    // AWS itself keeps what is in use, and an API always has its endpoint; everything else can vanish.
    let kept: BTreeSet<&str> = refused.difference(&deleted).copied().collect();
    assert_eq!(kept, BTreeSet::from(["certificate", "execute_api_endpoint", "http_api", "integration", "version"]));
    world.apply(&mut api, &Value::Null).await;
}

/// What somebody might set behind our back, by kind and field. Tags are tried on every kind that has some.
fn changes() -> Vec<(&'static str, &'static str, Json)> {
    vec![
        ("log_group", "retention_days", json!(30)),
        (
            "role",
            "policies",
            json!({ "multiregion": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\",\"Resource\":\"*\"}]}" }),
        ),
        ("function", "memory_mb", json!(512)),
        ("function", "timeout_seconds", json!(77)),
        ("function", "environment", json!({ "CHANGED": "yes" })),
        ("function", "handler", json!("other.handler")),
        ("function", "ephemeral_storage_mb", json!(1024)),
        ("function", "tracing", json!(true)),
        ("alias", "version", json!("$LATEST")),
        ("mapping", "base_path", json!("other")),
        ("execute_api_endpoint", "disabled", json!(true)),
        ("http_api", "cors", Json::Null),
        ("integration", "timeout_ms", json!(1234)),
        ("route", "key", json!("GET /other")),
        ("record", "sets", json!({})),
        ("stage", "throttle", json!({ "rate": "99", "burst": 9 })),
        ("health_check", "failure_threshold", json!(9)),
        ("health_check", "path", json!("/other")),
        ("distribution", "price_class", json!("PriceClass_200")),
        ("distribution", "comment", json!("changed")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_behind_our_back_is_changed_again() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    for address in api.ledger().entries.into_keys() {
        let (aws, component) = world.component(OWNER, &address);
        if address.scope.region() == Some("us-west-2") {
            continue;
        }
        let mut drifts: Vec<(&str, Json)> = changes()
            .into_iter()
            .filter(|(kind, ..)| *kind == component.meta().name)
            .map(|(_, field, to)| (field, to))
            .collect();
        let ledger = api.ledger();
        if let Some(tags) = ledger.entries[&address].spec.get("tags") {
            let mut tags = tags.clone();
            tags["changed"] = json!("yes");
            drifts.push(("tags", tags));
        }
        for (field, to) in drifts {
            let ledger = api.ledger();
            let entry = &ledger.entries[&address];
            assert_ne!(entry.spec[field], to, "{address}.{field} would not change");
            let mut spec = entry.spec.clone();
            spec[field] = to;
            component
                .update(&aws, &entry.outputs, &entry.spec, &spec)
                .await
                .unwrap_or_else(|e| panic!("{address}.{field}: {e}"));
            mends(&world, &mut api, &config, &address, &[]).await;
        }
    }
    world.apply(&mut api, &Value::Null).await;
}

/// What no configuration says anything of, and what somebody might set behind our back all the same.
const FIXED: &[(&str, &str)] = &[
    ("stage", "auto deploy"),
    ("integration", "payload format"),
    ("integration", "description"),
    ("route", "authorization"),
    ("domain", "security policy"),
    ("permission", "who may call"),
    ("health_check", "disabled"),
    ("health_check", "inverted"),
    ("distribution", "enabled"),
    ("distribution", "default root object"),
    ("distribution", "http version"),
    ("distribution", "cache policy"),
    ("distribution", "origin request policy"),
    ("distribution", "viewer protocol"),
    ("distribution", "origin protocol"),
    ("distribution", "minimum TLS"),
];

/// Does it: what only calls of AWS's own can do, for our specs cannot say it.
async fn tamper(aws: &Regional, kind: &str, setting: &str, outputs: &Json) {
    let text = |name: &str| outputs[name].as_str().unwrap_or_default().to_owned();
    let api = aws.apigateway();
    match kind {
        "stage" => {
            let request = api.update_stage().api_id(text("api_id")).stage_name(text("name"));
            drop(request.auto_deploy(false).send().await.expect(setting));
        }
        "integration" => {
            let request = api.update_integration().api_id(text("api_id")).integration_id(text("id"));
            let request = match setting {
                "payload format" => request.payload_format_version("1.0"),
                _ => request.description("not ours"),
            };
            drop(request.send().await.expect(setting));
        }
        "route" => {
            let request = api.update_route().api_id(text("api_id")).route_id(text("id"));
            drop(request.authorization_type("AWS_IAM".into()).send().await.expect(setting));
        }
        "domain" => {
            let domain = api.get_domain_name().domain_name(text("name")).send().await.expect(setting);
            let mut configurations = domain.domain_name_configurations.expect(setting);
            configurations[0].security_policy = Some("TLS_1_0".into());
            let request = api.update_domain_name().domain_name(text("name"));
            drop(request.set_domain_name_configurations(Some(configurations)).send().await.expect(setting));
        }
        "permission" => {
            let (lambda, [function, alias, id]) = (aws.lambda(), ["function", "alias", "statement_id"].map(text));
            let request = lambda.remove_permission().function_name(&function).qualifier(&alias).statement_id(&id);
            request.send().await.expect(setting);
            let request = lambda.add_permission().function_name(&function).qualifier(&alias).statement_id(&id);
            let request = request.action("lambda:InvokeFunction").principal("events.amazonaws.com");
            drop(request.send().await.expect(setting));
        }
        "health_check" => {
            let request = aws.route53().update_health_check().health_check_id(text("id"));
            let request = if setting == "disabled" { request.disabled(true) } else { request.inverted(true) };
            drop(request.send().await.expect(setting));
        }
        "distribution" => tamper_with_distribution(aws, setting, &text("id")).await,
        other => panic!("nobody knows how to tamper with a {other}"),
    }
}

async fn tamper_with_distribution(aws: &Regional, setting: &str, id: &str) {
    let held = aws.cloudfront().get_distribution_config().id(id).send().await.expect(setting);
    let (etag, mut config) = (held.e_tag.expect(setting), held.distribution_config.expect(setting));
    let behavior = config.default_cache_behavior.as_mut().expect(setting);
    match setting {
        "enabled" => config.enabled = false,
        "default root object" => config.default_root_object = Some("index.html".to_owned()),
        "http version" => config.http_version = Some("http1.1".into()),
        "cache policy" => behavior.cache_policy_id = Some("658327ea-f89d-4fab-a63d-7e88639e58f6".to_owned()),
        "origin request policy" => behavior.origin_request_policy_id = None,
        "viewer protocol" => behavior.viewer_protocol_policy = "allow-all".into(),
        "origin protocol" => {
            let origins = config.origins.as_mut().expect(setting);
            let custom = origins.items[0].custom_origin_config.as_mut().expect(setting);
            custom.origin_protocol_policy = "http-only".into();
        }
        "minimum TLS" => {
            let viewer = config.viewer_certificate.as_mut().expect(setting);
            viewer.minimum_protocol_version = Some("TLSv1".into());
        }
        other => panic!("nobody knows how to tamper with the {other} of a distribution"),
    }
    let request = aws.cloudfront().update_distribution().id(id).if_match(etag);
    request.distribution_config(config).send().await.expect(setting);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_configuration_says_is_kept_as_we_promise_it() {
    let world = World::start().await;
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    for (kind, setting) in FIXED {
        let ledger = api.ledger();
        let is_meant = |address: &&Address| address.kind == *kind && address.scope.region() != Some("us-west-2");
        let address = ledger.entries.keys().find(is_meant).expect(kind).clone();
        let (aws, _) = world.component(OWNER, &address);
        tamper(&aws, kind, setting, &ledger.entries[&address].outputs).await;
        mends(&world, &mut api, &config, &address, &[]).await;
    }
    world.apply(&mut api, &Value::Null).await;
}
