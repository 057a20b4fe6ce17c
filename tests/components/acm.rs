//! Certificates and their validation records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use multiregion::aws::{CallError, CancellationToken, Clock, Regional, Run, Sleeping, SystemClock, chain};
use multiregion::components::Found;
use serde_json::{Value as Json, json};
use strict_aws::EventualConsistency;

use super::{Bench, REGION, at, context, tags, with};

/// Creates the hosted zone `example.com` and returns its id.
pub(super) async fn zone(bench: &Bench) -> Json {
    let spec = json!({
        "name": "example.com", "comment": "", "force_destroy": true, "tags": tags("global/hosted_zone", "zoo"),
    });
    bench.create("global/hosted_zone", &spec).await["id"].clone()
}

/// The spec of the record that validates `certificate` for `domain`.
pub(super) fn validation_record(zone: &Json, certificate: &Json, domain: &str) -> Json {
    json!({
        "zone_id": zone, "name": certificate["validation_name"], "value": certificate["validation_value"],
        "domain": domain,
    })
}

/// Creates a certificate for `names` and waits until it is issued.
pub(super) async fn certificate(bench: &Bench, zone: &Json, names: &[&str]) -> Json {
    let spec = json!({ "names": names, "tags": tags(&at("certificate"), "zoo") });
    let certificate = bench.create(&at("certificate"), &spec).await;
    let record = validation_record(zone, &certificate, names[0]);
    bench.create(&format!("global/validation_record/{}", names[0]), &record).await;
    let issued = json!({ "arn": certificate["arn"], "names": names });
    bench.create(&at("issued_certificate"), &issued).await;
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
    bench.create_again(&address, &spec, &certificate).await;
    let tagged = with(&spec, json!({ "tags": tags(&address, "farm") }));
    bench.update(&address, &certificate, &spec, &tagged).await;

    // Only our certificate needs the record, so it is deleted, and then the certificate.
    let record = validation_record(&zone, &certificate, "api.example.com");
    let outputs = json!({ "zone_id": zone, "name": record["name"], "value": record["value"] });
    let at_record = "global/validation_record/api.example.com";
    bench.create_again(at_record, &record, &outputs).await;
    bench.delete(at_record, &record, &outputs).await;
    bench.delete(&address, &tagged, &certificate).await;
}

#[tokio::test]
async fn a_certificate_waits_for_the_records_of_all_its_names() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let names = ["api.example.com", "*.api.example.com", "www.example.com", "*.shop.example.com"];
    let spec = json!({ "names": names, "tags": tags(&at("certificate"), "zoo") });
    let certificate = bench.create(&at("certificate"), &spec).await;
    let (aws, component) = bench.at(&at("issued_certificate"));
    let issued = json!({ "arn": certificate["arn"], "names": names });
    let (others, values) = (&certificate["other_validation_names"], &certificate["other_validation_values"]);
    assert_eq!(others.as_object().unwrap().keys().collect::<Vec<_>>(), ["shop.example.com", "www.example.com"]);
    bench.create("global/validation_record/api.example.com", &validation_record(&zone, &certificate, names[0])).await;
    for domain in ["shop.example.com", "www.example.com"] {
        let outputs = json!({ "arn": certificate["arn"] });
        let (spec, _) = component.read(&aws, &issued, &outputs).await.unwrap().expect("it is pending");
        assert_eq!(spec, issued);
        let record = json!({ "zone_id": zone, "name": others[domain], "value": values[domain], "domain": domain });
        bench.create(&format!("global/validation_record/{domain}"), &record).await;
    }
    bench.create(&at("issued_certificate"), &issued).await;
}

/// AWS may list and describe a certificate for a while after it was deleted, and not in every response.
#[tokio::test]
async fn the_search_survives_stale_reads_of_a_deleted_certificate() {
    let bench = Bench::start().await;
    let spec = json!({ "names": ["api.example.com"], "tags": tags(&at("certificate"), "zoo") });
    let certificate = bench.create(&at("certificate"), &spec).await;
    bench.local.set_consistency(Some(EventualConsistency { seed: 1, window: Duration::from_secs(3600) }));
    let (aws, component) = bench.at(&at("certificate"));
    component.delete(&aws, &spec, &certificate).await.unwrap();
    for attempt in 0..40 {
        let found = component.find(&aws, &spec).await;
        assert!(found.is_ok(), "attempt {attempt}: {}", chain(&found.err().unwrap()));
    }
}

#[tokio::test]
async fn a_certificate_keeps_its_key_algorithm_and_its_validation() {
    let bench = Bench::start().await;
    let at = at("certificate");
    let tags = tags(&at, "zoo");
    let plain = json!({ "names": ["api.example.com"], "tags": tags });
    let first = bench.create(&at, &plain).await;
    for (field, value) in [("key_algorithm", json!("EC_secp384r1")), ("by_email", json!(true))] {
        let spec = with(&plain, json!({ field: value }));
        let other = bench.create(&at, &spec).await;
        assert_ne!(first["arn"], other["arn"], "{field}");
        bench.create_again(&at, &spec, &other).await;
        bench.delete(&at, &spec, &other).await;
    }
    bench.create_again(&at, &plain, &first).await;
}

#[tokio::test]
async fn a_certificate_is_issued_when_the_link_in_the_e_mail_was_followed() {
    let bench = Bench::start().await;
    let address = at("certificate");
    let names = ["api.example.com", "*.shop.example.com"];
    let spec = json!({ "names": names, "by_email": true, "tags": tags(&address, "zoo") });
    let certificate = bench.create(&address, &spec).await;
    bench.local.approve_certificates("example.com");
    let issued = json!({ "arn": certificate["arn"], "names": names });
    bench.create(&at("issued_certificate"), &issued).await;
}

#[tokio::test]
async fn cloudfront_has_no_certificate_with_the_curve_p_384() {
    let bench = Bench::start().await;
    let address = "us-east-1/certificate/cdn";
    let spec = json!({ "names": ["api.example.com"], "key_algorithm": "EC_secp384r1", "tags": tags(address, "zoo") });
    let certificate = bench.create(address, &spec).await;
    let issued = json!({ "arn": certificate["arn"], "names": ["api.example.com"] });
    for (address, expected) in [
        ("us-east-1/issued_certificate/cdn", &["Key algorithm not supported by CloudFront"][..]),
        ("us-east-1/issued_certificate", &[]),
    ] {
        let (aws, component) = bench.at(address);
        let problems = component.check(&aws, &issued).await.unwrap();
        assert_eq!(problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(), expected, "{address}");
    }
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
    let record = validation_record(&zone, &certificate, "api.example.com");
    let outputs = json!({ "zone_id": zone, "name": record["name"], "value": record["value"] });
    let (aws, component) = bench.at(address);
    component.delete(&aws, &record, &outputs).await.unwrap();
    bench.expect(address, &record, &outputs).await;

    let other = with(&record, json!({ "value": "elsewhere.example.com" }));
    let found = component.find(&aws, &other).await.unwrap();
    assert!(matches!(&found, Some(Found::Foreign(_))), "{found:?}");
}

/// A clock in which time passes a hundred times faster.
struct FastClock(Instant);

impl Clock for FastClock {
    fn now(&self) -> Instant {
        self.0 + self.0.elapsed() * 100
    }

    fn unix_seconds(&self) -> u64 {
        SystemClock.unix_seconds()
    }

    fn sleep(&self, time: Duration) -> Sleeping {
        Box::pin(tokio::time::sleep(time / 100))
    }

    fn random_u64(&self) -> u64 {
        SystemClock.random_u64()
    }
}

#[tokio::test]
async fn a_late_certificate_names_its_record_and_the_name_servers_of_the_zone() {
    let bench = Bench::start().await;
    let zone = zone(&bench).await;
    let spec = json!({ "names": ["api.example.com"], "tags": tags(&at("certificate"), "zoo") });
    let certificate = bench.create(&at("certificate"), &spec).await;
    let clock = FastClock(Instant::now());
    let run = Run::new(clock.now() + Duration::from_secs(300), CancellationToken::new(), Arc::new(clock));
    let address = at("issued_certificate");
    let aws = Regional::new(bench.aws.clone(), Arc::new(run), Arc::new(context()), address.parse().unwrap());
    let (_, component) = bench.at(&address);
    let issued = json!({ "arn": certificate["arn"], "names": ["api.example.com"] });
    let error = component.create(&aws, &issued).await.unwrap_err();
    let CallError::TimedOut { last, .. } = &error else { panic!("{error}") };
    let (reader, _) = bench.at(&at("certificate"));
    let answer = reader.route53().get_hosted_zone().id(zone.as_str().unwrap()).send().await.unwrap();
    let servers = answer.delegation_set.unwrap().name_servers;
    let record = certificate["validation_name"].as_str().unwrap();
    for part in [record, zone.as_str().unwrap()].into_iter().chain(servers.iter().map(String::as_str)) {
        assert!(last.contains(part), "{part} is missing: {last}");
    }
}

#[tokio::test]
async fn check_refuses_a_certificate_that_does_not_fit() {
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
    assert_eq!(problems(&arn.replace(REGION, "us-west-2"), "x").await, ["Certificate in another region"]);
    let nowhere = format!("arn:aws:acm:{REGION}:123456789012:certificate/none");
    assert_eq!(problems(&nowhere, "x").await, ["Certificate does not exist"]);
}
