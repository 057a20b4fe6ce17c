//! Mistakes in `gateway`.

use super::{Found, RETENTION_DAYS, each};
use crate::resources::api::config::{Config, Cors, Gateway, Throttle};
use crate::resources::api::shape::Shape;
use crate::schema::Attr;
use crate::wire::Path;

/// The methods of a route key.
const METHODS: [&str; 8] = ["ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// The methods that change something: an origin group of CloudFront does not take them.
const WRITES: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

/// Mistakes in `gateway`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    if let Some(gateway) = config.gateway.known() {
        if let Some(protocol) = gateway.protocol.known().filter(|protocol| *protocol != "http") {
            let detail = format!("{protocol:?} is not supported. Leave it out, or set it to \"http\".");
            found.error(at("protocol"), "Unsupported protocol", detail);
        }
        routes(gateway, found);
        settings(gateway, found);
    }
    if let Some(shape) = shape {
        reachable(shape, found);
        writes(config, shape, found);
    }
}

fn at(attribute: &str) -> Path {
    Path::of("gateway").attribute(attribute)
}

fn routes(gateway: &Gateway, found: &mut Found) {
    if gateway.routes.known().is_some_and(Vec::is_empty) {
        let detail = "An API without routes answers nothing. Leave routes out for every request, or name some.";
        found.error(at("routes"), "No routes", detail);
    }
    let mut seen = Vec::new();
    for (path, key) in each(&gateway.routes, &at("routes")) {
        if !is_route(key) {
            let detail = format!(
                "{key:?} is not a route key. Write \"$default\", or a method ({}) and a path: \"GET /items/{{id}}\", \
                 \"ANY /files/{{path+}}\".",
                METHODS.join(", ")
            );
            found.error(path, "Invalid route key", detail);
        } else if seen.contains(&key) {
            found.error(path, "Duplicate route", format!("{key:?} stands here twice. Keep one."));
        } else {
            seen.push(key);
        }
    }
}

/// Whether API Gateway takes a route key.
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
    let (summary, what) = ("Integration timeout out of range", "an HTTP API's timeout in milliseconds");
    found.range(&gateway.timeout_ms, &at("timeout_ms"), summary, what, 50..=30_000);
    if let Some(cors) = gateway.cors.known() {
        check_cors(cors, found);
    }
    if let Some(limit) = gateway.throttle.known() {
        throttle(limit, found);
    }
    if let Some(log) = gateway.access_log.known() {
        let path = at("access_log").attribute("retention_days");
        found.number_of(&log.retention_days, &path, "Unsupported log retention", &RETENTION_DAYS);
        if log.format.known().is_some_and(|format| format.trim().is_empty() || format.contains('\n')) {
            let detail = "The format is one line with $context variables. Leave it out for the usual ones.";
            found.error(at("access_log").attribute("format"), "Invalid access log format", detail);
        }
    }
}

fn check_cors(cors: &Cors, found: &mut Found) {
    let path = at("cors");
    let any = each(&cors.allow_origins, &path).any(|(_, origin)| origin == "*");
    if any && cors.allow_credentials == Attr::Known(true) {
        let detail = "Browsers refuse credentials for the origin \"*\", and so does API Gateway. Name the origins.";
        found.error(path.attribute("allow_credentials"), "Credentials for any origin", detail);
    }
    for (path, method) in each(&cors.allow_methods, &path.attribute("allow_methods")) {
        if method != "*" && (method == "ANY" || !METHODS.contains(&method)) {
            let detail = format!("{method:?} is not a method. Use GET, POST and so on, in capitals, or \"*\".");
            found.error(path, "Invalid CORS method", detail);
        }
    }
    let (summary, what) = ("CORS age out of range", "max_age_seconds");
    found.range(&cors.max_age_seconds, &path.attribute("max_age_seconds"), summary, what, -1..=86_400);
}

fn throttle(limit: &Throttle, found: &mut Found) {
    let path = at("throttle");
    for (attribute, missing) in [("rate", limit.rate.is_null()), ("burst", limit.burst.is_null())] {
        if missing {
            let detail = "Throttling takes both: rate, the requests in a second, and burst, the requests at once.";
            found.error(path.attribute(attribute), "Incomplete throttle", detail);
        }
    }
    if limit.rate.known().is_some_and(|rate| rate.as_str().starts_with('-') || rate.as_str() == "0") {
        let detail = "The rate is the number of requests in a second, so it is above 0.";
        found.error(path.attribute("rate"), "Throttle out of range", detail);
    }
    let what = "the number of requests at once";
    found.range(&limit.burst, &path.attribute("burst"), "Throttle out of range", what, 1..=1_000_000);
}

/// An API whose own endpoint is disabled must have another name.
fn reachable(shape: &Shape, found: &mut Found) {
    let named = shape.names.as_ref().is_some_and(|names| names.in_regions());
    if !shape.gateway.disabled || named {
        return;
    }
    let detail = if shape.names.is_some() {
        "CloudFront asks the regions one by one at their execute-api endpoints, which are disabled. Set \
         domain.regional_names = true, or leave the endpoints enabled."
    } else {
        "Without execute-api endpoints only custom domain names answer, and there is no domain. Add a domain, or leave the \
         endpoints enabled."
    };
    found.error(at("disable_execute_api_endpoint"), "Unreachable API", detail);
}

/// Where CloudFront sends everything to an origin group, no write comes through.
fn writes(config: &Config, shape: &Shape, found: &mut Found) {
    let reads_only = shape.cdn.as_ref().is_some_and(|cdn| cdn.group && cdn.read_paths.is_empty());
    let Some(gateway) = config.gateway.known().filter(|_| reads_only) else { return };
    for (path, key) in each(&gateway.routes, &at("routes")) {
        let method = key.split(' ').next().unwrap_or_default();
        if WRITES.contains(&method) {
            let detail = format!(
                "{key:?} would never be called: an origin group of CloudFront takes no {method}. Set cdn.read_paths to the \
                 paths that are only read (the others then go to the primary region), or use cdn.origin = \"latency\"."
            );
            found.error(path, "Writes to an origin group", detail);
        }
    }
}
