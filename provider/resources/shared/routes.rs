//! Route keys, and the requests that routes match. API Gateway answers all other requests with 404 Not Found.

use std::cmp::Reverse;

use super::checks::{Found, each};
use crate::schema::Texts;
use crate::wire::Path;

/// The methods of a route key.
pub(crate) const METHODS: [&str; 8] = ["ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Mistakes in the list of route keys at `path`.
pub(crate) fn check(keys: &Texts, path: &Path, found: &mut Found) {
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

/// A route key without the names of its path parameters, which do not distinguish requests.
pub(crate) fn without_names(key: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix('{') {
        Some(name) if name.ends_with("+}") => "{+}".to_owned(),
        Some(_) => "{}".to_owned(),
        None => segment.to_owned(),
    };
    key.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Whether one of `routes` matches a GET request for `path`.
///
/// # Source
/// Amazon API Gateway developer guide, "Create routes for HTTP APIs": a greedy variable matches the paths
/// below its route, but not the route's parent.
pub(crate) fn matches_get<'a>(routes: impl IntoIterator<Item = &'a String>, path: &str) -> bool {
    route_of_get(routes, path).is_some()
}

/// The one of `routes` that receives a GET request for `path`: a full path before a greedy one, and `$default` last.
pub(crate) fn route_of_get<'a>(routes: impl IntoIterator<Item = &'a String>, path: &str) -> Option<&'a String> {
    let path = path.split('?').next().unwrap_or_default();
    let rank = |key: &String| {
        if key == "$default" {
            return Some((2, Reverse(0), true));
        }
        let route = read_path(key).filter(|route| matches_path(route, path))?;
        let literals = route.split('/').filter(|segment| !segment.starts_with('{')).count();
        Some((u8::from(route.ends_with("+}")), Reverse(literals), key.starts_with("ANY ")))
    };
    routes.into_iter().filter_map(|key| Some((rank(key)?, key))).min().map(|(_, key)| key)
}

/// A path that one of `routes` matches without a path parameter: `/` if possible. `None` when every route has a parameter,
/// whose valid values depend on the function.
pub(crate) fn plain_path<'a>(routes: impl IntoIterator<Item = &'a String> + Clone) -> Option<&'a str> {
    if matches_get(routes.clone(), "/") {
        return Some("/");
    }
    routes.into_iter().filter_map(|key| read_path(key)).find(|path| !path.contains('{'))
}

/// The path of a route that accepts GET.
fn read_path(key: &str) -> Option<&str> {
    key.split_once(' ').filter(|(method, _)| ["GET", "ANY"].contains(method)).map(|(_, path)| path)
}

fn matches_path(route: &str, path: &str) -> bool {
    let mut given = path.split('/');
    for segment in route.split('/') {
        let Some(part) = given.next() else { return false };
        let variable = segment.starts_with('{');
        if variable && part.is_empty() || !variable && part != segment {
            return false;
        }
        if variable && segment.ends_with("+}") {
            return true;
        }
    }
    given.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_and_the_paths_that_they_match() {
        for (key, path, expected) in [
            ("$default", "/any/thing", true),
            ("GET /", "/", true),
            ("GET /", "/?deep=1", true),
            ("ANY /items", "/items", true),
            ("POST /items", "/items", false),
            ("GET /items", "/", false),
            ("GET /items", "/items/1", false),
            ("GET /items/{id}", "/items/1", true),
            ("GET /items/{id}", "/items", false),
            ("GET /items/{id}", "/items/", false),
            ("GET /items/{id}/parts", "/items/1/parts", true),
            ("GET /{proxy+}", "/a/b", true),
            ("GET /{proxy+}", "/", false),
        ] {
            assert_eq!(matches_get([&key.to_owned()], path), expected, "{key} {path}");
        }
    }

    #[test]
    fn the_most_specific_route_receives_a_request() {
        let keys =
            ["$default", "ANY /{proxy+}", "GET /items/{id}", "ANY /items/all", "GET /items/all"].map(str::to_owned);
        for (path, expected) in [
            ("/", "$default"),
            ("/items", "ANY /{proxy+}"),
            ("/items/7", "GET /items/{id}"),
            ("/items/all?x=1", "GET /items/all"),
        ] {
            assert_eq!(route_of_get(&keys, path).map(String::as_str), Some(expected), "{path}");
        }
    }

    #[test]
    fn paths_without_a_parameter() {
        for (keys, expected) in [
            (vec!["GET /items", "$default"], Some("/")),
            (vec!["ANY /", "GET /items"], Some("/")),
            (vec!["GET /items/{id}", "POST /orders", "GET /status"], Some("/status")),
            (vec!["GET /items/{id}", "POST /orders"], None),
        ] {
            let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
            assert_eq!(plain_path(&keys), expected, "{keys:?}");
        }
    }

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
