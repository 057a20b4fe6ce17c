//! The part of an API's shape that describes CloudFront: where requests to each path go, and what is cached.

mod staged;

use std::cmp::Reverse;
use std::collections::BTreeMap;

pub(super) use self::staged::Staged;
use super::config::{
    Behavior, Cache, Cdn, HttpVersion, MinimumTls, Origin, PriceClass, ResponseHeaders, ViewerProtocol,
};
use crate::components::cloudfront::distribution::{Connection, ErrorResponse, GeoRestriction, Replacement};
use crate::resources::shared::inputs::texts;
use crate::schema::{Attr, TextMap, Texts, Unknown};
use crate::traffic::matches;

/// CloudFront in front of the regions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edge {
    /// Where CloudFront sends requests.
    pub(super) origin: Origin,
    /// The two regions of the origin group, if they are configured.
    pub(super) group_order: Option<Vec<String>>,
    /// The statuses on which CloudFront uses the second region of an origin group.
    pub(super) failover_status_codes: Vec<i32>,
    /// What is cached on paths that only read.
    pub(super) cache: Caching,
    /// The path patterns in the order in which CloudFront compares them.
    pub(super) paths: Vec<PathRule>,
    /// Whether aliases of other distributions move to this one.
    pub(super) take_over_aliases: bool,
    /// Whether the Lambda@Edge function signs requests.
    pub(super) sign_requests: bool,
    /// The paths that are invalidated when the code changes.
    pub(super) invalidated: Vec<String>,
    /// The edge locations.
    pub(super) price_class: PriceClass,
    /// The text after the API's name in the comment.
    pub(super) comment: Option<String>,
    /// The versions of HTTP.
    pub(super) http_version: HttpVersion,
    /// Whether clients may use IPv6.
    pub(super) ipv6: bool,
    /// The security policy for clients' connections.
    pub(super) minimum_tls: MinimumTls,
    /// The connections to the origins.
    pub(super) connection: Connection,
    /// The region of Origin Shield.
    pub(super) shield: Shield,
    /// The responses to errors.
    pub(super) error_responses: Vec<ErrorResponse>,
    /// The countries that are served.
    pub(super) geo_restriction: Option<GeoRestriction>,
    /// The settings that some requests try out.
    pub(super) staging: Option<Box<Staged>>,
    /// Its other settings.
    pub(super) config: Cdn,
}

/// A path pattern with settings of its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PathRule {
    /// The pattern.
    pub(super) pattern: String,
    /// Its place in the order.
    pub(super) precedence: i64,
    /// Whether clients may send requests that write.
    pub(super) writes: bool,
    /// Where the requests go.
    pub(super) target: Target,
    /// What is cached; `None` for the default: that of the distribution on paths that only read, and nothing elsewhere.
    pub(super) cache: Option<Caching>,
    /// The origin request policy, if one is configured.
    pub(super) origin_request_policy: Attr<String>,
    /// The headers of responses.
    pub(super) response_headers: Option<Headers>,
    /// Whether responses are compressed.
    pub(super) compress: bool,
    /// What happens to requests over HTTP.
    pub(super) viewer_protocol: ViewerProtocol,
}

/// Where the requests to a path go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// To the origin of the distribution.
    Default,
    /// To an origin group of these regions. There are two, unless the configuration has a mistake.
    Group(Vec<String>),
    /// To one region.
    Region(String),
}

/// What is cached.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Caching {
    /// Nothing.
    Disabled,
    /// What an existing cache policy caches: its name or id, which may be unknown.
    Existing(Attr<String>),
    /// What a cache policy of the API caches.
    Own(CacheSettings),
}

/// The settings of a cache policy of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CacheSettings {
    /// The least time to live, in seconds.
    pub(super) min: i64,
    /// The time to live of responses without `Cache-Control`, in seconds.
    pub(super) default: i64,
    /// The greatest time to live, in seconds.
    pub(super) max: i64,
    /// The headers in the cache key, sorted.
    pub(super) headers: Vec<String>,
    /// The cookies in the cache key; `*` for all.
    pub(super) cookies: Vec<String>,
    /// The query strings in the cache key; `*` for all.
    pub(super) query_strings: Vec<String>,
}

/// The headers of responses.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Headers {
    /// Those of an existing policy: its name or id, which may be unknown.
    Existing(Attr<String>),
    /// Those of a policy of the API.
    Own {
        /// The headers to set.
        set: BTreeMap<String, String>,
        /// The headers to remove.
        remove: Vec<String>,
    },
}

/// Which region Origin Shield uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shield {
    /// None: there is no Origin Shield.
    Off,
    /// The nearest one to each region of the API.
    Nearest,
    /// This one.
    In(String),
}

impl Edge {
    /// The shape of `cdn`.
    ///
    /// # Errors
    /// [`Unknown`] while a setting that is not read from [`Edge::config`] is unknown.
    pub(super) fn of(cdn: &Cdn) -> Result<Self, Unknown> {
        let codes = cdn.failover_status_codes()?;
        let code = |code: i64| i32::try_from(code).unwrap_or_default();
        Ok(Self {
            origin: *cdn.origin()?,
            group_order: list(cdn.group_order())?,
            failover_status_codes: codes
                .iter()
                .map(|status| Ok(status.decided()?.copied().map(code).unwrap_or_default()))
                .collect::<Result<_, Unknown>>()?,
            cache: match cdn.cache().decided()? {
                Some(cache) => Caching::of(cache)?,
                None => Caching::of(&Cache::default())?,
            },
            paths: paths(cdn)?,
            invalidated: list(cdn.invalidate_on_change())?.unwrap_or_default(),
            take_over_aliases: cdn.take_over_aliases()?,
            sign_requests: cdn.sign_requests()?,
            price_class: cdn.price_class()?,
            comment: cdn.comment().decided()?.cloned(),
            http_version: cdn.http_version()?,
            ipv6: cdn.ipv6()?,
            minimum_tls: cdn.minimum_tls_version()?,
            connection: connection(cdn)?,
            shield: shield(cdn)?,
            error_responses: error_responses(cdn)?,
            geo_restriction: geo_restriction(cdn)?,
            staging: cdn.staging().decided()?.map(|staging| Staged::of(staging, cdn)).transpose()?.map(Box::new),
            config: cdn.clone(),
        })
    }

    /// Whether CloudFront sends requests to an origin group of two regions.
    pub(super) fn is_group(&self) -> bool {
        self.origin == Origin::Group
    }

    /// Whether a Lambda@Edge function chooses the region.
    pub(super) fn has_function(&self) -> bool {
        self.origin == Origin::EdgeFunction
    }

    /// Whether a CloudFront function chooses a region for each request.
    pub(super) fn is_steered(&self) -> bool {
        self.origin == Origin::KeyValueStore
    }

    /// Whether the requests to all other paths only read: with an origin group, unless only paths that read are listed, so
    /// that the others may write.
    pub(super) fn default_reads(&self) -> bool {
        self.is_group() && (self.paths.is_empty() || self.paths.iter().any(|path| path.writes))
    }

    /// Whether the distribution uses the default origin group: that of `origin = "group"`, or the latency-routed name and
    /// the primary region.
    pub(super) fn has_default_group(&self) -> bool {
        let reads = |path: &PathRule| !path.writes && path.target == Target::Default;
        self.is_group() || (!self.has_function() && !self.is_steered() && self.paths.iter().any(reads))
    }

    /// The settings of the primary and of the staging distribution.
    fn each(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.staging.iter().map(|staged| &staged.edge))
    }

    /// Whether CloudFront sends requests to single regions.
    pub(super) fn uses_regions(&self) -> bool {
        let has_target = |edge: &Self| edge.paths.iter().any(|path| path.target != Target::Default);
        self.each().any(|edge| edge.has_default_group() || edge.is_steered() || has_target(edge))
    }

    /// Whether a path has `region` as an origin of its own.
    pub(super) fn names(&self, region: &str) -> bool {
        self.each().flat_map(|edge| &edge.paths).any(|path| match &path.target {
            Target::Default => false,
            Target::Group(regions) => regions.iter().any(|name| name == region),
            Target::Region(name) => name == region,
        })
    }

    /// Whether requests that write reach the path of a route. A parameter of the route stands for any text.
    pub(super) fn accepts_writes(&self, route: &str) -> bool {
        let segment = |part: &str| if part.starts_with('{') { "x".to_owned() } else { part.to_owned() };
        let path = route.split('/').map(segment).collect::<Vec<_>>().join("/");
        let first = self.paths.iter().find(|rule| matches(&rule.pattern, &path));
        first.map_or(!self.default_reads(), |rule| rule.writes)
    }

    /// What is cached on a path.
    pub(super) fn caching<'a>(&'a self, path: &'a PathRule) -> &'a Caching {
        match &path.cache {
            Some(cache) => cache,
            None if path.writes => &Caching::Disabled,
            None => &self.cache,
        }
    }
}

impl Caching {
    fn of(cache: &Cache) -> Result<Self, Unknown> {
        if !cache.policy().is_null() {
            return Ok(Self::Existing(cache.policy().clone()));
        }
        let key = cache.key()?;
        let mut headers = texts(&key.headers()?)?;
        headers.sort();
        Ok(Self::Own(CacheSettings {
            min: cache.min_ttl_seconds()?,
            default: cache.default_ttl_seconds()?,
            max: cache.max_ttl_seconds()?,
            headers,
            cookies: texts(&key.cookies()?)?,
            query_strings: texts(&key.query_strings()?)?,
        }))
    }
}

impl CacheSettings {
    /// Whether the cache key contains this header.
    pub(super) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.eq_ignore_ascii_case(name))
    }

    /// Whether the cache key distinguishes all requests whose responses may differ by credentials or query strings.
    pub(super) fn is_complete(&self) -> bool {
        let all = |names: &[String]| names.iter().any(|name| name == "*");
        self.has_header("Authorization") && all(&self.cookies) && all(&self.query_strings)
    }
}

impl PathRule {
    /// The rule of an element of `read_paths`.
    fn reading(pattern: String) -> Result<Self, Unknown> {
        Self::of(pattern, &Behavior::default())
    }

    fn of(pattern: String, behavior: &Behavior) -> Result<Self, Unknown> {
        let target = match (list(behavior.group())?, behavior.region().decided()?) {
            (Some(regions), _) => Target::Group(regions),
            (None, Some(region)) => Target::Region(region.clone()),
            (None, None) => Target::Default,
        };
        Ok(Self {
            pattern,
            precedence: behavior.precedence()?,
            writes: behavior.writes()?,
            target,
            cache: behavior.cache().decided()?.map(Caching::of).transpose()?,
            origin_request_policy: behavior.origin_request_policy().clone(),
            response_headers: behavior.response_headers().decided()?.map(Headers::of).transpose()?,
            compress: behavior.compress()?,
            viewer_protocol: behavior.viewer_protocol()?,
        })
    }

    /// The key of the policies of this path: its letters and digits, and a digest, because names of policies allow no other
    /// characters.
    pub(super) fn key(&self) -> String {
        let word: String = self.pattern.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
        let word: String = word.split_whitespace().collect::<Vec<_>>().join("-").chars().take(40).collect();
        let digest = crate::desired::hex_digest(&self.pattern, 4);
        if word.is_empty() { digest } else { format!("{word}-{digest}") }
    }
}

impl Headers {
    fn of(headers: &ResponseHeaders) -> Result<Self, Unknown> {
        if !headers.policy().is_null() {
            return Ok(Self::Existing(headers.policy().clone()));
        }
        let set: Option<&TextMap> = headers.set().decided()?;
        let value =
            |(name, value): (&String, &Attr<String>)| Ok((name.clone(), value.decided()?.cloned().unwrap_or_default()));
        let set = set.into_iter().flatten().map(value).collect::<Result<_, Unknown>>()?;
        Ok(Self::Own { set, remove: list(headers.remove())?.unwrap_or_default() })
    }
}

fn list(given: &Attr<Texts>) -> Result<Option<Vec<String>>, Unknown> {
    given.decided()?.map(texts).transpose()
}

/// All path patterns in the order in which CloudFront compares them.
fn paths(cdn: &Cdn) -> Result<Vec<PathRule>, Unknown> {
    let mut paths = Vec::new();
    for pattern in list(cdn.read_paths())?.unwrap_or_default() {
        paths.push(PathRule::reading(pattern)?);
    }
    for (pattern, behavior) in cdn.behaviors().decided()?.into_iter().flatten() {
        let behavior = behavior.or(Behavior::default)?;
        paths.push(PathRule::of(pattern.clone(), &behavior)?);
    }
    // A stable sort: elements of read_paths stay in their order where they do not differ otherwise.
    let wildcard = |path: &PathRule| path.pattern.contains(['*', '?']);
    paths.sort_by_key(|path| (path.precedence, wildcard(path), Reverse(path.pattern.len())));
    Ok(paths)
}

fn connection(cdn: &Cdn) -> Result<Connection, Unknown> {
    let connection = cdn.connection()?;
    Ok(Connection {
        attempts: connection.attempts()?,
        timeout_seconds: connection.timeout_seconds()?,
        read_timeout_seconds: connection.read_timeout_seconds()?,
        keepalive_timeout_seconds: connection.keepalive_timeout_seconds()?,
        completion_timeout_seconds: connection.completion_timeout_seconds().decided()?.copied(),
    })
}

fn shield(cdn: &Cdn) -> Result<Shield, Unknown> {
    let Some(shield) = cdn.origin_shield().decided()? else { return Ok(Shield::Off) };
    Ok(shield.region().decided()?.map_or(Shield::Nearest, |region| Shield::In(region.clone())))
}

fn error_responses(cdn: &Cdn) -> Result<Vec<ErrorResponse>, Unknown> {
    let number = |number: i64| i32::try_from(number).unwrap_or_default();
    let mut responses = Vec::new();
    for (status, response) in cdn.error_responses().decided()?.into_iter().flatten() {
        let Some(response) = response.decided()? else { continue };
        let (replaced, path) = (response.response_status().decided()?, response.page_path().decided()?);
        let replacement = replaced.zip(path);
        responses.push(ErrorResponse {
            status: status.parse().unwrap_or_default(),
            replacement: replacement.map(|(status, path)| Replacement { status: number(*status), path: path.clone() }),
            cache_seconds: response.cache_seconds().decided()?.copied(),
        });
    }
    responses.sort_by_key(|response| response.status);
    Ok(responses)
}

fn geo_restriction(cdn: &Cdn) -> Result<Option<GeoRestriction>, Unknown> {
    let Some(geo) = cdn.geo_restriction().decided()? else { return Ok(None) };
    let (allowed, blocked) = (list(geo.allow())?, list(geo.block())?);
    let allow = allowed.is_some();
    let mut countries = allowed.or(blocked).unwrap_or_default();
    countries.sort();
    Ok(Some(GeoRestriction { allow, countries }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_cloudfront_matches_them() {
        for (pattern, path, expected) in [
            ("/static/*", "/static/a/b", true),
            ("static/*", "/static/a", true),
            ("/static/*", "/other", false),
            ("/a?c", "/abc", true),
            ("/a?c", "/ac", false),
            ("*.jpg", "/b/a.jpg", true),
            ("/a", "/a", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn specific_patterns_come_first() {
        let rule = |pattern: &str, precedence: i64| {
            let behavior = Behavior { precedence: Attr::Known(precedence), ..Behavior::default() };
            (pattern.to_owned(), Attr::Known(behavior))
        };
        let all = [rule("/a/*", 100), rule("/a/b/*", 100), rule("/a/b/c", 100), rule("/*", 1), rule("/z", 200)];
        let cdn = Cdn { behaviors: Attr::Known(BTreeMap::from(all)), ..Cdn::default() };
        let order: Vec<String> = paths(&cdn).unwrap().into_iter().map(|path| path.pattern).collect();
        assert_eq!(order, ["/*", "/a/b/c", "/a/b/*", "/a/*", "/z"]);
    }

    #[test]
    fn keys_of_policies_have_only_letters_digits_and_hyphens() {
        let key = |pattern: &str| PathRule::reading(pattern.to_owned()).unwrap().key();
        assert!(key("/static/*.jpg").starts_with("static-jpg-"), "{}", key("/static/*.jpg"));
        assert_ne!(key("/a/*"), key("/a*"));
        assert!(key("*").chars().all(|c| c.is_ascii_hexdigit()));
    }
}
