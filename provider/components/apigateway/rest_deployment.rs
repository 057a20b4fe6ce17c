//! Deployment of a REST API: a snapshot of its content, which a stage serves.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::{self, rest};
use crate::components::support::answer::none_if_missing;
use crate::components::{Component, Discovered, Found, Place, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `rest_deployment`.
#[derive(Debug)]
pub struct RestDeployment;

output_keys! {
    RestDeployment {
        DIGEST = digest: String,
    }
}

/// The desired settings of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// A digest of the API's content, without spaces. Another digest is another deployment.
    pub digest: Input<String>,
}

/// What identifies a deployment in AWS: the digest in its description. Its id may change, because a change of the default
/// endpoint deploys the same content again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the API.
    pub api_id: String,
    /// The digest of its content.
    pub digest: String,
}

impl Kind for RestDeployment {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "rest_deployment",
        about: "Deployment of a REST API: a snapshot of its content, which a stage serves.",
        id: "`API_ID/DIGEST`",
        outputs: OUTPUTS,
        immutable: &["api_id", "digest"],
        actions: &["apigateway:DELETE", "apigateway:GET", "apigateway:POST"],
        limits: &[rest::DEPLOYMENTS],
        ..KindMeta::DEFAULT
    };
}

impl Component for RestDeployment {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        format!("{}/{}", outputs.api_id, outputs.digest)
    }

    fn foreseen(_: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(Outputs { api_id: spec.api_id.known()?.clone(), digest: spec.digest.known()?.clone() })
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let (Some(api_id), Some(digest)) = (spec.api_id.known(), spec.digest.known()) else { return Ok(None) };
        // The deployments of our API with our description are ours.
        let outputs = Outputs { api_id: api_id.clone(), digest: digest.clone() };
        Ok(exists(aws, &outputs).await?.then_some(Found::Ours(outputs)))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let Some(api) = rest::api(aws, siblings) else { return Ok(Vec::new()) };
        let served = served(aws, &api.id).await?;
        let mut deployments = rest::deployments(aws, &api.id).await?;
        // The first one is the current one.
        deployments.sort_by_key(|deployment| !served.contains(&deployment.id));
        let mut digests: Vec<String> = Vec::new();
        for digest in deployments.into_iter().filter_map(|deployment| deployment.digest) {
            if !digests.contains(&digest) {
                digests.push(digest);
            }
        }
        let discovered = digests.into_iter().map(|digest| {
            let spec = Spec { api_id: Input::Known(api.id.clone()), digest: Input::Known(digest.clone()) };
            Discovered { key: None, spec, outputs: Outputs { api_id: api.id.clone(), digest } }
        });
        Ok(discovered.collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = Outputs { api_id: spec.api_id.get().clone(), digest: spec.digest.get().clone() };
        let disabled = apigateway::rest_endpoint::is_disabled(aws, &outputs.api_id).await?;
        rest::deploy(aws, &outputs.api_id, &outputs.digest, disabled.unwrap_or_default()).await?;
        Ok(outputs)
    }

    async fn read(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let (api_id, digest) = (Input::from(&*outputs.api_id), Input::from(&*outputs.digest));
        Ok(exists(aws, outputs).await?.then(|| (Spec { api_id, digest }, outputs.clone())))
    }

    async fn update(_: &Regional, outputs: &Outputs, _: &Spec, _: &Resolved<Spec>) -> Result<Outputs, CallError> {
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        for deployment in rest::deployments(aws, &outputs.api_id).await? {
            if deployment.digest.as_ref() == Some(&outputs.digest) {
                rest::delete_unused(aws, &outputs.api_id, &deployment.id).await?;
            }
        }
        Ok(())
    }
}

/// Whether the API has a deployment with this digest.
async fn exists(aws: &Regional, outputs: &Outputs) -> Result<bool, CallError> {
    let deployments = rest::deployments(aws, &outputs.api_id).await?;
    Ok(deployments.iter().any(|deployment| deployment.digest.as_ref() == Some(&outputs.digest)))
}

/// The ids of the deployments that stages serve.
async fn served(aws: &Regional, api_id: &str) -> Result<BTreeSet<String>, CallError> {
    let request = || aws.apigateway().get_stages().rest_api_id(api_id).send();
    let stages = none_if_missing(aws.call("apigateway:GetStages", request).await)?.and_then(|stages| stages.item);
    Ok(stages.into_iter().flatten().filter_map(|stage| stage.deployment_id).collect())
}
