//! REST APIs (API Gateway v1): what their kinds share.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::operation::get_stage::GetStageOutput;
use aws_sdk_apigateway::types::{Op, PatchOperation};

use super::rest_api;
use crate::aws::{CallError, Regional};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::tags::TagChange;
use crate::components::{Found, Siblings, Tags};
use crate::desired::Limit;

/// The IAM actions of objects with tags. IAM names API Gateway's actions by HTTP method.
pub(crate) const TAGGED_ACTIONS: &[&str] = &[
    "apigateway:DELETE",
    "apigateway:GET",
    "apigateway:PATCH",
    "apigateway:POST",
    "apigateway:PUT",
    "apigateway:TagResource",
    "apigateway:UntagResource",
];

/// How often a deployment may be created.
///
/// # Source
/// AWS, "Amazon API Gateway quotas", quotas for creating, deploying and managing an API.
pub(crate) const DEPLOYMENTS: Limit =
    Limit { operation: "apigateway:CreateDeployment", burst: 1, per_second: 1.0 / 5.0 };

/// The largest page of a list.
pub(crate) const PAGE: i32 = 500;

/// The first word of the descriptions of our deployments.
const DESCRIPTION: &str = "multiregion";
/// The last word of the description of a deployment whose default endpoint is disabled.
const DISABLED: &str = "execute-api-disabled";

/// The REST API that was found in this region. Objects without tags are found through it.
pub(crate) fn api(aws: &Regional, siblings: &Siblings) -> Option<rest_api::Outputs> {
    siblings.in_scope::<rest_api::RestApi>(&aws.address().scope).into_iter().next()
}

/// The API; `None` when there is none with this id.
pub(crate) async fn get(aws: &Regional, id: &str) -> Result<Option<GetRestApiOutput>, CallError> {
    let ask = || async {
        let request = || aws.apigateway().get_rest_api().rest_api_id(id).send();
        none_if_missing(aws.call("apigateway:GetRestApi", request).await)
    };
    aws.read_once(&format!("apigateway:GetRestApi of {id}"), ask).await
}

/// A stage; `None` when the API has none with this name.
pub(crate) async fn stage(aws: &Regional, api_id: &str, name: &str) -> Result<Option<GetStageOutput>, CallError> {
    let ask = || async {
        let request = || aws.apigateway().get_stage().rest_api_id(api_id).stage_name(name).send();
        none_if_missing(aws.call("apigateway:GetStage", request).await)
    };
    aws.read_once(&format!("apigateway:GetStage {name} of {api_id}"), ask).await
}

/// Applies changes to a stage; none need no call.
pub(crate) async fn update_stage(
    aws: &Regional,
    api_id: &str,
    name: &str,
    changes: Vec<PatchOperation>,
) -> Result<(), CallError> {
    if changes.is_empty() {
        return Ok(());
    }
    let request = || {
        let request = aws.apigateway().update_stage().rest_api_id(api_id).stage_name(name);
        request.set_patch_operations(Some(changes.clone())).send()
    };
    aws.call("apigateway:UpdateStage", request).await.map(drop)
}

/// Changes the tags of the object with this ARN from `from` to `to`.
pub(crate) async fn retag(aws: &Regional, arn: &str, from: &Tags, to: &Tags) -> Result<(), CallError> {
    let set = async |tags: BTreeMap<String, String>| {
        let tags: HashMap<String, String> = tags.into_iter().collect();
        let send = || aws.apigateway().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
        aws.call("apigateway:TagResource", send).await.map(drop)
    };
    let unset = async |keys: Vec<String>| {
        let send = || aws.apigateway().untag_resource().resource_arn(arn).set_tag_keys(Some(keys.clone())).send();
        ignore_missing(aws.call("apigateway:UntagResource", send).await)
    };
    TagChange::between(from, to).apply(set, unset).await
}

/// A change that sets the value at `path`.
pub(crate) fn replace(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
}

/// A change that adds `value` to the list at `path`.
pub(crate) fn add(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Add).path(path).value(value).build()
}

/// A change that removes what is at `path`.
pub(crate) fn remove(path: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Remove).path(path).build()
}

/// A change that removes `value` from the list at `path`.
pub(crate) fn remove_value(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Remove).path(path).value(value).build()
}

/// `text` as one segment of a path in a change (RFC 6901).
pub(crate) fn segment(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

/// A deployment: a snapshot of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment {
    /// The id that AWS assigned.
    pub(crate) id: String,
    /// The digest of its content, in its description; `None` when another tool created it.
    pub(crate) digest: Option<String>,
    /// Whether the API's default endpoint is disabled in it.
    pub(crate) disabled: bool,
    /// The time of its creation, in seconds since 1970.
    created: i64,
}

/// The description of a deployment, which is all that AWS stores of it.
fn description(digest: &str, disabled: bool) -> String {
    if disabled { format!("{DESCRIPTION} {digest} {DISABLED}") } else { format!("{DESCRIPTION} {digest}") }
}

/// The digest in a description, and whether the default endpoint is disabled; `None` in a description of another form.
fn parse(description: &str) -> Option<(&str, bool)> {
    let mut words = description.strip_prefix(DESCRIPTION)?.strip_prefix(' ')?.split(' ');
    let digest = words.next().filter(|digest| !digest.is_empty())?;
    match words.next() {
        None => Some((digest, false)),
        Some(DISABLED) if words.next().is_none() => Some((digest, true)),
        Some(_) => None,
    }
}

/// All deployments of an API, the newest first; none when the API does not exist.
pub(crate) async fn deployments(aws: &Regional, api_id: &str) -> Result<Vec<Deployment>, CallError> {
    let ask = || async {
        let listed = pages(|next| async move {
            let request = || {
                let request = aws.apigateway().get_deployments().rest_api_id(api_id).limit(PAGE);
                request.set_position(next.clone()).send()
            };
            let page = none_if_missing(aws.call("apigateway:GetDeployments", request).await)?;
            Ok(page.map(|page| (page.items, page.position)).unwrap_or_default())
        })
        .await?;
        let mut all = Vec::new();
        for deployment in listed {
            let parsed = deployment.description().and_then(parse);
            let digest = parsed.map(|(digest, _)| digest.to_owned());
            let disabled = parsed.is_some_and(|(_, disabled)| disabled);
            let created = deployment.created_date.map_or(0, |date| date.secs());
            all.push(Deployment { id: required(deployment.id, "a deployment's id")?, digest, disabled, created });
        }
        all.sort_by_key(|deployment| Reverse(deployment.created));
        Ok(all)
    };
    aws.read_once(&format!("apigateway:GetDeployments of {api_id}"), ask).await
}

/// The newest deployment with this digest, and with the default endpoint in this state if there is one.
pub(crate) fn newest<'a>(deployments: &'a [Deployment], digest: &str, disabled: bool) -> Option<&'a Deployment> {
    let with_digest = || deployments.iter().filter(|deployment| deployment.digest.as_deref() == Some(digest));
    with_digest().find(|deployment| deployment.disabled == disabled).or_else(|| with_digest().next())
}

/// Creates a deployment of the API as it is now, or adopts the one of an earlier call; returns its id. `disabled` is the
/// current state of the default endpoint.
pub(crate) async fn deploy(aws: &Regional, api_id: &str, digest: &str, disabled: bool) -> Result<String, CallError> {
    let look = || async {
        let deployments = deployments(aws, api_id).await?;
        let newest = newest(&deployments, digest, disabled).filter(|deployment| deployment.disabled == disabled);
        Ok(newest.map(|deployment| Found::Ours(deployment.id.clone())))
    };
    let send = || async {
        let request = aws.apigateway().create_deployment().rest_api_id(api_id);
        let answer = request.description(description(digest, disabled)).send().await;
        answer.map(|created| created.id)
    };
    create_or_adopt(aws, DEPLOYMENTS.operation, Repeated::CreatesAnother, look, send).await
}

/// Deletes a deployment, unless a stage uses it.
pub(crate) async fn delete_unused(aws: &Regional, api_id: &str, id: &str) -> Result<(), CallError> {
    let request = || aws.apigateway().delete_deployment().rest_api_id(api_id).deployment_id(id).send();
    match ignore_missing(aws.call("apigateway:DeleteDeployment", request).await) {
        Err(error) if error.message().contains("Active stages pointing to this deployment") => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(id: &str, text: &str, created: i64) -> Deployment {
        let parsed = parse(text);
        Deployment {
            id: id.to_owned(),
            digest: parsed.map(|(digest, _)| digest.to_owned()),
            disabled: parsed.is_some_and(|(_, disabled)| disabled),
            created,
        }
    }

    #[test]
    fn descriptions_are_read_back() {
        for disabled in [false, true] {
            assert_eq!(parse(&description("9f2c", disabled)), Some(("9f2c", disabled)));
        }
        for other in ["", "multiregion", "multiregion ", "multiregions 9f2c", "multiregion 9f2c by hand", "v1"] {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_newest_deployment_with_the_same_endpoint_is_chosen() {
        let all = [
            deployment("d", "multiregion b", 4),
            deployment("c", "multiregion a execute-api-disabled", 3),
            deployment("b", "multiregion a", 2),
            deployment("a", "multiregion a", 1),
        ];
        let id = |digest, disabled| newest(&all, digest, disabled).map(|deployment| deployment.id.as_str());
        assert_eq!((id("a", true), id("a", false)), (Some("c"), Some("b")));
        assert_eq!(id("b", true), Some("d"), "no deployment of this digest has a disabled endpoint");
        assert_eq!(id("x", false), None);
    }

    #[test]
    fn a_segment_contains_no_slash() {
        assert_eq!(segment("/items/{id}~x"), "~1items~1{id}~0x");
    }
}
