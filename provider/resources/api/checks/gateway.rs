//! Mistakes in `gateway`.

use super::{Found, each};
use crate::resources::api::config::{Config, Cors, Gateway, Throttle};
use crate::resources::api::shape::Shape;
use crate::schema::{Attr, Texts};
use crate::wire::Path;

/// The methods of a route key.
const METHODS: [&str; 8] = ["ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// The methods of writes, which an origin group of CloudFront does not accept.
const WRITES: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

/// Mistakes in `gateway`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let Ok(gateway) = config.gateway() else { return };
    let keys = gateway.routes().unwrap_or_default();
    if gateway.routes.known().is_some_and(Vec::is_empty) {
        let detail = "An API without routes answers every request with 404 Not Found. Add a route, or remove gateway.routes \
                      to route every request to the function.";
        found.error(at("routes"), "No routes", detail);
    }
    routes(&keys, found);
    settings(&gateway, found);
    if let Some(shape) = shape {
        reachable(shape, found);
        writes(&keys, shape, found);
    }
}

fn at(attribute: &str) -> Path {
    Path::of("gateway").attribute(attribute)
}

fn routes(keys: &Texts, found: &mut Found) {
    let mut seen = Vec::new();
    for (path, key) in each(keys, &at("routes")) {
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

fn settings(gateway: &Gateway, found: &mut Found) {
    if let Some(cors) = gateway.cors().known() {
        check_cors(cors, found);
    }
    if let Some(limit) = gateway.throttle().known() {
        throttle(limit, found);
    }
    let format = gateway.access_log().known().and_then(|log| log.format().ok());
    if format.is_some_and(|format| format.trim().is_empty() || format.contains('\n')) {
        let detail = "The format must be one line with $context variables. Remove format to use the default.";
        found.error(at("access_log").attribute("format"), "Invalid access log format", detail);
    }
}

fn check_cors(cors: &Cors, found: &mut Found) {
    let path = at("cors");
    let is_any = |origin: &Attr<String>| origin.known().is_some_and(|origin| origin == "*");
    let any = cors.allow_origins().known().is_some_and(|origins| origins.iter().any(is_any));
    if any && cors.allow_credentials() == Ok(true) {
        let detail = "API Gateway does not allow credentials for the origin \"*\". List the origins, or set \
                      allow_credentials = false.";
        found.error(path.attribute("allow_credentials"), "Credentials for any origin", detail);
    }
    let Some(methods) = cors.allow_methods().known() else { return };
    for (path, method) in each(methods, &path.attribute("allow_methods")) {
        if method != "*" && (method == "ANY" || !METHODS.contains(&method)) {
            let detail =
                format!("{method:?} is not an HTTP method. Use capitals, as in \"GET\", or \"*\" for every method.");
            found.error(path, "Invalid CORS method", detail);
        }
    }
}

fn throttle(limit: &Throttle, found: &mut Found) {
    let path = at("throttle");
    for (attribute, missing) in [("rate", limit.rate().is_null()), ("burst", limit.burst().is_null())] {
        if missing {
            let detail = "Throttling needs both rate, the requests per second, and burst, the requests at the same moment. Set both.";
            found.error(path.attribute(attribute), "Incomplete throttle", detail);
        }
    }
}

/// An API with disabled default endpoints needs custom domain names.
fn reachable(shape: &Shape, found: &mut Found) {
    let named = shape.names.as_ref().is_some_and(|names| names.in_regions());
    if !shape.gateway.disabled || named {
        return;
    }
    let detail = if shape.names.is_some() {
        "CloudFront sends requests to the default endpoints of single regions, which are disabled. Set \
         domain.regional_names = true, or set disable_execute_api_endpoint = false."
    } else {
        "With disabled default endpoints, the API is reachable only at custom domain names, and it has no domain. Add a \
         domain, or set disable_execute_api_endpoint = false."
    };
    found.error(at("disable_execute_api_endpoint"), "Unreachable API", detail);
}

/// When CloudFront sends every request to an origin group, no write reaches the API.
fn writes(keys: &Texts, shape: &Shape, found: &mut Found) {
    let Some(edge) = shape.cdn.as_ref().filter(|edge| edge.default_reads()) else { return };
    for (path, key) in each(keys, &at("routes")) {
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
