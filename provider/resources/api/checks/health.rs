//! Mistakes in health checks: that of every region, and those of single regions.

use std::collections::BTreeSet;

use super::{Found, each};
use crate::resources::api::config::{CheckProtocol, Config, HealthCheck, Region};
use crate::resources::api::shape::Shape;
use crate::resources::shared::checks::arn_parts;
use crate::resources::shared::function::Code;
use crate::resources::shared::{regions, routes};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Path};

/// The AWS regions of Route 53's checkers.
///
/// # Source
/// Amazon Route 53 API reference, `HealthCheckConfig`.
const CHECKERS: [&str; 8] = [
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
];
/// The smallest number of checker regions that Route 53 accepts.
const FEWEST_CHECKERS: usize = 3;
/// The port on which API Gateway accepts connections.
const HTTPS: i64 = 443;

/// Mistakes in health checks.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let routing = config.routing();
    let common = routing.as_ref().ok().and_then(|routing| routing.health_check().known());
    if let Some(check) = common {
        settings(check, found);
    }
    for (name, region) in config.known_regions() {
        of_region(name, region, common.is_some(), found);
    }
    if let Some(shape) = shape {
        if shape.health_check.is_some() && is_placed(shape, &at(), found) {
            called(shape, found);
        }
        for (name, place) in shape.regions.iter().filter(|(_, place)| place.health.is_some()) {
            if let Some(attribute) = own(&place.config).first() {
                let _ = is_placed(shape, &regions::path(name).attribute(attribute), found);
            }
        }
        threshold(shape, found);
    }
}

fn at() -> Path {
    Path::of("routing").attribute("health_check")
}

fn settings(check: &HealthCheck, found: &mut Found) {
    path(check.path().ok().as_deref(), at().attribute("path"), "Invalid health check path", found);
    if check.search_string().known().is_some_and(|text| text.is_empty() || text.len() > 255) {
        let detail = "A search string must have 1 to 255 characters. Remove search_string to accept any response.";
        found.error(at().attribute("search_string"), "Invalid search string", detail);
    }
    let protocol = check.protocol();
    if protocol == Ok(CheckProtocol::Tcp) && check.search_string().known().is_some() {
        let detail = "A TCP health check reads no response that could contain the text. Remove search_string, or set protocol \
                      to \"https\".";
        found.error(at().attribute("search_string"), "Search string with TCP", detail);
    }
    port(check, found);
    checkers(check, found);
}

/// A warning for a port on which API Gateway does not answer. Route 53 accepts it.
fn port(check: &HealthCheck, found: &mut Found) {
    let Ok(protocol) = check.protocol() else { return };
    let port = match (check.port(), protocol) {
        (Attr::Known(port), _) => *port,
        (Attr::Unknown, _) => return,
        (Attr::Null, CheckProtocol::Http) => 80,
        (Attr::Null, CheckProtocol::Https | CheckProtocol::Tcp) => HTTPS,
    };
    let attribute = if port != HTTPS {
        "port"
    } else if protocol == CheckProtocol::Http {
        "protocol"
    } else {
        return;
    };
    let detail = format!(
        "API Gateway accepts only TLS connections, and only on port {HTTPS}, so that a health check with protocol = {:?} on \
         port {port} reports every region as unhealthy. Use the protocol \"https\" or \"tcp\" on port {HTTPS}.",
        protocol.as_str()
    );
    found.0.push(Diagnostic::warning(at().attribute(attribute), "Health check cannot reach the API", detail));
}

fn checkers(check: &HealthCheck, found: &mut Found) {
    let Some(list) = check.checker_regions().known() else { return };
    let path = at().attribute("checker_regions");
    for (path, region) in each(list, &path).filter(|(_, region)| !CHECKERS.contains(region)) {
        let detail = format!("Route 53 has no checkers in {region:?}. Use some of {}.", CHECKERS.join(", "));
        found.error(path, "Unknown checker region", detail);
    }
    let distinct: BTreeSet<Option<&String>> = list.iter().map(Attr::known).collect();
    if distinct.len() < FEWEST_CHECKERS && !list.iter().any(Attr::is_unknown) {
        let detail = format!(
            "checker_regions has {} different regions, but Route 53 requires at least {FEWEST_CHECKERS}. Add regions, or \
             remove checker_regions to use the checkers of all regions.",
            distinct.len()
        );
        found.error(path, "Too few checker regions", detail);
    }
}

/// The attributes of a region that replace the health check of every region.
fn own(region: &Region) -> Vec<&'static str> {
    let attributes = [
        ("health_alarm", region.health_alarm().known().is_some()),
        ("health_check_id", region.health_check_id().known().is_some()),
        ("routing_control_arn", region.routing_control_arn().known().is_some()),
    ];
    attributes.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect()
}

fn of_region(name: &str, region: &Region, has_common: bool, found: &mut Found) {
    let path = regions::path(name);
    let own = own(region);
    let first = if has_common { Some("routing.health_check") } else { own.first().copied() };
    for attribute in own.iter().skip(usize::from(!has_common)) {
        let detail = format!(
            "A record of Route 53 has one health check, but {name} has {} and {attribute}. Remove one of them.",
            first.unwrap_or_default()
        );
        found.error(path.attribute(attribute), "Conflicting health checks", detail);
    }
    if let Some(alarm_region) = region.health_alarm().known().and_then(|alarm| alarm.region().known()) {
        found.0.extend(regions::unknown(alarm_region, path.attribute("health_alarm").attribute("region")));
    }
    if let Some(arn) = region.routing_control_arn().known().filter(|arn| !is_routing_control(arn)) {
        let detail = format!(
            "{arn:?} is not the ARN of a routing control, such as \
             arn:aws:route53-recovery-control::123456789012:controlpanel/ID/routingcontrol/ID."
        );
        found.error(path.attribute("routing_control_arn"), "Invalid routing control ARN", detail);
    }
}

fn is_routing_control(arn: &str) -> bool {
    let parts = arn_parts(arn);
    parts.is_some_and(|[_, service, _, _, resource]| {
        service == "route53-recovery-control"
            && resource.starts_with("controlpanel/")
            && resource.contains("/routingcontrol/")
    })
}

/// Whether there are records that a health check, configured at `path`, controls.
fn is_placed(shape: &Shape, path: &Path, found: &mut Found) -> bool {
    match &shape.names {
        None => {
            let detail = "A health check removes an unhealthy region from the records of a domain name, and the API has no \
                          domain. Add a domain, or remove the health check.";
            found.error(path.clone(), "Health check without a domain", detail);
            false
        }
        Some(names) if names.shared.is_none() => {
            let origin = shape.cdn.as_ref().map_or("group", |edge| edge.origin.as_str());
            let detail = format!(
                "With cdn.origin = {origin:?}, CloudFront fails over by itself, and there are no records of regions that a \
                 health check could control. Remove the health check, or set cdn.origin to \"latency\"."
            );
            found.error(path.clone(), "Health check without records", detail);
            false
        }
        Some(names) if !names.has_records() => {
            let detail = "A health check removes an unhealthy region from the records of Route 53, and without domain.zone_id \
                          the provider creates no records. Set domain.zone_id, or remove the health check and use those of \
                          your DNS service.";
            found.error(path.clone(), "Health check without records", detail);
            false
        }
        Some(_) => true,
    }
}

/// Mistakes in what a health check calls.
fn called(shape: &Shape, found: &mut Found) {
    if shape.gateway.disabled && shape.names.as_ref().is_some_and(|names| !names.regional) {
        let detail = "The health checks call the default endpoints of the regions, which are disabled, so that every region \
                      would be unhealthy. Set domain.regional_names = true, or set \
                      gateway.disable_execute_api_endpoint = false.";
        found.error(at(), "Health check with a disabled endpoint", detail);
        return;
    }
    // API Gateway answers requests that no route matches with 404 Not Found.
    let path = shape.health_check.as_ref().and_then(|check| check.config.path().ok());
    let Some(path) = path.filter(|path| is_path(path)) else { return };
    // Without functions of its own, the API serves the routes of functions that are attached to it.
    if !shape.functions.is_empty() && !routes::matches_get(shape.routes(), &path) {
        let detail = format!(
            "No route matches GET {path}, so that API Gateway would answer 404 Not Found and every region would be unhealthy. \
             Use a path that a route with GET or ANY matches, or add such a route."
        );
        found.error(at().attribute("path"), "Health check path has no route", detail);
    }
    let its = routes::route_of_get(shape.routes(), &path);
    let protects = |code: &Code| code.has_known_protection() && its.is_some_and(|key| code.protected.contains(key));
    let is_http = shape.health_check.as_ref().is_some_and(|check| check.protocol != CheckProtocol::Tcp);
    if is_http && shape.functions.iter().any(protects) {
        let detail = format!(
            "The route that matches GET {path} needs authorization or an API key, which the health checkers do not send, so that \
             API Gateway would refuse them and every region would be unhealthy. Use the path of a route without an authorizer."
        );
        found.error(at().attribute("path"), "Health check path is protected", detail);
    }
}

/// Route 53 accepts a threshold above the number of children, and the health check is never healthy.
fn threshold(shape: &Shape, found: &mut Found) {
    let threshold = shape.health_check.as_ref().and_then(|check| check.calculated.as_ref()?.known().copied());
    let secondaries = shape.secondaries().len();
    let (what, children) =
        if secondaries > 0 { ("secondary", secondaries) } else { ("serving", shape.serving().len()) };
    let Some(threshold) = threshold.filter(|threshold| usize::try_from(*threshold).is_ok_and(|least| least > children))
    else {
        return;
    };
    let detail = format!(
        "The health check over the regions is healthy only while {threshold} of its regions are, but it has {children} \
         {what} {}, so that it would never be healthy. Use a threshold of at most {children}.",
        if children == 1 { "region" } else { "regions" }
    );
    found.error(at().attribute("calculated").attribute("threshold"), "Threshold too high", detail);
}

/// An error at `at` when `text`, if it is known, cannot be the path of a request.
pub(super) fn path(text: Option<&str>, at: Path, summary: &'static str, found: &mut Found) {
    if let Some(text) = text.filter(|text| !is_path(text)) {
        let detail = format!(
            "{text:?} is not a path. Use at most 255 characters without spaces, starting with a slash, as in \"/health\"."
        );
        found.error(at, summary, detail);
    }
}

/// Whether a text can be the path of a request.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.len() <= 255 && !path.contains(char::is_whitespace)
}
