//! CloudFront in front of the regions, and the records of the names that it serves.

use std::collections::BTreeMap;

use super::domain::Certificates;
use super::{Draft, Region, routing};
use crate::components::Deviations;
use crate::components::acm::issued_certificate;
use crate::components::cloudfront::distribution::{self, Behavior, Distribution, Origin, OriginGroup};
use crate::components::route53::record::{Record, RecordSet, Routing};
use crate::desired::{Address, Gated, Handle, Input};
use crate::resources::api::shape::Edge;
use crate::wire::Path;

/// The id of the origin that Route 53 routes to the regions.
const LATENCY: &str = "latency";
/// The id of the origin group.
const GROUP: &str = "regions";

/// The distribution of an API with `cdn`.
pub(super) fn distribution(
    draft: &mut Draft<'_>,
    regions: &BTreeMap<String, Region>,
    shared: Option<&Handle<Record>>,
    certificates: &Certificates,
) -> Option<Handle<Distribution>> {
    let edge = draft.shape.cdn.as_ref()?;
    let layout = layout(draft, edge, regions);
    let address = Address::global_of::<Distribution>();
    let aliases = draft.shape.names.as_ref().map(|names| names.aliases.clone()).unwrap_or_default();
    let reads: Vec<_> = edge.read_paths.iter().map(|path| (path.clone(), to(GROUP, false))).collect();
    let spec = distribution::Spec {
        comment: draft.shape.name.clone(),
        aliases: aliases.iter().cloned().map(Input::Known).collect(),
        price_class: edge.price_class.as_str().to_owned(),
        certificate_arn: certificates.cdn.as_ref().map(|issued| issued.output(issued_certificate::ARN)),
        origins: layout.origins,
        group: layout.group,
        default_behavior: layout.default,
        behaviors: reads,
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    let distribution = draft.desired.add(address, Path::of("cdn"), &spec);
    if let Some(shared) = shared {
        draft.desired.order(&distribution, shared);
    }
    for parts in layout.single.iter().filter_map(|region| regions.get(region)) {
        parts.probes.iter().for_each(|probe| draft.desired.order(&distribution, probe));
        if let Some(pinned) = &parts.pinned {
            draft.desired.order(&distribution, pinned);
        }
    }
    for alias in aliases {
        point_at(draft, &alias, &distribution);
    }
    Some(distribution)
}

/// The origins of a distribution, and the requests that each receives.
struct Layout {
    origins: BTreeMap<String, Origin>,
    group: Option<OriginGroup>,
    default: Behavior,
    /// The regions that are origins of their own.
    single: Vec<String>,
}

fn layout(draft: &Draft<'_>, edge: &Edge, regions: &BTreeMap<String, Region>) -> Layout {
    let group = |primary: &str, secondary: &str| OriginGroup {
        id: GROUP.to_owned(),
        primary: primary.to_owned(),
        secondary: secondary.to_owned(),
        status_codes: edge.failover_status_codes.clone(),
    };
    if let Some((first, second)) = draft.shape.group() {
        let single = [first, second].map(str::to_owned);
        return Layout {
            origins: single.iter().filter_map(|region| Some((region.clone(), origin(regions.get(region)?)))).collect(),
            group: Some(group(first, second)),
            // With read paths, the other requests may be writes, which an origin group does not accept.
            default: if edge.read_paths.is_empty() { to(GROUP, false) } else { to(first, true) },
            single: single.into(),
        };
    }
    let name = draft.shape.names.as_ref().and_then(|names| names.shared.clone()).unwrap_or_default();
    let mut origins = BTreeMap::from([(LATENCY.to_owned(), Origin { host: Input::Known(name), path: String::new() })]);
    let pinned = draft.shape.serving().first().copied().filter(|_| edge.has_group());
    if let Some((region, parts)) = pinned.and_then(|region| regions.get_key_value(region)) {
        origins.insert(region.clone(), origin(parts));
    }
    Layout {
        origins,
        group: pinned.map(|region| group(LATENCY, region)),
        default: to(LATENCY, true),
        single: pinned.map(str::to_owned).into_iter().collect(),
    }
}

/// A region as an origin: at its regional name, or at its default endpoint.
fn origin(parts: &Region) -> Origin {
    match &parts.domains.regional {
        Some(named) => Origin { host: Input::Known(named.name.clone()), path: String::new() },
        None if parts.front.base_path.is_empty() => Origin { host: parts.front.host.clone(), path: String::new() },
        None => Origin { host: parts.front.host.clone(), path: format!("/{}", parts.front.base_path) },
    }
}

fn to(target: &str, writes: bool) -> Behavior {
    Behavior { target: target.to_owned(), writes }
}

fn point_at(draft: &mut Draft<'_>, alias: &str, distribution: &Handle<Distribution>) {
    let value = RecordSet {
        routing: Routing::Simple,
        target: distribution.output(distribution::DOMAIN_NAME),
        target_zone_id: Input::Known(distribution::HOSTED_ZONE.to_owned()),
        health_check_id: None,
        evaluate_target_health: true,
    };
    let sets = BTreeMap::from([(distribution::KEY.to_owned(), Gated { ready: Vec::new(), value })]);
    let attribute = Path::of("cdn").attribute("aliases");
    let _ = routing::add(draft, alias, attribute, sets);
}
