//! CloudWatch Logs log group of one region's function or access log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::support::adoption;
use crate::components::support::answer::ignore_missing;
use crate::components::support::tags::{self, TagChange};
use crate::components::{
    Component, Discovered, Found, Holder, Place, Resolved, Siblings, Tags, lambda, logs, output_keys,
};
use crate::desired::{Address, Kind, KindMeta};

/// The kind `log_group`.
#[derive(Debug)]
pub struct LogGroup;

output_keys! {
    LogGroup {
        NAME = name: String,
        ARN = arn: String,
    }
}

/// The desired settings of a log group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name.
    pub name: String,
    /// Days after which events are deleted; 0 keeps them forever.
    pub retention_days: i64,
    /// The tags, including the ownership tags.
    pub tags: Tags,
    /// Whether the log group stays in AWS when it is no longer desired.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retain: bool,
}

/// What identifies a log group in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The name.
    pub name: String,
    /// The log group's ARN, without the trailing `:*`.
    pub arn: String,
}

impl Kind for LogGroup {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "log_group",
        about: "CloudWatch Logs log group of the function, or of the API's access log.",
        id: "the name of the log group",
        outputs: OUTPUTS,
        immutable: &["name"],
        holds: "its logs",
        actions: &[
            "lambda:GetFunction",
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DeleteRetentionPolicy",
            "logs:DescribeLogGroups",
            "logs:ListTagsForResource",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for LogGroup {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.name.clone()
    }

    fn is_retained(spec: &Spec) -> bool {
        spec.retain
    }

    fn foreseen(place: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(outputs(place, &spec.name))
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(tags) = logs::tags_of(aws, &spec.name).await? else { return Ok(None) };
        let outputs = outputs(&aws.into(), &spec.name);
        let has_no_owner = tags.is_empty() || tags::is_released(aws, &tags);
        if has_no_owner && is_left_over(aws, &spec.name, &tags).await? {
            return Ok(Some(Found::Ours(outputs)));
        }
        let command = format!("aws logs delete-log-group --region {} --log-group-name {}", aws.region(), spec.name);
        Ok(Some(tags::judge::<Self>(aws, &tags, outputs, &format!("to remove it, run {command:?}"))))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let Some(tags) = logs::tags_of(aws, &outputs.name).await? else { return Ok(Holder::Ours) };
        if tags.is_empty() && is_left_over(aws, &outputs.name, &tags).await? {
            return Ok(Holder::Ours);
        }
        Ok(tags::holder(aws, &tags))
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut names = logs::names(aws, &format!("{OF_FUNCTION}{}", aws.owner().name())).await?;
        names.retain(|name| name.strip_prefix(OF_FUNCTION).is_some_and(|function| lambda::may_be_ours(aws, function)));
        names.push(format!("/aws/vendedlogs/multiregion/{}/{ACCESS}", aws.owner().name()));
        let mut found = Vec::new();
        for name in names {
            let Some(tags) = logs::tags_of(aws, &name).await? else { continue };
            let Some(Address { key, .. }) = tags::address_here::<Self>(aws, &tags) else { continue };
            let outputs = outputs(&aws.into(), &name);
            let spec = Spec { name, retention_days: 0, tags: tags::spec(tags), retain: false };
            found.push(Discovered { key, spec, outputs });
        }
        Ok(found)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        match logs::create(aws, &spec.name, &tags::plain(&spec.tags)).await {
            Ok(()) => {}
            Err(taken) if taken.is_exists() => {
                return adoption::take_over::<Self>(aws, spec, &format!("log group {}", spec.name), taken).await;
            }
            Err(error) => return Err(error),
        }
        if spec.retention_days > 0 {
            retain(aws, &spec.name, spec.retention_days).await?;
        }
        Ok(outputs(&aws.into(), &spec.name))
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let (group, tags) = futures::try_join!(logs::describe(aws, &outputs.name), logs::tags_of(aws, &outputs.name))?;
        let (Some(group), Some(tags)) = (group, tags) else { return Ok(None) };
        let spec = Spec { retention_days: group.retention_days, tags: tags::spec(tags), ..spec.clone() };
        Ok(Some((spec, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        if from.retention_days != to.retention_days {
            retain(aws, &outputs.name, to.retention_days).await?;
        }
        logs::retag(aws, &outputs.name, TagChange::between(&from.tags, &to.tags)).await?;
        Ok(outputs.clone())
    }

    async fn release(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        ignore_missing(logs::retag(aws, &outputs.name, tags::release()).await)
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        logs::delete(aws, &outputs.name).await
    }
}

/// Whether nothing uses a log group without an owner: it was released, or Lambda re-created it, without tags, when a deleted
/// function of this name wrote its last lines. It is adopted when no function of the name exists.
async fn is_left_over(aws: &Regional, name: &str, tags: &BTreeMap<String, String>) -> Result<bool, CallError> {
    let Some(function) = name.strip_prefix(OF_FUNCTION) else { return Ok(!tags.is_empty()) };
    Ok(lambda::get(aws, function, None).await?.is_none())
}

/// The beginning of the name of a function's log group.
const OF_FUNCTION: &str = "/aws/lambda/";
/// The key of the log group of a stage's access log.
const ACCESS: &str = "access";

fn outputs(place: &Place<'_>, name: &str) -> Outputs {
    Outputs { name: name.to_owned(), arn: logs::arn(place, name) }
}

async fn retain(aws: &Regional, name: &str, days: i64) -> Result<(), CallError> {
    let client = aws.logs();
    if days == 0 {
        let send = || client.delete_retention_policy().log_group_name(name).send();
        return aws.call("logs:DeleteRetentionPolicy", send).await.map(drop);
    }
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let send = || client.put_retention_policy().log_group_name(name).retention_in_days(days).send();
    aws.call("logs:PutRetentionPolicy", send).await.map(drop)
}
