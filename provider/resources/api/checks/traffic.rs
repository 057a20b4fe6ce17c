//! Mistakes in `domain` and in the drain period.

use std::collections::BTreeSet;

use super::{Found, each};
use crate::components::cloudfront::distribution;
use crate::components::route53::record;
use crate::desired::Input;
use crate::resources::api::config::{Certificate, Config, Domain, KeyAlgorithm, Policy, Routing};
use crate::resources::api::names::Names;
use crate::resources::api::shape::Shape;
use crate::resources::shared::checks::arn_parts;
use crate::resources::shared::{dns, regions};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Path};

/// The longest domain name, in characters, for which ACM issues a certificate.
///
/// # Source
/// AWS Certificate Manager user guide, "Quotas".
const MAX_CERTIFICATE_NAME: usize = 64;
/// The largest number of names on a certificate to which AWS raises the quota of 10.
///
/// # Source
/// AWS Certificate Manager user guide, "Quotas".
const MAX_CERTIFICATE_NAMES: usize = 100;
/// The default quota.
const DEFAULT_CERTIFICATE_NAMES: usize = 10;

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
        if let (Some(names), Some(given)) = (&shape.names, config.domain().known()) {
            additional(shape, names, given, found);
            private_zone(shape, names, found);
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
    let path = at("additional_names");
    for (path, name) in domain.additional_names().known().into_iter().flat_map(|names| each(names, &path)) {
        if let Some(mistake) = dns::mistake_in_pattern(name) {
            let detail = format!("{name:?} cannot be a name of the API: {mistake}.");
            found.error(path, "Invalid domain name", detail);
        }
    }
    let is_id = |id: &String| (1..=32).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric());
    for (attribute, id) in [("zone_id", domain.zone_id()), ("private_zone_id", domain.private_zone_id())] {
        if let Some(id) = id.known().filter(|id| !is_id(id)) {
            let detail = format!("{id:?} is not the id of a hosted zone, such as Z0123456789ABCDEFGHIJ.");
            found.error(at(attribute), "Invalid zone id", detail);
        }
    }
    if domain.private_zone_id().known().is_some_and(|private| domain.zone_id().known() == Some(private)) {
        let detail = "zone_id and private_zone_id are the same zone, but a hosted zone is either public or private. Use the id \
                      of a private hosted zone of the same domain, or remove private_zone_id.";
        found.error(at("private_zone_id"), "Same zone twice", detail);
    }
    if domain.replaces().is_ok_and(|replaces| replaces)
        && domain.zone_id().is_null()
        && domain.private_zone_id().is_null()
    {
        let detail = "Without zone_id and private_zone_id, the provider creates no records, so replaces has no effect. Add the id \
                      of the hosted zone, or remove replaces.";
        found.error(at("replaces"), "No records to replace", detail);
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

/// In private zones, Route 53 supports all policies of an API but one, and no records that lead to CloudFront.
fn private_zone(shape: &Shape, names: &Names, found: &mut Found) {
    // An unknown id may still turn out to be null.
    if names.private_zone_id.as_ref().and_then(Input::known).is_none() {
        return;
    }
    if names.shared.is_some() && shape.policy == Policy::IpBased {
        let detail = "Route 53 does not support IP-based routing in private hosted zones. Use another routing.policy, or remove \
                      private_zone_id.";
        found.error(at("private_zone_id"), "Routing policy not supported in private zones", detail);
    }
    if shape.cdn.is_some() && names.aliases.contains(&names.name) {
        let detail = format!(
            "CloudFront serves {}, and Route 53 does not support records that lead to a distribution in private hosted zones. \
             Clients in the zone's VPCs could not resolve the name. Remove private_zone_id, or remove cdn.",
            names.name
        );
        found.error(at("private_zone_id"), "CloudFront not supported in private zones", detail);
    }
}

/// An additional name leads to the API, once, and is none of the names that the provider uses itself.
fn additional(shape: &Shape, names: &Names, given: &Domain, found: &mut Found) {
    let Some(list) = given.additional_names().known() else { return };
    let routed = names.shared.iter().chain(names.routed());
    let secondary = routed.filter(|_| !shape.secondaries().is_empty()).map(|name| record::secondary_name(name));
    let regional = shape.regions.keys().filter(|_| names.regional).map(|region| names.of_region(region));
    let shared = names.shared.iter().filter(|shared| **shared != names.name).cloned();
    let used: BTreeSet<String> = secondary.chain(regional).chain(shared).collect();
    let mut seen = BTreeSet::from([names.name.as_str()]);
    for (path, name) in each(list, &at("additional_names")) {
        if !seen.insert(name) {
            let detail = format!("{name} is already a name of the API. Remove it from additional_names.");
            found.error(path, "Duplicate name", detail);
        } else if used.contains(name) {
            let detail = format!(
                "{name} is a name that the provider creates for the regions of the API. Use another additional name."
            );
            found.error(path, "Name in use", detail);
        } else if names.shared.is_none() && !names.aliases.iter().any(|alias| alias == name) {
            let detail = format!(
                "With cdn.origin = \"group\", only CloudFront serves names, and cdn.aliases does not contain {name}. Add \
                 the name to cdn.aliases, or remove it."
            );
            found.error(path, "Name is not served", detail);
        }
    }
    let count = names.on_certificate().len();
    if names.arns.is_none() && count > MAX_CERTIFICATE_NAMES {
        let detail = format!(
            "The certificates would cover {count} names, but ACM issues certificates for at most {MAX_CERTIFICATE_NAMES}. Use \
             fewer names, a wildcard, or existing certificates in domain.certificate.arns."
        );
        found.error(at("additional_names"), "Too many names for a certificate", detail);
    } else if names.arns.is_none() && count > DEFAULT_CERTIFICATE_NAMES {
        let detail = format!(
            "The certificates cover {count} names. By default, ACM accepts {DEFAULT_CERTIFICATE_NAMES} for each certificate. \
             Check that the quota \"Domain names per ACM certificate\" is higher in every region."
        );
        found.0.push(Diagnostic::warning(at("additional_names"), "Certificates may exceed a quota", detail));
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
    if given.key_algorithm() == Ok(KeyAlgorithm::EcP384) && shape.cdn.is_some() {
        let detail = "CloudFront does not support certificates with the key algorithm EC_secp384r1, and it serves the names of \
                      the API. Use EC_prime256v1 or RSA_2048.";
        found.error(path.clone().attribute("key_algorithm"), "Key algorithm not supported by CloudFront", detail);
    }
    if let Some(arns) = &names.arns {
        for (attribute, is_set) in [
            ("key_algorithm", given.key_algorithm.known().is_some()),
            ("validation", given.validation.known().is_some()),
        ] {
            if is_set {
                let detail = format!(
                    "{attribute} applies to certificates that the provider requests, but arns names existing certificates. \
                     Remove one of them."
                );
                found.error(path.clone().attribute(attribute), "Conflicting certificate arguments", detail);
            }
        }
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
