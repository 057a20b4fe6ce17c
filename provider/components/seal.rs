//! The seal on a claim: everything that was wanted has been made. No AWS object of its own, only the claim's tag.

use serde::{Deserialize, Serialize};

use super::claim::{CREATING, Claim, PHASE_TAG, READY};
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
    /// The claim's log group.
    pub claim: Input<String>,
}

/// What AWS gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The claim's log group.
    pub claim: String,
}

impl Kind for Seal {
    const KIND: &'static str = "seal";
    type Spec = Spec;
}

impl Component for Seal {
    type Outputs = Outputs;

    const GLOBAL: bool = true;
    const IMMUTABLE: &'static [&'static str] = &["claim"];
    const VISIBLE: bool = false;
    const ACTIONS: &'static [&'static str] = &["logs:ListTagsForResource", "logs:TagResource"];

    fn id(outputs: &Outputs) -> String {
        outputs.claim.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(claim) = spec.claim.known() else { return Ok(None) };
        Ok(is_set(aws, claim).await?.then(|| Found::Ours(Outputs { claim: claim.clone() })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let address = Address::global(Claim::KIND);
        let Some(claim) = siblings.outputs::<Claim>(&address).map(|outputs| outputs.log_group) else {
            return Ok(Vec::new());
        };
        if !is_set(aws, &claim).await? {
            return Ok(Vec::new());
        }
        let spec = Spec { claim: claim.as_str().into() };
        Ok(vec![Discovered { key: None, spec, outputs: Outputs { claim }, depends_on: vec![address] }])
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let claim = spec.claim.get().clone();
        set(aws, &claim, READY).await?;
        Ok(Outputs { claim })
    }

    async fn read(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let spec = Spec { claim: outputs.claim.as_str().into() };
        Ok(is_set(aws, &outputs.claim).await?.then(|| (spec, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, _: &Spec, _: &Resolved<Spec>) -> Result<Outputs, CallError> {
        set(aws, &outputs.claim, READY).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        match set(aws, &outputs.claim, CREATING).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

async fn set(aws: &Regional, claim: &str, phase: &str) -> Result<(), CallError> {
    let set = [(PHASE_TAG.to_owned(), phase.to_owned())].into();
    logs::retag(aws, claim, &TagChange { set, remove: Vec::new() }).await
}

async fn is_set(aws: &Regional, claim: &str) -> Result<bool, CallError> {
    let tags = logs::tags_of(aws, claim).await?.unwrap_or_default();
    Ok(tags.get(PHASE_TAG).is_some_and(|phase| phase == READY))
}
