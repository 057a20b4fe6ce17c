//! The claim: an empty log group `/multiregion/NAME` in the home region that says who makes the API or zone of this name.
//!
//! Making it is atomic, so of two configurations that create the same name one wins. Its tag `multiregion:phase` is
//! `creating` until the host is known to hold the state of what was made, and then `ready`, or `kept` when it is not all:
//! a create that died is told from a finished API by it.
//!
//! It stays where it was made, also when the provider's home region becomes another one: its ARN says where.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::hosted_zone::OWNER_PREFIX;
use super::tags::{self, TagChange};
use super::{Component, Discovered, Found, Resolved, Siblings, Tags, adoption, logs};
use crate::aws::{CallError, Regional};
use crate::desired::{Kind, OutputKey};

/// The kind.
#[derive(Debug)]
pub struct Claim;

/// [`Outputs::arn`].
pub const ARN: OutputKey<Claim, String> = OutputKey::new("arn");

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The owner's name: the API's, or `zone/` and the zone's.
    pub name: String,
    /// The regions that it lives in: where an import looks. A region that is left stands here until nothing is in it.
    pub regions: Vec<String>,
    /// Tags, ownership among them.
    pub tags: Tags,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The log group's name.
    pub log_group: String,
    /// Its ARN.
    pub arn: String,
}

impl Kind for Claim {
    const KIND: &'static str = "claim";
    type Spec = Spec;
}

impl Component for Claim {
    type Outputs = Outputs;

    const GLOBAL: bool = true;
    const IMMUTABLE: &'static [&'static str] = &["name"];
    const ACTIONS: &'static [&'static str] = &[
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:DescribeLogGroups",
        "logs:ListTagsForResource",
        "logs:TagResource",
        "logs:UntagResource",
    ];

    fn id(outputs: &Outputs) -> String {
        outputs.log_group.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let name = log_group(&spec.name);
        let Some(tags) = logs::tags_of(aws, &name).await? else { return Ok(None) };
        let phase = tags.get(PHASE_TAG).filter(|phase| *phase != CREATING && tags::is_ours(aws, &tags));
        if let Some(phase) = phase {
            let how_far = if phase == KEPT { "an incomplete" } else { "a finished" };
            let (of, name) = match spec.name.strip_prefix(OWNER_PREFIX) {
                Some(zone) => ("multiregion_zone", zone),
                None => ("multiregion_api", spec.name.as_str()),
            };
            return Ok(Some(Found::Foreign(format!(
                "it is the claim of {how_far} {of} of this name, which another state holds, or held; to go on with that \
                 one here, import it by the name {name:?}"
            ))));
        }
        let (made, outputs) = (made(aws, &name).await?, outputs(aws, &name));
        Ok(Some(tags::judge(aws, &tags, outputs, &made)))
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let name = log_group(aws.owner());
        let tags = logs::tags_of(aws, &name).await?.filter(|tags| tags::is_ours(aws, tags));
        let found = tags.map(|tags| Discovered {
            key: None,
            spec: observed(aws.owner(), tags),
            outputs: outputs(aws, &name),
            depends_on: Vec::new(),
        });
        Ok(found.into_iter().collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let name = log_group(&spec.name);
        let mut tags = tags::plain(&spec.tags);
        tags.extend(region_tags(&spec.regions));
        tags.extend(signs_of_life(aws));
        tags.insert(PHASE_TAG.to_owned(), CREATING.to_owned());
        match logs::create(aws, &name, &tags).await {
            Ok(()) => return Ok(outputs(aws, &name)),
            Err(error) if !error.is_exists() => return Err(error),
            Err(_) => {}
        }
        // Planning found no claim, so somebody made it since then: this very call, when its reply was lost and it was
        // repeated, or another apply, which has won.
        let tags = aws.look_for("the claim", || logs::tags_of(aws, &name)).await?.unwrap_or_default();
        if tags.get(RUN_TAG).is_some_and(|run| run == aws.run_id()) {
            return Ok(outputs(aws, &name));
        }
        let hint = "it was made since this was planned: another apply of this name is under way, or was cut off; plan \
                    again once it has ended";
        Err(CallError::Foreign { what: format!("log group {name}"), whose: tags::whose(&tags, hint) })
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
            // A region that is left stands here until everything in it is gone: then the seal takes it out.
            let regions: BTreeSet<String> = from.regions.iter().chain(&to.regions).cloned().collect();
            change.set.extend(region_tags(&regions.into_iter().collect::<Vec<_>>()));
        }
        logs::retag(&own_region(aws, outputs)?, &outputs.log_group, &change).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        logs::delete(&own_region(aws, outputs)?, &outputs.log_group).await
    }
}

/// How far a create came that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Everything was made.
    Ready,
    /// Not everything, but a state holds what was made: nobody else is to go on with it.
    Kept,
}

/// What a claim says of the run that made it, or took it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// That run's id.
    pub run: String,
    /// When it was last alive, in seconds since 1970 by its own clock.
    pub pulse: u64,
    /// Whether its create is under way: it has not ended, or the state that holds its end may be lost yet.
    pub is_creating: bool,
}

/// The life of the create of this run's owner.
///
/// # Errors
/// A call that failed.
pub async fn life(aws: &Regional) -> Result<Option<Life>, CallError> {
    let tags = logs::tags_of(aws, &log_group(aws.owner())).await?.filter(|tags| tags::is_ours(aws, tags));
    Ok(tags.map(|tags| Life {
        run: tags.get(RUN_TAG).cloned().unwrap_or_default(),
        pulse: tags.get(PULSE_TAG).and_then(|pulse| pulse.parse().ok()).unwrap_or_default(),
        is_creating: tags.get(PHASE_TAG).is_some_and(|phase| phase == CREATING),
    }))
}

/// Says in the claim that this run makes what it stands for, and is alive.
///
/// # Errors
/// A call that failed.
pub async fn take(aws: &Regional) -> Result<(), CallError> {
    tag(aws, signs_of_life(aws)).await
}

/// Says that a state holds what this run has made.
///
/// # Errors
/// A call that failed.
pub async fn end(aws: &Regional, phase: Phase) -> Result<(), CallError> {
    let phase = match phase {
        Phase::Ready => READY,
        Phase::Kept => KEPT,
    };
    tag(aws, [(PHASE_TAG.to_owned(), phase.to_owned())].into()).await
}

async fn tag(aws: &Regional, set: BTreeMap<String, String>) -> Result<(), CallError> {
    logs::retag(aws, &log_group(aws.owner()), &TagChange { set, remove: Vec::new() }).await
}

fn signs_of_life(aws: &Regional) -> BTreeMap<String, String> {
    let pulse = aws.unix_seconds().to_string();
    [(RUN_TAG.to_owned(), aws.run_id().to_owned()), (PULSE_TAG.to_owned(), pulse)].into()
}

/// What the name of every claim begins with.
const PREFIX: &str = "/multiregion/";
/// The tag that tells a create under way from a finished API.
pub(super) const PHASE_TAG: &str = "multiregion:phase";
/// The phase of a create under way, and of one whose end its host may not have kept yet.
pub(super) const CREATING: &str = "creating";
/// The phase of an API that was made to its end.
pub(super) const READY: &str = "ready";
/// The phase of an API that a state holds though not everything could be made.
pub(super) const KEPT: &str = "kept";
/// The tag that names the run that makes the API.
const RUN_TAG: &str = "multiregion:run";
/// The tag that says when that run was last alive, in seconds since 1970.
const PULSE_TAG: &str = "multiregion:pulse";
/// What the tags that list the regions begin with.
const REGIONS_TAG: &str = "multiregion:regions";
/// The longest value that a tag may have.
const TAG_VALUE_LENGTH: usize = 256;

fn log_group(name: &str) -> String {
    format!("{PREFIX}{name}")
}

fn outputs(aws: &Regional, log_group: &str) -> Outputs {
    Outputs { log_group: log_group.to_owned(), arn: logs::arn(&aws.into(), log_group) }
}

/// AWS in the region that the claim was made in.
fn own_region(aws: &Regional, outputs: &Outputs) -> Result<Regional, CallError> {
    logs::place(&outputs.arn).map(|(region, _)| aws.at(region))
}

async fn made(aws: &Regional, log_group: &str) -> Result<String, CallError> {
    let group = logs::describe(aws, log_group).await?;
    let time = group.and_then(|group| time::OffsetDateTime::from_unix_timestamp(group.created / 1000).ok());
    Ok(time.map_or_else(String::new, |time| format!("it was made on {} UTC", time.date())))
}

/// The tags of a claim without those that only this file manages.
fn observed(name: &str, tags: BTreeMap<String, String>) -> Spec {
    let regions = regions_of(&tags);
    let own = |key: &str| [PHASE_TAG, RUN_TAG, PULSE_TAG].contains(&key) || key.starts_with(REGIONS_TAG);
    let tags = tags.into_iter().filter(|(key, _)| !own(key)).collect();
    Spec { name: name.to_owned(), regions, tags: tags::spec(tags) }
}

/// What makes the tags of a claim say exactly these regions.
pub(super) fn exact_regions(tags: &BTreeMap<String, String>, regions: &[String]) -> TagChange {
    let set = region_tags(regions);
    let outdated = tags.keys().filter(|key| key.starts_with(REGIONS_TAG) && !set.contains_key(*key));
    TagChange { remove: outdated.cloned().collect(), set }
}

/// The regions as tags, separated by spaces: as many tags as it takes.
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
        // Two digits: their order as text is their order.
        _ => (format!("{REGIONS_TAG}:{number:02}"), value),
    });
    keyed.collect()
}

/// The regions that the tags of a claim say.
pub(super) fn regions_of(tags: &BTreeMap<String, String>) -> Vec<String> {
    let values = tags.iter().filter(|(key, _)| key.starts_with(REGIONS_TAG)).map(|(_, value)| value);
    values.flat_map(|value| value.split(' ')).filter(|region| !region.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_regions_goes_into_tags() {
        let regions: Vec<String> = (0..34).map(|number| format!("ap-southeast-{number}")).collect();
        let tags = region_tags(&regions);
        assert!(tags.len() > 1 && tags.values().all(|value| value.len() <= TAG_VALUE_LENGTH));
        assert_eq!(regions_of(&tags), regions);
        assert_eq!(regions_of(&region_tags(&[])), Vec::<String>::new());
    }
}
