//! Settings of the distribution as a whole.

use crate::schema::{Texts, attributes, choices};

attributes! {
    /// How CloudFront connects to the API.
    pub(in crate::resources::api) struct Connection {
        /// How often CloudFront tries to connect before it fails over or returns an error.
        attempts: i64 = optional, default(3), range(1..=3);
        /// How long one attempt to connect may take, in seconds.
        timeout_seconds: i64 = optional, default(10), range(1..=10);
        /// How long CloudFront waits for each packet of a response, in seconds.
        read_timeout_seconds: i64 = optional, default(30), range(1..=120);
        /// How long CloudFront keeps an idle connection, in seconds.
        keepalive_timeout_seconds: i64 = optional, default(5), range(1..=120);
        /// How long a complete response may take, in seconds; at least `read_timeout_seconds`. By default, there is no
        /// limit.
        completion_timeout_seconds: i64 = optional, range(1..=3_600);
    }

    /// A cache between the edge locations and the API, which sends fewer requests to the API.
    pub(in crate::resources::api) struct OriginShield {
        /// The region of the cache. By default, the region with Origin Shield that is nearest to each region of the API.
        region: String = optional, one_of(&SHIELD_REGIONS), example("\"eu-central-1\"");
    }

    /// The countries that CloudFront serves, as two-letter codes of ISO 3166-1. Set one of the lists.
    pub(in crate::resources::api) struct GeoRestriction {
        /// The only countries that are served.
        allow: Texts = optional, example("[\"AT\", \"CH\", \"DE\"]");
        /// The countries that are not served.
        block: Texts = optional, example("[\"AQ\"]");
    }

    /// Standard logging: CloudFront writes a line for each request to an S3 bucket.
    pub(in crate::resources::api) struct Logging {
        /// The domain name of the bucket, which must accept access control lists.
        bucket: String = required, example("\"logs.s3.amazonaws.com\"");
        /// The prefix of the names of the objects.
        prefix: String = optional, default("");
        /// Whether the log contains cookies.
        include_cookies: bool = optional, default(false);
    }

    /// The response to an error.
    pub(in crate::resources::api) struct ErrorResponse {
        /// The status that clients receive instead. Requires `page_path`.
        response_status: i64 = optional, example("503");
        /// The path that CloudFront requests for the body that clients receive instead. Requires `response_status`.
        page_path: String = optional, example("\"/errors/unavailable\"");
        /// How long CloudFront caches the error, in seconds. By default, 10 seconds.
        cache_seconds: i64 = optional, range(0..=31_536_000), example("60");
    }
}

/// The regions of Origin Shield.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Choose the AWS Region for Origin Shield".
pub(in crate::resources::api) const SHIELD_REGIONS: [&str; 13] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "me-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

choices! {
    /// The versions of HTTP that clients may use. With HTTP/3, the names in the zone of `domain` also have HTTPS records, from
    /// which clients learn the versions before they connect.
    pub(in crate::resources::api) enum HttpVersion {
        /// HTTP/1.1.
        One1 = "http1.1",
        /// HTTP/1.1 and HTTP/2.
        Two = "http2",
        /// HTTP/1.1 and HTTP/3.
        Three = "http3",
        /// HTTP/1.1, HTTP/2 and HTTP/3.
        Two3 = "http2and3",
    }

    /// The security policy for clients' connections to the aliases: the minimum version of TLS, and the ciphers. CloudFront's
    /// own domain name always accepts TLS 1.0.
    pub(in crate::resources::api) enum MinimumTls {
        /// TLS 1.0.
        Tls10 = "TLSv1_2016",
        /// TLS 1.1.
        Tls11 = "TLSv1.1_2016",
        /// TLS 1.2, with the ciphers of 2018.
        Tls12In2018 = "TLSv1.2_2018",
        /// TLS 1.2, with the ciphers of 2019.
        Tls12In2019 = "TLSv1.2_2019",
        /// TLS 1.2, with the ciphers of 2021.
        Tls12In2021 = "TLSv1.2_2021",
        /// TLS 1.2, with the ciphers of 2025.
        Tls12In2025 = "TLSv1.2_2025",
        /// TLS 1.3.
        Tls13In2025 = "TLSv1.3_2025",
    }
}

impl HttpVersion {
    /// Whether clients may use HTTP/3.
    pub(in crate::resources::api) fn includes_http3(self) -> bool {
        matches!(self, Self::Three | Self::Two3)
    }
}
