//! Which requests the routes lead to the function. All others API Gateway answers itself: Not Found.

/// Whether one of `routes` leads a GET of `path` to the function.
///
/// # Source
/// Amazon API Gateway developer guide, "Create routes for HTTP APIs": a greedy variable takes what is below its route,
/// and not the route's parent.
pub(super) fn lead_to<'a>(routes: impl IntoIterator<Item = &'a String>, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    routes.into_iter().any(|key| key == "$default" || read_path(key).is_some_and(|route| matches(route, path)))
}

/// A path that one of `routes` leads to the function without a path parameter, whose values only the function knows: `/`
/// if possible. `None` when there is none.
pub(super) fn plain_path<'a>(routes: impl IntoIterator<Item = &'a String> + Clone) -> Option<&'a str> {
    if lead_to(routes.clone(), "/") {
        return Some("/");
    }
    routes.into_iter().filter_map(|key| read_path(key)).find(|path| !path.contains('{'))
}

/// The path of a route that takes GET.
fn read_path(key: &str) -> Option<&str> {
    key.split_once(' ').filter(|(method, _)| ["GET", "ANY"].contains(method)).map(|(_, path)| path)
}

fn matches(route: &str, path: &str) -> bool {
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
    fn routes_and_where_they_lead() {
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
            assert_eq!(lead_to([&key.to_owned()], path), expected, "{key} {path}");
        }
    }

    #[test]
    fn paths_to_ask_for() {
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
