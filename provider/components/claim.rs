//! The claim: an empty log group `/multiregion/NAME` in the home region that says who makes an API of this name.
//!
//! Making it is atomic, so of two configurations that create the same name one wins. Its tag `multiregion:phase` is
//! `creating` until [`super::seal`] sets `ready`: a create that died is told from a finished API by it.
//!
//! It stays where it was made, also when the provider's home region becomes another one: its ARN says where.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

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
    /// The API's name.
    pub name: String,
    /// The regions the API lives in: where an import looks. A region that is left stands here until nothing is in it.
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
            return Ok(Some(Found::Foreign(format!(
                "it is the claim of {how_far} multiregion_api of this name, which another state holds, or none when its \
                 create was killed in the last moment; to go on with that one here, import it by the name {:?}",
                spec.name
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

/// What a claim says of the run that makes the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// That run's id.
    pub run: String,
    /// When it was last alive, in seconds since 1970 by its own clock.
    pub pulse: u64,
}

/// The life of the create of this run's owner, as long as it is neither finished nor kept in a state.
///
/// # Errors
/// A call that failed.
pub async fn life(aws: &Regional) -> Result<Option<Life>, CallError> {
    let tags = logs::tags_of(aws, &log_group(aws.owner())).await?.filter(|tags| tags::is_ours(aws, tags));
    let creating = tags.filter(|tags| tags.get(PHASE_TAG).is_some_and(|phase| phase == CREATING));
    Ok(creating.map(|tags| Life {
        run: tags.get(RUN_TAG).cloned().unwrap_or_default(),
        pulse: tags.get(PULSE_TAG).and_then(|pulse| pulse.parse().ok()).unwrap_or_default(),
    }))
}

/// Says in the claim that this run makes the API, and is alive.
///
/// # Errors
/// A call that failed.
pub async fn take(aws: &Regional) -> Result<(), CallError> {
    tag(aws, signs_of_life(aws)).await
}

/// The run that the claim names, whether it has ended or not.
///
/// # Errors
/// A call that failed.
pub async fn holder(aws: &Regional) -> Result<Option<String>, CallError> {
    let tags = logs::tags_of(aws, &log_group(aws.owner())).await?.filter(|tags| tags::is_ours(aws, tags));
    Ok(tags.and_then(|tags| tags.get(RUN_TAG).cloned()))
}

/// Says again that this run is alive, if the claim is its own.
///
/// # Errors
/// A call that failed.
pub async fn pulse(aws: &Regional) -> Result<(), CallError> {
    match life(aws).await? {
        Some(life) if life.run == aws.run_id() => take(aws).await,
        _ => Ok(()),
    }
}

/// Says that a state holds what this run has made, though it is not all: nobody else is to go on with it.
///
/// # Errors
/// A call that failed.
pub async fn keep(aws: &Regional) -> Result<(), CallError> {
    match life(aws).await? {
        Some(life) if life.run == aws.run_id() => tag(aws, [(PHASE_TAG.to_owned(), KEPT.to_owned())].into()).await,
        _ => Ok(()),
    }
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
/// The phase of a create under way.
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
