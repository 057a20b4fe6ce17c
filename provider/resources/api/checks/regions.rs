//! Mistakes in `regions`.

use super::Found;
use crate::resources::api::config::{Config, Region};
use crate::resources::api::shape::Shape;
use crate::resources::shared::{function, regions};
use crate::schema::{Attr, suggestion};
use crate::wire::Path;

/// Mistakes in `regions`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    if config.regions().is_ok_and(std::collections::BTreeMap::is_empty) {
        let detail = "The API has no regions. Add at least one: regions = { \"us-east-1\" = {} }.";
        found.error(Path::of("regions"), "No regions", detail);
    }
    for name in config.regions().into_iter().flat_map(|regions| regions.keys()) {
        found.0.extend(regions::unknown(name, regions::path(name)));
    }
    for (name, region) in config.known_regions() {
        one(name, region, found);
    }
    primaries(config, found);
    drained(config, found);
    if let Some(shape) = shape.filter(|shape| !shape.regions.is_empty()) {
        serving(shape, found);
    }
}

fn one(name: &str, region: &Region, found: &mut Found) {
    let path = regions::path(name);
    function::check_environment(region.environment(), &path.attribute("environment"), found);
    function::check_region(name, &region.of_function(None).unwrap_or_default(), &path, found);
    for (key, own) in region.functions().known().into_iter().flatten() {
        if let Some(own) = own.known() {
            function::check_region(name, own, &path.attribute("functions").key(key), found);
        }
    }
    if let Some(vpc) = region.vpc().known() {
        function::check_vpc(vpc, &path.attribute("vpc"), found);
    }
}

fn primaries(config: &Config, found: &mut Found) {
    let primary = |(name, region): (&String, &Region)| (region.primary() == Ok(true)).then(|| name.clone());
    let all: Vec<String> = config.known_regions().filter_map(primary).collect();
    if let [first, others @ ..] = all.as_slice() {
        for other in others {
            let detail = format!("Both {first} and {other} are primary. Remove primary from one of them.");
            found.error(regions::path(other).attribute("primary"), "More than one primary region", detail);
        }
    }
}

/// A region whose name is misspelled in `drained` would continue to receive traffic.
fn drained(config: &Config, found: &mut Found) {
    for name in config.drained().known().into_iter().flat_map(|drained| drained.0.iter().filter_map(Attr::known)) {
        if let Some(detail) = without_api(config, name) {
            found.error(Path::of("drained"), "Unknown drained region", detail);
        }
    }
}

/// The detail of an error when an argument contains `name` and the API does not run there.
pub(super) fn without_api(config: &Config, name: &str) -> Option<String> {
    let regions = config.regions().ok().filter(|regions| !regions.contains_key(name))?;
    let all: Vec<&str> = regions.keys().map(String::as_str).collect();
    Some(format!(
        "The API does not run in {name:?}. Its regions are {}. Use one of them, remove {name:?} here, or add it to regions.{}",
        all.join(", "),
        suggestion(name, all.iter().copied())
    ))
}

fn serving(shape: &Shape, found: &mut Found) {
    if shape.serving().is_empty() {
        let detail = "All regions are drained, so that no region receives traffic. Remove at least one region from drained. To take the whole API out of service, destroy it.";
        found.error(Path::of("drained"), "No serving region", detail);
    }
}
