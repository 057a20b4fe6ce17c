//! How requests reach the regions: the records.

use std::collections::{BTreeMap, BTreeSet};

use super::{Domains, Draft, Named, Region};
use crate::components::apigateway::domain;
use crate::components::execute_api::probe::Probe;
use crate::components::route53::calculated_health_check::{self, CalculatedHealthCheck};
use crate::components::route53::cidr_collection::{self, CidrCollection};
use crate::components::route53::cidr_location::{self, CidrLocation};
use crate::components::route53::record::{self, Record, RecordSet, Routing};
use crate::desired::{Address, Gated, Handle, Input};
use crate::resources::api::config::Policy;
use crate::resources::api::names::Names;
use crate::resources::shared::inputs::input;
use crate::resources::shared::regions;
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
        evaluate_target_health: true,
    };
    let sets = BTreeMap::from([(region.to_owned(), Gated { ready: Vec::new(), value })]);
    let record = add(draft, &named.name, Path::of("domain").attribute("regional_names"), sets);
    draft.desired.order(&record, &named.mapping);
    probes.iter().for_each(|probe| draft.desired.order(&record, probe));
    Some(record)
}

/// The record that Route 53 routes to the regions. A region is added as soon as its probe succeeds. `over_regions` is the
/// health check over several regions.
pub(super) fn shared(
    draft: &mut Draft<'_>,
    regions: &BTreeMap<String, Region>,
    over_regions: Option<&Handle<CalculatedHealthCheck>>,
) -> Option<Handle<Record>> {
    let name = draft.shape.names.as_ref()?.shared.clone()?;
    let secondaries: Vec<String> = draft.shape.secondaries().into_iter().map(str::to_owned).collect();
    let collection = collection(draft);
    let mut sets = BTreeMap::new();
    for region in draft.shape.serving().into_iter().map(str::to_owned).collect::<Vec<_>>() {
        let Some(parts) = regions.get(&region).filter(|_| !secondaries.contains(&region)) else { continue };
        for (part, routing) in routings(draft, &region, collection.as_ref()) {
            sets.extend(leading_to(draft, parts, record::key_of(&region, part.as_deref()), routing));
        }
    }
    if !secondaries.is_empty() {
        let set = secondary(draft, &name, regions, &secondaries, over_regions);
        sets.insert(record::SECONDARY.to_owned(), set);
    }
    Some(add(draft, &name, Path::of("domain").attribute("name"), sets))
}

/// The record set of a region, gated until the region answers, under `key`.
fn leading_to(draft: &Draft<'_>, parts: &Region, key: String, routing: Routing) -> Option<(String, Gated<RecordSet>)> {
    let named = parts.domains.shared.as_ref()?;
    let value = RecordSet {
        routing,
        target: named.domain.output(domain::TARGET),
        target_zone_id: named.domain.output(domain::ZONE_ID),
        health_check_id: parts.health.as_ref().map(|health| health.id.clone()),
        evaluate_target_health: draft.shape.evaluate_target_health,
    };
    let mut ready = ready(parts, named);
    ready.extend(blocks_of(&value.routing));
    Some((key, Gated { ready, value }))
}

/// The component that holds the blocks of IP addresses of a record set. Without it, the set is left out.
fn blocks_of(routing: &Routing) -> Option<Address> {
    match routing {
        Routing::IpBased { location: Input::Output(location), .. } => Some(location.address.clone()),
        _ => None,
    }
}

/// The routing of each record set of a serving region, with the part of its key. Most policies have one for each region.
fn routings(
    draft: &mut Draft<'_>,
    region: &str,
    collection: Option<&Handle<CidrCollection>>,
) -> Vec<(Option<String>, Routing)> {
    let Some(place) = draft.shape.regions.get(region) else { return Vec::new() };
    let whole = |routing: Routing| vec![(None, routing)];
    match draft.shape.policy {
        Policy::Latency => whole(Routing::Latency { region: region.to_owned() }),
        Policy::Failover => whole(Routing::Failover { primary: place.primary }),
        Policy::Weighted => whole(Routing::Weighted { weight: input(place.config.weight()) }),
        Policy::Geoproximity => {
            whole(Routing::Geoproximity { region: region.to_owned(), bias: input(place.config.bias()) })
        }
        Policy::Geolocation => {
            let each = place.locations.iter();
            each.map(|at| (Some(at.clone()), Routing::Geolocation { location: at.clone() })).collect()
        }
        Policy::IpBased => collection.map(|collection| by_ip(draft, region, collection)).unwrap_or_default(),
    }
}

/// The record sets of a region with IP-based routing: one for its blocks, and one for the clients in no block.
fn by_ip(draft: &mut Draft<'_>, region: &str, collection: &Handle<CidrCollection>) -> Vec<(Option<String>, Routing)> {
    let Some(place) = draft.shape.regions.get(region) else { return Vec::new() };
    let has_default = place.cidrs.contains(OTHERS);
    let cidrs: BTreeSet<String> = place.cidrs.iter().filter(|block| *block != OTHERS).cloned().collect();
    let of_location = |location: Input<String>| {
        let collection_id = collection.output(cidr_collection::ID);
        Routing::IpBased { collection_id, location }
    };
    let mut routings = Vec::new();
    if !cidrs.is_empty() {
        let collection_id = collection.output(cidr_collection::ID);
        // A region's name is at most 16 characters long, which is the limit for the name of a location.
        let spec = cidr_location::Spec { collection_id, name: region.to_owned(), cidrs };
        let address = Address::global_of::<CidrLocation>().key(region);
        let location = draft.desired.add(address, regions::path(region).attribute("cidrs"), &spec);
        routings.push((None, of_location(location.output(cidr_location::NAME))));
    }
    if has_default {
        routings.push((Some(OTHERS.to_owned()), of_location(Input::from(OTHERS))));
    }
    routings
}

/// The location of all clients that no other one contains.
const OTHERS: &str = "*";

/// The CIDR collection of an API with IP-based routing.
fn collection(draft: &mut Draft<'_>) -> Option<Handle<CidrCollection>> {
    if draft.shape.policy != Policy::IpBased {
        return None;
    }
    let spec = cidr_collection::Spec { name: draft.shape.name.clone() };
    Some(draft.desired.add(Address::global_of(), Path::of("routing").attribute("policy"), &spec))
}

/// The record set that leads to the secondary regions, and the record that routes among them.
fn secondary(
    draft: &mut Draft<'_>,
    name: &str,
    regions: &BTreeMap<String, Region>,
    secondaries: &[String],
    over_regions: Option<&Handle<CalculatedHealthCheck>>,
) -> Gated<RecordSet> {
    let each = secondaries.iter().filter_map(|region| {
        let routing = Routing::Latency { region: region.clone() };
        leading_to(draft, regions.get(region)?, region.clone(), routing)
    });
    let sets = each.collect();
    let record = add(draft, &record::secondary_name(name), Path::of("domain").attribute("name"), sets);
    let value = RecordSet {
        routing: Routing::Failover { primary: false },
        target: record.output(record::NAME),
        target_zone_id: draft.shape.names.as_ref().map_or(Input::Unknown, Names::zone),
        health_check_id: over_regions.map(|check| check.output(calculated_health_check::ID)),
        // The secondary regions are unhealthy when all of their record sets are.
        evaluate_target_health: true,
    };
    Gated { ready: vec![record.address().clone()], value }
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
