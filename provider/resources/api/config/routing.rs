//! `routing`: how DNS distributes requests among the regions.

use crate::schema::{attributes, choices};

attributes! {
    /// How Route 53 distributes the requests for `domain.name` among the regions.
    pub(in crate::resources::api) struct Routing {
        policy: Policy = optional, default(Policy::Latency);
        health_check: HealthCheck = optional;
        /// How long resolvers may cache an answer, in seconds. After a region is removed from DNS, the provider waits this
        /// long before it deletes the region's objects. It also waits before it disables a default endpoint.
        drain_seconds: i64 = optional, default(60), range(0..=86_400);
    }

    /// A Route 53 health check for each region. An unhealthy region receives no traffic while another one is healthy. The
    /// check calls the region's default endpoint, or its regional name when the default endpoint is disabled. Route 53 sends
    /// requests from about 15 locations, and each of them invokes the function.
    pub(in crate::resources::api) struct HealthCheck {
        /// The path that the health check requests. The provider requests the same path before a region receives traffic. A
        /// route must match it.
        path: String = optional, default("/"), example("\"/health\"");
        /// The time between two requests of one location, in seconds.
        interval_seconds: i64 = optional, default(30), numbers(&[10, 30]);
        /// The number of consecutive results that change the status of a region.
        failure_threshold: i64 = optional, default(3), range(1..=10);
        /// Whether Route 53 measures the latency of the requests, at an additional charge.
        measure_latency: bool = optional, default(false);
        /// Text that the first 5,120 bytes of the response must contain.
        search_string: String = optional;
    }
}

choices! {
    /// How Route 53 chooses a region for each client.
    pub(in crate::resources::api) enum Policy {
        /// The region with the lowest latency to the client.
        Latency = "latency",
        /// The primary region, or the secondary while the primary is unhealthy. Requires exactly two regions.
        Failover = "failover",
        /// Each region in proportion to its `weight`.
        Weighted = "weighted",
    }
}
