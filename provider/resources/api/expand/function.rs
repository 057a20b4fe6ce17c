//! The function: its role, and in each region its log group, code, version and alias.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{Draft, Function};
use crate::components::iam::role::{self, Role};
use crate::components::lambda::alias::{self, Alias};
use crate::components::lambda::function::{self, Code, Vpc};
use crate::components::lambda::provisioned_concurrency::{self, ProvisionedConcurrency};
use crate::components::lambda::version::{self, Version};
use crate::components::logs::log_group::{self, LogGroup};
use crate::desired::{Address, Handle, Input, PackageSource, has_unknown, hex_digest};
use crate::resources::api::config::Region;
use crate::resources::api::shape::{Place, Source, package_source};
use crate::resources::shared::inputs::{input, inputs, maybe};
use crate::schema::{Attr, TextMap};
use crate::wire::Path;

/// Fields of a function that a version does not freeze, or that describe the origin of its code.
const NOT_FROZEN: [&str; 4] = ["source", "reserved_concurrency", "log_group", "tags"];

/// The ARN of the functions' execution role: an existing one, or one that the provider creates.
pub(super) fn role(draft: &mut Draft<'_>) -> Input<String> {
    let function = &draft.shape.function.config;
    if let Some(arn) = maybe(function.role_arn()) {
        return arn;
    }
    let address = Address::global_of::<Role>();
    let spec = role::Spec {
        name: draft.shape.name.clone(),
        services: vec!["lambda.amazonaws.com".to_owned()],
        policies: policies(draft),
        tags: draft.tags(&address),
    };
    let role = draft.desired.add(address, Path::of("function"), &spec);
    role.output(role::ARN)
}

/// The function of one region, with its log group, version and alias.
pub(super) fn in_region(draft: &mut Draft<'_>, region: &str, place: &Place, role: &Input<String>) -> Function {
    let log = log_group(draft, region);
    let address = Address::of(region);
    let spec = spec(draft, &address, &place.config, role, &log);
    let fingerprint = fingerprint(&spec);
    let function: Handle<function::Function> = draft.desired.add(address, Path::of("function"), &spec);
    let version = version::Spec { function: function.output(function::NAME), fingerprint };
    let version = draft.desired.add(Address::of::<Version>(region), Path::of("function"), &version);
    let alias = alias::Spec {
        function: function.output(function::NAME),
        name: alias::LIVE.to_owned(),
        version: version.output(version::NUMBER),
    };
    let alias = draft.desired.add(Address::of::<Alias>(region), Path::of("function"), &alias);
    provisioned(draft, region, &place.config, &function, &alias);
    Function { function, version, alias }
}

fn log_group(draft: &mut Draft<'_>, region: &str) -> Handle<LogGroup> {
    let address = Address::of(region);
    let spec = log_group::Spec {
        name: format!("/aws/lambda/{}", draft.shape.function_name()),
        retention_days: draft.shape.function.log_retention_days,
        tags: draft.tags(&address),
    };
    draft.desired.add(address, Path::of("function").attribute("log_retention_days"), &spec)
}

fn spec(
    draft: &Draft<'_>,
    address: &Address,
    region: &Region,
    role: &Input<String>,
    log: &Handle<LogGroup>,
) -> function::Spec {
    let shape = &draft.shape.function;
    let function = &shape.config;
    let (code, source) = code(draft, address, region);
    let zipped = shape.source != Source::Image;
    let layers = if region.layers().is_null() { function.layers() } else { region.layers() };
    let reserved = if region.reserved_concurrency().is_null() {
        function.reserved_concurrency()
    } else {
        region.reserved_concurrency()
    };
    function::Spec {
        name: draft.shape.function_name(),
        role_arn: role.clone(),
        code,
        source,
        handler: maybe(function.handler()).filter(|_| zipped),
        runtime: maybe(function.runtime()).filter(|_| zipped),
        architecture: shape.architecture.as_str().to_owned(),
        memory_mb: input(function.memory_mb()),
        timeout_seconds: input(function.timeout_seconds()),
        ephemeral_storage_mb: input(function.ephemeral_storage_mb()),
        environment: environment(function.environment(), region.environment()),
        layers: inputs(layers),
        tracing: shape.tracing,
        reserved_concurrency: maybe(reserved),
        vpc: vpc(region),
        log_group: log.output(log_group::NAME),
        tags: draft.tags(address),
    }
}

/// The code of a region's function, and where it is read from when it is on this machine.
fn code(draft: &Draft<'_>, address: &Address, region: &Region) -> (Code, Option<PackageSource>) {
    let function = &draft.shape.function;
    match function.source {
        Source::Local => {
            let sha256 = draft.digests.at(address);
            (Code::Package { sha256 }, package_source(&function.config))
        }
        Source::S3 => {
            let s3 = region.s3().known().cloned().unwrap_or_default();
            let given = |attr| maybe(attr).unwrap_or(Input::Unknown);
            (Code::S3 { bucket: given(s3.bucket()), key: given(s3.key()), version: maybe(s3.version()) }, None)
        }
        Source::Image => (Code::Image { uri: maybe(region.image_uri()).unwrap_or(Input::Unknown) }, None),
    }
}

/// The variables of all regions, overridden by those of one region. One unknown variable stands for a map that is unknown as
/// a whole.
fn environment(everywhere: &Attr<TextMap>, here: &Attr<TextMap>) -> BTreeMap<String, Input<String>> {
    let mut all = BTreeMap::new();
    for map in [everywhere, here] {
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
    place: &Region,
    function: &Handle<function::Function>,
    alias: &Handle<Alias>,
) {
    let everywhere = draft.shape.function.config.provisioned_concurrency();
    let here = place.provisioned_concurrency();
    let instances = if here.is_null() { everywhere } else { here };
    let Some(instances) = maybe(instances).filter(|instances| instances.known() != Some(&0)) else { return };
    let spec = provisioned_concurrency::Spec {
        function: function.output(function::NAME),
        alias: alias.output(alias::NAME),
        instances,
    };
    let attribute = Path::of("function").attribute("provisioned_concurrency");
    draft.desired.add(Address::of::<ProvisionedConcurrency>(region), attribute, &spec);
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
fn policies(draft: &Draft<'_>) -> BTreeMap<String, Input<String>> {
    let shape = draft.shape;
    let group = format!(
        "arn:{}:logs:*:{}:log-group:/aws/lambda/{}:*",
        draft.context.partition,
        draft.context.account_id,
        shape.function_name()
    );
    let mut all = BTreeMap::from([allow("logs", &["logs:CreateLogStream", "logs:PutLogEvents"], &group)]);
    if shape.function.tracing {
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
    if let Some(policy) = maybe(shape.function.config.policy_json()) {
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
