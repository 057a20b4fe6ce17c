//! Usage plan of one region: the stages that its API keys may call, how often and how fast.

use aws_sdk_apigateway::operation::get_usage_plan::GetUsagePlanOutput;
use aws_sdk_apigateway::types::{
    ApiStage, PatchOperation, QuotaPeriodType, QuotaSettings, ThrottleSettings, UsagePlan as AwsUsagePlan,
};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::stage::Throttle;
use crate::components::apigateway::{self, rest};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required, to_i32};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::tags;
use crate::components::{Component, Discovered, Found, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Input, Kind, KindMeta, Limit};

/// The kind `usage_plan`.
#[derive(Debug)]
pub struct UsagePlan;

output_keys! {
    UsagePlan {
        ID = id: String,
    }
}

/// The desired settings of a usage plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name.
    pub name: String,
    /// The stages that the plan gives access to.
    pub stages: Vec<PlanStage>,
    /// How many requests each key may send in a period.
    pub quota: Option<Quota>,
    /// The throttling of each key.
    pub throttle: Option<Throttle>,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// A stage of a REST API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStage {
    /// The id of the API.
    pub api_id: Input<String>,
    /// The name of the stage.
    pub stage: Input<String>,
}

/// A quota of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The number of requests.
    pub limit: Input<i64>,
    /// The period: `DAY`, `WEEK` or `MONTH`.
    pub period: Input<String>,
}

/// What identifies a usage plan in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
}

impl Kind for UsagePlan {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "usage_plan",
        about: "Usage plan of one region: the stages that its API keys may call, with quota and throttling.",
        id: "the id of the usage plan",
        outputs: OUTPUTS,
        actions: rest::TAGGED_ACTIONS,
        // AWS, "Amazon API Gateway quotas", quotas for creating, deploying and managing an API.
        limits: &[Limit { operation: "apigateway:UpdateUsagePlan", burst: 1, per_second: 1.0 / 20.0 }],
        ..KindMeta::DEFAULT
    };
}

impl Component for UsagePlan {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, _spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        // Names are not unique: a plan of the same name without our tags does not matter.
        let is_ours = |plan: &AwsUsagePlan| tags::is_ours(aws, &tags::reported(plan.tags.clone().unwrap_or_default()));
        let own = plans(aws).await?.into_iter().find(is_ours);
        Ok(own.and_then(|plan| plan.id).map(|id| Found::Ours(Outputs { id })))
    }

    async fn discover(aws: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for plan in plans(aws).await? {
            let tags = tags::reported(plan.tags.unwrap_or_default());
            let Some(address) = tags::address_here::<Self>(aws, &tags) else { continue };
            let spec = Spec {
                name: plan.name.unwrap_or_default(),
                stages: Vec::new(),
                quota: None,
                throttle: None,
                tags: tags::spec(tags),
            };
            let outputs = Outputs { id: required(plan.id, "a usage plan's id")? };
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let look = || Self::find(aws, spec);
        let stages: Vec<ApiStage> = spec.stages.iter().map(to_stage).collect();
        let throttle = spec.throttle.as_ref().map(to_throttle).transpose()?;
        let quota = spec.quota.as_ref().map(to_quota).transpose()?;
        let send = || async {
            let request = aws.apigateway().create_usage_plan().name(&spec.name);
            let request = request.set_api_stages(Some(stages.clone())).set_throttle(throttle.clone());
            let request = request.set_quota(quota.clone());
            let answer = request.set_tags(Some(tags::plain(&spec.tags).into_iter().collect())).send().await;
            answer.map(|created| created.id.map(|id| Outputs { id }))
        };
        create_or_adopt(aws, "apigateway:CreateUsagePlan", Repeated::CreatesAnother, look, send).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(plan) = get(aws, &outputs.id).await? else { return Ok(None) };
        Ok(Some((reported(&plan, spec), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let id = &outputs.id;
        let what = format!("usage plan {id}");
        let plan = required(aws.read_until_found(&what, || get(aws, id)).await?, &what)?;
        send_changes(aws, id, changes(&plan, to)).await?;
        rest::retag(aws, &apigateway::arn(aws, &format!("/usageplans/{id}")), &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let id = &outputs.id;
        // A plan that was created a moment ago may not be visible yet. Only the deletion proves that there is none.
        if let Some(plan) = get(aws, id).await? {
            leave_stages(aws, &plan).await?;
        }
        let request = || aws.apigateway().delete_usage_plan().usage_plan_id(id).send();
        let deleted = aws.call("apigateway:DeleteUsagePlan", request).await;
        if !deleted.as_ref().is_err_and(is_refused) {
            return ignore_missing(deleted);
        }
        let what = format!("usage plan {id}");
        if let Some(plan) = aws.read_until_found(&what, || get(aws, id)).await? {
            leave_stages(aws, &plan).await?;
        }
        ignore_missing(aws.call("apigateway:DeleteUsagePlan", request).await)
    }
}

const STAGES: &str = "/apiStages";

/// Removes the stages from a plan: AWS refuses to delete a plan that gives access to a stage.
async fn leave_stages(aws: &Regional, plan: &GetUsagePlanOutput) -> Result<(), CallError> {
    let leave = |stage: &ApiStage| rest::remove_value(STAGES, &stage_text(stage));
    let changes = plan.api_stages().iter().map(leave).collect();
    match send_changes(aws, plan.id().unwrap_or_default(), changes).await {
        // An earlier attempt, whose response was lost, has removed the stages.
        Err(error) if is_refused(&error) => Ok(()),
        sent => ignore_missing(sent),
    }
}

/// Whether AWS rejects a request because a stage is, or is not, associated with the plan.
fn is_refused(error: &CallError) -> bool {
    error.code() == Some("BadRequestException")
}

async fn plans(aws: &Regional) -> Result<Vec<AwsUsagePlan>, CallError> {
    pages(|next| async move {
        let request = || aws.apigateway().get_usage_plans().limit(rest::PAGE).set_position(next.clone()).send();
        let page = aws.call("apigateway:GetUsagePlans", request).await?;
        Ok((page.items, page.position))
    })
    .await
}

async fn get(aws: &Regional, id: &str) -> Result<Option<GetUsagePlanOutput>, CallError> {
    let request = || aws.apigateway().get_usage_plan().usage_plan_id(id).send();
    none_if_missing(aws.call("apigateway:GetUsagePlan", request).await)
}

async fn send_changes(aws: &Regional, id: &str, changes: Vec<PatchOperation>) -> Result<(), CallError> {
    if changes.is_empty() {
        return Ok(());
    }
    let request = || {
        let request = aws.apigateway().update_usage_plan().usage_plan_id(id);
        request.set_patch_operations(Some(changes.clone())).send()
    };
    aws.call("apigateway:UpdateUsagePlan", request).await.map(drop)
}

fn to_stage(stage: &PlanStage) -> ApiStage {
    ApiStage::builder().api_id(stage.api_id.get()).stage(stage.stage.get()).build()
}

fn rate(throttle: &Throttle) -> Result<f64, CallError> {
    let text = throttle.rate.get();
    text.parse().map_err(|_| CallError::Malformed(format!("{text:?} is not a rate")))
}

fn to_throttle(throttle: &Throttle) -> Result<ThrottleSettings, CallError> {
    let burst = to_i32(*throttle.burst.get())?;
    Ok(ThrottleSettings::builder().rate_limit(rate(throttle)?).burst_limit(burst).build())
}

fn to_quota(quota: &Quota) -> Result<QuotaSettings, CallError> {
    let period = QuotaPeriodType::from(quota.period.get().as_str());
    Ok(QuotaSettings::builder().limit(to_i32(*quota.limit.get())?).period(period).build())
}

/// A stage as changes name it: `API_ID:STAGE`.
fn stage_text(stage: &ApiStage) -> String {
    format!("{}:{}", stage.api_id().unwrap_or_default(), stage.stage().unwrap_or_default())
}

/// The plan in the spelling of `ours`.
fn reported(plan: &GetUsagePlanOutput, ours: &Spec) -> Spec {
    let text = |stage: &PlanStage| Some(format!("{}:{}", stage.api_id.known()?, stage.stage.known()?));
    let wanted = ours.stages.iter().filter_map(text);
    let same = sorted(wanted) == sorted(plan.api_stages().iter().map(stage_text));
    let stage = |stage: &ApiStage| PlanStage {
        api_id: Input::from(stage.api_id().unwrap_or_default()),
        stage: Input::from(stage.stage().unwrap_or_default()),
    };
    let throttle = plan.throttle().map(|settings| from_throttle(settings, ours.throttle.as_ref()));
    let quota = plan.quota().map(|settings| Quota {
        limit: Input::Known(settings.limit.into()),
        period: Input::from(settings.period().map(|period| period.as_str()).unwrap_or_default()),
    });
    Spec {
        name: plan.name.clone().unwrap_or_default(),
        stages: if same { ours.stages.clone() } else { plan.api_stages().iter().map(stage).collect() },
        quota,
        throttle,
        tags: tags::spec(tags::reported(plan.tags.clone().unwrap_or_default())),
    }
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

fn from_throttle(settings: &ThrottleSettings, ours: Option<&Throttle>) -> Throttle {
    // An equal rate keeps our digits.
    let same = ours.map(|ours| &ours.rate);
    let same = same.filter(|ours| ours.known().and_then(|text| text.parse().ok()) == Some(settings.rate_limit));
    let rate = same.cloned().unwrap_or_else(|| Input::Known(settings.rate_limit.to_string()));
    Throttle { rate, burst: Input::Known(settings.burst_limit.into()) }
}

/// The changes that turn the plan into the one of the spec; AWS allows one update in 20 seconds.
fn changes(plan: &GetUsagePlanOutput, to: &Spec) -> Vec<PatchOperation> {
    let now = reported(plan, to);
    let mut changes = Vec::new();
    if now.name != to.name {
        changes.push(rest::replace("/name", &to.name));
    }
    if now.throttle != to.throttle {
        match &to.throttle {
            Some(throttle) => {
                changes.push(rest::replace("/throttle/rateLimit", throttle.rate.get()));
                changes.push(rest::replace("/throttle/burstLimit", &throttle.burst.get().to_string()));
            }
            None => changes.push(rest::remove("/throttle")),
        }
    }
    if now.quota != to.quota {
        match &to.quota {
            Some(quota) => {
                changes.push(rest::replace("/quota/limit", &quota.limit.get().to_string()));
                changes.push(rest::replace("/quota/period", quota.period.get()));
            }
            None => changes.push(rest::remove("/quota")),
        }
    }
    let current: Vec<String> = plan.api_stages().iter().map(stage_text).collect();
    let wanted: Vec<String> = to.stages.iter().map(|stage| stage_text(&to_stage(stage))).collect();
    let added = wanted.iter().filter(|stage| !current.contains(stage));
    changes.extend(added.map(|stage| rest::add(STAGES, stage)));
    let removed = current.iter().filter(|stage| !wanted.contains(stage));
    changes.extend(removed.map(|stage| rest::remove_value(STAGES, stage)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        let stage = |name: &str| PlanStage { api_id: Input::from("a"), stage: Input::from(name) };
        Spec {
            name: "gold".to_owned(),
            stages: vec![stage("prod"), stage("beta")],
            quota: Some(Quota { limit: Input::Known(100), period: Input::from("DAY") }),
            throttle: Some(Throttle { rate: Input::from("10.50"), burst: Input::Known(20) }),
            tags: Tags::new(),
        }
    }

    fn plan(spec: &Spec) -> GetUsagePlanOutput {
        GetUsagePlanOutput::builder()
            .name(&spec.name)
            .set_api_stages(Some(spec.stages.iter().rev().map(to_stage).collect()))
            .set_quota(spec.quota.as_ref().map(|quota| to_quota(quota).unwrap()))
            .set_throttle(spec.throttle.as_ref().map(|throttle| to_throttle(throttle).unwrap()))
            .build()
    }

    #[test]
    fn an_equal_plan_is_read_in_our_spelling() {
        let spec = spec();
        assert_eq!(reported(&plan(&spec), &spec), spec);
        assert!(changes(&plan(&spec), &spec).is_empty());
    }

    #[test]
    fn only_differences_are_sent() {
        let to = Spec { stages: spec().stages[..1].to_vec(), quota: None, ..spec() };
        let changes = changes(&plan(&spec()), &to);
        let found: Vec<String> = changes
            .iter()
            .map(|change| format!("{} {}", change.op().unwrap().as_str(), change.path().unwrap()))
            .collect();
        assert_eq!(found, ["remove /quota", "remove /apiStages"]);
        assert_eq!(changes[1].value(), Some("a:beta"));
    }
}
