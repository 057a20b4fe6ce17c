//! IAM role that the functions of all regions assume, with its inline policies.

mod policy;

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::aws::{CONSISTENCY_WINDOW, CallError, Regional};
use crate::components::support::adoption;
use crate::components::support::answer::{ignore_missing, none_if_missing, pages};
use crate::components::support::tags::{self, TagChange};
use crate::components::{Component, Discovered, Found, Holder, Place, Resolved, Siblings, Tags, lambda, output_keys};
use crate::desired::{Address, Input, Kind, KindMeta};

/// The kind `role`.
#[derive(Debug)]
pub struct Role;

output_keys! {
    Role {
        ARN = arn: String,
    }
}

/// The key of the role of a Lambda@Edge function. No function of an API has such a name.
pub const EDGE: &str = "@edge";

/// The name of the role of the Lambda@Edge function of the API `name`.
pub fn edge_name(name: &str) -> String {
    format!("{name}{EDGE}")
}

/// The desired settings of an IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name.
    pub name: String,
    /// The services that may assume the role, such as `lambda.amazonaws.com`.
    pub services: Vec<String>,
    /// Inline policies by name, as JSON documents.
    pub policies: BTreeMap<String, Input<String>>,
    /// The path of a new role; `None` for `/`. AWS cannot change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The ARN of the policy that is the permissions boundary. Without one, a boundary that others set stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary_arn: Option<String>,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// What identifies an IAM role in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

impl Kind for Role {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "role",
        about: "IAM role that the functions of all regions assume, with its inline policies.",
        id: "the name of the role",
        outputs: OUTPUTS,
        global: true,
        immutable: &["name"],
        uncompared: &["path"],
        actions: &[
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:ListRoles",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for Role {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.name.clone()
    }

    fn foreseen(place: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        // ARNs of IAM contain no region.
        let arn = Place { region: "", ..*place }
            .arn("iam", &format!("role{}{}", spec.path.as_deref().unwrap_or("/"), spec.name));
        Some(Outputs { name: spec.name.clone(), arn })
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(role) = get(aws, &spec.name).await? else { return Ok(None) };
        let described =
            role.description().filter(|text| !text.is_empty()).map(|text| format!("its description is {text:?}; "));
        let hints = format!("{}it was created on {}", described.unwrap_or_default(), role.create_date());
        Ok(Some(tags::judge::<Self>(aws, &tags_of(&role), outputs(&role), &hints)))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let role = get(aws, &outputs.name).await?;
        Ok(role.map_or(Holder::Ours, |role| tags::holder(aws, &tags_of(&role))))
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut found = Vec::new();
        for name in candidates(aws).await? {
            // A list has no tags.
            let Some(role) = get(aws, &name).await? else { continue };
            let Some(Address { key, .. }) = tags::address_here::<Self>(aws, &tags_of(&role)) else { continue };
            let spec = Spec {
                name,
                services: Vec::new(),
                policies: BTreeMap::new(),
                path: None,
                permissions_boundary_arn: None,
                tags: Tags::new(),
            };
            found.push(Discovered { key, spec, outputs: outputs(&role) });
        }
        Ok(found)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let (client, trust) = (aws.iam(), policy::trust(&spec.services).to_string());
        let tags = iam_tags(&tags::plain(&spec.tags))?;
        let send = || {
            client
                .create_role()
                .role_name(&spec.name)
                .set_path(spec.path.clone())
                .assume_role_policy_document(&trust)
                .set_permissions_boundary(spec.permissions_boundary_arn.clone())
                .set_tags(Some(tags.clone()))
                .send()
        };
        let created = match aws.call("iam:CreateRole", send).await {
            Ok(created) => created.role,
            Err(taken) if taken.is_exists() => {
                return adoption::take_over::<Self>(aws, spec, &format!("IAM role {}", spec.name), taken).await;
            }
            Err(error) => return Err(error),
        };
        let Some(role) = created else {
            let why = "the role is missing in IAM's response".to_owned();
            return Err(CallError::Failed { what: format!("IAM role {}", spec.name), why });
        };
        let put = spec.policies.iter().map(|(name, document)| put_policy(aws, &spec.name, name, document.get()));
        try_join_all(put).await?;
        Ok(outputs(&role))
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(role) = get(aws, &outputs.name).await? else { return Ok(None) };
        let trust = policy::decoded(role.assume_role_policy_document().unwrap_or_default());
        let spec = Spec {
            name: spec.name.clone(),
            services: policy::trusted(&trust, &spec.services),
            policies: policies(aws, &outputs.name, &spec.policies).await?,
            path: spec.path.clone(),
            permissions_boundary_arn: spec.permissions_boundary_arn.as_ref().and_then(|_| boundary(&role)),
            tags: tags::spec(tags_of(&role)),
        };
        Ok(Some((spec, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        let name = &outputs.name;
        if from.services != to.services {
            let (client, trust) = (aws.iam(), policy::trust(&to.services).to_string());
            let send = || client.update_assume_role_policy().role_name(name).policy_document(&trust).send();
            aws.call("iam:UpdateAssumeRolePolicy", send).await?;
        }
        // First the boundary, which a policy may require to put the others.
        if from.permissions_boundary_arn != to.permissions_boundary_arn {
            bound(aws, name, to.permissions_boundary_arn.as_deref()).await?;
        }
        let changed = to.policies.iter().filter(|(key, document)| from.policies.get(*key) != Some(*document));
        try_join_all(changed.map(|(key, document)| put_policy(aws, name, key, document.get()))).await?;
        let dropped = from.policies.keys().filter(|key| !to.policies.contains_key(*key));
        try_join_all(dropped.map(|key| delete_policy(aws, name, key))).await?;
        retag(aws, name, TagChange::between(&from.tags, &to.tags)).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let (client, name) = (aws.iam(), &outputs.name);
        let delete = || async {
            // IAM deletes no role that still has policies, including those that others attached. Lists lag behind: a policy, or
            // the role itself, may be missing in them. Only the delete shows whether the role exists.
            let inline = policy_names(aws, name).await?.unwrap_or_default();
            try_join_all(inline.iter().map(|policy| delete_policy(aws, name, policy))).await?;
            detach_all(aws, name).await?;
            ignore_missing(aws.call("iam:DeleteRole", || client.delete_role().role_name(name).send()).await)
        };
        let has_policies = |error: &CallError| error.code() == Some("DeleteConflict");
        aws.retry("the role's policies to be visible", CONSISTENCY_WINDOW, has_policies, delete).await
    }
}

async fn get(aws: &Regional, name: &str) -> Result<Option<aws_sdk_iam::types::Role>, CallError> {
    let client = aws.iam();
    let answer = aws.call("iam:GetRole", || client.get_role().role_name(name).send()).await;
    Ok(none_if_missing(answer)?.and_then(|answer| answer.role))
}

/// The roles whose names may be those of the roles of the owner's functions.
async fn candidates(aws: &Regional) -> Result<Vec<String>, CallError> {
    let all = pages(|next| async move {
        let request = || aws.iam().list_roles().max_items(PAGE).set_marker(next.clone()).send();
        let page = aws.call("iam:ListRoles", request).await?;
        Ok((Some(page.roles), page.marker))
    });
    let names = all.await?.into_iter().map(|role| role.role_name);
    let edge = edge_name(aws.owner().name());
    Ok(names.filter(|name| *name == edge || lambda::may_be_ours(aws, name)).collect())
}

/// The number of roles that IAM lists in one response.
///
/// # Source
/// IAM API reference, `ListRoles`.
const PAGE: i32 = 1_000;

fn outputs(role: &aws_sdk_iam::types::Role) -> Outputs {
    Outputs { name: role.role_name().to_owned(), arn: role.arn().to_owned() }
}

fn boundary(role: &aws_sdk_iam::types::Role) -> Option<String> {
    role.permissions_boundary()?.permissions_boundary_arn().map(str::to_owned)
}

/// Sets or removes the permissions boundary of a role.
async fn bound(aws: &Regional, name: &str, boundary: Option<&str>) -> Result<(), CallError> {
    let client = aws.iam();
    let Some(arn) = boundary else {
        let send = || client.delete_role_permissions_boundary().role_name(name).send();
        return ignore_missing(aws.call("iam:DeleteRolePermissionsBoundary", send).await);
    };
    let send = || client.put_role_permissions_boundary().role_name(name).permissions_boundary(arn).send();
    aws.call("iam:PutRolePermissionsBoundary", send).await.map(drop)
}

fn tags_of(role: &aws_sdk_iam::types::Role) -> BTreeMap<String, String> {
    tags::reported(role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())))
}

fn iam_tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, CallError> {
    let built = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    built.collect::<Result<_, _>>().map_err(|error| CallError::Malformed(error.to_string()))
}

async fn retag(aws: &Regional, name: &str, change: TagChange) -> Result<(), CallError> {
    let client = aws.iam();
    let set = async |tags: BTreeMap<String, String>| {
        let tags = iam_tags(&tags)?;
        aws.call("iam:TagRole", || client.tag_role().role_name(name).set_tags(Some(tags.clone())).send())
            .await
            .map(drop)
    };
    let unset = async |keys: Vec<String>| {
        let send = || client.untag_role().role_name(name).set_tag_keys(Some(keys.clone())).send();
        aws.call("iam:UntagRole", send).await.map(drop)
    };
    change.apply(set, unset).await
}

async fn put_policy(aws: &Regional, role: &str, name: &str, document: &str) -> Result<(), CallError> {
    let client = aws.iam();
    let send = || client.put_role_policy().role_name(role).policy_name(name).policy_document(document).send();
    aws.call("iam:PutRolePolicy", send).await.map(drop)
}

async fn delete_policy(aws: &Regional, role: &str, name: &str) -> Result<(), CallError> {
    let client = aws.iam();
    let send = || client.delete_role_policy().role_name(role).policy_name(name).send();
    ignore_missing(aws.call("iam:DeleteRolePolicy", send).await)
}

/// The names of a role's inline policies; `None` when the role does not exist.
async fn policy_names(aws: &Regional, role: &str) -> Result<Option<Vec<String>>, CallError> {
    let client = aws.iam();
    let send =
        || client.list_role_policies().role_name(role).into_paginator().items().send().collect::<Result<Vec<_>, _>>();
    none_if_missing(aws.call("iam:ListRolePolicies", send).await)
}

/// A role's inline policies by name; in the spelling of `applied` when they are equivalent.
async fn policies(
    aws: &Regional,
    role: &str,
    applied: &BTreeMap<String, Input<String>>,
) -> Result<BTreeMap<String, Input<String>>, CallError> {
    let client = aws.iam();
    let names = policy_names(aws, role).await?.unwrap_or_default();
    let read = names.into_iter().map(|name| {
        let client = &client;
        async move {
            let send = || client.get_role_policy().role_name(role).policy_name(&name).send();
            let Some(answer) = none_if_missing(aws.call("iam:GetRolePolicy", send).await)? else { return Ok(None) };
            let document = policy::decoded(answer.policy_document());
            let document = match applied.get(&name).and_then(Input::known) {
                Some(applied) if policy::is_same(applied, &document) => applied.clone(),
                _ => document,
            };
            Ok::<_, CallError>(Some((name, Input::Known(document))))
        }
    });
    Ok(try_join_all(read).await?.into_iter().flatten().collect())
}

async fn detach_all(aws: &Regional, role: &str) -> Result<(), CallError> {
    let client = aws.iam();
    let send = || {
        let pages = client.list_attached_role_policies().role_name(role).into_paginator();
        pages.items().send().collect::<Result<Vec<_>, _>>()
    };
    let attached = none_if_missing(aws.call("iam:ListAttachedRolePolicies", send).await)?.unwrap_or_default();
    for arn in attached.iter().filter_map(|policy| policy.policy_arn()) {
        let send = || client.detach_role_policy().role_name(role).policy_arn(arn).send();
        ignore_missing(aws.call("iam:DetachRolePolicy", send).await)?;
    }
    Ok(())
}
