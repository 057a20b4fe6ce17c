//! Mistakes in `function` and `functions`.

use super::Found;
use crate::resources::api::config::{Config, function_path};
use crate::resources::api::shape::Shape;
use crate::resources::shared::function;
use crate::resources::shared::function::code::longest_key;
use crate::resources::shared::regions::path as region_path;
use crate::schema::{self, Attr};
use crate::wire::Path;

/// Mistakes in `function` and `functions`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    names(config, found);
    if let Some(shape) = shape {
        stopped(config, shape, found);
    }
    for (name, function) in config.known_functions() {
        let regions = config.known_regions().map(|(region, settings)| {
            Some((region.as_str(), in_region(region, name), settings.of_function(name).ok()?))
        });
        let regions: Vec<Option<_>> = regions.collect();
        // A region that is unknown may set the code.
        let is_open = regions.iter().any(Option::is_none)
            || !config.regions().is_ok_and(|regions| !regions.values().any(Attr::is_unknown));
        let regions: Vec<_> = regions.into_iter().flatten().collect();
        function::check_arguments(function, &function_path(name), &regions, is_open, found);
    }
}

/// A function without concurrency in a region that receives traffic would reject every request there.
fn stopped(config: &Config, shape: &Shape, found: &mut Found) {
    for (name, function) in config.known_functions() {
        let mut inherits = None;
        let mut stopped = Vec::new();
        let serving = shape.serving();
        for (region, settings) in config.known_regions().filter(|(region, _)| serving.contains(&region.as_str())) {
            let Ok(own) = settings.of_function(name) else { continue };
            let is_own = !own.reserved_concurrency().is_null();
            match function::effective(own.reserved_concurrency(), function.reserved_concurrency()) {
                Attr::Known(0) if is_own => stopped.push((in_region(region, name), region)),
                Attr::Known(0) => inherits = inherits.or(Some((function_path(name), region))),
                _ => {}
            }
        }
        for (path, region) in inherits.into_iter().chain(stopped) {
            let detail = format!(
                "With a reserved concurrency of 0, Lambda rejects every request, but {region} receives traffic. Add the region \
                 to drained, too, or set a higher number. Without reserved_concurrency, the function has no limit of its own."
            );
            found.error(path.attribute("reserved_concurrency"), "Stopped function in a serving region", detail);
        }
    }
}

/// The path of the settings of a function in a region.
fn in_region(region: &str, name: Option<&str>) -> Path {
    let path = region_path(region);
    name.map_or_else(|| path.clone(), |name| path.attribute("functions").key(name))
}

/// The keys of `functions`, which are part of names in AWS.
fn names(config: &Config, found: &mut Found) {
    let longest = config.name().map_or(usize::MAX, |api| longest_key(api));
    for name in config.functions().known().into_iter().flat_map(|functions| functions.keys()) {
        let path = function_path(Some(name));
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(is_word) {
            let detail = format!(
                "{name:?} cannot be part of the name of a Lambda function. Use letters, digits, hyphens and underscores, \
                 starting with a letter."
            );
            found.error(path, "Invalid function name", detail);
        } else if name.len() > longest {
            let detail = format!(
                "{name:?} has {} characters. The name of the function in AWS consists of the name of the API, a hyphen and \
                 this name, which can have at most {longest} characters here. Use a shorter name.",
                name.len()
            );
            found.error(path, "Function name too long", detail);
        } else if name == RESERVED {
            let detail = "The provider uses the name \"image\" for the function of the argument function when its code is a \
                          container image. Use another name.";
            found.error(path, "Reserved function name", detail);
        }
    }
    for (region, settings) in config.known_regions() {
        let functions = config.functions().known();
        for name in settings.functions().known().into_iter().flat_map(|functions| functions.keys()) {
            if config.functions().is_unknown() || functions.is_some_and(|functions| functions.contains_key(name)) {
                continue;
            }
            let path = region_path(region).attribute("functions").key(name);
            let known = functions.into_iter().flat_map(|functions| functions.keys().map(String::as_str));
            let hint = match schema::nearest(name, known, MAX_TYPOS) {
                Some(near) => format!("Did you mean {near:?}?"),
                None => "Add it to functions, or remove it here.".to_owned(),
            };
            found.error(path, "Unknown function", format!("The API has no function {name:?} in functions. {hint}"));
        }
    }
}

/// The key that would give a function the name of the single function's container image.
const RESERVED: &str = "image";

/// The largest edit distance between the name of a function and its misspelling.
const MAX_TYPOS: usize = 3;
