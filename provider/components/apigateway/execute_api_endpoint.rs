//! The default endpoint of an API, `API_ID.execute-api.REGION.amazonaws.com`: a setting of the API that is a component of
//! its own, because it changes at another time than the other settings.
//!
//! The endpoint is disabled after all traffic has moved to custom domain names, and enabled before traffic moves to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::{self, http_api};
use crate::components::{Component, Discovered, Found, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `execute_api_endpoint`.
#[derive(Debug)]
pub struct ExecuteApiEndpoint;

/// The desired settings of the default endpoint of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// Whether the endpoint is disabled, so that only custom domain names answer.
    pub disabled: bool,
    /// How long clients and health checkers may still use the endpoint after traffic has moved, in seconds.
    pub drain_seconds: u64,
}

/// What identifies the default endpoint of an HTTP API in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the API.
    pub api_id: String,
}

impl Kind for ExecuteApiEndpoint {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "execute_api_endpoint",
        about: "Default endpoint of an HTTP API, `API_ID.execute-api.REGION.amazonaws.com`, open or disabled.",
        id: "the id of the API",
        immutable: &["api_id"],
        uncompared: &["drain_seconds"],
        actions: &["apigateway:GET", "apigateway:PATCH"],
        ..KindMeta::DEFAULT
    };
}

impl Component for ExecuteApiEndpoint {
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
        let Some(outputs) = apigateway::api(aws, siblings) else { return Ok(Vec::new()) };
        let spec = Spec { api_id: Input::Known(outputs.id.clone()), disabled: false, drain_seconds: 0 };
        Ok(vec![Discovered { key: None, spec, outputs: Outputs { api_id: outputs.id } }])
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = Outputs { api_id: spec.api_id.get().clone() };
        put(aws, &outputs, spec).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let disabled = is_disabled(aws, &outputs.api_id).await?;
        let reported = |disabled| Spec { api_id: Input::from(outputs.api_id.as_str()), disabled, ..spec.clone() };
        Ok(disabled.map(|disabled| (reported(disabled), outputs.clone())))
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

/// Whether the API's default endpoint is disabled; `None` when the API does not exist.
pub(crate) async fn is_disabled(aws: &Regional, api_id: &str) -> Result<Option<bool>, CallError> {
    let api = http_api::get(aws, api_id).await?;
    Ok(api.map(|api| api.disable_execute_api_endpoint.unwrap_or_default()))
}

async fn put(aws: &Regional, outputs: &Outputs, spec: &Spec) -> Result<Outputs, CallError> {
    let request = || {
        let request = aws.apigatewayv2().update_api().api_id(&outputs.api_id);
        request.disable_execute_api_endpoint(spec.disabled).send()
    };
    aws.call("apigateway:UpdateApi", request).await?;
    Ok(outputs.clone())
}
