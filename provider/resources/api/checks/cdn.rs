//! Mistakes in `cdn`.

use super::{Found, each};
use crate::resources::api::config::{Cdn, Config};
use crate::resources::api::names::Names;
use crate::resources::api::shape::{Edge, Shape};
use crate::resources::shared::dns;
use crate::wire::Path;

/// The statuses that an origin group can fail over on.
///
/// # Source
/// Amazon CloudFront API reference, `OriginGroupFailoverCriteria`.
const STATUS_CODES: [i64; 8] = [403, 404, 416, 429, 500, 502, 503, 504];
/// How many path patterns a distribution takes besides the default one.
const MOST_PATHS: usize = 24;

/// Mistakes in `cdn`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let Some(cdn) = config.cdn.known() else { return };
    found.choice(&cdn.origin, &at("origin"), "Unsupported CDN origin", &["group", "latency"]);
    let classes = ["PriceClass_100", "PriceClass_200", "PriceClass_All"];
    found.choice(&cdn.price_class, &at("price_class"), "Unsupported price class", &classes);
    status_codes(cdn, found);
    read_paths(cdn, found);
    for (path, alias) in each(&cdn.aliases, &at("aliases")) {
        if let Some(mistake) = dns::mistake(alias) {
            found.error(path, "Invalid domain name", format!("{alias:?} cannot be an alias: {mistake}."));
        }
    }
    if let Some((shape, edge)) = shape.and_then(|shape| Some((shape, shape.cdn.as_ref()?))) {
        origins(shape, edge, cdn, found);
        match &shape.names {
            Some(names) => aliases(shape, names, cdn, found),
            None if cdn.aliases.known().is_some_and(|aliases| !aliases.is_empty()) => {
                let detail = "An alias needs a record and a certificate, and without a domain there is no zone for them. \
                              Add a domain, or leave aliases out.";
                found.error(at("aliases"), "Aliases without a domain", detail);
            }
            None => {}
        }
    }
}

fn at(attribute: &str) -> Path {
    Path::of("cdn").attribute(attribute)
}

fn status_codes(cdn: &Cdn, found: &mut Found) {
    let path = at("failover_status_codes");
    let Some(codes) = cdn.failover_status_codes.known() else { return };
    if codes.is_empty() {
        let detail = "Without a status to fail over on the second region is never asked. Leave the list out for 502, 503 \
                      and 504.";
        found.error(path.clone(), "No failover status codes", detail);
    }
    for (index, code) in codes.iter().enumerate() {
        let path = path.index(index);
        found.number_of(code, &path, "Unsupported failover status code", &STATUS_CODES);
        if code.known().is_some() && codes.iter().take(index).any(|earlier| earlier == code) {
            found.error(path, "Duplicate failover status code", "The status stands here twice. Keep one.");
        }
    }
}

fn read_paths(cdn: &Cdn, found: &mut Found) {
    let path = at("read_paths");
    let mut seen = Vec::new();
    for (path, pattern) in each(&cdn.read_paths, &path) {
        let valid = pattern.starts_with(['/', '*'])
            && pattern.len() <= 255
            && pattern.chars().all(|c| c.is_ascii_alphanumeric() || "_-.*$/~\"'@:+&?".contains(c));
        if !valid {
            let detail = format!(
                "{pattern:?} is not a path pattern: it begins with a slash and may hold * for any characters and ? for \
                 one, as in \"/public/*\"."
            );
            found.error(path, "Invalid path pattern", detail);
        } else if seen.contains(&pattern) {
            found.error(path, "Duplicate path pattern", format!("{pattern:?} stands here twice. Keep one."));
        } else {
            seen.push(pattern);
        }
    }
    if cdn.read_paths.known().is_some_and(|paths| paths.len() > MOST_PATHS) {
        let detail = format!("A distribution takes {MOST_PATHS} path patterns. Put some together with *.");
        found.error(path, "Too many path patterns", detail);
    }
}

fn origins(shape: &Shape, edge: &Edge, cdn: &Cdn, found: &mut Found) {
    let serving = shape.serving().len();
    if edge.group && serving == 1 {
        let detail = "An origin group has exactly two origins, and only one region serves. Add a region, let a drained one \
                      serve, or use cdn.origin = \"latency\".";
        found.error(at("origin"), "Origin group of one region", detail);
    }
    if !edge.group && shape.names.is_none() && cdn.origin.known().is_some_and(|origin| origin == "latency") {
        let detail = "The origin \"latency\" is a name that Route 53 routes to the regions, and there is no domain to have \
                      one. Add a domain, or use cdn.origin = \"group\".";
        found.error(at("origin"), "Latency origin without a domain", detail);
    }
    let Some(names) = shape.names.as_ref().filter(|names| edge.has_group() && !names.regional) else { return };
    if names.base_path.known().is_some() {
        let detail = "CloudFront asks regions one by one for this cdn, at their execute-api endpoints, which know no base \
                      path: the same request would be another one there. Set domain.regional_names = true, or leave \
                      base_path out.";
        found.error(Path::of("domain").attribute("base_path"), "Base path before execute-api endpoints", detail);
    }
    if shape.gateway.disabled && names.in_regions() {
        let detail = "CloudFront asks a region for cdn.read_paths when the latency name fails, at its execute-api endpoint, \
                      which is disabled. Set domain.regional_names = true, or leave the endpoints enabled.";
        let path = Path::of("gateway").attribute("disable_execute_api_endpoint");
        found.error(path, "Origin on a disabled endpoint", detail);
    }
}

fn aliases(shape: &Shape, names: &Names, cdn: &Cdn, found: &mut Found) {
    let ours = |alias: &str| {
        let shared = names.shared.as_deref() == Some(alias);
        shared || (names.regional && shape.regions.keys().any(|region| names.of_region(region) == alias))
    };
    let mut seen = Vec::new();
    for (path, alias) in each(&cdn.aliases, &at("aliases")) {
        if ours(alias) {
            let detail =
                format!("{alias} is the name of regions already, and a name leads to one place. Take another.");
            found.error(path, "Alias in use", detail);
        } else if seen.contains(&alias) {
            found.error(path, "Duplicate alias", format!("{alias} stands here twice. Keep one."));
        } else {
            seen.push(alias);
        }
    }

    if names.arns.is_none() && names.on_cdn_certificate().is_none() {
        let detail = "No one domain with the names directly below it covers all aliases, so one certificate that we can \
                      validate does not do. Take names below one domain, or bring certificates along: \
                      domain.certificate.arns, with one in us-east-1 for these names.";
        found.error(at("aliases"), "Aliases that no certificate covers", detail);
    }
}
