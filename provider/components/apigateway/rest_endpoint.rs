//! The default endpoint of a REST API, `API_ID.execute-api.REGION.amazonaws.com`: a setting of the API that is a component
//! of its own, because it changes at another time than the other settings.
//!
//! A change takes effect with a deployment. So the current content is deployed again, and the stage moves to the new
//! deployment, whose description contains the state of the endpoint.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::rest;
use crate::components::{Component, Discovered, Found, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `rest_endpoint`.
#[derive(Debug)]
pub struct RestEndpoint;

/// The desired settings of the default endpoint of a REST API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// The name of the stage that is deployed again.
    pub stage: Input<String>,
    /// Whether the endpoint is disabled, so that only custom domain names answer.
    pub disabled: bool,
    /// How long clients and health checkers may still use the endpoint after traffic has moved, in seconds.
    pub drain_seconds: u64,
}

/// What identifies the default endpoint of a REST API in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the API.
    pub api_id: String,
}

impl Kind for RestEndpoint {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "rest_endpoint",
        about: "Default endpoint of a REST API, `API_ID.execute-api.REGION.amazonaws.com`, open or disabled.",
        id: "the id of the API",
        immutable: &["api_id"],
        uncompared: &["drain_seconds"],
        actions: &["apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST"],
        limits: &[rest::DEPLOYMENTS],
        ..KindMeta::DEFAULT
    };
}

impl Component for RestEndpoint {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.api_id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        // Every API has one, and the endpoint of our API is ours.
        let Some(api_id) = spec.api_id.known() else { return Ok(None) };
        Ok(is_disabled(aws, api_id).await?.map(|_| Found::Ours(Outputs { api_id: api_id.clone() })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let Some(api) = rest::api(aws, siblings) else { return Ok(Vec::new()) };
        let stages = siblings.in_scope::<super::rest_stage::RestStage>(&aws.address().scope);
        let Some(stage) = stages.into_iter().find(|stage| stage.api_id == api.id) else { return Ok(Vec::new()) };
        let disabled = is_disabled(aws, &api.id).await?.unwrap_or_default();
        let (api_id, stage) = (Input::Known(api.id.clone()), Input::Known(stage.name));
        let spec = Spec { api_id, stage, disabled, drain_seconds: 0 };
        Ok(vec![Discovered { key: None, spec, outputs: Outputs { api_id: api.id } }])
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = Outputs { api_id: spec.api_id.get().clone() };
        put(aws, &outputs, spec).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(live) = is_disabled(aws, &outputs.api_id).await? else { return Ok(None) };
        let deployed = match spec.stage.known() {
            Some(stage) => serving(aws, &outputs.api_id, stage).await?.map(|deployment| deployment.disabled),
            None => None,
        };
        // A setting that is not deployed has no effect, and one that is deployed may be undone by the next deployment.
        let is_done = live == spec.disabled && deployed.is_none_or(|deployed| deployed == spec.disabled);
        let disabled = if is_done { spec.disabled } else { !spec.disabled };
        let api_id = Input::from(outputs.api_id.as_str());
        Ok(Some((Spec { api_id, disabled, ..spec.clone() }, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        if to.disabled && !from.disabled {
            let what = format!("the drain period of the default endpoint of API {}", outputs.api_id);
            aws.pause(&what, Duration::from_secs(to.drain_seconds)).await?;
        }
        put(aws, outputs, to).await
    }

    async fn delete(_: &Regional, _: &Spec, _: &Outputs) -> Result<(), CallError> {
        // It is deleted with its API.
        Ok(())
    }
}

/// Whether the API's default endpoint is disabled, from its next deployment on; `None` when the API does not exist.
pub(crate) async fn is_disabled(aws: &Regional, api_id: &str) -> Result<Option<bool>, CallError> {
    Ok(rest::get(aws, api_id).await?.map(|api| api.disable_execute_api_endpoint))
}

/// The deployment that the stage serves; `None` when there is no such stage.
async fn serving(aws: &Regional, api_id: &str, stage: &str) -> Result<Option<rest::Deployment>, CallError> {
    let Some(stage) = rest::stage(aws, api_id, stage).await? else { return Ok(None) };
    let deployments = rest::deployments(aws, api_id).await?;
    Ok(deployments.into_iter().find(|deployment| Some(&deployment.id) == stage.deployment_id.as_ref()))
}

async fn put(aws: &Regional, outputs: &Outputs, spec: &Spec) -> Result<Outputs, CallError> {
    let (api_id, stage) = (&outputs.api_id, spec.stage.get());
    if is_disabled(aws, api_id).await? != Some(spec.disabled) {
        let change = rest::replace("/disableExecuteApiEndpoint", if spec.disabled { "true" } else { "false" });
        let request = || {
            let request = aws.apigateway().update_rest_api().rest_api_id(api_id);
            request.patch_operations(change.clone()).send()
        };
        aws.call("apigateway:UpdateRestApi", request).await?;
    }
    let what = format!("the deployment of stage {stage} of API {api_id}");
    let current = aws.read_until_found(&what, || serving(aws, api_id, stage)).await?;
    let missing = |why: &str| CallError::Failed { what: what.clone(), why: why.to_owned() };
    let current = current.ok_or_else(|| missing("the stage or its deployment does not exist"))?;
    let Some(digest) = &current.digest else { return Err(missing("another tool created it")) };
    if current.disabled != spec.disabled {
        let next = rest::deploy(aws, api_id, digest, spec.disabled).await?;
        rest::update_stage(aws, api_id, stage, vec![rest::replace("/deploymentId", &next)]).await?;
        rest::delete_unused(aws, api_id, &current.id).await?;
    }
    Ok(outputs.clone())
}
