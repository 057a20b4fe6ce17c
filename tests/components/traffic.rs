//! The routing model of the provider, compared over random records with the DNS server of the strict AWS.
//!
//! The two share no code: the server is an independent judge of the model.

use std::collections::BTreeSet;

use aws_sdk_route53::types::{
    AlarmIdentifier, AliasTarget, Change, ChangeAction, ChangeBatch, CidrCollectionChange, CidrCollectionChangeAction,
    CidrRoutingConfig, CloudWatchRegion, GeoLocation, GeoProximityLocation, HealthCheckConfig, HealthCheckType,
    InsufficientDataHealthStatus, ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover,
    ResourceRecordSetRegion, RrType, builders::ResourceRecordSetBuilder,
};
use multiregion::aws::Regional;
use multiregion::components::traffic::world;
use multiregion::traffic::{Assumptions, Client, Model};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strict_aws::{region_at, subnet_near};
use tokio::runtime::Runtime;

use super::Bench;

/// The number of random zones.
const ZONES: u32 = 96;
/// How often each client asks: weighted records give different answers.
const QUERIES: usize = 4;
/// The regions of the APIs.
const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-2"];
/// The regions of the alarms behind the health checks.
const ALARMS: [&str; 4] = ["ap-northeast-1", "ap-south-1", "sa-east-1", "ca-central-1"];
const CLIENTS: [&str; 5] = ["us-east-1", "us-west-1", "eu-west-1", "ap-southeast-1", "af-south-1"];
/// The locations of geolocation records: continents, countries, a state, and the default.
const PLACES: [&str; 8] = ["*", "EU", "NA", "AF", "US", "IE", "US-CA", "SG"];
/// The locations of IP-based records, with a block each. The subnets of clients are in 198.18.0.0/16.
const LOCATIONS: [(&str, &str); 4] =
    [("*", ""), ("all", "198.18.0.0/16"), ("low", "198.18.0.0/20"), ("none", "10.0.0.0/8")];
/// The hosted zone of the regional domain names of API Gateway.
const TARGETS: &str = "Z1UJRXOUMOOFQ8";
/// The ids of the health checks: an alarm in each region, an inverted one, and one over the others.
const CHECKS: usize = 6;

/// The record sets of one name, all of the same policy.
#[derive(Debug, Clone)]
struct Group {
    policy: usize,
    members: Vec<Member>,
}

/// One record set.
#[derive(Debug, Clone)]
struct Member {
    region: usize,
    /// The weight, bias or location.
    value: usize,
    /// The index of a health check; none if it is out of range.
    check: usize,
    evaluates: bool,
    /// Whether it leads to the second name instead of a region.
    is_nested: bool,
}

const POLICIES: usize = 7;

fn group() -> impl Strategy<Value = Group> {
    let member = (0..REGIONS.len(), 0..8_usize, 0..CHECKS + 2, any::<bool>(), any::<bool>());
    let member = member.prop_map(|(region, value, check, evaluates, is_nested)| Member {
        region,
        value,
        check,
        evaluates,
        is_nested,
    });
    (0..POLICIES, prop::collection::vec(member, 1..5)).prop_map(|(policy, members)| Group { policy, members })
}

/// What exists once for all zones.
struct Judge {
    bench: Bench,
    aws: Regional,
    checks: Vec<String>,
    collection: String,
}

impl Judge {
    async fn start() -> Self {
        let bench = Bench::start().await;
        let (aws, _) = bench.at("us-east-1/health_check");
        let mut checks = Vec::new();
        for (number, region) in ALARMS.iter().chain(&ALARMS[..1]).enumerate() {
            let alarm = AlarmIdentifier::builder().name("errors").region(CloudWatchRegion::from(*region)).build();
            let config = HealthCheckConfig::builder().r#type(HealthCheckType::CloudwatchMetric).inverted(number == 4);
            let config = config.alarm_identifier(alarm.unwrap());
            let config = config.insufficient_data_health_status(InsufficientDataHealthStatus::Unhealthy);
            checks.push(create_check(&aws, number, config.build().unwrap()).await);
        }
        let parent = HealthCheckConfig::builder().r#type(HealthCheckType::Calculated).health_threshold(2);
        let parent =
            parent.set_child_health_checks(Some(vec![checks[0].clone(), checks[1].clone(), checks[4].clone()]));
        checks.push(create_check(&aws, CHECKS, parent.build().unwrap()).await);
        let created = aws.route53().create_cidr_collection().name("nets").caller_reference("nets").send().await;
        let collection = created.unwrap().collection.unwrap().id.unwrap();
        for (location, cidr) in &LOCATIONS[1..] {
            let put = CidrCollectionChange::builder().action(CidrCollectionChangeAction::Put);
            let put = put.location_name(*location).cidr_list(*cidr).build().unwrap();
            aws.route53().change_cidr_collection().id(&collection).changes(put).send().await.unwrap();
        }
        Self { bench, aws, checks, collection }
    }

    /// Creates a zone with the record sets of `api` and of the name to which they may lead.
    async fn create(&self, zone: &str, outer: &Group, inner: &Group) {
        let created = self.aws.route53().create_hosted_zone().name(zone).caller_reference(zone).send().await.unwrap();
        let id = created.hosted_zone.unwrap().id.trim_start_matches("/hostedzone/").to_owned();
        // The target of an alias must exist first.
        for (name, group, nested) in [("inner", inner, None), ("api", outer, Some(id.as_str()))] {
            let sets = self.sets(&format!("{name}.{zone}"), group, nested.map(|id| (id, format!("inner.{zone}"))));
            let change = |set| Change::builder().action(ChangeAction::Create).resource_record_set(set).build().unwrap();
            let batch = ChangeBatch::builder().set_changes(Some(sets.into_iter().map(change).collect())).build();
            let request = self.aws.route53().change_resource_record_sets().hosted_zone_id(&id);
            request.change_batch(batch.unwrap()).send().await.unwrap();
        }
    }

    /// The record sets of a group, without those that Route 53 would reject beside another one.
    fn sets(&self, name: &str, group: &Group, nested: Option<(&str, String)>) -> Vec<ResourceRecordSet> {
        let mut seen = BTreeSet::new();
        let mut sets = Vec::new();
        for (number, member) in group.members.iter().enumerate() {
            let (host, zone) = match &nested {
                Some((zone, name)) if member.is_nested => (name.clone(), *zone),
                _ => (format!("d-1.execute-api.{}.amazonaws.com", REGIONS[member.region]), TARGETS),
            };
            let target =
                AliasTarget::builder().dns_name(host).hosted_zone_id(zone).evaluate_target_health(member.evaluates);
            let set = ResourceRecordSet::builder().name(name).r#type(RrType::A).alias_target(target.build().unwrap());
            let (set, key) = self.routed(set, group.policy, number, member);
            let set = set.set_health_check_id(self.checks.get(member.check).filter(|_| group.policy > 0).cloned());
            if seen.insert(key) {
                sets.push(set.build().unwrap());
            }
        }
        sets
    }

    /// The record set with its policy, and what no other one of the name may have.
    fn routed(
        &self,
        set: ResourceRecordSetBuilder,
        policy: usize,
        number: usize,
        member: &Member,
    ) -> (ResourceRecordSetBuilder, String) {
        let named = set.clone().set_identifier(format!("set-{number}"));
        let region = REGIONS[member.region];
        match policy {
            0 => (set, String::new()),
            1 => {
                let primary = number == 0;
                let role =
                    if primary { ResourceRecordSetFailover::Primary } else { ResourceRecordSetFailover::Secondary };
                (named.failover(role), primary.to_string())
            }
            2 => (named.weight(member.value as i64 / 3), number.to_string()),
            3 => (named.region(ResourceRecordSetRegion::from(region)), region.to_owned()),
            4 => {
                let place = PLACES[member.value % PLACES.len()];
                let location = GeoLocation::builder();
                let location = match place.split_once('-') {
                    Some((country, state)) => location.country_code(country).subdivision_code(state),
                    None if ["EU", "NA", "AF"].contains(&place) => location.continent_code(place),
                    None => location.country_code(place),
                };
                (named.geo_location(location.build()), place.to_owned())
            }
            5 => {
                let bias = [-50, 0, 30, 60][member.value % 4];
                let near = GeoProximityLocation::builder().aws_region(region).bias(bias).build();
                (named.geo_proximity_location(near), region.to_owned())
            }
            _ => {
                let location = LOCATIONS[member.value % LOCATIONS.len()].0;
                let routing = CidrRoutingConfig::builder().collection_id(&self.collection).location_name(location);
                (named.cidr_routing_config(routing.build().unwrap()), location.to_owned())
            }
        }
    }

    /// The region to which DNS leads a client.
    async fn answer(&self, name: &str, client: &str) -> Option<String> {
        let address = self.bench.local.resolver_near(client).address(name).await.unwrap();
        address.map(|address| region_at(address).unwrap().to_owned())
    }

    /// Compares the answers to every client, while the alarms of `down` have no data.
    async fn compare(&self, name: &str, down: &BTreeSet<String>) -> Result<(), TestCaseError> {
        for region in ALARMS {
            let state = if down.contains(region) { "INSUFFICIENT_DATA" } else { "OK" };
            self.bench.local.set_alarm(region, "errors", state);
        }
        let world = world(&self.aws, name).await.unwrap();
        let assume = Assumptions { down: down.clone(), ..Assumptions::default() };
        let model = Model::new(&world, &assume);
        for region in CLIENTS {
            let subnet = subnet_near(region).unwrap();
            let address = subnet.split('/').next().unwrap().parse().ok();
            let answers = model.answers(&Client { address, ..Client::near(region) }, name, "/");
            let expected: BTreeSet<_> = answers.iter().map(|answer| answer.region.clone()).collect();
            for _ in 0..QUERIES {
                let found = self.answer(name, region).await;
                prop_assert!(
                    expected.contains(&found),
                    "DNS answers a client in {region} with {found:?}, the model with {answers:#?}"
                );
            }
        }
        Ok(())
    }
}

async fn create_check(aws: &Regional, number: usize, config: HealthCheckConfig) -> String {
    let request = aws.route53().create_health_check().caller_reference(format!("check {number}"));
    request.health_check_config(config).send().await.unwrap().health_check.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_zones_with_a_name_the_one_with_the_records_counts() {
    let bench = Bench::start().await;
    let (aws, _) = bench.at("us-east-1/health_check");
    let mut ids = Vec::new();
    for reference in ["one", "two", "three"] {
        let created = aws.route53().create_hosted_zone().name("a.example").caller_reference(reference).send().await;
        ids.push(created.unwrap().hosted_zone.unwrap().id);
    }
    let value = ResourceRecord::builder().value("192.0.2.1").build().unwrap();
    let set = ResourceRecordSet::builder().name("api.a.example").r#type(RrType::A).ttl(60).resource_records(value);
    let change = Change::builder().action(ChangeAction::Create).resource_record_set(set.build().unwrap()).build();
    let batch = ChangeBatch::builder().changes(change.unwrap()).build().unwrap();
    aws.route53().change_resource_record_sets().hosted_zone_id(&ids[1]).change_batch(batch).send().await.unwrap();
    let world = world(&aws, "API.a.example.").await.unwrap();
    let assume = Assumptions::default();
    let model = Model::new(&world, &assume);
    assert!(world.zones.len() == 1 && model.has("api.a.example"), "{world:#?}");
    assert!(model.answers(&Client::near("us-east-1"), "api.a.example", "/")[0].answered);
}

#[test]
fn the_model_and_the_dns_server_agree_over_random_records() {
    let runtime = Runtime::new().unwrap();
    let judge = runtime.block_on(Judge::start());
    let mut runner = TestRunner::new(Config { cases: ZONES, ..Config::default() });
    let down = prop::sample::subsequence(ALARMS.to_vec(), 0..=ALARMS.len());
    let number = std::cell::Cell::new(0);
    let compared = runner.run(&(group(), group(), down), |(outer, inner, down)| {
        number.set(number.get() + 1);
        let zone = format!("zone-{}.example", number.get());
        runtime.block_on(async {
            judge.create(&zone, &outer, &inner).await;
            let down = down.into_iter().map(str::to_owned).collect();
            judge.compare(&format!("api.{zone}"), &down).await?;
            judge.compare(&format!("api.{zone}"), &BTreeSet::new()).await
        })
    });
    compared.unwrap_or_else(|error| panic!("{error}"));
}
