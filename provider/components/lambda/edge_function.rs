//! Lambda@Edge function of an API: sends each request from CloudFront to the region that Route 53 chooses.
//!
//! CloudFront uses numbered versions, and Lambda deletes a version only hours after no distribution uses it. Each content is
//! therefore a function of its own with one version. Its name ends with a hash of owner id and content, so that neither new
//! content nor a new resource of the same name meets a function that is not deleted yet.

use std::collections::HashMap;

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, FunctionCode, FunctionConfiguration, Runtime};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aws::{CallError, Identity, Regional};
use crate::components::lambda::{self, function};
use crate::components::support::tags::{self, TagChange};
use crate::components::support::{adoption, answer, identity};
use crate::components::{Component, Discovered, Found, Holder, Place, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta, hex_digest};
use crate::package;

/// The kind `edge_function`.
#[derive(Debug)]
pub struct EdgeFunction;

output_keys! {
    EdgeFunction {
        VERSION_ARN = version_arn: String,
    }
}

/// The region of every Lambda@Edge function.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Restrictions on Lambda@Edge".
pub const REGION: &str = "us-east-1";

/// The services that assume the role of a Lambda@Edge function.
///
/// # Source
/// Amazon CloudFront Developer Guide, "Set up IAM permissions and roles for Lambda@Edge".
pub const SERVICES: [&str; 2] = ["edgelambda.amazonaws.com", "lambda.amazonaws.com"];

/// The code, which reads `settings.json` beside it.
const SCRIPT: &str = include_str!("edge_function/index.js");
/// The code that signs requests after [`SCRIPT`] has chosen their region.
const SIGNER: &str = include_str!("edge_function/sign.js");
/// What precedes the digest in the description of a function.
const DESCRIPTION: &str = "Sends requests to the region that Route 53 chooses; content ";
/// The number of the only version.
const VERSION: &str = "1";

/// The desired settings of a Lambda@Edge function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The beginning of the name: the name of the API.
    pub name: String,
    /// The ARN of its execution role.
    pub role_arn: Input<String>,
    /// What the code reads. AWS reports only its digest.
    pub settings: Settings,
    /// The digest of code and settings: [`Settings::digest`].
    pub digest: String,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// The content of `settings.json`: Lambda@Edge allows no environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The name whose CNAME records lead to the names of the regions.
    pub name: String,
    /// The names of the serving regions, the preferred one first.
    pub hosts: Vec<String>,
    /// Whether the function signs requests with the credentials of its role.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sign: bool,
}

impl Settings {
    /// The digest of the code with these settings: 32 characters.
    pub fn digest(&self) -> String {
        let signer = if self.sign { SIGNER } else { "" };
        hex_digest(format!("{signer}{SCRIPT}\n{}", self.rendered()), 16)
    }

    /// The files of the package, by name, and the handler.
    fn files<'a>(&self, rendered: &'a str) -> (Vec<(&'static str, &'a str)>, &'static str) {
        let mut files = vec![("index.js", SCRIPT), ("settings.json", rendered)];
        if !self.sign {
            return (files, "index.handler");
        }
        files.push(("sign.js", SIGNER));
        (files, "sign.handler")
    }

    fn rendered(&self) -> String {
        format!("{:#}\n", json!({ "name": self.name, "hosts": self.hosts }))
    }
}

/// What identifies a Lambda@Edge function in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The name.
    pub name: String,
    /// The function's ARN, without a version.
    pub arn: String,
    /// The ARN of its version, with which distributions are associated.
    pub version_arn: String,
}

impl Kind for EdgeFunction {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "edge_function",
        about: "Lambda@Edge function that chooses the region of each request, with its version.",
        id: "the name of the function",
        outputs: OUTPUTS,
        immutable: &["name", "role_arn", "digest"],
        uncompared: &["settings"],
        deferred_deletion: true,
        actions: &[
            "iam:CreateServiceLinkedRole",
            "iam:PassRole",
            "lambda:CreateFunction",
            "lambda:DeleteFunction",
            "lambda:DisableReplication",
            "lambda:EnableReplication",
            "lambda:GetFunction",
            "lambda:ListFunctions",
            "lambda:ListTags",
            "lambda:PublishVersion",
            "lambda:TagResource",
            "lambda:UntagResource",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for EdgeFunction {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.name.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(name) = full_name(aws, spec) else { return Ok(None) };
        let Some(function) = lambda::get(aws, &name, None).await? else { return Ok(None) };
        Ok(Some(tags::judge::<Self>(aws, &tags_of(&function), outputs(&aws.into(), &name), "")))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        lambda::holder(aws, &outputs.name).await
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        if aws.region() != REGION {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for name in names(aws).await? {
            let Some(function) = lambda::get(aws, &name, None).await? else { continue };
            let tags = tags_of(&function);
            if !tags::is_ours(aws, &tags) {
                continue;
            }
            let now = function.configuration();
            let spec = observed(aws.owner().name(), Settings::default(), now, tags::spec(tags));
            found.push(Discovered { key: None, spec, outputs: outputs(&aws.into(), &name) });
        }
        Ok(found)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let Some(name) = full_name(aws, spec) else {
            return Err(CallError::Malformed("a Lambda@Edge function without an owner id".to_owned()));
        };
        let what = format!("function {name} in {}", aws.region());
        let attempt = || async {
            match make(aws, spec, &name, &what).await {
                Err(taken) if taken.is_exists() => adoption::take_over::<Self>(aws, spec, &what, taken).await,
                created => created,
            }
        };
        aws.retry(&what, adoption::RELEASED_WITHIN, adoption::may_be_released, attempt).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let (function, version) =
            futures::join!(lambda::get(aws, &outputs.name, None), lambda::get(aws, &outputs.name, Some(VERSION)));
        let (Some(function), Some(version)) = (function?, version?) else { return Ok(None) };
        let tags = tags::spec(tags_of(&function));
        let now = observed(&spec.name, spec.settings.clone(), version.configuration(), tags);
        Ok(Some((now, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        function::retag(aws, &outputs.arn, TagChange::between(&from.tags, &to.tags)).await?;
        wait(aws, &outputs.name).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let client = aws.lambda();
        let send = || client.delete_function().function_name(&outputs.name).send();
        let attempt = || aws.call("lambda:DeleteFunction", send);
        let what = format!("function {} in {}", outputs.name, aws.region());
        let deleted = aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await;
        match answer::ignore_missing(deleted) {
            Err(error) if is_replicated(&error) => Err(CallError::Deferred {
                what: format!("Lambda@Edge function {}", outputs.arn),
                why:
                    "AWS removes its replicas from the edge locations within a few hours after no distribution uses it \
                      any more"
                        .to_owned(),
                command: format!("aws lambda delete-function --region {REGION} --function-name {}", outputs.name),
            }),
            deleted => deleted,
        }
    }
}

/// Whether Lambda refuses a deletion because the edge locations still have replicas of the function.
fn is_replicated(error: &CallError) -> bool {
    error.code() == Some("InvalidParameterValueException") && error.message().contains("replicated function")
}

/// Whether an ARN is that of a version of a function of this kind.
pub(crate) fn is_version(arn: &str) -> bool {
    let mut parts = arn.split(':').skip(2);
    let name = (parts.next() == Some("lambda")).then(|| parts.nth(3)).flatten();
    let hash = name.and_then(|name| name.rsplit_once(INFIX)).map_or("", |(_, hash)| hash);
    hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What separates the name of the API from the hash. No other function of the provider has such a name.
const INFIX: &str = "_edge_";

/// The name, at most 62 of the 64 characters that Lambda accepts; `None` while it is not decided.
fn full_name(aws: &Regional, spec: &Spec) -> Option<String> {
    let Identity::Exactly(_) = aws.identity() else { return None };
    let hash = identity::hash(aws, &format!("{} {}", spec.digest, spec.role_arn.known()?));
    Some(format!("{}{INFIX}{hash}", spec.name))
}

/// The names of all functions that may be ours, the last changed first.
async fn names(aws: &Regional) -> Result<Vec<String>, CallError> {
    let client = aws.lambda();
    let send = || client.list_functions().into_paginator().items().send().collect::<Result<Vec<_>, _>>();
    let prefix = format!("{}{INFIX}", aws.owner().name());
    let all = aws.call("lambda:ListFunctions", send).await?.into_iter();
    let named = all.filter_map(|function| Some((function.last_modified.unwrap_or_default(), function.function_name?)));
    let mut named: Vec<_> = named.filter(|(_, name)| name.starts_with(&prefix)).collect();
    named.sort();
    Ok(named.into_iter().rev().map(|(_, name)| name).collect())
}

async fn make(aws: &Regional, spec: &Spec, name: &str, what: &str) -> Result<Outputs, CallError> {
    let settings = spec.settings.rendered();
    let (files, handler) = spec.settings.files(&settings);
    let zip = package::of_texts(&files);
    let zip = zip.map_err(|source| CallError::Local { what: what.to_owned(), source: std::sync::Arc::new(source) })?;
    let tags: HashMap<String, String> = tags::plain(&spec.tags).into_iter().collect();
    let client = aws.lambda();
    let send = || {
        let code = FunctionCode::builder().zip_file(Blob::new(zip.clone())).build();
        let request = client.create_function().function_name(name).role(spec.role_arn.get()).code(code);
        request
            .description(format!("{DESCRIPTION}{}", spec.digest))
            .handler(handler)
            .runtime(Runtime::from("nodejs24.x"))
            .architectures(Architecture::X8664)
            .memory_size(128)
            .timeout(5)
            // One call creates function and version, so that there is never a function without a version.
            .publish(true)
            .set_tags(Some(tags.clone()))
            .send()
    };
    let attempt = || aws.call("lambda:CreateFunction", send);
    aws.retry(what, lambda::PROPAGATION, function::passes, attempt).await?;
    wait(aws, name).await?;
    Ok(outputs(&aws.into(), name))
}

async fn wait(aws: &Regional, name: &str) -> Result<(), CallError> {
    lambda::wait_until_ready(aws, name, None).await?;
    lambda::wait_until_ready(aws, name, Some(VERSION)).await
}

fn outputs(place: &Place<'_>, name: &str) -> Outputs {
    let arn = lambda::function_arn(place, name);
    Outputs { name: name.to_owned(), version_arn: format!("{arn}:{VERSION}"), arn }
}

fn tags_of(function: &GetFunctionOutput) -> std::collections::BTreeMap<String, String> {
    tags::reported(function.tags.clone().unwrap_or_default())
}

fn observed(name: &str, settings: Settings, now: Option<&FunctionConfiguration>, tags: Tags) -> Spec {
    let description = now.and_then(|now| now.description()).unwrap_or_default();
    Spec {
        name: name.to_owned(),
        role_arn: now.and_then(|now| now.role()).unwrap_or_default().into(),
        settings,
        digest: description.strip_prefix(DESCRIPTION).unwrap_or_default().to_owned(),
        tags,
    }
}

#[cfg(test)]
mod tests;
