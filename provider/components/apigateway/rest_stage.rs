//! Stage of a REST API: serves one deployment, with its own throttling, cache and access log.

mod patch;
mod settings;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_apigateway::operation::get_stage::GetStageOutput;
use aws_sdk_apigateway::types::{AccessLogSettings, CacheClusterSize, CacheClusterStatus};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Poll, Regional};
use crate::components::apigateway::stage::{AccessLog, Throttle};
use crate::components::apigateway::{self, rest};
use crate::components::support::answer::{ignore_missing, none_if_missing, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::tags;
use crate::components::{
    Component, Deviations, Discovered, Found, Place, Problem, Resolved, Siblings, Tags, output_keys,
};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `rest_stage`.
#[derive(Debug)]
pub struct RestStage;

output_keys! {
    RestStage {
        NAME = name: String,
        ARN = arn: String,
    }
}

/// The desired settings of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// The stage's name, the first segment of its path: `prod`.
    pub name: String,
    /// The digest of the deployment that it serves.
    pub deployment: Input<String>,
    /// The throttling of every method.
    pub throttle: Option<Throttle>,
    /// The cache, and how every GET method uses it.
    pub cache: Option<Cache>,
    /// Settings of single methods, by `METHOD /path`.
    pub methods: BTreeMap<String, MethodSettings>,
    /// The access log of the requests.
    pub access_log: Option<AccessLog>,
    /// Whether X-Ray traces the requests.
    pub tracing: bool,
    /// The stage variables.
    pub variables: BTreeMap<String, Input<String>>,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// The cache of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// The size in GB, as AWS writes it: `0.5`.
    pub size_gb: Input<String>,
    /// How long responses are cached, in seconds.
    pub ttl_seconds: Input<i64>,
    /// Whether cached responses are encrypted.
    pub encrypted: bool,
}

/// Settings of a method that differ from those of its stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodSettings {
    /// The throttling; that of the stage if it is not set.
    pub throttle: Option<Throttle>,
    /// The use of the cache; that of the stage if it is not set.
    pub caching: Option<MethodCaching>,
}

/// How a method uses the cache of its stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodCaching {
    /// Whether its responses are cached.
    pub enabled: bool,
    /// How long responses are cached, in seconds.
    pub ttl_seconds: Input<i64>,
    /// Whether cached responses are encrypted.
    pub encrypted: bool,
}

/// What identifies a stage in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the API.
    pub api_id: String,
    /// The name.
    pub name: String,
    /// The ARN, without an account: `arn:aws:apigateway:REGION::/restapis/ID/stages/NAME`.
    pub arn: String,
}

impl Kind for RestStage {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "rest_stage",
        about: "Stage of a REST API, which serves one of its deployments.",
        id: "`API_ID/STAGE_NAME`",
        outputs: OUTPUTS,
        immutable: &["api_id", "name"],
        rolled_out: &["deployment", "throttle", "methods", "variables"],
        actions: rest::TAGGED_ACTIONS,
        ..KindMeta::DEFAULT
    };
}

impl Component for RestStage {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        format!("{}/{}", outputs.api_id, outputs.name)
    }

    fn foreseen(place: &Place<'_>, spec: &Spec) -> Option<Outputs> {
        Some(outputs(place, spec.api_id.known()?, &spec.name))
    }

    async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
        if spec.access_log.is_none() {
            return Ok(Vec::new());
        }
        let ask = || async {
            let request = || aws.apigateway().get_account().send();
            Ok(aws.call("apigateway:GetAccount", request).await?.cloudwatch_role_arn)
        };
        let role = aws.read_once("apigateway:GetAccount", ask).await?;
        let problem = || Problem {
            summary: "API Gateway has no CloudWatch role",
            detail: format!(
                "The access log of a REST API needs a role with which API Gateway writes to CloudWatch Logs, and the \
                 account has none in {}. Create a role with the managed policy AmazonAPIGatewayPushToCloudWatchLogs, and \
                 set it in the settings of API Gateway in this region (UpdateAccount, cloudwatchRoleArn). All REST APIs \
                 of the region use it.",
                aws.region()
            ),
        };
        Ok(role.filter(|role| !role.is_empty()).map_or_else(|| vec![problem()], |_| Vec::new()))
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(api_id) = spec.api_id.known() else { return Ok(None) };
        let Some(stage) = rest::stage(aws, api_id, &spec.name).await? else { return Ok(None) };
        let outputs = outputs(&Place::from(aws), api_id, &spec.name);
        Ok(Some(tags::judge::<Self>(aws, &tags::reported(stage.tags.unwrap_or_default()), outputs, "")))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let Some(api) = rest::api(aws, siblings) else { return Ok(Vec::new()) };
        let request = || aws.apigateway().get_stages().rest_api_id(&api.id).send();
        let stages = none_if_missing(aws.call("apigateway:GetStages", request).await)?.and_then(|page| page.item);
        let mut discovered = Vec::new();
        for stage in stages.unwrap_or_default() {
            let tags = tags::reported(stage.tags.unwrap_or_default());
            let (Some(address), Some(name)) = (tags::address_here::<Self>(aws, &tags), stage.stage_name) else {
                continue;
            };
            let outputs = outputs(&Place::from(aws), &api.id, &name);
            discovered.push(Discovered { key: address.key, spec: unread(&api.id, name, tags::spec(tags)), outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let outputs = outputs(&Place::from(aws), spec.api_id.get(), &spec.name);
        let deployment = deployment(aws, &outputs.api_id, spec.deployment.get()).await?;
        let look = || Self::find(aws, spec);
        let size = spec.cache.as_ref().map(|cache| CacheClusterSize::from(cache.size_gb.get().as_str()));
        let variables = || spec.variables.iter().map(|(name, value)| (name.clone(), value.get().clone())).collect();
        let send = || async {
            let request = aws.apigateway().create_stage().rest_api_id(&outputs.api_id).stage_name(&outputs.name);
            let request = request.deployment_id(&deployment).tracing_enabled(spec.tracing);
            let request = request.cache_cluster_enabled(size.is_some()).set_cache_cluster_size(size.clone());
            let request = request.set_variables(Some(variables()));
            let request = request.set_tags(Some(tags::plain(&spec.tags).into_iter().collect()));
            request.send().await.map(|_| Some(outputs.clone()))
        };
        create_or_adopt(aws, "apigateway:CreateStage", Repeated::IsRefused, look, send).await?;
        settle(aws, &outputs, spec).await?;
        Ok(outputs)
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(stage) = rest::stage(aws, &outputs.api_id, &outputs.name).await? else { return Ok(None) };
        let deployments = rest::deployments(aws, &outputs.api_id).await?;
        Ok(Some((reported(&stage, &deployments, spec, outputs)?, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        settle(aws, outputs, to).await?;
        rest::retag(aws, &outputs.arn, &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let request = || aws.apigateway().delete_stage().rest_api_id(&outputs.api_id).stage_name(&outputs.name).send();
        ignore_missing(aws.call("apigateway:DeleteStage", request).await)
    }
}

/// How long AWS may take to create or delete a cache. AWS documents about four minutes.
const CACHE_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// The name of the enforced setting "all requests go to one deployment".
const CANARY: &str = "canarySettings";

fn outputs(place: &Place<'_>, api_id: &str, name: &str) -> Outputs {
    let arn = format!("arn:{}:apigateway:{}::/restapis/{api_id}/stages/{name}", place.partition, place.region);
    Outputs { api_id: api_id.to_owned(), name: name.to_owned(), arn }
}

/// A spec with what identifies a stage: the rest is read.
fn unread(api_id: &str, name: String, tags: Tags) -> Spec {
    Spec {
        api_id: Input::from(api_id),
        name,
        deployment: Input::from(""),
        throttle: None,
        cache: None,
        methods: BTreeMap::new(),
        access_log: None,
        tracing: false,
        variables: BTreeMap::new(),
        deviations: Deviations::default(),
        tags,
    }
}

/// The id of the deployment with this digest, with the default endpoint as the API has it.
async fn deployment(aws: &Regional, api_id: &str, digest: &str) -> Result<String, CallError> {
    let disabled = apigateway::rest_endpoint::is_disabled(aws, api_id).await?.unwrap_or_default();
    let look = || async {
        let deployments = rest::deployments(aws, api_id).await?;
        Ok(rest::newest(&deployments, digest, disabled).map(|deployment| deployment.id.clone()))
    };
    let what = format!("deployment {digest} of REST API {api_id}");
    let found = aws.read_until_found(&what, look).await?;
    found.ok_or_else(|| CallError::Failed { what, why: "it does not exist".to_owned() })
}

/// Changes what differs between the stage and the spec.
async fn settle(aws: &Regional, outputs: &Outputs, to: &Spec) -> Result<(), CallError> {
    let what = format!("stage {} of REST API {}", outputs.name, outputs.api_id);
    let look = || rest::stage(aws, &outputs.api_id, &outputs.name);
    let stage = required(aws.read_until_found(&what, look).await?, &what)?;
    let deployments = rest::deployments(aws, &outputs.api_id).await?;
    let current = deployments.iter().find(|deployment| Some(&deployment.id) == stage.deployment_id.as_ref());
    let is_current = current.is_some_and(|current| current.digest.as_ref() == to.deployment.known());
    let mut changes = patch::changes(&stage, to)?;
    if !is_current {
        let next = deployment(aws, &outputs.api_id, to.deployment.get()).await?;
        changes.insert(0, rest::replace("/deploymentId", &next));
    }
    if patch::touches_cache(&changes) {
        wait_for_cache(aws, outputs).await?;
    }
    rest::update_stage(aws, &outputs.api_id, &outputs.name, changes).await
}

/// AWS refuses changes of a cache that it is creating or deleting.
async fn wait_for_cache(aws: &Regional, outputs: &Outputs) -> Result<(), CallError> {
    let look = || async {
        let stage = rest::stage(aws, &outputs.api_id, &outputs.name).await?;
        Ok(match stage.and_then(|stage| stage.cache_cluster_status) {
            Some(status @ (CacheClusterStatus::CreateInProgress | CacheClusterStatus::DeleteInProgress)) => {
                Poll::Pending(status.as_str().to_owned())
            }
            _ => Poll::Ready(()),
        })
    };
    aws.wait(&format!("the cache of stage {} to be ready for a change", outputs.name), CACHE_TIMEOUT, look).await
}

/// The stage in the spelling of `ours`.
fn reported(
    stage: &GetStageOutput,
    deployments: &[rest::Deployment],
    ours: &Spec,
    outputs: &Outputs,
) -> Result<Spec, CallError> {
    let id = stage.deployment_id().unwrap_or_default();
    let current = deployments.iter().find(|deployment| deployment.id == id);
    let digest = current.and_then(|current| current.digest.clone());
    let settings = settings::reported(stage, ours)?;
    Ok(Spec {
        api_id: Input::from(outputs.api_id.as_str()),
        name: outputs.name.clone(),
        // A deployment of another tool has no digest.
        deployment: Input::Known(digest.unwrap_or_else(|| format!("deployment {id}"))),
        throttle: settings.throttle,
        cache: settings.cache,
        methods: settings.methods,
        access_log: stage.access_log_settings().and_then(access_log),
        tracing: stage.tracing_enabled,
        variables: variables(stage),
        deviations: Deviations::default().record_unless(CANARY, stage.canary_settings.is_none()),
        tags: tags::spec(tags::reported(stage.tags.clone().unwrap_or_default())),
    })
}

fn variables(stage: &GetStageOutput) -> BTreeMap<String, Input<String>> {
    let variables = stage.variables().into_iter().flatten();
    variables.map(|(name, value)| (name.clone(), Input::Known(value.clone()))).collect()
}

fn access_log(settings: &AccessLogSettings) -> Option<AccessLog> {
    let arn = settings.destination_arn().filter(|arn| !arn.is_empty())?;
    Some(AccessLog {
        log_group_arn: Input::from(arn.strip_suffix(":*").unwrap_or(arn)),
        format: Input::from(settings.format().unwrap_or_default()),
    })
}
