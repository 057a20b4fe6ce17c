//! The requests that routes match. API Gateway answers all other requests with 404 Not Found.

/// Whether one of `routes` matches a GET request for `path`.
///
/// # Source
/// Amazon API Gateway developer guide, "Create routes for HTTP APIs": a greedy variable matches the paths
/// below its route, but not the route's parent.
pub(super) fn matches_get<'a>(routes: impl IntoIterator<Item = &'a String>, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    routes.into_iter().any(|key| key == "$default" || read_path(key).is_some_and(|route| matches_path(route, path)))
}

/// A path that one of `routes` matches without a path parameter: `/` if possible. `None` when every route has a parameter,
/// whose valid values depend on the function.
pub(super) fn plain_path<'a>(routes: impl IntoIterator<Item = &'a String> + Clone) -> Option<&'a str> {
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
}
