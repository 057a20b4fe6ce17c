//! Who responds to clients by the desired graph of every topology, according to the routing model.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::super::testing::{config, expand};
use super::TOPOLOGIES;
use crate::components::cloudfront::distribution::{self, Distribution};
use crate::components::route53::alarm_health_check::{self, AlarmHealthCheck};
use crate::components::route53::calculated_health_check::{self, CalculatedHealthCheck};
use crate::components::route53::health_check::{self, HealthCheck};
use crate::components::route53::record::{self, Record as RecordKind, Routing as Policy};
use crate::desired::{Address, Desired, Input, Kind, Node};
use crate::traffic::{
    Assumptions, Behavior, Check, CheckKind, Client, Distribution as Cdn, Model, OriginGroup, Place, Record,
    Restriction, Routing, Spot, Target, World, Zone,
};

const CLIENTS: [&str; 5] = ["us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1", "sa-east-1"];
/// The domain name of every distribution.
const CDN: &str = "d1.cloudfront.net";

fn nodes<C>(desired: &Desired) -> impl Iterator<Item = (&Address, C::Spec)>
where
    C: Kind<Spec: DeserializeOwned>,
{
    let own = desired.nodes().iter().filter(|(address, _)| address.kind == C::META.name);
    own.map(|(address, node): (_, &Node)| (address, serde_json::from_value(node.spec.clone()).unwrap()))
}

/// The value of an input that is a name. That of an output has the form that AWS assigns.
fn name(desired: &Desired, input: &Input<String>) -> String {
    match input {
        Input::Known(name) => name.trim_end_matches('.').to_lowercase(),
        Input::Unknown => "unknown.test".to_owned(),
        Input::Output(output) if output.address.kind == RecordKind::META.name => {
            let spec = &desired.nodes()[&output.address].spec;
            name(desired, &serde_json::from_value::<record::Spec>(spec.clone()).unwrap().name)
        }
        Input::Output(output) => match output.address.scope.region() {
            Some(region) => format!("{}.execute-api.{region}.amazonaws.com", output.address.kind.replace('_', "-")),
            None => CDN.to_owned(),
        },
    }
}

/// The id of a health check: that of one of the graph is its address.
fn id(input: &Input<String>) -> String {
    match input {
        Input::Known(id) => id.clone(),
        Input::Output(output) => output.address.to_string(),
        Input::Unknown => "unknown".to_owned(),
    }
}

fn routing(policy: &Policy) -> Routing {
    match policy {
        Policy::Simple => Routing::Simple,
        Policy::Latency { region } => Routing::Latency(region.clone()),
        Policy::Failover { primary } => Routing::Failover { primary: *primary },
        Policy::Weighted { weight } => Routing::Weighted(u32::try_from(*weight.get()).unwrap()),
        Policy::Geolocation { location } => Routing::Geolocation(match location.as_str() {
            continent @ ("AF" | "AN" | "AS" | "EU" | "NA" | "OC" | "SA") => {
                Place { continent: continent.to_owned(), ..Place::default() }
            }
            country => Place { continent: String::new(), ..Place::of_client(country.trim_start_matches("country:")) },
        }),
        Policy::Geoproximity { region, bias } => {
            Routing::Geoproximity(Spot::Region(region.clone()), i32::try_from(*bias.get()).unwrap())
        }
        Policy::IpBased { location, .. } => Routing::IpBased {
            collection: "c".to_owned(),
            location: location.known().cloned().unwrap_or_else(|| "blocks".to_owned()),
        },
    }
}

/// The public records of the graph.
fn zones(desired: &Desired) -> Vec<Zone> {
    let mut zones: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for (_, spec) in nodes::<RecordKind>(desired).filter(|(_, spec)| !spec.private) {
        let own = name(desired, &spec.name);
        let labels: Vec<&str> = own.rsplit('.').take(2).collect();
        for (key, gated) in &spec.sets {
            let (set, host) = (&gated.value, name(desired, &gated.value.target));
            let target = match spec.types[0].as_str() {
                "CNAME" => Target::Cname(host),
                _ => Target::Alias { host, evaluate_health: set.evaluate_target_health },
            };
            zones.entry(format!("{}.{}", labels[1], labels[0])).or_default().push(Record {
                name: own.clone(),
                kind: spec.types[0].clone(),
                set: Some(key.clone()).filter(|_| set.routing != Policy::Simple),
                routing: routing(&set.routing),
                health_check: set.health_check_id.as_ref().map(id),
                target,
            });
        }
    }
    zones.into_iter().map(|(name, records)| Zone { name, records }).collect()
}

fn checks(desired: &Desired) -> BTreeMap<String, Check> {
    let check = |kind| Check { kind, inverted: false, disabled: false };
    let of_apis = nodes::<HealthCheck>(desired).map(|(address, spec): (_, health_check::Spec)| {
        let kind = CheckKind::Endpoint(Some(name(desired, &spec.host)));
        (address, Check { kind, inverted: *spec.inverted.get(), disabled: *spec.disabled.get() })
    });
    let of_alarms = nodes::<AlarmHealthCheck>(desired).map(|(address, spec): (_, alarm_health_check::Spec)| {
        let fails_without_data = spec.insufficient_data.known().is_some_and(|status| status == "Unhealthy");
        (address, check(CheckKind::Alarm { region: name(desired, &spec.alarm_region), fails_without_data }))
    });
    let of_checks =
        nodes::<CalculatedHealthCheck>(desired).map(|(address, spec): (_, calculated_health_check::Spec)| {
            let threshold = usize::try_from(*spec.threshold.get()).unwrap();
            (address, check(CheckKind::Calculated { children: spec.children.values().map(id).collect(), threshold }))
        });
    of_apis.chain(of_alarms).chain(of_checks).map(|(address, check)| (address.to_string(), check)).collect()
}

fn distributions(desired: &Desired) -> Vec<Cdn> {
    let convert = |(address, spec): (&Address, distribution::Spec)| {
        let behavior = |pattern: &str, behavior: &distribution::Behavior| Behavior {
            pattern: pattern.to_owned(),
            target: behavior.target.clone(),
            function: behavior.origin_request_function.as_ref().or(behavior.viewer_function_arn.as_ref()).map(id),
        };
        let ordered = spec.behaviors.iter().map(|(pattern, of)| behavior(pattern, of));
        Cdn {
            id: address.to_string(),
            domain_name: CDN.to_owned(),
            aliases: spec.aliases.iter().map(|alias| name(desired, alias)).collect(),
            enabled: true,
            origins: spec.origins.iter().map(|(id, origin)| (id.clone(), name(desired, &origin.host))).collect(),
            groups: spec.groups.iter().map(group).collect(),
            behaviors: ordered.chain([behavior("*", &spec.default_behavior)]).collect(),
            restriction: Restriction::None,
        }
    };
    nodes::<Distribution>(desired).map(convert).collect()
}

fn group(group: &distribution::OriginGroup) -> OriginGroup {
    OriginGroup {
        id: group.id.clone(),
        members: vec![group.primary.clone(), group.secondary.clone()],
        status_codes: group.status_codes.iter().map(|code| u16::try_from(*code).unwrap()).collect(),
    }
}

/// The name that clients use: that of the distribution, or of the records that do not lead to one region.
fn host(world: &World) -> Option<String> {
    let names =
        world.zones.iter().flat_map(|zone| &zone.records).filter(|record| {
            record.set.is_some() || matches!(&record.target, Target::Alias { host, .. } if host == CDN)
        });
    let shortest = names.map(|record| record.name.clone()).min_by_key(|name| (name.len(), name.clone()));
    shortest.or_else(|| world.distributions.first().map(|distribution| distribution.domain_name.clone()))
}

/// For every topology and every region that may be down, the clients that get no response: those of a region without a
/// health check, and those for which there is no other region.
#[test]
fn an_outage_of_one_region_leaves_few_clients_unserved() {
    let mut lines = Vec::new();
    for (topology, hcl) in TOPOLOGIES {
        let desired = expand(&config(hcl)).unwrap().desired;
        let world = World {
            zones: zones(&desired),
            blocks: vec![],
            checks: checks(&desired),
            distributions: distributions(&desired),
        };
        let by_function = world.distributions.iter().flat_map(|cdn| &cdn.behaviors).any(|it| it.function.is_some());
        let Some(host) = host(&world).filter(|_| !by_function) else { continue };
        let answers = |down: &[&str]| {
            let assume = Assumptions {
                down: down.iter().map(|region| (*region).to_owned()).collect(),
                ..Assumptions::default()
            };
            let model = Model::new(&world, &assume);
            CLIENTS.map(|region| (region, model.answers(&Client::near(region), &host, "/")))
        };
        let calm = answers(&[]);
        assert!(calm.iter().flat_map(|(_, all)| all).all(|answer| answer.answered), "{topology}: {calm:#?}");
        let regions: BTreeSet<String> =
            calm.iter().flat_map(|(_, all)| all).filter_map(|answer| answer.region.clone()).collect();
        for region in regions {
            let unserved = answers(&[&region]).into_iter().filter(|(_, all)| all.iter().any(|answer| !answer.answered));
            let unserved: Vec<&str> = unserved.map(|(client, _)| client).collect();
            lines.push(format!("{topology}, {host} without {region}: {}", unserved.join(" ")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    active-active, api.ipgiraffe.com without us-east-1: 
    active-active, api.ipgiraffe.com without us-west-2: 
    failover, api.example.com without us-west-2: 
    weighted, api.example.com without us-west-2: 
    many functions, api.example.com without us-east-1: 
    many functions, api.example.com without us-west-2: 
    no function, api.example.com without us-east-1: 
    no function, api.example.com without us-west-2: 
    REST API, api.example.com without us-east-1: 
    REST API, api.example.com without us-west-2: 
    REST API with a document, d1.cloudfront.net without us-east-1: 
    existing role and certificates, api.example.com without us-west-2: us-east-1 us-west-2 eu-central-1 ap-northeast-1 sa-east-1
    cdn with an origin group, d1.cloudfront.net without us-east-1: 
    cdn with an origin group and a domain, api.example.com without eu-central-1: us-east-1 us-west-2 eu-central-1 ap-northeast-1 sa-east-1
    cdn with a latency origin, api.example.com without us-east-1: 
    cdn with a latency origin, api.example.com without us-west-2: 
    geolocation, api.example.com without eu-central-1: eu-central-1
    geolocation, api.example.com without us-east-1: ap-northeast-1 sa-east-1
    geolocation, api.example.com without us-west-2: us-east-1 us-west-2
    geoproximity, api.example.com without eu-central-1: 
    geoproximity, api.example.com without us-east-1: 
    IP-based, api.example.com without us-east-1: us-east-1 us-west-2 eu-central-1 ap-northeast-1 sa-east-1
    nested failover, api.example.com without us-west-2: 
    alarms and routing controls, api.example.com without eu-central-1: eu-central-1
    alarms and routing controls, api.example.com without us-east-1: us-east-1 us-west-2 sa-east-1
    alarms and routing controls, api.example.com without us-west-2: us-west-2 ap-northeast-1
    failover with existing health checks, api.example.com without us-east-1: us-east-1 us-west-2 eu-central-1 ap-northeast-1 sa-east-1
    cdn in full, api.example.com without us-east-1: 
    cdn with a staging distribution, api.example.com without us-east-1: 
    cdn with a staging distribution, api.example.com without us-west-2: 
    several names, api.example.com without us-west-2: 
    several names behind CloudFront, api.example.com without us-east-1: us-east-1 eu-central-1 sa-east-1
    several names behind CloudFront, api.example.com without us-west-2: us-west-2 ap-northeast-1
    several names behind an origin group, api.example.com without us-east-1: 
    public and private zone, api.example.com without us-west-2: 
    mutual TLS, api.example.com without us-east-1: 
    mutual TLS, api.example.com without us-west-2: 
    mutual TLS without functions, api.example.com without us-east-1: us-east-1 us-west-2 eu-central-1 ap-northeast-1 sa-east-1
    certificates by e-mail, api.example.com without us-east-1: us-east-1 eu-central-1 sa-east-1
    certificates by e-mail, api.example.com without us-west-2: us-west-2 ap-northeast-1
    ");
}
