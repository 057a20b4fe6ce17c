//! Mistakes in `domain` and in the drain period.

use std::collections::BTreeSet;

use super::Found;
use crate::components::cloudfront::distribution;
use crate::resources::api::config::{Certificate, Config, Domain, Routing};
use crate::resources::api::names::Names;
use crate::resources::api::shape::Shape;
use crate::resources::shared::checks::arn_parts;
use crate::resources::shared::{dns, regions};
use crate::schema::Attr;
use crate::wire::Path;

/// The longest domain name, in characters, for which ACM issues a certificate.
///
/// # Source
/// AWS Certificate Manager user guide, "Quotas".
const MAX_CERTIFICATE_NAME: usize = 64;

/// Mistakes in `domain` and in the drain period.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    if let Some(given) = config.domain().known() {
        domain(given, found);
    }
    if let Ok(given) = config.routing() {
        drain(&given, config, found);
    }
    if let Some(shape) = shape {
        let certificate = config.domain().known().and_then(|domain| domain.certificate().ok());
        if let (Some(names), Some(certificate)) = (&shape.names, certificate) {
            certificates(shape, names, &certificate, found);
        }
    }
}

fn at(attribute: &str) -> Path {
    Path::of("domain").attribute(attribute)
}

fn domain(domain: &Domain, found: &mut Found) {
    if let Some((name, mistake)) = domain.name().ok().and_then(|name| Some((name, dns::mistake(name)?))) {
        let detail = format!("{name:?} cannot be the domain name of the API: {mistake}.");
        found.error(at("name"), "Invalid domain name", detail);
    }
    let is_id = |id: &String| (1..=32).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric());
    if let Some(id) = domain.zone_id().ok().filter(|id| !is_id(id)) {
        let detail = format!("{id:?} is not the id of a hosted zone, such as Z0123456789ABCDEFGHIJ.");
        found.error(at("zone_id"), "Invalid zone id", detail);
    }
    let is_path = |path: &String| {
        !path.is_empty() && path.split('/').all(|part| !part.is_empty() && part.chars().all(is_path_character))
    };
    if let Some(path) = domain.base_path().known().filter(|path| !is_path(path)) {
        let detail = format!(
            "{path:?} is not a base path. Use letters, digits and $-_.+!*'(), without a slash at the beginning and at the end, \
             as in \"v1\". Remove base_path to serve the API at the root."
        );
        found.error(at("base_path"), "Invalid base path", detail);
    }
    let certificate = domain.certificate().unwrap_or_default();
    for (region, arn) in certificate.arns().known().into_iter().flatten() {
        certificate_arn(region, arn, found);
    }
}

fn is_path_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "$-_.+!*'()".contains(c)
}

fn certificate_arn(region: &str, arn: &Attr<String>, found: &mut Found) {
    let path = at("certificate").attribute("arns").key(region);
    if let Some(error) = regions::unknown(region, path.clone()) {
        found.0.push(error);
        return;
    }
    let Some(arn) = arn.known() else { return };
    match arn_parts(arn) {
        Some([_, "acm", its, _, resource]) if resource.starts_with("certificate/") => {
            if its != region {
                let detail = format!(
                    "The certificate is in {its}, but a domain name in {region} needs a certificate there. Request or import \
                     one in {region}, and use its ARN."
                );
                found.error(path, "Certificate in another region", detail);
            }
        }
        _ => {
            let detail = format!(
                "{arn:?} is not the ARN of an ACM certificate, such as arn:aws:acm:{region}:123456789012:certificate/ID."
            );
            found.error(path, "Invalid certificate ARN", detail);
        }
    }
}

fn certificates(shape: &Shape, names: &Names, given: &Certificate, found: &mut Found) {
    let path = at("certificate");
    let wildcard = given.wildcard();
    if let Some(arns) = &names.arns {
        if *wildcard == Attr::Known(true) {
            let detail = "wildcard applies to certificates that the provider requests, but arns names existing certificates. Remove \
                          one of them.";
            found.error(path.attribute("wildcard"), "Conflicting certificate arguments", detail);
        }
        let in_regions = shape.regions.keys().map(String::as_str).filter(|_| names.in_regions());
        let needed: BTreeSet<&str> =
            in_regions.chain(shape.cdn.as_ref().map(|_| distribution::CERTIFICATE_REGION)).collect();
        for region in needed.into_iter().filter(|region| arns.get(*region).is_none_or(Attr::is_null)) {
            let detail = format!(
                "{} in {region} needs a certificate there, and arns has none. Add arns[{region:?}], or remove arns to let the \
                 provider request certificates.",
                if shape.regions.contains_key(region) { "The domain name" } else { "CloudFront" }
            );
            found.error(path.attribute("arns"), "Certificate missing for a region", detail);
        }
        return;
    }
    if *wildcard == Attr::Known(false) && names.wildcard {
        let detail = format!(
            "{1} uses names directly below {0}, which only a certificate for *.{0} covers. Remove wildcard, or set it to true.",
            names.name,
            if names.regional { "domain.regional_names" } else { "cdn.origin = \"latency\"" }
        );
        found.error(path.attribute("wildcard"), "Certificate must be a wildcard", detail);
    }
    if names.name.len() > MAX_CERTIFICATE_NAME {
        let detail = format!(
            "The name has {} characters, but ACM issues certificates for names of at most {MAX_CERTIFICATE_NAME}. Use a \
             shorter name, or provide existing certificates in domain.certificate.arns.",
            names.name.len()
        );
        found.error(at("name"), "Name too long for a certificate", detail);
    }
}

/// An update waits for the drain period before it deletes a region. A destroy of the API does not wait. The default drain
/// period is accepted with any timeout, because an API may never remove a region.
fn drain(routing: &Routing, config: &Config, found: &mut Found) {
    let Some(drain) = routing.drain_seconds.known().and_then(|seconds| u64::try_from(*seconds).ok()) else { return };
    let Ok(limit) = config.timeouts().and_then(|timeouts| timeouts.update()).map(|limit| limit.get().as_secs()) else {
        return;
    };
    if drain < limit {
        return;
    }
    let detail = format!(
        "When a region is removed, the provider waits {drain} seconds before it deletes the region's objects, but an update \
         times out after {limit} seconds. Reduce drain_seconds, or set timeouts.update to more than {drain} seconds."
    );
    let path = Path::of("routing").attribute("drain_seconds");
    found.error(path, "Drain period longer than the timeout", detail);
}
