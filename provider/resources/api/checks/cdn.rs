//! Mistakes in `cdn`.

mod caching;
mod function;
mod paths;
mod settings;
mod staging;
mod steering;

use super::{Found, each};
use crate::resources::api::config::{Cdn, Config, Origin};
use crate::resources::api::edge::Edge;
use crate::resources::api::names::Names;
use crate::resources::api::shape::Shape;
use crate::resources::shared::dns;
use crate::schema::Texts;
use crate::wire::Path;

/// Mistakes in `cdn`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let Some(cdn) = config.cdn().known() else { return };
    let edge = shape.and_then(|shape| Some((shape, shape.cdn.as_ref()?)));
    settings_of(cdn, edge, found);
    staging::check(cdn, edge, found);
    for (path, alias) in each_alias(cdn) {
        if let Some(mistake) = dns::mistake(alias) {
            found.error(path, "Invalid domain name", format!("{alias:?} cannot be an alias: {mistake}."));
        }
    }
    let Some((shape, edge)) = edge else { return };
    origins(shape, edge, found);
    function::check(shape, edge, found);
    group_order(shape, edge, cdn, found);
    if edge.is_steered() {
        steering::check(config, shape, found);
    }
    take_over(shape, edge, found);
    match &shape.names {
        Some(names) => aliases(shape, names, cdn, found),
        None if cdn.aliases().known().is_some_and(|aliases| !aliases.is_empty()) => {
            let detail = "An alias needs a record and a certificate, and without a domain there is no hosted zone for them. \
                          Add a domain, or remove aliases.";
            found.error(at("aliases"), "Aliases without a domain", detail);
        }
        None => {}
    }
}

/// Mistakes in the settings of a distribution, primary or staging.
fn settings_of(cdn: &Cdn, edge: Option<(&Shape, &Edge)>, found: &mut Found) {
    status_codes(cdn, found);
    paths::check(cdn, found);
    caching::check(cdn, found);
    settings::check(cdn, found);
    if let Some((shape, edge)) = edge {
        paths::targets(shape, edge, found);
        caching::shared(edge, found);
        caching::unused(edge, cdn, found);
    }
}

fn at(attribute: &str) -> Path {
    Path::of("cdn").attribute(attribute)
}

fn each_alias(cdn: &Cdn) -> Vec<(Path, &str)> {
    let path = at("aliases");
    cdn.aliases().known().map(|aliases| each(aliases, &path).collect()).unwrap_or_default()
}

fn status_codes(cdn: &Cdn, found: &mut Found) {
    let path = at("failover_status_codes");
    let Ok(codes) = cdn.failover_status_codes() else { return };
    if codes.is_empty() {
        let detail = "Without a status, CloudFront never uses the second region of the origin group. List at least one \
                      status, or remove failover_status_codes to use the default.";
        found.error(path.clone(), "No failover status codes", detail);
    }
    for (index, code) in codes.iter().enumerate() {
        let earlier = codes.iter().take(index).any(|earlier| earlier == code);
        if let Some(code) = code.known().filter(|_| earlier) {
            let detail = format!("The status {code} is listed twice. Remove one of the entries.");
            found.error(path.index(index), "Duplicate failover status code", detail);
        }
    }
}

fn origins(shape: &Shape, edge: &Edge, found: &mut Found) {
    let serving = shape.serving().len();
    if edge.is_group() && serving == 1 {
        let detail = "An origin group consists of two regions, but only one region is serving. Add a region, remove one \
                      from drained, or set cdn.origin to \"latency\".";
        found.error(at("origin"), "Origin group needs two regions", detail);
    }
    if edge.origin == Origin::Latency && shape.names.is_none() {
        let detail = "The origin \"latency\" is a name that Route 53 routes to the regions, and without a domain there is no \
                      such name. Add a domain, or set cdn.origin to \"group\" or \"key_value_store\".";
        found.error(at("origin"), "Latency origin without a domain", detail);
    }
    let Some(names) = shape.names.as_ref().filter(|names| edge.uses_regions() && !names.regional) else { return };
    if names.base_path.known().is_some() {
        let detail = "With this cdn, CloudFront sends requests to the default endpoints of single regions, which have no base \
                      path, so that the same request would have different paths. Set domain.regional_names = true, or \
                      remove base_path.";
        found.error(Path::of("domain").attribute("base_path"), "Base path without regional names", detail);
    }
    if shape.gateway.disabled && names.in_regions() {
        let detail = "For cdn.read_paths and cdn.behaviors, CloudFront sends requests to the default endpoints of single \
                      regions, and these are disabled. Set domain.regional_names = true, or set \
                      disable_execute_api_endpoint = false.";
        let path = Path::of("gateway").attribute("disable_execute_api_endpoint");
        found.error(path, "Origin with a disabled endpoint", detail);
    }
}

/// An origin group has two serving regions; every other serving region needs a path that leads to it.
fn group_order(shape: &Shape, edge: &Edge, cdn: &Cdn, found: &mut Found) {
    if let Some(order) = cdn.group_order().known() {
        if edge.is_group() {
            group_members(shape, order, &at("group_order"), found);
        } else {
            let detail = format!(
                "group_order names the regions of the origin group of cdn.origin = \"group\", and cdn.origin is {:?}. Remove \
                 group_order.",
                edge.origin.as_str()
            );
            found.error(at("group_order"), "Group order without an origin group", detail);
        }
        return;
    }
    let serving = shape.serving();
    if !edge.is_group() || serving.len() <= 2 {
        return;
    }
    let idle: Vec<&str> = serving.into_iter().filter(|region| !shape.routes_to(region)).collect();
    if !idle.is_empty() {
        let (first, second) = shape.group().unwrap_or_default();
        let detail = format!(
            "An origin group has exactly two regions, here {first} and {second}, so that no request reaches {}. Choose the \
             two regions in cdn.group_order, give paths to the others in cdn.behaviors with group = [...] or region, drain \
             them, or set cdn.origin to \"latency\".",
            idle.join(" and ")
        );
        found.error(at("origin"), "Regions outside of the origin group", detail);
    }
}

/// The regions of an origin group: two different ones, both serving.
fn group_members(shape: &Shape, regions: &Texts, path: &Path, found: &mut Found) {
    if regions.len() != 2 {
        let detail = format!(
            "An origin group of CloudFront has exactly two regions, and this list has {}. Keep two of them, the first one \
             first.",
            regions.len()
        );
        found.error(path.clone(), "Origin group needs two regions", detail);
        return;
    }
    let mut seen = Vec::new();
    for (path, region) in each(regions, path) {
        if seen.contains(&region) {
            let detail = format!("{region} is listed twice. An origin group fails over to another region.");
            found.error(path, "Duplicate region", detail);
        } else {
            serving_region(shape, region, path, found);
        }
        seen.push(region);
    }
}

fn serving_region(shape: &Shape, region: &str, path: Path, found: &mut Found) {
    if shape.regions.get(region).is_some_and(|place| place.serving) {
        return;
    }
    let serving = shape.serving();
    let detail = format!(
        "{region:?} is not a serving region of the API. Use one of {}, or add the region to regions.",
        serving.join(", ")
    );
    found.error(path, "Not a serving region", detail);
}

/// Only an API with a domain has aliases.
fn take_over(shape: &Shape, edge: &Edge, found: &mut Found) {
    if edge.take_over_aliases && shape.names.is_none() {
        let detail = "Without a domain, the distribution has no aliases that could move to it. Add a domain, or remove \
                      take_over_aliases.";
        found.error(at("take_over_aliases"), "Alias takeover without aliases", detail);
    }
}

fn aliases(shape: &Shape, names: &Names, cdn: &Cdn, found: &mut Found) {
    let is_of_regions = |alias: &str| {
        let shared = names.shared.as_deref() == Some(alias);
        shared || (names.regional && shape.regions.keys().any(|region| names.of_region(region) == alias))
    };
    let mut seen = Vec::new();
    for (path, alias) in each_alias(cdn) {
        if is_of_regions(alias) {
            let detail = format!("The name {alias} already leads to the regions. Use another name as an alias.");
            found.error(path, "Alias in use", detail);
        } else if seen.contains(&alias) {
            let detail = format!("{alias} is listed twice. Remove one of the entries.");
            found.error(path, "Duplicate alias", detail);
        } else {
            seen.push(alias);
        }
    }
}
