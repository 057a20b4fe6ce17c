//! Lambda function of one region.

mod existing_role;
mod request;
mod upload;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{Architecture, FunctionConfiguration, PackageType, Runtime, TracingMode};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::support::adoption;
use crate::components::support::answer::ignore_missing;
use crate::components::support::tags::{self, TagChange};
use crate::components::{
    Component, Discovered, Found, Holder, Place, Problem, Resolved, Siblings, Tags, lambda, output_keys,
};
use crate::desired::{Address, Input, Kind, KindMeta, PackageSource};

pub(super) use request::passes;

/// The kind `function`.
#[derive(Debug)]
pub struct Function;

output_keys! {
    Function {
        NAME = name: String,
        ARN = arn: String,
    }
}

/// The desired settings of a Lambda function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name.
    pub name: String,
    /// The ARN of its execution role.
    pub role_arn: Input<String>,
    /// The function's code.
    pub code: Code,
    /// The source of a package; `None` unless `code` is a package.
    pub source: Option<PackageSource>,
    /// The handler; `None` for an image.
    pub handler: Option<Input<String>>,
    /// The runtime's identifier; `None` for an image.
    pub runtime: Option<Input<String>>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Memory in MiB.
    pub memory_mb: Input<i64>,
    /// The longest time an invocation may take, in seconds.
    pub timeout_seconds: Input<i64>,
    /// `/tmp` in MiB.
    pub ephemeral_storage_mb: Input<i64>,
    /// Environment variables.
    pub environment: BTreeMap<String, Input<String>>,
    /// ARNs of layer versions of this region.
    pub layers: Vec<Input<String>>,
    /// Whether X-Ray tracing is `Active`; `PassThrough` otherwise.
    pub tracing: bool,
    /// The reserved concurrency.
    pub reserved_concurrency: Option<Input<i64>>,
    /// The VPC configuration.
    pub vpc: Option<Vpc>,
    /// The name of the log group.
    pub log_group: Input<String>,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// The code of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "an API has few functions, and a box would be in every pattern")]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A zip file that the provider uploads.
    Package {
        /// The SHA-256 of the zip file, in base64.
        sha256: Input<String>,
    },
    /// A zip file in a bucket of the function's region.
    S3 {
        /// The bucket.
        bucket: Input<String>,
        /// The object's key.
        key: Input<String>,
        /// The object's version.
        version: Option<Input<String>>,
    },
    /// A container image in a registry of the function's region.
    Image {
        /// Its URI.
        uri: Input<String>,
    },
}

/// The VPC configuration of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// Subnets of the function's region.
    pub subnet_ids: Vec<Input<String>>,
    /// Security groups of the function's region.
    pub security_group_ids: Vec<Input<String>>,
}

/// What identifies a Lambda function in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The name.
    pub name: String,
    /// The function's ARN, without a version.
    pub arn: String,
}

impl Kind for Function {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "function",
        about: "Lambda function of one region.",
        id: "the name of the function",
        outputs: OUTPUTS,
        immutable: &["name"],
        uncompared: &["source"],
        secret: &["environment"],
        actions: &[
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            "ecr:GetRepositoryPolicy",
            "ecr:SetRepositoryPolicy",
            "iam:GetRole",
            "iam:PassRole",
            "lambda:CreateFunction",
            "lambda:DeleteFunction",
            "lambda:DeleteFunctionConcurrency",
            "lambda:GetFunction",
            "lambda:GetLayerVersion",
            "lambda:ListFunctions",
            "lambda:ListTags",
            "lambda:PutFunctionConcurrency",
            "lambda:TagResource",
            "lambda:UntagResource",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "s3:GetObject",
            "s3:GetObjectVersion",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for Function {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.name.clone()
    }

    fn foreseen(place: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(outputs(place, &spec.name))
    }

    async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        existing_role::check(aws, spec).await
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(function) = lambda::get(aws, &spec.name, None).await? else { return Ok(None) };
        let tags = tags::reported(function.tags.clone().unwrap_or_default());
        let hints = function.configuration().map(hints).unwrap_or_default();
        Ok(Some(tags::judge::<Self>(aws, &tags, outputs(&aws.into(), &spec.name), &hints)))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        lambda::holder(aws, &outputs.name).await
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut found = Vec::new();
        for name in lambda::candidates(aws).await? {
            let Some(function) = lambda::get(aws, &name, None).await? else { continue };
            let tags = tags::reported(function.tags.clone().unwrap_or_default());
            let Some(Address { key, .. }) = tags::address_here::<Self>(aws, &tags) else { continue };
            let outputs = outputs(&aws.into(), &name);
            found.push(Discovered { key, spec: observed(None, name, &function), outputs });
        }
        Ok(found)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let what = format!("function {} in {}", spec.name, aws.region());
        let make_or_take_over = || async {
            match make(aws, spec, &what).await {
                Err(taken) if taken.is_exists() => take_over(aws, spec, &what, taken).await,
                created => created.map_err(|error| request::without_values(error, spec)),
            }
        };
        aws.retry(&what, adoption::RELEASED_WITHIN, adoption::may_be_released, make_or_take_over).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let function = lambda::get(aws, &outputs.name, None).await?;
        Ok(function.map(|function| (observed(Some(spec), spec.name.clone(), &function), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = &adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        let client = aws.lambda();
        let what = format!("function {} in {}", outputs.name, aws.region());
        retag(aws, &outputs.arn, TagChange::between(&from.tags, &to.tags)).await?;
        if let Some(change) = request::configure(&client, from, to) {
            let attempt = || aws.call("lambda:UpdateFunctionConfiguration", || change.clone().send());
            let changed = aws.retry(&what, lambda::PROPAGATION, request::passes, attempt).await;
            changed.map_err(|error| request::without_values(error, to))?;
            lambda::wait_until_ready(aws, &outputs.name, None).await?;
        }
        if from.code != to.code || from.architecture != to.architecture {
            let attempt = || async {
                let code = upload::load(aws, to).await?;
                aws.call("lambda:UpdateFunctionCode", || {
                    upload::patiently(request::recode(&client, to, &code).customize()).send()
                })
                .await
            };
            aws.retry(&what, lambda::PROPAGATION, request::passes, attempt).await?;
        }
        lambda::wait_until_ready(aws, &outputs.name, None).await?;
        if from.reserved_concurrency != to.reserved_concurrency {
            reserve(aws, &outputs.name, to.reserved_concurrency.as_ref()).await?;
        }
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let client = aws.lambda();
        let attempt =
            || aws.call("lambda:DeleteFunction", || client.delete_function().function_name(&outputs.name).send());
        let what = format!("function {} in {}", outputs.name, aws.region());
        ignore_missing(aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await)
    }
}

/// Creates a function that does not exist yet.
async fn make(aws: &Regional, spec: &Resolved<Spec>, what: &str) -> Result<Outputs, CallError> {
    let client = aws.lambda();
    let attempt = || async {
        let code = upload::load(aws, spec).await?;
        aws.call("lambda:CreateFunction", || {
            upload::patiently(request::create(&client, spec, &code).customize()).send()
        })
        .await
    };
    aws.retry(what, lambda::PROPAGATION, request::passes, attempt).await?;
    lambda::wait_until_ready(aws, &spec.name, None).await?;
    if let Some(reserved) = &spec.reserved_concurrency {
        reserve(aws, &spec.name, Some(reserved)).await?;
    }
    Ok(outputs(&aws.into(), &spec.name))
}

/// Adopts a function of ours that has the name. Lambda reserves the name of a recently deleted function and may still report
/// the function: only a write shows whether it exists.
async fn take_over(aws: &Regional, spec: &Resolved<Spec>, what: &str, taken: CallError) -> Result<Outputs, CallError> {
    let outputs = adoption::take_over::<Function>(aws, spec, what, taken.clone()).await?;
    let every_tag = TagChange::between(&Tags::default(), &spec.tags);
    match retag(aws, &outputs.arn, every_tag).await {
        Err(error) if error.is_not_found() => Err(taken),
        retagged => retagged.map(|()| outputs),
    }
}

fn outputs(place: &Place<'_>, name: &str) -> Outputs {
    Outputs { name: name.to_owned(), arn: lambda::function_arn(place, name) }
}

fn hints(now: &FunctionConfiguration) -> String {
    let described =
        now.description().filter(|text| !text.is_empty()).map(|text| format!("its description is {text:?}"));
    let changed = now.last_modified().map(|time| format!("it was last changed on {time}"));
    described.into_iter().chain(changed).collect::<Vec<_>>().join("; ")
}

/// Sets or removes the reserved concurrency, which Lambda accepts only for an active function.
async fn reserve(aws: &Regional, name: &str, reserved: Option<&Input<i64>>) -> Result<(), CallError> {
    let client = aws.lambda();
    let attempt = || async {
        let Some(count) = reserved.map(request::int) else {
            let send = || client.delete_function_concurrency().function_name(name).send();
            return aws.call("lambda:DeleteFunctionConcurrency", send).await.map(drop);
        };
        let send =
            || client.put_function_concurrency().function_name(name).reserved_concurrent_executions(count).send();
        aws.call("lambda:PutFunctionConcurrency", send).await.map(drop)
    };
    let what = format!("the reserved concurrency of function {name} in {}", aws.region());
    aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await
}

/// Changes the tags of the function with this ARN.
pub(super) async fn retag(aws: &Regional, arn: &str, change: TagChange) -> Result<(), CallError> {
    let client = aws.lambda();
    let set = async |tags: BTreeMap<String, String>| {
        let tags: HashMap<String, String> = tags.into_iter().collect();
        let send = || client.tag_resource().resource(arn).set_tags(Some(tags.clone())).send();
        aws.call("lambda:TagResource", send).await.map(drop)
    };
    let unset = async |keys: Vec<String>| {
        let send = || client.untag_resource().resource(arn).set_tag_keys(Some(keys.clone())).send();
        aws.call("lambda:UntagResource", send).await.map(drop)
    };
    change.apply(set, unset).await
}

/// The function as Lambda reports it, in the spelling of the spec. Lambda does not report the source of a package or the S3
/// object: these are taken from the spec that was `applied`.
fn observed(applied: Option<&Spec>, name: String, function: &GetFunctionOutput) -> Spec {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(Input::from);
    let blank = FunctionConfiguration::builder().build();
    let now = function.configuration().unwrap_or(&blank);
    let variables = now.environment().and_then(|environment| environment.variables());
    Spec {
        name,
        role_arn: text(now.role()).into(),
        code: observed_code(applied, now, function),
        source: applied.and_then(|applied| applied.source.clone()),
        handler: some(now.handler()),
        runtime: some(now.runtime().map(Runtime::as_str)),
        architecture: now.architectures().first().map_or("x86_64", Architecture::as_str).to_owned(),
        memory_mb: Input::Known(now.memory_size().unwrap_or(128).into()),
        timeout_seconds: Input::Known(now.timeout().unwrap_or(3).into()),
        ephemeral_storage_mb: Input::Known(now.ephemeral_storage().map_or(512, |storage| storage.size().into())),
        environment: variables.into_iter().flatten().map(|(key, value)| (key.clone(), value.as_str().into())).collect(),
        layers: now.layers().iter().filter_map(|layer| layer.arn()).map(Input::from).collect(),
        tracing: now.tracing_config().and_then(|tracing| tracing.mode()) == Some(&TracingMode::Active),
        reserved_concurrency: function
            .concurrency()
            .and_then(|concurrency| concurrency.reserved_concurrent_executions())
            .map(|reserved| Input::Known(reserved.into())),
        vpc: observed_vpc(applied, now),
        log_group: text(now.logging_config().and_then(|logging| logging.log_group())).into(),
        tags: tags::spec(tags::reported(function.tags.clone().unwrap_or_default())),
    }
}

fn observed_code(applied: Option<&Spec>, now: &FunctionConfiguration, function: &GetFunctionOutput) -> Code {
    if now.package_type() == Some(&PackageType::Image) {
        let uri = function.code().and_then(|code| code.image_uri()).unwrap_or_default();
        return Code::Image { uri: uri.into() };
    }
    match applied.map(|applied| &applied.code) {
        Some(code @ Code::S3 { .. }) => code.clone(),
        _ => Code::Package { sha256: now.code_sha256().unwrap_or_default().into() },
    }
}

/// The VPC configuration. Lambda stores subnets and security groups as sets; they keep the applied order when they are
/// equal.
fn observed_vpc(applied: Option<&Spec>, now: &FunctionConfiguration) -> Option<Vpc> {
    let now = now.vpc_config().filter(|vpc| !vpc.subnet_ids().is_empty())?;
    let applied = applied.and_then(|applied| applied.vpc.as_ref());
    Some(Vpc {
        subnet_ids: in_order(applied.map(|vpc| &vpc.subnet_ids), now.subnet_ids()),
        security_group_ids: in_order(applied.map(|vpc| &vpc.security_group_ids), now.security_group_ids()),
    })
}

fn in_order(applied: Option<&Vec<Input<String>>>, now: &[String]) -> Vec<Input<String>> {
    let known: BTreeSet<&String> = applied.into_iter().flatten().filter_map(Input::known).collect();
    match applied {
        Some(applied) if known == now.iter().collect() => applied.clone(),
        _ => now.iter().map(|id| id.as_str().into()).collect(),
    }
}
