//! CloudFront function that chooses the origin of each request.

use std::time::Duration;

use aws_sdk_cloudfront::operation::describe_function::DescribeFunctionOutput;
use aws_sdk_cloudfront::primitives::Blob;
use aws_sdk_cloudfront::types::{
    FunctionConfig, FunctionRuntime, FunctionStage, FunctionSummary, KeyValueStoreAssociation,
    KeyValueStoreAssociations,
};
use serde::{Deserialize, Serialize};

use super::is_overtaken;
use super::tagging::{retag, tags_of, to_aws};
use crate::aws::{CONSISTENCY_WINDOW, CallError, Regional};
use crate::components::support::answer::{build_part, ignore_missing, none_if_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::{adoption, tags};
use crate::components::{
    Component, Deviations, Discovered, Found, Holder, Place, Resolved, Siblings, Tags, output_keys,
};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `viewer_function`.
#[derive(Debug)]
pub struct ViewerFunction;

output_keys! {
    ViewerFunction {
        ARN = arn: String,
    }
}

/// The desired settings of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name, unique in the account.
    pub name: String,
    /// The code.
    pub code: String,
    /// The ARN of the key value store that the function reads.
    pub store_arn: Input<String>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// What identifies a function in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// The script that chooses a region.
const ROUTING: &str = include_str!("viewer_function/routing.js");
/// The line of [`ROUTING`] that lists the origins.
const ORIGINS: &str = "const ORIGINS = [];";

/// The code that chooses among these origins.
pub fn routing_code<'a>(origins: impl IntoIterator<Item = &'a str>) -> String {
    let origins: Vec<String> = origins.into_iter().map(|id| format!("'{id}'")).collect();
    ROUTING.replace(ORIGINS, &format!("const ORIGINS = [{}];", origins.join(", ")))
}

impl Kind for ViewerFunction {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "viewer_function",
        about: "CloudFront function that chooses the origin of each request.",
        id: "the name of the function",
        outputs: OUTPUTS,
        global: true,
        immutable: &["name"],
        actions: &[
            "cloudfront:CreateFunction",
            "cloudfront:DeleteFunction",
            "cloudfront:DescribeFunction",
            "cloudfront:GetFunction",
            "cloudfront:ListFunctions",
            "cloudfront:ListTagsForResource",
            "cloudfront:PublishFunction",
            "cloudfront:TagResource",
            "cloudfront:UntagResource",
            "cloudfront:UpdateFunction",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for ViewerFunction {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.name.clone()
    }

    fn foreseen(place: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        let place = Place { region: "", ..*place };
        Some(Outputs { name: spec.name.clone(), arn: place.arn("cloudfront", &format!("function/{}", spec.name)) })
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(held) = Held::get(aws, &spec.name, FunctionStage::Development).await? else { return Ok(None) };
        let outputs = Outputs { name: spec.name.clone(), arn: held.arn };
        let Some(tags) = none_if_missing(tags_of(aws, &outputs.arn).await)? else { return Ok(None) };
        Ok(Some(tags::judge::<Self>(aws, &tags, outputs, "")))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let tags = none_if_missing(tags_of(aws, &outputs.arn).await)?;
        Ok(tags.map_or(Holder::Ours, |tags| tags::holder(aws, &tags)))
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let all = pages(|next| async move {
            let request = || aws.cloudfront().list_functions().set_marker(next.clone()).send();
            let page = aws.call("cloudfront:ListFunctions", request).await?.function_list;
            let page = required(page, "the list of functions")?;
            Ok((page.items, page.next_marker))
        });
        let mut discovered: Vec<Discovered<Self>> = Vec::new();
        for summary in all.await? {
            let held = Held::of(&summary, None)?;
            let name = summary.name().to_owned();
            // The list contains each stage of a function.
            if discovered.iter().any(|other| other.outputs.name == name) {
                continue;
            }
            let outputs = Outputs { name, arn: held.arn };
            let Some(tags) = none_if_missing(tags_of(aws, &outputs.arn).await)? else { continue };
            let Some(address) = tags::address_of::<Self>(aws, &tags) else { continue };
            let Some(spec) = reported(aws, &outputs).await? else { continue };
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let (config, code) = (config(aws, spec)?, Blob::new(spec.code.as_bytes()));
        let tags = to_aws(tags::plain(&spec.tags))?;
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.cloudfront().create_function().name(&spec.name).tags(tags.clone());
            let created = request.function_config(config.clone()).function_code(code.clone()).send().await?;
            let summary = created.function_summary;
            let metadata = summary.and_then(|summary| summary.function_metadata);
            Ok(metadata.map(|metadata| Outputs { name: spec.name.clone(), arn: metadata.function_arn }))
        };
        let operation = "cloudfront:CreateFunction";
        let make = || create_or_adopt(aws, operation, Repeated::IsRefused, look, send);
        // A new key value store is visible to functions a little later, one whose create was interrupted may not be ready, and a
        // name is free a little after its deletion.
        let is_settling =
            |error: &CallError| error.is_not_found() || is_not_provisioned(error) || adoption::may_be_released(error);
        let what = "the key value store to be visible and the name to be available";
        let outputs = aws.retry(what, SETTLED_WITHIN, is_settling, make).await?;
        release(aws, spec).await?;
        Ok(outputs)
    }

    async fn read(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(reported(aws, outputs).await?.map(|spec| (spec, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        retag(aws, &outputs.arn, &from.tags, &to.tags).await?;
        release(aws, to).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let look = || Held::get(aws, &outputs.name, FunctionStage::Development);
        let attempt = || async {
            let held = aws.read_until_found("the function", look).await?;
            let Some(etag) = held.and_then(|held| held.etag) else { return Ok(()) };
            let request = || aws.cloudfront().delete_function().name(&outputs.name).if_match(&etag).send();
            ignore_missing(aws.call("cloudfront:DeleteFunction", request).await)
        };
        let may_end = |error: &CallError| is_overtaken(error) || error.code() == Some("FunctionInUse");
        aws.retry("the distribution to release the function", SETTLED_WITHIN, may_end, attempt).await
    }
}

/// How long a key value store may take until it is ready, and how long CloudFront may count a function as used after the
/// distribution has been changed.
const SETTLED_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Whether the key value store of the function is not ready yet.
fn is_not_provisioned(error: &CallError) -> bool {
    error.code() == Some("InvalidArgument") && error.message().contains("before the resource is provisioned")
}

/// The settings of one stage of a function.
struct Held {
    arn: String,
    etag: Option<String>,
    store_arn: Option<String>,
    has_runtime: bool,
}

impl Held {
    async fn get(aws: &Regional, name: &str, stage: FunctionStage) -> Result<Option<Self>, CallError> {
        let request = || aws.cloudfront().describe_function().name(name).stage(stage.clone()).send();
        let found = none_if_missing(aws.call("cloudfront:DescribeFunction", request).await)?;
        let Some(DescribeFunctionOutput { function_summary, e_tag, .. }) = found else { return Ok(None) };
        Self::of(&required(function_summary, "a function")?, e_tag).map(Some)
    }

    fn of(summary: &FunctionSummary, etag: Option<String>) -> Result<Self, CallError> {
        let metadata = required(summary.function_metadata(), "the metadata of a function")?;
        let config = required(summary.function_config(), "the settings of a function")?;
        let stores = config.key_value_store_associations().map(KeyValueStoreAssociations::items);
        let store = stores.and_then(<[_]>::first).map(KeyValueStoreAssociation::key_value_store_arn);
        Ok(Self {
            arn: metadata.function_arn().to_owned(),
            etag,
            store_arn: store.map(str::to_owned),
            has_runtime: *config.runtime() == RUNTIME,
        })
    }
}

/// The runtime with key value stores and changes of the origin.
const RUNTIME: FunctionRuntime = FunctionRuntime::CloudfrontJs20;

fn config(aws: &Regional, spec: &Spec) -> Result<FunctionConfig, CallError> {
    let store = build_part(KeyValueStoreAssociation::builder().key_value_store_arn(spec.store_arn.get()).build())?;
    let stores = build_part(KeyValueStoreAssociations::builder().quantity(1).items(store).build())?;
    let config = FunctionConfig::builder().comment(aws.owner().to_string()).runtime(RUNTIME);
    build_part(config.key_value_store_associations(stores).build())
}

async fn code(aws: &Regional, name: &str, stage: &FunctionStage) -> Result<Option<String>, CallError> {
    let request = || aws.cloudfront().get_function().name(name).stage(stage.clone()).send();
    let held = none_if_missing(aws.call("cloudfront:GetFunction", request).await)?;
    let code = held.and_then(|held| held.function_code).map(Blob::into_inner);
    Ok(code.map(|code| String::from_utf8_lossy(&code).into_owned()))
}

/// What clients' requests run: the stage LIVE. A function that was never published is a deviation.
async fn reported(aws: &Regional, outputs: &Outputs) -> Result<Option<Spec>, CallError> {
    let mut stage = FunctionStage::Live;
    let mut held = Held::get(aws, &outputs.name, stage.clone()).await?;
    let is_published = held.is_some();
    if !is_published {
        stage = FunctionStage::Development;
        held = Held::get(aws, &outputs.name, stage.clone()).await?;
    }
    let (code, tags) = futures::join!(code(aws, &outputs.name, &stage), tags_of(aws, &outputs.arn));
    let (Some(held), Some(code), Some(tags)) = (held, code?, none_if_missing(tags)?) else { return Ok(None) };
    Ok(Some(Spec {
        name: outputs.name.clone(),
        code,
        store_arn: Input::Known(held.store_arn.unwrap_or_default()),
        deviations: Deviations::default()
            .record_unless("Stage", is_published)
            .record_unless("Runtime", held.has_runtime),
        tags: tags::spec(tags),
    }))
}

/// Gives the function its code and settings, and publishes them.
async fn release(aws: &Regional, spec: &Resolved<Spec>) -> Result<(), CallError> {
    let name = &spec.name;
    let (config, code) = (config(aws, spec)?, Blob::new(spec.code.as_bytes()));
    let look = || Held::get(aws, name, FunctionStage::Development);
    let attempt = || async {
        let held = aws.read_until_found("the function", look).await?;
        let etag = required(held.and_then(|held| held.etag), "the ETag of a function")?;
        let request = || {
            let request = aws.cloudfront().update_function().name(name).if_match(&etag);
            request.function_config(config.clone()).function_code(code.clone()).send()
        };
        let updated = aws.call("cloudfront:UpdateFunction", request).await?;
        let etag = required(updated.e_tag, "the ETag of a function")?;
        let request = || aws.cloudfront().publish_function().name(name).if_match(&etag).send();
        aws.call("cloudfront:PublishFunction", request).await.map(drop)
    };
    let publish = || aws.retry("concurrent changes of the function to end", CONSISTENCY_WINDOW, is_overtaken, attempt);
    let what = "the function and its key value store to be visible";
    aws.retry(what, CONSISTENCY_WINDOW, CallError::is_not_found, publish).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_lists_the_origins_and_fits_into_a_function() {
        let code = routing_code(["eu-central-1", "us-east-1"]);
        assert!(code.contains("const ORIGINS = ['eu-central-1', 'us-east-1'];"), "{code}");
        // AWS, CloudFront quotas: a function has at most 10 KB. AWS has fewer than 40 regions.
        assert!(routing_code(["ap-southeast-1"; 40]).len() < 10_240);
    }
}
