//! Mistakes in the routing policy and in what it needs from each region.

use std::collections::BTreeMap;

use super::{Found, each};
use crate::components::route53::cidr::Block;
use crate::components::route53::geography::{self, Location};
use crate::components::route53::record;
use crate::resources::api::config::{Config, Policy, Region};
use crate::resources::api::shape::{Place, Shape};
use crate::resources::shared::regions;
use crate::schema::{Attr, Texts};
use crate::wire::{Diagnostic, Path};

/// The location of all clients that no other one contains.
const OTHERS: &str = "*";

/// Mistakes in the routing policy.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    for (name, region) in config.known_regions() {
        let path = regions::path(name);
        locations(region.locations(), &path.attribute("locations"), found);
        cidrs(region.cidrs(), &path.attribute("cidrs"), found);
        if let Ok(policy) = config.routing().and_then(|routing| routing.policy()) {
            unused(policy, region, &path, found);
        }
    }
    let Some(shape) = shape.filter(|shape| !shape.regions.is_empty()) else { return };
    match shape.policy {
        Policy::Failover => failover(shape, found),
        Policy::Weighted => weights(shape, found),
        Policy::Geolocation => {
            partition(shape, "locations", |place| place.config.locations(), found);
            twice(shape, found);
        }
        Policy::IpBased => {
            partition(shape, "cidrs", |place| place.config.cidrs(), found);
            overlaps(shape, found);
        }
        Policy::Latency | Policy::Geoproximity => {}
    }
}

fn locations(list: &Attr<Texts>, path: &Path, found: &mut Found) {
    for (path, text) in list.known().into_iter().flat_map(|list| each(list, path)) {
        if Location::parse(text).is_some() {
            continue;
        }
        let upper = text.to_uppercase();
        let near = if upper == "UK" { "GB" } else { &upper };
        let hint = match Location::parse(near) {
            Some(_) => format!("Did you mean {near:?}?"),
            None => format!(
                "Use a continent ({}), a country (\"DE\"), a state of the United States (\"US-WA\"), or \"*\" for all other \
                 clients.",
                geography::CONTINENTS.join(", ")
            ),
        };
        found.error(path, "Unknown location", format!("Route 53 has no location {text:?}. {hint}"));
    }
}

fn cidrs(list: &Attr<Texts>, path: &Path, found: &mut Found) {
    for (path, text) in list.known().into_iter().flat_map(|list| each(list, path)).filter(|(_, text)| *text != OTHERS) {
        let reason = match Block::parse(text) {
            None => "is not a CIDR block, such as 203.0.113.0/24 or 2001:db8::/32",
            Some(block) if !block.has_valid_size() => {
                "has a size that Route 53 does not accept: prefixes of IPv4 blocks have 1 to 24 bits, those of IPv6 blocks 1 to \
                 48 bits"
            }
            Some(_) => continue,
        };
        let detail = format!("{text:?} {reason}. Use \"*\" for all other clients.");
        found.error(path, "Invalid CIDR block", detail);
    }
}

/// A warning for each setting of another policy. It has no effect, so it may stay while the policy changes for a time.
fn unused(policy: Policy, region: &Region, path: &Path, found: &mut Found) {
    let settings = [
        ("weight", Policy::Weighted, region.weight.known().is_some()),
        ("bias", Policy::Geoproximity, region.bias.known().is_some()),
        ("locations", Policy::Geolocation, region.locations().known().is_some()),
        ("cidrs", Policy::IpBased, region.cidrs().known().is_some()),
    ];
    for (name, its, is_set) in settings {
        if is_set && its != policy {
            let detail = format!(
                "{name} applies to routing.policy = {:?}, but the policy is {:?}. Remove {name}, or change the policy.",
                its.as_str(),
                policy.as_str()
            );
            found.0.push(Diagnostic::warning(path.attribute(name), "Setting without effect", detail));
        }
    }
}

fn failover(shape: &Shape, found: &mut Found) {
    let at = Path::of("routing").attribute("policy");
    if shape.regions.len() < 2 {
        let detail = "The policy \"failover\" uses a primary and at least one secondary region, but regions has 1. Add a region, \
                      or use the policy \"latency\".";
        found.error(at.clone(), "Failover requires two regions", detail);
    }
    let Some((primary, place)) = shape.regions.iter().find(|(_, place)| place.primary) else {
        let detail = "The policy \"failover\" requires a primary region. Set primary = true in one of the regions.";
        found.error(Path::of("regions"), "No primary region", detail);
        return;
    };
    let Some(names) = shape.names.as_ref().filter(|names| names.shared.is_some()) else { return };
    if shape.health_check.is_none() && place.health.is_none() {
        unchecked(shape, primary, at, found);
    }
    let secondary = names.shared.as_deref().map(record::secondary_name).unwrap_or_default();
    if !shape.secondaries().is_empty() && names.aliases.contains(&secondary) {
        let detail = format!(
            "CloudFront serves {secondary}, but with failover and more than two regions this is also the name that is routed \
             to the secondary regions, so that their requests would return to CloudFront. Remove the alias."
        );
        found.error(Path::of("cdn").attribute("aliases"), "Routing loop", detail);
    }
}

/// Without a health check, Route 53 considers the primary healthy. With `evaluate_target_health`, it fails over when API
/// Gateway as a whole is unhealthy in the region, which AWS accepts.
fn unchecked(shape: &Shape, primary: &str, at: Path, found: &mut Found) {
    const SUMMARY: &str = "Failover without a health check";
    let fix = "Add routing.health_check, or an alarm or an existing health check of the region.";
    if shape.evaluate_target_health {
        let detail = format!(
            "Without a health check of {primary}, Route 53 fails over only while API Gateway as a whole is unhealthy there, \
             and not while the API fails. {fix}"
        );
        found.0.push(Diagnostic::warning(at, SUMMARY, detail));
    } else {
        let detail =
            format!("Without a health check, Route 53 considers {primary} healthy and never fails over. {fix}");
        found.error(at, SUMMARY, detail);
    }
}

fn weights(shape: &Shape, found: &mut Found) {
    let mut serving = shape.regions.values().filter(|place| place.serving).peekable();
    let any = serving.peek().is_some();
    if any && serving.all(|place| place.config.weight() == Ok(0)) {
        let detail = "Every serving region has the weight 0, so that Route 53 would treat all of them alike. Set a weight greater \
                      than 0 in at least one region, or drain the regions that should receive no traffic.";
        found.error(Path::of("regions"), "All weights are 0", detail);
    }
}

/// Mistakes in a list of each serving region, by which clients are divided among the regions.
fn partition<'a>(
    shape: &'a Shape,
    attribute: &'static str,
    list: impl Fn(&'a Place) -> &'a Attr<Texts>,
    found: &mut Found,
) {
    let serving = || shape.regions.iter().filter(|(_, place)| place.serving);
    for (name, _) in serving().filter(|(_, place)| list(place).known().is_none_or(Vec::is_empty)) {
        let detail = format!(
            "With routing.policy = {:?}, a region receives the clients in its {attribute}, and {name} has none. Set \
             {attribute}, or drain the region.",
            shape.policy.as_str()
        );
        found.error(regions::path(name).attribute(attribute), "Region without clients", detail);
    }
    let others: Vec<(&String, Path)> = serving()
        .flat_map(|(name, place)| {
            let path = regions::path(name).attribute(attribute);
            let each = list(place).known().into_iter().flat_map(move |list| each(list, &path));
            each.filter(|(_, text)| *text == OTHERS).map(move |(path, _)| (name, path))
        })
        .collect();
    match others.as_slice() {
        [] if serving().next().is_some() => {
            let detail = format!(
                "No serving region has \"*\" in its {attribute}, so that clients outside of all {attribute} would receive no \
                 answer. Add \"*\" to the {attribute} of one region."
            );
            found.error(Path::of("regions"), "No default region", detail);
        }
        [(first, _), rest @ ..] if attribute == "cidrs" => {
            for (_, path) in rest {
                let detail = format!("{first} is already the region of all other clients. Remove \"*\" here or there.");
                found.error(path.clone(), "More than one default region", detail);
            }
        }
        _ => {}
    }
}

/// A location that several serving regions have, or one of them twice. Route 53 accepts one record for each location.
fn twice(shape: &Shape, found: &mut Found) {
    let mut seen: BTreeMap<String, &String> = BTreeMap::new();
    for (name, place) in shape.regions.iter().filter(|(_, place)| place.serving) {
        let path = regions::path(name).attribute("locations");
        for (path, text) in place.config.locations().known().into_iter().flat_map(|list| each(list, &path)) {
            if let Some(first) = seen.insert(geography::normal(text), name) {
                let detail = format!(
                    "The location {text:?} is also in the locations of {first}, but Route 53 answers the clients of a location \
                     with one region. Remove one of them."
                );
                found.error(path, "Location used twice", detail);
            }
        }
    }
}

/// Blocks of serving regions that contain the same addresses.
fn overlaps(shape: &Shape, found: &mut Found) {
    let mut seen: Vec<(Block, &String)> = Vec::new();
    for (name, place) in shape.regions.iter().filter(|(_, place)| place.serving) {
        let path = regions::path(name).attribute("cidrs");
        for (path, text) in place.config.cidrs().known().into_iter().flat_map(|list| each(list, &path)) {
            let Some(block) = Block::parse(text) else { continue };
            if let Some((other, its)) = seen.iter().find(|(other, _)| other.overlaps(&block)) {
                let detail = format!(
                    "{text} contains addresses that are also in {other} of {its}, but a client has one region. Remove one of \
                     the blocks, or divide the larger one."
                );
                found.error(path, "Overlapping CIDR blocks", detail);
            }
            seen.push((block, name));
        }
    }
}
