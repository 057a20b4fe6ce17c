//! What Route 53 holds: zones, health checks, records.

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
    bench.make(ZONE, &zone_spec()).await["id"].clone()
}

#[tokio::test]
async fn a_zone_follows_its_spec() {
    let bench = Bench::start().await;
    let spec = zone_spec();
    let zone = bench.make(ZONE, &spec).await;
    let servers: Vec<&str> = zone["name_servers"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    assert!(servers.len() == 4 && servers.is_sorted(), "{servers:?}");
    let other = with(&spec, json!({ "comment": "", "force_destroy": false, "tags": tags(ZONE, "farm") }));
    bench.change(ZONE, &zone, &spec, &other).await;
    bench.unmake(ZONE, &other, &zone).await;

    // AWS remembers the reference of the zone that is gone.
    let again = bench.make(ZONE, &spec).await;
    assert_ne!(again["id"], zone["id"]);
}

#[tokio::test]
async fn a_zone_that_is_ours_is_not_made_twice() {
    let bench = Bench::start().await;
    let spec = zone_spec();
    let zone = bench.make(ZONE, &spec).await;
    let (aws, component) = bench.at(ZONE);
    assert_eq!(component.find(&aws, &spec).await.unwrap(), Some(Found::Ours(zone.clone())));
    assert_eq!(component.create(&aws, &spec).await.unwrap(), zone);
    bench.expect(ZONE, &spec, &zone).await;
}

#[tokio::test]
async fn a_zone_whose_create_died_is_gone_on_with() {
    let bench = Bench::start().await;
    let spec = zone_spec();
    let (aws, component) = bench.at(ZONE);
    bench.local.inject(Fault::new(Effect::AccessDenied).operation("route53:ChangeTagsForResource").nth(1));
    component.create(&aws, &spec).await.unwrap_err();
    let Some(Found::Ours(zone)) = component.find(&aws, &spec).await.unwrap() else { panic!("it is lost") };

    // The engine does not know how far it came: the same spec again.
    bench.change(ZONE, &zone, &spec, &spec).await;
    assert_eq!(component.find(&aws, &spec).await.unwrap(), Some(Found::Ours(zone)));
}

#[tokio::test]
async fn a_zone_is_tagged_once_every_server_knows_it() {
    let bench = Bench::start().await;
    for lost in ["route53:CreateHostedZone", "route53:ChangeTagsForResource"] {
        bench.local.inject(Fault::new(Effect::ReplyLost).operation(lost).nth(1));
    }
    let zone = bench.make(ZONE, &zone_spec()).await;
    bench.unmake(ZONE, &zone_spec(), &zone).await;

    // The reference of the zone that is gone is refused; the reply to the next one is lost.
    bench.local.clear_calls();
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("route53:CreateHostedZone").nth(2));
    bench.make(ZONE, &zone_spec()).await;
    let calls = bench.local.calls();
    let last = calls.iter().rfind(|call| call.writes()).map(|call| call.name());
    assert_eq!(last.as_deref(), Some("route53:ChangeTagsForResource"));
}

#[tokio::test]
async fn a_zone_of_the_same_name_is_foreign() {
    let bench = Bench::start().await;
    let (aws, component) = bench.at("global/hosted_zone/theirs");
    component.create(&aws, &with(&zone_spec(), json!({ "tags": { "team": "web" } }))).await.unwrap();
    let (aws, component) = bench.at(ZONE);
    let found = component.find(&aws, &zone_spec()).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("team=web")), "{found:?}");
}

#[tokio::test]
async fn a_zone_with_records_is_emptied_only_when_asked_to() {
    let bench = Bench::start().await;
    let zone = bench.make(ZONE, &zone_spec()).await;
    bench.make(RECORD, &record(&zone["id"], &[("us-east-1", latency("us-east-1", "a"))])).await;
    let (aws, component) = bench.at(ZONE);
    let kept = with(&zone_spec(), json!({ "force_destroy": false }));
    let error = component.delete(&aws, &kept, &zone).await.unwrap_err();
    assert!(error.to_string().contains("force_destroy"), "{error}");
    bench.unmake(ZONE, &zone_spec(), &zone).await;
}

fn check_spec(address: &str) -> Json {
    json!({
        "host": "a.execute-api.us-west-2.amazonaws.com", "path": "/health", "interval_seconds": 30,
        "failure_threshold": 3, "measure_latency": false, "search_string": null, "tags": tags(address, "zoo"),
    })
}

#[tokio::test]
async fn a_health_check_follows_its_spec() {
    let bench = Bench::start().await;
    let address = "us-west-2/health_check";
    let spec = check_spec(address);
    let check = bench.make(address, &spec).await;
    bench.make_again(address, &spec, &check).await;
    let moved = with(&spec, json!({ "host": "b.example.com", "path": "/", "failure_threshold": 5 }));
    bench.change(address, &check, &spec, &moved).await;
    let mut named = with(&moved, json!({ "tags": tags(address, "farm") }));
    named["tags"]["Name"] = json!("mine");
    bench.change(address, &check, &moved, &named).await;
    bench.change(address, &check, &named, &moved).await;

    // The successor of a check that must be replaced is another one beside it.
    let successor = with(&spec, json!({ "interval_seconds": 10, "measure_latency": true, "search_string": "ok" }));
    let second = bench.make(address, &successor).await;
    assert_ne!(second["id"], check["id"]);
    bench.unmake(address, &moved, &check).await;
    bench.unmake(address, &successor, &second).await;

    // AWS remembers the reference of the check that is gone.
    let third = bench.make(address, &spec).await;
    bench.unmake(address, &spec, &third).await;
}

#[tokio::test]
async fn a_health_check_without_tags_yet_is_found_again() {
    let bench = Bench::start().await;
    let address = "us-west-2/health_check";
    let (aws, component) = bench.at(address);
    bench.local.inject(Fault::new(Effect::AccessDenied).operation("route53:ChangeTagsForResource").nth(1));
    component.create(&aws, &check_spec(address)).await.unwrap_err();
    assert!(matches!(component.find(&aws, &check_spec(address)).await.unwrap(), Some(Found::Ours(_))));
    // The next one may want something else of it.
    let moved = with(&check_spec(address), json!({ "host": "b.example.com" }));
    let check = component.create(&aws, &moved).await.unwrap();
    bench.expect(address, &moved, &check).await;
    bench.make_again(address, &moved, &check).await;
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
async fn a_record_follows_its_spec() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let (east, west) = ("us-east-1", "us-west-2");
    let one = record(&zone, &[(east, latency(east, "a"))]);
    let outputs = bench.make(RECORD, &one).await;
    bench.make_again(RECORD, &one, &outputs).await;

    let check = bench.make("us-west-2/health_check", &check_spec("us-west-2/health_check")).await;
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
        bench.change(RECORD, &outputs, &before, &after).await;
        let batches =
            bench.local.calls().iter().filter(|call| call.name() == "route53:ChangeResourceRecordSets").count();
        assert_eq!(batches, 1, "a change of {before} to {after} is one batch");
        before = after;
    }
    bench.unmake(RECORD, &before, &outputs).await;
}

#[tokio::test]
async fn a_change_whose_reply_is_lost_is_seen_to_be_done() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("route53:ChangeResourceRecordSets").nth(1));
    let spec = record(&zone, &[("us-east-1", latency("us-east-1", "a"))]);
    let outputs = bench.make(RECORD, &spec).await;
    bench.local.inject(Fault::new(Effect::ReplyLost).operation("route53:ChangeResourceRecordSets").nth(1));
    bench.unmake(RECORD, &spec, &outputs).await;
}

#[tokio::test]
async fn a_wildcard_and_a_cloudfront_alias_read_back() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let address = "global/record/*.example.com";
    let mut cdn = set(&json!("simple"), "x");
    cdn["value"]["target"] = json!("d111.cloudfront.net");
    cdn["value"]["target_zone_id"] = json!("Z2FDTNDATAQYW2");
    let spec = with(&record(&zone, &[("cdn", cdn)]), json!({ "name": "*.example.com" }));
    let outputs = bench.make(address, &spec).await;
    bench.unmake(address, &spec, &outputs).await;
}

#[tokio::test]
async fn records_of_others_are_left_alone() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let theirs = record(&zone, &[("us-east-1", latency("us-east-1", "theirs"))]);
    let outputs = bench.make(RECORD, &theirs).await;
    let (aws, component) = bench.at(RECORD);

    let ours = record(&zone, &[("us-east-1", latency("us-east-1", "ours"))]);
    let found = component.find(&aws, &ours).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(whose)) if whose.contains("d-theirs")), "{found:?}");
    assert!(matches!(component.create(&aws, &ours).await, Err(CallError::Foreign { .. })));

    // What it leads to is not known before it is made: the region's name alone proves nothing.
    let mut planned = ours.clone();
    planned["sets"]["us-east-1"]["value"]["target"] = json!({ "$ref": "us-east-1/domain", "output": "target" });
    assert!(matches!(component.find(&aws, &planned).await.unwrap(), Some(Found::Foreign(_))));

    let beside = record(&zone, &[("us-west-2", latency("us-west-2", "ours"))]);
    component.create(&aws, &beside).await.unwrap();
    component.delete(&aws, &beside, &outputs).await.unwrap();
    bench.expect(RECORD, &theirs, &outputs).await;
}

#[tokio::test]
async fn a_zone_is_checked_before_it_is_used() {
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

/// Makes it, and notes it in the ledger.
async fn noted(bench: &Bench, ledger: &mut Ledger, address: &str, spec: Json) {
    let outputs = bench.make(address, &spec).await;
    let entry = Entry { spec, outputs, depends_on: BTreeSet::new(), uncertain: false };
    ledger.entries.insert(address.parse().unwrap(), entry);
}

/// Takes it away behind the ledger's back.
async fn lost(bench: &Bench, ledger: &Ledger, address: &str) {
    let entry = &ledger.entries[&address.parse::<Address>().unwrap()];
    bench.unmake(address, &entry.spec, &entry.outputs).await;
}

/// Looks at everything in the ledger: what is gone, and what AWS was asked.
async fn looked_at(bench: &Bench, ledger: &Ledger) -> (Vec<String>, BTreeMap<String, usize>) {
    bench.local.clear_calls();
    let Observed { ledger: seen, unseen } = bench.engine().observe(ledger).await;
    assert!(unseen.is_empty(), "{unseen:?}");
    for (address, entry) in &seen.entries {
        assert_eq!(entry, &ledger.entries[address], "{address}");
    }
    let mut calls = BTreeMap::new();
    for call in bench.local.calls() {
        *calls.entry(call.operation).or_default() += 1;
    }
    let gone = ledger.entries.keys().filter(|address| !seen.entries.contains_key(*address));
    (gone.map(ToString::to_string).collect(), calls)
}

/// Hundreds of records of others, which stand between ours.
async fn crowd(bench: &Bench, zone: &Json) {
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
async fn the_records_of_a_zone_are_listed_together() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let mut ledger = Ledger::default();
    for name in ["a.example.com", "eu.a.example.com", "a-b.example.com", "m.example.com", "us.z.example.com"] {
        let spec = record(&zone, &[("us-east-1", latency("us-east-1", "a")), ("us-west-2", latency("us-west-2", "b"))]);
        noted(&bench, &mut ledger, &format!("global/record/{name}"), with(&spec, json!({ "name": name }))).await;
    }
    let once = |times: usize| BTreeMap::from([("ListResourceRecordSets".to_owned(), times)]);
    assert_eq!(looked_at(&bench, &ledger).await, (Vec::new(), once(1)));
    // Of a large zone only those pages are asked for in which ours stand.
    crowd(&bench, &zone).await;
    assert_eq!(looked_at(&bench, &ledger).await, (Vec::new(), once(2)));
    lost(&bench, &ledger, "global/record/m.example.com").await;
    lost(&bench, &ledger, "global/record/a.example.com").await;
    let gone = vec!["global/record/a.example.com".to_owned(), "global/record/m.example.com".to_owned()];
    assert_eq!(looked_at(&bench, &ledger).await, (gone, once(2)));
}

#[tokio::test]
async fn health_checks_are_listed_together() {
    let bench = Bench::start().await;
    let mut ledger = Ledger::default();
    let addresses: Vec<String> = (0..12).map(|n| format!("us-west-2/health_check/{n:02}")).collect();
    for address in &addresses {
        noted(&bench, &mut ledger, address, check_spec(address)).await;
    }
    let expected = |calls: &[(&str, usize)]| -> BTreeMap<String, usize> {
        calls.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect()
    };
    let calls = expected(&[("ListHealthChecks", 1), ("ListTagsForResources", 2)]);
    assert_eq!(looked_at(&bench, &ledger).await, (Vec::new(), calls));
    // Tags are told of all or of none, and which one is missing is not told. The others are not gone.
    lost(&bench, &ledger, &addresses[3]).await;
    let (gone, calls) = looked_at(&bench, &ledger).await;
    assert_eq!(gone, [addresses[3].clone()]);
    assert_eq!((calls["ListHealthChecks"], calls["GetHealthCheck"], calls["ListTagsForResources"]), (1, 1, 2));
}
