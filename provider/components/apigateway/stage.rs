//! Stage of an HTTP API, deployed automatically.

use aws_sdk_apigatewayv2::operation::get_stage::GetStageOutput;
use aws_sdk_apigatewayv2::types::{AccessLogSettings, RouteSettings};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;

use crate::aws::{CallError, Regional};
use crate::components::support::answer::{ignore_missing, none_if_missing, to_i32};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::tags;
use crate::components::{
    Component, Deviations, Discovered, Found, Place, Resolved, Siblings, Tags, apigateway, output_keys,
};
use crate::desired::{Input, Kind, KindMeta};

/// The name of the stage whose paths do not begin with its name.
pub const DEFAULT: &str = "$default";

/// The kind `stage`.
#[derive(Debug)]
pub struct Stage;

output_keys! {
    Stage {
        NAME = name: String,
    }
}

/// The desired settings of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// The stage's name: `$default`.
    pub name: String,
    /// The throttling of every route.
    pub throttle: Option<Throttle>,
    /// The access log of the requests.
    pub access_log: Option<AccessLog>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// Throttling of a stage's routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// Requests per second, as decimal text.
    pub rate: Input<String>,
    /// The burst, in requests.
    pub burst: Input<i64>,
}

/// The access log of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLog {
    /// The ARN of the log group.
    pub log_group_arn: Input<String>,
    /// The format of a line, with `$context` variables.
    pub format: Input<String>,
}

/// What identifies a stage in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the API.
    pub api_id: String,
    /// The name.
    pub name: String,
}

impl Kind for Stage {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "stage",
        about: "Stage of an HTTP API, deployed automatically.",
        id: "`API_ID/STAGE_NAME`",
        outputs: OUTPUTS,
        immutable: &["api_id", "name"],
        rolled_out: &["throttle"],
        // API Gateway sets up access logs with the caller's permissions.
        actions: &[
            "apigateway:DELETE",
            "apigateway:GET",
            "apigateway:PATCH",
            "apigateway:POST",
            "apigateway:TagResource",
            "apigateway:UntagResource",
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for Stage {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        format!("{}/{}", outputs.api_id, outputs.name)
    }

    fn foreseen(_: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(Outputs { api_id: spec.api_id.known()?.clone(), name: spec.name.clone() })
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(api_id) = spec.api_id.known() else { return Ok(None) };
        let outputs = Outputs { api_id: api_id.clone(), name: spec.name.clone() };
        let Some(stage) = get(aws, &outputs.api_id, &outputs.name).await? else { return Ok(None) };
        Ok(Some(tags::judge::<Self>(aws, &tags::reported(stage.tags.unwrap_or_default()), outputs, "")))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let Some(api) = apigateway::api(aws, siblings) else { return Ok(Vec::new()) };
        let request = || aws.apigatewayv2().get_stages().api_id(&api.id).send();
        let stages = none_if_missing(aws.call("apigateway:GetStages", request).await)?.and_then(|page| page.items);
        let mut discovered = Vec::new();
        for stage in stages.unwrap_or_default() {
            let tags = tags::reported(stage.tags.unwrap_or_default());
            let (Some(address), Some(name)) = (tags::address_here::<Self>(aws, &tags), stage.stage_name) else {
                continue;
            };
            let api_id = api.id.clone();
            let outputs = Outputs { api_id: api_id.clone(), name: name.clone() };
            let spec = Spec {
                api_id: Input::Known(api_id),
                name,
                throttle: None,
                access_log: None,
                deviations: Deviations::default(),
                tags: tags::spec(tags),
            };
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = Outputs { api_id: spec.api_id.get().clone(), name: spec.name.clone() };
        let settings = spec.throttle.as_ref().map(to_settings).transpose()?;
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigatewayv2().create_stage().api_id(&outputs.api_id).stage_name(&outputs.name);
            let request = request.set_default_route_settings(settings.clone()).auto_deploy(true);
            let request = request.set_access_log_settings(spec.access_log.as_ref().map(to_logging));
            request
                .set_tags(Some(tags::plain(&spec.tags).into_iter().collect()))
                .send()
                .await
                .map(|_| Some(outputs.clone()))
        };
        create_or_adopt(aws, "apigateway:CreateStage", Repeated::IsRefused, look, send).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(stage) = get(aws, &outputs.api_id, &outputs.name).await? else { return Ok(None) };
        let reported = Spec {
            api_id: Input::Known(outputs.api_id.clone()),
            name: outputs.name.clone(),
            throttle: stage
                .default_route_settings
                .and_then(|settings| from_settings(&settings, spec.throttle.as_ref())),
            access_log: stage.access_log_settings.and_then(from_logging),
            deviations: Deviations::default().record_unless("autoDeploy", stage.auto_deploy == Some(true)),
            tags: tags::spec(tags::reported(stage.tags.unwrap_or_default())),
        };
        Ok(Some((reported, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let (api, name) = (&outputs.api_id, &outputs.name);
        let _alone = alone(aws, api, name).await?;
        if from.access_log.is_some() && to.access_log.is_none() {
            let request = || aws.apigatewayv2().delete_access_log_settings().api_id(api).stage_name(name).send();
            ignore_missing(aws.call("apigateway:DeleteAccessLogSettings", request).await)?;
        }
        // Empty settings remove the throttling; zeros would reject every request.
        let settings = match &to.throttle {
            Some(throttle) => Some(to_settings(throttle)?),
            None => from.throttle.is_some().then(|| RouteSettings::builder().build()),
        };
        let request = || {
            let request = aws.apigatewayv2().update_stage().api_id(api).stage_name(name).auto_deploy(true);
            let request = request.set_default_route_settings(settings.clone());
            request.set_access_log_settings(to.access_log.as_ref().map(to_logging)).send()
        };
        aws.call("apigateway:UpdateStage", request).await?;
        apigateway::retag(aws, &arn(aws, outputs), &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let request = || aws.apigatewayv2().delete_stage().api_id(&outputs.api_id).stage_name(&outputs.name).send();
        ignore_missing(aws.call("apigateway:DeleteStage", request).await)
    }
}

fn arn(aws: &Regional, outputs: &Outputs) -> String {
    apigateway::arn(aws, &format!("/apis/{}/stages/{}", outputs.api_id, outputs.name))
}

/// Waits until no other component changes the stage: API Gateway rejects concurrent changes.
pub(super) async fn alone(aws: &Regional, api_id: &str, name: &str) -> Result<OwnedMutexGuard<()>, CallError> {
    aws.exclusive(&format!("stage {api_id}/{name}")).await
}

pub(super) async fn get(aws: &Regional, api_id: &str, name: &str) -> Result<Option<GetStageOutput>, CallError> {
    let request = || aws.apigatewayv2().get_stage().api_id(api_id).stage_name(name).send();
    none_if_missing(aws.call("apigateway:GetStage", request).await)
}

pub(super) fn to_settings(throttle: &Throttle) -> Result<RouteSettings, CallError> {
    let rate = throttle.rate.get();
    let rate: f64 = rate.parse().map_err(|_| CallError::Malformed(format!("{rate:?} is not a rate")))?;
    let burst = to_i32(*throttle.burst.get())?;
    Ok(RouteSettings::builder().throttling_rate_limit(rate).throttling_burst_limit(burst).build())
}

/// The throttling in `settings`, in the spelling of `ours`.
pub(super) fn from_settings(settings: &RouteSettings, ours: Option<&Throttle>) -> Option<Throttle> {
    if settings.throttling_rate_limit.is_none() && settings.throttling_burst_limit.is_none() {
        return None;
    }
    let rate = settings.throttling_rate_limit.unwrap_or_default();
    // An equal rate keeps our digits.
    let same = ours.map(|throttle| &throttle.rate);
    let same = same.filter(|ours| ours.known().and_then(|text| text.parse().ok()) == Some(rate));
    Some(Throttle {
        rate: same.cloned().unwrap_or_else(|| Input::Known(rate.to_string())),
        burst: Input::Known(settings.throttling_burst_limit.unwrap_or_default().into()),
    })
}

fn to_logging(log: &AccessLog) -> AccessLogSettings {
    AccessLogSettings::builder().destination_arn(log.log_group_arn.get()).format(log.format.get()).build()
}

fn from_logging(settings: AccessLogSettings) -> Option<AccessLog> {
    let arn = settings.destination_arn?;
    Some(AccessLog {
        log_group_arn: Input::from(arn.strip_suffix(":*").unwrap_or(&arn)),
        format: Input::Known(settings.format.unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_rate_keeps_its_digits() {
        let throttle = Throttle { rate: Input::from("10.50"), burst: Input::Known(20) };
        let settings = to_settings(&throttle).unwrap();
        assert_eq!(from_settings(&settings, Some(&throttle)), Some(throttle.clone()));
        assert_eq!(from_settings(&RouteSettings::builder().build(), Some(&throttle)), None);
    }
}
