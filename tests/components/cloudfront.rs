//! CloudFront distributions.

use multiregion::components::Found;
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault};

use super::acm::{validation_record, zone};
use super::{Bench, tags, with};

const ADDRESS: &str = "global/distribution";

fn origin(host: &str) -> Json {
    json!({ "host": host, "path": "" })
}

fn plain() -> Json {
    json!({
        "comment": "giraffe", "aliases": [], "price_class": "PriceClass_100", "certificate_arn": null,
        "origins": { "latency": origin("api.example.com") }, "group": null,
        "default_behavior": { "target": "latency", "writes": true }, "behaviors": [], "tags": tags(ADDRESS, "zoo"),
    })
}

fn with_origin_group() -> Json {
    let group = json!({ "id": "regions", "primary": "latency", "secondary": "b", "status_codes": [504, 502, 503] });
    with(
        &plain(),
        json!({
            "price_class": "PriceClass_All",
            "origins": { "latency": origin("api.example.com"), "b": { "host": "b.example.com", "path": "/v1" } },
            "group": group,
            "behaviors": [["/public/*", { "target": "regions", "writes": false }]],
        }),
    )
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
            "default_behavior": { "target": "regions", "writes": false }, "behaviors": [], "tags": tags(ADDRESS, "farm"),
        }),
    );
    let mut before = &spec;
    for after in [&with_origin_group(), &read_only, &spec] {
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

#[tokio::test]
async fn an_alternate_domain_name_of_another_distribution_is_foreign() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let at_certificate = "us-east-1/certificate/cdn";
    let certificate = json!({ "names": ["www.example.com"], "tags": tags(at_certificate, "zoo") });
    let certificate = bench.create(at_certificate, &certificate).await;
    let record = validation_record(&zone, &certificate, "www.example.com");
    bench.create("global/validation_record/www.example.com", &record).await;
    let issued = json!({ "arn": certificate["arn"], "names": ["www.example.com"] });
    bench.create("us-east-1/issued_certificate/cdn", &issued).await;

    let spec = with(&plain(), json!({ "aliases": ["www.example.com"], "certificate_arn": certificate["arn"] }));
    let distribution = bench.create(ADDRESS, &spec).await;

    let (aws, component) = bench.at("global/distribution/other");
    let theirs = with(&spec, json!({ "comment": "theirs", "tags": { "team": "web" } }));
    let found = component.find(&aws, &theirs).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("www.example.com")), "{found:?}");
    let error = component.create(&aws, &theirs).await.unwrap_err();
    assert!(error.to_string().contains("does not belong to this resource"), "{error}");

    bench.update(ADDRESS, &distribution, &spec, &plain()).await;
    bench.delete(ADDRESS, &plain(), &distribution).await;
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
    let wrong = with(&with_origin_group(), json!({ "default_behavior": { "target": "regions", "writes": true } }));
    let problems = component.check(&aws, &wrong).await.unwrap();
    assert_eq!(problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(), ["Origin group cannot take writes"]);
}
