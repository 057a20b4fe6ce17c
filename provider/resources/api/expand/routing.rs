//! How requests reach the regions: the records.

use std::collections::{BTreeMap, BTreeSet};

use super::{Domains, Draft, Named, Region};
use crate::components::apigateway::domain;
use crate::components::cloudfront::distribution;
use crate::components::execute_api::probe::Probe;
use crate::components::route53::calculated_health_check::{self, CalculatedHealthCheck};
use crate::components::route53::cidr_collection::{self, CidrCollection};
use crate::components::route53::cidr_location::{self, CidrLocation};
use crate::components::route53::record::{self, Record, RecordSet, Routing};
use crate::desired::{Address, Gated, Handle, Input, Reference};
use crate::resources::api::config::Policy;
use crate::resources::shared::inputs::input;
use crate::resources::shared::regions;
use crate::wire::Path;

/// The record of the name that always leads to `region`: the public one, if there is one.
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
    let records = add(draft, &named.name, Path::of("domain").attribute("regional_names"), sets);
    for record in &records {
        draft.desired.order(record, &named.mapping);
        probes.iter().for_each(|probe| draft.desired.order(record, probe));
    }
    records.into_iter().next()
}

/// The records that Route 53 routes to the regions: that of the shared name, then those of the additional names. A region is
/// added as soon as its probe succeeds. `over_regions` is the health check over several regions.
pub(super) fn routed(
    draft: &mut Draft<'_>,
    regions: &BTreeMap<String, Region>,
    over_regions: Option<&Handle<CalculatedHealthCheck>>,
) -> Vec<Handle<Record>> {
    let Some(names) = draft.shape.names.as_ref().filter(|names| names.has_records()) else { return Vec::new() };
    let domain = Path::of("domain");
    let (shared, additional) = (domain.clone().attribute("name"), domain.attribute("additional_names"));
    let shared = names.shared.iter().map(|name| (name, shared.clone()));
    let named: Vec<_> = shared.chain(names.routed().map(|name| (name, additional.clone()))).collect();
    let secondaries: Vec<String> = draft.shape.secondaries().into_iter().map(str::to_owned).collect();
    let collection = collection(draft);
    let mut by_region = BTreeMap::new();
    for region in draft.shape.serving().into_iter().map(str::to_owned).collect::<Vec<_>>() {
        if !secondaries.contains(&region) {
            let routings = routings(draft, &region, collection.as_ref());
            by_region.insert(region, routings);
        }
    }
    let mut records = Vec::new();
    for (name, attribute) in named {
        let mut sets = BTreeMap::new();
        for (region, routings) in &by_region {
            let Some(parts) = regions.get(region) else { continue };
            for (part, routing) in routings {
                sets.extend(leading_to(draft, parts, name, record::key_of(region, part.as_deref()), routing.clone()));
            }
        }
        if !secondaries.is_empty() {
            let set = secondary(draft, (name, &attribute), regions, &secondaries, over_regions);
            sets.extend(set.map(|set| (record::SECONDARY.to_owned(), set)));
        }
        records.extend(add(draft, name, attribute, sets));
    }
    records
}

/// The record set of `name` that leads to a region, gated until the region answers, under `key`.
fn leading_to(
    draft: &Draft<'_>,
    parts: &Region,
    name: &str,
    key: String,
    routing: Routing,
) -> Option<(String, Gated<RecordSet>)> {
    let names = draft.shape.names.as_ref()?;
    let named = parts.domains.routed(names, name)?;
    let is_cname = names.is_cname(name);
    let (target, target_zone_id) = match is_cname {
        true => (Input::Known(named.name.clone()), Input::Known(String::new())),
        false => (named.domain.output(domain::TARGET), named.domain.output(domain::ZONE_ID)),
    };
    let value = RecordSet {
        routing,
        target,
        target_zone_id,
        health_check_id: parts.health.as_ref().map(|health| health.id.clone()),
        // Route 53 evaluates only the targets of aliases.
        evaluate_target_health: draft.shape.evaluate_target_health || is_cname,
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
    (name, attribute): (&str, &Path),
    regions: &BTreeMap<String, Region>,
    secondaries: &[String],
    over_regions: Option<&Handle<CalculatedHealthCheck>>,
) -> Option<Gated<RecordSet>> {
    let each = secondaries.iter().filter_map(|region| {
        let routing = Routing::Latency { region: region.clone() };
        leading_to(draft, regions.get(region)?, name, region.clone(), routing)
    });
    let sets = each.collect();
    if add(draft, &record::secondary_name(name), attribute.clone(), sets).is_empty() {
        return None;
    }
    // Its target is in the zone of the record that contains it.
    let value = RecordSet {
        routing: Routing::Failover { primary: false },
        target: Input::Unknown,
        target_zone_id: Input::Unknown,
        health_check_id: over_regions.map(|check| check.output(calculated_health_check::ID)),
        // The secondary regions are unhealthy when all of their record sets are.
        evaluate_target_health: true,
    };
    Some(Gated { ready: Vec::new(), value })
}

/// Adds the records of `name`, in the public zone and, unless they lead to CloudFront, in the private one; none when the
/// records are at another DNS service.
pub(super) fn add(
    draft: &mut Draft<'_>,
    name: &str,
    attribute: Path,
    sets: BTreeMap<String, Gated<RecordSet>>,
) -> Vec<Handle<Record>> {
    let Some(names) = &draft.shape.names else { return Vec::new() };
    let is_cloudfront = sets.contains_key(distribution::KEY);
    let has_http3 = draft.shape.cdn.as_ref().is_some_and(|edge| edge.http_version.includes_http3());
    let take_over = is_cloudfront && draft.shape.cdn.as_ref().is_some_and(|edge| edge.take_over_aliases);
    let types: &[&str] = match names.is_cname(name) {
        true => &["CNAME"],
        // From an HTTPS record, clients learn before they connect that CloudFront speaks HTTP/3.
        false if is_cloudfront && has_http3 => &["A", "AAAA", "HTTPS"],
        false => &["A", "AAAA"],
    };
    let public = names.zone_id.clone().map(|zone_id| (zone_id, false));
    // Route 53 rejects records that lead to a distribution in private zones.
    let private = names.private_zone_id.clone().filter(|_| !is_cloudfront);
    let private = private.map(|zone_id| (zone_id, true));
    let mut records = Vec::new();
    for (zone_id, private) in public.into_iter().chain(private) {
        let spec = record::Spec {
            name: Input::Known(name.to_owned()),
            types: types.iter().map(|kind| (*kind).to_owned()).collect(),
            sets: sets.iter().map(|(key, set)| (key.clone(), in_zone(key, set, name, (&zone_id, private)))).collect(),
            zone_id,
            private,
            take_over,
            replaces: names.replaces,
            drain_seconds: draft.shape.drain_seconds,
        };
        let address = Address::global_of::<Record>().key(&key_in(name, private));
        let attribute = if private { Path::of("domain").attribute("private_zone_id") } else { attribute.clone() };
        records.push(draft.desired.add(address, attribute, &spec));
    }
    records
}

/// The key of a record in the public or in the private zone.
fn key_in(name: &str, private: bool) -> String {
    if private { record::private_key(name) } else { name.to_owned() }
}

/// A record set of `name` in a zone. The one that leads to the secondary regions is an alias of a record of the same zone.
fn in_zone(
    key: &str,
    set: &Gated<RecordSet>,
    name: &str,
    (zone_id, private): (&Input<String>, bool),
) -> Gated<RecordSet> {
    let mut set = set.clone();
    if key == record::SECONDARY {
        let secondary = Address::global_of::<Record>().key(&key_in(&record::secondary_name(name), private));
        set.value.target_zone_id = zone_id.clone();
        set.value.target = Input::Output(Reference::to(&secondary, record::NAME));
        set.ready = vec![secondary.into()];
    }
    set
}

/// The components that must exist before a region receives traffic.
fn ready(parts: &Region, named: &Named) -> Vec<Address> {
    let probes = parts.probes.iter().map(|probe| probe.address().clone());
    // A CNAME record leads to the record of the region's own name.
    let is_own = parts.domains.shared.is_none();
    let pinned = parts.pinned.iter().filter(|_| is_own).map(|record| record.address().clone());
    probes
        .chain(pinned)
        .chain([named.mapping.address().clone()])
        .chain(parts.front.permissions.iter().cloned())
        .collect()
}
