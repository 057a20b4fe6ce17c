//! The functions: the role of each, and in each region its log group, code, version and alias.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{Draft, Function};
use crate::components::iam::role::{self, Role};
use crate::components::lambda::alias::{self, Alias};
use crate::components::lambda::function::{self, Vpc};
use crate::components::lambda::provisioned_concurrency::{self, ProvisionedConcurrency};
use crate::components::lambda::version::{self, Version};
use crate::components::logs::log_group::{self, LogGroup};
use crate::desired::{Address, Handle, Input, PackageSource, has_unknown, hex_digest};
use crate::resources::api::config::{Region, RegionFunction, function_path};
use crate::resources::api::shape::{Code, Place, Source, package_source};
use crate::resources::shared::inputs::{input, inputs, maybe};
use crate::schema::{Attr, TextMap};

/// Fields of a function that a version does not freeze, or that describe the origin of its code.
const NOT_FROZEN: [&str; 4] = ["source", "reserved_concurrency", "log_group", "tags"];

/// The ARN of the execution role of a function: an existing one, or one that the provider creates.
pub(super) fn role(draft: &mut Draft<'_>, code: &Code) -> Input<String> {
    if let Some(arn) = maybe(code.config.role_arn()) {
        return arn;
    }
    let address = Address::global_of::<Role>().maybe_key(code.key());
    let spec = role::Spec {
        name: code.base_name(&draft.shape.name),
        services: vec!["lambda.amazonaws.com".to_owned()],
        policies: policies(draft, code),
        tags: draft.tags(&address),
    };
    let role = draft.desired.add(address, function_path(code.key()), &spec);
    role.output(role::ARN)
}

/// A function in one region, with its log group, version and alias.
pub(super) fn in_region(
    draft: &mut Draft<'_>,
    region: &str,
    place: &Place,
    code: &Code,
    role: &Input<String>,
) -> Function {
    let path = function_path(code.key());
    let log = log_group(draft, region, code);
    let address = Address::of(region).maybe_key(code.key());
    let spec = spec(draft, &address, place, code, role, &log);
    let fingerprint = fingerprint(&spec);
    let function: Handle<function::Function> = draft.desired.add(address, path.clone(), &spec);
    let version = version::Spec { function: function.output(function::NAME), fingerprint };
    let address = Address::of::<Version>(region).maybe_key(code.key());
    let version = draft.desired.add(address, path.clone(), &version);
    let alias = alias::Spec {
        function: function.output(function::NAME),
        name: alias::LIVE.to_owned(),
        version: version.output(version::NUMBER),
    };
    let alias = draft.desired.add(Address::of::<Alias>(region).maybe_key(code.key()), path, &alias);
    provisioned(draft, region, place, code, (&function, &alias));
    Function { code: code.clone(), function, version, alias }
}

fn log_group(draft: &mut Draft<'_>, region: &str, code: &Code) -> Handle<LogGroup> {
    let address = Address::of(region).maybe_key(code.key());
    let spec = log_group::Spec {
        name: format!("/aws/lambda/{}", code.function_name(&draft.shape.name)),
        retention_days: code.log_retention_days,
        tags: draft.tags(&address),
    };
    draft.desired.add(address, function_path(code.key()).attribute("log_retention_days"), &spec)
}

fn spec(
    draft: &Draft<'_>,
    address: &Address,
    place: &Place,
    shape: &Code,
    role: &Input<String>,
    log: &Handle<LogGroup>,
) -> function::Spec {
    let (function, own) = (&shape.config, place.of(shape));
    let (code, source) = code(draft, address, shape, &own);
    let zipped = shape.source != Source::Image;
    let layers = if own.layers().is_null() { function.layers() } else { own.layers() };
    let reserved =
        if own.reserved_concurrency().is_null() { function.reserved_concurrency() } else { own.reserved_concurrency() };
    function::Spec {
        name: shape.function_name(&draft.shape.name),
        role_arn: role.clone(),
        code,
        source,
        handler: maybe(function.handler()).filter(|_| zipped),
        runtime: maybe(function.runtime()).filter(|_| zipped),
        architecture: shape.architecture.as_str().to_owned(),
        memory_mb: input(function.memory_mb()),
        timeout_seconds: input(function.timeout_seconds()),
        ephemeral_storage_mb: input(function.ephemeral_storage_mb()),
        environment: environment([function.environment(), place.config.environment(), own.environment()]),
        layers: inputs(layers),
        tracing: shape.tracing,
        reserved_concurrency: maybe(reserved),
        vpc: vpc(&place.config),
        log_group: log.output(log_group::NAME),
        tags: draft.tags(address),
    }
}

/// The code of a function in one region, and where it is read from when it is on this machine.
fn code(
    draft: &Draft<'_>,
    address: &Address,
    function: &Code,
    own: &RegionFunction,
) -> (function::Code, Option<PackageSource>) {
    match function.source {
        Source::Local => {
            let sha256 = draft.digests.get(&function.name).map_or(Input::Unknown, |digests| digests.at(address));
            (function::Code::Package { sha256 }, package_source(&function.config))
        }
        Source::S3 => {
            let s3 = own.s3().known().cloned().unwrap_or_default();
            let given = |attr| maybe(attr).unwrap_or(Input::Unknown);
            let (bucket, key) = (given(s3.bucket()), given(s3.key()));
            (function::Code::S3 { bucket, key, version: maybe(s3.version()) }, None)
        }
        Source::Image => (function::Code::Image { uri: maybe(own.image_uri()).unwrap_or(Input::Unknown) }, None),
    }
}

/// The variables of `maps`, each of which overrides those before it. One unknown variable stands for a map that is unknown
/// as a whole.
fn environment(maps: [&Attr<TextMap>; 3]) -> BTreeMap<String, Input<String>> {
    let mut all = BTreeMap::new();
    for map in maps {
        match map {
            Attr::Known(map) => all.extend(map.iter().filter_map(|(key, value)| Some((key.clone(), maybe(value)?)))),
            Attr::Unknown => all.extend([(String::new(), Input::Unknown)]),
            Attr::Null => {}
        }
    }
    all
}

fn vpc(region: &Region) -> Option<Vpc> {
    match region.vpc() {
        Attr::Known(vpc) => {
            Some(Vpc { subnet_ids: inputs(vpc.subnet_ids()), security_group_ids: inputs(vpc.security_group_ids()) })
        }
        Attr::Null => None,
        Attr::Unknown => Some(Vpc { subnet_ids: vec![Input::Unknown], security_group_ids: vec![Input::Unknown] }),
    }
}

fn provisioned(
    draft: &mut Draft<'_>,
    region: &str,
    place: &Place,
    code: &Code,
    (function, alias): (&Handle<function::Function>, &Handle<Alias>),
) {
    let own = place.of(code);
    let (everywhere, here) = (code.config.provisioned_concurrency(), own.provisioned_concurrency());
    let instances = if here.is_null() { everywhere } else { here };
    let Some(instances) = maybe(instances).filter(|instances| instances.known() != Some(&0)) else { return };
    let spec = provisioned_concurrency::Spec {
        function: function.output(function::NAME),
        alias: alias.output(alias::NAME),
        instances,
    };
    let attribute = function_path(code.key()).attribute("provisioned_concurrency");
    draft.desired.add(Address::of::<ProvisionedConcurrency>(region).maybe_key(code.key()), attribute, &spec);
}

/// A digest of the fields that a version freezes; unknown while one of them is.
fn fingerprint(spec: &function::Spec) -> Input<String> {
    let Ok(Json::Object(mut frozen)) = serde_json::to_value(spec) else { return Input::Unknown };
    frozen.retain(|field, _| !NOT_FROZEN.contains(&field.as_str()));
    let frozen = Json::Object(frozen);
    if has_unknown(&frozen) {
        return Input::Unknown;
    }
    Input::Known(hex_digest(frozen.to_string(), 16))
}

/// The policies of the role: one for each feature that the function uses, and the user's own.
fn policies(draft: &Draft<'_>, code: &Code) -> BTreeMap<String, Input<String>> {
    let shape = draft.shape;
    let group = format!(
        "arn:{}:logs:*:{}:log-group:/aws/lambda/{}:*",
        draft.context.partition,
        draft.context.account_id,
        code.function_name(&shape.name)
    );
    let mut all = BTreeMap::from([allow("logs", &["logs:CreateLogStream", "logs:PutLogEvents"], &group)]);
    if code.tracing {
        all.extend([allow("tracing", &["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")]);
    }
    if shape.regions.values().any(|place| !place.config.vpc().is_null()) {
        let actions = [
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ];
        all.extend([allow("network", &actions, "*")]);
    }
    if let Some(policy) = maybe(code.config.policy_json()) {
        let policy = policy.known().map_or(Input::Unknown, |text| Input::Known(one_spelling(text)));
        all.insert("function".to_owned(), policy);
    }
    all
}

fn allow(name: &str, actions: &[&str], resource: &str) -> (String, Input<String>) {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": resource });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    (name.to_owned(), Input::Known(document.to_string()))
}

/// A JSON text in a canonical form, so that spaces and the order of keys are no change.
fn one_spelling(text: &str) -> String {
    serde_json::from_str::<Json>(text).map_or_else(|_| text.to_owned(), |json| json.to_string())
}
