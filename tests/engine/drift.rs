//! Drift: a plan names each component that was deleted or changed outside of the provider, and an apply repairs it.

use std::collections::BTreeSet;

use multiregion::aws::Regional;
use multiregion::desired::Address;
use multiregion::wire::Value;
use serde_json::{Value as Json, json};

use super::world::{POLICY, Subject, World};

/// A tag that another tool sets.
const THEIR_TAG: &str = "changed";

/// The name of the API that these tests create.
pub(super) const OWNER: &str = "drifter";

/// A zone (applied), an API that is not applied yet, and the API's configuration, which has every kind of component that the
/// first version of the provider had.
pub(super) async fn everything(world: &World) -> (Subject, Subject, Value) {
    configured(world, gateway(), json!({ "origin": "latency" })).await
}

/// The same with every kind of component.
pub(super) async fn every_kind(world: &World) -> (Subject, Subject, Value) {
    let cdn = json!({
        "origin": "latency",
        "read_paths": ["/public/*"],
        "cache": { "key": { "cookies": [] } },
        "behaviors": { "/static/*": { "response_headers": { "remove": ["X-Powered-By"] } } },
        "invalidate_on_change": ["/*"],
        "http_version": "http2",
        "staging": { "percent": 5, "cache": { "default_ttl_seconds": 5 } },
    });
    let mut gateway = gateway();
    gateway["ip_address_type"] = json!("dualstack");
    gateway["authorizers"] =
        json!({ "users": { "kind": "jwt", "issuer": "https://login.example.com/", "audiences": ["shop"] } });
    configured(world, gateway, cdn).await
}

fn gateway() -> Json {
    json!({ "access_log": {}, "throttle": { "rate": 10, "burst": 5 }, "cors": { "allow_origins": ["*"] } })
}

async fn configured(world: &World, gateway: Json, cdn: Json) -> (Subject, Subject, Value) {
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": "drift.example" }));
    world.apply(&mut zone, &config).await;
    let api = Subject::new("multiregion_api");
    let mut function = world.function();
    function["policy_json"] = json!(POLICY);
    let config = api.config(&json!({
        "name": OWNER,
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "function": function,
        "gateway": gateway,
        "domain": { "name": "api.drift.example", "zone_id": zone.text("id"), "regional_names": true },
        "routing": { "policy": "latency", "health_check": { "path": "/health" }, "drain_seconds": 0 },
        "cdn": cdn,
    }));
    (zone, api, config)
}

/// The addresses of the components that a plan adds or changes.
fn changed(before: &Value, after: &Value) -> BTreeSet<String> {
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

/// The kinds that a plan changes together with a re-created object of this kind, because AWS deleted them with it or
/// because they contain an id that AWS assigns. All other components stay as they are.
fn dependents(kind: &str) -> &'static [&'static str] {
    match kind {
        // Lambda deletes a function's versions and aliases with it, and an alias' policy with the alias.
        "function" => &["alias", "permission", "version"],
        "alias" => &["permission"],
        // API Gateway deletes a domain name's mappings with it, and the new domain name has another target.
        "domain" => &["mapping", "record"],
        // The new one has another id or domain name, which records contain.
        "health_check" => &["record"],
        "distribution" => &["continuous_deployment_policy", "record"],
        _ => &[],
    }
}

/// Checks that the plan changes `address` and components of the kinds `dependents` only, and that an apply repairs it.
async fn assert_repaired(world: &World, api: &mut Subject, config: &Value, address: &Address, dependents: &[&str]) {
    let (planned, diagnostics) = world.plan(api, config).await;
    assert!(diagnostics.is_empty(), "{address}: {diagnostics:#?}");
    let changed = changed(&api.state.value, &planned.state.value);
    assert!(changed.contains(&address.to_string()), "the plan does not change {address}, but {changed:?}");
    let others = changed.iter().map(|other| other.parse::<Address>().expect("an address"));
    let kinds: BTreeSet<String> = others.filter(|other| other != address).map(|other| other.kind).collect();
    let expected: BTreeSet<String> = dependents.iter().map(|kind| (*kind).to_owned()).collect();
    assert_eq!(kinds, expected, "{address}: the plan changes {changed:?}");
    world.apply(api, config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_component_is_created_again() {
    let world = World::start().await;
    let (_zone, mut api, config) = every_kind(&world).await;
    world.apply(&mut api, &config).await;
    let (mut deleted, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for address in api.ledger().entries.into_keys() {
        let ledger = api.ledger();
        let entry = ledger.entries.get(&address).expect("it exists").clone();
        let (aws, component) = world.component(OWNER, &address);
        if !component.meta().visible || address.scope.region() == Some("us-west-2") {
            continue;
        }
        let delete = component.delete(&aws, &entry.spec, &entry.outputs).await;
        if delete.is_err()
            || component.read(&aws, &entry.spec, &entry.outputs).await.expect("the read succeeds").is_some()
        {
            refused.insert(component.meta().name);
            continue;
        }
        deleted.insert(component.meta().name);
        assert_repaired(&world, &mut api, &config, &address, dependents(component.meta().name)).await;
    }
    // AWS refuses to delete objects that are in use, and an API always has its endpoint. All others can be deleted.
    let kept: BTreeSet<&str> = refused.difference(&deleted).copied().collect();
    let expected = [
        "cache_policy",
        "certificate",
        "execute_api_endpoint",
        "http_api",
        "integration",
        "origin_request_policy",
        "response_headers_policy",
        "version",
    ];
    assert_eq!(kept, BTreeSet::from(expected));
    world.apply(&mut api, &Value::Null).await;
}

/// Changes that another tool could make: kind, field and new value. Tags are changed on every kind that has them.
fn changes() -> Vec<(&'static str, &'static str, Json)> {
    vec![
        ("log_group", "retention_days", json!(30)),
        ("role", "policies", json!({ "multiregion": POLICY })),
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
        ("http_api", "dual_stack", json!(false)),
        ("domain", "dual_stack", json!(false)),
        ("integration", "timeout_ms", json!(1234)),
        ("authorizer", "identity_sources", json!(["$request.header.X-Token"])),
        ("authorizer", "jwt", json!({ "issuer": "https://other.example.com/", "audiences": ["shop"] })),
        ("route", "key", json!("GET /other")),
        ("record", "sets", json!({})),
        ("stage", "throttle", json!({ "rate": "99", "burst": 9 })),
        ("health_check", "failure_threshold", json!(9)),
        ("health_check", "path", json!("/other")),
        ("health_check", "disabled", json!(true)),
        ("health_check", "inverted", json!(true)),
        ("health_check", "port", json!(8443)),
        ("health_check", "checker_regions", json!(["eu-west-1", "us-east-1", "us-west-2"])),
        ("cache_policy", "max_ttl_seconds", json!(60)),
        ("cache_policy", "headers", json!(["Accept-Language"])),
        ("origin_request_policy", "headers_except", json!(["Authorization", "Host"])),
        ("response_headers_policy", "remove", json!(["Server"])),
        ("continuous_deployment_policy", "traffic", json!({ "share": { "percent": 15, "session": null } })),
        ("distribution", "price_class", json!("PriceClass_200")),
        ("distribution", "viewer", json!({ "http_version": "http1.1", "ipv6": false, "minimum_tls": "TLSv1.2_2021" })),
        ("distribution", "comment", json!("changed")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_setting_is_restored() {
    let world = World::start().await;
    let (_zone, mut api, mut config) = every_kind(&world).await;
    if let Value::Map(attributes) = &mut config {
        let tags = [("team".to_owned(), Value::String("web".to_owned()))];
        attributes.insert("tags".to_owned(), Value::Map(tags.into()));
    }
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
            (tags["team"], tags[THEIR_TAG]) = (json!("other"), json!("yes"));
            drifts.push(("tags", tags));
        }
        for (field, to) in drifts {
            let ledger = api.ledger();
            let entry = &ledger.entries[&address];
            assert_ne!(entry.spec[field], to, "{address}.{field} has this value already");
            let mut spec = entry.spec.clone();
            spec[field] = to;
            component
                .update(&aws, &entry.outputs, &entry.spec, &spec)
                .await
                .unwrap_or_else(|e| panic!("{address}.{field}: {e}"));
            assert_repaired(&world, &mut api, &config, &address, &[]).await;
            if field == "tags" {
                // Ours is restored, and that of others stays.
                let (held, _) =
                    component.read(&aws, &spec, &entry.outputs).await.expect("it is read").expect("it exists");
                assert_eq!(
                    (&held["tags"]["team"], &held["tags"][THEIR_TAG]),
                    (&json!("web"), &json!("yes")),
                    "{address}"
                );
            }
        }
    }
    // An import takes only the tags that every object has.
    let mut again = Subject::new("multiregion_api");
    world.import(&mut again, OWNER).await;
    let (planned, diagnostics) = world.plan(&mut again, &config).await;
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(planned.state.value, again.state.value, "the plan after the import must be empty");
    world.apply(&mut api, &Value::Null).await;
}

/// Enforced settings, by kind: no attribute configures them, but another tool could change them.
const ENFORCED: &[(&str, &str)] = &[
    ("stage", "auto deploy"),
    ("integration", "payload format"),
    ("integration", "description"),
    ("route", "authorization"),
    ("domain", "security policy"),
    ("permission", "principal"),
    ("distribution", "enabled"),
    ("distribution", "default root object"),
    ("distribution", "http version"),
    ("distribution", "cache policy"),
    ("distribution", "origin request policy"),
    ("distribution", "viewer protocol"),
    ("distribution", "origin protocol"),
    ("distribution", "minimum TLS"),
];

/// Changes an enforced setting by a call to AWS, because a spec cannot express the change.
async fn tamper(aws: &Regional, kind: &str, setting: &str, outputs: &Json) {
    let text = |name: &str| outputs[name].as_str().unwrap_or_default().to_owned();
    let api = aws.apigatewayv2();
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
        "distribution" => tamper_with_distribution(aws, setting, &text("id")).await,
        other => panic!("no change is defined for the kind {other}"),
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
        other => panic!("no change is defined for the setting {other} of a distribution"),
    }
    let request = aws.cloudfront().update_distribution().id(id).if_match(etag);
    request.distribution_config(config).send().await.expect(setting);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_enforced_setting_is_restored() {
    let world = World::start().await;
    // CloudFront refuses some of these changes while there is a staging distribution.
    let (_zone, mut api, config) = everything(&world).await;
    world.apply(&mut api, &config).await;
    for (kind, setting) in ENFORCED {
        let ledger = api.ledger();
        let is_subject = |address: &&Address| address.kind == *kind && address.scope.region() != Some("us-west-2");
        let address = ledger.entries.keys().find(is_subject).expect(kind).clone();
        let (aws, _) = world.component(OWNER, &address);
        tamper(&aws, kind, setting, &ledger.entries[&address].outputs).await;
        assert_repaired(&world, &mut api, &config, &address, &[]).await;
    }
    world.apply(&mut api, &Value::Null).await;
}
