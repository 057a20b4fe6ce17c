//! Expands the shape of an API into its components.

pub(super) mod cdn;
mod domain;
mod function;
mod routing;

use std::collections::BTreeMap;

use super::Api;
use super::config::Config;
use super::front::{self, Front};
use super::shape::Shape;
use crate::components::Tags;
use crate::components::acm::certificate;
use crate::components::acm::issued_certificate;
use crate::components::apigateway::domain::Domain;
use crate::components::apigateway::mapping::Mapping;
use crate::components::cloudfront::{
    cache_policy, distribution, invalidation, origin_request_policy, response_headers_policy,
};
use crate::components::execute_api::probe::Probe;
use crate::components::iam::role;
use crate::components::lambda::provisioned_concurrency;
use crate::components::lambda::version;
use crate::components::lambda::{alias, function as lambda};
use crate::components::logs::log_group;
use crate::components::route53::health_check;
use crate::components::route53::record::Record;
use crate::components::route53::validation_record;
use crate::desired::{Address, Desired, Handle, Kind};
use crate::resources::shared::owned::{self, Owned};
use crate::resources::shared::package::Digests;
use crate::resources::{Context, Resource};

/// The kinds of an API's components without those of its fronts.
const KINDS: &[&str] = &[
    role::Role::KIND,
    log_group::LogGroup::KIND,
    lambda::Function::KIND,
    version::Version::KIND,
    alias::Alias::KIND,
    provisioned_concurrency::ProvisionedConcurrency::KIND,
    certificate::Certificate::KIND,
    validation_record::ValidationRecord::KIND,
    issued_certificate::IssuedCertificate::KIND,
    Domain::KIND,
    Mapping::KIND,
    Probe::KIND,
    health_check::HealthCheck::KIND,
    cache_policy::CachePolicy::KIND,
    origin_request_policy::OriginRequestPolicy::KIND,
    response_headers_policy::ResponseHeadersPolicy::KIND,
    distribution::Distribution::KIND,
    invalidation::Invalidation::KIND,
    Record::KIND,
];

/// The kinds of component that an API may have.
pub(super) fn kinds() -> Vec<&'static str> {
    owned::kinds(&[KINDS, front::KINDS].concat())
}

/// The components of an API of this shape. `digests` are those of the function's package.
pub(super) fn desired(shape: &Shape, config: &Config, context: &Context<'_>, digests: &Digests) -> Desired {
    let mut draft = Draft { shape, config, context, digests, desired: Desired::default() };
    let regions = draft.regions();
    let mut claimed = Desired::default();
    let claim = draft.owned().claim(&mut claimed, regions.clone());
    draft.desired = claimed;
    let role = function::role(&mut draft);
    let (mut routed, mut functions) = (BTreeMap::<String, Region>::new(), BTreeMap::new());
    let certificates = domain::certificates(&mut draft);
    for (name, place) in &shape.regions {
        let function = function::in_region(&mut draft, name, place, &role);
        let front = front::in_region(&mut draft, name, &function);
        let domains = domain::in_region(&mut draft, name, &front, &certificates);
        let probe = routing::probe(&mut draft, name, &function, &front, &domains);
        let pinned = routing::pinned(&mut draft, name, &domains, &probe);
        let mut region = Region { front, domains, probe, pinned, health_check: None };
        region.health_check = routing::health_check(&mut draft, name, &region);
        routed.insert(name.clone(), region);
        functions.insert(name.clone(), function);
    }
    let shared = routing::shared(&mut draft, &routed);
    let distribution = cdn::distribution(&mut draft, &routed, shared.as_ref(), &certificates);
    cdn::invalidation(&mut draft, &functions, distribution.as_ref());
    draft.order_endpoints(&routed, shared.as_ref(), distribution.as_ref());
    Owned::complete(&mut draft.desired, &claim, regions);
    draft.desired
}

/// The state of the expansion.
pub(super) struct Draft<'a> {
    pub(super) shape: &'a Shape,
    pub(super) config: &'a Config,
    pub(super) context: &'a Context<'a>,
    pub(super) digests: &'a Digests,
    pub(super) desired: Desired,
}

/// The function of a region.
pub(super) struct Function {
    pub(super) function: Handle<lambda::Function>,
    pub(super) version: Handle<version::Version>,
    pub(super) alias: Handle<alias::Alias>,
}

/// A custom domain name that is mapped to the API of a region.
struct Named {
    name: String,
    domain: Handle<Domain>,
    mapping: Handle<Mapping>,
}

/// The custom domain names of a region.
struct Domains {
    shared: Option<Named>,
    regional: Option<Named>,
}

/// The components of a region that others refer to.
struct Region {
    front: Front,
    domains: Domains,
    probe: Handle<Probe>,
    pinned: Option<Handle<Record>>,
    health_check: Option<Handle<health_check::HealthCheck>>,
}

impl Draft<'_> {
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
        shared: Option<&Handle<Record>>,
        distribution: Option<&Handle<distribution::Distribution>>,
    ) {
        for region in regions.values() {
            let endpoint = &region.front.default_endpoint;
            if !self.shape.gateway.disabled {
                self.desired.order(&region.probe, endpoint);
                continue;
            }
            self.desired.order(endpoint, &region.probe);
            self.desired.order_after_removals(endpoint);
            region.health_check.iter().for_each(|check| self.desired.order(endpoint, check));
            region.pinned.iter().chain(shared).for_each(|record| self.desired.order(endpoint, record));
            distribution.iter().for_each(|distribution| self.desired.order(endpoint, distribution));
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
