//! The claim: an empty log group `/multiregion/api/NAME` in the home region, the first object of a resource.
//!
//! CloudWatch Logs creates it atomically, so of two creates of the same name in the same home region only one succeeds.
//! Its tags hold the owner id, the phase, the running create and its heartbeat, and the regions to search when the
//! state is lost. The ownership protocol decides when they are read and written: see [`crate::ownership`].
//!
//! The claim stays in the region in its ARN, even when the provider's home region changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::support::adoption;
use crate::components::support::tags::{self, TagChange};
use crate::components::{Component, Discovered, Found, Holder, Resolved, Siblings, Tags, logs, output_keys};
use crate::desired::{Address, ClaimRecord, Heartbeat, Kind, KindMeta, Owner, Phase};

/// The kind `claim`.
#[derive(Debug)]
pub struct Claim;

output_keys! {
    Claim {
        ARN = arn: String,
    }
}

/// The desired settings of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The claim's name among those of all resources: `api/shop`.
    pub name: String,
    /// The regions of the resource, which an import searches. A removed region stays listed until it is empty.
    pub regions: Vec<String>,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// What identifies a claim in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The log group's name.
    pub log_group: String,
    /// The ARN.
    pub arn: String,
}

impl Kind for Claim {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "claim",
        about: "Empty log group in the home region; its tags hold the owner id, the phase and the heartbeat.",
        id: "the name of the log group",
        outputs: OUTPUTS,
        global: true,
        in_home_region: true,
        immutable: &["name"],
        actions: &[
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DescribeLogGroups",
            "logs:ListTagsForResource",
            "logs:TagResource",
            "logs:UntagResource",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for Claim {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.log_group.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let name = log_group(&spec.name);
        let Some(tags) = logs::tags_of(aws, &name).await? else { return Ok(None) };
        if tags::is_ours(aws, &tags) {
            return Ok(Some(Found::Ours(outputs(aws, &name))));
        }
        let hint = match phase_of(&tags) {
            Some(Phase::Creating) | None => created(aws, &name).await?,
            Some(phase) => format!(
                "it is the claim of {} {} of this name, which another state manages or managed; to manage it here, \
                 import it by the name {:?}",
                if phase == Phase::Ready { "a finished" } else { "an incomplete" },
                aws.owner().resource_type(),
                aws.owner().name()
            ),
        };
        Ok(Some(Found::Foreign(tags::whose(aws, &tags, &hint))))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let tags = logs::tags_of(&own_region(aws, outputs)?, &outputs.log_group).await?;
        Ok(tags.map_or(Holder::Ours, |tags| tags::holder(aws, &tags)))
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let claim_name = aws.owner().claim_name();
        let name = log_group(&claim_name);
        let tags = logs::tags_of(aws, &name).await?.filter(|tags| tags::is_ours(aws, tags));
        let found =
            tags.map(|tags| Discovered { key: None, spec: observed(&claim_name, tags), outputs: outputs(aws, &name) });
        Ok(found.into_iter().collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let name = log_group(&spec.name);
        // An update restores a deleted claim: its state exists, so no create is in progress.
        let phase = if aws.is_leased() { Phase::Creating } else { Phase::Ready };
        let mut tags = tags::plain(&spec.tags);
        tags.extend(region_tags(&spec.regions));
        tags.extend(run_tags(aws, FIRST_HEARTBEAT_INTERVAL));
        tags.insert(PHASE_TAG.to_owned(), phase.name().to_owned());
        match logs::create(aws, &name, &tags).await {
            Ok(()) => return Ok(outputs(aws, &name)),
            Err(error) if !error.is_exists() => return Err(error),
            Err(_) => {}
        }
        // The plan found no claim, so it was created since: by this call, when its reply was lost and it was repeated, or by
        // another apply, which has won.
        let tags = aws.read_until_found("the claim", || logs::tags_of(aws, &name)).await?.unwrap_or_default();
        if tags.get(RUN_TAG).is_some_and(|run| run == aws.run_id()) || (!aws.is_leased() && tags::is_ours(aws, &tags)) {
            return Ok(outputs(aws, &name));
        }
        let hint = "it was created after this plan: another apply of this name is in progress, or was interrupted; plan again \
                    once it has ended";
        Err(CallError::Foreign { what: format!("log group {name}"), whose: tags::whose(aws, &tags, hint) })
    }

    async fn read(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let name = outputs.log_group.strip_prefix(PREFIX).unwrap_or(&outputs.log_group);
        let tags = logs::tags_of(&own_region(aws, outputs)?, &outputs.log_group).await?;
        Ok(tags.map(|tags| (observed(name, tags), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let from = adoption::start_of_update::<Self>(aws, outputs, from, to).await?;
        let mut change = TagChange::between(&from.tags, &to.tags);
        if to.regions.iter().any(|region| !from.regions.contains(region)) {
            // A removed region stays listed until it is empty; then the completion marker removes it.
            let regions: BTreeSet<String> = from.regions.iter().chain(&to.regions).cloned().collect();
            change.set.extend(region_tags(&regions.into_iter().collect::<Vec<_>>()));
        }
        logs::retag(&own_region(aws, outputs)?, &outputs.log_group, change).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        logs::delete(&own_region(aws, outputs)?, &outputs.log_group).await
    }
}

/// The interval between the first heartbeats of a create, in seconds.
pub const FIRST_HEARTBEAT_INTERVAL: u64 = 10;

/// The address of every resource's claim.
pub fn address() -> Address {
    Address::global_of::<Claim>().into()
}

/// The claim of the run's owner in the run's home region, with any owner id; `None` when there is none.
///
/// # Errors
/// A call that failed.
pub async fn record(aws: &Regional) -> Result<Option<ClaimRecord>, CallError> {
    let tags = logs::tags_of(aws, &log_group(&aws.owner().claim_name())).await?;
    Ok(tags.and_then(|tags| {
        let is_owners = tags.get(crate::components::OWNER_TAG).is_some_and(|owner| *owner == aws.owner().to_string());
        Some(ClaimRecord {
            owner_id: tags::owner_id(&tags).filter(|_| is_owners)?,
            phase: phase_of(&tags)?,
            run: tags.get(RUN_TAG).cloned().unwrap_or_default(),
            heartbeat: tags.get(HEARTBEAT_TAG).and_then(|text| text.parse().ok()).unwrap_or_default(),
        })
    }))
}

/// Writes a heartbeat of this run and announces the next one after `interval` seconds. The run then holds the claim.
///
/// # Errors
/// A call that failed.
pub async fn renew(aws: &Regional, interval: u64) -> Result<(), CallError> {
    set(aws, run_tags(aws, interval)).await
}

/// Writes the phase of a create that has ended, once its host has persisted the state.
///
/// # Errors
/// A call that failed.
pub async fn finish(aws: &Regional, phase: Phase) -> Result<(), CallError> {
    set(aws, [(PHASE_TAG.to_owned(), phase.name().to_owned())].into()).await
}

/// The name of the log group of an owner's claim.
pub fn log_group_of(owner: &Owner) -> String {
    log_group(&owner.claim_name())
}

async fn set(aws: &Regional, set: BTreeMap<String, String>) -> Result<(), CallError> {
    logs::retag(aws, &log_group(&aws.owner().claim_name()), TagChange { set, remove: Vec::new() }).await
}

fn run_tags(aws: &Regional, interval: u64) -> BTreeMap<String, String> {
    let heartbeat = Heartbeat { at: aws.unix_seconds(), interval };
    [(RUN_TAG.to_owned(), aws.run_id().to_owned()), (HEARTBEAT_TAG.to_owned(), heartbeat.to_string())].into()
}

pub(crate) fn phase_of(tags: &BTreeMap<String, String>) -> Option<Phase> {
    Phase::named(tags.get(PHASE_TAG)?)
}

/// The prefix of every claim's name.
const PREFIX: &str = "/multiregion/";
/// The tag that holds the [`Phase`].
pub(crate) const PHASE_TAG: &str = "multiregion:phase";
/// The tag with the id of the running create.
const RUN_TAG: &str = "multiregion:run";
/// The tag with that run's last [`Heartbeat`].
const HEARTBEAT_TAG: &str = "multiregion:heartbeat";
/// The prefix of the tags that list the regions.
const REGIONS_TAG: &str = "multiregion:regions";
/// The maximum length of a tag's value.
const TAG_VALUE_LENGTH: usize = 256;

fn log_group(name: &str) -> String {
    format!("{PREFIX}{name}")
}

fn outputs(aws: &Regional, log_group: &str) -> Outputs {
    Outputs { log_group: log_group.to_owned(), arn: logs::arn(&aws.into(), log_group) }
}

/// AWS in the region of the claim.
fn own_region(aws: &Regional, outputs: &Outputs) -> Result<Regional, CallError> {
    logs::place(&outputs.arn).map(|(region, _)| aws.at(region))
}

async fn created(aws: &Regional, log_group: &str) -> Result<String, CallError> {
    let group = logs::describe(aws, log_group).await?;
    let time = group.and_then(|group| time::OffsetDateTime::from_unix_timestamp(group.created / 1000).ok());
    Ok(time.map_or_else(String::new, |time| format!("it was created on {} UTC", time.date())))
}

/// The spec of a claim, from its tags without those that only this file manages.
fn observed(name: &str, tags: BTreeMap<String, String>) -> Spec {
    let regions = regions_of(&tags);
    let own = |key: &str| [PHASE_TAG, RUN_TAG, HEARTBEAT_TAG].contains(&key) || key.starts_with(REGIONS_TAG);
    let tags = tags.into_iter().filter(|(key, _)| !own(key)).collect();
    Spec { name: name.to_owned(), regions, tags: tags::spec(tags) }
}

/// The change after which the tags of a claim list exactly these regions.
pub(crate) fn exact_regions(tags: &BTreeMap<String, String>, regions: &[String]) -> TagChange {
    let set = region_tags(regions);
    let outdated = tags.keys().filter(|key| key.starts_with(REGIONS_TAG) && !set.contains_key(*key));
    TagChange { remove: outdated.cloned().collect(), set }
}

/// The regions as tags: separated by spaces, in as many tags as necessary.
fn region_tags(regions: &[String]) -> BTreeMap<String, String> {
    let mut values = vec![String::new()];
    for region in regions {
        match values.last_mut() {
            Some(value) if value.is_empty() => value.push_str(region),
            Some(value) if value.len() + 1 + region.len() <= TAG_VALUE_LENGTH => {
                value.push(' ');
                value.push_str(region);
            }
            _ => values.push(region.clone()),
        }
    }
    let keyed = values.into_iter().enumerate().map(|(number, value)| match number {
        0 => (REGIONS_TAG.to_owned(), value),
        // Two digits, so that they sort as text.
        _ => (format!("{REGIONS_TAG}:{number:02}"), value),
    });
    keyed.collect()
}

/// The regions that the tags of a claim list.
pub(crate) fn regions_of(tags: &BTreeMap<String, String>) -> Vec<String> {
    let values = tags.iter().filter(|(key, _)| key.starts_with(REGIONS_TAG)).map(|(_, value)| value);
    values.flat_map(|value| value.split(' ')).filter(|region| !region.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_regions_fits_into_tags() {
        let regions: Vec<String> = (0..34).map(|number| format!("ap-southeast-{number}")).collect();
        let tags = region_tags(&regions);
        assert!(tags.len() > 1 && tags.values().all(|value| value.len() <= TAG_VALUE_LENGTH));
        assert_eq!(regions_of(&tags), regions);
        assert_eq!(regions_of(&region_tags(&[])), Vec::<String>::new());
    }
}
