//! `cdn`: CloudFront in front of the regions.

mod behavior;
mod settings;
mod staging;

use std::collections::BTreeMap;

pub(in crate::resources::api) use behavior::{Behavior, Cache, CacheKey, ResponseHeaders, ViewerProtocol};
pub(in crate::resources::api) use settings::{
    Connection, ErrorResponse, GeoRestriction, HttpVersion, Logging, MinimumTls, OriginShield, SHIELD_REGIONS,
};
pub(in crate::resources::api) use staging::{Staging, StagingHeader, StagingSession};

use crate::schema::{Attr, TextMap, Texts, attributes, choices};

/// The statuses on which an origin group can fail over.
///
/// # Source
/// Amazon CloudFront API reference, `OriginGroupFailoverCriteria`.
const STATUS_CODES: [i64; 8] = [403, 404, 416, 429, 500, 502, 503, 504];

attributes! {
    /// A CloudFront distribution in front of the regions. Without it, DNS leads directly to the regions.
    ///
    /// With a `domain`, CloudFront serves `domain.name`, or the names in `aliases`. With `origin = "latency"`, CloudFront
    /// sends requests to a latency-routed name. That name is `origin.` followed by `domain.name`, and the certificates cover
    /// both. If `aliases` does not contain `domain.name`, the latency-routed name is `domain.name` itself.
    ///
    /// With `origin = "edge_function"`, the name that is `origin.` followed by `domain.name` has CNAME records that lead to the
    /// names of the regions.
    ///
    /// An *origin group* has exactly two regions: the two of `group_order`, or else the primary region and the other serving
    /// region. CloudFront sends a request to the second one when the first one fails. An origin group accepts only the
    /// methods GET, HEAD and OPTIONS.
    ///
    /// With `origin = "key_value_store"`, every region is an origin. `routing.policy` decides which region the function
    /// chooses: the one nearest to the edge location (`latency`), the primary (`failover`), one in proportion to its `weight`
    /// (`weighted`; each client stays in its region), or the one of the client's country (`geolocation`; to learn the country,
    /// CloudFront caches responses that allow it for up to one second, also where caching is otherwise off). CloudFront repeats
    /// a request that only reads in the next region when its response has one of the `failover_status_codes`. Until the table
    /// exists, and when it cannot be read, requests go to the primary region or the first one, even if it is drained.
    ///
    /// CloudFront caches responses to requests that only read: those to `read_paths`, to `behaviors` without `writes`, and,
    /// with `origin = "group"` and without either of them, all requests. The header `Cache-Control` of a response decides
    /// for how long; a response without it is not cached.
    pub(in crate::resources::api) struct Cdn {
        origin: Origin = required, example("\"latency\"");
        /// The two regions of the origin group of `origin = "group"`, the first one first. By default, the primary region
        /// and the other serving region.
        group_order: Texts = optional, example("[\"us-east-1\", \"eu-central-1\"]");
        /// The statuses of the first region on which CloudFront sends a request to the second region of an origin group.
        failover_status_codes: Vec<Attr<i64>> = optional, default([502, 503, 504]), each_of(&STATUS_CODES);
        /// Path patterns that go to an origin group, because their requests only read. All other requests go to the
        /// latency-routed name or, with `origin = "group"`, to the primary region. With `origin = "latency"`, the group
        /// consists of the latency-routed name and the primary region. By default, there are no such patterns, and with
        /// `origin = "group"` every request goes to the group.
        read_paths: Texts = optional, example("[\"/public/*\"]");
        /// What CloudFront caches on paths that only read. By default, the header `Cache-Control` of a response decides.
        cache: Cache = optional;
        /// Path patterns with settings of their own, such as `"/static/*" = { cache = { default_ttl_seconds = 86400 } }`.
        /// A pattern without settings is the same as an element of `read_paths`.
        behaviors: BTreeMap<String, Attr<Behavior>> = optional, example("{ \"/static/*\" = { cache = { default_ttl_seconds = 86400 } } }");
        /// Paths whose cached responses CloudFront removes when the code of a region changes: `["/*"]` for all. The
        /// apply waits until every edge location has removed them. By default, cached responses stay until they expire.
        invalidate_on_change: Texts = optional, example("[\"/*\"]");
        price_class: PriceClass = optional, default(PriceClass::All);
        /// The names that CloudFront serves, in the zone of `domain`. By default, `domain.name` and
        /// `domain.additional_names`.
        aliases: Texts = optional, example("[\"www.example.com\"]");
        /// Whether aliases that another distribution of the same AWS account serves move to this one, together with their
        /// records. CloudFront moves a name in one step, so that clients are served all the time, and moves it only to an
        /// existing distribution: create the API with other aliases first. The other distribution stays, without the name.
        take_over_aliases: bool = optional, default(false);
        /// Text that follows the API's name in the comment of the distribution.
        comment: String = optional, example("\"public API\"");
        http_version: HttpVersion = optional, default(HttpVersion::Two3);
        /// Whether CloudFront accepts connections over IPv6.
        ipv6: bool = optional, default(true);
        minimum_tls_version: MinimumTls = optional, default(MinimumTls::Tls12In2021);
        geo_restriction: GeoRestriction = optional;
        logging: Logging = optional;
        /// Responses to errors of the API, by status: `{ "404" = { cache_seconds = 60 } }`.
        error_responses: BTreeMap<String, Attr<ErrorResponse>> = optional, example("{ \"404\" = { cache_seconds = 60 } }");
        connection: Connection = optional, default(Connection::default());
        origin_shield: OriginShield = optional;
        /// Headers that CloudFront adds to every request to the API, such as a secret by which the API recognizes
        /// CloudFront.
        origin_headers: TextMap = optional, sensitive(), example("{ x-origin-verify = var.secret }");
        /// The ARN of the certificate that CloudFront presents to the regions, which need it for `domain.mutual_tls`: a
        /// certificate for client authentication that is imported into ACM in us-east-1. Not with `origin = "edge_function"`.
        client_certificate_arn: String = optional, example("aws_acm_certificate.client.arn");
        /// Whether the Lambda@Edge function of `origin = "edge_function"` signs requests with its own AWS credentials. Functions
        /// with `authorizer = "AWS_IAM"` then accept requests that come through CloudFront, from any client, and reject
        /// requests that a client sends to a region without a signature. The signature replaces the header `Authorization`.
        /// CloudFront answers a request with a body of more than 1 MB with 413 Content Too Large.
        sign_requests: bool = optional, default(false);
        /// The ARN of the web ACL of AWS WAF that protects the distribution, with the scope `CLOUDFRONT`, in us-east-1.
        web_acl_arn: String = optional, example("aws_wafv2_web_acl.this.arn");
        staging: Staging = optional;
    }
}

choices! {
    /// Where CloudFront sends requests.
    pub(in crate::resources::api) enum Origin {
        /// The name that Route 53 routes to the regions, with all methods. Requires a `domain`.
        Latency = "latency",
        /// The region that Route 53 chooses for the edge location that receives the request, by `routing`, with all methods. A
        /// Lambda@Edge function in us-east-1 asks Route 53 and sends the request to the name of the region. Requires a
        /// `domain` with `regional_names = true`.
        ///
        /// AWS keeps replicas of the function for hours after its last use. Until then it cannot be deleted: an update keeps it
        /// in the state, and a later update deletes it. A destroy leaves it behind. Warnings name the function.
        EdgeFunction = "edge_function",
        /// An origin group of two regions, for requests that only read. Works without a `domain`, requires two serving
        /// regions, and ignores `routing`.
        Group = "group",
        /// A region that a CloudFront function chooses for each request, by `routing.policy`, from a table in a CloudFront
        /// KeyValueStore, with all methods. Changes of `traffic` and `weight` change only the table, and take effect in
        /// seconds. Works without a `domain`.
        KeyValueStore = "key_value_store",
    }

    /// The edge locations that CloudFront uses.
    pub(in crate::resources::api) enum PriceClass {
        /// North America, Europe and Israel.
        Lowest = "PriceClass_100",
        /// Additionally South Africa, Kenya, the Middle East and most of Asia.
        Middle = "PriceClass_200",
        /// All edge locations.
        All = "PriceClass_All",
    }
}
