//! `regions`: the settings of one region.

use std::collections::BTreeMap;

use crate::resources::shared::function::{RegionFunction, S3, Vpc};
use crate::schema::{Attr, TextMap, Texts, Unknown, attributes, choices};

attributes! {
    /// The settings of one region.
    pub(in crate::resources::api) struct Region {
        /// Whether this is the primary region: it receives all traffic with `routing.policy = "failover"`, and CloudFront
        /// sends requests to it first. At most one region can be primary.
        primary: bool = optional, default(false);
        traffic: Traffic = optional, default(Traffic::Serving);
        /// The region's share of the traffic with `routing.policy = "weighted"`, relative to the weights of the other
        /// regions. Other policies ignore it.
        weight: i64 = optional, default(100), range(0..=255);
        /// Environment variables for this region's functions. They override those of `function.environment`, and the
        /// `environment` of each of `functions`.
        environment: TextMap = optional;
        /// ARNs of layer versions in this region, used instead of `function.layers`.
        layers: Texts = optional;
        /// The zip file of `function` in an S3 bucket of this region. If one region has it, all regions need one.
        s3: S3 = optional;
        /// The URI of the container image of `function` in an Amazon ECR repository of this region. If one region has an
        /// image, all regions need one.
        image_uri: String = optional, example("\"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1\"");
        /// The VPC that this region's functions are attached to.
        vpc: Vpc = optional;
        /// The reserved concurrency of `function` in this region, used instead of `function.reserved_concurrency`.
        reserved_concurrency: i64 = optional, range(0..=100_000);
        /// The provisioned concurrency of `function` in this region, used instead of `function.provisioned_concurrency`.
        provisioned_concurrency: i64 = optional, range(0..=100_000);
        /// The values of placeholders in `gateway.openapi` in this region. They override `gateway.openapi_variables`.
        openapi_variables: TextMap = optional;
        /// The ARN of a regional web ACL of AWS WAF in this region, which filters the requests to the region's REST API.
        web_acl_arn: String = optional;
        /// The settings that differ in this region, for each of the API's `functions`.
        functions: BTreeMap<String, Attr<RegionFunction>> = optional, example("{ orders = { environment = { STAGE = \"eu\" } } }");
    }
}

impl Region {
    /// The settings of a function in this region: of one of `functions`, or without a name of `function`. The region's own
    /// `environment` is not included.
    ///
    /// # Errors
    /// [`Unknown`] while it is unknown whether the region has settings for the function.
    pub(in crate::resources::api) fn of_function(&self, name: Option<&str>) -> Result<RegionFunction, Unknown> {
        let Some(name) = name else {
            return Ok(RegionFunction {
                environment: Attr::Null,
                layers: self.layers().clone(),
                s3: self.s3().clone(),
                image_uri: self.image_uri().clone(),
                reserved_concurrency: self.reserved_concurrency().clone(),
                provisioned_concurrency: self.provisioned_concurrency().clone(),
                vpc: Attr::Null,
            });
        };
        let own = self.functions().decided()?.and_then(|functions| functions.get(name));
        own.map_or_else(|| Ok(RegionFunction::default()), |own| own.or(RegionFunction::default))
    }
}

choices! {
    /// Whether the region receives traffic.
    pub(in crate::resources::api) enum Traffic {
        /// The region receives traffic.
        Serving = "serving",
        /// The region is kept up to date, but receives no traffic.
        Drained = "drained",
    }
}
