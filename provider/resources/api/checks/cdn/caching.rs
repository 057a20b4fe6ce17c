//! Mistakes in what CloudFront caches: times to live, cache keys, policies.

use super::super::{Found, each};
use super::at;
use super::paths::behavior_at;
use crate::components::cloudfront::managed::{self, ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED, Managed};
use crate::resources::api::config::{Cache, CacheKey, Cdn, ResponseHeaders};
use crate::resources::api::edge::{Caching, Edge};
use crate::schema::{Attr, Texts};
use crate::wire::{Diagnostic, Path};

/// How many headers, cookies and query strings a policy accepts each.
///
/// # Source
/// Amazon CloudFront quotas: headers, cookies, query strings per cache policy. Higher quotas can be requested.
const MAX_NAMES: usize = 10;

/// Headers that a cache policy does not accept.
///
/// # Source
/// Amazon CloudFront API reference, `CachePolicyHeadersConfig`; Developer Guide, "Understand cache policies".
const NO_KEY: [&str; 2] = ["accept-encoding", "cookie"];

/// Headers of responses that CloudFront sets only in the security or CORS settings of a policy, not as custom headers.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Understand response headers policies".
const NOT_CUSTOM: [&str; 12] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "content-security-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
];

/// Mistakes in `cache` and in the caching of `behaviors`.
pub(super) fn check(cdn: &Cdn, found: &mut Found) {
    if let Some(given) = cdn.cache().known() {
        cache(given, &at("cache"), found);
    }
    for (pattern, rule) in cdn.behaviors().known().into_iter().flatten() {
        let Some(rule) = rule.known() else { continue };
        let path = behavior_at(pattern);
        if let Some(given) = rule.cache().known() {
            cache(given, &path.attribute("cache"), found);
        }
        if let Some(name) = rule.origin_request_policy().known() {
            policy(name, managed::ORIGIN_REQUEST_POLICIES, &path.attribute("origin_request_policy"), found);
        }
        if let Some(headers) = rule.response_headers().known() {
            response_headers(headers, &path.attribute("response_headers"), found);
        }
    }
    if let Some(paths) = cdn.invalidate_on_change().known() {
        invalidated(paths, found);
    }
}

fn cache(cache: &Cache, path: &Path, found: &mut Found) {
    if let Some(name) = cache.policy().known() {
        policy(name, managed::CACHE_POLICIES, &path.attribute("policy"), found);
        let others = [&cache.default_ttl_seconds, &cache.min_ttl_seconds, &cache.max_ttl_seconds];
        if others.iter().any(|other| other.known().is_some()) || cache.key.known().is_some() {
            let detail = "policy names an existing cache policy, which has its own times to live and its own key. Remove \
                          policy, or remove the other settings of the cache.";
            found.error(path.attribute("policy"), "Conflicting cache settings", detail);
        }
        return;
    }
    ttls(cache, path, found);
    if let Ok(given) = cache.key() {
        key(&given, &path.attribute("key"), found);
    }
}

fn ttls(cache: &Cache, path: &Path, found: &mut Found) {
    let (Ok(min), Ok(max)) = (cache.min_ttl_seconds(), cache.max_ttl_seconds()) else { return };
    if min > max {
        let detail = format!(
            "The minimum of {min} seconds is greater than the maximum of {max} seconds. Reduce min_ttl_seconds, or increase \
             max_ttl_seconds."
        );
        found.error(path.attribute("min_ttl_seconds"), "Times to live out of order", detail);
    } else if let Some(default) = cache.default_ttl_seconds.known().filter(|default| !(min..=max).contains(*default)) {
        let detail = format!(
            "The default of {default} seconds is not between the minimum of {min} and the maximum of {max} seconds, and \
             CloudFront rejects that."
        );
        found.error(path.attribute("default_ttl_seconds"), "Times to live out of order", detail);
    }
}

fn key(key: &CacheKey, path: &Path, found: &mut Found) {
    for (name, names) in
        [("headers", key.headers()), ("cookies", key.cookies()), ("query_strings", key.query_strings())]
    {
        let Ok(names) = names else { continue };
        let path = path.attribute(name);
        if names.len() > MAX_NAMES {
            let detail = format!(
                "The list has {} names, but a cache policy accepts at most {MAX_NAMES}. Remove names that do not change \
                 responses.",
                names.len()
            );
            found.error(path.clone(), "Too many names in a cache key", detail);
        }
        let mut seen: Vec<String> = Vec::new();
        for (path, given) in each(&names, &path) {
            let spelled = given.to_lowercase();
            if seen.contains(&spelled) {
                let detail = format!("{given:?} is listed twice. Remove one of the entries.");
                found.error(path, "Duplicate name in a cache key", detail);
            } else if name == "headers" {
                header(given, path, found);
            } else if given == "*" && names.len() > 1 {
                let detail = "\"*\" stands for all names. Remove the other names, or remove \"*\".";
                found.error(path, "Conflicting names in a cache key", detail);
            } else if given.is_empty() {
                let detail = "A name in a cache key must not be empty. Remove the empty element.";
                found.error(path, "Invalid name in a cache key", detail);
            }
            seen.push(spelled);
        }
    }
}

fn header(name: &str, path: Path, found: &mut Found) {
    let lower = name.to_lowercase();
    if lower == "host" {
        found.error(path, "Host header reaches the API", host_detail("A header in the cache key"));
    } else if name == "*" || NO_KEY.contains(&lower.as_str()) || !is_header(name) {
        let detail = format!(
            "{name:?} cannot be a header of a cache key. List the headers that change responses by name, as in \
             [\"Authorization\", \"Accept-Language\"]; CloudFront adds Accept-Encoding itself, and cookies are in cookies."
        );
        found.error(path, "Invalid header in a cache key", detail);
    }
}

fn host_detail(what: &str) -> String {
    format!(
        "{what} reaches the API, and API Gateway answers 403 Forbidden to requests whose Host is the name of the \
         distribution. Leave Host out; CloudFront then sends the name of the origin."
    )
}

/// Whether a text is the name of a header.
pub(super) fn is_header(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// A policy is one of AWS's by name, or any by id.
fn policy(name: &str, policies: &[Managed], path: &Path, found: &mut Found) {
    match managed::find(policies, name) {
        Some(policy) if policy.forwards_host => {
            let what = format!("With the policy {}, the viewer's Host header", policy.name);
            found.error(path.clone(), "Host header reaches the API", host_detail(&what));
        }
        None if !managed::is_id(name) => {
            let names: Vec<&str> =
                policies.iter().filter(|policy| !policy.forwards_host).map(|policy| policy.name).collect();
            let detail = format!(
                "{name:?} is neither the name of a managed policy nor the id of a policy. Use the id of a policy of your own, \
                 or one of {}.",
                names.join(", ")
            );
            found.error(path.clone(), "Unknown policy", detail);
        }
        _ => {}
    }
}

fn response_headers(headers: &ResponseHeaders, path: &Path, found: &mut Found) {
    if let Some(name) = headers.policy().known() {
        policy(name, managed::RESPONSE_HEADERS_POLICIES, &path.attribute("policy"), found);
        if headers.set().known().is_some() || headers.remove().known().is_some() {
            let detail = "policy names an existing response headers policy, which has its own headers. Remove policy, or \
                          remove set and remove.";
            found.error(path.attribute("policy"), "Conflicting response headers", detail);
        }
        return;
    }
    for name in headers.set().known().into_iter().flat_map(|set| set.keys()) {
        let at = path.attribute("set").key(name);
        if NOT_CUSTOM.contains(&name.to_lowercase().as_str()) {
            let detail = format!(
                "CloudFront does not accept {name} as a custom header: it belongs to the security or CORS settings of a \
                 policy. Use policy = \"SecurityHeadersPolicy\", \"SimpleCORS\" or another managed policy, or the id of a \
                 policy of your own."
            );
            found.error(at, "Header needs a policy", detail);
        } else if !is_header(name) {
            found.error(at, "Invalid header name", format!("{name:?} is not the name of an HTTP header."));
        }
    }
    let removed: Option<&Texts> = headers.remove().known();
    for (at, name) in removed.into_iter().flat_map(|names| each(names, &path.attribute("remove"))) {
        if !is_header(name) {
            found.error(at, "Invalid header name", format!("{name:?} is not the name of an HTTP header."));
        }
    }
    let none = |given: bool| if given { 0 } else { 1 };
    let empty = none(headers.set().known().is_some_and(|set| !set.is_empty()))
        + none(removed.is_some_and(|remove| !remove.is_empty()));
    if empty == 2 && !headers.set().is_unknown() && !headers.remove().is_unknown() && headers.policy().is_null() {
        let detail = "The policy would change no header. Add headers to set or remove, or remove response_headers.";
        found.error(path.clone(), "Empty response headers", detail);
    }
}

fn invalidated(paths: &Texts, found: &mut Found) {
    let path = at("invalidate_on_change");
    for (path, text) in each(paths, &path) {
        let wildcard_inside = text.find('*').is_some_and(|index| index + 1 < text.len());
        if !text.starts_with('/') || wildcard_inside || text.contains(char::is_whitespace) {
            let detail = format!(
                "{text:?} cannot be invalidated. A path starts with a slash, and only its last character may be *, as in \
                 \"/items/*\"."
            );
            found.error(path, "Invalid invalidation path", detail);
        }
    }
}

/// A warning where CloudFront would serve the response to one user to another: the API receives `Authorization`, the
/// response is cached, and the cache key lacks the header.
pub(super) fn shared(edge: &Edge, found: &mut Found) {
    for rule in &edge.paths {
        let forwards = rule
            .origin_request_policy
            .known()
            .is_some_and(|name| managed::find(managed::ORIGIN_REQUEST_POLICIES, name) == Some(ALL_VIEWER_EXCEPT_HOST));
        let distinguishes = match edge.caching(rule) {
            Caching::Disabled => true,
            Caching::Own(settings) => settings.has_header("Authorization"),
            Caching::Existing(policy) => policy.known().is_none_or(|name| {
                managed::find(managed::CACHE_POLICIES, name).is_none_or(|policy| policy.authorization)
            }),
        };
        if forwards && !distinguishes {
            let detail = format!(
                "The origin request policy sends Authorization to the API, and the cache key of {:?} does not contain it: \
                 CloudFront serves the cached response to one user to all others. Remove origin_request_policy, add \
                 Authorization to cache.key.headers, or set cache.policy to {:?}.",
                rule.pattern, CACHING_DISABLED.name
            );
            let path = behavior_at(&rule.pattern).attribute("origin_request_policy");
            found.0.push(Diagnostic::warning(path, "Cached responses are shared between users", detail));
        }
    }
}

/// `cache` needs a path that only reads.
pub(super) fn unused(edge: &Edge, cdn: &Cdn, found: &mut Found) {
    let used = edge.default_reads() || edge.paths.iter().any(|path| !path.writes && path.cache.is_none());
    if matches!(cdn.cache(), Attr::Known(_)) && !used {
        let detail = "CloudFront caches responses only on paths that only read, and there is none that uses cdn.cache. List \
                      such paths in cdn.read_paths, or remove cdn.cache.";
        found.error(at("cache"), "Cache without read paths", detail);
    }
}
