//! Throttling of a single route, within that of its stage.

use std::collections::HashMap;

use aws_sdk_apigatewayv2::types::RouteSettings as AwsRouteSettings;
use serde::{Deserialize, Serialize};

use super::route::Route;
use super::stage::{self, Throttle};
use crate::aws::{CallError, Regional};
use crate::components::support::answer::ignore_missing;
use crate::components::{Component, Discovered, Found, Place, Resolved, Siblings, apigateway};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `route_settings`.
#[derive(Debug)]
pub struct RouteSettings;

/// The desired settings of a route in a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// The stage's name.
    pub stage: Input<String>,
    /// The key of the route.
    pub route_key: String,
    /// The throttling of the route.
    pub throttle: Throttle,
}

/// What identifies the settings of a route in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the API.
    pub api_id: String,
    /// The stage's name.
    pub stage: String,
    /// The key of the route.
    pub route_key: String,
}

impl Kind for RouteSettings {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "route_settings",
        about: "Throttling of a single route of an HTTP API.",
        id: "the key of the route",
        immutable: &["api_id", "stage", "route_key"],
        rolled_out: &["throttle"],
        actions: apigateway::ACTIONS,
        ..KindMeta::DEFAULT
    };
}

impl Component for RouteSettings {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.route_key.clone()
    }

    fn foreseen(_: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        let (api_id, stage) = (spec.api_id.known()?.clone(), spec.stage.known()?.clone());
        Some(Outputs { api_id, stage, route_key: spec.route_key.clone() })
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(outputs) = Self::foreseen(&aws.into(), spec) else { return Ok(None) };
        // The stages of our API are ours.
        let settings = of_stage(aws, &outputs.api_id, &outputs.stage).await?;
        Ok(settings.contains_key(&spec.route_key).then_some(Found::Ours(outputs)))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let routes = siblings.in_scope::<Route>(&aws.address().scope);
        let mut discovered = Vec::new();
        for (api_id, _) in apigateway::apis(aws, siblings).await? {
            let settings = of_stage(aws, &api_id, stage::DEFAULT).await?;
            for route_key in routes.iter().filter_map(|(key, _)| key.clone()) {
                let throttle = settings.get(&route_key).and_then(|settings| stage::from_settings(settings, None));
                let Some(throttle) = throttle else { continue };
                let stage = stage::DEFAULT.to_owned();
                let spec = Spec {
                    api_id: Input::Known(api_id.clone()),
                    stage: Input::Known(stage.clone()),
                    route_key: route_key.clone(),
                    throttle,
                };
                let outputs = Outputs { api_id: api_id.clone(), stage, route_key: route_key.clone() };
                discovered.push(Discovered { key: Some(route_key), spec, outputs });
            }
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let (api_id, stage) = (spec.api_id.get().clone(), spec.stage.get().clone());
        let outputs = Outputs { api_id, stage, route_key: spec.route_key.clone() };
        put(aws, &outputs, &spec.throttle).await?;
        Ok(outputs)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let settings = of_stage(aws, &outputs.api_id, &outputs.stage).await?;
        let found = settings.get(&outputs.route_key);
        let throttle = found.and_then(|settings| stage::from_settings(settings, Some(&spec.throttle)));
        Ok(throttle.map(|throttle| (Spec { throttle, ..spec.clone() }, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        put(aws, outputs, &to.throttle).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let _alone = stage::alone(aws, &outputs.api_id, &outputs.stage).await?;
        let request = || {
            let request = aws.apigatewayv2().delete_route_settings().api_id(&outputs.api_id);
            request.stage_name(&outputs.stage).route_key(&outputs.route_key).send()
        };
        ignore_missing(aws.call("apigateway:DeleteRouteSettings", request).await)
    }
}

/// The settings of the routes of a stage that have settings of their own, by route key.
async fn of_stage(aws: &Regional, api_id: &str, stage: &str) -> Result<HashMap<String, AwsRouteSettings>, CallError> {
    let request = format!("the settings of the routes of {api_id}/{stage}");
    let settings = aws.read_once(&request, || async {
        let stage = stage::get(aws, api_id, stage).await?;
        Ok(stage.and_then(|stage| stage.route_settings).unwrap_or_default())
    });
    settings.await
}

/// Sets the throttling of one route. API Gateway keeps the settings of the other routes.
async fn put(aws: &Regional, outputs: &Outputs, throttle: &Throttle) -> Result<(), CallError> {
    let settings = stage::to_settings(throttle)?;
    let _alone = stage::alone(aws, &outputs.api_id, &outputs.stage).await?;
    let request = || {
        let request = aws.apigatewayv2().update_stage().api_id(&outputs.api_id).stage_name(&outputs.stage);
        request.route_settings(&outputs.route_key, settings.clone()).send()
    };
    aws.call("apigateway:UpdateStage", request).await.map(drop)
}
