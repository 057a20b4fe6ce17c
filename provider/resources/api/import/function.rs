//! `function`, `functions` and their part of `regions`, read from the functions of all regions.

use std::collections::{BTreeMap, BTreeSet};

use crate::components::iam::role::Role;
use crate::components::lambda::function::{self, Code};
use crate::components::lambda::provisioned_concurrency::ProvisionedConcurrency;
use crate::components::logs::log_group::LogGroup;
use crate::desired::{Address, Input, PackageSource};
use crate::resources::api::config::{Architecture, Function, Region, RegionFunction, S3, Vpc};
use crate::resources::api::front;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, attrs, list};
use crate::schema::{Attr, TextMap};

/// The settings that one function has in common in all regions.
pub(super) struct Common {
    /// Its name in `functions`; `None` for `function`.
    name: Option<String>,
    first: function::Spec,
    environment: BTreeMap<String, Input<String>>,
    layers: Vec<Input<String>>,
    reserved: Option<Input<i64>>,
    provisioned: Option<Input<i64>>,
}

/// All functions that were found.
pub(super) fn all(found: &FoundComponents<'_>, regions: &[String]) -> Vec<Common> {
    let names: BTreeSet<Option<String>> =
        found.all::<function::Function>().into_iter().map(|(address, _)| address.key).collect();
    names.into_iter().filter_map(|name| Common::of(found, regions, name)).collect()
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
    pub(super) fn name(&self) -> Option<&String> {
        self.name.as_ref()
    }

    /// The function.
    pub(super) fn function(&self, found: &FoundComponents<'_>, regions: &[String]) -> Function {
        let (spec, key) = (&self.first, self.name.as_deref());
        let (source_dir, filename, exclude) = match &spec.source {
            Some(PackageSource::Directory { path, exclude }) => (Some(path), None, exclude.clone()),
            Some(PackageSource::File { path }) => (None, Some(path), Vec::new()),
            None => (None, None, Vec::new()),
        };
        let created = found.spec(&Address::global_of::<Role>().maybe_key(key));
        let log = regions.iter().find_map(|region| found.spec(&Address::of::<LogGroup>(region).maybe_key(key)));
        let routed = front::imported_function(found, regions, key);
        Function {
            // The routes of `function` are those of `gateway`.
            routes: if key.is_some() { list(routed.routes) } else { Attr::Null },
            throttle: routed.throttle,
            payload_format: routed.payload_format,
            source_dir: source_dir.cloned().into(),
            filename: filename.cloned().into(),
            exclude: list(exclude),
            handler: spec.handler.as_ref().map_or(Attr::Null, attr),
            runtime: spec.runtime.as_ref().map_or(Attr::Null, attr),
            architecture: Architecture::parse(&spec.architecture).into(),
            memory_mb: attr(&spec.memory_mb),
            timeout_seconds: attr(&spec.timeout_seconds),
            ephemeral_storage_mb: attr(&spec.ephemeral_storage_mb),
            environment: variables(&self.environment),
            layers: attrs(&self.layers),
            log_retention_days: log.map(|log| log.retention_days).into(),
            role_arn: if created.is_some() { Attr::Null } else { attr(&spec.role_arn) },
            policy_json: created.and_then(|role| role.policies.get("function").map(attr)).unwrap_or_default(),
            tracing: Attr::Known(spec.tracing),
            reserved_concurrency: self.reserved.as_ref().map_or(Attr::Null, attr),
            provisioned_concurrency: self.provisioned.as_ref().map_or(Attr::Null, attr),
        }
    }

    /// The settings of a region that differ from those of other regions.
    fn of_region(&self, found: &FoundComponents<'_>, region: &str) -> RegionFunction {
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
        RegionFunction {
            environment: variables(&environment),
            layers: if spec.layers == self.layers { Attr::Null } else { attrs(&spec.layers) },
            s3,
            image_uri,
            reserved_concurrency: reserved.as_ref().map_or(Attr::Null, attr),
            provisioned_concurrency: provisioned.as_ref().map_or(Attr::Null, attr),
        }
    }
}

/// The part of a region that describes its functions.
pub(super) fn of_region(all: &[Common], found: &FoundComponents<'_>, region: &str) -> Region {
    let mut place = Region::default();
    let mut named = BTreeMap::new();
    for common in all {
        let own = common.of_region(found, region);
        match &common.name {
            Some(name) if own != RegionFunction::default() => drop(named.insert(name.clone(), Attr::Known(own))),
            Some(_) => {}
            None => {
                place = Region {
                    environment: own.environment,
                    layers: own.layers,
                    s3: own.s3,
                    image_uri: own.image_uri,
                    reserved_concurrency: own.reserved_concurrency,
                    provisioned_concurrency: own.provisioned_concurrency,
                    ..place
                }
            }
        }
    }
    let vpc = all.iter().find_map(|common| spec(found, region, common.name.as_deref())?.vpc);
    let vpc =
        vpc.map(|vpc| Vpc { subnet_ids: attrs(&vpc.subnet_ids), security_group_ids: attrs(&vpc.security_group_ids) });
    Region { vpc: vpc.into(), functions: if named.is_empty() { Attr::Null } else { Attr::Known(named) }, ..place }
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
