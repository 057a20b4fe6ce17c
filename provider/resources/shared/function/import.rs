//! The arguments of functions, read from the functions of all regions.

use std::collections::{BTreeMap, BTreeSet};

use super::{AWS_IAM, Architecture, Function, PayloadFormat, RegionFunction, S3, Symlinks, Throttle, Vpc};
use crate::components::apigateway::authorizer::{self, Authorizer};
use crate::components::apigateway::integration::{self, Integration};
use crate::components::apigateway::route::{self, Authorization, Route};
use crate::components::apigateway::route_settings::RouteSettings;
use crate::components::apigateway::stage;
use crate::components::iam::role::Role;
use crate::components::lambda::function::{self, Code};
use crate::components::lambda::provisioned_concurrency::ProvisionedConcurrency;
use crate::components::logs::log_group::LogGroup;
use crate::desired::{Address, Input, Links, PackageSource};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, attrs, list};
use crate::schema::{Attr, TextMap, Texts};
use crate::wire::Number;

/// The settings that one function has in common in all regions.
pub(crate) struct Common {
    /// Its name in `functions`; `None` for `function`.
    name: Option<String>,
    first: function::Spec,
    environment: BTreeMap<String, Input<String>>,
    layers: Vec<Input<String>>,
    reserved: Option<Input<i64>>,
    provisioned: Option<Input<i64>>,
}

/// All functions that were found.
pub(crate) fn all(found: &FoundComponents<'_>, regions: &[String]) -> Vec<Common> {
    let names: BTreeSet<Option<String>> =
        found.all::<function::Function>().into_iter().map(|(address, _)| address.key).collect();
    names.into_iter().filter_map(|name| Common::of(found, regions, name)).collect()
}

/// Whether the log groups stay in AWS when they are no longer desired.
pub(crate) fn retain_logs(found: &FoundComponents<'_>) -> bool {
    found.all::<LogGroup>().iter().any(|(_, log)| log.retain)
}

impl Common {
    /// What the function `name` has in common in `regions`; `None` when there is no such function.
    fn of(found: &FoundComponents<'_>, regions: &[String], name: Option<String>) -> Option<Self> {
        let key = name.as_deref();
        let all: Vec<function::Spec> = regions.iter().filter_map(|region| spec(found, region, key)).collect();
        let first = all.first()?.clone();
        let mut environment = first.environment.clone();
        environment.retain(|key, value| all.iter().all(|spec| spec.environment.get(key) == Some(value)));
        let provisioned: Vec<_> = regions.iter().map(|region| instances(found, region, key)).collect();
        Some(Self {
            environment,
            layers: common(all.iter().map(|spec| spec.layers.clone())).unwrap_or_default(),
            reserved: common(all.iter().map(|spec| spec.reserved_concurrency.clone())).flatten(),
            provisioned: common(provisioned.into_iter()).flatten(),
            first,
            name,
        })
    }

    /// Its name in `functions`; `None` for `function`.
    pub(crate) fn name(&self) -> Option<&String> {
        self.name.as_ref()
    }

    /// The function.
    pub(crate) fn function(&self, found: &FoundComponents<'_>, regions: &[String]) -> Function {
        let (spec, key) = (&self.first, self.name.as_deref());
        let (source_dir, filename, exclude, links) = match &spec.source {
            Some(PackageSource::Directory { path, exclude, links }) => (Some(path), None, exclude.clone(), *links),
            Some(PackageSource::File { path }) => (None, Some(path), Vec::new(), Links::Inside),
            None => (None, None, Vec::new(), Links::Inside),
        };
        let symlinks = match links {
            Links::Inside => Attr::Null,
            Links::Keep => Attr::Known(Symlinks::Keep),
            Links::Follow => Attr::Known(Symlinks::Follow),
        };
        let created = found.spec(&Address::global_of::<Role>().maybe_key(key));
        let log = regions.iter().find_map(|region| found.spec(&Address::of::<LogGroup>(region).maybe_key(key)));
        let routed = routed(found, found, regions, key);
        Function {
            // The routes of `function` are those of `gateway`.
            routes: if key.is_some() { list(routed.routes) } else { Attr::Null },
            throttle: routed.throttle,
            payload_format: routed.payload_format,
            api_key_required: Attr::Null,
            authorizer: routed.authorizer,
            authorization_scopes: routed.scopes,
            source_dir: source_dir.cloned().into(),
            filename: filename.cloned().into(),
            exclude: list(exclude),
            symlinks,
            handler: spec.handler.as_ref().map_or(Attr::Null, attr),
            runtime: spec.runtime.as_ref().map_or(Attr::Null, attr),
            architecture: Architecture::parse(&spec.architecture).into(),
            memory_mb: attr(&spec.memory_mb),
            timeout_seconds: attr(&spec.timeout_seconds),
            ephemeral_storage_mb: attr(&spec.ephemeral_storage_mb),
            environment: variables(&self.environment),
            layers: attrs(&self.layers),
            keep_versions: Attr::Null,
            rollback: Attr::Null,
            log_retention_days: log.map(|log| log.retention_days).into(),
            role_arn: if created.is_some() { Attr::Null } else { attr(&spec.role_arn) },
            policy_json: created.and_then(|role| role.policies.get("function").map(attr)).unwrap_or_default(),
            tracing: Attr::Known(spec.tracing),
            reserved_concurrency: self.reserved.as_ref().map_or(Attr::Null, attr),
            provisioned_concurrency: self.provisioned.as_ref().map_or(Attr::Null, attr),
        }
    }

    /// The settings of a region that differ from those of other regions.
    pub(crate) fn of_region(&self, found: &FoundComponents<'_>, region: &str) -> RegionFunction {
        let key = self.name.as_deref();
        let Some(spec) = spec(found, region, key) else { return RegionFunction::default() };
        let mut environment = spec.environment.clone();
        environment.retain(|key, value| self.environment.get(key) != Some(value));
        let reserved = spec.reserved_concurrency.filter(|_| self.reserved.is_none());
        let provisioned = instances(found, region, key).filter(|_| self.provisioned.is_none());
        let (s3, image_uri) = match &spec.code {
            Code::Package { .. } => (Attr::Null, Attr::Null),
            Code::S3 { bucket, key, version } => {
                let version = version.as_ref().map_or(Attr::Null, attr);
                (Attr::Known(S3 { bucket: attr(bucket), key: attr(key), version }), Attr::Null)
            }
            Code::Image { uri } => (Attr::Null, attr(uri)),
        };
        let vpc = spec
            .vpc
            .map(|vpc| Vpc { subnet_ids: attrs(&vpc.subnet_ids), security_group_ids: attrs(&vpc.security_group_ids) });
        RegionFunction {
            environment: variables(&environment),
            layers: if spec.layers == self.layers { Attr::Null } else { attrs(&spec.layers) },
            s3,
            image_uri,
            reserved_concurrency: reserved.as_ref().map_or(Attr::Null, attr),
            provisioned_concurrency: provisioned.as_ref().map_or(Attr::Null, attr),
            vpc: vpc.into(),
        }
    }
}

fn spec(found: &FoundComponents<'_>, region: &str, key: Option<&str>) -> Option<function::Spec> {
    found.spec(&Address::of::<function::Function>(region).maybe_key(key))
}

/// The value of all, when all have the same.
fn common<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

fn instances(found: &FoundComponents<'_>, region: &str, key: Option<&str>) -> Option<Input<i64>> {
    found.spec(&Address::of::<ProvisionedConcurrency>(region).maybe_key(key)).map(|spec| spec.instances)
}

fn variables(variables: &BTreeMap<String, Input<String>>) -> Attr<TextMap> {
    if variables.is_empty() {
        return Attr::Null;
    }
    Attr::Known(variables.iter().map(|(key, value)| (key.clone(), attr(value))).collect())
}

/// The part of a function that its HTTP APIs hold.
pub(crate) struct Routed {
    /// The route keys.
    pub(crate) routes: Vec<String>,
    /// The limit of requests for each route.
    pub(crate) throttle: Attr<Throttle>,
    /// The format of events and responses.
    pub(crate) payload_format: Attr<PayloadFormat>,
    /// The name of the authorizer of the routes.
    pub(crate) authorizer: Attr<String>,
    /// The scopes of which a token needs one.
    pub(crate) scopes: Attr<Texts>,
}

/// The part of a function that its HTTP APIs hold. `api` has the authorizers: those of another resource, for an attached
/// function.
pub(crate) fn routed(
    found: &FoundComponents<'_>,
    api: &FoundComponents<'_>,
    regions: &[String],
    name: Option<&str>,
) -> Routed {
    let at = regions.first().map(|region| Address::of::<Integration>(region).maybe_key(name));
    let integration = at.as_ref().and_then(|at| found.spec(at));
    let id = at.and_then(|at| found.output(&at, integration::ID));
    let here = |address: &Address| address.scope.region() == regions.first().map(String::as_str);
    let is_its = |(address, spec): &(Address, route::Spec)| here(address) && spec.integration_id.known() == id.as_ref();
    let specs = found.all::<Route>().into_iter().filter(|_| id.is_some()).filter(is_its);
    let specs: Vec<route::Spec> = specs.map(|(_, spec)| spec).collect();
    let (authorizer, scopes) = specs.first().map_or((Attr::Null, Attr::Null), |spec| authorization(api, spec));
    let routes: Vec<String> = specs.into_iter().map(|spec| spec.key).collect();
    let limits = found.all::<RouteSettings>();
    let limit = limits.iter().find(|(address, spec)| here(address) && routes.contains(&spec.route_key));
    Routed {
        throttle: limit.map(|(_, spec)| throttle(&spec.throttle)).into(),
        payload_format: integration.and_then(|spec| PayloadFormat::parse(&spec.payload_format)).into(),
        authorizer,
        scopes,
        routes,
    }
}

/// The name of the authorizer of a route, and the scopes.
fn authorization(found: &FoundComponents<'_>, route: &route::Spec) -> (Attr<String>, Attr<Texts>) {
    let named = |id: &Input<String>| {
        let is_it = |address: &Address| {
            let id_of = address.clone().typed::<Authorizer>().and_then(|at| found.output(&at, authorizer::ID));
            id_of.as_ref() == id.known()
        };
        let one = found.all::<Authorizer>().into_iter().map(|(address, _)| address).find(is_it);
        Attr::from(one.and_then(|address| address.key))
    };
    match &route.authorization {
        Authorization::Open => (Attr::Null, Attr::Null),
        Authorization::Iam => (Attr::Known(AWS_IAM.to_owned()), Attr::Null),
        Authorization::Jwt { authorizer_id, scopes } => (named(authorizer_id), attrs(scopes)),
        Authorization::Lambda { authorizer_id } => (named(authorizer_id), Attr::Null),
    }
}

/// A limit of requests, as a stage or a route has it.
pub(crate) fn throttle(throttle: &stage::Throttle) -> Throttle {
    Throttle {
        rate: throttle.rate.known().and_then(|rate| Number::parse(rate).ok()).into(),
        burst: attr(&throttle.burst),
    }
}
