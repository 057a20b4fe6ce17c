//! `function` and the function's part of `regions`, read from the functions of all regions.

use std::collections::BTreeMap;

use crate::components::iam::role::Role;
use crate::components::lambda::function::{self, Code};
use crate::components::lambda::provisioned_concurrency::ProvisionedConcurrency;
use crate::components::logs::log_group::LogGroup;
use crate::desired::{Input, PackageSource};
use crate::resources::api::config::{Architecture, Function, Region, S3, Vpc};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, attrs, list};
use crate::schema::{Attr, TextMap};

/// The settings that the functions of all regions have in common.
pub(super) struct Common {
    first: Option<function::Spec>,
    environment: BTreeMap<String, Input<String>>,
    layers: Vec<Input<String>>,
    reserved: Option<Input<i64>>,
    provisioned: Option<Input<i64>>,
}

impl Common {
    /// What the functions of `regions` have in common.
    pub(super) fn of(found: &FoundComponents<'_>, regions: &[String]) -> Self {
        let all: Vec<function::Spec> =
            regions.iter().filter_map(|region| found.regional::<function::Function>(region)).collect();
        let first = all.first().cloned();
        let mut environment = first.as_ref().map(|spec| spec.environment.clone()).unwrap_or_default();
        environment.retain(|key, value| all.iter().all(|spec| spec.environment.get(key) == Some(value)));
        let provisioned: Vec<_> = regions.iter().map(|region| instances(found, region)).collect();
        Self {
            environment,
            layers: common(all.iter().map(|spec| spec.layers.clone())).unwrap_or_default(),
            reserved: common(all.iter().map(|spec| spec.reserved_concurrency.clone())).flatten(),
            provisioned: common(provisioned.into_iter()).flatten(),
            first,
        }
    }

    /// `function`.
    pub(super) fn function(&self, found: &FoundComponents<'_>, regions: &[String]) -> Function {
        let Some(spec) = &self.first else { return Function::default() };
        let (source_dir, filename, exclude) = match &spec.source {
            Some(PackageSource::Directory { path, exclude }) => (Some(path), None, exclude.clone()),
            Some(PackageSource::File { path }) => (None, Some(path), Vec::new()),
            None => (None, None, Vec::new()),
        };
        let created = found.global::<Role>();
        let log = found.first::<LogGroup>(regions);
        Function {
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

    /// The part of a region that describes its function: the settings that differ from those of other regions.
    pub(super) fn of_region(&self, found: &FoundComponents<'_>, region: &str) -> Region {
        let Some(spec) = found.regional::<function::Function>(region) else { return Region::default() };
        let mut environment = spec.environment.clone();
        environment.retain(|key, value| self.environment.get(key) != Some(value));
        let reserved = spec.reserved_concurrency.filter(|_| self.reserved.is_none());
        let provisioned = instances(found, region).filter(|_| self.provisioned.is_none());
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
            .as_ref()
            .map(|vpc| Vpc { subnet_ids: attrs(&vpc.subnet_ids), security_group_ids: attrs(&vpc.security_group_ids) });
        Region {
            environment: variables(&environment),
            layers: if spec.layers == self.layers { Attr::Null } else { attrs(&spec.layers) },
            s3,
            image_uri,
            vpc: vpc.into(),
            reserved_concurrency: reserved.as_ref().map_or(Attr::Null, attr),
            provisioned_concurrency: provisioned.as_ref().map_or(Attr::Null, attr),
            ..Region::default()
        }
    }
}

/// The value of all, when all have the same.
fn common<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

fn instances(found: &FoundComponents<'_>, region: &str) -> Option<Input<i64>> {
    found.regional::<ProvisionedConcurrency>(region).map(|spec| spec.instances)
}

fn variables(variables: &BTreeMap<String, Input<String>>) -> Attr<TextMap> {
    if variables.is_empty() {
        return Attr::Null;
    }
    Attr::Known(variables.iter().map(|(key, value)| (key.clone(), attr(value))).collect())
}
