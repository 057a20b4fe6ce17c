//! What CloudFront's policies say: the cache key, times to live, and the parts of a request that the origin receives. Pure.
//!
//! Sources: AWS, Amazon CloudFront Developer Guide, "Understand cache policies", "Understand origin request policies", "Manage
//! how long content stays in the cache (expiration)".

use std::time::Duration;

use http::HeaderMap;

use crate::distribution::texts;
use crate::xml::Element;

/// The names that a policy selects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selection {
    behavior: String,
    names: Vec<String>,
}

impl Selection {
    fn read(config: Option<&Element>, behavior: &str, list: &str) -> Self {
        let Some(config) = config else { return Self::default() };
        let names = texts(config, &[list, "Items"]).iter().map(|name| name.to_lowercase()).collect();
        Self { behavior: config.text_at(&[behavior]).to_owned(), names }
    }

    /// Whether its list names a header that CloudFront adds to requests.
    pub(super) fn lists(&self, name: &str) -> bool {
        matches!(self.behavior.as_str(), "whitelist" | "allViewerAndWhitelistCloudFront")
            && self.names.iter().any(|listed| listed == name)
    }

    /// Whether it selects a name.
    pub(super) fn has(&self, name: &str) -> bool {
        let listed = self.names.iter().any(|listed| *listed == name.to_lowercase());
        match self.behavior.as_str() {
            "all" | "allViewer" => true,
            "whitelist" => listed,
            "allExcept" => !listed,
            // The list names headers that CloudFront adds.
            "allViewerAndWhitelistCloudFront" => !name.starts_with("cloudfront-"),
            _ => false,
        }
    }
}

/// The headers, cookies and query strings that a policy selects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selections {
    pub(super) headers: Selection,
    pub(super) cookies: Selection,
    pub(super) query_strings: Selection,
}

impl Selections {
    fn read(config: &Element) -> Self {
        Self {
            headers: Selection::read(config.child("HeadersConfig"), "HeaderBehavior", "Headers"),
            cookies: Selection::read(config.child("CookiesConfig"), "CookieBehavior", "Cookies"),
            query_strings: Selection::read(config.child("QueryStringsConfig"), "QueryStringBehavior", "QueryStrings"),
        }
    }

    /// Reads an `OriginRequestPolicyConfig`.
    pub(super) fn of_origin_request(config: &Element) -> Self {
        Self::read(config)
    }
}

/// A cache policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CachePolicy {
    min: Duration,
    default: Duration,
    max: Duration,
    pub(super) key: Selections,
}

impl CachePolicy {
    /// Reads a `CachePolicyConfig`.
    pub(super) fn read(config: &Element) -> Self {
        let seconds = |name: &str| Duration::from_secs(config.text_at(&[name]).parse().unwrap_or_default());
        Self {
            min: seconds("MinTTL"),
            default: seconds("DefaultTTL"),
            max: seconds("MaxTTL"),
            key: config.child("ParametersInCacheKeyAndForwardedToOrigin").map(Selections::read).unwrap_or_default(),
        }
    }

    /// Whether responses can be cached at all.
    pub(super) fn caches(&self) -> bool {
        !self.max.is_zero()
    }

    /// How long a response with these headers is cached.
    pub(super) fn time_to_live(&self, headers: &HeaderMap) -> Duration {
        let control = Control::read(headers);
        if control.forbids {
            // A minimum greater than 0 overrides the origin.
            return self.min;
        }
        match control.max_age {
            Some(age) => age.clamp(self.min, self.max.max(self.min)),
            None => self.default.max(self.min),
        }
    }

    /// How long an error is cached: at least `least`, or as long as its headers say.
    pub(super) fn error_time_to_live(&self, status: u16, headers: &HeaderMap, least: Duration) -> Duration {
        let age = Control::read(headers).max_age;
        match status {
            404 | 405 | 414 | 500..=504 => age.map_or(least, |age| age.min(self.max).max(least)),
            400 | 403 | 412 | 415 => age.map_or(Duration::ZERO, |age| age.min(self.max)),
            _ => Duration::ZERO,
        }
    }
}

/// What the headers of a response say about caching. CloudFront ignores `Vary`.
struct Control {
    forbids: bool,
    max_age: Option<Duration>,
}

impl Control {
    fn read(headers: &HeaderMap) -> Self {
        let text = headers.get(http::header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let text = text.to_lowercase();
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let age = |name: &str| {
            let found = parts.iter().find_map(|part| part.strip_prefix(name)?.trim_start().strip_prefix('='));
            found.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs)
        };
        Self {
            forbids: ["no-store", "no-cache", "private"].iter().any(|word| parts.contains(word)),
            max_age: age("s-maxage").or_else(|| age("max-age")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(min: u64, default: u64, max: u64) -> CachePolicy {
        let seconds = Duration::from_secs;
        CachePolicy { min: seconds(min), default: seconds(default), max: seconds(max), ..CachePolicy::default() }
    }

    fn ttl(policy: &CachePolicy, control: &str) -> u64 {
        let mut headers = HeaderMap::new();
        if !control.is_empty() {
            headers.insert(http::header::CACHE_CONTROL, control.parse().unwrap());
        }
        policy.time_to_live(&headers).as_secs()
    }

    #[test]
    fn the_origin_decides_within_the_limits_of_the_policy() {
        let (origin, clamped) = (policy(0, 0, 1000), policy(10, 20, 100));
        for (control, at_origin, when_clamped) in [
            ("", 0, 20),
            ("max-age=60", 60, 60),
            ("public, max-age=5000", 1000, 100),
            ("max-age=1", 1, 10),
            ("max-age=60, s-maxage=30", 30, 30),
            ("no-store", 0, 10),
            ("private, max-age=60", 0, 10),
            ("no-cache", 0, 10),
        ] {
            assert_eq!((ttl(&origin, control), ttl(&clamped, control)), (at_origin, when_clamped), "{control:?}");
        }
    }

    #[test]
    fn errors_are_cached_for_a_short_time() {
        let ten = Duration::from_secs(10);
        let empty = HeaderMap::new();
        let of = |status| policy(0, 3600, 3600).error_time_to_live(status, &empty, ten).as_secs();
        assert_eq!((of(404), of(503), of(403), of(429)), (10, 10, 0, 0));
    }

    #[test]
    fn a_selection_follows_its_behavior() {
        let of = |behavior: &str| Selection { behavior: behavior.to_owned(), names: vec!["host".to_owned()] };
        let has = |behavior: &str, name: &str| of(behavior).has(name);
        assert!(has("allExcept", "accept") && !has("allExcept", "Host"));
        assert!(has("whitelist", "Host") && !has("whitelist", "accept"));
        assert!(has("all", "accept") && !has("none", "Host"));
    }
}
