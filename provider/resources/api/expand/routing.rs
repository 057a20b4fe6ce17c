//! Who is answered by which region: probes, health checks, records.

use std::collections::BTreeMap;

use super::domain::below_base;
use super::{Domains, Draft, Front, Function, Named, Region, input, maybe};
use crate::components::Deviations;
use crate::components::apigateway::domain;
use crate::components::execute_api::probe::{self, Probe};
use crate::components::lambda::version;
use crate::components::route53::health_check::{self, HealthCheck};
use crate::components::route53::record::{self, Record, RecordSet, Routing};
use crate::desired::{Address, Gated, Handle, Input};
use crate::resources::api::routes;
use crate::resources::api::shape::Policy;
use crate::schema::Attr;
use crate::wire::Path;

/// The share of a region that says nothing of its own.
const WEIGHT: i64 = 100;

/// A real request to a region, by the way that is open: API Gateway's own endpoint, or else a custom domain name, asked
/// at the host that it is an alias of, for no record leads there before the probe was answered.
pub(super) fn probe(
    draft: &mut Draft<'_>,
    region: &str,
    function: &Function,
    front: &Front,
    domains: &Domains,
) -> Handle<Probe> {
    let (path, routed) = path(draft);
    let named = domains.regional.as_ref().or(domains.shared.as_ref()).filter(|_| draft.shape.gateway.disabled);
    let (endpoint, host, path) = match named {
        Some(named) => {
            let base_path = draft.shape.names.as_ref().map_or(Attr::Null, |names| names.base_path.clone());
            (named.domain.output(domain::TARGET), Input::Known(named.name.clone()), below_base(&base_path, &path))
        }
        None => (front.endpoint.clone(), front.host.clone(), input(&path, "/".to_owned())),
    };
    let spec = probe::Spec { endpoint, host, path, routed, version: function.version.output(version::NUMBER) };
    let blame = Path::of("regions").key(region);
    let probe = draft.desired.add(Address::of::<Probe>(region), blame, &spec);
    draft.desired.order(&probe, &function.alias);
    for part in &front.ready {
        draft.desired.order(&probe, part);
    }
    if let Some(named) = named {
        draft.desired.order(&probe, &named.mapping);
    }
    probe
}

/// The record of the name that only `region` answers to.
pub(super) fn pinned(
    draft: &mut Draft<'_>,
    region: &str,
    domains: &Domains,
    probe: &Handle<Probe>,
) -> Option<Handle<Record>> {
    let named = domains.regional.as_ref()?;
    let value = RecordSet {
        routing: Routing::Simple,
        target: named.domain.output(domain::TARGET),
        target_zone_id: named.domain.output(domain::ZONE_ID),
        health_check_id: None,
    };
    let sets = BTreeMap::from([(region.to_owned(), Gated { ready: Vec::new(), value })]);
    let record = add(draft, &named.name, Path::of("domain").attribute("regional_names"), sets);
    draft.desired.order(&record, &named.mapping);
    draft.desired.order(&record, probe);
    Some(record)
}

/// The record that Route 53 routes to the regions, each of them as soon as it answers.
pub(super) fn shared(draft: &mut Draft<'_>, regions: &BTreeMap<String, Region>) -> Option<Handle<Record>> {
    let name = draft.shape.names.as_ref()?.shared.clone()?;
    let mut sets = BTreeMap::new();
    for (region, parts) in regions {
        let Some(named) = &parts.domains.shared else { continue };
        let Some(place) = draft.shape.regions.get(region).filter(|place| place.serving) else { continue };
        let value = RecordSet {
            routing: match draft.shape.policy {
                Policy::Latency => Routing::Latency { region: region.clone() },
                Policy::Failover => Routing::Failover { primary: place.primary },
                Policy::Weighted => Routing::Weighted { weight: input(&place.config.weight, WEIGHT) },
            },
            target: named.domain.output(domain::TARGET),
            target_zone_id: named.domain.output(domain::ZONE_ID),
            health_check_id: parts.health_check.as_ref().map(|check| check.output(health_check::ID)),
        };
        sets.insert(region.clone(), Gated { ready: ready(parts, named), value });
    }
    Some(add(draft, &name, Path::of("domain").attribute("name"), sets))
}

/// Adds the record of `name`.
pub(super) fn add(
    draft: &mut Draft<'_>,
    name: &str,
    attribute: Path,
    sets: BTreeMap<String, Gated<RecordSet>>,
) -> Handle<Record> {
    let zone_id = draft.shape.names.as_ref().and_then(|names| maybe(&names.zone_id));
    let spec = record::Spec {
        zone_id: zone_id.unwrap_or(Input::Unknown),
        name: Input::Known(name.to_owned()),
        types: vec!["A".to_owned(), "AAAA".to_owned()],
        sets,
        drain_seconds: draft.shape.drain_seconds,
    };
    draft.desired.add(Address::global_of::<Record>().key(name), attribute, &spec)
}

/// What a region must have before it is routed to.
fn ready(parts: &Region, named: &Named) -> Vec<Address> {
    let permission = &parts.front.permission;
    vec![parts.probe.address().clone(), named.mapping.address().clone(), permission.clone()]
}

/// A drained region keeps its health check, so that it can be told whether it is well before it serves again.
pub(super) fn health_check(draft: &mut Draft<'_>, region: &str, parts: &Region) -> Option<Handle<HealthCheck>> {
    let check = draft.shape.health_check.as_ref().filter(|_| parts.domains.shared.is_some())?;
    let address = Address::of(region);
    let named = parts.domains.regional.as_ref().filter(|_| draft.shape.gateway.disabled);
    let base_path = draft.shape.names.as_ref().map_or(Attr::Null, |names| names.base_path.clone());
    let (host, path) = match named {
        Some(named) => (Input::Known(named.name.clone()), below_base(&base_path, &check.config.path)),
        None => (parts.front.host.clone(), input(&check.config.path, "/".to_owned())),
    };
    let spec = health_check::Spec {
        host,
        path,
        interval_seconds: input(&check.config.interval_seconds, 30),
        failure_threshold: input(&check.config.failure_threshold, 3),
        measure_latency: check.measure_latency,
        search_string: maybe(&check.config.search_string),
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    let handle = draft.desired.add(address, Path::of("routing").attribute("health_check"), &spec);
    // Asked before the region can answer, the check would begin by calling it ill.
    draft.desired.order(&handle, &parts.probe);
    if let (Some(_), Some(pinned)) = (named, &parts.pinned) {
        draft.desired.order(&handle, pinned);
    }
    Some(handle)
}

/// The path that the probe asks for, and whether a route leads there: to a health check's path one must.
fn path(draft: &Draft<'_>) -> (Attr<String>, bool) {
    if let Some(check) = &draft.shape.health_check {
        return (check.config.path.clone(), true);
    }
    let path = routes::plain_path(&draft.shape.gateway.routes);
    (path.map_or(Attr::Null, |path| Attr::Known(path.to_owned())), path.is_some())
}
