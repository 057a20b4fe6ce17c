//! HTTP APIs, their parts, and custom domain names.

use aws_sdk_acm::primitives::Blob;
use multiregion::aws::chain;
use multiregion::components::Found;
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault};

use super::acm::{certificate, zone};
use super::{Bench, REGION, at, tags, with};

fn api_spec() -> Json {
    json!({
        "name": "giraffe", "cors": null, "disable_execute_api_endpoint": false, "tags": tags(&at("http_api"), "zoo"),
    })
}

fn function(alias: &str) -> String {
    format!("arn:aws:lambda:{REGION}:123456789012:function:giraffe:{alias}")
}

/// Creates an API and an integration in it; returns the outputs of both.
async fn api(bench: &Bench) -> (Json, Json) {
    let api = bench.create(&at("http_api"), &api_spec()).await;
    let integration = json!({ "api_id": api["id"], "function_arn": function("live"), "timeout_ms": 29_000 });
    let integration = bench.create(&at("integration"), &integration).await;
    (api, integration)
}

#[tokio::test]
async fn an_http_api_is_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let (address, plain) = (at("http_api"), api_spec());
    let api = bench.create(&address, &plain).await;
    assert_eq!(api["host"], format!("{}.execute-api.{REGION}.amazonaws.com", api["id"].as_str().unwrap()));
    bench.create_again(&address, &plain, &api).await;

    let cors = |origin: &str| {
        json!({
            "allow_origins": [origin], "allow_methods": ["GET", "POST"], "allow_headers": ["X-Key"],
            "expose_headers": [], "allow_credentials": false, "max_age_seconds": 60,
        })
    };
    let first = with(&plain, json!({ "cors": cors("https://a.example") }));
    let second = with(&first, json!({ "cors": cors("https://b.example") }));
    let tagged = with(&plain, json!({ "tags": tags(&address, "farm") }));
    let mut before = &plain;
    for after in [&first, &second, &plain, &tagged] {
        bench.update(&address, &api, before, after).await;
        before = after;
    }
    bench.delete(&address, before, &api).await;
}

#[tokio::test]
async fn the_execute_api_endpoint_is_disabled_and_enabled_apart_from_its_api() {
    let bench = Bench::start().await;
    let disabled = with(&api_spec(), json!({ "disable_execute_api_endpoint": true }));
    let api = bench.create(&at("http_api"), &disabled).await;
    let spec = |disabled: bool| json!({ "api_id": api["id"], "disabled": disabled, "drain_seconds": 0 });
    let outputs = json!({ "api_id": api["id"] });
    bench.create_again(&at("execute_api_endpoint"), &spec(true), &outputs).await;
    bench.update(&at("execute_api_endpoint"), &outputs, &spec(true), &spec(false)).await;

    // Clients that still use the endpoint during the drain period must find it enabled.
    let drained = with(&spec(true), json!({ "drain_seconds": 1 }));
    let start = std::time::Instant::now();
    bench.update(&at("execute_api_endpoint"), &outputs, &spec(false), &drained).await;
    assert!(start.elapsed() >= std::time::Duration::from_secs(1), "{:?}", start.elapsed());
    bench.update(&at("execute_api_endpoint"), &outputs, &drained, &spec(false)).await;

    // An update of the API leaves its endpoint alone.
    let (aws, component) = bench.at(&at("http_api"));
    let tagged = with(&disabled, json!({ "tags": tags(&at("http_api"), "farm") }));
    component.update(&aws, &api, &disabled, &tagged).await.unwrap();
    bench.expect(&at("execute_api_endpoint"), &spec(false), &outputs).await;
    bench.delete(&at("http_api"), &tagged, &api).await;
    let (aws, component) = bench.at(&at("execute_api_endpoint"));
    assert!(component.read(&aws, &spec(false), &outputs).await.unwrap().is_none(), "the endpoint is gone with its API");
}

#[tokio::test]
async fn a_create_whose_reply_is_lost_creates_one_api() {
    let bench = Bench::start().await;
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("apigateway:CreateApi").nth(1));
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("apigateway:CreateIntegration").nth(1));
    api(&bench).await;
    let calls = |name: &str| bench.local.calls().iter().filter(|call| call.name() == name).count();
    assert_eq!((calls("apigateway:CreateApi"), calls("apigateway:CreateIntegration")), (1, 1));
}

#[tokio::test]
async fn an_http_api_of_the_same_name_without_our_tags_is_foreign() {
    let bench = Bench::start().await;
    let theirs = with(&api_spec(), json!({ "tags": { "team": "web" } }));
    let (aws, component) = bench.at(&at("http_api"));
    component.create(&aws, &theirs).await.unwrap();
    let found = component.find(&aws, &api_spec()).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("team=web")), "{found:?}");
}

#[tokio::test]
async fn an_integration_and_its_routes_are_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let (api, integration) = api(&bench).await;
    let spec = json!({ "api_id": api["id"], "function_arn": function("live"), "timeout_ms": 29_000 });
    bench.create_again(&at("integration"), &spec, &integration).await;
    let slower = with(&spec, json!({ "timeout_ms": 5_000, "function_arn": function("next") }));
    bench.update(&at("integration"), &integration, &spec, &slower).await;

    for key in ["$default", "GET /items/{id}"] {
        let address = at(&format!("route/{key}"));
        let route = json!({ "api_id": api["id"], "key": key, "integration_id": integration["id"] });
        let created = bench.create(&address, &route).await;
        bench.create_again(&address, &route, &created).await;
        let moved = with(&route, json!({ "integration_id": "another" }));
        bench.update(&address, &created, &route, &moved).await;
        bench.delete(&address, &moved, &created).await;
    }
    bench.delete(&at("integration"), &slower, &integration).await;
}

#[tokio::test]
async fn authorizers_and_the_routes_that_use_them_are_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let (api, integration) = api(&bench).await;
    let jwt = json!({
        "api_id": api["id"], "name": "users", "kind": "jwt", "identity_sources": ["$request.header.Authorization"],
        "jwt": { "issuer": "https://login.example.com/", "audiences": ["web", "app"] },
    });
    let request = json!({
        "api_id": api["id"], "name": "users", "kind": "request", "identity_sources": ["$request.header.X-Key"],
        "lambda": {
            "function_arn": function("live"), "payload_format": "2.0", "simple_responses": true, "ttl_seconds": 60,
        },
    });
    let (at_users, at_keys) = (at("authorizer/users"), at("authorizer/keys"));
    let users = bench.create(&at_users, &jwt).await;
    bench.create_again(&at_users, &jwt, &users).await;
    let other = with(&jwt, json!({ "jwt": { "issuer": "https://other.example.com/", "audiences": ["web"] } }));
    bench.update(&at_users, &users, &jwt, &other).await;
    // An authorizer of another kind exists beside it, until the routes use it.
    let keys = bench.create(&at_keys, &request).await;
    bench.create_again(&at_keys, &request, &keys).await;
    let mut settings = request["lambda"].clone();
    settings["payload_format"] = json!("1.0");
    settings["simple_responses"] = json!(false);
    settings["role_arn"] = json!("arn:aws:iam::123456789012:role/gateway");
    let policy = with(
        &request,
        json!({ "lambda": settings, "identity_sources": ["$request.querystring.key", "$context.routeKey"] }),
    );
    bench.update(&at_keys, &keys, &request, &policy).await;
    settings["ttl_seconds"] = json!(0);
    settings.as_object_mut().unwrap().remove("role_arn");
    let uncached = with(&request, json!({ "lambda": settings, "identity_sources": [] }));
    bench.update(&at_keys, &keys, &policy, &uncached).await;

    let address = at("route/GET /items");
    let open = json!({ "api_id": api["id"], "key": "GET /items", "integration_id": integration["id"] });
    let scopes = json!({ "jwt": { "authorizer_id": users["id"], "scopes": ["write", "read"] } });
    let with_token = with(&open, json!({ "authorization": scopes }));
    let with_key = with(&open, json!({ "authorization": { "lambda": { "authorizer_id": keys["id"] } } }));
    let signed = with(&open, json!({ "authorization": "iam" }));
    let route = bench.create(&address, &with_token).await;
    bench.create_again(&address, &with_token, &route).await;
    let (aws, component) = bench.at(&at_users);
    let error = component.delete(&aws, &other, &users).await.unwrap_err();
    assert!(multiregion::aws::chain(&error).contains("referenced by the following Routes"), "{error}");
    let mut before = &with_token;
    for after in [&with_key, &signed, &open, &with_token, &signed] {
        bench.update(&address, &route, before, after).await;
        before = after;
    }
    bench.delete(&at_users, &other, &users).await;
    bench.delete(&at_keys, &uncached, &keys).await;
    bench.delete(&address, &signed, &route).await;
}

/// The spec of the stage of `api`, without throttling and access logs.
fn stage_spec(api: &Json) -> Json {
    json!({
        "api_id": api["id"], "name": "$default", "throttle": null, "access_log": null,
        "tags": tags(&at("stage"), "zoo"),
    })
}

#[tokio::test]
async fn a_stage_is_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let (api, _) = api(&bench).await;
    let address = at("stage");
    let plain = stage_spec(&api);
    let stage = bench.create(&address, &plain).await;
    bench.create_again(&address, &plain, &stage).await;
    let log = |format: &str| {
        let arn = format!("arn:aws:logs:{REGION}:123456789012:log-group:/giraffe/access");
        json!({ "log_group_arn": arn, "format": format })
    };
    let throttled = with(&plain, json!({ "throttle": { "rate": "10.50", "burst": 20 } }));
    let faster =
        with(&plain, json!({ "throttle": { "rate": "100", "burst": 200 }, "access_log": log("$context.status") }));
    let quieter = with(&faster, json!({ "access_log": log("$context.requestId"), "tags": tags(&address, "farm") }));
    let mut before = &plain;
    for after in [&throttled, &faster, &quieter, &plain] {
        bench.update(&address, &stage, before, after).await;
        before = after;
    }
    bench.delete(&address, &plain, &stage).await;
}

#[tokio::test]
async fn a_domain_name_and_its_mapping_are_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let first = certificate(&bench, &zone, &["api.example.com"]).await;
    let (api, _) = api(&bench).await;
    bench.create(&at("stage"), &stage_spec(&api)).await;

    let (address, at_mapping) = (at("domain"), at("mapping"));
    let spec = json!({ "name": "api.example.com", "certificate_arn": first["arn"], "tags": tags(&address, "zoo") });
    let domain = bench.create(&address, &spec).await;
    bench.create_again(&address, &spec, &domain).await;
    let mapping = json!({ "domain": "api.example.com", "api_id": api["id"], "stage": "$default", "base_path": "" });
    let mapped = bench.create(&at_mapping, &mapping).await;
    bench.create_again(&at_mapping, &mapping, &mapped).await;
    let below = with(&mapping, json!({ "base_path": "v1" }));
    bench.update(&at_mapping, &mapped, &mapping, &below).await;
    bench.update(&at_mapping, &mapped, &below, &mapping).await;
    bench.delete(&at_mapping, &mapping, &mapped).await;

    let wider = json!({ "names": ["api.example.com", "*.api.example.com"], "tags": tags(&at("certificate"), "zoo") });
    let second = bench.create(&at("certificate"), &wider).await;
    let issued = json!({ "arn": second["arn"], "names": wider["names"] });
    bench.create(&at("issued_certificate"), &issued).await;
    let renewed = with(&spec, json!({ "certificate_arn": second["arn"], "tags": tags(&address, "farm") }));
    bench.update(&address, &domain, &spec, &renewed).await;
    let calls = bench.calls_of_a_repeated_update(&address, &domain, &renewed).await;
    // One call reads the settings, the other one the status.
    assert_eq!(calls, ["apigateway:GetDomainName", "apigateway:GetDomainName"]);
    bench.delete(&address, &renewed, &domain).await;
}

#[tokio::test]
async fn mutual_tls_is_changed_and_removed() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let certificate = certificate(&bench, &zone, &["api.example.com"]).await;
    let address = at("domain");
    let plain = json!({
        "name": "api.example.com", "certificate_arn": certificate["arn"], "tags": tags(&address, "zoo"),
    });
    let store = |version: Json| {
        let mutual_tls = json!({
            "truststore_uri": "s3://truststore/authorities.pem", "truststore_version": version,
            "ownership_certificate_arn": null,
        });
        with(&plain, json!({ "mutual_tls": mutual_tls }))
    };
    let first = store(Json::Null);
    let domain = bench.create(&address, &first).await;
    bench.create_again(&address, &first, &domain).await;
    let second = store(json!("v2"));
    bench.update(&address, &domain, &first, &second).await;
    bench.update(&address, &domain, &second, &plain).await;
    bench.update(&address, &domain, &plain, &second).await;

    let (aws, component) = bench.at(&address);
    let request = aws.acm().import_certificate().certificate(Blob::new("a")).private_key(Blob::new("b"));
    let imported = request.send().await.unwrap().certificate_arn.unwrap();
    let spec = with(&second, json!({ "certificate_arn": imported }));
    let problems = component.check(&aws, &spec).await.unwrap();
    assert_eq!(problems[0].summary, "Ownership verification certificate missing");
    let error = component.update(&aws, &domain, &second, &spec).await.unwrap_err();
    assert!(chain(&error).contains("ownershipVerificationCertificateArn"), "{error:?}");
    let mut owned = spec.clone();
    owned["mutual_tls"]["ownership_certificate_arn"] = certificate["arn"].clone();
    assert!(component.check(&aws, &owned).await.unwrap().is_empty());
    bench.update(&address, &domain, &second, &owned).await;
    bench.delete(&address, &owned, &domain).await;
}

#[tokio::test]
async fn a_domain_name_of_another_owner_is_foreign() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let certificate = certificate(&bench, &zone, &["api.example.com"]).await;
    let (aws, component) = bench.at(&at("domain"));
    let theirs = json!({ "name": "api.example.com", "certificate_arn": certificate["arn"], "tags": { "team": "web" } });
    component.create(&aws, &theirs).await.unwrap();
    let ours = with(&theirs, json!({ "tags": tags(&at("domain"), "zoo") }));
    let error = component.create(&aws, &ours).await.unwrap_err();
    assert!(error.to_string().contains("does not belong to this resource"), "{error}");
}

#[tokio::test]
async fn routes_have_limits_of_their_own() {
    let bench = Bench::start().await;
    let (api, integration) = api(&bench).await;
    bench.create(&at("stage"), &stage_spec(&api)).await;
    for key in ["GET /a", "GET /b"] {
        let route = json!({ "api_id": api["id"], "key": key, "integration_id": integration["id"] });
        bench.create(&format!("{}/{key}", at("route")), &route).await;
    }
    let settings = |key: &str, rate: &str| json!({ "api_id": api["id"], "stage": "$default", "route_key": key, "throttle": { "rate": rate, "burst": 5 } });
    let address = |key: &str| format!("{}/{key}", at("route_settings"));
    let first = bench.create(&address("GET /a"), &settings("GET /a", "1")).await;
    let second = bench.create(&address("GET /b"), &settings("GET /b", "2.5")).await;
    bench.create_again(&address("GET /a"), &settings("GET /a", "1"), &first).await;
    bench.update(&address("GET /a"), &first, &settings("GET /a", "1"), &settings("GET /a", "10")).await;
    bench.delete(&address("GET /a"), &settings("GET /a", "10"), &first).await;
    bench.expect(&address("GET /b"), &settings("GET /b", "2.5"), &second).await;

    let (aws, component) = bench.at(&address("GET /c"));
    let error = component.create(&aws, &settings("GET /c", "1")).await.unwrap_err();
    assert!(multiregion::aws::chain(&error).contains("Unable to find Route by key GET /c"), "{error}");
}
