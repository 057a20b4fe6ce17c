//! The desired settings of a distribution. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::components::cloudfront::managed::{ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED};
use crate::components::{Deviations, Tags};
use crate::desired::Input;

/// The desired settings of a distribution. A setting that is `None`, or an empty map, is not managed: what others have
/// configured stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The comment: the API's name, and the user's text after it.
    pub comment: String,
    /// The alternate domain names.
    pub aliases: Vec<Input<String>>,
    /// `PriceClass_100`, `PriceClass_200` or `PriceClass_All`.
    pub price_class: String,
    /// The certificate for the aliases, in us-east-1.
    pub certificate_arn: Option<Input<String>>,
    /// The settings of connections from clients.
    #[serde(default)]
    pub viewer: Viewer,
    /// The origins by id.
    pub origins: BTreeMap<String, Origin>,
    /// The headers that CloudFront adds to every request to an origin.
    #[serde(default)]
    pub origin_headers: BTreeMap<String, Input<String>>,
    /// The ARN of the certificate that CloudFront presents to every origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_arn: Option<Input<String>>,
    /// The origin groups, sorted by id.
    #[serde(default)]
    pub groups: Vec<OriginGroup>,
    /// The default cache behavior.
    pub default_behavior: Behavior,
    /// The other cache behaviors by path pattern, in order.
    pub behaviors: Vec<(String, Behavior)>,
    /// The responses to errors, sorted by status.
    #[serde(default)]
    pub error_responses: Vec<ErrorResponse>,
    /// The countries that are served or not served.
    #[serde(default)]
    pub geo_restriction: Option<GeoRestriction>,
    /// Standard logging to S3.
    #[serde(default)]
    pub logging: Option<Logging>,
    /// The ARN of the web ACL.
    #[serde(default)]
    pub web_acl_arn: Option<Input<String>>,
    /// Whether this is a staging distribution, which receives only what a continuous deployment policy sends it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub staging: bool,
    /// How aliases that other distributions serve move to this one; `None` if they do not. AWS does not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_over: Option<TakeOver>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// Settings of connections from clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// `http1.1`, `http2`, `http3` or `http2and3`.
    pub http_version: String,
    /// Whether CloudFront accepts connections over IPv6.
    pub ipv6: bool,
    /// The security policy for the aliases, such as `TLSv1.2_2021`.
    pub minimum_tls: String,
}

impl Default for Viewer {
    fn default() -> Self {
        Self { http_version: "http2and3".to_owned(), ipv6: true, minimum_tls: "TLSv1.2_2021".to_owned() }
    }
}

/// How aliases of other distributions move to this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// The hosted zone for the TXT record by which CloudFront verifies a move. `None` if the user creates this record elsewhere.
    pub zone_id: Option<Input<String>>,
}

/// An origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The host name.
    pub host: Input<String>,
    /// The origin path, which precedes the path of every request: a stage.
    pub path: String,
    /// How CloudFront connects to the origin.
    #[serde(default)]
    pub connection: Connection,
    /// The region of Origin Shield, which gathers the requests of all edge locations.
    #[serde(default)]
    pub shield_region: Option<String>,
}

/// How CloudFront connects to an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// How often CloudFront tries to connect.
    pub attempts: i64,
    /// How long one attempt to connect may take, in seconds.
    pub timeout_seconds: i64,
    /// How long CloudFront waits for each packet of a response, in seconds.
    pub read_timeout_seconds: i64,
    /// How long CloudFront keeps an idle connection, in seconds.
    pub keepalive_timeout_seconds: i64,
    /// How long a complete response may take, in seconds.
    pub completion_timeout_seconds: Option<i64>,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            attempts: 3,
            timeout_seconds: 10,
            read_timeout_seconds: 30,
            keepalive_timeout_seconds: 5,
            completion_timeout_seconds: None,
        }
    }
}

/// Two origins: CloudFront uses the second one when the first one fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginGroup {
    /// The group's id.
    pub id: String,
    /// The id of the first origin.
    pub primary: String,
    /// The id of the origin that is used when the first one fails.
    pub secondary: String,
    /// The status codes that cause a failover.
    pub status_codes: Vec<i32>,
}

/// A cache behavior.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behavior {
    /// The id of the origin or origin group.
    pub target: String,
    /// Whether POST, PUT, PATCH and DELETE are allowed, which CloudFront refuses for an origin group.
    pub writes: bool,
    /// The id of the cache policy.
    #[serde(default = "caching_disabled")]
    pub cache_policy_id: Input<String>,
    /// The id of the origin request policy.
    #[serde(default = "all_viewer_except_host")]
    pub origin_request_policy_id: Option<Input<String>>,
    /// The id of the response headers policy.
    #[serde(default)]
    pub response_headers_policy_id: Option<Input<String>>,
    /// The ARN of a version of our Lambda@Edge function, which CloudFront calls before it sends a request to the origin. If it is
    /// `None`, functions that others have associated stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_request_function: Option<Input<String>>,
    /// Whether our Lambda@Edge function receives the bodies of requests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub origin_request_body: bool,
    /// The ARN of the CloudFront function for viewer requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewer_function_arn: Option<Input<String>>,
    /// Whether CloudFront compresses responses.
    #[serde(default = "yes")]
    pub compress: bool,
    /// `redirect-to-https`, `https-only` or `allow-all`.
    #[serde(default = "redirect_to_https")]
    pub viewer_protocol: String,
}

impl Behavior {
    /// A behavior that caches nothing and forwards everything but the viewer's `Host` header.
    pub fn uncached(target: &str, writes: bool) -> Self {
        Self {
            target: target.to_owned(),
            writes,
            cache_policy_id: caching_disabled(),
            origin_request_policy_id: all_viewer_except_host(),
            response_headers_policy_id: None,
            origin_request_function: None,
            origin_request_body: false,
            viewer_function_arn: None,
            compress: true,
            viewer_protocol: redirect_to_https(),
        }
    }
}

fn caching_disabled() -> Input<String> {
    Input::from(CACHING_DISABLED.id)
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn all_viewer_except_host() -> Option<Input<String>> {
    Some(Input::from(ALL_VIEWER_EXCEPT_HOST.id))
}

fn yes() -> bool {
    true
}

fn redirect_to_https() -> String {
    "redirect-to-https".to_owned()
}

/// The response to an error of the origins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorResponse {
    /// The status of the error.
    pub status: i32,
    /// The status and the path of the response that clients receive instead.
    pub replacement: Option<Replacement>,
    /// How long CloudFront caches the error, in seconds; `None` for its default.
    pub cache_seconds: Option<i64>,
}

/// What clients receive instead of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// The status.
    pub status: i32,
    /// The path that CloudFront requests for the body.
    pub path: String,
}

/// The countries that are served, or those that are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeoRestriction {
    /// Whether only the countries are served; otherwise all others are.
    pub allow: bool,
    /// The countries, as two-letter codes of ISO 3166-1, sorted.
    pub countries: Vec<String>,
}

/// Standard logging to S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// The domain name of the bucket: `logs.s3.amazonaws.com`.
    pub bucket: Input<String>,
    /// The prefix of the objects.
    pub prefix: Input<String>,
    /// Whether the log contains cookies.
    pub cookies: bool,
}
