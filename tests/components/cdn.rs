//! CloudFront in front of the regions.

use multiregion::components::Found;
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault};

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

fn grouped() -> Json {
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
async fn a_distribution_follows_its_spec() {
    let bench = Bench::start().await;
    let spec = plain();
    let distribution = bench.make(ADDRESS, &spec).await;
    bench.make_again(ADDRESS, &spec, &distribution).await;
    let only_reads = with(
        &grouped(),
        json!({ "default_behavior": { "target": "regions", "writes": false }, "behaviors": [], "tags": tags(ADDRESS, "farm") }),
    );
    let mut before = &spec;
    for after in [&grouped(), &only_reads, &spec] {
        bench.change(ADDRESS, &distribution, before, after).await;
        before = after;
    }
    let calls = bench.calls_of_a_repeated_update(ADDRESS, &distribution, &spec).await;
    assert_eq!(calls.last().map(String::as_str), Some("cloudfront:GetDistribution"), "{calls:?}");
    assert!(calls.iter().filter(|call| *call == "cloudfront:GetDistribution").count() > 1, "{calls:?}");
    bench.unmake(ADDRESS, &spec, &distribution).await;

    // CloudFront remembers the reference of the distribution that is gone.
    let again = bench.make(ADDRESS, &spec).await;
    assert_ne!(again["id"], distribution["id"]);
}

#[tokio::test]
async fn an_alias_comes_with_its_certificate() {
    let bench = Bench::start().await;
    let zone = json!({
        "name": "example.com", "comment": "", "force_destroy": true, "tags": tags("global/hosted_zone", "zoo"),
    });
    let zone = bench.make("global/hosted_zone", &zone).await["id"].clone();
    let at_certificate = "us-east-1/certificate/cdn";
    let certificate = json!({ "names": ["www.example.com"], "tags": tags(at_certificate, "zoo") });
    let certificate = bench.make(at_certificate, &certificate).await;
    let record = json!({
        "zone_id": zone, "name": certificate["validation_name"], "value": certificate["validation_value"],
        "domain": "www.example.com",
    });
    bench.make("global/validation_record/www.example.com", &record).await;
    let issued = json!({ "arn": certificate["arn"], "names": ["www.example.com"] });
    bench.make("us-east-1/issued_certificate/cdn", &issued).await;

    let spec = with(&plain(), json!({ "aliases": ["www.example.com"], "certificate_arn": certificate["arn"] }));
    let distribution = bench.make(ADDRESS, &spec).await;

    let (aws, component) = bench.at("global/distribution/other");
    let theirs = with(&spec, json!({ "comment": "theirs", "tags": { "team": "web" } }));
    let found = component.find(&aws, &theirs).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("www.example.com")), "{found:?}");
    let error = component.create(&aws, &theirs).await.unwrap_err();
    assert!(error.to_string().contains("not ours"), "{error}");

    bench.change(ADDRESS, &distribution, &spec, &plain()).await;
    bench.unmake(ADDRESS, &plain(), &distribution).await;
}

#[tokio::test]
async fn a_create_whose_reply_is_lost_makes_one_distribution() {
    let bench = Bench::start().await;
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("cloudfront:CreateDistribution").nth(1));
    bench.make(ADDRESS, &plain()).await;
}

#[tokio::test]
async fn writes_on_an_origin_group_are_a_problem() {
    let bench = Bench::start().await;
    let (aws, component) = bench.at(ADDRESS);
    assert!(component.check(&aws, &grouped()).await.unwrap().is_empty());
    let wrong = with(&grouped(), json!({ "default_behavior": { "target": "regions", "writes": true } }));
    let problems = component.check(&aws, &wrong).await.unwrap();
    assert_eq!(problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(), ["Origin group cannot take writes"]);
}
