//! Hosted zones, health checks and records.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType, Vpc};
use multiregion::apply::Observed;
use multiregion::aws::{CallError, chain};
use multiregion::components::Found;
use multiregion::components::cloudfront::distribution;
use multiregion::desired::Address;
use multiregion::plan::{Entry, Ledger};
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault};

use super::{Bench, claim, tags, with};

const ZONE: &str = "global/hosted_zone";
const RECORD: &str = "global/record/api.example.com";

fn zone_spec() -> Json {
    json!({ "name": "example.com", "comment": "of a test", "force_destroy": true, "tags": tags(ZONE, "zoo") })
}

async fn zone(bench: &Bench) -> Json {
    bench.create(ZONE, &zone_spec()).await["id"].clone()
}

#[tokio::test]
async fn a_hosted_zone_is_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let spec = zone_spec();
    let zone = bench.create(ZONE, &spec).await;
    let servers: Vec<&str> = zone["name_servers"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    assert!(servers.len() == 4 && servers.is_sorted(), "{servers:?}");
    let other = with(&spec, json!({ "comment": "", "force_destroy": false, "tags": tags(ZONE, "farm") }));
    bench.update(ZONE, &zone, &spec, &other).await;
    bench.delete(ZONE, &other, &zone).await;

    // Route 53 still refuses the caller reference of the deleted zone.
    let again = bench.create(ZONE, &spec).await;
    assert_ne!(again["id"], zone["id"]);
}

#[tokio::test]
async fn a_repeated_create_adopts_our_hosted_zone() {
    let bench = Bench::start().await;
    let spec = zone_spec();
    let zone = bench.create(ZONE, &spec).await;
    let (aws, component) = bench.at(ZONE);
    assert_eq!(component.find(&aws, &spec).await.unwrap(), Some(Found::Ours(zone.clone())));
    assert_eq!(component.create(&aws, &spec).await.unwrap(), zone);
    bench.expect(ZONE, &spec, &zone).await;
}

#[tokio::test]
async fn an_interrupted_create_of_a_hosted_zone_is_continued() {
    let bench = Bench::start().await;
    let spec = zone_spec();
    let (aws, component) = bench.at(ZONE);
    bench.local.inject(Fault::new(Effect::AccessDenied).operation("route53:ChangeTagsForResource").nth(1));
    component.create(&aws, &spec).await.unwrap_err();
    let Some(Found::Ours(zone)) = component.find(&aws, &spec).await.unwrap() else { panic!("the zone is not found") };

    // It is unknown how far the create came, so the engine updates the zone from the spec to the same spec.
    bench.update(ZONE, &zone, &spec, &spec).await;
    assert_eq!(component.find(&aws, &spec).await.unwrap(), Some(Found::Ours(zone)));
}

#[tokio::test]
async fn a_hosted_zone_whose_replies_are_lost_is_tagged() {
    let bench = Bench::start().await;
    for lost in ["route53:CreateHostedZone", "route53:ChangeTagsForResource"] {
        bench.local.inject(Fault::new(Effect::ReplyLost).operation(lost).nth(1));
    }
    let zone = bench.create(ZONE, &zone_spec()).await;
    bench.delete(ZONE, &zone_spec(), &zone).await;

    // Route 53 refuses the caller reference of the deleted zone; the reply to the second create is lost.
    bench.local.clear_calls();
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("route53:CreateHostedZone").nth(2));
    bench.create(ZONE, &zone_spec()).await;
    let calls = bench.local.calls();
    let last = calls.iter().rfind(|call| call.writes()).map(|call| call.name());
    assert_eq!(last.as_deref(), Some("route53:ChangeTagsForResource"));
}

#[tokio::test]
async fn a_hosted_zone_of_the_same_name_without_our_tags_is_foreign() {
    let bench = Bench::start().await;
    let (aws, component) = bench.at("global/hosted_zone/theirs");
    component.create(&aws, &with(&zone_spec(), json!({ "tags": { "team": "web" } }))).await.unwrap();
    let (aws, component) = bench.at(ZONE);
    let found = component.find(&aws, &zone_spec()).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("team=web")), "{found:?}");
}

#[tokio::test]
async fn a_hosted_zone_with_records_is_deleted_only_with_force_destroy() {
    let bench = Bench::start().await;
    let zone = bench.create(ZONE, &zone_spec()).await;
    bench.create(RECORD, &record(&zone["id"], &[("us-east-1", latency("us-east-1", "a"))])).await;
    let (aws, component) = bench.at(ZONE);
    let kept = with(&zone_spec(), json!({ "force_destroy": false }));
    let error = component.delete(&aws, &kept, &zone).await.unwrap_err();
    assert!(error.to_string().contains("force_destroy"), "{error}");
    bench.delete(ZONE, &zone_spec(), &zone).await;
}

fn check_spec(address: &str) -> Json {
    json!({
        "host": "a.execute-api.us-west-2.amazonaws.com", "path": "/health", "interval_seconds": 30,
        "failure_threshold": 3, "measure_latency": false, "search_string": null, "tags": tags(address, "zoo"),
    })
}

#[tokio::test]
async fn a_health_check_is_created_updated_replaced_and_deleted() {
    let bench = Bench::start().await;
    let address = "us-west-2/health_check";
    let spec = check_spec(address);
    let check = bench.create(address, &spec).await;
    bench.create_again(address, &spec, &check).await;
    let moved = with(&spec, json!({ "host": "b.example.com", "path": "/", "failure_threshold": 5 }));
    bench.update(address, &check, &spec, &moved).await;
    let mut named = with(&moved, json!({ "tags": tags(address, "farm") }));
    named["tags"]["Name"] = json!("mine");
    bench.update(address, &check, &moved, &named).await;
    bench.update(address, &check, &named, &moved).await;

    // A replacement is created while the old check exists.
    let successor = with(&spec, json!({ "interval_seconds": 10, "measure_latency": true, "search_string": "ok" }));
    let second = bench.create(address, &successor).await;
    assert_ne!(second["id"], check["id"]);
    bench.delete(address, &moved, &check).await;
    bench.delete(address, &successor, &second).await;

    // Route 53 still refuses the caller reference of the deleted check.
    let third = bench.create(address, &spec).await;
    bench.delete(address, &spec, &third).await;
}

#[tokio::test]
async fn a_health_check_without_tags_is_found_by_its_caller_reference() {
    let bench = Bench::start().await;
    let address = "us-west-2/health_check";
    let (aws, component) = bench.at(address);
    bench.local.inject(Fault::new(Effect::AccessDenied).operation("route53:ChangeTagsForResource").nth(1));
    component.create(&aws, &check_spec(address)).await.unwrap_err();
    assert!(matches!(component.find(&aws, &check_spec(address)).await.unwrap(), Some(Found::Ours(_))));
    // The spec may have changed before the create is repeated.
    let moved = with(&check_spec(address), json!({ "host": "b.example.com" }));
    let check = component.create(&aws, &moved).await.unwrap();
    bench.expect(address, &moved, &check).await;
    bench.create_again(address, &moved, &check).await;
}

#[tokio::test]
async fn a_health_check_has_every_setting_of_its_protocol() {
    let bench = Bench::start().await;
    let address = "us-west-2/health_check";
    let spec = check_spec(address);
    let check = bench.create(address, &spec).await;
    let regions = json!(["eu-west-1", "us-east-1", "us-west-2"]);
    let set = with(&spec, json!({ "port": 8443, "inverted": true, "disabled": true, "checker_regions": regions }));
    bench.update(address, &check, &spec, &set).await;
    // Only a reset returns to the checkers of all regions.
    bench.update(address, &check, &set, &spec).await;

    // Another protocol is another health check, which exists beside the old one.
    let mut others = vec![(check, spec.clone())];
    for changes in [json!({ "protocol": "http", "port": 80 }), json!({ "protocol": "tcp" })] {
        let other = with(&spec, changes);
        let outputs = bench.create(address, &other).await;
        assert!(others.iter().all(|(check, _)| check["id"] != outputs["id"]));
        others.push((outputs, other));
    }
    for (outputs, spec) in others {
        bench.delete(address, &spec, &outputs).await;
    }
}

#[tokio::test]
async fn a_health_check_follows_an_alarm() {
    let bench = Bench::start().await;
    let address = "us-west-2/alarm_health_check";
    let spec = json!({
        "alarm_name": "errors", "alarm_region": "us-east-1", "insufficient_data": "LastKnownStatus",
        "tags": tags(address, "zoo"),
    });
    let check = bench.create(address, &spec).await;
    bench.create_again(address, &spec, &check).await;
    let other =
        with(&spec, json!({ "alarm_name": "slow", "alarm_region": "us-west-2", "insufficient_data": "Unhealthy" }));
    bench.update(address, &check, &spec, &other).await;
    bench.delete(address, &other, &check).await;
    let again = bench.create(address, &spec).await;
    assert_ne!(again["id"], check["id"]);
}

#[tokio::test]
async fn a_health_check_follows_a_routing_control() {
    let bench = Bench::start().await;
    let address = "us-west-2/routing_control_health_check";
    let arn = |n: u8| format!("arn:aws:route53-recovery-control::123456789012:controlpanel/1/routingcontrol/{n}");
    let spec = json!({ "routing_control_arn": arn(1), "tags": tags(address, "zoo") });
    let check = bench.create(address, &spec).await;
    bench.create_again(address, &spec, &check).await;
    bench.update(address, &check, &spec, &with(&spec, json!({ "tags": tags(address, "farm") }))).await;
    // The routing control of a health check cannot change.
    let other = with(&spec, json!({ "routing_control_arn": arn(2) }));
    let second = bench.create(address, &other).await;
    assert_ne!(second["id"], check["id"]);
    bench.delete(address, &spec, &check).await;
    bench.delete(address, &other, &second).await;
}

#[tokio::test]
async fn a_calculated_health_check_covers_those_of_the_regions() {
    const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-central-1"];
    let bench = Bench::start().await;
    bench.create("global/claim", &claim(&REGIONS)).await;
    let mut ids = BTreeMap::new();
    for region in REGIONS {
        let address = format!("{region}/health_check");
        ids.insert(region, bench.create(&address, &check_spec(&address)).await["id"].clone());
    }
    let address = "global/calculated_health_check";
    let over = |regions: &[&str], threshold: u8| {
        let children: BTreeMap<_, _> = regions.iter().map(|region| (*region, ids[region].clone())).collect();
        json!({ "children": children, "threshold": threshold, "tags": tags(address, "zoo") })
    };
    let two = over(&["us-east-1", "us-west-2"], 1);
    let check = bench.create(address, &two).await;
    bench.create_again(address, &two, &check).await;
    let three = over(&["us-east-1", "us-west-2", "eu-central-1"], 2);
    bench.update(address, &check, &two, &three).await;
    let ledger = bench
        .engine()
        .discover(&["claim", "health_check", "calculated_health_check"], Default::default())
        .await
        .unwrap();
    let found = &ledger.entries[&address.parse::<Address>().unwrap()];
    assert_eq!(found.spec, three, "an import finds the regions of the children");
    assert!(found.depends_on.contains(&"us-west-2/health_check".parse().unwrap()), "{:?}", found.depends_on);
    bench.delete(address, &three, &check).await;
}

const COLLECTION: &str = "global/cidr_collection";

/// The address and the spec of a location.
fn location(collection: &Json, name: &str, cidrs: &[&str]) -> (String, Json) {
    let spec = json!({ "collection_id": collection["id"], "name": name, "cidrs": cidrs });
    (format!("global/cidr_location/{name}"), spec)
}

#[tokio::test]
async fn a_cidr_collection_has_locations_between_which_blocks_move() {
    let bench = Bench::start().await;
    let spec = json!({ "name": "giraffe" });
    let collection = bench.create(COLLECTION, &spec).await;
    bench.create_again(COLLECTION, &spec, &collection).await;
    let (east, blocks) = location(&collection, "us-east-1", &["10.0.0.0/8", "2001:db8::/32"]);
    let (west, others) = location(&collection, "us-west-2", &["11.0.0.0/8"]);
    let first = bench.create(&east, &blocks).await;
    bench.create_again(&east, &blocks, &first).await;
    let second = bench.create(&west, &others).await;

    bench.local.clear_calls();
    let (_, more) = location(&collection, "us-west-2", &["11.0.0.0/8", "2001:db8::/32"]);
    bench.update(&west, &second, &others, &more).await;
    let changes = bench.local.calls().iter().filter(|call| call.name() == "route53:ChangeCidrCollection").count();
    assert_eq!(changes, 1, "a block must move in one request");
    let (_, less) = location(&collection, "us-east-1", &["10.0.0.0/8"]);
    bench.update(&east, &first, &blocks, &less).await;

    let ledger = bench.engine().discover(&["cidr_collection", "cidr_location"], Default::default()).await.unwrap();
    for (address, spec) in [(COLLECTION, &spec), (&east, &less), (&west, &more)] {
        assert_eq!(&ledger.entries[&address.parse::<Address>().unwrap()].spec, spec, "{address}");
    }
    bench.delete(&east, &less, &first).await;
    bench.delete(&west, &more, &second).await;
    bench.delete(COLLECTION, &spec, &collection).await;
}

#[tokio::test]
async fn the_cidr_collections_of_other_owners_are_not_found() {
    let bench = Bench::start().await;
    let spec = json!({ "name": "giraffe" });
    let (_, component) = bench.at(COLLECTION);
    let theirs = component.create(&bench.rival(COLLECTION), &spec).await.unwrap();
    let ours = bench.create(COLLECTION, &spec).await;
    assert_ne!(ours["id"], theirs["id"]);
    let ledger = bench.engine().discover(&["cidr_collection"], Default::default()).await.unwrap();
    assert_eq!(ledger.entries[&COLLECTION.parse::<Address>().unwrap()].outputs, ours);
    bench.delete(COLLECTION, &spec, &ours).await;
    bench.expect(COLLECTION, &spec, &theirs).await;
}

fn set(routing: &Json, target: &str) -> Json {
    let target = format!("d-{target}.execute-api.amazonaws.com");
    let set = json!({
        "routing": routing, "target": target, "target_zone_id": "Z1UJRXOUMOOFQ8", "health_check_id": null,
    });
    json!({ "value": set })
}

fn latency(region: &str, target: &str) -> Json {
    set(&json!({ "latency": { "region": region } }), target)
}

fn weighted(weight: i64, target: &str) -> Json {
    set(&json!({ "weighted": { "weight": weight } }), target)
}

fn failover(primary: bool, target: &str) -> Json {
    set(&json!({ "failover": { "primary": primary } }), target)
}

fn record(zone: &Json, sets: &[(&str, Json)]) -> Json {
    let sets: serde_json::Map<_, _> = sets.iter().map(|(key, set)| ((*key).to_owned(), set.clone())).collect();
    json!({ "zone_id": zone, "name": "api.example.com", "types": ["A", "AAAA"], "sets": sets, "drain_seconds": 1 })
}

#[tokio::test]
async fn a_record_is_created_updated_and_deleted() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let (east, west) = ("us-east-1", "us-west-2");
    let one = record(&zone, &[(east, latency(east, "a"))]);
    let outputs = bench.create(RECORD, &one).await;
    bench.create_again(RECORD, &one, &outputs).await;

    let check = bench.create("us-west-2/health_check", &check_spec("us-west-2/health_check")).await;
    let mut checked = record(&zone, &[(east, latency(east, "a")), (west, latency(west, "b"))]);
    checked["sets"][west]["value"]["health_check_id"] = check["id"].clone();
    let steps = [
        record(&zone, &[(east, latency(east, "a")), (west, latency(west, "b"))]),
        checked,
        record(&zone, &[(east, latency(east, "c")), (west, latency(west, "b"))]),
        record(&zone, &[(east, failover(true, "c")), (west, failover(false, "b"))]),
        record(&zone, &[(east, failover(false, "c")), (west, failover(true, "b"))]),
        record(&zone, &[(east, weighted(10, "c")), (west, weighted(90, "b"))]),
        record(&zone, &[(east, weighted(0, "c")), (west, weighted(90, "b"))]),
        record(&zone, &[(east, set(&json!("simple"), "c"))]),
        with(&record(&zone, &[(west, latency(west, "b"))]), json!({ "types": ["A"] })),
        record(&zone, &[(east, latency(east, "a")), (west, latency(west, "b"))]),
    ];
    let mut before = one;
    for after in steps {
        bench.local.clear_calls();
        bench.update(RECORD, &outputs, &before, &after).await;
        let batches =
            bench.local.calls().iter().filter(|call| call.name() == "route53:ChangeResourceRecordSets").count();
        assert_eq!(batches, 1, "{before} to {after} must be one batch");
        before = after;
    }
    bench.delete(RECORD, &before, &outputs).await;
}

#[tokio::test]
async fn a_record_of_a_distribution_has_the_type_https_beside_records_of_others() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let mut to_cloudfront = set(&json!("simple"), "a");
    to_cloudfront["value"]["target"] = json!("d1.cloudfront.net");
    to_cloudfront["value"]["target_zone_id"] = json!("Z2FDTNDATAQYW2");
    let https = json!({ "types": ["A", "AAAA", "HTTPS"] });
    let spec = with(&record(&zone, &[("cdn", to_cloudfront.clone())]), https.clone());
    let outputs = bench.create(RECORD, &spec).await;
    bench.create_again(RECORD, &spec, &outputs).await;
    let without = with(&spec, json!({ "types": ["A", "AAAA"] }));
    bench.update(RECORD, &outputs, &spec, &without).await;
    bench.update(RECORD, &outputs, &without, &spec).await;

    // A record of another distribution is replaced only if that is desired.
    to_cloudfront["value"]["target"] = json!("d2.cloudfront.net");
    let (aws, component) = bench.at(RECORD);
    let other = with(&record(&zone, &[("cdn", to_cloudfront)]), https);
    assert!(matches!(component.find(&aws, &other).await.unwrap(), Some(Found::InTheWay(_))));
    let error = component.create(&aws, &other).await.unwrap_err();
    assert!(error.to_string().contains("does not belong to this resource"), "{error}");
    let taken = with(&other, json!({ "take_over": true }));
    bench.create(RECORD, &taken).await;
    // A record that others have changed since then is theirs.
    let error = component.update(&aws, &outputs, &spec, &with(&spec, json!({ "take_over": true }))).await.unwrap_err();
    assert!(error.to_string().contains("does not belong to this resource"), "{error}");
    bench.delete(RECORD, &taken, &outputs).await;

    // Others may have an HTTPS record beside addresses of ours.
    let only_https = with(&spec, json!({ "types": ["HTTPS"] }));
    bench.create(RECORD, &only_https).await;
    bench.create(RECORD, &record(&zone, &[("us-east-1", latency("us-east-1", "a"))])).await;
}

#[tokio::test]
async fn a_record_changes_among_all_policies_in_one_batch_each() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let collection = bench.create(COLLECTION, &json!({ "name": "giraffe" })).await;
    let (address, spec) = location(&collection, "us-east-1", &["10.0.0.0/8"]);
    bench.create(&address, &spec).await;
    let geo = |location: &str| set(&json!({ "geolocation": { "location": location } }), "a");
    let near = |region: &str, bias: i8| set(&json!({ "geoproximity": { "region": region, "bias": bias } }), "a");
    let by_ip =
        |location: &str| set(&json!({ "ip_based": { "collection_id": collection["id"], "location": location } }), "a");
    let mut unevaluated = latency("us-east-1", "a");
    unevaluated["value"]["evaluate_target_health"] = json!(false);
    let (east, west) = ("us-east-1", "us-west-2");
    let steps = [
        record(&zone, &[("us-east-1/*", geo("*")), ("us-east-1/EU", geo("EU")), ("us-west-2/US-WA", geo("US-WA"))]),
        record(&zone, &[("us-east-1/*", geo("*")), ("us-west-2/country:SA", geo("country:SA"))]),
        record(&zone, &[(east, near(east, 0)), (west, near(west, -99))]),
        record(&zone, &[(east, near(east, 99)), (west, near(west, -1))]),
        record(&zone, &[(east, by_ip(east)), ("us-west-2/*", by_ip("*"))]),
        record(&zone, &[(east, unevaluated)]),
        record(&zone, &[(east, failover(true, "a")), (west, failover(false, "b"))]),
    ];
    let mut before = record(&zone, &[(east, latency(east, "a"))]);
    let outputs = bench.create(RECORD, &before).await;
    for after in steps {
        bench.local.clear_calls();
        bench.update(RECORD, &outputs, &before, &after).await;
        let batches =
            bench.local.calls().iter().filter(|call| call.name() == "route53:ChangeResourceRecordSets").count();
        assert_eq!(batches, 1, "{before} to {after} must be one batch");
        before = after;
    }
    bench.delete(RECORD, &before, &outputs).await;
}

#[tokio::test]
async fn a_record_leads_to_the_record_of_the_secondary_regions() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let name = "secondary.api.example.com";
    let nested = with(&record(&zone, &[("us-west-2", latency("us-west-2", "b"))]), json!({ "name": name }));
    let address = format!("global/record/{name}");
    let below = bench.create(&address, &nested).await;
    let mut secondary = failover(false, "b");
    secondary["value"]["target"] = json!(name);
    secondary["value"]["target_zone_id"] = zone.clone();
    let spec = record(&zone, &[("us-east-1", failover(true, "a")), ("secondary", secondary)]);
    let outputs = bench.create(RECORD, &spec).await;
    bench.create_again(RECORD, &spec, &outputs).await;
    bench.delete(RECORD, &spec, &outputs).await;
    bench.delete(&address, &nested, &below).await;
}

#[tokio::test]
async fn check_refuses_a_health_check_that_does_not_exist() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let (aws, component) = bench.at(RECORD);
    let mut spec = record(&zone, &[("us-east-1", latency("us-east-1", "a"))]);
    for (id, expected) in [
        (json!("11111111-2222-3333-4444-555555555555"), vec!["Health check does not exist"]),
        (bench.create("us-east-1/health_check", &check_spec("us-east-1/health_check")).await["id"].clone(), vec![]),
    ] {
        spec["sets"]["us-east-1"]["value"]["health_check_id"] = id;
        let problems = component.check(&aws, &spec).await.unwrap();
        assert_eq!(problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_record_change_whose_reply_is_lost_succeeds() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("route53:ChangeResourceRecordSets").nth(1));
    let spec = record(&zone, &[("us-east-1", latency("us-east-1", "a"))]);
    let outputs = bench.create(RECORD, &spec).await;
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("route53:ChangeResourceRecordSets").nth(1));
    bench.delete(RECORD, &spec, &outputs).await;
}

#[tokio::test]
async fn a_wildcard_record_with_a_cloudfront_target_is_read_back() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let address = "global/record/*.example.com";
    let mut cdn = set(&json!("simple"), "x");
    cdn["value"]["target"] = json!("d111.cloudfront.net");
    cdn["value"]["target_zone_id"] = json!("Z2FDTNDATAQYW2");
    let spec = with(&record(&zone, &[("cdn", cdn)]), json!({ "name": "*.example.com" }));
    let outputs = bench.create(address, &spec).await;
    bench.delete(address, &spec, &outputs).await;
}

#[tokio::test]
async fn record_sets_of_other_owners_are_left_alone() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let theirs = record(&zone, &[("us-east-1", latency("us-east-1", "theirs"))]);
    let outputs = bench.create(RECORD, &theirs).await;
    let (aws, component) = bench.at(RECORD);

    let ours = record(&zone, &[("us-east-1", latency("us-east-1", "ours"))]);
    let found = component.find(&aws, &ours).await.unwrap();
    assert!(matches!(&found, Some(Found::InTheWay(problem)) if problem.detail.contains("d-theirs")), "{found:?}");
    assert!(matches!(component.create(&aws, &ours).await, Err(CallError::Foreign { .. })));

    // An unknown target proves no ownership: the region's name alone is not enough.
    let mut planned = ours.clone();
    planned["sets"]["us-east-1"]["value"]["target"] = json!({ "$ref": "us-east-1/domain", "output": "target" });
    assert!(matches!(component.find(&aws, &planned).await.unwrap(), Some(Found::InTheWay(_))));

    let beside = record(&zone, &[("us-west-2", latency("us-west-2", "ours"))]);
    component.create(&aws, &beside).await.unwrap();
    component.delete(&aws, &beside, &outputs).await.unwrap();
    bench.expect(RECORD, &theirs, &outputs).await;
}

/// The record sets of the API's name in AWS, sorted.
async fn held(bench: &Bench, zone: &Json) -> Vec<ResourceRecordSet> {
    let (aws, _) = bench.at(RECORD);
    let request = aws.route53().list_resource_record_sets().hosted_zone_id(zone.as_str().unwrap());
    let mut sets = request.send().await.unwrap().resource_record_sets;
    sets.retain(|set| set.name == "api.example.com.");
    sets.sort_by_key(|set| format!("{set:?}"));
    sets
}

#[tokio::test]
async fn records_of_others_are_replaced_in_one_batch_and_restored_in_another() {
    let routed = |key: &str| {
        let set = ResourceRecordSet::builder().name("api.example.com").r#type(RrType::A).ttl(60);
        set.set_identifier(key).resource_records(ResourceRecord::builder().value("192.0.2.9").build().unwrap())
    };
    let cases = [
        (
            vec![plain("api.example.com", RrType::Cname, &["old.example.net"])],
            "type CNAME, with the value old.example.net",
        ),
        (
            vec![
                plain("api.example.com", RrType::A, &["192.0.2.1", "192.0.2.2"]),
                plain("api.example.com", RrType::Txt, &["\"stays\""]),
            ],
            "type A, with the value 192.0.2.1, 192.0.2.2 and a TTL of 300 seconds",
        ),
        (
            ["one", "two"].map(|key| routed(key).weight(1).build().unwrap()).to_vec(),
            "type A with the set identifier \"two\", with the value 192.0.2.9 and a TTL of 60 seconds",
        ),
        // The same policy as ours, in another region and in the same one.
        (
            ["us-east-1", "eu-west-1"].map(|key| routed(key).region(key.into()).build().unwrap()).to_vec(),
            "set identifier \"eu-west-1\"",
        ),
    ];
    for (theirs, expected) in cases {
        let bench = Bench::start().await;
        let zone = zone(&bench).await;
        create_by_hand(&bench, &zone, theirs).await;
        let before = held(&bench, &zone).await;
        let ours = record(&zone, &[("us-east-1", latency("us-east-1", "a")), ("us-west-2", latency("us-west-2", "b"))]);
        let (aws, component) = bench.at(RECORD);
        assert!(matches!(component.find(&aws, &ours).await.unwrap(), Some(Found::InTheWay(_))), "{expected}");

        let ours = with(&ours, json!({ "replaces": true }));
        let found = component.find(&aws, &ours).await.unwrap();
        assert!(matches!(&found, Some(Found::Replaced(warning)) if warning.detail.contains(expected)), "{found:?}");
        bench.local.clear_calls();
        // The first reply is lost: the second attempt must not forget what the first one has replaced.
        bench.local.inject(Fault::new(Effect::ReplyLost).operation("route53:ChangeResourceRecordSets").nth(1));
        let outputs = component.create(&aws, &ours).await.unwrap();
        bench.expect(RECORD, &ours, &outputs).await;
        let others = before.iter().filter(|set| set.r#type == RrType::Txt).count();
        assert_eq!(held(&bench, &zone).await.len(), 4 + others, "{expected}");
        let changes = bench.local.calls().into_iter().filter(|call| call.name() == "route53:ChangeResourceRecordSets");
        assert_eq!(changes.filter(|call| call.status == 200).count(), 2, "one change, and one that repeats it");

        let replaced = aws.replaced().expect("what was replaced is recorded");
        component.restore(&aws, &ours, &outputs, &replaced).await.unwrap();
        assert_eq!(held(&bench, &zone).await, before, "{expected}");
        // It may be repeated.
        component.restore(&aws, &ours, &outputs, &replaced).await.unwrap();
        assert_eq!(held(&bench, &zone).await, before, "{expected}");
    }
}

#[tokio::test]
async fn a_record_that_others_created_since_is_not_overwritten_by_a_restore() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    create_by_hand(&bench, &zone, vec![plain("api.example.com", RrType::A, &["192.0.2.1"])]).await;
    let ours = record(&zone, &[("us-east-1", latency("us-east-1", "a"))]);
    let ours = with(&ours, json!({ "types": ["A"], "replaces": true }));
    let (aws, component) = bench.at(RECORD);
    let outputs = component.create(&aws, &ours).await.unwrap();
    let replaced = aws.replaced().unwrap();
    create_by_hand(&bench, &zone, vec![plain("api.example.com", RrType::Aaaa, &["2001:db8::1"])]).await;
    component.restore(&aws, &ours, &outputs, &replaced).await.unwrap();
    let kinds: Vec<_> = held(&bench, &zone).await.into_iter().map(|set| set.r#type).collect();
    assert_eq!(kinds, [RrType::Aaaa]);
}

#[tokio::test]
async fn check_refuses_a_missing_zone_and_a_name_outside_of_it() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let (aws, component) = bench.at(RECORD);
    let problems = async |zone: &Json, name: &str| {
        let spec = with(&record(zone, &[]), json!({ "name": name }));
        let problems = component.check(&aws, &spec).await.unwrap();
        problems.iter().map(|problem| problem.summary).collect::<Vec<_>>()
    };
    assert!(problems(&zone, "api.example.com").await.is_empty());
    assert_eq!(problems(&zone, "api.example.org").await, ["Name is outside of the hosted zone"]);
    assert_eq!(problems(&json!("ZNOWHERE"), "api.example.com").await, ["Hosted zone does not exist"]);
    let spec = record(&json!("ZNOWHERE"), &[]);
    let detail = component.check(&aws, &spec).await.unwrap()[0].detail.clone();
    assert!(detail.contains("leave out domain.zone_id") && !detail.contains("multiregion_zone"), "{detail}");
    assert!(problems(&json!({ "$unknown": true }), "api.example.org").await.is_empty());
}

/// A record set with plain values.
fn plain(name: &str, kind: RrType, values: &[&str]) -> ResourceRecordSet {
    let values = values.iter().map(|value| ResourceRecord::builder().value(*value).build().unwrap());
    let set = ResourceRecordSet::builder().name(name).r#type(kind).ttl(300);
    set.set_resource_records(Some(values.collect())).build().unwrap()
}

/// Creates record sets of another tool.
async fn create_by_hand(bench: &Bench, zone: &Json, sets: Vec<ResourceRecordSet>) {
    let change = |set| Change::builder().action(ChangeAction::Create).resource_record_set(set).build().unwrap();
    let batch = ChangeBatch::builder().set_changes(Some(sets.into_iter().map(change).collect())).build().unwrap();
    let (aws, _) = bench.at(RECORD);
    let request = aws.route53().change_resource_record_sets().hosted_zone_id(zone.as_str().unwrap());
    request.change_batch(batch).send().await.unwrap();
}

#[tokio::test]
async fn check_refuses_a_name_that_is_delegated_to_another_zone() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let servers = ["ns-1.awsdns-01.org.", "ns-2.awsdns-02.com."];
    create_by_hand(&bench, &zone, vec![plain("dev.example.com", RrType::Ns, &servers)]).await;
    let (aws, component) = bench.at(RECORD);
    let request = aws.route53().create_hosted_zone().name("dev.example.com").caller_reference("child");
    let child = request.send().await.unwrap().hosted_zone.unwrap().id;
    let child = child.trim_start_matches("/hostedzone/");
    let problems = async |zone: &str, name: &str| {
        let spec = with(&record(&json!(zone), &[]), json!({ "name": name }));
        component.check(&aws, &spec).await.unwrap()
    };
    let parent = zone.as_str().unwrap();
    for name in ["dev.example.com", "api.dev.example.com", "*.a.dev.example.com"] {
        let found = problems(parent, name).await;
        let [problem] = found.as_slice() else { panic!("{name}: {found:?}") };
        assert_eq!(problem.summary, "Name is delegated to another zone", "{name}");
        for part in [name, "dev.example.com", servers[0], child, parent] {
            assert!(problem.detail.contains(part), "{part} is missing: {}", problem.detail);
        }
        assert!(problems(child, name).await.is_empty(), "{name} is in the zone of its own domain");
    }
    for name in ["example.com", "api.example.com", "mydev.example.com"] {
        assert!(problems(parent, name).await.is_empty(), "{name} is not delegated");
    }
}

#[tokio::test]
async fn check_refuses_a_certificate_that_a_caa_record_forbids() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let sets = vec![
        plain("example.com", RrType::Caa, &["0 issue \"letsencrypt.org\"", "0 iodef \"mailto:a@example.com\""]),
        plain("open.example.com", RrType::Caa, &["0 issue \"letsencrypt.org\"", "0 issue \"amazon.com\""]),
        plain("cname.example.com", RrType::Cname, &["elsewhere.example.net."]),
        plain("dev.example.com", RrType::Ns, &["ns-1.awsdns-01.org."]),
    ];
    create_by_hand(&bench, &zone, sets).await;
    for (domain, is_forbidden) in [
        ("example.com", true),
        ("api.example.com", true),
        ("open.example.com", false),
        ("api.open.example.com", false),
        // The CAA records of other zones decide.
        ("cname.example.com", false),
        ("api.dev.example.com", false),
    ] {
        let (aws, component) = bench.at(&format!("global/validation_record/{domain}"));
        let spec = json!({ "zone_id": zone, "name": { "$unknown": true }, "value": "v", "domain": domain });
        let problems = component.check(&aws, &spec).await.unwrap();
        let summaries: Vec<_> = problems.iter().map(|problem| problem.summary).collect();
        assert_eq!(summaries == ["CAA record forbids Amazon certificates"], is_forbidden, "{domain}: {problems:?}");
        assert_eq!(summaries.is_empty(), !is_forbidden, "{domain}");
        assert!(problems.iter().all(|problem| problem.detail.contains("letsencrypt.org")), "{problems:?}");
    }
}

#[tokio::test]
async fn a_batch_that_a_protection_or_a_guardrail_forbids_fails_at_once_with_the_reason() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let spec = record(&zone, &[("us-east-1", latency("us-east-1", "a"))]);
    let outputs = bench.create(RECORD, &spec).await;
    let (aws, component) = bench.at(RECORD);
    for (message, reason) in [
        ("RRSet api.example.com. of type A is protected", "Delete its protection"),
        ("The guardrail ALIAS_TARGET_CHECK forbids the change", "Delete the alias"),
        ("The guardrail ACTIVE_RECORD_CHECK forbids the change", "clients still query"),
    ] {
        bench.local.refuse_record_changes("api.example.com", "A", Some(message));
        bench.local.clear_calls();
        let error = component.delete(&aws, &spec, &outputs).await.unwrap_err();
        for part in [reason, message, "api.example.com", zone.as_str().unwrap()] {
            assert!(chain(&error).contains(part), "{part} is missing: {error}");
        }
        let changes =
            bench.local.calls().iter().filter(|call| call.name() == "route53:ChangeResourceRecordSets").count();
        assert_eq!(changes, 1, "a repetition changes nothing: {message}");
    }
    // Any other refusal means that the zone differs from what was read.
    bench.local.refuse_record_changes("api.example.com", "A", Some("RRSet was not found"));
    let error = chain(&component.delete(&aws, &spec, &outputs).await.unwrap_err());
    assert!(error.contains("Another tool may be changing the same records") && error.contains("not found"), "{error}");
    bench.local.refuse_record_changes("api.example.com", "A", None);
    bench.delete(RECORD, &spec, &outputs).await;
}

#[tokio::test]
async fn check_distinguishes_private_and_public_zones() {
    let bench = Bench::start().await;
    let public = zone(&bench).await;
    let (aws, component) = bench.at(RECORD);
    let vpc = Vpc::builder().vpc_id("vpc-1").vpc_region("us-east-1".into()).build();
    let request = aws.route53().create_hosted_zone().name("example.com").caller_reference("private").vpc(vpc);
    let private = request.send().await.unwrap().hosted_zone.unwrap().id;
    let private = json!(private.trim_start_matches("/hostedzone/"));
    let summaries = async |zone: &Json, private: bool| {
        let spec = with(&record(zone, &[]), json!({ "private": private }));
        let problems = component.check(&aws, &spec).await.unwrap();
        problems.iter().map(|problem| problem.summary).collect::<Vec<_>>()
    };
    assert!(summaries(&public, false).await.is_empty() && summaries(&private, true).await.is_empty());
    assert_eq!(summaries(&private, false).await, ["Hosted zone is private"]);
    assert_eq!(summaries(&public, true).await, ["Hosted zone is public"]);

    let set = set(&json!({ "ip_based": { "collection_id": "c-1", "location": "*" } }), "a");
    let refused = with(&record(&private, &[("us-east-1", set)]), json!({ "private": true }));
    let error = component.create(&aws, &refused).await.unwrap_err();
    assert!(chain(&error).contains("not supported in private hosted zones"), "{error:?}");

    let mut alias = latency("us-east-1", "a");
    alias["value"]["target_zone_id"] = json!(distribution::HOSTED_ZONE);
    let refused = with(&record(&private, &[("us-east-1", alias)]), json!({ "private": true }));
    let error = component.create(&aws, &refused).await.unwrap_err();
    assert!(chain(&error).contains("CloudFront"), "{error:?}");
}

/// Creates a component and adds it to the ledger.
async fn create_in_ledger(bench: &Bench, ledger: &mut Ledger, address: &str, spec: Json) {
    let outputs = bench.create(address, &spec).await;
    let entry = Entry { spec, outputs, depends_on: BTreeSet::new(), uncertain: false, rejected: false };
    ledger.entries.insert(address.parse().unwrap(), entry);
}

/// Deletes a component in AWS, but not in the ledger.
async fn delete_in_aws(bench: &Bench, ledger: &Ledger, address: &str) {
    let entry = &ledger.entries[&address.parse::<Address>().unwrap()];
    bench.delete(address, &entry.spec, &entry.outputs).await;
}

/// Observes every component in the ledger; returns the missing ones and the number of calls of each operation.
async fn observe(bench: &Bench, ledger: &Ledger) -> (Vec<String>, BTreeMap<String, usize>) {
    bench.local.clear_calls();
    let Observed { ledger: observed, unseen } = bench.engine().observe(ledger).await;
    assert!(unseen.is_empty(), "{unseen:?}");
    for (address, entry) in &observed.entries {
        assert_eq!(entry, &ledger.entries[address], "{address}");
    }
    let mut calls = BTreeMap::new();
    for call in bench.local.calls() {
        *calls.entry(call.operation).or_default() += 1;
    }
    let gone = ledger.entries.keys().filter(|address| !observed.entries.contains_key(*address));
    (gone.map(ToString::to_string).collect(), calls)
}

/// Creates 400 records of another owner, which sort between ours.
async fn create_other_records(bench: &Bench, zone: &Json) {
    let changes = (0..400).map(|n| {
        let value = ResourceRecord::builder().value("192.0.2.1").build().unwrap();
        let set = ResourceRecordSet::builder().name(format!("h{n:03}.example.com")).r#type(RrType::A).ttl(60);
        let set = set.resource_records(value).build().unwrap();
        Change::builder().action(ChangeAction::Create).resource_record_set(set).build().unwrap()
    });
    let batch = ChangeBatch::builder().set_changes(Some(changes.collect())).build().unwrap();
    let (aws, _) = bench.at(RECORD);
    let request = aws.route53().change_resource_record_sets().hosted_zone_id(zone.as_str().unwrap());
    request.change_batch(batch).send().await.unwrap();
}

#[tokio::test]
async fn the_records_of_a_zone_are_read_with_one_list() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let mut ledger = Ledger::default();
    for name in ["a.example.com", "eu.a.example.com", "a-b.example.com", "m.example.com", "us.z.example.com"] {
        let spec = record(&zone, &[("us-east-1", latency("us-east-1", "a")), ("us-west-2", latency("us-west-2", "b"))]);
        create_in_ledger(&bench, &mut ledger, &format!("global/record/{name}"), with(&spec, json!({ "name": name })))
            .await;
    }
    let once = |times: usize| BTreeMap::from([("ListResourceRecordSets".to_owned(), times)]);
    assert_eq!(observe(&bench, &ledger).await, (Vec::new(), once(1)));
    // Of a large zone, only the pages that contain our records are read.
    create_other_records(&bench, &zone).await;
    assert_eq!(observe(&bench, &ledger).await, (Vec::new(), once(2)));
    delete_in_aws(&bench, &ledger, "global/record/m.example.com").await;
    delete_in_aws(&bench, &ledger, "global/record/a.example.com").await;
    let gone = vec!["global/record/a.example.com".to_owned(), "global/record/m.example.com".to_owned()];
    assert_eq!(observe(&bench, &ledger).await, (gone, once(2)));
}

#[tokio::test]
async fn health_checks_are_read_with_one_list() {
    let bench = Bench::start().await;
    let mut ledger = Ledger::default();
    let addresses: Vec<String> = (0..12).map(|n| format!("us-west-2/health_check/{n:02}")).collect();
    for address in &addresses {
        create_in_ledger(&bench, &mut ledger, address, check_spec(address)).await;
    }
    let expected = |calls: &[(&str, usize)]| -> BTreeMap<String, usize> {
        calls.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect()
    };
    let calls = expected(&[("ListHealthChecks", 1), ("ListTagsForResources", 2)]);
    assert_eq!(observe(&bench, &ledger).await, (Vec::new(), calls));
    // ListTagsForResources fails as a whole when one check is missing, without saying which. The others still exist.
    delete_in_aws(&bench, &ledger, &addresses[3]).await;
    let (gone, calls) = observe(&bench, &ledger).await;
    assert_eq!(gone, [addresses[3].clone()]);
    assert_eq!((calls["ListHealthChecks"], calls["GetHealthCheck"], calls["ListTagsForResources"]), (1, 1, 2));
}
