//! `domain`: the names of an API.

use crate::schema::{TextMap, attributes};

attributes! {
    /// The domain name of the API, in a hosted zone of this account. Without a domain, the API is reachable at the endpoints
    /// of its regions and, with `cdn`, at the domain name of the CloudFront distribution.
    pub(in crate::resources::api) struct Domain {
        /// The domain name.
        name: String = required, example("\"api.example.com\"");
        /// The id of the public hosted zone that holds the name.
        zone_id: String = required, example("multiregion_zone.this.id");
        /// Whether each region also has a name of its own, such as `us-west-2.api.example.com`, that always leads to that
        /// region. The certificates then also cover `*.api.example.com`.
        regional_names: bool = optional, default(false);
        /// A path that precedes every path of the API: with `v1`, the API is at `https://api.example.com/v1/`. By default,
        /// the API is at the root.
        base_path: String = optional, example("\"v1\"");
        certificate: Certificate = optional, default(Certificate::default());
    }

    /// The certificates of the names. By default, the provider requests a certificate in each region and validates it by a
    /// record in the zone.
    pub(in crate::resources::api) struct Certificate {
        /// Whether the certificates also cover the names directly below `name`. By default, they do when they have to: with
        /// `regional_names`, and when CloudFront serves `name` with `origin = "latency"`.
        wildcard: bool = optional;
        /// ARNs of existing certificates by region, used instead of requesting certificates: one for each region, and one
        /// in us-east-1 for `cdn`.
        arns: TextMap = optional;
    }
}
