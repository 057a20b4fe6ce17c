//! Expands the shape of an API into its components.

pub(super) mod cdn;
mod domain;
mod health;
mod probe;
mod rollout;
mod routing;

use std::collections::BTreeMap;

use health::RegionHealth;
pub(super) use health::status_of;

use super::Api;
use super::config::Config;
use super::front::{self, Front};
use super::names::Names;
use super::shape::Shape;
use crate::components::Tags;
use crate::components::acm::certificate;
use crate::components::acm::issued_certificate;
use crate::components::apigateway::domain::Domain;
use crate::components::apigateway::mapping::Mapping;
use crate::components::cloudfront::{
    cache_policy, continuous_deployment_policy, distribution, invalidation, key_value_store, key_values,
    origin_request_policy, response_headers_policy, viewer_function,
};
use crate::components::cloudwatch::alarm_baseline::AlarmBaseline;
use crate::components::cloudwatch::alarm_watch::AlarmWatch;
use crate::components::execute_api::probe::Probe;
use crate::components::execute_api::verification::Verification;
use crate::components::iam::role;
use crate::components::lambda::edge_function::EdgeFunction;
use crate::components::lambda::provisioned_concurrency;
use crate::components::lambda::{alias, canary, function as lambda, version, version_check};
use crate::components::logs::log_group::LogGroup;
use crate::components::route53::alarm_health_check::AlarmHealthCheck;
use crate::components::route53::calculated_health_check::CalculatedHealthCheck;
use crate::components::route53::cidr_collection::CidrCollection;
use crate::components::route53::cidr_location::CidrLocation;
use crate::components::route53::health_check::HealthCheck;
use crate::components::route53::record::Record;
use crate::components::route53::routing_control_health_check::RoutingControlHealthCheck;
use crate::components::route53::validation_record;
use crate::desired::{Address, Desired, Handle, Input, Kind};
use crate::resources::shared::function::{self, Code, Deployed, Expanding, Packages};
use crate::resources::shared::owned::{self, Owned};
use crate::resources::{Context, Resource};

/// The kinds of an API's components without those of its fronts.
const KINDS: &[&str] = &[
    role::Role::KIND,
    LogGroup::KIND,
    lambda::Function::KIND,
    version::Version::KIND,
    version_check::VersionCheck::KIND,
    canary::Canary::KIND,
    alias::Alias::KIND,
    provisioned_concurrency::ProvisionedConcurrency::KIND,
    EdgeFunction::KIND,
    certificate::Certificate::KIND,
    validation_record::ValidationRecord::KIND,
    issued_certificate::IssuedCertificate::KIND,
    Domain::KIND,
    Mapping::KIND,
    Probe::KIND,
    Verification::KIND,
    AlarmBaseline::KIND,
    AlarmWatch::KIND,
    HealthCheck::KIND,
    AlarmHealthCheck::KIND,
    RoutingControlHealthCheck::KIND,
    CalculatedHealthCheck::KIND,
    CidrCollection::KIND,
    CidrLocation::KIND,
    cache_policy::CachePolicy::KIND,
    origin_request_policy::OriginRequestPolicy::KIND,
    response_headers_policy::ResponseHeadersPolicy::KIND,
    key_value_store::KeyValueStore::KIND,
    viewer_function::ViewerFunction::KIND,
    distribution::Distribution::KIND,
    continuous_deployment_policy::ContinuousDeploymentPolicy::KIND,
    key_values::KeyValues::KIND,
    invalidation::Invalidation::KIND,
    Record::KIND,
];

/// The kinds of component that an API may have.
pub(super) fn kinds() -> Vec<&'static str> {
    owned::kinds(&[&[KINDS], &front::KINDS[..]].concat().concat())
}

/// The components of an API of this shape.
pub(super) fn desired(shape: &Shape, config: &Config, context: &Context<'_>, digests: &Packages) -> Desired {
    let mut draft = Draft { shape, config, context, digests, desired: Desired::default() };
    let regions = draft.regions();
    let mut claimed = Desired::default();
    let claim = draft.owned().claim(&mut claimed, regions.clone());
    draft.desired = claimed;
    let roles: Vec<Input<String>> = shape.functions.iter().map(|code| role(&mut draft, code)).collect();
    let (mut routed, mut deployed) = (BTreeMap::<String, Region>::new(), BTreeMap::new());
    let certificates = domain::certificates(&mut draft);
    for (name, place) in &shape.regions {
        let codes = shape.functions.iter().zip(&roles);
        let functions: Vec<Deployed> = codes
            .map(|(code, role)| function::in_region(&mut draft.expanding(), &place.of(name, code), code, role))
            .collect();
        let front = front::in_region(&mut draft, name, &functions);
        let domains = domain::in_region(&mut draft, name, &front, &certificates);
        let entrance = probe::Entrance::of(&draft, &front, &domains);
        let probes = probe::of_region(&mut draft, name, &functions, &front, &domains, &entrance);
        rollout::verify(&mut draft, name, &entrance, &front, (&functions, &probes));
        rollout::canaries(&mut draft, name, &entrance, &functions);
        rollout::watch(&mut draft, name, &front, (&functions, &probes));
        let pinned = routing::pinned(&mut draft, name, &domains, &probes);
        let mut region = Region { front, domains, probes, pinned, health: None };
        region.health = health::of_region(&mut draft, name, &region);
        routed.insert(name.clone(), region);
        deployed.insert(name.clone(), functions);
    }
    let over_regions = health::over_regions(&mut draft, &routed);
    let shared = routing::routed(&mut draft, &routed, over_regions.as_ref());
    let distributions = cdn::distribution(&mut draft, &routed, shared.first(), &certificates);
    cdn::invalidation(&mut draft, &deployed, distributions.as_ref());
    draft.order_endpoints(&routed, &shared, distributions.as_ref());
    Owned::complete(&mut draft.desired, &claim, regions);
    draft.desired.rollout = rollout::of(shape);
    if shape.retain_logs {
        draft.desired.retain::<LogGroup>();
    }
    draft.desired
}

/// The state of the expansion.
pub(super) struct Draft<'a> {
    pub(super) shape: &'a Shape,
    pub(super) config: &'a Config,
    pub(super) context: &'a Context<'a>,
    pub(super) digests: &'a Packages,
    pub(super) desired: Desired,
}

/// A custom domain name that is mapped to the API of a region.
struct Named {
    name: String,
    domain: Handle<Domain>,
    mapping: Handle<Mapping>,
}

/// The custom domain names of a region.
#[derive(Default)]
struct Domains {
    shared: Option<Named>,
    /// Those of the additional names that Route 53 routes to the regions.
    additional: Vec<Named>,
    regional: Option<Named>,
}

impl Domains {
    /// The custom domain name of the region to which the record of `name` leads, if Route 53 routes it to the regions.
    fn routed(&self, names: &Names, name: &str) -> Option<&Named> {
        if names.is_cname(name) {
            return self.regional.as_ref();
        }
        self.shared.iter().chain(&self.additional).find(|named| named.name == name)
    }
}

/// The components of a region that others refer to.
struct Region {
    front: Front,
    domains: Domains,
    /// One for each function, or one for an API without functions.
    probes: Vec<Handle<Probe>>,
    pinned: Option<Handle<Record>>,
    health: Option<RegionHealth>,
}

/// The role of a function.
fn role(draft: &mut Draft<'_>, code: &Code) -> Input<String> {
    let places: Vec<function::Place<'_>> =
        draft.shape.regions.iter().map(|(region, place)| place.of(region, code)).collect();
    function::role(&mut draft.expanding(), code, function::uses_vpc(&places))
}

impl Draft<'_> {
    /// The part of the expansion that concerns functions.
    pub(super) fn expanding(&mut self) -> Expanding<'_, '_> {
        let owned = Owned::new(Api.owner(&self.shape.name), self.context, self.config.tags());
        let (name, context, packages) = (self.shape.name.as_str(), self.context, self.digests);
        Expanding { name, context, owned, packages, retain_logs: self.shape.retain_logs, desired: &mut self.desired }
    }

    /// The tags of the object at `address`.
    pub(super) fn tags(&self, address: &Address) -> Tags {
        self.owned().tags(address)
    }

    fn owned(&self) -> Owned<'_> {
        Owned::new(Api.owner(&self.shape.name), self.context, self.config.tags())
    }

    /// Orders the default endpoints of API Gateway: one is enabled before its region is probed, and disabled after every
    /// client uses custom domain names. Its clients are the probe, health checks, the targets of records, and CloudFront. A
    /// distribution that is deleted sends requests to the default endpoint until it is gone.
    fn order_endpoints(
        &mut self,
        regions: &BTreeMap<String, Region>,
        shared: &[Handle<Record>],
        distributions: Option<&cdn::Distributions>,
    ) {
        for region in regions.values() {
            let endpoint = &region.front.default_endpoint;
            if !self.shape.gateway.disabled {
                region.probes.iter().for_each(|probe| self.desired.order(probe, endpoint));
                continue;
            }
            region.probes.iter().for_each(|probe| self.desired.order(endpoint, probe));
            self.desired.order_after_removals(endpoint);
            let caller = region.health.as_ref().and_then(|health| health.caller.as_ref());
            caller.iter().for_each(|check| self.desired.order(endpoint, *check));
            region.pinned.iter().chain(shared).for_each(|record| self.desired.order(endpoint, record));
            let distributions = distributions.iter().flat_map(|distributions| distributions.each());
            distributions.for_each(|distribution| self.desired.order(endpoint, distribution));
        }
    }

    /// The regions with components of the API.
    fn regions(&self) -> Vec<String> {
        let mut regions: Vec<String> = self.shape.regions.keys().cloned().collect();
        let elsewhere = self.shape.cdn.is_some() && self.shape.names.is_some();
        if elsewhere && !self.shape.regions.contains_key(distribution::CERTIFICATE_REGION) {
            regions.push(distribution::CERTIFICATE_REGION.to_owned());
            regions.sort();
        }
        regions
    }
}
