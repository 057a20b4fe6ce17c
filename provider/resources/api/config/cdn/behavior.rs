//! `cdn.cache` and `cdn.behaviors`: what CloudFront does with the requests to a path.

use crate::schema::{TextMap, Texts, attributes, choices};

/// The longest time to live that CloudFront accepts, in seconds: 100 years.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Manage how long content stays in the cache (expiration)".
const MAX_TTL: i64 = 3_153_600_000;

attributes! {
    /// What CloudFront caches, and for how long.
    pub(in crate::resources::api) struct Cache {
        /// The name or the id of an existing cache policy, instead of the other settings: one of AWS's managed policies, such
        /// as `CachingDisabled` or `CachingOptimized`, or the id of a policy of your own. With a policy whose cache key lacks
        /// `Authorization`, the API does not receive this header.
        policy: String = optional, example("\"CachingDisabled\"");
        /// How long CloudFront caches a response without `Cache-Control` and `Expires`, in seconds.
        default_ttl_seconds: i64 = optional, default(0), range(0..=MAX_TTL);
        /// How long CloudFront caches a response at least, in seconds, even if its `Cache-Control` is `no-store` or
        /// `private`.
        min_ttl_seconds: i64 = optional, default(0), range(0..=MAX_TTL);
        /// How long CloudFront caches a response at most, in seconds.
        max_ttl_seconds: i64 = optional, default(31_536_000), range(1..=MAX_TTL);
        key: CacheKey = optional, default(CacheKey::default());
    }

    /// The parts of a request that distinguish cached responses, beside host and path. The API receives no cookie, no query
    /// string and no `Authorization` header that is not in the key, so that no response depends on them. CloudFront ignores
    /// the header `Vary` of responses.
    pub(in crate::resources::api) struct CacheKey {
        /// The headers in the key. Without `Authorization`, requests reach the API without this header.
        headers: Texts = optional, default(["Authorization", "Origin"]);
        /// The names of the cookies in the key; `["*"]` stands for all.
        cookies: Texts = optional, default(["*"]);
        /// The names of the query strings in the key; `["*"]` stands for all.
        query_strings: Texts = optional, default(["*"]);
    }

    /// The settings of a path pattern.
    pub(in crate::resources::api) struct Behavior {
        /// The order in which CloudFront compares the patterns with a path, the lowest number first. Of patterns with the
        /// same number, those without wildcards come first, then the longer ones.
        precedence: i64 = optional, default(100), range(0..=1_000);
        /// Whether clients may also send POST, PUT, PATCH and DELETE. Such requests go to the latency-routed name or the
        /// first region, not to an origin group, and responses are cached only with a `cache` of this pattern.
        writes: bool = optional, default(false);
        /// The two regions of an origin group of this pattern, the first one first. By default, that of `cdn`.
        group: Texts = optional, example("[\"us-west-2\", \"eu-central-1\"]");
        /// The only region that receives the requests. By default, the origin of `cdn`.
        region: String = optional, example("\"us-west-2\"");
        /// What CloudFront caches on this path. By default, the `cache` of `cdn`.
        cache: Cache = optional;
        /// The name or the id of an origin request policy. By default, the API receives everything but the header `Host`, and
        /// on paths that are cached no credentials that are not in the cache key.
        origin_request_policy: String = optional, example("\"AllViewerExceptHostHeader\"");
        response_headers: ResponseHeaders = optional;
        /// Whether CloudFront compresses responses.
        compress: bool = optional, default(true);
        viewer_protocol: ViewerProtocol = optional, default(ViewerProtocol::Redirect);
    }

    /// The headers that CloudFront sets and removes in responses.
    pub(in crate::resources::api) struct ResponseHeaders {
        /// The name or the id of an existing response headers policy, instead of the other settings: one of AWS's managed
        /// policies, such as `SecurityHeadersPolicy` or `SimpleCORS`, or the id of a policy of your own.
        policy: String = optional, example("\"SecurityHeadersPolicy\"");
        /// Headers that CloudFront sets, by name.
        set: TextMap = optional, example("{ X-Served-By = \"shop\" }");
        /// The names of headers of the API that CloudFront removes.
        remove: Texts = optional, example("[\"X-Powered-By\"]");
    }
}

choices! {
    /// What CloudFront does with a request over HTTP.
    pub(in crate::resources::api) enum ViewerProtocol {
        /// Redirects it to HTTPS.
        Redirect = "redirect-to-https",
        /// Rejects it.
        HttpsOnly = "https-only",
        /// Serves it.
        AllowAll = "allow-all",
    }
}
