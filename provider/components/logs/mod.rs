//! Kinds of Amazon CloudWatch Logs, and what they share.

pub mod claim;
pub mod completion_marker;
pub mod log_group;

use std::collections::{BTreeMap, HashMap};

use crate::aws::{CallError, Regional};
use crate::components::Place;
use crate::components::support::answer::{ignore_missing, none_if_missing, pages};
use crate::components::support::tags::{self, TagChange};

/// A log group that exists.
pub(crate) struct Group {
    /// Days after which events are deleted; 0 keeps them forever.
    pub(crate) retention_days: i64,
    /// When it was created, in milliseconds of Unix time.
    pub(crate) created: i64,
}

/// The ARN of the log group `name`, without the trailing `:*`.
pub(crate) fn arn(place: &Place<'_>, name: &str) -> String {
    place.arn("logs", &format!("log-group:{name}"))
}

/// The region and the name in a log group's ARN without the trailing `:*`.
///
/// # Errors
/// [`CallError::Malformed`] when the ARN is not one of a log group.
pub(crate) fn place(arn: &str) -> Result<(&str, &str), CallError> {
    let mut parts = arn.splitn(7, ':');
    match (parts.nth(3), parts.nth(1), parts.next()) {
        (Some(region), Some("log-group"), Some(name)) if !region.is_empty() => Ok((region, name)),
        _ => Err(CallError::Malformed(format!("{arn:?} is not the ARN of a log group"))),
    }
}

/// The log group `name`; `None` when it does not exist.
pub(crate) async fn describe(aws: &Regional, name: &str) -> Result<Option<Group>, CallError> {
    let client = aws.logs();
    // Groups are sorted by name, so the exact name comes first among those with the prefix.
    let send = || client.describe_log_groups().log_group_name_prefix(name).send();
    let answer = aws.call("logs:DescribeLogGroups", send).await?;
    let group = answer.log_groups().iter().find(|group| group.log_group_name() == Some(name));
    Ok(group.map(|group| Group {
        retention_days: group.retention_in_days().unwrap_or(0).into(),
        created: group.creation_time().unwrap_or(0),
    }))
}

/// The names of the log groups that begin with `prefix`.
pub(crate) async fn names(aws: &Regional, prefix: &str) -> Result<Vec<String>, CallError> {
    let all = pages(|next| async move {
        let request =
            || aws.logs().describe_log_groups().log_group_name_prefix(prefix).set_next_token(next.clone()).send();
        let page = aws.call("logs:DescribeLogGroups", request).await?;
        Ok((page.log_groups, page.next_token))
    });
    Ok(all.await?.into_iter().filter_map(|group| group.log_group_name).collect())
}

/// The tags of the log group `name`, without AWS's own; `None` when the group does not exist.
pub(crate) async fn tags_of(aws: &Regional, name: &str) -> Result<Option<BTreeMap<String, String>>, CallError> {
    let (client, arn) = (aws.logs(), arn(&aws.into(), name));
    let ask = || async {
        let send = || client.list_tags_for_resource().resource_arn(&arn).send();
        let answer = none_if_missing(aws.call("logs:ListTagsForResource", send).await)?;
        Ok(answer.map(|answer| tags::reported(answer.tags.unwrap_or_default())))
    };
    aws.read_once(&format!("logs:ListTagsForResource of {arn}"), ask).await
}

/// Creates the log group `name`.
pub(crate) async fn create(aws: &Regional, name: &str, tags: &BTreeMap<String, String>) -> Result<(), CallError> {
    let client = aws.logs();
    let send = || {
        let tags = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        client.create_log_group().log_group_name(name).set_tags(Some(tags)).send()
    };
    aws.call("logs:CreateLogGroup", send).await.map(drop)
}

/// Changes the tags of the log group `name`.
pub(crate) async fn retag(aws: &Regional, name: &str, change: TagChange) -> Result<(), CallError> {
    let (client, arn) = (aws.logs(), arn(&aws.into(), name));
    let set = async |tags: BTreeMap<String, String>| {
        let tags: HashMap<String, String> = tags.into_iter().collect();
        let send = || client.tag_resource().resource_arn(&arn).set_tags(Some(tags.clone())).send();
        aws.call("logs:TagResource", send).await.map(drop)
    };
    let unset = async |keys: Vec<String>| {
        let send = || client.untag_resource().resource_arn(&arn).set_tag_keys(Some(keys.clone())).send();
        aws.call("logs:UntagResource", send).await.map(drop)
    };
    change.apply(set, unset).await
}

/// Deletes the log group `name` if it exists.
pub(crate) async fn delete(aws: &Regional, name: &str) -> Result<(), CallError> {
    let client = aws.logs();
    ignore_missing(aws.call("logs:DeleteLogGroup", || client.delete_log_group().log_group_name(name).send()).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_and_name_are_read_from_the_arn() {
        let arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/multiregion/giraffe";
        assert_eq!(place(arn).unwrap(), ("eu-central-1", "/multiregion/giraffe"));
        assert!(place("arn:aws:logs:eu-central-1:123456789012:destination:x").is_err());
        assert!(place("/multiregion/giraffe").is_err());
    }
}
