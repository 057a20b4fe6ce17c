//! The attributes of `multiregion_api`, one file for each part.

mod cdn;
mod domain;
mod gateway;
mod outputs;
mod region;
mod rollout;
mod routing;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub(super) use cdn::{
    Behavior, Cache, CacheKey, Cdn, Connection, ErrorResponse, GeoRestriction, HttpVersion, Logging, MinimumTls,
    Origin, OriginShield, PriceClass, ResponseHeaders, SHIELD_REGIONS, Staging, StagingHeader, StagingSession,
    ViewerProtocol,
};
pub(super) use domain::{Certificate, Domain, KeyAlgorithm, MutualTls, Validation};
pub(super) use gateway::{
    AccessLog, ApiKey, Authorizer, AuthorizerKind, CacheSize, Cors, Gateway, IpAddressType, Period, Protocol, Quota,
    Rest, StageCache,
};
pub(super) use outputs::{DistributionOutputs, Endpoint, Outputs, ValidationRecord};
pub(super) use region::{HealthAlarm, InsufficientData, Region};
pub(super) use rollout::Rollout;
pub(super) use routing::{Calculated, CheckProtocol, HealthCheck, Policy, Probe, Routing};

use crate::resources::OnCreateFailure;
use crate::resources::shared::function::Function;
use crate::resources::shared::owned::Identity;
use crate::resources::shared::timeouts::timeouts;
use crate::schema::{Attr, Schema, TextMap, TextSet, attributes};
use crate::wire::Path;

attributes! {
    /// The arguments of an API.
    pub(in crate::resources::api) struct Config {
        /// The API's name: lower case letters, digits and hyphens, at most 40 characters, starting with a letter. The
        /// function, the role, the API Gateway API and the log groups carry it, so it must be unique in the account.
        /// Changing the name creates a new API.
        name: String = required, example("\"shop\"");
        /// The regions that the API runs in, by name: `{ "us-east-1" = { primary = true }, "us-west-2" = {} }`. Settings
        /// that differ between regions, such as buckets, image repositories, networks and layers, belong here. The only
        /// exception is `domain.certificate.arns`.
        regions: BTreeMap<String, Attr<Region>> = required, example("{ \"us-east-1\" = {}, \"eu-west-1\" = {} }");
        /// The regions that receive no traffic: `["us-east-1"]`. A drained region is kept up to date and keeps responding at its
        /// own endpoint. At least one region must serve.
        drained: TextSet = optional_computed, example("[\"us-east-1\"]");
        /// The Lambda function of every region, for an API with one function, or the function beside those of `functions`.
        function: Function = optional;
        /// Several Lambda functions for every region, by name, each with routes of its own:
        /// `{ orders = { source_dir = "orders", routes = ["ANY /orders/{path+}"] } }`. The name of a function in AWS is the
        /// name of the API, a hyphen and the name here. An API without any function serves the routes of the
        /// `multiregion_function` resources that are attached to it.
        functions: BTreeMap<String, Attr<Function>> = optional, example("{ orders = { source_dir = \"orders\" } }");
        gateway: Gateway = optional_computed, default(Gateway::default());
        domain: Domain = optional;
        routing: Routing = optional_computed, default(Routing::default());
        cdn: Cdn = optional;
        rollout: Rollout = optional;
        /// Tags for every AWS object of the API that supports tags. They override the provider's `default_tags`.
        tags: TextMap = optional_computed, example("{ team = \"web\" }");
        timeouts: Timeouts = optional_computed, default(Timeouts::default());
        /// Whether a destroy of the API and the removal of a region are refused.
        deletion_protection: bool = optional_computed, default(false);
        /// Whether the log groups of functions and access logs stay in AWS when the API, a region or a function is removed. Their
        /// owner id is removed, and the next create of the same name adopts them. A destroy uses the value of the last apply.
        retain_logs: bool = optional_computed, default(false);
        on_create_failure: OnCreateFailure = optional_computed, default(OnCreateFailure::Rollback);
    }
}

timeouts! {
    /// How long each operation may take, including the time that certificates and CloudFront need: a certificate may take
    /// 75 minutes to be issued, and a distribution 90 minutes to be disabled.
    pub(in crate::resources::api) struct Timeouts { create: 90 minutes, update: 90 minutes, delete: 120 minutes }
}

impl Config {
    /// The regions that are known, by name.
    pub(super) fn known_regions(&self) -> impl Iterator<Item = (&String, &Region)> {
        let regions = self.regions().into_iter().flatten();
        regions.filter_map(|(name, region)| Some((name, region.known()?)))
    }

    /// The functions that are known, by name. The function of `function` has none.
    pub(super) fn known_functions(&self) -> impl Iterator<Item = (Option<&str>, &Function)> {
        let one = self.function().known().map(|function| (None, function));
        let named = self.functions().known().into_iter().flatten();
        let named = named.filter_map(|(name, function)| Some((Some(name.as_str()), function.known()?)));
        one.into_iter().chain(named)
    }
}

impl Gateway {
    /// The names of the functions that authorize requests. They need no routes. `None` while some of them are unknown.
    pub(super) fn authorizing_functions(&self) -> Option<Vec<Option<&String>>> {
        let mut names = Vec::new();
        for one in self.authorizers().decided().ok()?.into_iter().flat_map(BTreeMap::values) {
            let one = one.decided().ok()??;
            let calls = matches!(one.kind().ok()?, AuthorizerKind::Token | AuthorizerKind::Request);
            if calls && one.function_arn().known().is_none() {
                names.push(one.function().decided().ok()?);
            }
        }
        Some(names)
    }
}

/// The path of a function: of one of `functions`, or without a name of `function`.
pub(super) fn function_path(name: Option<&str>) -> Path {
    name.map_or_else(|| Path::of("function"), |name| Path::of("functions").key(name))
}

/// The schema of `multiregion_api`.
pub(super) fn schema() -> &'static Schema {
    /// Built once: every state of a plan is completed by it.
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        Schema::new(
            "An HTTP API that runs in many AWS regions. Each region has a Lambda function behind an API Gateway. Optionally, \
             one domain name is routed to the regions by Route 53, health checks take unhealthy regions out of DNS, and \
             CloudFront serves requests in front of the regions.\n\n\
             A region receives traffic only after its API has answered a real request. When a region is removed from \
             `regions`, the provider first removes it from DNS, and deletes its objects when no resolver can hold its address \
             any more.",
        )
        .with::<Config>()
        .with::<Outputs>()
        .with::<Identity>()
    });
    &SCHEMA
}
