//! Tags of CloudFront's objects, which are identified by their ARNs.

use std::collections::BTreeMap;

use aws_sdk_cloudfront::types::{Tag, TagKeys, Tags as AwsTags};

use crate::aws::{CallError, Regional};
use crate::components::Tags;
use crate::components::support::answer::build_part;
use crate::components::support::tags::{self, TagChange};

/// The tags of an object, without AWS's own.
pub(super) async fn tags_of(aws: &Regional, arn: &str) -> Result<BTreeMap<String, String>, CallError> {
    let ask = || async {
        let request = || aws.cloudfront().list_tags_for_resource().resource(arn).send();
        let tags = aws.call("cloudfront:ListTagsForResource", request).await?.tags.and_then(|tags| tags.items);
        let tags = tags.unwrap_or_default().into_iter();
        Ok(tags::reported(tags.map(|tag| (tag.key, tag.value.unwrap_or_default()))))
    };
    aws.read_once(&format!("cloudfront:ListTagsForResource of {arn}"), ask).await
}

/// Tags in the form of the SDK.
pub(super) fn to_aws(tags: BTreeMap<String, String>) -> Result<AwsTags, CallError> {
    let tags = tags.into_iter().map(|(key, value)| build_part(Tag::builder().key(key).value(value).build()));
    Ok(AwsTags::builder().set_items(Some(tags.collect::<Result<_, _>>()?)).build())
}

/// Changes the tags of an object.
pub(super) async fn retag(aws: &Regional, arn: &str, from: &Tags, to: &Tags) -> Result<(), CallError> {
    let set = async |tags: BTreeMap<String, String>| {
        let tags = to_aws(tags)?;
        let send = || aws.cloudfront().tag_resource().resource(arn).tags(tags.clone()).send();
        aws.call("cloudfront:TagResource", send).await.map(drop)
    };
    let unset = async |keys: Vec<String>| {
        let keys = TagKeys::builder().set_items(Some(keys)).build();
        let send = || aws.cloudfront().untag_resource().resource(arn).tag_keys(keys.clone()).send();
        aws.call("cloudfront:UntagResource", send).await.map(drop)
    };
    TagChange::between(from, to).apply(set, unset).await
}
