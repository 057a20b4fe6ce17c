//! Mistakes in `domain` and `routing`.

use std::collections::BTreeSet;

use super::Found;
use crate::components::cloudfront::distribution;
use crate::resources::api::LIMITS;
use crate::resources::api::config::{Certificate, Config, Domain, Routing};
use crate::resources::api::names::Names;
use crate::resources::api::routes;
use crate::resources::api::shape::{Shape, plain};
use crate::resources::shared::timeouts::{self, Timeouts};
use crate::resources::shared::{dns, regions};
use crate::schema::Attr;
use crate::wire::Path;

/// How long the name may be that a certificate is requested for.
const CERTIFICATE_NAME: usize = 64;

/// Mistakes in `domain` and `routing`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    if let Some(given) = config.domain.known() {
        domain(given, found);
    }
    if let Some(given) = config.routing.known() {
        routing(given, found);
        drain(given, &config.timeouts, found);
    }
    if let Some(shape) = shape {
        health_check(shape, found);
        if let (Some(names), Some(domain)) = (&shape.names, config.domain.known()) {
            certificates(shape, names, domain.certificate.known(), found);
        }
    }
}

fn at(attribute: &str) -> Path {
    Path::of("domain").attribute(attribute)
}

fn domain(domain: &Domain, found: &mut Found) {
    if let Some((name, mistake)) = domain.name.known().and_then(|name| Some((name, dns::mistake(name)?))) {
        let detail = format!("{name:?} cannot be the API's name: {mistake}.");
        found.error(at("name"), "Invalid domain name", detail);
    }
    let is_id = |id: &String| (1..=32).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric());
    if let Some(id) = domain.zone_id.known().filter(|id| !is_id(id)) {
        let detail = format!("{id:?} is not the id of a hosted zone: Z0123456789ABCDEFGHIJ is expected.");
        found.error(at("zone_id"), "Invalid zone id", detail);
    }
    let is_path = |path: &String| {
        !path.is_empty() && path.split('/').all(|part| !part.is_empty() && part.chars().all(is_path_character))
    };
    if let Some(path) = domain.base_path.known().filter(|path| !is_path(path)) {
        let detail = format!(
            "{path:?} cannot stand before every path. Write it without a slash at its ends, of letters, digits and \
             $-_.+!*'(): \"v1\". Leave it out for none."
        );
        found.error(at("base_path"), "Invalid base path", detail);
    }
    for (region, arn) in domain.certificate.known().and_then(|given| given.arns.known()).into_iter().flatten() {
        certificate_arn(region, arn, found);
    }
}

fn is_path_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "$-_.+!*'()".contains(c)
}

fn certificate_arn(region: &str, arn: &Attr<String>, found: &mut Found) {
    let path = at("certificate").attribute("arns").key(region);
    if regions::partition(region).is_none() {
        let hint = regions::nearest(region).map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
        found.error(path, "Unknown region", format!("AWS has no region {region:?}.{hint}"));
        return;
    }
    let Some(arn) = arn.known() else { return };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "acm", its, _, resource] if resource.starts_with("certificate/") => {
            if *its != region {
                let detail = format!(
                    "The certificate is in {its}, but a domain name takes one of its own region. Request or import it in \
                     {region}, too."
                );
                found.error(path, "Certificate of another region", detail);
            }
        }
        _ => {
            let detail = format!(
                "{arn:?} is not the ARN of a certificate: arn:aws:acm:{region}:123456789012:certificate/ID is expected."
            );
            found.error(path, "Invalid certificate ARN", detail);
        }
    }
}

fn certificates(shape: &Shape, names: &Names, given: Option<&Certificate>, found: &mut Found) {
    let path = at("certificate");
    let wildcard = given.map_or(&Attr::Null, |given| &given.wildcard);
    if let Some(arns) = &names.arns {
        if *wildcard == Attr::Known(true) {
            let detail = "wildcard says what we request, arns that nothing is to be requested. Keep one of them.";
            found.error(path.attribute("wildcard"), "Conflicting certificate arguments", detail);
        }
        let in_regions = shape.regions.keys().map(String::as_str).filter(|_| names.in_regions());
        let needed: BTreeSet<&str> =
            in_regions.chain(shape.cdn.as_ref().map(|_| distribution::CERTIFICATE_REGION)).collect();
        for region in needed.into_iter().filter(|region| arns.get(*region).is_none_or(Attr::is_null)) {
            let detail = format!(
                "There is no certificate for {region}, where {} needs one of that region. Add arns[{region:?}], or leave \
                 arns out to have certificates requested.",
                if shape.regions.contains_key(region) { "a domain name" } else { "CloudFront" }
            );
            found.error(path.attribute("arns"), "Certificate missing for a region", detail);
        }
        return;
    }
    if *wildcard == Attr::Known(false) && names.wildcard {
        let detail = format!(
            "Names directly below {0} are needed ({1}), which only a certificate for *.{0} covers. Leave wildcard out, or \
             set it to true.",
            names.name,
            if names.regional { "domain.regional_names" } else { "the latency name behind cdn" }
        );
        found.error(path.attribute("wildcard"), "Certificate must be a wildcard", detail);
    }
    if names.name.len() > CERTIFICATE_NAME {
        let detail = format!(
            "The name has {} characters; ACM makes certificates for names of up to {CERTIFICATE_NAME}. Take a shorter one, \
             or bring certificates along in domain.certificate.arns.",
            names.name.len()
        );
        found.error(at("name"), "Name too long for a certificate", detail);
    }
}

fn routing(routing: &Routing, found: &mut Found) {
    let path = Path::of("routing");
    let policies = ["latency", "failover", "weighted"];
    found.choice(&routing.policy, &path.attribute("policy"), "Unsupported routing policy", &policies);
    let (summary, what) = ("Drain time out of range", "drain_seconds");
    found.range(&routing.drain_seconds, &path.attribute("drain_seconds"), summary, what, 0..=86_400);
    let Some(check) = routing.health_check.known() else { return };
    let path = path.attribute("health_check");
    if let Some(text) = check.path.known().filter(|path| !is_path(path)) {
        let detail = format!("{text:?} is not a path: \"/health\" is expected, with at most 255 characters.");
        found.error(path.attribute("path"), "Invalid health check path", detail);
    }
    let summary = "Unsupported health check interval";
    found.number_of(&check.interval_seconds, &path.attribute("interval_seconds"), summary, &[10, 30]);
    let (summary, what) = ("Failure threshold out of range", "failure_threshold");
    found.range(&check.failure_threshold, &path.attribute("failure_threshold"), summary, what, 1..=10);
    if check.search_string.known().is_some_and(|text| text.is_empty() || text.len() > 255) {
        let detail = "The text to look for has 1 to 255 characters. Leave it out to look for none.";
        found.error(path.attribute("search_string"), "Invalid search string", detail);
    }
}

/// An update waits out the drain period before it deletes a region. A destroy of the API does not wait.
fn drain(routing: &Routing, timeouts: &Attr<Timeouts>, found: &mut Found) {
    let Some(drain) = routing.drain_seconds.known().and_then(|seconds| u64::try_from(*seconds).ok()) else { return };
    let Some(limit) = timeouts::update(timeouts, LIMITS).map(|limit| limit.as_secs()) else { return };
    if drain < limit {
        return;
    }
    let detail = format!(
        "A region that is removed is deleted {drain} seconds after its record, but the update timeout ends the apply after \
         {limit} seconds. Shorten drain_seconds, or set timeouts.update to more than {drain} seconds."
    );
    let path = Path::of("routing").attribute("drain_seconds");
    found.error(path, "Drain period longer than the timeout", detail);
}

fn health_check(shape: &Shape, found: &mut Found) {
    if shape.health_check.is_none() {
        return;
    }
    let path = Path::of("routing").attribute("health_check");
    match &shape.names {
        None => {
            let detail = "A health check takes a region out of the records of a domain name, and there is no domain. Add \
                          one, or leave the health check out.";
            found.error(path, "Health check without a domain", detail);
        }
        Some(names) if names.shared.is_none() => {
            let detail = "With cdn.origin = \"group\" CloudFront itself fails over, by the answers it gets; no record leads \
                          to the regions that a health check could take out. Leave it out, or use cdn.origin = \
                          \"latency\".";
            found.error(path, "Health check without records", detail);
        }
        Some(names) if shape.gateway.disabled && !names.regional => {
            let detail = "A health check asks each region at its execute-api endpoint, which is disabled, so all regions \
                          would be taken for ill. Set domain.regional_names = true, or leave the endpoints enabled.";
            found.error(path, "Health check of a disabled endpoint", detail);
        }
        Some(_) => routed(shape, path.attribute("path"), found),
    }
}

/// A path that no route leads to is answered by API Gateway itself: Not Found.
fn routed(shape: &Shape, at: Path, found: &mut Found) {
    let path = shape.health_check.as_ref().and_then(|check| plain(&check.config.path, "/".to_owned()));
    let Some(path) = path.filter(|path| is_path(path)) else { return };
    if !routes::lead_to(&shape.gateway.routes, &path) {
        let detail = format!(
            "No route leads a GET of {path:?} to the function, so API Gateway would answer Not Found and every region would \
             be taken for ill. Choose a path that a route with GET or ANY leads to, or add one to gateway.routes."
        );
        found.error(at, "Health check path has no route", detail);
    }
}

fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.len() <= 255 && !path.contains(char::is_whitespace)
}
