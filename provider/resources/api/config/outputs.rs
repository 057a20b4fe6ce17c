//! The computed attributes of an API.

use std::collections::BTreeMap;

use crate::resources::shared::components::Component;
use crate::schema::{Attr, outputs};

outputs! {
    /// The computed attributes of an API.
    pub(in crate::resources::api) struct Outputs {
        /// The API's name.
        id: String;
        /// The URL of the API: at the domain name if there is one, otherwise at CloudFront's, otherwise at the first serving
        /// region's.
        url: String;
        /// The API in each region, by region.
        endpoints: BTreeMap<String, Attr<Endpoint>>;
        distribution: DistributionOutputs;
        /// The records by which ACM validates the certificates that the provider requests, by domain. Without
        /// `domain.zone_id`, create them at your DNS service, and keep them, because ACM needs them for each renewal. Null
        /// without certificates that are validated by records.
        validation_records: BTreeMap<String, Attr<ValidationRecord>>;
        /// The id of the health check over the health checks of the regions. Null without `routing.health_check.calculated`.
        health_check_id: String;
        /// The values of the API keys that the provider generated, by the name of the key. Null without such keys.
        api_key_values: BTreeMap<String, Attr<String>>, sensitive();
        components: BTreeMap<String, Attr<Component>>;
    }

    /// The API in one region.
    pub(in crate::resources::api) struct Endpoint {
        /// The URL of the default endpoint of API Gateway. Null with `gateway.disable_execute_api_endpoint`.
        execute_api_url: String;
        /// The URL that always leads to this region. Null without `domain.regional_names`.
        pinned_url: String;
        /// The host name to which the records of the region's custom domain name point. Null without a custom domain name.
        domain_target: String;
        /// The version of `function` that receives the requests. Null without `function`.
        function_version: String;
        /// The versions of `functions` that receive the requests, by the names of the functions.
        function_versions: BTreeMap<String, Attr<String>>;
        /// Whether the region receives traffic. It must have answered the provider's request before.
        serving: bool;
    }

    /// The CloudFront distribution. Null without `cdn`.
    pub(in crate::resources::api) struct DistributionOutputs {
        /// The id of the distribution.
        id: String;
        /// The domain name that CloudFront assigned to the distribution.
        domain_name: String;
    }
    /// A CNAME record by which ACM validates a domain.
    pub(in crate::resources::api) struct ValidationRecord {
        /// The name of the record.
        name: String;
        /// The value of the record.
        value: String;
    }
}
