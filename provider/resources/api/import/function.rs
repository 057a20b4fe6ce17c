//! What runs: told from the functions of all regions. What they have in common is `function`, the rest is `regions`.

use std::collections::BTreeMap;

use super::Found;
use crate::components::iam::role::Role;
use crate::components::lambda::function::{self, Code, Function};
use crate::components::lambda::provisioned_concurrency::ProvisionedConcurrency;
use crate::components::logs::log_group::LogGroup;
use crate::desired::{Input, PackageSource};
use crate::resources::shared::values::{known, known_list, known_whole, map, object, text, whole};
use crate::wire::Value;

/// What the functions of all regions have in common.
pub(super) struct Everywhere {
    first: Option<function::Spec>,
    environment: BTreeMap<String, Input<String>>,
    layers: Vec<Input<String>>,
    reserved: Option<Input<i64>>,
    provisioned: Option<Input<i64>>,
}

impl Everywhere {
    /// What the functions of `regions` have in common.
    pub(super) fn of(found: &Found<'_>, regions: &[String]) -> Self {
        let all: Vec<function::Spec> = regions.iter().filter_map(|region| found.regional::<Function>(region)).collect();
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
    pub(super) fn value(&self, found: &Found<'_>, regions: &[String]) -> Value {
        let Some(spec) = &self.first else { return object([]) };
        let (source_dir, filename, exclude) = source(spec.source.as_ref());
        let ours = found.global::<Role>();
        let role_arn = if ours.is_some() { Value::Null } else { known(&spec.role_arn) };
        let policy = ours.and_then(|role| role.policies.get("function").cloned());
        let log = found.first::<LogGroup>(regions);
        object([
            ("source_dir", source_dir),
            ("filename", filename),
            ("exclude", exclude),
            ("handler", spec.handler.as_ref().map_or(Value::Null, known)),
            ("runtime", spec.runtime.as_ref().map_or(Value::Null, known)),
            ("architecture", text(&spec.architecture)),
            ("memory_mb", known_whole(&spec.memory_mb)),
            ("timeout_seconds", known_whole(&spec.timeout_seconds)),
            ("ephemeral_storage_mb", known_whole(&spec.ephemeral_storage_mb)),
            ("environment", variables(&self.environment)),
            ("layers", known_list(&self.layers)),
            ("log_retention_days", log.map_or(Value::Null, |log| whole(log.retention_days))),
            ("policy_json", policy.as_ref().map_or(Value::Null, known)),
            ("role_arn", role_arn),
            ("tracing", Value::Bool(spec.tracing)),
            ("reserved_concurrency", optional(self.reserved.as_ref())),
            ("provisioned_concurrency", optional(self.provisioned.as_ref())),
        ])
    }

    /// What is particular to the function of `region`.
    pub(super) fn of_region(&self, found: &Found<'_>, region: &str) -> BTreeMap<String, Value> {
        let Some(spec) = found.regional::<Function>(region) else { return BTreeMap::new() };
        let mut environment = spec.environment.clone();
        environment.retain(|key, value| self.environment.get(key) != Some(value));
        let layers = if spec.layers == self.layers { Value::Null } else { known_list(&spec.layers) };
        let reserved = spec.reserved_concurrency.filter(|_| self.reserved.is_none());
        let provisioned = instances(found, region).filter(|_| self.provisioned.is_none());
        let mut all = BTreeMap::from([
            ("environment".to_owned(), variables(&environment)),
            ("layers".to_owned(), layers),
            ("reserved_concurrency".to_owned(), optional(reserved.as_ref())),
            ("provisioned_concurrency".to_owned(), optional(provisioned.as_ref())),
        ]);
        match &spec.code {
            Code::Package { .. } => {}
            Code::S3 { bucket, key, version } => {
                let version = version.as_ref().map_or(Value::Null, known);
                let s3 = object([("bucket", known(bucket)), ("key", known(key)), ("version", version)]);
                all.insert("s3".to_owned(), s3);
            }
            Code::Image { uri } => {
                all.insert("image_uri".to_owned(), known(uri));
            }
        }
        if let Some(vpc) = &spec.vpc {
            let ids = [
                ("subnet_ids", known_list(&vpc.subnet_ids)),
                ("security_group_ids", known_list(&vpc.security_group_ids)),
            ];
            all.insert("vpc".to_owned(), object(ids));
        }
        all
    }
}

/// What all have, if they all have the same.
fn common<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

fn instances(found: &Found<'_>, region: &str) -> Option<Input<i64>> {
    found.regional::<ProvisionedConcurrency>(region).map(|spec| spec.instances)
}

fn source(source: Option<&PackageSource>) -> (Value, Value, Value) {
    match source {
        Some(PackageSource::Directory { path, exclude }) => {
            let patterns = exclude.iter().map(|pattern| text(pattern)).collect::<Vec<_>>();
            (text(path), Value::Null, if patterns.is_empty() { Value::Null } else { Value::List(patterns) })
        }
        Some(PackageSource::File { path }) => (Value::Null, text(path), Value::Null),
        None => (Value::Null, Value::Null, Value::Null),
    }
}

fn variables(variables: &BTreeMap<String, Input<String>>) -> Value {
    if variables.is_empty() {
        return Value::Null;
    }
    map(variables.iter().map(|(key, value)| (key.clone(), known(value))))
}

fn optional(input: Option<&Input<i64>>) -> Value {
    input.map_or(Value::Null, known_whole)
}
