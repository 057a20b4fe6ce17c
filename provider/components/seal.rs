//! The seal on a claim: everything that was wanted has been made, and nothing else is left. No AWS object of its own, only the claim's tag.

use serde::{Deserialize, Serialize};

use super::answer::gone;
use super::claim::{self, Claim, KEPT, PHASE_TAG, READY};
use super::tags::TagChange;
use super::{Component, Discovered, Found, Resolved, Siblings, logs};
use crate::aws::{CallError, Regional};
use crate::desired::{Address, Input, Kind};

/// The kind.
#[derive(Debug)]
pub struct Seal;

/// What we want of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The claim's ARN: the seal is where the claim is.
    pub claim_arn: Input<String>,
    /// The regions in which there is anything: the claim lists no others then.
    pub regions: Vec<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The claim's ARN.
    pub claim_arn: String,
}

impl Kind for Seal {
    const KIND: &'static str = "seal";
    type Spec = Spec;
}

impl Component for Seal {
    type Outputs = Outputs;

    const GLOBAL: bool = true;
    const IMMUTABLE: &'static [&'static str] = &["claim_arn"];
    const VISIBLE: bool = false;
    const ACTIONS: &'static [&'static str] = &["logs:ListTagsForResource", "logs:TagResource", "logs:UntagResource"];

    fn id(outputs: &Outputs) -> String {
        outputs.claim_arn.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(claim_arn) = spec.claim_arn.known() else { return Ok(None) };
        let regions = sealed(aws, claim_arn).await?;
        Ok(regions.map(|_| Found::Ours(Outputs { claim_arn: claim_arn.clone() })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let address = Address::global(Claim::KIND);
        let Some(claim_arn) = siblings.outputs::<Claim>(&address).map(|outputs| outputs.arn) else {
            return Ok(Vec::new());
        };
        let Some(regions) = sealed(aws, &claim_arn).await? else { return Ok(Vec::new()) };
        let spec = Spec { claim_arn: claim_arn.as_str().into(), regions };
        Ok(vec![Discovered { key: None, spec, outputs: Outputs { claim_arn }, depends_on: vec![address] }])
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let claim_arn = spec.claim_arn.get().clone();
        seal(aws, &claim_arn, spec).await?;
        Ok(Outputs { claim_arn })
    }

    async fn read(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let regions = sealed(aws, &outputs.claim_arn).await?;
        Ok(regions.map(|regions| (Spec { claim_arn: outputs.claim_arn.as_str().into(), regions }, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        seal(aws, &outputs.claim_arn, to).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let (region, claim) = logs::place(&outputs.claim_arn)?;
        let set = [(PHASE_TAG.to_owned(), KEPT.to_owned())].into();
        gone(logs::retag(&aws.at(region), claim, &TagChange { set, remove: Vec::new() }).await)
    }
}

/// A create leaves the phase: [`claim::end`] tells it once the host holds the state.
async fn seal(aws: &Regional, claim_arn: &str, spec: &Spec) -> Result<(), CallError> {
    let (region, claim) = logs::place(claim_arn)?;
    let aws = aws.at(region);
    let tags = logs::tags_of(&aws, claim).await?.unwrap_or_default();
    let mut change = claim::exact_regions(&tags, &spec.regions);
    if !aws.is_leased() {
        change.set.insert(PHASE_TAG.to_owned(), READY.to_owned());
    }
    logs::retag(&aws, claim, &change).await
}

/// The regions of a claim that is sealed.
async fn sealed(aws: &Regional, claim_arn: &str) -> Result<Option<Vec<String>>, CallError> {
    let (region, claim) = logs::place(claim_arn)?;
    let tags = logs::tags_of(&aws.at(region), claim).await?.unwrap_or_default();
    let is_sealed = tags.get(PHASE_TAG).is_some_and(|phase| phase == READY);
    Ok(is_sealed.then(|| claim::regions_of(&tags)))
}
