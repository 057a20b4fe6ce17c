//! Hosted zones, health checks and records.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
use multiregion::apply::Observed;
use multiregion::aws::CallError;
use multiregion::components::Found;
use multiregion::desired::Address;
use multiregion::plan::{Entry, Ledger};
use serde_json::{Value as Json, json};
use strict_aws::{Effect, Fault};

use super::{Bench, tags, with};

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
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("d-theirs")), "{found:?}");
    assert!(matches!(component.create(&aws, &ours).await, Err(CallError::Foreign { .. })));

    // An unknown target proves no ownership: the region's name alone is not enough.
    let mut planned = ours.clone();
    planned["sets"]["us-east-1"]["value"]["target"] = json!({ "$ref": "us-east-1/domain", "output": "target" });
    assert!(matches!(component.find(&aws, &planned).await.unwrap(), Some(Found::Foreign(_))));

    let beside = record(&zone, &[("us-west-2", latency("us-west-2", "ours"))]);
    component.create(&aws, &beside).await.unwrap();
    component.delete(&aws, &beside, &outputs).await.unwrap();
    bench.expect(RECORD, &theirs, &outputs).await;
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
    assert!(problems(&json!({ "$unknown": true }), "api.example.org").await.is_empty());
}

/// Creates a component and adds it to the ledger.
async fn create_in_ledger(bench: &Bench, ledger: &mut Ledger, address: &str, spec: Json) {
    let outputs = bench.create(address, &spec).await;
    let entry = Entry { spec, outputs, depends_on: BTreeSet::new(), uncertain: false };
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
