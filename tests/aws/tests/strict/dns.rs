//! The DNS server and the health checkers, over real connections.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use aws_sdk_route53::types::{
    AliasTarget, ChangeAction, CidrCollectionChange, CidrCollectionChangeAction, CidrRoutingConfig, HealthCheckConfig,
    HealthCheckType, ResourceRecord, ResourceRecordSet, RrType,
};
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RData, RecordType};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use strict_aws::{Options, Resolver, region_at};

use crate::fixtures::alias;
use crate::traffic::with_records;
use crate::world::World;

const NEAR: [&str; 2] = ["us-east-1", "us-west-2"];

/// A record set with values.
fn values(name: &str, kind: RrType, values: &[&str]) -> ResourceRecordSet {
    let values = values.iter().map(|value| ResourceRecord::builder().value(*value).build().unwrap()).collect();
    ResourceRecordSet::builder().name(name).r#type(kind).ttl(30).set_resource_records(Some(values)).build().unwrap()
}

/// The answer to a question, with records as `NAME TTL TYPE VALUE`.
async fn ask(resolver: &Resolver, name: &str, kind: RecordType) -> (ResponseCode, Vec<String>) {
    let answer = resolver.query(name, kind).await.unwrap();
    let text = |record: &hickory_proto::rr::Record| {
        format!("{} {} {} {}", record.name, record.ttl, record.record_type(), record.data)
    };
    (answer.metadata.response_code, answer.answers.iter().map(text).collect())
}

/// The status of the API at an address.
async fn status(world: &World, address: IpAddr, host: &str) -> (u16, String) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
    let request = http::Request::get(world.aws.endpoint_at(address)).header("host", host).body(Empty::new()).unwrap();
    let response = client.request(request).await.unwrap();
    let region = response.headers().get("x-test-answered-by").map(|region| region.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    response.into_body().collect().await.unwrap();
    (status, region.unwrap_or_default())
}

#[tokio::test]
async fn clients_get_the_address_of_their_region() {
    let mut world = World::immediate().await;
    let hosts = with_records(&mut world, false).await;
    for region in NEAR {
        let resolver = world.aws.resolver_near(region);
        let address = resolver.address("api.a.com").await.unwrap().unwrap();
        assert_eq!(region_at(address), Some(region));
        assert_eq!(status(&world, address, "api.a.com").await, (200, region.to_owned()));
        let answer = resolver.query("api.a.com", RecordType::A).await.unwrap();
        assert!(answer.metadata.authoritative && answer.metadata.recursion_desired);
        assert_eq!((answer.answers.len(), answer.answers[0].ttl), (1, 60), "an alias has the TTL of its target");
        let Some(EdnsOption::Subnet(subnet)) = answer.edns.as_ref().unwrap().option(EdnsCode::Subnet) else {
            panic!("the answer must repeat the subnet: {answer:?}")
        };
        assert_eq!((subnet.source_prefix(), subnet.scope_prefix()), (24, 24));
    }
    // An address belongs to one region, regardless of the name.
    let own = world.aws.resolver_near("eu-west-1").address(&hosts[1]).await.unwrap().unwrap();
    assert_eq!(region_at(own), Some("us-west-2"));
    assert_eq!(status(&world, own, &hosts[1]).await, (200, "us-west-2".to_owned()));
    assert_eq!(status(&world, own, &hosts[0]).await.0, 403);
    assert_eq!(status(&world, own, "other.a.com").await.0, 403);
}

#[tokio::test]
async fn answers_are_those_of_a_name_server() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let target =
        AliasTarget::builder().hosted_zone_id(&zone).dns_name("v6.a.com").evaluate_target_health(false).build();
    let to_v6 = ResourceRecordSet::builder().name("near.a.com").r#type(RrType::Aaaa).alias_target(target.unwrap());
    let sets = vec![
        values("www.a.com", RrType::Cname, &["v6.a.com."]),
        values("out.a.com", RrType::Cname, &["example.org."]),
        values("one.a.com", RrType::Cname, &["two.a.com."]),
        values("two.a.com", RrType::Cname, &["one.a.com."]),
        values("v6.a.com", RrType::Aaaa, &["2001:db8::1"]),
        values("*.any.a.com", RrType::Txt, &["\"any\""]),
        to_v6.build().unwrap(),
        alias("cdn.a.com", "d123.cloudfront.net").build().unwrap(),
    ];
    world.change(&zone, ChangeAction::Create, sets).await.unwrap();
    let resolver = world.aws.resolver_near("us-east-1");
    let ok = |records: &[&str]| (ResponseCode::NoError, records.iter().map(|text| (*text).to_owned()).collect());
    for (name, kind, expected) in [
        ("WWW.a.com", RecordType::AAAA, ok(&["WWW.a.com. 30 CNAME v6.a.com.", "v6.a.com. 30 AAAA 2001:db8::1"])),
        ("www.a.com", RecordType::CNAME, ok(&["www.a.com. 30 CNAME v6.a.com."])),
        ("www.a.com", RecordType::A, ok(&["www.a.com. 30 CNAME v6.a.com."])),
        ("out.a.com", RecordType::A, ok(&["out.a.com. 30 CNAME example.org."])),
        ("near.a.com", RecordType::AAAA, ok(&["near.a.com. 30 AAAA 2001:db8::1"])),
        ("near.a.com", RecordType::A, ok(&[])),
        ("cdn.a.com", RecordType::A, ok(&["cdn.a.com. 60 A 127.0.0.1"])),
        ("x.any.a.com", RecordType::TXT, ok(&["x.any.a.com. 30 TXT any"])),
        ("any.a.com", RecordType::TXT, ok(&[])),
        ("missing.a.com", RecordType::A, (ResponseCode::NXDomain, vec![])),
        ("example.org", RecordType::A, (ResponseCode::Refused, vec![])),
        ("one.a.com", RecordType::A, (ResponseCode::ServFail, vec![])),
        ("a.com", RecordType::AXFR, (ResponseCode::Refused, vec![])),
    ] {
        let (code, records) = ask(&resolver, name, kind).await;
        let records: Vec<String> = records.into_iter().map(|record| record.replace("\"", "")).collect();
        assert_eq!((code, records), expected, "{name} {kind}");
    }
    assert_eq!(ask(&resolver, "a.com", RecordType::NS).await.1.len(), 4);
    for name in ["missing.a.com", "near.a.com"] {
        let negative = resolver.query(name, RecordType::A).await.unwrap();
        let start = &negative.authorities[0];
        assert_eq!(
            (start.record_type(), start.name.to_ascii(), start.ttl),
            (RecordType::SOA, "a.com.".to_owned(), 900)
        );
    }
    assert_eq!(resolver.address("missing.a.com").await.unwrap(), None);
    assert!(resolver.address("one.a.com").await.is_err());
}

#[tokio::test]
async fn long_answers_arrive_over_tcp() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let texts: Vec<String> = (0..20).map(|n| format!("\"{n} {}\"", "x".repeat(40))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    world.change(&zone, ChangeAction::Create, vec![values("many.a.com", RrType::Txt, &texts)]).await.unwrap();
    let resolver = world.aws.resolver_near("us-east-1");
    let mut query = Message::query();
    query.add_query(Query::query(Name::from_ascii("many.a.com.").unwrap(), RecordType::TXT));
    let short = resolver.over_udp(&query).await.unwrap();
    assert!(short.metadata.truncation && short.answers.is_empty(), "512 bytes are not enough: {short:?}");
    let mut edns = Edns::new();
    edns.set_max_payload(4_096);
    query.set_edns(edns.clone());
    let full = resolver.over_udp(&query).await.unwrap();
    assert_eq!((full.metadata.truncation, full.answers.len()), (false, 20), "1,232 bytes are enough");
    let answer = resolver.query("many.a.com", RecordType::TXT).await.unwrap();
    assert_eq!((answer.metadata.truncation, answer.answers.len()), (false, 20), "the resolver repeats it over TCP");
    edns.set_version(1);
    query.set_edns(edns);
    // BADSIG has the same number.
    let code = resolver.over_tcp(&query).await.unwrap().metadata.response_code;
    assert_eq!(u16::from(code), u16::from(ResponseCode::BADVERS));
}

#[tokio::test]
async fn weights_and_subnets_select_records() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let weighted = |value: &str, weight: i64| {
        let mut set = values("weighted.a.com", RrType::A, &[value]);
        (set.set_identifier, set.weight) = (Some(value.to_owned()), Some(weight));
        set
    };
    let client = world.route53();
    let id = client.create_cidr_collection().name("nets").caller_reference("one").send().await.unwrap();
    let id = id.collection.unwrap().id.unwrap();
    let block = CidrCollectionChange::builder().location_name("west").action(CidrCollectionChangeAction::Put);
    let block = block.cidr_list("203.0.113.0/24").build().unwrap();
    client.change_cidr_collection().id(&id).changes(block).send().await.unwrap();
    let by_ip = |location: &str, value: &str| {
        let routing = CidrRoutingConfig::builder().collection_id(&id).location_name(location).build().unwrap();
        let mut set = values("by-ip.a.com", RrType::A, &[value]);
        (set.set_identifier, set.cidr_routing_config) = (Some(location.to_owned()), Some(routing));
        set
    };
    let sets =
        vec![weighted("192.0.2.1", 3), weighted("192.0.2.2", 1), by_ip("*", "192.0.2.3"), by_ip("west", "192.0.2.4")];
    world.change(&zone, ChangeAction::Create, sets).await.unwrap();
    let near = || world.aws.resolver_near("us-east-1");
    let mut first = 0;
    for _ in 0..40 {
        let answer = near().query("weighted.a.com", RecordType::A).await.unwrap();
        first += usize::from(answer.answers[0].data == RData::A("192.0.2.1".parse().unwrap()));
    }
    assert!((28..=32).contains(&first), "{first} of 40 answers");
    let address = async |resolver: Resolver| resolver.address("by-ip.a.com").await.unwrap().unwrap().to_string();
    assert_eq!(address(near()).await, "192.0.2.3");
    assert_eq!(address(near().in_subnet("203.0.113.0/24")).await, "192.0.2.4");
}

/// The time until the resolver of a client returns the address of a region.
async fn time_until(world: &World, region: &str) -> Duration {
    let began = Instant::now();
    loop {
        let address = world.aws.resolver_near("us-west-2").address("api.a.com").await.unwrap().unwrap();
        if region_at(address) == Some(region) {
            return began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{region} is not answered: {address}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Checkers that are 60 times faster than AWS's request every half second and need three results: at least one second.
#[tokio::test]
async fn health_checkers_turn_a_record() {
    let mut world = World::start(Options { health_checkers: Some(60), ..Options::immediate() }).await;
    with_records(&mut world, false).await;
    time_until(&world, "us-west-2").await;
    world.aws.set_down(&["us-west-2"]);
    let address = world.aws.resolver_near("us-west-2").address("api.a.com").await.unwrap().unwrap();
    assert_eq!(region_at(address), Some("us-west-2"), "the checkers have not failed yet");
    assert_eq!(status(&world, address, "api.a.com").await, (503, "us-west-2".to_owned()));
    assert!(time_until(&world, "us-east-1").await >= Duration::from_millis(900));
    world.aws.set_down(&[]);
    assert!(time_until(&world, "us-west-2").await >= Duration::from_millis(900));
}

#[tokio::test]
async fn each_kind_of_health_check_is_sent() {
    let mut world = World::start(Options { health_checkers: Some(100), ..Options::immediate() }).await;
    let host = with_records(&mut world, false).await.remove(0);
    let client = world.route53();
    let endpoint = |kind: HealthCheckType| {
        HealthCheckConfig::builder().r#type(kind).fully_qualified_domain_name(&host).port(443).failure_threshold(1)
    };
    let matching = |text: &str| endpoint(HealthCheckType::HttpsStrMatch).resource_path("/").search_string(text);
    let broken = world.aws.resolver_near("us-east-1").address(&host).await.unwrap();
    assert!(broken.is_some());
    let mut checks = Vec::new();
    for (reference, config, expected) in [
        ("https", endpoint(HealthCheckType::Https).resource_path("/a"), true),
        ("http", endpoint(HealthCheckType::Http), false),
        ("tcp", endpoint(HealthCheckType::Tcp), true),
        ("found", matching("us-east-1"), true),
        ("absent", matching("eu-west-1"), false),
        ("inverted", matching("eu-west-1").inverted(true), true),
    ] {
        let create = client.create_health_check().caller_reference(reference);
        let check = create.health_check_config(config.build().unwrap()).send().await.unwrap().health_check.unwrap();
        checks.push((reference, check.id, expected));
    }
    let began = Instant::now();
    for (reference, id, expected) in checks {
        loop {
            let status = client.get_health_check_status().health_check_id(&id).send().await.unwrap();
            let status = status.health_check_observations[0].clone().status_report.unwrap().status.unwrap();
            // All are healthy at first, so a healthy one must stay so for a while.
            if status.starts_with("Success") == expected && (!expected || began.elapsed() > Duration::from_secs(1)) {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{reference}: {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
