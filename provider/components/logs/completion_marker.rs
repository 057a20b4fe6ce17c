//! The completion marker: the claim's phase `ready`. It is set last, when the whole resource exists and no replaced
//! object is left. It is not an AWS object of its own.

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::logs::claim::{self, Claim, PHASE_TAG};
use crate::components::support::answer::ignore_missing;
use crate::components::support::tags::{self, TagChange};
use crate::components::{Component, Discovered, Found, Holder, Resolved, Siblings, logs};
use crate::desired::{Input, Kind, KindMeta, Phase};

/// The kind `completion_marker`.
#[derive(Debug)]
pub struct CompletionMarker;

/// The desired settings of a completion marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The ARN of the claim.
    pub claim_arn: Input<String>,
    /// The regions that contain objects; the claim then lists no others.
    pub regions: Vec<String>,
}

/// What identifies a completion marker in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The ARN of the claim.
    pub claim_arn: String,
}

impl Kind for CompletionMarker {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "completion_marker",
        about: "Phase `ready` in the tags of the claim: the resource is complete.",
        id: "the ARN of the claim",
        global: true,
        in_home_region: true,
        immutable: &["claim_arn"],
        visible: false,
        actions: &["logs:ListTagsForResource", "logs:TagResource", "logs:UntagResource"],
        ..KindMeta::DEFAULT
    };
}

impl Component for CompletionMarker {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.claim_arn.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(claim_arn) = spec.claim_arn.known() else { return Ok(None) };
        let regions = marked(aws, claim_arn).await?;
        Ok(regions.map(|_| Found::Ours(Outputs { claim_arn: claim_arn.clone() })))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        let (region, claim) = logs::place(&outputs.claim_arn)?;
        let tags = logs::tags_of(&aws.at(region), claim).await?;
        Ok(tags.map_or(Holder::Ours, |tags| tags::holder(aws, &tags)))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let Some(claim_arn) = siblings.outputs::<Claim>(&claim::address()).map(|outputs| outputs.arn) else {
            return Ok(Vec::new());
        };
        let Some(regions) = marked(aws, &claim_arn).await? else { return Ok(Vec::new()) };
        let spec = Spec { claim_arn: claim_arn.as_str().into(), regions };
        Ok(vec![Discovered { key: None, spec, outputs: Outputs { claim_arn } }])
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let claim_arn = spec.claim_arn.get().clone();
        mark(aws, &claim_arn, spec).await?;
        Ok(Outputs { claim_arn })
    }

    async fn read(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let regions = marked(aws, &outputs.claim_arn).await?;
        Ok(regions.map(|regions| (Spec { claim_arn: outputs.claim_arn.as_str().into(), regions }, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        mark(aws, &outputs.claim_arn, to).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let (region, claim) = logs::place(&outputs.claim_arn)?;
        let set = [(PHASE_TAG.to_owned(), Phase::Kept.name().to_owned())].into();
        ignore_missing(logs::retag(&aws.at(region), claim, TagChange { set, remove: Vec::new() }).await)
    }
}

/// Updates the regions, and outside of a create the phase. During a create, [`claim::finish`] writes the phase once the
/// host has persisted the state.
async fn mark(aws: &Regional, claim_arn: &str, spec: &Spec) -> Result<(), CallError> {
    let (region, claim) = logs::place(claim_arn)?;
    let aws = aws.at(region);
    let tags = logs::tags_of(&aws, claim).await?.unwrap_or_default();
    let mut change = claim::exact_regions(&tags, &spec.regions);
    if !aws.is_leased() {
        change.set.insert(PHASE_TAG.to_owned(), Phase::Ready.name().to_owned());
    }
    logs::retag(&aws, claim, change).await
}

/// The regions of a claim in the phase `ready`; `None` in other phases.
async fn marked(aws: &Regional, claim_arn: &str) -> Result<Option<Vec<String>>, CallError> {
    let (region, claim) = logs::place(claim_arn)?;
    let tags = logs::tags_of(&aws.at(region), claim).await?.unwrap_or_default();
    let is_marked = claim::phase_of(&tags) == Some(Phase::Ready);
    Ok(is_marked.then(|| claim::regions_of(&tags)))
}
