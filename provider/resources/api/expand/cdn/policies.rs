//! The policies of cache behaviors: existing ones, or components of the API.

use std::collections::BTreeMap;

use super::super::Draft;
use super::steering::{COUNTRY, is_by_country};
use crate::components::Deviations;
use crate::components::cloudfront::Selection;
use crate::components::cloudfront::cache_policy::{self, CachePolicy};
use crate::components::cloudfront::distribution::STAGING;
use crate::components::cloudfront::managed::{self, ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED, Managed};
use crate::components::cloudfront::origin_request_policy::{self, OriginRequestPolicy};
use crate::components::cloudfront::response_headers_policy::{self, ResponseHeadersPolicy};
use crate::desired::{Address, Input};
use crate::resources::api::edge::{CacheSettings, Caching, Headers, PathRule};
use crate::resources::shared::inputs::maybe;
use crate::wire::Path;

/// The managed origin request policies.
pub(super) const ORIGIN_REQUEST: &[Managed] = managed::ORIGIN_REQUEST_POLICIES;

/// The key of the origin request policy for cache keys with `Authorization`.
const WITH_AUTHORIZATION: &str = "with-authorization";

/// The key of the cache policy of responses that are otherwise not cached, where a function needs the client's country.
pub(in crate::resources::api) const BY_COUNTRY: &str = "by-country";

/// CloudFront adds the client's country only if a policy selects that header. An origin request policy cannot exclude `Host` at
/// the same time, and a cache policy that caches nothing selects no header. So this one caches responses that allow it for a
/// second, by everything that distinguishes them.
fn by_country() -> CacheSettings {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    CacheSettings {
        min: 0,
        default: 0,
        max: 1,
        headers: names(&["Authorization", "Origin"]),
        cookies: names(&["*"]),
        query_strings: names(&["*"]),
    }
}

/// The policies that several behaviors share, also those of the staging distribution.
#[derive(Default)]
pub(super) struct Policies {
    /// Whether the staging distribution is being expanded. Its policies have keys of their own where they differ.
    staging: bool,
    /// The settings and ids of cache policies by key; the empty key is that of the policy for all paths.
    cache: BTreeMap<String, (CacheSettings, Input<String>)>,
    /// The ids of origin request policies, by whether they forward `Authorization`.
    request: BTreeMap<bool, Input<String>>,
    /// The settings and ids of response headers policies by key.
    response: BTreeMap<String, (Headers, Input<String>)>,
}

/// What the origin may receive beyond the cache key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forwarded {
    /// Everything but `Host`: nothing is cached, or the cache key contains all that distinguishes responses.
    Everything,
    /// Headers, but no other credentials, cookies and query strings than those in the cache key.
    KeyOnly {
        /// Whether `Authorization` is in the cache key.
        authorization: bool,
    },
}

impl Policies {
    /// Expands the staging distribution from now on.
    pub(super) fn begin_staging(&mut self) {
        self.staging = true;
    }

    /// The id of the cache policy for `caching`, and what the origin may receive. `path` is the path whose own cache policy
    /// this is.
    pub(super) fn cache(
        &mut self,
        draft: &mut Draft<'_>,
        caching: &Caching,
        path: Option<&PathRule>,
    ) -> (Input<String>, Forwarded) {
        match caching {
            Caching::Disabled if is_by_country(draft.shape) => {
                (self.own_cache(draft, &by_country(), BY_COUNTRY, None), Forwarded::Everything)
            }
            Caching::Disabled => (Input::from(CACHING_DISABLED.id), Forwarded::Everything),
            Caching::Existing(policy) => {
                let given = maybe(policy).unwrap_or(Input::Unknown);
                let found = given.known().and_then(|name| managed::find(managed::CACHE_POLICIES, name));
                let id = known_id(given, managed::CACHE_POLICIES);
                let disabled = found == Some(CACHING_DISABLED);
                let forwarded =
                    if disabled { Forwarded::Everything } else { Forwarded::KeyOnly { authorization: false } };
                (id, forwarded)
            }
            Caching::Own(settings) => {
                let key = path.map(PathRule::key).unwrap_or_default();
                let id = self.own_cache(draft, settings, &key, path);
                let forwarded = if settings.is_complete() {
                    Forwarded::Everything
                } else {
                    Forwarded::KeyOnly { authorization: settings.has_header("Authorization") }
                };
                (id, forwarded)
            }
        }
    }

    /// The id of the cache policy with `key`. The staging distribution has one of its own only if the settings differ.
    fn own_cache(
        &mut self,
        draft: &mut Draft<'_>,
        settings: &CacheSettings,
        key: &str,
        path: Option<&PathRule>,
    ) -> Input<String> {
        let key = key_for(&self.cache, key, settings, self.staging);
        let attribute = self.attribute(path, "cache");
        let new = || (settings.clone(), own_cache(draft, settings, &key, attribute));
        self.cache.entry(key.clone()).or_insert_with(new).1.clone()
    }

    /// The id of the response headers policy of a path.
    pub(super) fn response_headers(
        &mut self,
        draft: &mut Draft<'_>,
        headers: &Headers,
        path: &PathRule,
    ) -> Input<String> {
        let (set, remove) = match headers {
            Headers::Existing(policy) => {
                return known_id(maybe(policy).unwrap_or(Input::Unknown), managed::RESPONSE_HEADERS_POLICIES);
            }
            Headers::Own { set, remove } => (set, remove),
        };
        let key = key_for(&self.response, &path.key(), headers, self.staging);
        let attribute = self.attribute(Some(path), "response_headers");
        let new = || (headers.clone(), own_headers(draft, set, remove, &key, attribute));
        self.response.entry(key.clone()).or_insert_with(new).1.clone()
    }

    /// The attribute of a path's policy, or of that for all paths.
    fn attribute(&self, path: Option<&PathRule>, name: &'static str) -> Path {
        let cdn = Path::of("cdn");
        let root = if self.staging { cdn.attribute(STAGING) } else { cdn };
        match path {
            Some(path) => root.attribute("behaviors").key(&path.pattern).attribute(name),
            None => root.attribute(name),
        }
    }

    /// The id of the origin request policy of a behavior.
    pub(super) fn origin_request(&mut self, draft: &mut Draft<'_>, forwarded: Forwarded) -> Input<String> {
        let Forwarded::KeyOnly { authorization } = forwarded else {
            return Input::from(ALL_VIEWER_EXCEPT_HOST.id);
        };
        let attribute = self.attribute(None, "cache");
        self.request.entry(authorization).or_insert_with(|| own_request(draft, authorization, attribute)).clone()
    }
}

/// The id of a policy that is given by name or id.
pub(super) fn known_id(given: Input<String>, policies: &[Managed]) -> Input<String> {
    match given {
        Input::Known(name) => {
            let found = managed::find(policies, &name);
            Input::Known(found.map_or(name, |policy| policy.id.to_owned()))
        }
        other => other,
    }
}

/// The name of a policy: that of the API, and the key. CloudFront requires names that are unique in the account.
fn name(draft: &Draft<'_>, key: &str) -> String {
    if key.is_empty() { draft.shape.name.clone() } else { format!("{}-{key}", draft.shape.name) }
}

/// The key of a policy. One of the staging distribution has the key of that of the primary distribution if the settings are
/// equal.
fn key_for<T: PartialEq>(
    held: &BTreeMap<String, (T, Input<String>)>,
    key: &str,
    settings: &T,
    staging: bool,
) -> String {
    if !staging || held.get(key).is_some_and(|(same, _)| same == settings) {
        return key.to_owned();
    }
    if key.is_empty() { STAGING.to_owned() } else { format!("{STAGING}-{key}") }
}

fn own_cache(draft: &mut Draft<'_>, settings: &CacheSettings, key: &str, attribute: Path) -> Input<String> {
    let spec = cache_policy::Spec {
        name: name(draft, key),
        min_ttl_seconds: settings.min,
        // CloudFront rejects a default below the minimum or above the maximum.
        default_ttl_seconds: settings.default.clamp(settings.min, settings.max.max(settings.min)),
        max_ttl_seconds: settings.max,
        headers: headers(draft, settings),
        cookies: Selection::of(&settings.cookies),
        query_strings: Selection::of(&settings.query_strings),
        deviations: Deviations::default(),
    };
    let address = Address::global_of::<CachePolicy>().maybe_key(Some(key).filter(|key| !key.is_empty()));
    draft.desired.add(address, attribute, &spec).output(cache_policy::ID)
}

/// The headers in a cache key, sorted, with that of the country where a function needs it.
fn headers(draft: &Draft<'_>, settings: &CacheSettings) -> Vec<String> {
    let mut headers = settings.headers.clone();
    if is_by_country(draft.shape) && !settings.has_header(COUNTRY) {
        headers.push(COUNTRY.to_owned());
        headers.sort();
    }
    headers
}

fn own_request(draft: &mut Draft<'_>, authorization: bool, attribute: Path) -> Input<String> {
    let key = Some(WITH_AUTHORIZATION).filter(|_| authorization);
    let except: &[&str] = if authorization { &["Host"] } else { &["Authorization", "Host"] };
    let spec = origin_request_policy::Spec {
        name: name(draft, key.unwrap_or_default()),
        headers_except: except.iter().map(|name| (*name).to_owned()).collect(),
        deviations: Deviations::default(),
    };
    let address = Address::global_of::<OriginRequestPolicy>().maybe_key(key);
    draft.desired.add(address, attribute, &spec).output(origin_request_policy::ID)
}

fn own_headers(
    draft: &mut Draft<'_>,
    set: &BTreeMap<String, String>,
    remove: &[String],
    key: &str,
    attribute: Path,
) -> Input<String> {
    let mut remove = remove.to_vec();
    remove.sort();
    let spec = response_headers_policy::Spec {
        name: name(draft, key),
        set: set.clone(),
        remove,
        deviations: Deviations::default(),
    };
    let address = Address::global_of::<ResponseHeadersPolicy>().key(key);
    draft.desired.add(address, attribute, &spec).output(response_headers_policy::ID)
}
