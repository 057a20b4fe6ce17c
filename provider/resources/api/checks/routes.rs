//! Mistakes in the routes of `gateway` and of the functions.

use std::collections::BTreeMap;

use super::{Found, each};
use crate::resources::api::config::{Config, function_path};
use crate::resources::api::shape::Shape;
use crate::schema::{Attr, Texts};
use crate::wire::Path;

/// The methods of a route key.
pub(super) const METHODS: [&str; 8] = ["ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// The methods of writes, which an origin group of CloudFront does not accept.
const WRITES: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

/// Route keys, with the function that receives their requests.
struct Keys {
    path: Path,
    owner: String,
    keys: Texts,
}

/// Mistakes in routes.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    owners(config, found);
    let lists = lists(config);
    for Keys { path, keys, .. } in &lists {
        list(keys, path, found);
    }
    overlaps(&lists, found);
    if let Some(shape) = shape {
        writes(&lists, shape, found);
    }
}

/// All lists of route keys.
fn lists(config: &Config) -> Vec<Keys> {
    let mut lists = Vec::new();
    for (name, function) in config.known_functions() {
        let path = function_path(name);
        let owner = name.map_or_else(|| "function".to_owned(), |name| format!("functions[{name:?}]"));
        let of_gateway =
            || Some(Keys { path: of_gateway(), owner: owner.clone(), keys: config.gateway().ok()?.routes().ok()? });
        match function.routes() {
            Attr::Known(keys) => {
                lists.push(Keys { path: path.attribute("routes"), owner: owner.clone(), keys: keys.clone() });
            }
            Attr::Null if name.is_none() => lists.extend(of_gateway()),
            Attr::Null | Attr::Unknown => {}
        }
    }
    lists
}

fn of_gateway() -> Path {
    Path::of("gateway").attribute("routes")
}

/// Every route leads to a function, and every function has a route.
fn owners(config: &Config, found: &mut Found) {
    let in_gateway = config.gateway().is_ok_and(|gateway| gateway.routes.known().is_some());
    match config.function() {
        Attr::Known(function) if in_gateway && function.routes().known().is_some() => {
            let detail = "Both gateway.routes and function.routes list the routes of the function. Remove one of them.";
            found.error(of_gateway(), "Conflicting routes", detail);
        }
        Attr::Null if in_gateway => {
            let detail = "gateway.routes lists the routes of the argument function, which is not set. Move the routes to \
                          functions, as in functions = { orders = { routes = [\"GET /orders\"], … } }.";
            found.error(of_gateway(), "Route without a function", detail);
        }
        _ => {}
    }
    for (name, function) in config.known_functions() {
        if let (Some(name), Attr::Null) = (name, function.routes()) {
            let detail = format!(
                "No request reaches the function {name:?}, because it has no routes. Set routes, as in routes = \
                 [\"ANY /{name}\"]."
            );
            found.error(function_path(Some(name)).attribute("routes"), "Function without routes", detail);
        }
    }
}

fn list(keys: &Texts, path: &Path, found: &mut Found) {
    if keys.is_empty() {
        let detail = "Without routes, API Gateway answers every request with 404 Not Found. Add a route, such as \
                      \"$default\" for every request.";
        found.error(path.clone(), "No routes", detail);
    }
    let mut seen = Vec::new();
    for (path, key) in each(keys, path) {
        if !is_route(key) {
            let detail = format!(
                "{key:?} is not a route key. Use \"$default\", or a method ({}) and a path, such as \"GET /items/{{id}}\" or \
                 \"ANY /files/{{path+}}\".",
                METHODS.join(", ")
            );
            found.error(path, "Invalid route key", detail);
        } else if seen.contains(&key) {
            let detail = format!("{key:?} is listed twice. Remove one of the entries.");
            found.error(path, "Duplicate route", detail);
        } else {
            seen.push(key);
        }
    }
}

/// Routes of two functions that match the same requests.
fn overlaps(lists: &[Keys], found: &mut Found) {
    let mut owners: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for Keys { path, owner, keys } in lists {
        for (path, key) in each(keys, path) {
            match owners.get(&without_names(key)) {
                Some((other, same)) if other != owner => {
                    let detail = format!(
                        "{key:?} of {owner} and {same:?} of {other} match the same requests, which only one function can \
                         receive. Remove one of the routes."
                    );
                    found.error(path, "Overlapping routes", detail);
                }
                Some(_) => {}
                None => drop(owners.insert(without_names(key), (owner, key))),
            }
        }
    }
}

/// A route key without the names of its path parameters, which do not distinguish requests.
fn without_names(key: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix('{') {
        Some(name) if name.ends_with("+}") => "{+}".to_owned(),
        Some(_) => "{}".to_owned(),
        None => segment.to_owned(),
    };
    key.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Whether API Gateway accepts a route key.
fn is_route(key: &str) -> bool {
    if key == "$default" {
        return true;
    }
    let Some((method, path)) = key.split_once(' ') else { return false };
    let Some(path) = path.strip_prefix('/').filter(|_| METHODS.contains(&method)) else { return false };
    let segments: Vec<&str> = path.split('/').collect();
    let last = segments.len().saturating_sub(1);
    path.is_empty() || segments.iter().enumerate().all(|(index, segment)| is_segment(segment, index == last))
}

fn is_segment(segment: &str, last: bool) -> bool {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.~:".contains(c));
    match segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
        Some(name) => word(name.strip_suffix('+').filter(|_| last).unwrap_or(name)),
        None => segment.is_empty() && last || word(segment) || segment.chars().all(|c| "$%!*'()+,;=@".contains(c)),
    }
}

/// When CloudFront sends every request to an origin group, no write reaches the API.
fn writes(lists: &[Keys], shape: &Shape, found: &mut Found) {
    let reads_only = shape.cdn.as_ref().is_some_and(|cdn| cdn.is_group() && cdn.read_paths.is_empty());
    if !reads_only {
        return;
    }
    for (path, key) in lists.iter().flat_map(|keys| each(&keys.keys, &keys.path)) {
        let method = key.split(' ').next().unwrap_or_default();
        if WRITES.contains(&method) {
            let detail = format!(
                "No request reaches the route {key:?}, because an origin group of CloudFront does not accept {method}. List \
                 the paths that are only read in cdn.read_paths, so that CloudFront sends all other requests to the primary \
                 region, or set cdn.origin to \"latency\"."
            );
            found.error(path, "Writes to an origin group", detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_path_parameters_do_not_distinguish_routes() {
        for (key, expected) in [
            ("GET /items/{id}", "GET /items/{}"),
            ("ANY /files/{path+}", "ANY /files/{+}"),
            ("$default", "$default"),
            ("GET /", "GET /"),
        ] {
            assert_eq!(without_names(key), expected);
        }
    }
}
