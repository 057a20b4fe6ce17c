//! Route 53's hosted zones and record sets: names, listing, changing, waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeInfo, ChangeStatus, HostedZone, ResourceRecordSet, RrType, Tag,
    TagResourceType,
};

use super::Tags;
use super::answer::{built, field};
use super::tags::{self, TagChange};
use crate::aws::{CallError, Poll, Regional};

/// How many changes go into one batch. AWS takes 1,000 records, and counts an UPSERT twice.
const BATCH: usize = 400;
/// How long Route 53 may take to tell all its servers. Usually it is under a minute.
const INSYNC_WITHIN: Duration = Duration::from_secs(15 * 60);

/// A domain name as Route 53 compares it: lower case, escapes such as `\052` for `*` undone, without the last dot.
pub(super) fn normal(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(position) = rest.find('\\') {
        let (before, escape) = rest.split_at(position);
        plain.push_str(before);
        let code = escape.get(1..4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => plain.push(char::from(code)),
            None => plain.push('\\'),
        }
        rest = escape.get(if code.is_some() { 4 } else { 1 }..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain.to_lowercase().trim_end_matches('.').to_owned()
}

/// Whether `name` is `zone` or stands below it.
pub(super) fn is_within(name: &str, zone: &str) -> bool {
    let (name, zone) = (normal(name), normal(zone));
    name.strip_suffix(&zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A hosted zone's id without `/hostedzone/`.
pub(super) fn zone_id(id: &str) -> &str {
    id.strip_prefix("/hostedzone/").unwrap_or(id)
}

/// Every record set of a name, of all types.
///
/// # Errors
/// `NoSuchHostedZone` among others.
pub(super) async fn record_sets(
    aws: &Regional,
    zone_id: &str,
    name: &str,
) -> Result<Vec<ResourceRecordSet>, CallError> {
    let mut sets = Vec::new();
    let mut next: (String, Option<RrType>, Option<String>) = (name.to_owned(), None, None);
    loop {
        let request = || {
            let request = aws.route53().list_resource_record_sets().hosted_zone_id(zone_id);
            let request = request.start_record_name(&next.0).set_start_record_type(next.1.clone());
            request.set_start_record_identifier(next.2.clone()).max_items(100).send()
        };
        let page = aws.call("route53:ListResourceRecordSets", request).await?;
        sets.extend(page.resource_record_sets.into_iter().filter(|set| normal(&set.name) == normal(name)));
        match page.next_record_name {
            Some(more) if page.is_truncated && normal(&more) == normal(name) => {
                next = (more, page.next_record_type, page.next_record_identifier);
            }
            _ => return Ok(sets),
        }
    }
}

/// One page of a zone's record sets.
pub(super) async fn first_record_sets(aws: &Regional, zone_id: &str) -> Result<Vec<ResourceRecordSet>, CallError> {
    let request = || aws.route53().list_resource_record_sets().hosted_zone_id(zone_id).max_items(300).send();
    Ok(aws.call("route53:ListResourceRecordSets", request).await?.resource_record_sets)
}

/// One change of a batch.
pub(super) fn change_of(action: ChangeAction, set: ResourceRecordSet) -> Result<Change, CallError> {
    built(Change::builder().action(action).resource_record_set(set).build())
}

/// Changes record sets, all at once where they fit into one batch, and waits until every server of Route 53 knows.
///
/// # Errors
/// `InvalidChangeBatch` when the zone holds something else than the changes say; nothing is changed then.
pub(super) async fn change(aws: &Regional, zone_id: &str, changes: &[Change]) -> Result<(), CallError> {
    for changes in changes.chunks(BATCH) {
        let batch = built(ChangeBatch::builder().set_changes(Some(changes.to_vec())).build())?;
        let request =
            || aws.route53().change_resource_record_sets().hosted_zone_id(zone_id).change_batch(batch.clone()).send();
        let answer = aws.call("route53:ChangeResourceRecordSets", request).await?;
        in_sync(aws, answer.change_info).await?;
    }
    Ok(())
}

/// Waits until every server of Route 53 knows of a change.
pub(super) async fn in_sync(aws: &Regional, change: Option<ChangeInfo>) -> Result<(), CallError> {
    let id = field(change, "a change's id")?.id;
    let look = || async {
        let answer = aws.call("route53:GetChange", || aws.route53().get_change().id(&id).send()).await?;
        let status = field(answer.change_info, "a change's status")?.status;
        Ok(if status == ChangeStatus::Insync { Poll::Ready(()) } else { Poll::Pending(status.as_str().to_owned()) })
    };
    aws.wait("the record change to be INSYNC", INSYNC_WITHIN, look).await
}

/// The tags of a health check or hosted zone.
pub(super) async fn tags_of(
    aws: &Regional,
    kind: TagResourceType,
    id: &str,
) -> Result<BTreeMap<String, String>, CallError> {
    let request = || aws.route53().list_tags_for_resource().resource_type(kind.clone()).resource_id(id).send();
    let tags = aws.call("route53:ListTagsForResource", request).await?.resource_tag_set;
    let tags = tags.and_then(|set| set.tags).unwrap_or_default();
    Ok(tags::reported(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))))
}

/// Turns the tags of a health check or hosted zone from `from` into `to`.
pub(super) async fn retag(
    aws: &Regional,
    kind: TagResourceType,
    id: &str,
    from: &Tags,
    to: &Tags,
) -> Result<(), CallError> {
    let change = TagChange::between(from, to);
    let set: Vec<Tag> = change.set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let set = Some(set).filter(|set| !set.is_empty());
    let removed = Some(change.remove).filter(|keys| !keys.is_empty());
    if set.is_none() && removed.is_none() {
        return Ok(());
    }
    let request = || {
        let request = aws.route53().change_tags_for_resource().resource_type(kind.clone()).resource_id(id);
        request.set_add_tags(set.clone()).set_remove_tag_keys(removed.clone()).send()
    };
    aws.call("route53:ChangeTagsForResource", request).await.map(drop)
}

/// The public hosted zone that a name belongs to: of those above it, the one with the longest name.
pub(super) async fn zone_of(aws: &Regional, name: &str) -> Result<Option<HostedZone>, CallError> {
    let (mut best, mut next): (Option<HostedZone>, _) = (None, None);
    loop {
        let request = || aws.route53().list_hosted_zones().set_marker(next.clone()).send();
        let page = aws.call("route53:ListHostedZones", request).await?;
        for zone in page.hosted_zones {
            let is_private = zone.config.as_ref().is_some_and(|config| config.private_zone);
            let is_longer = best.as_ref().is_none_or(|best| normal(&zone.name).len() > normal(&best.name).len());
            if !is_private && is_longer && is_within(name, &zone.name) {
                best = Some(zone);
            }
        }
        next = page.next_marker.filter(|_| page.is_truncated);
        if next.is_none() {
            return Ok(best);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_route_53_does() {
        assert_eq!(normal("\\052.Example.com."), "*.example.com");
        assert_eq!(normal("a\\b.example"), "a\\b.example");
        assert_eq!(normal("trailing\\05"), "trailing\\05");
    }

    #[test]
    fn a_name_is_within_its_zone_by_labels() {
        assert!(is_within("api.example.com", "example.com."));
        assert!(is_within("Example.com.", "example.com"));
        assert!(!is_within("badexample.com", "example.com"));
        assert!(!is_within("example.com", "api.example.com"));
    }
}
