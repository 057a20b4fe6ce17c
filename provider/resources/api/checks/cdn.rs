//! Mistakes in `cdn`.

use super::{Found, each};
use crate::resources::api::config::{Cdn, Config};
use crate::resources::api::names::Names;
use crate::resources::api::shape::{Edge, Shape};
use crate::resources::shared::dns;
use crate::schema::Texts;
use crate::wire::Path;

/// How many path patterns a distribution accepts besides the default one.
///
/// # Source
/// Amazon CloudFront quotas: 25 cache behaviors per distribution.
const MAX_PATHS: usize = 24;

/// Mistakes in `cdn`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let Some(cdn) = config.cdn().known() else { return };
    status_codes(cdn, found);
    if let Some(paths) = cdn.read_paths().known() {
        read_paths(paths, found);
    }
    for (path, alias) in each_alias(cdn) {
        if let Some(mistake) = dns::mistake(alias) {
            found.error(path, "Invalid domain name", format!("{alias:?} cannot be an alias: {mistake}."));
        }
    }
    let Some((shape, edge)) = shape.and_then(|shape| Some((shape, shape.cdn.as_ref()?))) else { return };
    origins(shape, edge, found);
    match &shape.names {
        Some(names) => aliases(shape, names, cdn, found),
        None if cdn.aliases().known().is_some_and(|aliases| !aliases.is_empty()) => {
            let detail = "An alias needs a record and a certificate, and without a domain there is no hosted zone for them. \
                          Add a domain, or remove aliases.";
            found.error(at("aliases"), "Aliases without a domain", detail);
        }
        None => {}
    }
}

fn at(attribute: &str) -> Path {
    Path::of("cdn").attribute(attribute)
}

fn each_alias(cdn: &Cdn) -> Vec<(Path, &str)> {
    let path = at("aliases");
    cdn.aliases().known().map(|aliases| each(aliases, &path).collect()).unwrap_or_default()
}

fn status_codes(cdn: &Cdn, found: &mut Found) {
    let path = at("failover_status_codes");
    let Ok(codes) = cdn.failover_status_codes() else { return };
    if codes.is_empty() {
        let detail = "Without a status, CloudFront never uses the second region of the origin group. List at least one \
                      status, or remove failover_status_codes to use the default.";
        found.error(path.clone(), "No failover status codes", detail);
    }
    for (index, code) in codes.iter().enumerate() {
        let earlier = codes.iter().take(index).any(|earlier| earlier == code);
        if let Some(code) = code.known().filter(|_| earlier) {
            let detail = format!("The status {code} is listed twice. Remove one of the entries.");
            found.error(path.index(index), "Duplicate failover status code", detail);
        }
    }
}

fn read_paths(paths: &Texts, found: &mut Found) {
    let path = at("read_paths");
    let mut seen = Vec::new();
    for (path, pattern) in each(paths, &path) {
        let valid = pattern.starts_with(['/', '*'])
            && pattern.len() <= 255
            && pattern.chars().all(|c| c.is_ascii_alphanumeric() || "_-.*$/~\"'@:+&?".contains(c));
        if !valid {
            let detail = format!(
                "{pattern:?} is not a path pattern of CloudFront. A pattern starts with a slash; * stands for any \
                 characters and ? for one character, as in \"/public/*\"."
            );
            found.error(path, "Invalid path pattern", detail);
        } else if seen.contains(&pattern) {
            let detail = format!("{pattern:?} is listed twice. Remove one of the entries.");
            found.error(path, "Duplicate path pattern", detail);
        } else {
            seen.push(pattern);
        }
    }
    if paths.len() > MAX_PATHS {
        let detail = format!(
            "cdn.read_paths has {} path patterns, but a distribution accepts at most {MAX_PATHS}. Combine patterns with *.",
            paths.len()
        );
        found.error(path, "Too many path patterns", detail);
    }
}

fn origins(shape: &Shape, edge: &Edge, found: &mut Found) {
    let serving = shape.serving().len();
    if edge.is_group() && serving == 1 {
        let detail = "An origin group consists of two regions, but only one region is serving. Add a region, let a drained \
                      region serve, or set cdn.origin to \"latency\".";
        found.error(at("origin"), "Origin group needs two regions", detail);
    }
    if !edge.is_group() && shape.names.is_none() {
        let detail = "The origin \"latency\" is a name that Route 53 routes to the regions, and without a domain there is no \
                      such name. Add a domain, or set cdn.origin to \"group\".";
        found.error(at("origin"), "Latency origin without a domain", detail);
    }
    let Some(names) = shape.names.as_ref().filter(|names| edge.has_group() && !names.regional) else { return };
    if names.base_path.known().is_some() {
        let detail = "With this cdn, CloudFront sends requests to the default endpoints of single regions, which have no base \
                      path, so that the same request would have different paths. Set domain.regional_names = true, or \
                      remove base_path.";
        found.error(Path::of("domain").attribute("base_path"), "Base path without regional names", detail);
    }
    if shape.gateway.disabled && names.in_regions() {
        let detail = "For cdn.read_paths, CloudFront sends requests to the default endpoint of a region when the latency-routed \
                      name fails, and the default endpoints are disabled. Set domain.regional_names = true, or set \
                      disable_execute_api_endpoint = false.";
        let path = Path::of("gateway").attribute("disable_execute_api_endpoint");
        found.error(path, "Origin with a disabled endpoint", detail);
    }
}

fn aliases(shape: &Shape, names: &Names, cdn: &Cdn, found: &mut Found) {
    let is_of_regions = |alias: &str| {
        let shared = names.shared.as_deref() == Some(alias);
        shared || (names.regional && shape.regions.keys().any(|region| names.of_region(region) == alias))
    };
    let mut seen = Vec::new();
    for (path, alias) in each_alias(cdn) {
        if is_of_regions(alias) {
            let detail = format!("The name {alias} already leads to the regions. Use another name as an alias.");
            found.error(path, "Alias in use", detail);
        } else if seen.contains(&alias) {
            let detail = format!("{alias} is listed twice. Remove one of the entries.");
            found.error(path, "Duplicate alias", detail);
        } else {
            seen.push(alias);
        }
    }

    if names.arns.is_none() && names.on_cdn_certificate().is_none() {
        let detail = "The provider requests one certificate for all aliases, for one domain and the names directly below it, \
                      and no domain covers all of these aliases. Use aliases below one domain, or provide existing \
                      certificates in domain.certificate.arns, including one in us-east-1 for the aliases.";
        found.error(at("aliases"), "Aliases not covered by one certificate", detail);
    }
}
