//! What stands between a user and the function: API, certificate, domain.

use multiregion::components::Found;
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault};

use super::{Bench, REGION, tags, with};

fn at(kind: &str) -> String {
    format!("{REGION}/{kind}")
}

fn api_spec() -> Json {
    json!({
        "name": "giraffe", "cors": null, "disable_execute_api_endpoint": false, "tags": tags(&at("http_api"), "zoo"),
    })
}

fn function(alias: &str) -> String {
    format!("arn:aws:lambda:{REGION}:123456789012:function:giraffe:{alias}")
}

/// An API and an integration in it.
async fn api(bench: &Bench) -> (Json, Json) {
    let api = bench.make(&at("http_api"), &api_spec()).await;
    let integration = json!({ "api_id": api["id"], "function_arn": function("live"), "timeout_ms": 29_000 });
    let integration = bench.make(&at("integration"), &integration).await;
    (api, integration)
}

#[tokio::test]
async fn an_api_follows_its_spec() {
    let bench = Bench::start().await;
    let (address, plain) = (at("http_api"), api_spec());
    let api = bench.make(&address, &plain).await;
    assert_eq!(api["host"], format!("{}.execute-api.{REGION}.amazonaws.com", api["id"].as_str().unwrap()));
    bench.make_again(&address, &plain, &api).await;

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
        bench.change(&address, &api, before, after).await;
        before = after;
    }
    bench.unmake(&address, before, &api).await;
}

#[tokio::test]
async fn an_endpoint_closes_and_opens_apart_from_its_api() {
    let bench = Bench::start().await;
    let closed = with(&api_spec(), json!({ "disable_execute_api_endpoint": true }));
    let api = bench.make(&at("http_api"), &closed).await;
    let spec = |disabled: bool| json!({ "api_id": api["id"], "disabled": disabled, "drain_seconds": 0 });
    let outputs = json!({ "api_id": api["id"] });
    bench.make_again(&at("execute_api_endpoint"), &spec(true), &outputs).await;
    bench.change(&at("execute_api_endpoint"), &outputs, &spec(true), &spec(false)).await;

    // Nobody who asks there still may find it closed.
    let patient = with(&spec(true), json!({ "drain_seconds": 1 }));
    let start = std::time::Instant::now();
    bench.change(&at("execute_api_endpoint"), &outputs, &spec(false), &patient).await;
    assert!(start.elapsed() >= std::time::Duration::from_secs(1), "{:?}", start.elapsed());
    bench.change(&at("execute_api_endpoint"), &outputs, &patient, &spec(false)).await;

    // Whoever changes the API leaves its endpoint alone.
    let (aws, component) = bench.at(&at("http_api"));
    let tagged = with(&closed, json!({ "tags": tags(&at("http_api"), "farm") }));
    component.update(&aws, &api, &closed, &tagged).await.unwrap();
    bench.expect(&at("execute_api_endpoint"), &spec(false), &outputs).await;
    bench.unmake(&at("http_api"), &tagged, &api).await;
    let (aws, component) = bench.at(&at("execute_api_endpoint"));
    assert!(component.read(&aws, &spec(false), &outputs).await.unwrap().is_none(), "it goes with its API");
}

#[tokio::test]
async fn a_create_whose_reply_is_lost_makes_one_api() {
    let bench = Bench::start().await;
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("apigateway:CreateApi").nth(1));
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("apigateway:CreateIntegration").nth(1));
    api(&bench).await;
    let made = |name: &str| bench.local.calls().iter().filter(|call| call.name() == name).count();
    assert_eq!((made("apigateway:CreateApi"), made("apigateway:CreateIntegration")), (1, 1));
}

#[tokio::test]
async fn an_api_of_the_same_name_is_foreign() {
    let bench = Bench::start().await;
    let theirs = with(&api_spec(), json!({ "tags": { "team": "web" } }));
    let (aws, component) = bench.at(&at("http_api"));
    component.create(&aws, &theirs).await.unwrap();
    let found = component.find(&aws, &api_spec()).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("team=web")), "{found:?}");
}

#[tokio::test]
async fn an_integration_and_its_routes_follow_their_specs() {
    let bench = Bench::start().await;
    let (api, integration) = api(&bench).await;
    let spec = json!({ "api_id": api["id"], "function_arn": function("live"), "timeout_ms": 29_000 });
    bench.make_again(&at("integration"), &spec, &integration).await;
    let slower = with(&spec, json!({ "timeout_ms": 5_000, "function_arn": function("next") }));
    bench.change(&at("integration"), &integration, &spec, &slower).await;

    for key in ["$default", "GET /items/{id}"] {
        let address = at(&format!("route/{key}"));
        let route = json!({ "api_id": api["id"], "key": key, "integration_id": integration["id"] });
        let made = bench.make(&address, &route).await;
        bench.make_again(&address, &route, &made).await;
        let moved = with(&route, json!({ "integration_id": "another" }));
        bench.change(&address, &made, &route, &moved).await;
        bench.unmake(&address, &moved, &made).await;
    }
    bench.unmake(&at("integration"), &slower, &integration).await;
}

#[tokio::test]
async fn a_stage_follows_its_spec() {
    let bench = Bench::start().await;
    let (api, _) = api(&bench).await;
    let address = at("stage");
    let plain = json!({
        "api_id": api["id"], "name": "$default", "throttle": null, "access_log": null, "tags": tags(&address, "zoo"),
    });
    let stage = bench.make(&address, &plain).await;
    bench.make_again(&address, &plain, &stage).await;
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
        bench.change(&address, &stage, before, after).await;
        before = after;
    }
    bench.unmake(&address, &plain, &stage).await;
}

/// A zone for the names of a test.
async fn zone(bench: &Bench) -> Json {
    let spec = json!({
        "name": "example.com", "comment": "", "force_destroy": true, "tags": tags("global/hosted_zone", "zoo"),
    });
    bench.make("global/hosted_zone", &spec).await["id"].clone()
}

/// A certificate that is issued.
async fn certificate(bench: &Bench, zone: &Json, names: &[&str]) -> Json {
    let spec = json!({ "names": names, "tags": tags(&at("certificate"), "zoo") });
    let certificate = bench.make(&at("certificate"), &spec).await;
    let record = json!({
        "zone_id": zone, "name": certificate["validation_name"], "value": certificate["validation_value"],
        "domain": names[0],
    });
    bench.make(&format!("global/validation_record/{}", names[0]), &record).await;
    let issued = json!({ "arn": certificate["arn"], "names": names });
    bench.make(&at("issued_certificate"), &issued).await;
    certificate
}

#[tokio::test]
async fn a_certificate_is_validated_and_issued() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let names = ["api.example.com", "*.api.example.com"];
    let certificate = certificate(&bench, &zone, &names).await;

    let address = at("certificate");
    let spec = json!({ "names": names, "tags": tags(&address, "zoo") });
    bench.make_again(&address, &spec, &certificate).await;
    let tagged = with(&spec, json!({ "tags": tags(&address, "farm") }));
    bench.change(&address, &certificate, &spec, &tagged).await;

    // Ours alone needs the record, so it goes; and then the certificate.
    let record = json!({
        "zone_id": zone, "name": certificate["validation_name"], "value": certificate["validation_value"],
        "domain": "api.example.com",
    });
    let outputs = json!({ "zone_id": zone, "name": record["name"], "value": record["value"] });
    let at_record = "global/validation_record/api.example.com";
    bench.make_again(at_record, &record, &outputs).await;
    bench.unmake(at_record, &record, &outputs).await;
    bench.unmake(&address, &tagged, &certificate).await;
}

#[tokio::test]
async fn a_validation_record_that_another_certificate_needs_stays() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let certificate = certificate(&bench, &zone, &["api.example.com"]).await;
    let (aws, component) = bench.at(&at("certificate/other"));
    let theirs = json!({ "names": ["*.api.example.com"], "tags": { "team": "web" } });
    component.create(&aws, &theirs).await.unwrap();

    let address = "global/validation_record/api.example.com";
    let record = json!({
        "zone_id": zone, "name": certificate["validation_name"], "value": certificate["validation_value"],
        "domain": "api.example.com",
    });
    let outputs = json!({ "zone_id": zone, "name": record["name"], "value": record["value"] });
    let (aws, component) = bench.at(address);
    component.delete(&aws, &record, &outputs).await.unwrap();
    bench.expect(address, &record, &outputs).await;

    let other = with(&record, json!({ "value": "elsewhere.example.com" }));
    let found = component.find(&aws, &other).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(_))), "{found:?}");
}

#[tokio::test]
async fn a_certificate_is_checked_before_it_is_used() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let certificate = certificate(&bench, &zone, &["api.example.com"]).await;
    let arn = certificate["arn"].as_str().unwrap();
    let (aws, component) = bench.at(&at("issued_certificate"));
    let problems = async |arn: &str, name: &str| {
        let problems = component.check(&aws, &json!({ "arn": arn, "names": [name] })).await.unwrap();
        problems.iter().map(|problem| problem.summary).collect::<Vec<_>>()
    };
    assert!(problems(arn, "api.example.com").await.is_empty());
    assert_eq!(problems(arn, "a.api.example.com").await, ["Certificate does not cover the name"]);
    assert_eq!(problems(&arn.replace(REGION, "us-west-2"), "x").await, ["Certificate is of another region"]);
    let nowhere = format!("arn:aws:acm:{REGION}:123456789012:certificate/none");
    assert_eq!(problems(&nowhere, "x").await, ["Certificate does not exist"]);
}

#[tokio::test]
async fn a_domain_and_its_mapping_follow_their_specs() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let first = certificate(&bench, &zone, &["api.example.com"]).await;
    let (api, _) = api(&bench).await;
    let stage = json!({
        "api_id": api["id"], "name": "$default", "throttle": null, "access_log": null, "tags": tags(&at("stage"), "zoo"),
    });
    bench.make(&at("stage"), &stage).await;

    let (address, at_mapping) = (at("domain"), at("mapping"));
    let spec = json!({ "name": "api.example.com", "certificate_arn": first["arn"], "tags": tags(&address, "zoo") });
    let domain = bench.make(&address, &spec).await;
    bench.make_again(&address, &spec, &domain).await;
    let mapping = json!({ "domain": "api.example.com", "api_id": api["id"], "stage": "$default", "base_path": "" });
    let mapped = bench.make(&at_mapping, &mapping).await;
    bench.make_again(&at_mapping, &mapping, &mapped).await;
    let below = with(&mapping, json!({ "base_path": "v1" }));
    bench.change(&at_mapping, &mapped, &mapping, &below).await;
    bench.change(&at_mapping, &mapped, &below, &mapping).await;
    bench.unmake(&at_mapping, &mapping, &mapped).await;

    let wider = json!({ "names": ["api.example.com", "*.api.example.com"], "tags": tags(&at("certificate"), "zoo") });
    let second = bench.make(&at("certificate"), &wider).await;
    let issued = json!({ "arn": second["arn"], "names": wider["names"] });
    bench.make(&at("issued_certificate"), &issued).await;
    let renewed = with(&spec, json!({ "certificate_arn": second["arn"], "tags": tags(&address, "farm") }));
    bench.change(&address, &domain, &spec, &renewed).await;
    let calls = bench.calls_of_a_repeated_update(&address, &domain, &renewed).await;
    // One look at what there is, one at whether it is available.
    assert_eq!(calls, ["apigateway:GetDomainName", "apigateway:GetDomainName"]);
    bench.unmake(&address, &renewed, &domain).await;
}

#[tokio::test]
async fn a_domain_of_somebody_else_is_foreign() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let certificate = certificate(&bench, &zone, &["api.example.com"]).await;
    let (aws, component) = bench.at(&at("domain"));
    let theirs = json!({ "name": "api.example.com", "certificate_arn": certificate["arn"], "tags": { "team": "web" } });
    component.create(&aws, &theirs).await.unwrap();
    let ours = with(&theirs, json!({ "tags": tags(&at("domain"), "zoo") }));
    let error = component.create(&aws, &ours).await.unwrap_err();
    assert!(error.to_string().contains("not ours"), "{error}");
}
