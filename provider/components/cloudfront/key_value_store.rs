//! CloudFront key value store: the table from which a CloudFront function reads.

use std::time::Duration;

use aws_sdk_cloudfront::types::KeyValueStore as Held;
use serde::{Deserialize, Serialize};

use super::tagging::{retag, tags_of, to_aws};
use crate::aws::{CallError, Poll, Regional};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::{adoption, tags};
use crate::components::{Component, Discovered, Found, Holder, Problem, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Kind, KindMeta};

/// The kind `key_value_store`.
#[derive(Debug)]
pub struct KeyValueStore;

output_keys! {
    KeyValueStore {
        ARN = arn: String,
    }
}

/// The desired settings of a key value store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name, unique in the account.
    pub name: String,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// What identifies a key value store in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The name.
    pub name: String,
    /// The ARN, which contains the id that AWS assigned.
    pub arn: String,
}

impl Kind for KeyValueStore {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "key_value_store",
        about: "CloudFront key value store with the routing table of a distribution.",
        id: "the ARN of the key value store",
        outputs: OUTPUTS,
        global: true,
        immutable: &["name"],
        actions: &[
            "cloudfront:CreateKeyValueStore",
            "cloudfront:DeleteKeyValueStore",
            "cloudfront:DescribeKeyValueStore",
            "cloudfront:ListKeyValueStores",
            "cloudfront:ListTagsForResource",
            "cloudfront:TagResource",
            "cloudfront:UntagResource",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for KeyValueStore {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.arn.clone()
    }

    async fn check(aws: &Regional, _: &Spec) -> Result<Vec<Problem>, CallError> {
        let partition = aws.partition();
        if partition == "aws" {
            return Ok(Vec::new());
        }
        let detail = format!(
            "CloudFront has no key value stores in the partition {partition:?}. Use another cdn.origin, such as \"latency\"."
        );
        Ok(vec![Problem { summary: "Key value stores not available", detail }])
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some((held, _)) = get(aws, &spec.name).await? else { return Ok(None) };
        let Some(tags) = none_if_missing(tags_of(aws, held.arn()).await)? else { return Ok(None) };
        Ok(Some(tags::judge::<Self>(aws, &tags, outputs(&held), &format!("its ARN is {}", held.arn()))))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let Some((held, _)) = get(aws, &outputs.name).await? else { return Ok(Holder::Ours) };
        let tags = none_if_missing(tags_of(aws, held.arn()).await)?;
        Ok(tags.map_or(Holder::Ours, |tags| tags::holder(aws, &tags)))
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let all = pages(|next| async move {
            let request = || aws.cloudfront().list_key_value_stores().set_marker(next.clone()).send();
            let page = aws.call("cloudfront:ListKeyValueStores", request).await?.key_value_store_list;
            let page = required(page, "the list of key value stores")?;
            Ok((page.items, page.next_marker))
        });
        let mut discovered = Vec::new();
        for held in all.await? {
            let Some(tags) = none_if_missing(tags_of(aws, held.arn()).await)? else { continue };
            let Some(address) = tags::address_of::<Self>(aws, &tags) else { continue };
            let spec = Spec { name: held.name().to_owned(), tags: tags::spec(tags) };
            discovered.push(Discovered { key: address.key, spec, outputs: outputs(&held) });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let tags = to_aws(tags::plain(&spec.tags))?;
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.cloudfront().create_key_value_store().name(&spec.name).tags(tags.clone());
            let created = request.comment(aws.owner().to_string()).send().await?;
            Ok(created.key_value_store.map(|held| outputs(&held)))
        };
        let operation = "cloudfront:CreateKeyValueStore";
        let make = || create_or_adopt(aws, operation, Repeated::IsRefused, look, send);
        let what = format!("the name {} to be available", spec.name);
        let outputs = aws.retry(&what, adoption::RELEASED_WITHIN, adoption::may_be_released, make).await?;
        ready(aws, &outputs.name).await?;
        Ok(outputs)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let held = get(aws, &outputs.name).await?.filter(|(held, _)| held.arn() == outputs.arn);
        let Some((held, _)) = held else { return Ok(None) };
        let Some(tags) = none_if_missing(tags_of(aws, held.arn()).await)? else { return Ok(None) };
        Ok(Some((Spec { tags: tags::spec(tags), ..spec.clone() }, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        retag(aws, &outputs.arn, &from.tags, &to.tags).await?;
        ready(aws, &outputs.name).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let look = || get(aws, &outputs.name);
        let attempt = || async {
            let held = aws.read_until_found("the key value store", look).await?;
            let Some((_, etag)) = held.filter(|(held, _)| held.arn() == outputs.arn) else { return Ok(()) };
            let request = || aws.cloudfront().delete_key_value_store().name(&outputs.name).if_match(&etag).send();
            ignore_missing(aws.call("cloudfront:DeleteKeyValueStore", request).await)
        };
        aws.retry("the function to release the key value store", RELEASED_WITHIN, is_used, attempt).await
    }
}

/// How long CloudFront may count a key value store as used after its function was deleted.
const RELEASED_WITHIN: Duration = Duration::from_secs(10 * 60);
/// The time limit for a new key value store to become ready.
const READY_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Whether a deletion may succeed later: a function uses the store, or it was changed between our read and our call.
fn is_used(error: &CallError) -> bool {
    matches!(error.code(), Some("CannotDeleteEntityWhileInUse" | "PreconditionFailed" | "InvalidIfMatchVersion"))
}

fn outputs(held: &Held) -> Outputs {
    Outputs { name: held.name().to_owned(), arn: held.arn().to_owned() }
}

/// A key value store and its ETag; `None` when it does not exist.
async fn get(aws: &Regional, name: &str) -> Result<Option<(Held, String)>, CallError> {
    let request = || aws.cloudfront().describe_key_value_store().name(name).send();
    let Some(held) = none_if_missing(aws.call("cloudfront:DescribeKeyValueStore", request).await)? else {
        return Ok(None);
    };
    let store = required(held.key_value_store, "a key value store")?;
    Ok(Some((store, required(held.e_tag, "the ETag of a key value store")?)))
}

/// Waits until the key value store accepts keys.
async fn ready(aws: &Regional, name: &str) -> Result<(), CallError> {
    let look = || async {
        let status = get(aws, name).await?.and_then(|(held, _)| held.status);
        Ok(match status.as_deref() {
            Some("READY") => Poll::Ready(()),
            Some(other) => Poll::Pending(other.to_owned()),
            None => Poll::Pending("missing".to_owned()),
        })
    };
    aws.wait(&format!("key value store {name} to become ready"), READY_WITHIN, look).await
}
