//! Amazon API Gateway: HTTP APIs and custom domain names (v2), REST APIs (v1), and what their kinds share.

pub mod api_key;
pub mod api_key_value;
pub mod authorizer;
pub mod domain;
pub mod execute_api_endpoint;
pub mod http_api;
pub mod integration;
pub mod mapping;
pub(crate) mod rest;
pub mod rest_api;
pub mod rest_definition;
pub mod rest_deployment;
pub mod rest_endpoint;
pub mod rest_stage;
pub mod route;
pub mod route_settings;
pub mod stage;
pub mod usage_plan;
pub mod usage_plan_key;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::lambda::permission::{self, Permission};
use crate::components::support::answer::ignore_missing;
use crate::components::support::place::dns_suffix;
use crate::components::support::tags::TagChange;
use crate::components::{Siblings, Tags};

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

/// What identifies a part of an HTTP API, such as a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartOfApi {
    /// The id of the API.
    pub api_id: String,
    /// The id of the part, which API Gateway assigned.
    pub id: String,
}

/// The ARN of the object at `path`: `/apis/ID`.
pub(crate) fn arn(aws: &Regional, path: &str) -> String {
    format!("arn:{}:apigateway:{}::{path}", aws.partition(), aws.region())
}

/// The host name that AWS gives an API.
pub(crate) fn host(aws: &Regional, api_id: &str) -> String {
    format!("{api_id}.execute-api.{}.{}", aws.region(), dns_suffix(aws.partition()))
}

/// Changes the tags of the object with this ARN, of API Gateway v2, from `from` to `to`.
pub(crate) async fn retag(aws: &Regional, arn: &str, from: &Tags, to: &Tags) -> Result<(), CallError> {
    let set = async |tags: BTreeMap<String, String>| {
        let tags: HashMap<String, String> = tags.into_iter().collect();
        let send = || aws.apigatewayv2().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
        aws.call("apigateway:TagResource", send).await.map(drop)
    };
    let unset = async |keys: Vec<String>| {
        let send = || aws.apigatewayv2().untag_resource().resource_arn(arn).set_tag_keys(Some(keys.clone())).send();
        ignore_missing(aws.call("apigateway:UntagResource", send).await)
    };
    TagChange::between(from, to).apply(set, unset).await
}

/// The APIs in which the owner has integrations and routes, and whether each belongs to another resource: the owner's own API,
/// or those that may invoke its functions.
///
/// # Errors
/// A call that failed.
pub(crate) async fn apis(aws: &Regional, siblings: &Siblings) -> Result<Vec<(String, bool)>, CallError> {
    if let Some(api) = api(aws, siblings) {
        return Ok(vec![(api.id, false)]);
    }
    let permissions = siblings.in_scope::<Permission>(&aws.address().scope);
    let mut ids = BTreeSet::new();
    for (_, outputs) in permissions {
        ids.extend(permission::allowed(aws, &outputs).await?);
    }
    Ok(ids.into_iter().map(|id| (id, true)).collect())
}

/// The HTTP API that was found in this region. Objects without tags are found through it.
pub(crate) fn api(aws: &Regional, siblings: &Siblings) -> Option<http_api::Outputs> {
    siblings.in_scope::<http_api::HttpApi>(&aws.address().scope).into_iter().map(|(_, api)| api).next()
}

/// The ids of all APIs that were found in this region, of both protocols.
pub(crate) fn api_ids(aws: &Regional, siblings: &Siblings) -> Vec<String> {
    let scope = &aws.address().scope;
    let http = siblings.in_scope::<http_api::HttpApi>(scope).into_iter().map(|(_, api)| api.id);
    let rest = siblings.in_scope::<rest_api::RestApi>(scope).into_iter().map(|(_, api)| api.id);
    http.chain(rest).collect()
}
