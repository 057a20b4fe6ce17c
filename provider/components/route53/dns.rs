//! Calls on Route 53's hosted zones and record sets: names, lists, changes, waits.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeInfo, ChangeStatus, HostedZone, ResourceRecordSet, ResourceTagSet, RrType,
    Tag, TagResourceType,
};

use crate::aws::{CallError, Poll, Region, Regional};
use crate::components::Tags;
use crate::components::support::answer::{build_part, none_if_missing, pages, required};
use crate::components::support::tags::{self, TagChange};
use crate::traffic;
pub(crate) use crate::traffic::normal;

/// The number of changes in a batch. AWS accepts 1,000 records and counts an UPSERT twice.
const BATCH: usize = 400;
/// The largest page of record sets.
pub(crate) const LARGEST_PAGE: i32 = 300;
/// The largest number of objects whose tags one call returns.
const MOST_TAGGED: usize = 10;
/// The time limit for a change to reach all Route 53 name servers. It usually takes less than a minute.
const INSYNC_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Whether `name` is `zone` or a name in it.
pub(crate) fn is_within(name: &str, zone: &str) -> bool {
    traffic::is_within(&normal(name), &normal(zone))
}

/// A hosted zone's id without `/hostedzone/`.
pub(crate) fn zone_id(id: &str) -> &str {
    id.strip_prefix("/hostedzone/").unwrap_or(id)
}

/// Every record set of a name, of all types.
///
/// # Errors
/// `NoSuchHostedZone` among others.
pub(crate) async fn record_sets(
    aws: &Regional,
    zone_id: &str,
    name: &str,
) -> Result<Vec<ResourceRecordSet>, CallError> {
    let (name, what) = (normal(name), format!("route53:ListResourceRecordSets of {zone_id}"));
    // The position of an escaped character in Route 53's order is undocumented: such a name gets a request of its own.
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let what = if is_plain { what } else { format!("{what} at {name}") };
    aws.read_batched(&what, &name, |names| walk(aws, zone_id, names)).await
}

/// The record sets of all these names, in as few pages as possible: a page begins at one of the names and continues in
/// Route 53's order.
async fn walk(
    aws: &Regional,
    zone_id: &str,
    names: BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<ResourceRecordSet>>, CallError> {
    let mut sets: BTreeMap<String, Vec<ResourceRecordSet>> = BTreeMap::new();
    let mut left: BTreeMap<String, &String> = names.iter().map(|name| (reversed(name), name)).collect();
    while let Some((_, name)) = left.pop_first() {
        let mut next: Option<(String, Option<RrType>, Option<String>)> = Some((name.clone(), None, None));
        while let Some(from) = next.take() {
            let request = || {
                let request = aws.route53().list_resource_record_sets().hosted_zone_id(zone_id);
                let request = request.start_record_name(&from.0).set_start_record_type(from.1.clone());
                request.set_start_record_identifier(from.2.clone()).max_items(LARGEST_PAGE).send()
            };
            let page = aws.call("route53:ListResourceRecordSets", request).await?;
            for set in page.resource_record_sets {
                sets.entry(normal(&set.name)).or_default().push(set);
            }
            let Some(more) = page.next_record_name.filter(|_| page.is_truncated) else { return Ok(sets) };
            // Everything before the start of the next page is read; the name at its start is read in part.
            let end = normal(&more);
            left.retain(|order, _| *order > reversed(&end));
            if names.contains(&end) {
                next = Some((more, page.next_record_type, page.next_record_identifier));
            }
        }
    }
    Ok(sets)
}

/// The sort key of a name in Route 53: its labels in reverse order, with a dot at the end.
///
/// # Source
/// Amazon Route 53 API reference, `ListResourceRecordSets`.
fn reversed(name: &str) -> String {
    name.rsplit('.').map(|label| format!("{label}.")).collect()
}

/// The first page of a zone's record sets.
pub(crate) async fn first_record_sets(aws: &Regional, zone_id: &str) -> Result<Vec<ResourceRecordSet>, CallError> {
    let request = || aws.route53().list_resource_record_sets().hosted_zone_id(zone_id).max_items(300).send();
    Ok(aws.call("route53:ListResourceRecordSets", request).await?.resource_record_sets)
}

/// The code of a batch that Route 53 refuses, because of what the zone contains or because of how it is protected.
pub(crate) const INVALID_BATCH: &str = "InvalidChangeBatch";

/// Why Route 53 refuses a batch for good, by AWS's message; `None` when the batch contradicts the records of the zone, as it
/// does when its change was made before and the reply was lost.
///
/// # Source
/// Amazon Route 53 Developer Guide, "Record set protections" and "Hosted zone features". They do not quote the messages.
fn refusal(message: &str) -> Option<&'static str> {
    let message = message.to_uppercase();
    if message.contains("ALIAS_TARGET") {
        return Some(
            "The guardrail ALIAS_TARGET_CHECK of the hosted zone keeps a record to which an alias leads. Delete the alias \
             first, or turn off the guardrail",
        );
    }
    if message.contains("ACTIVE_RECORD") {
        return Some(
            "The guardrail ACTIVE_RECORD_CHECK of the hosted zone keeps the last record of a name that clients still query. \
             Wait until they no longer do, or turn off the guardrail",
        );
    }
    if message.contains("GUARDRAIL") {
        return Some("A change guardrail of the hosted zone forbids it. Turn off the guardrail");
    }
    message.contains("PROTECT").then_some(
        "The record set is protected against changes of every principal. Delete its protection in Route 53, and protect it again \
         after the apply",
    )
}

/// One change of a batch.
pub(crate) fn change_of(action: ChangeAction, set: ResourceRecordSet) -> Result<Change, CallError> {
    build_part(Change::builder().action(action).resource_record_set(set).build())
}

/// Changes record sets, in one batch if they fit, and waits until the change has reached all name servers.
///
/// # Errors
/// [`INVALID_BATCH`] when the zone does not match the changes, and [`CallError::Failed`] when a protection or a guardrail forbids
/// them; then nothing of the batch is changed.
pub(crate) async fn change(aws: &Regional, zone_id: &str, changes: &[Change]) -> Result<(), CallError> {
    for changes in changes.chunks(BATCH) {
        let batch = build_part(ChangeBatch::builder().set_changes(Some(changes.to_vec())).build())?;
        let request =
            || aws.route53().change_resource_record_sets().hosted_zone_id(zone_id).change_batch(batch.clone()).send();
        let answer = aws.call("route53:ChangeResourceRecordSets", request).await;
        let answer = answer.map_err(|error| explained(error, zone_id, changes))?;
        in_sync(aws, answer.change_info).await?;
    }
    Ok(())
}

/// The error of a batch; a refusal that no repetition changes has its reason and the names of the records.
fn explained(error: CallError, zone_id: &str, changes: &[Change]) -> CallError {
    let is_invalid = error.code() == Some(INVALID_BATCH);
    let Some(reason) = refusal(error.message()).filter(|_| is_invalid) else { return error };
    let names = changes.iter().filter_map(|change| change.resource_record_set.as_ref()).map(|set| normal(&set.name));
    let names: BTreeSet<String> = names.collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    CallError::Failed {
        what: format!("the change of the records {names} in the hosted zone {zone_id}"),
        why: format!("{reason}. AWS's message: {}", error.message()),
    }
}

/// Waits until a change has reached all name servers.
pub(crate) async fn in_sync(aws: &Regional, change: Option<ChangeInfo>) -> Result<(), CallError> {
    let id = required(change, "a change's id")?.id;
    let look = || async {
        let answer = aws.call("route53:GetChange", || aws.route53().get_change().id(&id).send()).await?;
        let status = required(answer.change_info, "a change's status")?.status;
        Ok(if status == ChangeStatus::Insync { Poll::Ready(()) } else { Poll::Pending(status.as_str().to_owned()) })
    };
    aws.wait("the record change to be INSYNC", INSYNC_WITHIN, look).await
}

/// The tags of a health check or hosted zone; `None` when there is none with this id.
pub(crate) async fn tags_of(
    aws: &Regional,
    kind: TagResourceType,
    id: &str,
) -> Result<Option<BTreeMap<String, String>>, CallError> {
    let what = format!("route53:ListTagsForResources of every {}", kind.as_str());
    let kind = &kind;
    let ask = |ids: BTreeSet<String>| async move {
        let mut tags_by_id = BTreeMap::new();
        for ids in ids.into_iter().collect::<Vec<_>>().chunks(MOST_TAGGED) {
            let together = if ids.len() > 1 { tags_of_many(aws, kind, ids).await? } else { None };
            match together {
                Some(tags) => tags_by_id.extend(tags.into_iter().map(|(id, tags)| (id, Some(tags)))),
                None => {
                    for id in ids {
                        tags_by_id.insert(id.clone(), tags_of_one(aws, kind, id).await?);
                    }
                }
            }
        }
        Ok(tags_by_id)
    };
    aws.read_batched(&what, id, ask).await
}

/// The tags of several objects by id; `None` when one of them does not exist. Route 53 does not report which one.
async fn tags_of_many(
    aws: &Regional,
    kind: &TagResourceType,
    ids: &[String],
) -> Result<Option<BTreeMap<String, BTreeMap<String, String>>>, CallError> {
    let request = || {
        let request = aws.route53().list_tags_for_resources().resource_type(kind.clone());
        request.set_resource_ids(Some(ids.to_vec())).send()
    };
    let answer = none_if_missing(aws.call("route53:ListTagsForResources", request).await)?;
    let sets = answer.map(|answer| answer.resource_tag_sets.into_iter());
    Ok(sets.map(|sets| sets.filter_map(|mut set| Some((set.resource_id.take()?, tags_in(set)))).collect()))
}

async fn tags_of_one(
    aws: &Regional,
    kind: &TagResourceType,
    id: &str,
) -> Result<Option<BTreeMap<String, String>>, CallError> {
    let request = || aws.route53().list_tags_for_resource().resource_type(kind.clone()).resource_id(id).send();
    let answer = none_if_missing(aws.call("route53:ListTagsForResource", request).await)?;
    Ok(answer.map(|answer| answer.resource_tag_set.map(tags_in).unwrap_or_default()))
}

/// Changes the tags of a health check or hosted zone from `from` to `to`.
pub(crate) async fn retag(
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

fn tags_in(set: ResourceTagSet) -> BTreeMap<String, String> {
    let tags = set.tags.unwrap_or_default().into_iter();
    tags::reported(tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))))
}

/// The ids of the public or private hosted zones that may contain a name, the one with the longest name first.
///
/// Several zones may have the same name, and a name may be in a zone although a child zone exists: only the records show which
/// zone contains ours.
pub(crate) async fn zones_for(aws: &Regional, name: &str, private: bool) -> Result<Vec<String>, CallError> {
    let mut zones = zones(aws).await?;
    zones.retain(|zone| is_private(zone) == private && is_within(name, &zone.name));
    zones.sort_by_key(|zone| Reverse(normal(&zone.name).len()));
    Ok(zones.into_iter().map(|zone| zone_id(&zone.id).to_owned()).collect())
}

/// All hosted zones of the account.
pub(crate) async fn zones(aws: &Region) -> Result<Vec<HostedZone>, CallError> {
    let ask = || async {
        pages(|next| async move {
            let request = || aws.route53().list_hosted_zones().set_marker(next.clone()).send();
            let page = aws.call("route53:ListHostedZones", request).await?;
            Ok((Some(page.hosted_zones), page.next_marker.filter(|_| page.is_truncated)))
        })
        .await
    };
    aws.read_once("route53:ListHostedZones", ask).await
}

/// Whether only clients in the VPCs of a hosted zone see its records.
pub(crate) fn is_private(zone: &HostedZone) -> bool {
    zone.config.as_ref().is_some_and(|config| config.private_zone)
}

/// A hosted zone with its name servers; `None` when there is none with this id.
pub(crate) async fn zone(aws: &Regional, id: &str) -> Result<Option<GetHostedZoneOutput>, CallError> {
    let ask = || async {
        let request = || aws.route53().get_hosted_zone().id(id).send();
        none_if_missing(aws.call("route53:GetHostedZone", request).await)
    };
    aws.read_once(&format!("route53:GetHostedZone of {id}"), ask).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalized_as_in_route_53() {
        assert_eq!(normal("\\052.Example.com."), "*.example.com");
        assert_eq!(normal("a\\b.example"), "a\\b.example");
        assert_eq!(normal("trailing\\05"), "trailing\\05");
    }

    #[test]
    fn a_refused_batch_is_read_by_its_text() {
        let reason = |message: &str| refusal(message).unwrap_or_default();
        let exists = "[Tried to create resource record set [name='api.example.com.', type='A'] but it already exists]";
        assert_eq!(refusal(exists), None);
        assert!(reason("[RRSet api.example.com. A is protected]").contains("Delete its protection"));
        assert!(reason("[The change guardrail ALIAS_TARGET_CHECK failed]").contains("Delete the alias"));
        assert!(reason("[The change guardrail ACTIVE_RECORD_CHECK failed]").contains("Wait until"));
        assert!(reason("[A change guardrail failed: NS]").contains("Turn off the guardrail"));
    }

    #[test]
    fn a_name_is_compared_with_its_zone_by_labels() {
        assert!(is_within("api.example.com", "example.com."));
        assert!(is_within("Example.com.", "example.com"));
        assert!(!is_within("badexample.com", "example.com"));
        assert!(!is_within("example.com", "api.example.com"));
    }
}
