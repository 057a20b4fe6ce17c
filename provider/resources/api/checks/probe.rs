//! Mistakes in the request that every region must answer.

use super::health::{self, is_path};
use super::{Found, each};
use crate::components::execute_api::expected::{SEARCHED_BYTES, range};
use crate::resources::api::config::{Config, Probe};
use crate::resources::api::shape::Shape;
use crate::resources::shared::routes;
use crate::wire::{Diagnostic, Path};

/// Mistakes in `routing.probe`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let routing = config.routing().unwrap_or_default();
    let Some(probe) = routing.probe().known() else { return };
    if probe.enabled() == Ok(false) {
        let detail = "The provider sends no request to a region before the region receives traffic, so that clients may be the \
                      first to notice an API that does not answer. To accept other responses instead, set statuses.";
        found.0.push(Diagnostic::warning(at().attribute("enabled"), "Regions are not probed", detail));
    }
    health::path(probe.path().known().map(String::as_str), at().attribute("path"), "Invalid probe path", found);
    statuses(probe, found);
    if probe.search_string().known().is_some_and(|text| text.is_empty() || text.len() > SEARCHED_BYTES) {
        let detail =
            format!("A search string must have 1 to {SEARCHED_BYTES} bytes. Remove search_string to accept any body.");
        found.error(at().attribute("search_string"), "Invalid search string", detail);
    }
    if let Some(shape) = shape {
        routed(probe, shape, found);
    }
}

fn at() -> Path {
    Path::of("routing").attribute("probe")
}

fn statuses(probe: &Probe, found: &mut Found) {
    let Some(list) = probe.statuses().known() else { return };
    let path = at().attribute("statuses");
    if list.is_empty() {
        let detail = "Without any status, no response would count as an answer. Add statuses such as \"200-399\", or remove \
                      statuses to use the default.";
        found.error(path, "No statuses", detail);
        return;
    }
    for (path, text) in each(list, &path).filter(|(_, text)| range(text).is_none()) {
        let detail = format!(
            "{text:?} is neither an HTTP status nor a range of them. Use a number from 100 to 599, such as \"401\", or a range, \
             such as \"200-399\"."
        );
        found.error(path, "Invalid status", detail);
    }
}

/// Mistakes in the path of an API with functions: the functions that are attached to it are not known here.
fn routed(probe: &Probe, shape: &Shape, found: &mut Found) {
    let Some(path) = probe.path().known().filter(|path| is_path(path) && !shape.functions.is_empty()) else { return };
    let Some(route) = routes::route_of_get(shape.routes(), path) else {
        let detail = format!(
            "No route of the API's own functions matches GET {path}, so that API Gateway would answer 404 Not Found, and no \
             region would receive traffic. Use a path that a route with GET or ANY matches, or add such a route."
        );
        found.error(at().attribute("path"), "Probe path has no route", detail);
        return;
    };
    let is_protected = shape.functions.iter().any(|code| code.has_known_protection() && code.protected.contains(route));
    if is_protected && probe.statuses().is_null() && shape.health_check.is_some() {
        let detail = format!(
            "The route that matches GET {path} needs authorization or an API key, which the provider does not send, and the \
             health check makes it expect a status from 200 to 399. Use the path of a route without an authorizer, or add the \
             status of the refusal: statuses = [\"401\", \"403\"]."
        );
        found.error(at().attribute("path"), "Probe path is protected", detail);
    }
}
