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

/// A misspelled region would go on receiving traffic, without a word.
fn drained(config: &Config, found: &mut Found) {
    let (Some(drained), Ok(regions)) = (config.drained().known(), config.regions()) else { return };
    for name in drained.0.iter().filter_map(Attr::known).filter(|name| !regions.contains_key(*name)) {
        let all: Vec<&str> = regions.keys().map(String::as_str).collect();
        let detail = format!(
            "drained contains {name:?}, which is not a region of the API. The regions are {}. Correct the name, or remove it \
             from drained.{}",
            all.join(", "),
            suggestion(name, all.iter().copied())
        );
        found.error(Path::of("drained"), "Unknown drained region", detail);
    }
}

fn serving(shape: &Shape, found: &mut Found) {
    if shape.serving().is_empty() {
        let detail = "All regions are drained, so that no region receives traffic. Remove at least one region from drained. To take the whole API out of service, destroy it.";
        found.error(Path::of("drained"), "No serving region", detail);
    }
}
