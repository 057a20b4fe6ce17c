//! `regions`: the settings of one region.

use std::collections::BTreeMap;

use super::domain::MutualTls;
use crate::resources::shared::function::{RegionFunction, S3, Vpc};
use crate::schema::{Attr, TextMap, Texts, Unknown, attributes, choices};

/// What replaces `traffic`.
const REMOVED_TRAFFIC: &str = "Remove it here. List the regions that must not receive traffic in the argument drained of the API, \
                               such as drained = [\"us-east-1\"].";
/// The value of `traffic` of a drained region, in states of earlier versions.
const DRAINED: &str = "drained";

attributes! {
    /// The settings of one region.
    pub(in crate::resources::api) struct Region {
        /// Whether this is the primary region: it receives all traffic with `routing.policy = "failover"`, and CloudFront
        /// sends requests to it first. At most one region can be primary.
        primary: bool = optional, default(false);
        /// Removed: the regions that receive no traffic are in `drained`. Only null is accepted.
        traffic: String = optional, removed(REMOVED_TRAFFIC);
        /// The region's share of the traffic with `routing.policy = "weighted"`, relative to the weights of the other
        /// regions. Other policies ignore it.
        weight: i64 = optional, default(100), range(0..=255);
        /// The locations of the clients that this region answers with `routing.policy = "geolocation"`: continents (`EU`),
        /// countries (`DE`) and states of the United States (`US-WA`). `*` stands for all other clients; one region must have
        /// it. Four countries have the code of a continent and are written `country:AF`, `country:AS`, `country:NA` and
        /// `country:SA`.
        locations: Texts = optional, example("[\"EU\", \"*\"]");
        /// How much this region attracts clients that are nearer to another one with `routing.policy = "geoproximity"`. A
        /// positive bias enlarges the area that the region answers, a negative one reduces it.
        bias: i64 = optional, default(0), range(-99..=99);
        /// The blocks of IP addresses whose clients this region answers with `routing.policy = "ip_based"`: prefixes of 1 to 24
        /// bits for IPv4, and of 1 to 48 bits for IPv6. `*` stands for all other clients; one region must have it.
        cidrs: Texts = optional, example("[\"203.0.113.0/24\", \"*\"]");
        health_alarm: HealthAlarm = optional;
        /// The id of an existing Route 53 health check that decides whether this region receives traffic, such as one of a
        /// Region switch plan. The provider neither changes nor deletes it. Excludes `routing.health_check`.
        health_check_id: String = optional;
        /// The ARN of an ARC routing control: the region receives traffic while it is on. Excludes `routing.health_check`.
        routing_control_arn: String = optional;
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
        /// The trust store of this region and its other settings of mutual TLS, used instead of those of `domain.mutual_tls`.
        mutual_tls: MutualTls = optional;
        /// The ARN of a regional web ACL of AWS WAF in this region, which filters the requests to the region's REST API.
        web_acl_arn: String = optional;
        /// The settings that differ in this region, for each of the API's `functions`.
        functions: BTreeMap<String, Attr<RegionFunction>> = optional, example("{ orders = { environment = { STAGE = \"eu\" } } }");
    }

    /// A CloudWatch alarm that decides whether this region receives traffic, where Route 53's checkers cannot reach the API. The
    /// region is healthy while the alarm is in the state `OK`. Excludes `routing.health_check`.
    pub(in crate::resources::api) struct HealthAlarm {
        /// The name of the alarm.
        name: String = required, example("\"shop-errors\"");
        /// The AWS region of the alarm. By default, the region of the API.
        region: String = optional, example("\"us-east-1\"");
        insufficient_data: InsufficientData = optional, default(InsufficientData::LastKnownStatus);
    }
}

impl Region {
    /// Whether the state of an earlier version lists the region as drained.
    pub(in crate::resources::api) fn was_drained(&self) -> bool {
        self.traffic().known().is_some_and(|traffic| traffic == DRAINED)
    }

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
    /// The status of the region while the alarm has too little data.
    pub(in crate::resources::api) enum InsufficientData {
        /// Healthy.
        Healthy = "healthy",
        /// Unhealthy.
        Unhealthy = "unhealthy",
        /// The last status that is known, and healthy if there is none.
        LastKnownStatus = "last_known_status",
    }
}
