//! The origins and origin groups of a distribution.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Region;
use crate::components::cloudfront::distribution::{Origin, OriginGroup};
use crate::desired::Input;
use crate::resources::api::config::SHIELD_REGIONS;
use crate::resources::api::edge::{Edge, Shield, Target};
use crate::resources::api::names::Names;
use crate::resources::api::shape::Shape;

/// The id of the origin that Route 53 routes to the regions.
pub(in crate::resources::api) const LATENCY: &str = "latency";
/// The id of the origin whose requests the Lambda@Edge function sends to the regions.
pub(in crate::resources::api) const EDGE: &str = "edge";
/// The id of the default origin group.
pub(in crate::resources::api) const GROUP: &str = "regions";

/// The origins of a distribution, and the requests that each receives.
pub(super) struct Layout {
    pub(super) origins: BTreeMap<String, Origin>,
    /// The origin groups, sorted by id.
    pub(super) groups: Vec<OriginGroup>,
    /// The origin of requests that write.
    pub(super) single_target: String,
    /// The regions that are origins of their own.
    pub(super) single: BTreeSet<String>,
}

/// The id of an origin group of these regions.
pub(super) fn group_id(regions: &[String]) -> String {
    regions.join("_")
}

pub(super) fn layout(shape: &Shape, edge: &Edge, regions: &BTreeMap<String, Region>) -> Layout {
    let mut single = BTreeSet::new();
    let mut groups = BTreeMap::new();
    let mut add = |id: String, primary: &str, secondary: &str| {
        let group = OriginGroup {
            id: id.clone(),
            primary: primary.to_owned(),
            secondary: secondary.to_owned(),
            status_codes: edge.failover_status_codes.clone(),
        };
        groups.insert(id, group);
    };
    let mut single_target = if edge.has_function() { EDGE.to_owned() } else { LATENCY.to_owned() };
    if edge.is_steered() {
        single.extend(shape.regions.keys().cloned());
        shape.first().unwrap_or_default().clone_into(&mut single_target);
    } else if let Some((first, second)) = shape.group() {
        add(GROUP.to_owned(), first, second);
        single.extend([first.to_owned(), second.to_owned()]);
        first.clone_into(&mut single_target);
    } else if edge.has_default_group()
        && let Some(pinned) = shape.serving().first()
    {
        add(GROUP.to_owned(), LATENCY, pinned);
        single.insert((*pinned).to_owned());
    }
    for path in &edge.paths {
        match &path.target {
            Target::Default => {}
            Target::Region(region) => drop(single.insert(region.clone())),
            Target::Group(names) => {
                single.extend(names.iter().cloned());
                if let ([first, second], false) = (names.as_slice(), path.writes) {
                    add(group_id(names), first, second);
                }
            }
        }
    }
    let named = single.iter().filter_map(|name| Some((name.clone(), region(edge, name, regions.get(name)?))));
    let mut origins: BTreeMap<String, Origin> = named.collect();
    if shape.group().is_none() && !edge.is_steered() {
        let nearest = shape.serving().first().copied().unwrap_or_default();
        // The function replaces the name of its origin in every request.
        let named = |names: &Names| if names.by_cname { Some(names.of_region(nearest)) } else { names.shared.clone() };
        let name = shape.names.as_ref().and_then(named).unwrap_or_default();
        origins.insert(single_target.clone(), origin(edge, Input::Known(name), nearest));
    }
    Layout { origins, groups: groups.into_values().collect(), single_target, single }
}

/// A region as an origin: at its regional name, or at its default endpoint.
fn region(edge: &Edge, name: &str, parts: &Region) -> Origin {
    let host = match &parts.domains.regional {
        Some(named) => Input::Known(named.name.clone()),
        None => {
            let path = &parts.front.base_path;
            let path = if path.is_empty() { String::new() } else { format!("/{path}") };
            return Origin { path, ..origin(edge, parts.front.host.clone(), name) };
        }
    };
    origin(edge, host, name)
}

fn origin(edge: &Edge, host: Input<String>, region: &str) -> Origin {
    let shield_region = match &edge.shield {
        Shield::Off => None,
        Shield::Nearest => Some(nearest_shield(region).to_owned()),
        Shield::In(region) => Some(region.clone()),
    };
    Origin { host, path: String::new(), connection: edge.connection, shield_region }
}

/// The region with Origin Shield that has the lowest latency to a region.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Choose the AWS Region for Origin Shield". Regions that the table does not contain have
/// the nearest one.
fn nearest_shield(region: &str) -> &str {
    if SHIELD_REGIONS.contains(&region) {
        return region;
    }
    match region {
        "af-south-1" | "eu-south-2" => "eu-west-1",
        "ap-east-1" | "ap-southeast-3" | "ap-southeast-5" => "ap-southeast-1",
        "ap-northeast-3" => "ap-northeast-1",
        "ap-south-2" | "me-south-1" => "ap-south-1",
        "ap-southeast-4" | "ap-southeast-6" => "ap-southeast-2",
        "ca-west-1" | "us-west-1" => "us-west-2",
        "eu-central-2" | "eu-south-1" | "il-central-1" => "eu-central-1",
        "eu-north-1" | "eu-west-3" => "eu-west-2",
        _ => "us-east-1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nearest_region_has_origin_shield() {
        for region in ["us-east-1", "us-west-1", "eu-north-1", "ca-central-1", "xx-new-1"] {
            assert!(SHIELD_REGIONS.contains(&nearest_shield(region)), "{region}");
        }
    }
}
