//! Mistakes in `cdn.staging`.

use super::{Found, at, settings_of};
use crate::resources::api::config::{Cdn, HttpVersion, Staging};
use crate::resources::api::edge::Edge;
use crate::resources::api::shape::Shape;
use crate::wire::{Diagnostic, Path, Segment};

/// How the name of a header begins that leads to a staging distribution.
///
/// # Source
/// Amazon CloudFront API reference, `ContinuousDeploymentSingleHeaderConfig`.
const HEADER_PREFIX: &str = "aws-cf-cd-";

/// Mistakes in the settings of the staging distribution, and in what it receives.
pub(super) fn check(cdn: &Cdn, edge: Option<(&Shape, &Edge)>, found: &mut Found) {
    let Some(staging) = cdn.staging().known() else { return };
    requests(staging, found);
    http3(cdn, found);
    let replaced = staging.replaced();
    if replaced.is_empty() {
        let detail = "The staging distribution has the same settings as the primary distribution, so that there is nothing to \
                      try out. Add settings such as cache or behaviors, or remove staging.";
        found.error(at("staging"), "Staging without settings", detail);
    }
    let staged = edge.and_then(|(shape, edge)| Some((shape, &edge.staging.as_ref()?.edge)));
    let mut inside = Found::default();
    settings_of(&staging.over(cdn), staged, &mut inside);
    // The mistakes in all other settings are those of the primary distribution.
    let here = |diagnostic: Diagnostic| Some(Diagnostic { path: within(&diagnostic.path, &replaced)?, ..diagnostic });
    found.0.extend(inside.0.into_iter().filter_map(here));
}

/// The path in `cdn.staging` of an attribute of `cdn` that staging replaces.
fn within(path: &Path, replaced: &[&str]) -> Option<Path> {
    let [_, Segment::Attribute(name), ..] = path.segments() else { return None };
    let rest = path.segments().iter().skip(1).cloned();
    replaced.contains(&name.as_str()).then(|| at("staging").join(rest))
}

/// The staging distribution receives requests either by a share or by a header.
fn requests(staging: &Staging, found: &mut Found) {
    let (percent, header) = (staging.percent(), staging.header());
    if percent.is_null() && header.is_null() {
        let detail = "Nothing says which requests the staging distribution receives. Set percent to a share of the requests, or \
                      header to the header of these requests.";
        found.error(at("staging"), "Staging without requests", detail);
    }
    if percent.known().is_some() && header.known().is_some() {
        let detail = "The staging distribution receives either a share of the requests or those with a header. Remove percent or \
                      header.";
        found.error(at("staging").attribute("percent"), "Conflicting requests for staging", detail);
    }
    if let Some(session) = staging.session().known() {
        let path = at("staging").attribute("session");
        if percent.is_null() {
            let detail = "A session keeps a client with the distribution that CloudFront has chosen by percent, and a header \
                          decides for each request. Remove session, or set percent.";
            found.error(path, "Session without a share", detail);
        } else if let (Ok(idle), Ok(maximum)) = (session.idle_seconds(), session.maximum_seconds())
            && idle > maximum
        {
            let detail = format!(
                "A session cannot last {idle} seconds without a request, because it lasts {maximum} seconds at most. Reduce \
                 idle_seconds, or increase maximum_seconds."
            );
            found.error(path.attribute("idle_seconds"), "Session times out of order", detail);
        }
    }
    let Some(header) = header.known() else { return };
    let path = at("staging").attribute("header");
    if let Ok(name) = header.name()
        && let lower = name.to_lowercase()
        && (!lower.starts_with(HEADER_PREFIX) || lower.len() > 256 || !super::caching::is_header(name))
    {
        let detail = format!(
            "{name:?} is not the name of a header that leads to a staging distribution. CloudFront requires one that begins with \
             {HEADER_PREFIX:?}, such as \"aws-cf-cd-preview\"."
        );
        found.error(path.attribute("name"), "Invalid staging header", detail);
    }
    if header.value().is_ok_and(|value| value.is_empty() || value.len() > 1_783) {
        let detail = "The value of the header must have 1 to 1,783 characters.";
        found.error(path.attribute("value"), "Invalid staging header", detail);
    }
}

fn http3(cdn: &Cdn, found: &mut Found) {
    if cdn.http_version().is_ok_and(HttpVersion::includes_http3) {
        let detail = "CloudFront sends no requests to a staging distribution while HTTP/3 is on. Set http_version to \"http2\", or \
                      remove staging.";
        found.error(at("http_version"), "Staging with HTTP/3", detail);
    }
}
