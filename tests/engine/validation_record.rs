//! A validation record that another tool's certificate needs is not deleted. ACM requests the same record for every
//! certificate of one domain name in an account.

use aws_sdk_acm::types::{CertificateStatus, ValidationMethod};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
use multiregion::wire::Value;
use serde_json::{Value as Json, json};

use super::world::{Subject, World};

const ZONE: &str = "shared.example";
/// A region that the API does not use.
const ELSEWHERE: &str = "eu-west-1";

/// The TTL of another tool's records.
const TTL: i64 = 60;
/// The TTL that marks the records of this provider.
const OWN_TTL: i64 = 311;

/// Creates another tool's issued wildcard certificate for the names below `domain`, with a validation record of this TTL.
/// Returns the certificate's ARN and the inventory key of the record.
async fn certificate_of_another_tool(world: &World, zone_id: &str, domain: &str, ttl: i64) -> (String, String) {
    let hand = world.by_hand(ELSEWHERE);
    let request = hand.acm().request_certificate().domain_name(format!("*.{domain}"));
    let answer = request.validation_method(ValidationMethod::Dns).send().await.expect("it is requested");
    let arn = answer.certificate_arn.expect("an ARN");
    let describe = async || {
        let answer = hand.acm().describe_certificate().certificate_arn(&arn).send().await.expect("it is described");
        answer.certificate.expect("a certificate")
    };
    let record = describe().await.domain_validation_options()[0].resource_record.clone().expect("a record");
    let value = ResourceRecord::builder().value(&record.value).build().expect("a value");
    let set = ResourceRecordSet::builder().name(&record.name).r#type(RrType::Cname).ttl(ttl).resource_records(value);
    let set = set.build().expect("a record set");
    let change = Change::builder().action(ChangeAction::Create).resource_record_set(set).build().expect("a change");
    let batch = ChangeBatch::builder().changes(change).build().expect("a batch");
    let change = hand.route53().change_resource_record_sets().hosted_zone_id(zone_id).change_batch(batch);
    change.send().await.expect("the record is created");
    assert_eq!(describe().await.status, Some(CertificateStatus::Issued), "{domain}");
    (arn, format!("global/route53/record/{zone_id}/{}/CNAME", record.name))
}

async fn create_zone(world: &World) -> Subject {
    let mut zone = Subject::new("multiregion_zone");
    let config = zone.config(&json!({ "name": ZONE, "force_destroy": true }));
    world.apply(&mut zone, &config).await;
    zone
}

async fn assert_record_is_kept(domain: &str, settings: &Json) {
    assert_record_of_ttl_is_kept(domain, settings, TTL).await;
}

async fn assert_record_of_ttl_is_kept(domain: &str, settings: &Json, ttl: i64) {
    let world = World::start().await;
    let zone = create_zone(&world).await;
    let (_, key) = certificate_of_another_tool(&world, &zone.text("id"), domain, ttl).await;
    let theirs = world.inventory().await.objects[&key].clone();

    let mut api = Subject::new("multiregion_api");
    let mut wanted = json!({
        "name": "sharing",
        "regions": { "us-east-1": {}, "us-west-2": {} },
        "function": world.function(),
        "routing": { "drain_seconds": 0 },
    });
    for (name, value) in settings.as_object().expect("an object") {
        wanted[name] = value.clone();
    }
    wanted["domain"]["zone_id"] = json!(zone.text("id"));
    let config = api.config(&wanted);
    world.apply(&mut api, &config).await;
    assert_eq!(world.inventory().await.objects.get(&key), Some(&theirs), "{domain}: after the create");
    let without = {
        let mut wanted = wanted.clone();
        wanted["tags"] = json!({ "team": "zoo" });
        api.config(&wanted)
    };
    world.apply(&mut api, &without).await;
    assert_eq!(world.inventory().await.objects.get(&key), Some(&theirs), "{domain}: after an update");
    world.change(&mut api, &Value::Null).await;
    let left = world.inventory().await.objects;
    assert_eq!(left.get(&key), Some(&theirs), "{domain}: after the destroy");
    let records = left.keys().filter(|key| key.starts_with("global/route53/record/")).count();
    assert_eq!(records, 1, "only their record must be left: {:?}", left.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_a_wildcard_below_the_domain_name_is_kept() {
    assert_record_is_kept("api.shared.example", &json!({ "domain": { "name": "api.shared.example" } })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_another_tool_with_our_ttl_is_kept_while_a_certificate_needs_it() {
    let settings = json!({ "domain": { "name": "api.shared.example" } });
    assert_record_of_ttl_is_kept("api.shared.example", &settings, OWN_TTL).await;
}

/// The TTL makes the record ours, so it is deleted with the last certificate that needs it. Another TTL keeps the record.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_another_tool_is_deleted_only_with_our_ttl_and_when_no_certificate_needs_it() {
    for (ttl, is_kept) in [(TTL, true), (OWN_TTL, false)] {
        let world = World::start().await;
        let zone = create_zone(&world).await;
        let domain = "api.shared.example";
        let (arn, key) = certificate_of_another_tool(&world, &zone.text("id"), domain, ttl).await;
        let mut api = Subject::new("multiregion_api");
        let config = api.config(&json!({
            "name": "sharing",
            "regions": { "us-east-1": {}, "us-west-2": {} },
            "function": world.function(),
            "domain": { "name": domain, "zone_id": zone.text("id") },
            "routing": { "drain_seconds": 0 },
        }));
        world.apply(&mut api, &config).await;
        let acm = world.by_hand(ELSEWHERE).acm();
        acm.delete_certificate().certificate_arn(&arn).send().await.expect("the certificate is deleted");
        world.change(&mut api, &Value::Null).await;
        assert_eq!(world.inventory().await.objects.contains_key(&key), is_kept, "TTL {ttl}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_a_wildcard_below_the_apex_is_kept() {
    assert_record_is_kept("shared.example", &json!({ "domain": { "name": "shared.example" } })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_a_wildcard_that_covers_the_aliases_is_kept() {
    let cdn = json!({ "origin": "latency", "aliases": ["www.shared.example", "app.shared.example"] });
    assert_record_is_kept("shared.example", &json!({ "domain": { "name": "api.shared.example" }, "cdn": cdn })).await;
}

/// A certificate is valid for at most 198 days, so that a missing validation record must be noticed before it expires.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_without_its_validation_record_is_reported_and_repaired() {
    let world = World::start().await;
    let zone = create_zone(&world).await;
    let mut api = Subject::new("multiregion_api");
    let names =
        json!({ "name": "api.shared.example", "additional_names": ["www.shared.example"], "zone_id": zone.text("id") });
    let config = api.config(&json!({
        "name": "renewed",
        "regions": { "us-east-1": {} },
        "function": world.function(),
        "domain": names,
        "routing": { "drain_seconds": 0 },
    }));
    world.apply(&mut api, &config).await;
    world.local.renew_certificates();
    world.apply(&mut api, &config).await;

    let address = "global/validation_record/www.shared.example".parse().expect("an address");
    let entry = api.ledger().entries[&address].clone();
    let (aws, component) = world.component("renewed", &address);
    component.delete(&aws, &entry.spec, &entry.outputs).await.expect("the record is deleted");
    let warnings = world.change(&mut api, &config).await;
    let name = entry.spec["name"].as_str().expect("a name");
    let is_named = |detail: &str| detail.contains(name) && detail.contains("expires at ");
    assert!(
        warnings.iter().any(|one| one.summary == "Certificate cannot be renewed" && is_named(&one.detail)),
        "{warnings:#?}"
    );
    world.apply(&mut api, &config).await;
    world.apply(&mut api, &Value::Null).await;
}
