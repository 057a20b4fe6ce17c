//! `routing`: how DNS distributes requests among the regions.

use crate::schema::{Texts, attributes, choices};

attributes! {
    /// How Route 53 distributes the requests for `domain.name` among the regions.
    pub(in crate::resources::api) struct Routing {
        policy: Policy = optional, default(Policy::Latency);
        health_check: HealthCheck = optional;
        probe: Probe = optional;
        /// Whether a region also receives no traffic while Route 53 considers API Gateway as a whole unhealthy in that region.
        /// Only a health check observes the API itself.
        evaluate_target_health: bool = optional, default(true);
        /// How long resolvers may cache an answer, in seconds. After a region is removed from DNS, the provider waits this
        /// long before it deletes the region's objects. It also waits before it disables a default endpoint.
        drain_seconds: i64 = optional, default(60), range(0..=86_400);
    }

    /// A Route 53 health check for each region. An unhealthy region receives no traffic while another one is healthy. The
    /// check calls the region's default endpoint, or its regional name when the default endpoint is disabled. Route 53 sends
    /// requests from about 15 locations, and each of them invokes the function.
    pub(in crate::resources::api) struct HealthCheck {
        protocol: CheckProtocol = optional, default(CheckProtocol::Https);
        /// The port that the health check connects to. The default is the usual port of the protocol: 443, or 80 with
        /// `protocol = "http"`. API Gateway accepts connections only on port 443.
        port: i64 = optional, range(1..=65_535);
        /// The path that the health check requests. The provider requests the same path before a region receives traffic, and
        /// expects the same response. A route must match it.
        path: String = optional, default("/"), example("\"/health\"");
        /// The time between two requests of one location, in seconds.
        interval_seconds: i64 = optional, default(30), numbers(&[10, 30]);
        /// The number of consecutive results that change the status of a region.
        failure_threshold: i64 = optional, default(3), range(1..=10);
        /// Whether Route 53 measures the latency of the requests, at an additional charge.
        measure_latency: bool = optional, default(false);
        /// Text that the first 5,120 bytes of the response must contain.
        search_string: String = optional;
        /// Whether the status is inverted: a region is unhealthy while its endpoint answers.
        inverted: bool = optional, default(false);
        /// Whether Route 53 sends no requests and considers every region healthy or, with `inverted`, unhealthy.
        disabled: bool = optional, default(false);
        /// The AWS regions of the checkers that send requests: at least three of us-east-1, us-west-1, us-west-2, eu-west-1,
        /// ap-northeast-1, ap-southeast-1, ap-southeast-2 and sa-east-1. By default, all of them.
        checker_regions: Texts = optional, example("[\"us-east-1\", \"us-west-2\", \"eu-west-1\"]");
        calculated: Calculated = optional;
    }

    /// The request with which the provider tests every region before the region receives traffic, and every new version of a
    /// function before clients reach it. With a health check, the provider sends the same request as Route 53 and expects the
    /// same response.
    pub(in crate::resources::api) struct Probe {
        /// Whether a region must answer before it receives traffic. Without this test, clients may be the first to notice that
        /// an API does not work. New versions of a function are tested in any case: the provider invokes them directly.
        enabled: bool = optional, default(true);
        /// The path of the request, without the base path. A route must match it. By default, the path of the health check, or
        /// else a path that a route without path parameters matches.
        path: String = optional, example("\"/health\"");
        /// The statuses that count as an answer: single ones, or ranges. With an HTTP or HTTPS health check, the default is
        /// `["200-399"]`; otherwise, every status below 500 counts that API Gateway does not return itself.
        statuses: Texts = optional, example("[\"200-399\", \"401\"]");
        /// Text that the first 5,120 bytes of the response must contain. By default, that of the health check.
        search_string: String = optional;
    }

    /// A health check over the health checks of the serving regions. Its id is the attribute `health_check_id`, for alarms
    /// and for records of your own. With `policy = "failover"` and more than two regions, it covers the secondary regions, and
    /// they receive traffic only while it is healthy.
    pub(in crate::resources::api) struct Calculated {
        /// The number of healthy regions from which on the health check is healthy.
        threshold: i64 = required, range(1..=256), example("1");
    }
}

choices! {
    /// How Route 53 chooses a region for each client.
    ///
    /// Multivalue answer routing is not available: Route 53 does not allow it for alias records, and the domain names of API
    /// Gateway have no fixed addresses to which other records could point.
    pub(in crate::resources::api) enum Policy {
        /// The region with the lowest latency to the client.
        Latency = "latency",
        /// The primary region, or a secondary region while the primary is unhealthy. With more than two regions, the secondary
        /// region with the lowest latency to the client. Requires at least two regions.
        Failover = "failover",
        /// Each region in proportion to its `weight`.
        Weighted = "weighted",
        /// The region whose `locations` contain the client's state, country or continent, in this order.
        Geolocation = "geolocation",
        /// The region that is nearest to the client, where `bias` changes the distance.
        Geoproximity = "geoproximity",
        /// The region whose `cidrs` contain the address of the client, or of its resolver.
        IpBased = "ip_based",
    }

    /// What the health check sends.
    pub(in crate::resources::api) enum CheckProtocol {
        /// An HTTPS request for `path`, which must be answered with a status from 200 to 399.
        Https = "https",
        /// An HTTP request for `path`, which must be answered with a status from 200 to 399.
        Http = "http",
        /// Nothing. The health check opens a TCP connection.
        Tcp = "tcp",
    }
}
