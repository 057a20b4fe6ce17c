//! `cdn.origin = "key_value_store"`: the function that chooses a region for each request, and its routing table.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Draft, Region};
use super::Distributions;
use crate::components::Deviations;
use crate::components::cloudfront::key_value_store::{self, KeyValueStore};
use crate::components::cloudfront::key_values::{self, KeyValues, Route};
use crate::components::cloudfront::viewer_function::{self, ViewerFunction};
use crate::components::route53::geography::Location;
use crate::desired::{Address, Gated, Handle};
use crate::resources::api::config::Policy;
use crate::resources::api::edge::Edge;
use crate::resources::api::shape::Shape;
use crate::resources::shared::inputs::input;
use crate::traffic::geography;
use crate::wire::Path;

/// The header with the country of a client.
pub(in crate::resources::api) const COUNTRY: &str = "CloudFront-Viewer-Country";

/// The location of all clients that no other one contains.
const OTHERS: &str = "*";

/// The function, and the key value store that it reads.
pub(super) struct Steering {
    store: Handle<KeyValueStore>,
    pub(super) function: Handle<ViewerFunction>,
}

/// Whether the function needs the country of each client.
pub(super) fn is_by_country(shape: &Shape) -> bool {
    shape.policy == Policy::Geolocation && shape.cdn.as_ref().is_some_and(Edge::is_steered)
}

/// The function of an API with `origin = "key_value_store"`. Its code lists all regions, so that neither the function nor
/// the distribution changes when a region is drained. A region that is removed leaves the code before the distribution.
pub(super) fn function(draft: &mut Draft<'_>, edge: &Edge) -> Option<Steering> {
    if !edge.is_steered() {
        return None;
    }
    let name = draft.shape.name.clone();
    let address = Address::global_of::<KeyValueStore>();
    let spec = key_value_store::Spec { name: name.clone(), tags: draft.tags(&address) };
    let store = draft.desired.add(address, at(), &spec);
    let address = Address::global_of::<ViewerFunction>();
    let spec = viewer_function::Spec {
        name,
        code: viewer_function::routing_code(draft.shape.regions.keys().map(String::as_str)),
        store_arn: store.output(key_value_store::ARN),
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    let function = draft.desired.add(address, at(), &spec);
    Some(Steering { store, function })
}

/// The routing table. A region is added when it answers and when the distributions have it as an origin.
pub(super) fn table(
    draft: &mut Draft<'_>,
    edge: &Edge,
    regions: &BTreeMap<String, Region>,
    steering: &Steering,
    distributions: &Distributions,
) {
    let countries = countries(draft.shape);
    let by_country = is_by_country(draft.shape);
    let first = draft.shape.serving().first().copied();
    let mut table = BTreeMap::new();
    for name in draft.shape.serving() {
        let (Some(parts), Some(place)) = (regions.get(name), draft.shape.regions.get(name)) else { continue };
        let probes = parts.probes.iter().map(|probe| probe.address().clone());
        let records = parts.pinned.iter().map(|record| record.address().clone());
        let ready = probes.chain(records).chain(parts.front.permissions.iter().cloned());
        let value = Route {
            primary: if by_country { place.locations.contains(OTHERS) } else { first == Some(name) },
            weight: input(place.config.weight()),
            countries: countries.get(name).cloned().unwrap_or_default(),
        };
        let origins = distributions.each().map(|distribution| distribution.address().clone());
        let gated = Gated { ready: ready.chain(origins).collect(), value };
        table.insert(name.to_owned(), gated);
    }
    let spec = key_values::Spec {
        store_arn: steering.store.output(key_value_store::ARN),
        steering: match draft.shape.policy {
            Policy::Weighted => key_values::Steering::Weight,
            Policy::Failover => key_values::Steering::Order,
            Policy::Geolocation => key_values::Steering::Country,
            // The checks reject the others.
            Policy::Latency | Policy::Geoproximity | Policy::IpBased => key_values::Steering::Edge,
        },
        regions: table,
        failover_status_codes: edge.failover_status_codes.clone(),
        drain_seconds: draft.shape.drain_seconds,
        deviations: Deviations::default(),
    };
    draft.desired.add(Address::global_of::<KeyValues>(), at(), &spec);
}

/// The countries of each serving region. A country of one region is not among those of a continent.
fn countries(shape: &Shape) -> BTreeMap<String, BTreeSet<String>> {
    if !is_by_country(shape) {
        return BTreeMap::new();
    }
    let serving = || shape.regions.iter().filter(|(_, place)| place.serving);
    let all = || serving().flat_map(|(_, place)| place.locations.iter());
    let named: BTreeSet<&str> = all()
        .filter_map(|location| match Location::parse(location) {
            Some(Location::Country(code)) => Some(code),
            _ => None,
        })
        .collect();
    let codes = |location: &String| -> Vec<String> {
        match Location::parse(location) {
            Some(Location::Country(code)) => vec![code.to_owned()],
            Some(Location::Continent(code)) => {
                geography::of_continent(code).filter(|code| !named.contains(code)).map(str::to_owned).collect()
            }
            Some(Location::Default | Location::State(_)) | None => Vec::new(),
        }
    };
    serving().map(|(name, place)| (name.clone(), place.locations.iter().flat_map(codes).collect())).collect()
}

fn at() -> Path {
    Path::of("cdn").attribute("origin")
}
