//! Amazon API Gateway (v2): ARNs, tags, and the parents of its objects.

pub mod domain;
pub mod execute_api_endpoint;
pub mod http_api;
pub mod integration;
pub mod mapping;
pub mod route;
pub mod stage;

use std::collections::HashMap;

use crate::aws::{CallError, Regional};
use crate::components::support::answer::gone;
use crate::components::support::tags::TagChange;
use crate::components::{Siblings, Tags};
use crate::desired::{Address, Kind};

/// The IAM actions of objects without tags. IAM names API Gateway's actions by HTTP method.
pub(crate) const ACTIONS: &[&str] = &["apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"];

/// The IAM actions of objects with tags.
pub(crate) const TAGGED_ACTIONS: &[&str] = &[
    "apigateway:DELETE",
    "apigateway:GET",
    "apigateway:PATCH",
    "apigateway:POST",
    "apigateway:TagResource",
    "apigateway:UntagResource",
];

/// The ARN of the object at `path`: `/apis/ID`.
pub(crate) fn arn(aws: &Regional, path: &str) -> String {
    format!("arn:{}:apigateway:{}::{path}", aws.partition(), aws.region())
}

/// Changes the tags of the object with this ARN from `from` to `to`.
pub(crate) async fn retag(aws: &Regional, arn: &str, from: &Tags, to: &Tags) -> Result<(), CallError> {
    let change = TagChange::between(from, to);
    if !change.remove.is_empty() {
        let keys = &change.remove;
        let request = || aws.apigateway().untag_resource().resource_arn(arn).set_tag_keys(Some(keys.clone())).send();
        gone(aws.call("apigateway:UntagResource", request).await)?;
    }
    if !change.set.is_empty() {
        let tags: HashMap<String, String> = change.set.into_iter().collect();
        let request = || aws.apigateway().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
        aws.call("apigateway:TagResource", request).await?;
    }
    Ok(())
}

/// The HTTP API that was found in this region. Objects without tags are found through it.
pub(crate) fn api(aws: &Regional, siblings: &Siblings) -> Option<(Address, http_api::Outputs)> {
    let here = |address: &Address| address.scope == aws.address().scope;
    siblings.all::<http_api::HttpApi>().into_iter().find(|(address, _)| here(address))
}

/// The address of the `C` in this region, if it was found.
pub(crate) fn beside<C: Kind>(aws: &Regional, siblings: &Siblings) -> Option<Address> {
    let address = Address::from(Address::of::<C>(aws.region()));
    siblings.0.contains_key(&address).then_some(address)
}
