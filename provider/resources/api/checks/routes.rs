//! Mistakes in the routes of `gateway` and of the functions.

use std::collections::BTreeMap;

use super::{Found, each};
use crate::resources::api::config::{Config, function_path};
use crate::resources::api::shape::Shape;
use crate::resources::shared::{function, routes};
use crate::schema::{Attr, Texts};
use crate::wire::Path;

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
        routes::check(keys, path, found);
    }
    overlaps(&lists, found);
    if let Some(shape) = shape {
        writes(&lists, shape, found);
    }
}

/// All lists of route keys.
fn lists(config: &Config) -> Vec<Keys> {
    let mut lists = Vec::new();
    // The routes of a document are checked with it.
    if config.gateway().is_ok_and(|gateway| !gateway.openapi().is_null()) {
        return lists;
    }
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
    let Ok(gateway) = config.gateway() else { return };
    let authorizing = gateway.authorizing_functions();
    let needs_routes = |name: Option<&str>| {
        name.is_some() && gateway.openapi().is_null() && !authorizing.iter().any(|one| one.map(String::as_str) == name)
    };
    for (name, function) in config.known_functions().filter(|(name, _)| needs_routes(*name)) {
        function::check_has_routes(function, &function_path(name), found);
    }
}

/// Routes of two functions that match the same requests.
fn overlaps(lists: &[Keys], found: &mut Found) {
    let mut owners: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for Keys { path, owner, keys } in lists {
        for (path, key) in each(keys, path) {
            match owners.get(&routes::without_names(key)) {
                Some((other, same)) if other != owner => {
                    let detail = format!(
                        "{key:?} of {owner} and {same:?} of {other} match the same requests, which only one function can \
                         receive. Remove one of the routes."
                    );
                    found.error(path, "Overlapping routes", detail);
                }
                Some(_) => {}
                None => drop(owners.insert(routes::without_names(key), (owner, key))),
            }
        }
    }
}

/// When CloudFront sends every request to an origin group, no write reaches the API.
fn writes(lists: &[Keys], shape: &Shape, found: &mut Found) {
    let Some(edge) = shape.cdn.as_ref().filter(|edge| edge.default_reads()) else { return };
    for (path, key) in lists.iter().flat_map(|keys| each(&keys.keys, &keys.path)) {
        let (method, route) = key.split_once(' ').unwrap_or((key, ""));
        if WRITES.contains(&method) && !edge.accepts_writes(route) {
            let detail = format!(
                "No request reaches the route {key:?}, because an origin group of CloudFront does not accept {method}. List \
                 the paths that are only read in cdn.read_paths, so that CloudFront sends all other requests to the primary \
                 region, or set cdn.origin to \"latency\"."
            );
            found.error(path, "Writes to an origin group", detail);
        }
    }
}
