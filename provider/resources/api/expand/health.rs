//! What decides whether a region is healthy: a health check of its API, an alarm, a routing control, or a health check that
//! exists already.

use std::collections::BTreeMap;

use super::domain::base_path_of;
use super::{Draft, Region};
use crate::components::Deviations;
use crate::components::route53::alarm_health_check::{self, AlarmHealthCheck};
use crate::components::route53::calculated_health_check::{self, CalculatedHealthCheck};
use crate::components::route53::health_check::{self, HealthCheck, Protocol};
use crate::components::route53::routing_control_health_check::{self, RoutingControlHealthCheck};
use crate::desired::{Address, Handle, Input};
use crate::resources::api::config::{CheckProtocol, HealthAlarm, InsufficientData};
use crate::resources::api::shape::{Check, Health};
use crate::resources::shared::function::below;
use crate::resources::shared::inputs::{input, inputs, maybe};
use crate::resources::shared::regions;
use crate::schema::Attr;
use crate::wire::Path;

/// The health of a region. A drained region keeps it: it shows whether the region is healthy before it serves again.
#[derive(Clone)]
pub(super) struct RegionHealth {
    /// The id of the health check.
    pub(super) id: Input<String>,
    /// The health check that calls the region's API.
    pub(super) caller: Option<Handle<HealthCheck>>,
}

/// The health of a region of an API with a record that Route 53 routes to the regions.
pub(super) fn of_region(draft: &mut Draft<'_>, region: &str, parts: &Region) -> Option<RegionHealth> {
    let names = draft.shape.names.as_ref()?;
    parts.domains.routed(names, names.shared.as_ref()?)?;
    let own = draft.shape.regions.get(region).and_then(|place| place.health.clone());
    match (own, draft.shape.health_check.clone()) {
        (Some(Health::Alarm(alarm)), _) => Some(uncalled(of_alarm(draft, region, &alarm))),
        (Some(Health::Check(id)), _) => Some(uncalled(id)),
        (Some(Health::RoutingControl(arn)), _) => Some(uncalled(of_routing_control(draft, region, arn))),
        (None, Some(check)) => {
            let handle = of_api(draft, region, parts, &check);
            Some(RegionHealth { id: handle.output(health_check::ID), caller: Some(handle) })
        }
        (None, None) => None,
    }
}

fn uncalled(id: Input<String>) -> RegionHealth {
    RegionHealth { id, caller: None }
}

fn of_api(draft: &mut Draft<'_>, region: &str, parts: &Region, check: &Check) -> Handle<HealthCheck> {
    let address = Address::of(region);
    let named = parts.domains.regional.as_ref().filter(|_| draft.shape.gateway.disabled);
    let base_path = draft.shape.names.as_ref().map_or(Attr::Null, |names| names.base_path.clone());
    let path = input(check.config.path());
    let (host, path) = match named {
        Some(named) => (Input::Known(named.name.clone()), below(&base_path_of(&base_path), &path)),
        None => (parts.front.host.clone(), below(&parts.front.base_path.as_str().into(), &path)),
    };
    let protocol = match check.protocol {
        CheckProtocol::Https => Protocol::Https,
        CheckProtocol::Http => Protocol::Http,
        CheckProtocol::Tcp => Protocol::Tcp,
    };
    // Sorted, because AWS does not keep the order.
    let mut checker_regions = inputs(check.config.checker_regions());
    checker_regions.sort_by_key(|region| region.known().cloned());
    let spec = health_check::Spec {
        host,
        path,
        protocol,
        port: maybe(check.config.port()).unwrap_or(Input::Known(protocol.port())),
        interval_seconds: input(check.config.interval_seconds()),
        failure_threshold: input(check.config.failure_threshold()),
        measure_latency: check.measure_latency,
        search_string: maybe(check.config.search_string()),
        inverted: input(check.config.inverted()),
        disabled: input(check.config.disabled()),
        checker_regions,
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    let handle = draft.desired.add(address, at(), &spec);
    // Before the region answers its probe, the health check would report it as unhealthy.
    parts.probes.iter().for_each(|probe| draft.desired.order(&handle, probe));
    if let (Some(_), Some(pinned)) = (named, &parts.pinned) {
        draft.desired.order(&handle, pinned);
    }
    handle
}

fn of_alarm(draft: &mut Draft<'_>, region: &str, alarm: &HealthAlarm) -> Input<String> {
    let address = Address::of::<AlarmHealthCheck>(region);
    let insufficient_data = alarm.insufficient_data().map(|status| status_of(status).to_owned());
    let spec = alarm_health_check::Spec {
        alarm_name: input(alarm.name().cloned()),
        alarm_region: maybe(alarm.region()).unwrap_or(Input::from(region)),
        insufficient_data: input(insufficient_data),
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    let path = regions::path(region).attribute("health_alarm");
    draft.desired.add(address, path, &spec).output(alarm_health_check::ID)
}

/// A status as Route 53 spells it.
pub(in crate::resources::api) fn status_of(status: InsufficientData) -> &'static str {
    match status {
        InsufficientData::Healthy => "Healthy",
        InsufficientData::Unhealthy => "Unhealthy",
        InsufficientData::LastKnownStatus => "LastKnownStatus",
    }
}

fn of_routing_control(draft: &mut Draft<'_>, region: &str, arn: Input<String>) -> Input<String> {
    let address = Address::of::<RoutingControlHealthCheck>(region);
    let spec = routing_control_health_check::Spec {
        routing_control_arn: arn,
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    let path = regions::path(region).attribute("routing_control_arn");
    draft.desired.add(address, path, &spec).output(routing_control_health_check::ID)
}

/// The health check over those of the serving regions or, with nested failover, of the secondary regions.
pub(super) fn over_regions(
    draft: &mut Draft<'_>,
    regions: &BTreeMap<String, Region>,
) -> Option<Handle<CalculatedHealthCheck>> {
    let threshold = draft.shape.health_check.as_ref()?.calculated.clone()?;
    let secondaries = draft.shape.secondaries();
    let covered = if secondaries.is_empty() { draft.shape.serving() } else { secondaries };
    let child = |region: &str| {
        let health = regions.get(region)?.health.as_ref()?;
        health.caller.as_ref().map(|caller| (region.to_owned(), caller.output(health_check::ID)))
    };
    let children: BTreeMap<_, _> = covered.into_iter().filter_map(child).collect();
    if children.is_empty() {
        return None;
    }
    let address = Address::global_of::<CalculatedHealthCheck>();
    let spec = calculated_health_check::Spec {
        children,
        threshold,
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    Some(draft.desired.add(address, at().attribute("calculated"), &spec))
}

fn at() -> Path {
    Path::of("routing").attribute("health_check")
}
