//! `cdn`: CloudFront in front of the regions.

use crate::schema::{Attr, Texts, attributes, choices};

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
    /// An *origin group* has exactly two regions: the primary region and the next serving region in alphabetical order.
    /// CloudFront sends a request to the second one when the first one fails. An origin group accepts only the methods
    /// GET, HEAD and OPTIONS.
    pub(in crate::resources::api) struct Cdn {
        origin: Origin = required, example("\"latency\"");
        /// The statuses of the first region on which CloudFront sends a request to the second region of an origin group.
        failover_status_codes: Vec<Attr<i64>> = optional, default([502, 503, 504]), each_of(&STATUS_CODES);
        /// Path patterns that go to an origin group, because their requests only read. All other requests go to the
        /// latency-routed name or, with `origin = "group"`, to the primary region. With `origin = "latency"`, the group
        /// consists of the latency-routed name and the primary region. By default, there are no such patterns, and with
        /// `origin = "group"` every request goes to the group.
        read_paths: Texts = optional, example("[\"/public/*\"]");
        price_class: PriceClass = optional, default(PriceClass::All);
        /// The names that CloudFront serves, in the zone of `domain`. By default, `domain.name`.
        aliases: Texts = optional, example("[\"www.example.com\"]");
    }
}

choices! {
    /// Where CloudFront sends requests.
    pub(in crate::resources::api) enum Origin {
        /// The name that Route 53 routes to the regions, with all methods. Requires a `domain`.
        Latency = "latency",
        /// An origin group of two regions, for requests that only read. Works without a `domain`, requires two serving
        /// regions, and ignores `routing`.
        Group = "group",
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
