//! `routing`, and the routing of each region, read from records, health checks and the CIDR collection.

use super::cdn;
use super::traffic::{self, Names};
use crate::components::apigateway::mapping::Mapping;
use crate::components::cloudfront::key_values::{Route, Steering};
use crate::components::route53::alarm_health_check::{self, AlarmHealthCheck};
use crate::components::route53::calculated_health_check::CalculatedHealthCheck;
use crate::components::route53::cidr_location::CidrLocation;
use crate::components::route53::geography;
use crate::components::route53::health_check::{self, Protocol};
use crate::components::route53::record::{self, RecordSet, Routing};
use crate::components::route53::routing_control_health_check::RoutingControlHealthCheck;
use crate::desired::{Address, Input};
use crate::resources::api::config::{
    self, Calculated, CheckProtocol, HealthAlarm, HealthCheck, InsufficientData, Policy, Region,
};
use crate::resources::api::expand::status_of;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, attrs, list};
use crate::schema::Attr;

/// A region: `region` with the part that describes its traffic, and whether the region is drained.
pub(super) fn place(found: &FoundComponents<'_>, name: &str, names: Option<&Names>, region: Region) -> (Region, bool) {
    let sets: Vec<&RecordSet> =
        sets(names).filter(|(key, _)| record::region_of(key) == name).map(|(_, set)| set).collect();
    let mut drained = names.is_some_and(|names| names.shared.is_some()) && sets.is_empty();
    let mut place = region;
    let mut primary = cdn::is_first_of_group(found, name) || cdn::is_first_origin(found, name);
    let (mut locations, mut cidrs) = (Vec::new(), Vec::new());
    for set in &sets {
        match &set.routing {
            Routing::Failover { primary: is_primary } => primary = *is_primary,
            Routing::Weighted { weight } => place.weight = attr(weight),
            Routing::Geoproximity { bias, .. } => place.bias = attr(bias),
            Routing::Geolocation { location } => locations.push(location.clone()),
            Routing::IpBased { location, .. } if location.known().is_some_and(|location| location == "*") => {
                cidrs.push("*".to_owned());
            }
            Routing::IpBased { .. } => {
                let location = found.spec(&Address::global_of::<CidrLocation>().key(name));
                cidrs.extend(location.into_iter().flat_map(|location| location.cidrs));
            }
            Routing::Simple | Routing::Latency { .. } => {}
        }
    }
    place.primary = Some(true).filter(|_| primary).into();
    // Those of the domain are the ones of the first region.
    place.mutual_tls = traffic::mutual_tls(found, name).into();
    place.locations = list(locations);
    place.cidrs = list(cidrs);
    if let Some(table) = cdn::table(found) {
        match table.regions.get(name) {
            Some(gated) => place = steered(&gated.value, table.steering, place),
            None => drained = true,
        }
    }
    (with_health(found, name, sets.first().copied(), place), drained)
}

/// `region` with the settings of its route in CloudFront's routing table.
fn steered(route: &Route, steering: Steering, region: Region) -> Region {
    let others = route.primary.then(|| "*".to_owned());
    let locations = others.into_iter().chain(route.countries.iter().map(|code| geography::country_text(code)));
    Region {
        weight: if steering == Steering::Weight { attr(&route.weight) } else { Attr::Null },
        locations: Some(list(locations.collect())).filter(|_| steering == Steering::Country).unwrap_or(Attr::Null),
        ..region
    }
}

/// `region` with what decides whether it is healthy, instead of the health check of every region.
fn with_health(found: &FoundComponents<'_>, name: &str, set: Option<&RecordSet>, region: Region) -> Region {
    if let Some(alarm) = found.regional::<AlarmHealthCheck>(name) {
        return Region { health_alarm: Attr::Known(health_alarm(name, &alarm)), ..region };
    }
    if let Some(control) = found.regional::<RoutingControlHealthCheck>(name) {
        return Region { routing_control_arn: attr(&control.routing_control_arn), ..region };
    }
    let is_ours = found.has(&Address::of::<health_check::HealthCheck>(name));
    let id = set.and_then(|set| set.health_check_id.as_ref()).filter(|_| !is_ours);
    Region { health_check_id: id.map_or(Attr::Null, attr), ..region }
}

fn health_alarm(region: &str, spec: &alarm_health_check::Spec) -> HealthAlarm {
    let all = [InsufficientData::Healthy, InsufficientData::Unhealthy, InsufficientData::LastKnownStatus];
    let is_reported = |status: &InsufficientData| spec.insufficient_data == Input::from(status_of(*status));
    HealthAlarm {
        name: attr(&spec.alarm_name),
        region: spec.alarm_region.known().filter(|its| *its != region).cloned().into(),
        insufficient_data: all.into_iter().find(is_reported).into(),
    }
}

/// `routing`.
pub(super) fn routing(found: &FoundComponents<'_>, regions: &[String], names: Option<&Names>) -> config::Routing {
    let shared = names.and_then(|names| names.shared.as_ref());
    let steering = cdn::table(found).map(|table| table.steering);
    let policy = match shared.and_then(|record| record.sets.values().next()).map(|set| &set.value.routing) {
        Some(Routing::Failover { .. }) => Policy::Failover,
        Some(Routing::Weighted { .. }) => Policy::Weighted,
        Some(Routing::Geolocation { .. }) => Policy::Geolocation,
        Some(Routing::Geoproximity { .. }) => Policy::Geoproximity,
        Some(Routing::IpBased { .. }) => Policy::IpBased,
        Some(Routing::Latency { .. } | Routing::Simple) => Policy::Latency,
        None => match steering {
            Some(Steering::Order) => Policy::Failover,
            Some(Steering::Weight) => Policy::Weighted,
            Some(Steering::Country) => Policy::Geolocation,
            Some(Steering::Edge) | None => Policy::Latency,
        },
    };
    let evaluated = sets(names).find(|(key, _)| *key != record::SECONDARY).map(|(_, set)| set.evaluate_target_health);
    config::Routing {
        policy: Attr::Known(policy),
        health_check: health_check(found, regions, names).into(),
        probe: Attr::Null,
        evaluate_target_health: Attr::Known(evaluated.unwrap_or(true)),
        drain_seconds: config::Routing::default().drain_seconds().ok().into(),
    }
}

fn health_check(found: &FoundComponents<'_>, regions: &[String], names: Option<&Names>) -> Option<HealthCheck> {
    let base_path = names.and_then(|_| {
        found.first::<Mapping>(regions).and_then(|spec| spec.base_path.known().cloned()).filter(|path| !path.is_empty())
    });
    let spec = found.first::<health_check::HealthCheck>(regions)?;
    let path = spec.path.known().cloned().unwrap_or_default();
    // At a custom domain name, the path is below the base path.
    let below = base_path.and_then(|base| path.strip_prefix(&format!("/{base}")).map(str::to_owned));
    let custom = names.is_some_and(|names| spec.host.known().is_some_and(|host| host.ends_with(&names.name)));
    let calculated = found.global::<CalculatedHealthCheck>();
    Some(HealthCheck {
        protocol: Attr::Known(match spec.protocol {
            Protocol::Https => CheckProtocol::Https,
            Protocol::Http => CheckProtocol::Http,
            Protocol::Tcp => CheckProtocol::Tcp,
        }),
        port: spec.port.known().copied().filter(|port| *port != spec.protocol.port()).into(),
        path: Attr::Known(below.filter(|_| custom).unwrap_or(path)),
        interval_seconds: attr(&spec.interval_seconds),
        failure_threshold: attr(&spec.failure_threshold),
        measure_latency: Attr::Known(spec.measure_latency),
        search_string: spec.search_string.as_ref().map_or(Attr::Null, attr),
        inverted: attr(&spec.inverted),
        disabled: attr(&spec.disabled),
        checker_regions: attrs(&spec.checker_regions),
        calculated: calculated.map(|spec| Calculated { threshold: attr(&spec.threshold) }).into(),
    })
}

/// The record sets that Route 53 routes to the regions, with their keys.
fn sets(names: Option<&Names>) -> impl Iterator<Item = (&str, &RecordSet)> {
    let records = names.into_iter().flat_map(|names| names.shared.iter().chain(&names.secondary));
    records.flat_map(|record| record.sets.iter().map(|(key, set)| (key.as_str(), &set.value)))
}
