//! How requests reach the regions: health checks and records.

use std::collections::BTreeMap;

use super::domain::base_path_of;
use super::{Domains, Draft, Named, Region};
use crate::components::Deviations;
use crate::components::apigateway::domain;
use crate::components::execute_api::probe::Probe;
use crate::components::route53::health_check::{self, HealthCheck};
use crate::components::route53::record::{self, Record, RecordSet, Routing};
use crate::desired::{Address, Gated, Handle, Input};
use crate::resources::api::config::Policy;
use crate::resources::api::names::Names;
use crate::resources::shared::function::below;
use crate::resources::shared::inputs::{input, maybe};
use crate::schema::Attr;
use crate::wire::Path;

/// The record of the name that always leads to `region`.
pub(super) fn pinned(
    draft: &mut Draft<'_>,
    region: &str,
    domains: &Domains,
    probes: &[Handle<Probe>],
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
    probes.iter().for_each(|probe| draft.desired.order(&record, probe));
    Some(record)
}

/// The record that Route 53 routes to the regions. A region is added as soon as its probe succeeds.
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
                Policy::Weighted => Routing::Weighted { weight: input(place.config.weight()) },
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
    let spec = record::Spec {
        zone_id: draft.shape.names.as_ref().map_or(Input::Unknown, Names::zone),
        name: Input::Known(name.to_owned()),
        types: vec!["A".to_owned(), "AAAA".to_owned()],
        sets,
        drain_seconds: draft.shape.drain_seconds,
    };
    draft.desired.add(Address::global_of::<Record>().key(name), attribute, &spec)
}

/// The components that must exist before a region receives traffic.
fn ready(parts: &Region, named: &Named) -> Vec<Address> {
    let probes = parts.probes.iter().map(|probe| probe.address().clone());
    probes.chain([named.mapping.address().clone()]).chain(parts.front.permissions.iter().cloned()).collect()
}

/// The health check of a region. A drained region keeps its health check, which shows whether it is healthy before it serves
/// again.
pub(super) fn health_check(draft: &mut Draft<'_>, region: &str, parts: &Region) -> Option<Handle<HealthCheck>> {
    let check = draft.shape.health_check.as_ref().filter(|_| parts.domains.shared.is_some())?;
    let address = Address::of(region);
    let named = parts.domains.regional.as_ref().filter(|_| draft.shape.gateway.disabled);
    let base_path = draft.shape.names.as_ref().map_or(Attr::Null, |names| names.base_path.clone());
    let path = input(check.config.path());
    let (host, path) = match named {
        Some(named) => (Input::Known(named.name.clone()), below(&base_path_of(&base_path), &path)),
        None => (parts.front.host.clone(), below(&parts.front.base_path.as_str().into(), &path)),
    };
    let spec = health_check::Spec {
        host,
        path,
        interval_seconds: input(check.config.interval_seconds()),
        failure_threshold: input(check.config.failure_threshold()),
        measure_latency: check.measure_latency,
        search_string: maybe(check.config.search_string()),
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    let handle = draft.desired.add(address, Path::of("routing").attribute("health_check"), &spec);
    // Before the region answers its probe, the health check would report it as unhealthy.
    parts.probes.iter().for_each(|probe| draft.desired.order(&handle, probe));
    if let (Some(_), Some(pinned)) = (named, &parts.pinned) {
        draft.desired.order(&handle, pinned);
    }
    Some(handle)
}
