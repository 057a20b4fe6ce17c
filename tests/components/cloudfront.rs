//! CloudFront distributions.

use multiregion::components::{Found, Holder};
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault};

use super::acm::{validation_record, zone};
use super::{Bench, tags, with};

const ADDRESS: &str = "global/distribution";

fn origin(host: &str, path: &str) -> Json {
    json!({
        "host": host, "path": path, "shield_region": null,
        "connection": {
            "attempts": 3, "timeout_seconds": 10, "read_timeout_seconds": 30, "keepalive_timeout_seconds": 5,
            "completion_timeout_seconds": null,
        },
    })
}

fn behavior(target: &str, writes: bool) -> Json {
    json!({
        "target": target, "writes": writes, "cache_policy_id": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "origin_request_policy_id": "b689b0a8-53d0-40ab-baf2-68738e2966ac", "response_headers_policy_id": null,
        "compress": true, "viewer_protocol": "redirect-to-https",
    })
}

fn plain() -> Json {
    json!({
        "comment": "giraffe", "aliases": [], "price_class": "PriceClass_100", "certificate_arn": null,
        "viewer": { "http_version": "http2and3", "ipv6": true, "minimum_tls": "TLSv1.2_2021" },
        "origins": { "latency": origin("api.example.com", "") }, "origin_headers": {}, "groups": [],
        "default_behavior": behavior("latency", true), "behaviors": [], "error_responses": [],
        "geo_restriction": null, "logging": null, "web_acl_arn": null, "tags": tags(ADDRESS, "zoo"),
    })
}

/// A distribution in front of `host`, with one alias and its certificate.
pub(super) fn distribution(host: &str, alias: &str, certificate: &Json) -> Json {
    with(
        &plain(),
        json!({ "origins": { "latency": origin(host, "") }, "aliases": [alias], "certificate_arn": certificate }),
    )
}

fn with_origin_group() -> Json {
    let group = json!({ "id": "regions", "primary": "latency", "secondary": "b", "status_codes": [504, 502, 503] });
    with(
        &plain(),
        json!({
            "price_class": "PriceClass_All",
            "origins": { "latency": origin("api.example.com", ""), "b": origin("b.example.com", "/v1") },
            "groups": [group],
            "behaviors": [["/public/*", behavior("regions", false)]],
        }),
    )
}

/// Every setting that the provider manages only while it is desired.
fn full() -> Json {
    let mut spec = with(
        &with_origin_group(),
        json!({
            "viewer": { "http_version": "http2", "ipv6": false, "minimum_tls": "TLSv1.2_2021" },
            "origin_headers": { "x-origin-verify": "secret" },
            "error_responses": [
                { "status": 404, "replacement": null, "cache_seconds": 60 },
                { "status": 503, "replacement": { "status": 200, "path": "/sorry" }, "cache_seconds": null },
            ],
            "geo_restriction": { "allow": true, "countries": ["AT", "DE"] },
            "logging": { "bucket": "logs.s3.amazonaws.com", "prefix": "cdn/", "cookies": true },
            "web_acl_arn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/acl/1",
        }),
    );
    spec["origins"]["b"]["shield_region"] = json!("us-east-1");
    spec["origins"]["b"]["connection"]["completion_timeout_seconds"] = json!(60);
    spec
}

#[tokio::test]
async fn a_distribution_is_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let spec = plain();
    let distribution = bench.create(ADDRESS, &spec).await;
    bench.create_again(ADDRESS, &spec, &distribution).await;
    let read_only = with(
        &with_origin_group(),
        json!({
            "default_behavior": behavior("regions", false), "behaviors": [], "tags": tags(ADDRESS, "farm"),
        }),
    );
    let mut before = &spec;
    for after in [&with_origin_group(), &full(), &read_only, &spec] {
        bench.update(ADDRESS, &distribution, before, after).await;
        before = after;
    }
    let calls = bench.calls_of_a_repeated_update(ADDRESS, &distribution, &spec).await;
    assert_eq!(calls.last().map(String::as_str), Some("cloudfront:GetDistribution"), "{calls:?}");
    assert!(calls.iter().filter(|call| *call == "cloudfront:GetDistribution").count() > 1, "{calls:?}");
    bench.delete(ADDRESS, &spec, &distribution).await;

    // CloudFront still refuses the caller reference of the deleted distribution.
    let again = bench.create(ADDRESS, &spec).await;
    assert_ne!(again["id"], distribution["id"]);
}

/// The ARN of an issued certificate for `www.example.com` that distributions can use.
async fn certificate(bench: &Bench, zone: &Json) -> Json {
    let at_certificate = "us-east-1/certificate/cdn";
    let certificate = json!({ "names": ["www.example.com"], "tags": tags(at_certificate, "zoo") });
    let certificate = bench.create(at_certificate, &certificate).await;
    let record = validation_record(zone, &certificate, "www.example.com");
    bench.create("global/validation_record/www.example.com", &record).await;
    let issued = json!({ "arn": certificate["arn"], "names": ["www.example.com"] });
    bench.create("us-east-1/issued_certificate/cdn", &issued).await;
    certificate["arn"].clone()
}

#[tokio::test]
async fn an_alternate_domain_name_of_another_distribution_is_foreign() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let certificate = certificate(&bench, &zone).await;
    let spec = with(&plain(), json!({ "aliases": ["www.example.com"], "certificate_arn": certificate }));
    let distribution = bench.create(ADDRESS, &spec).await;

    let (aws, component) = bench.at("global/distribution/other");
    let theirs = with(&spec, json!({ "comment": "theirs", "tags": { "team": "web" } }));
    let found = component.find(&aws, &theirs).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("www.example.com")), "{found:?}");
    let taken = with(&theirs, json!({ "take_over": { "zone_id": zone } }));
    let found = component.find(&aws, &taken).await.unwrap();
    let only_existing = "CloudFront moves an alias only to a distribution that exists";
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains(only_existing)), "{found:?}");
    let error = component.create(&aws, &theirs).await.unwrap_err();
    assert!(error.to_string().contains("does not belong to this resource"), "{error}");

    bench.update(ADDRESS, &distribution, &spec, &plain()).await;
    bench.delete(ADDRESS, &plain(), &distribution).await;
}

#[tokio::test]
async fn an_alias_of_another_distribution_is_refused_or_taken_over() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let certificate = certificate(&bench, &zone).await;
    let (at_other, component) = bench.at("global/distribution/other");
    let wanted = with(&plain(), json!({ "aliases": ["www.example.com"], "certificate_arn": certificate }));
    let theirs = with(&wanted, json!({ "comment": "theirs", "tags": { "team": "web" } }));
    let other = component.create(&at_other, &theirs).await.unwrap();
    let ours = bench.create(ADDRESS, &plain()).await;

    let (aws, _) = bench.at(ADDRESS);
    let problems = component.check(&aws, &wanted).await.unwrap();
    assert_eq!(problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(), ["Alias of another distribution"]);
    assert!(problems[0].detail.contains(other["id"].as_str().unwrap()), "{problems:?}");
    let error = component.update(&aws, &ours, &plain(), &wanted).await.unwrap_err();
    assert_eq!(error.code(), Some("CNAMEAlreadyExists"), "{error}");

    // CloudFront verifies a move by a TXT record, which the user creates in a zone elsewhere.
    let elsewhere = with(&wanted, json!({ "take_over": { "zone_id": null } }));
    assert!(component.check(&aws, &elsewhere).await.unwrap().is_empty());
    let error = component.update(&aws, &ours, &plain(), &elsewhere).await.unwrap_err();
    assert_eq!(error.code(), Some("IllegalUpdate"), "{error}");

    bench.local.inject(Fault::new(Effect::ReplyLost).operation("cloudfront:UpdateDomainAssociation").nth(1));
    bench.local.clear_calls();
    let taken = with(&wanted, json!({ "take_over": { "zone_id": zone } }));
    bench.update(ADDRESS, &ours, &plain(), &taken).await;
    let changes = bench.local.calls().iter().filter(|call| call.name() == "route53:ChangeResourceRecordSets").count();
    assert_eq!(changes, 2, "the verification record is created and deleted");
    let objects = bench.local.inventory().await.unwrap().objects;
    assert!(objects.keys().all(|object| !object.contains("_www")), "the verification record is left: {objects:?}");
    let (read, _) = component.read(&at_other, &theirs, &other).await.unwrap().unwrap();
    assert_eq!(read["aliases"], json!([]), "the other distribution stays, without the name");
    let calls = bench.calls_of_a_repeated_update(ADDRESS, &ours, &taken).await;
    assert!(!calls.contains(&"cloudfront:UpdateDomainAssociation".to_owned()), "{calls:?}");
}

#[tokio::test]
async fn a_create_whose_reply_is_lost_creates_one_distribution() {
    let bench = Bench::start().await;
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("cloudfront:CreateDistribution").nth(1));
    bench.create(ADDRESS, &plain()).await;
}

#[tokio::test]
async fn check_refuses_writes_to_an_origin_group() {
    let bench = Bench::start().await;
    let (aws, component) = bench.at(ADDRESS);
    assert!(component.check(&aws, &with_origin_group()).await.unwrap().is_empty());
    let wrong = with(&with_origin_group(), json!({ "default_behavior": behavior("regions", true) }));
    let problems = component.check(&aws, &wrong).await.unwrap();
    assert_eq!(problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(), ["Origin group cannot take writes"]);
}

#[tokio::test]
async fn check_finds_policies_that_do_not_exist() {
    let bench = Bench::start().await;
    let (aws, component) = bench.at(ADDRESS);
    for field in ["cache_policy_id", "origin_request_policy_id", "response_headers_policy_id"] {
        let mut spec = plain();
        spec["default_behavior"][field] = json!("00000000-0000-0000-0000-000000000000");
        let problems = component.check(&aws, &spec).await.unwrap();
        assert_eq!(problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(), ["Policy not found"], "{field}");
    }
}

/// What others have configured stays until the provider manages it, and is then reset with it.
#[tokio::test]
async fn settings_that_are_not_managed_stay() {
    let bench = Bench::start().await;
    let distribution = bench.create(ADDRESS, &full()).await;
    let (aws, component) = bench.at(ADDRESS);
    // A state that manages none of them, as after a change by others.
    let unmanaged = with(
        &full(),
        json!({ "web_acl_arn": null, "logging": null, "geo_restriction": null, "error_responses": [], "origin_headers": {} }),
    );
    let changed = with(&unmanaged, json!({ "price_class": "PriceClass_200" }));
    component.update(&aws, &distribution, &unmanaged, &changed).await.unwrap();
    bench.expect(ADDRESS, &with(&full(), json!({ "price_class": "PriceClass_200" })), &distribution).await;
    component.update(&aws, &distribution, &full(), &changed).await.unwrap();
    let (read, _) = component.read(&aws, &full(), &distribution).await.unwrap().unwrap();
    assert_eq!(
        (&read["web_acl_arn"], &read["logging"], &read["origin_headers"]),
        (&Json::Null, &Json::Null, &json!({}))
    );
}

#[tokio::test]
async fn an_update_that_is_overtaken_is_repeated_with_the_newest_settings() {
    let bench = Bench::start().await;
    let distribution = bench.create(ADDRESS, &plain()).await;
    // The first update arrives and its reply is lost, so that the repeated request has an old ETag.
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("cloudfront:UpdateDistribution").nth(1));
    bench.update(ADDRESS, &distribution, &plain(), &with_origin_group()).await;
    let errors: Vec<_> = bench.local.calls().into_iter().filter_map(|call| call.error).collect();
    assert!(errors.contains(&"PreconditionFailed".to_owned()), "{errors:?}");
}

/// The three kinds of policies: address, spec, and a changed spec.
fn policies() -> [(&'static str, Json, Json); 3] {
    let cache = json!({
        "name": "giraffe-a", "min_ttl_seconds": 0, "default_ttl_seconds": 0, "max_ttl_seconds": 60,
        "headers": ["Authorization"], "cookies": { "only": ["session"] }, "query_strings": "all",
    });
    let request = json!({ "name": "giraffe", "headers_except": ["Authorization", "Host"] });
    let response = json!({ "name": "giraffe-a", "set": { "X-Served-By": "giraffe" }, "remove": ["X-Powered-By"] });
    [
        (
            "global/cache_policy/a",
            cache.clone(),
            with(&cache, json!({ "max_ttl_seconds": 120, "headers": [], "cookies": "none" })),
        ),
        ("global/origin_request_policy", request.clone(), with(&request, json!({ "headers_except": ["Host"] }))),
        ("global/response_headers_policy/a", response.clone(), with(&response, json!({ "set": {} }))),
    ]
}

#[tokio::test]
async fn policies_are_created_discovered_updated_and_deleted() {
    let bench = Bench::start().await;
    let mut created = Vec::new();
    for (address, spec, _) in policies() {
        let outputs = bench.create(address, &spec).await;
        bench.create_again(address, &spec, &outputs).await;
        created.push(outputs);
    }
    let kinds = ["claim", "cache_policy", "origin_request_policy", "response_headers_policy"];
    let ledger = bench.engine().discover(&kinds, Default::default()).await.unwrap();
    for ((address, spec, changed), outputs) in policies().into_iter().zip(created) {
        assert_eq!(ledger.entries[&address.parse().unwrap()].spec, spec, "{address}");
        bench.update(address, &outputs, &spec, &changed).await;
        bench.delete(address, &changed, &outputs).await;
    }
}

#[tokio::test]
async fn a_policy_of_another_owner_is_foreign() {
    let bench = Bench::start().await;
    for (address, spec, _) in policies() {
        bench.create(address, &spec).await;
        let (_, component) = bench.at(address);
        let rival = bench.rival(address);
        let found = component.find(&rival, &spec).await.unwrap();
        assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("giraffe")), "{found:?}");
        let error = component.create(&rival, &spec).await.unwrap_err();
        assert!(error.to_string().contains("does not belong to this resource"), "{error}");
    }
}

#[tokio::test]
async fn a_create_of_a_policy_whose_reply_is_lost_creates_one() {
    let bench = Bench::start().await;
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("cloudfront:CreateCachePolicy").nth(1));
    let (address, spec, _) = policies().into_iter().next().unwrap();
    bench.create(address, &spec).await;
}

/// Requests of the primary distribution that reach the staging distribution.
fn policy(primary: &Json, staging: &Json, percent: i64) -> Json {
    json!({
        "distribution_id": primary["id"], "staging_domain_name": staging["domain_name"],
        "traffic": { "share": { "percent": percent, "session": { "idle_seconds": 300, "maximum_seconds": 600 } } },
    })
}

#[tokio::test]
async fn a_policy_sends_requests_to_a_staging_distribution_until_it_is_deleted() {
    let bench = Bench::start().await;
    let (at_staging, at_policy) = ("global/distribution/staging", "global/continuous_deployment_policy");
    let viewer = json!({ "http_version": "http2", "ipv6": true, "minimum_tls": "TLSv1.2_2021" });
    let primary = with(&plain(), json!({ "viewer": viewer }));
    let outputs = bench.create(ADDRESS, &primary).await;
    let staging =
        with(&primary, json!({ "comment": "giraffe (staging)", "staging": true, "tags": tags(at_staging, "zoo") }));
    let staging_outputs = bench.create(at_staging, &staging).await;
    let spec = policy(&outputs, &staging_outputs, 5);
    let policy_outputs = bench.create(at_policy, &spec).await;
    bench.create_again(at_policy, &spec, &policy_outputs).await;
    let wider = policy(&outputs, &staging_outputs, 15);
    bench.update(at_policy, &policy_outputs, &spec, &wider).await;
    let header = with(&wider, json!({ "traffic": { "header": { "name": "aws-cf-cd-preview", "value": "on" } } }));
    bench.update(at_policy, &policy_outputs, &wider, &header).await;

    // CloudFront accepts this change only without a policy.
    let protected =
        with(&primary, json!({ "web_acl_arn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/acl/1" }));
    bench.update(ADDRESS, &outputs, &primary, &protected).await;
    bench.expect(at_policy, &header, &policy_outputs).await;

    let kinds = ["claim", "distribution", "continuous_deployment_policy"];
    let ledger = bench.engine().discover(&kinds, Default::default()).await.unwrap();
    for (address, spec) in [(at_staging, &staging), (at_policy, &header)] {
        assert_eq!(&ledger.entries[&address.parse().unwrap()].spec, spec, "{address}");
    }

    let (aws, component) = bench.at(at_staging);
    let error = component.delete(&aws, &staging, &staging_outputs).await.unwrap_err();
    assert_eq!(error.code(), Some("StagingDistributionInUse"), "{error}");
    bench.delete(at_policy, &header, &policy_outputs).await;
    bench.expect(ADDRESS, &protected, &outputs).await;
    bench.delete(at_staging, &staging, &staging_outputs).await;
    bench.delete(ADDRESS, &protected, &outputs).await;
}

fn store(name: &str, team: &str) -> Json {
    json!({ "name": name, "tags": tags("global/key_value_store", team) })
}

fn viewer_function(code: &str, store_arn: &Json, team: &str) -> Json {
    json!({ "name": "giraffe", "code": code, "store_arn": store_arn, "tags": tags("global/viewer_function", team) })
}

fn key_values(store_arn: &Json, regions: &[&str]) -> Json {
    let route = json!({ "value": { "primary": false, "weight": 100, "countries": [] } });
    let regions: serde_json::Map<_, _> = regions.iter().map(|name| ((*name).to_owned(), route.clone())).collect();
    json!({ "store_arn": store_arn, "steering": "edge", "regions": regions, "failover_status_codes": [502], "drain_seconds": 30 })
}

const CODE: &str = "function handler(event) { return event.request; }";

#[tokio::test]
async fn a_key_value_store_with_its_function_and_keys_is_created_updated_discovered_and_deleted() {
    let bench = Bench::start().await;
    let (at_store, at_function, at_values) = ("global/key_value_store", "global/viewer_function", "global/key_values");
    let spec = store("giraffe", "zoo");
    let outputs = bench.create(at_store, &spec).await;
    bench.create_again(at_store, &spec, &outputs).await;
    let arn = &outputs["arn"];
    bench.update(at_store, &outputs, &spec, &store("giraffe", "farm")).await;

    let before = viewer_function(CODE, arn, "zoo");
    let function = bench.create(at_function, &before).await;
    bench.create_again(at_function, &before, &function).await;
    let after = viewer_function(&CODE.replace("event.request", "null"), arn, "farm");
    bench.update(at_function, &function, &before, &after).await;

    let one = key_values(arn, &["us-east-1"]);
    let values = bench.create(at_values, &one).await;
    bench.create_again(at_values, &one, &values).await;
    let two = key_values(arn, &["eu-central-1", "us-east-1"]);
    bench.local.clear_calls();
    bench.update(at_values, &values, &one, &two).await;
    let writes = bench.local.calls().iter().filter(|call| call.writes()).map(|call| call.name()).collect::<Vec<_>>();
    assert_eq!(writes, ["cloudfront-keyvaluestore:UpdateKeys"], "all keys change in one request");
    let calls = bench.calls_of_a_repeated_update(at_values, &values, &two).await;
    assert!(!calls.contains(&"cloudfront-keyvaluestore:UpdateKeys".to_owned()), "{calls:?}");

    let kinds = ["claim", "key_value_store", "viewer_function", "distribution", "key_values"];
    let ledger = bench.engine().discover(&kinds, Default::default()).await.unwrap();
    for (address, spec) in [(at_store, &store("giraffe", "farm")), (at_function, &after)] {
        assert_eq!(&ledger.entries[&address.parse().unwrap()].spec, spec, "{address}");
    }
    let found = &ledger.entries[&at_values.parse().unwrap()].spec;
    assert_eq!(found["regions"].as_object().unwrap().keys().collect::<Vec<_>>(), ["eu-central-1", "us-east-1"]);

    bench.delete(at_values, &two, &values).await;
    bench.delete(at_function, &after, &function).await;
    bench.delete(at_store, &store("giraffe", "farm"), &outputs).await;
}

#[tokio::test]
async fn a_distribution_uses_a_function_until_it_is_removed() {
    let bench = Bench::start().await;
    let outputs = bench.create("global/key_value_store", &store("giraffe", "zoo")).await;
    let function = bench.create("global/viewer_function", &viewer_function(CODE, &outputs["arn"], "zoo")).await;
    let mut spec = plain();
    spec["default_behavior"]["viewer_function_arn"] = function["arn"].clone();
    let distribution = bench.create(ADDRESS, &spec).await;

    // Without the function, the association is removed.
    bench.update(ADDRESS, &distribution, &spec, &plain()).await;
    bench.update(ADDRESS, &distribution, &plain(), &spec).await;
    bench.delete(ADDRESS, &spec, &distribution).await;

    let mut missing = plain();
    missing["default_behavior"]["viewer_function_arn"] = json!("arn:aws:cloudfront::123456789012:function/missing");
    let (aws, component) = bench.at(ADDRESS);
    let error = component.create(&aws, &missing).await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidFunctionAssociation"), "{error}");
}

#[tokio::test]
async fn keys_that_others_added_are_removed() {
    let bench = Bench::start().await;
    let outputs = bench.create("global/key_value_store", &store("giraffe", "zoo")).await;
    let (wide, narrow) = (
        key_values(&outputs["arn"], &["us-east-1"]),
        with(&key_values(&outputs["arn"], &[]), json!({ "steering": "order" })),
    );
    let values = bench.create("global/key_values", &wide).await;
    let (aws, component) = bench.at("global/key_values");
    // The spec of another writer has fewer keys.
    let (read, _) = component.read(&aws, &narrow, &values).await.unwrap().unwrap();
    assert_eq!(read["regions"]["us-east-1"]["value"]["weight"], 100);
    bench.update("global/key_values", &values, &wide, &narrow).await;
}

#[tokio::test]
async fn a_store_and_a_function_of_another_owner_are_foreign() {
    let bench = Bench::start().await;
    let outputs = bench.create("global/key_value_store", &store("giraffe", "zoo")).await;
    let function = viewer_function(CODE, &outputs["arn"], "zoo");
    let held = bench.create("global/viewer_function", &function).await;
    for (address, spec, outputs) in
        [("global/key_value_store", store("giraffe", "zoo"), &outputs), ("global/viewer_function", function, &held)]
    {
        let (_, component) = bench.at(address);
        let rival = bench.rival(address);
        let found = component.find(&rival, &spec).await.unwrap();
        assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("giraffe")), "{found:?}");
        assert!(matches!(component.holder(&rival, &spec, outputs).await.unwrap(), Holder::Stranger(_)), "{address}");
    }
}

#[tokio::test]
async fn a_create_whose_reply_is_lost_creates_one_store_and_one_function() {
    let bench = Bench::start().await;
    for operation in ["CreateKeyValueStore", "CreateFunction", "PublishFunction"] {
        bench.local.inject(Fault::new(Effect::ReplyLost).operation(&format!("cloudfront:{operation}")).nth(1));
    }
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("cloudfront-keyvaluestore:UpdateKeys").nth(1));
    let outputs = bench.create("global/key_value_store", &store("giraffe", "zoo")).await;
    bench.create("global/viewer_function", &viewer_function(CODE, &outputs["arn"], "zoo")).await;
    bench.create("global/key_values", &key_values(&outputs["arn"], &["us-east-1"])).await;
}

#[tokio::test]
async fn check_refuses_a_routing_table_that_is_too_large() {
    let bench = Bench::start().await;
    let (aws, component) = bench.at("global/key_values");
    let names: Vec<String> = (0..60).map(|n| format!("ap-southeast-{n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(component.check(&aws, &key_values(&json!("arn"), &names[..30])).await.unwrap().is_empty());
    let problems = component.check(&aws, &key_values(&json!("arn"), &names)).await.unwrap();
    assert_eq!(problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(), ["Routing table too large"]);
}

#[tokio::test]
async fn changed_content_is_invalidated_once() {
    let bench = Bench::start().await;
    let distribution = bench.create(ADDRESS, &plain()).await;
    let address = "global/invalidation";
    let spec = json!({ "distribution_id": distribution["id"], "paths": ["/*"], "content": { "us-east-1": "1" } });
    let outputs = bench.create(address, &spec).await;
    let more_paths = with(&spec, json!({ "paths": ["/a", "/b/*"] }));
    bench.local.clear_calls();
    bench.update(address, &outputs, &spec, &more_paths).await;
    assert_eq!(bench.local.calls().len(), 0, "the same content needs no invalidation");
    let changed = with(&more_paths, json!({ "content": { "us-east-1": "2" } }));
    bench.update(address, &outputs, &more_paths, &changed).await;
    // The engine repeats an update whose result is unknown: CloudFront returns the same invalidation.
    let calls = bench.calls_of_a_repeated_update(address, &outputs, &changed).await;
    assert_eq!(calls.first().map(String::as_str), Some("cloudfront:CreateInvalidation"), "{calls:?}");
    bench.delete(address, &changed, &outputs).await;
}
