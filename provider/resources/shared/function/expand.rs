//! The components of a function: its role, and in each region its log group, code, version and alias.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::settings::effective;
use super::{Code, Expanding, Place, RegionFunction, Source, Vpc as VpcArguments, package_source};
use crate::components::iam::role::{self, Role};
use crate::components::lambda::alias::{self, Alias};
use crate::components::lambda::function::{self, Vpc};
use crate::components::lambda::provisioned_concurrency::{self, ProvisionedConcurrency};
use crate::components::lambda::version::{self, Version};
use crate::components::logs::log_group::{self, LogGroup};
use crate::desired::{Address, AddressOf, Handle, Input, PackageSource, has_unknown, hex_digest};
use crate::plan::View;
use crate::resources::shared::inputs::{input, inputs, maybe};
use crate::resources::shared::values::output;
use crate::schema::{Attr, TextMap};

/// Fields of a function that a version does not freeze, or that describe the origin of its code.
const NOT_FROZEN: [&str; 4] = ["source", "reserved_concurrency", "log_group", "tags"];

/// The components of a function in one region, to which others refer.
pub(crate) struct Deployed {
    /// The function.
    pub(crate) code: Code,
    /// The component `function`.
    pub(crate) function: Handle<function::Function>,
    /// The number of the version that serves.
    pub(crate) version: Input<String>,
    /// The alias that leads to it.
    pub(crate) alias: Handle<Alias>,
    /// Whether its reserved concurrency is 0, so that it rejects every request.
    pub(crate) is_stopped: bool,
}

/// The ARN of the execution role of a function: an existing one, or one that the provider creates. `in_vpc` is whether the
/// function is attached to a VPC in any region.
pub(crate) fn role(to: &mut Expanding<'_, '_>, code: &Code, in_vpc: bool) -> Input<String> {
    if let Some(arn) = maybe(code.config.role_arn()) {
        return arn;
    }
    let address = Address::global_of::<Role>().maybe_key(code.key());
    let spec = role::Spec {
        name: code.base_name(to.name),
        services: vec!["lambda.amazonaws.com".to_owned()],
        policies: policies(to, code, in_vpc),
        path: to.context.roles.path.clone(),
        permissions_boundary_arn: to.context.roles.permissions_boundary_arn.clone(),
        tags: to.tags(&address),
    };
    let role = to.desired.add(address, code.path.clone(), &spec);
    role.output(role::ARN)
}

/// Whether a function is attached to a VPC in one of these places.
pub(crate) fn uses_vpc<'a>(places: impl IntoIterator<Item = &'a Place<'a>>) -> bool {
    places.into_iter().any(|place| !vpc_of(place).is_null())
}

/// The VPC of a function: its own, or the region's.
fn vpc_of<'a>(place: &'a Place<'_>) -> &'a Attr<VpcArguments> {
    effective(place.own.vpc(), place.vpc)
}

/// A function in one region, with its log group, version and alias.
pub(crate) fn in_region(to: &mut Expanding<'_, '_>, place: &Place<'_>, code: &Code, role: &Input<String>) -> Deployed {
    let log = log_group(to, place.region, code);
    let address = Address::of(place.region).maybe_key(code.key());
    let spec = spec(to, &address, place, code, role, &log);
    let fingerprint = fingerprint(&spec);
    let is_stopped = spec.reserved_concurrency.as_ref().and_then(Input::known) == Some(&0);
    let function: Handle<function::Function> = to.desired.add(address, code.path.clone(), &spec);
    let version = version::Spec { function: function.output(function::NAME), fingerprint };
    let address = Address::of::<Version>(place.region).maybe_key(code.key());
    let attribute = if code.rollback > 0 { code.path.attribute("rollback") } else { code.path.clone() };
    let version = to.desired.add(address, attribute, &version);
    // The current version is one of them.
    to.desired.keep_replaced(&version, code.keep_versions.saturating_sub(1));
    if code.rollback > 0 {
        to.desired.keep_unchanged(&function);
        to.desired.return_to(&version, code.rollback);
    }
    let version = version.output_of(code.rollback, version::NUMBER);
    let alias = alias::Spec {
        function: function.output(function::NAME),
        name: alias::LIVE.to_owned(),
        version: version.clone(),
        weights: BTreeMap::new(),
    };
    let address = Address::of::<Alias>(place.region).maybe_key(code.key());
    let alias = to.desired.add(address, code.path.clone(), &alias);
    let function = Deployed { code: code.clone(), function, version, alias, is_stopped };
    provisioned(to, place, &function);
    function
}

/// The version to which the alias at `address` points: null when there is no such alias, unknown until it is published.
pub(crate) fn serving_version(view: &View, address: &AddressOf<Alias>) -> Attr<String> {
    let alias: Attr<String> = output(view, address, alias::NAME);
    match view.spec(address).map(|spec| spec.version) {
        _ if alias.is_null() => Attr::Null,
        Some(Input::Known(version)) => Attr::Known(version),
        _ => Attr::Unknown,
    }
}

fn log_group(to: &mut Expanding<'_, '_>, region: &str, code: &Code) -> Handle<LogGroup> {
    let address = Address::of(region).maybe_key(code.key());
    let spec = log_group::Spec {
        name: format!("/aws/lambda/{}", code.function_name(to.name)),
        retention_days: code.log_retention_days,
        tags: to.tags(&address),
        retain: to.retain_logs,
    };
    to.desired.add(address, code.path.attribute("log_retention_days"), &spec)
}

fn spec(
    to: &Expanding<'_, '_>,
    address: &Address,
    place: &Place<'_>,
    shape: &Code,
    role: &Input<String>,
    log: &Handle<LogGroup>,
) -> function::Spec {
    let (function, own) = (&shape.config, &place.own);
    let (code, source) = code(to, address, shape, own);
    let zipped = shape.source != Source::Image;
    let layers = effective(own.layers(), function.layers());
    let reserved = effective(own.reserved_concurrency(), function.reserved_concurrency());
    function::Spec {
        name: shape.function_name(to.name),
        role_arn: role.clone(),
        code,
        source,
        handler: maybe(function.handler()).filter(|_| zipped),
        runtime: maybe(function.runtime()).filter(|_| zipped),
        architecture: shape.architecture.as_str().to_owned(),
        memory_mb: input(function.memory_mb()),
        timeout_seconds: input(function.timeout_seconds()),
        ephemeral_storage_mb: input(function.ephemeral_storage_mb()),
        environment: environment([function.environment(), place.environment, own.environment()]),
        layers: inputs(layers),
        tracing: shape.tracing,
        reserved_concurrency: maybe(reserved),
        vpc: vpc(vpc_of(place)),
        log_group: log.output(log_group::NAME),
        tags: to.tags(address),
    }
}

/// The code of a function in one region, and where it is read from when it is on this machine.
fn code(
    to: &Expanding<'_, '_>,
    address: &Address,
    function: &Code,
    own: &RegionFunction,
) -> (function::Code, Option<PackageSource>) {
    match function.source {
        Source::Local => {
            let sha256 = to.packages.get(&function.name).map_or(Input::Unknown, |digests| digests.at(address));
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

fn vpc(vpc: &Attr<VpcArguments>) -> Option<Vpc> {
    match vpc {
        Attr::Known(vpc) => {
            Some(Vpc { subnet_ids: inputs(vpc.subnet_ids()), security_group_ids: inputs(vpc.security_group_ids()) })
        }
        Attr::Null => None,
        Attr::Unknown => Some(Vpc { subnet_ids: vec![Input::Unknown], security_group_ids: vec![Input::Unknown] }),
    }
}

fn provisioned(to: &mut Expanding<'_, '_>, place: &Place<'_>, function: &Deployed) {
    let code = &function.code;
    let instances = effective(place.own.provisioned_concurrency(), code.config.provisioned_concurrency());
    let Some(instances) = maybe(instances).filter(|instances| instances.known() != Some(&0)) else { return };
    let spec = provisioned_concurrency::Spec {
        function: function.function.output(function::NAME),
        alias: function.alias.output(alias::NAME),
        instances,
    };
    let attribute = code.path.attribute("provisioned_concurrency");
    to.desired.add(Address::of::<ProvisionedConcurrency>(place.region).maybe_key(code.key()), attribute, &spec);
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
fn policies(to: &Expanding<'_, '_>, code: &Code, in_vpc: bool) -> BTreeMap<String, Input<String>> {
    let group = format!(
        "arn:{}:logs:*:{}:log-group:/aws/lambda/{}:*",
        to.context.partition,
        to.context.account_id,
        code.function_name(to.name)
    );
    let mut all = BTreeMap::from([allow("logs", &["logs:CreateLogStream", "logs:PutLogEvents"], &group)]);
    if code.tracing {
        all.extend([allow("tracing", &["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")]);
    }
    if in_vpc {
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
