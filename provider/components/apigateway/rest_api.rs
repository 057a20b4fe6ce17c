//! API Gateway REST API (v1) of one region.

use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType, IpAddressType, RestApi as AwsRestApi};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::{self, rest};
use crate::components::support::answer::{ignore_missing, pages, required};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::tags;
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, Tags, output_keys};
use crate::desired::{Kind, KindMeta, Limit};

/// The kind `rest_api`.
#[derive(Debug)]
pub struct RestApi;

output_keys! {
    RestApi {
        ID = id: String,
        ROOT_RESOURCE_ID = root_resource_id: String,
        ENDPOINT = endpoint: String,
        HOST = host: String,
    }
}

/// The desired settings of a REST API. Its content is a
/// [`RestDefinition`](crate::components::apigateway::rest_definition::RestDefinition).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name.
    pub name: String,
    /// Whether the API is created with its default endpoint disabled. Later changes are made by
    /// [`RestEndpoint`](crate::components::apigateway::rest_endpoint::RestEndpoint).
    pub disable_execute_api_endpoint: bool,
    /// Whether clients reach it over IPv6, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dual_stack: bool,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// What identifies a REST API in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
    /// The id of the resource `/`.
    pub root_resource_id: String,
    /// `https://ID.execute-api.REGION.amazonaws.com`. The URL of a stage has the stage's name as its path.
    pub endpoint: String,
    /// The endpoint's host name.
    pub host: String,
}

impl Kind for RestApi {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "rest_api",
        about: "API Gateway REST API of one region.",
        id: "the id of the API",
        outputs: OUTPUTS,
        uncompared: &["disable_execute_api_endpoint"],
        actions: rest::TAGGED_ACTIONS,
        // AWS, "Amazon API Gateway quotas", quotas for creating, deploying and managing an API.
        limits: &[
            Limit { operation: "apigateway:CreateRestApi", burst: 1, per_second: 1.0 / 3.0 },
            Limit { operation: "apigateway:DeleteRestApi", burst: 1, per_second: 1.0 / 30.0 },
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for RestApi {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let mut foreign = None;
        for api in apis(aws).await?.into_iter().filter(|api| api.name.as_deref() == Some(&*spec.name)) {
            let tags = tags::reported(api.tags.clone().unwrap_or_default());
            match tags::judge::<Self>(aws, &tags, outputs(aws, api.id, api.root_resource_id)?, "") {
                Found::Ours(outputs) => return Ok(Some(Found::Ours(outputs))),
                other => foreign = Some(other),
            }
        }
        Ok(foreign)
    }

    async fn discover(aws: &Regional, _siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for api in apis(aws).await? {
            let tags = tags::reported(api.tags.clone().unwrap_or_default());
            let Some(address) = tags::address_here::<Self>(aws, &tags) else { continue };
            let spec = Spec {
                name: required(api.name, "an API's name")?,
                disable_execute_api_endpoint: false,
                dual_stack: is_dual_stack(api.endpoint_configuration.as_ref()),
                deviations: Deviations::default(),
                tags: tags::spec(tags),
            };
            let outputs = outputs(aws, api.id, api.root_resource_id)?;
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigateway().create_rest_api().name(&spec.name).endpoint_configuration(regional(spec));
            let request = request.set_tags(Some(tags::plain(&spec.tags).into_iter().collect()));
            let answer = request.disable_execute_api_endpoint(spec.disable_execute_api_endpoint).send().await;
            answer.map(|created| outputs(aws, created.id, created.root_resource_id).ok())
        };
        create_or_adopt(aws, "apigateway:CreateRestApi", Repeated::CreatesAnother, look, send).await
    }

    async fn read(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(api) = rest::get(aws, &outputs.id).await? else { return Ok(None) };
        let deviations =
            Deviations::default().record_unless(ENDPOINT_TYPE, endpoint_types(&api) == [EndpointType::Regional]);
        let reported = Spec {
            name: required(api.name, "an API's name")?,
            disable_execute_api_endpoint: api.disable_execute_api_endpoint,
            dual_stack: is_dual_stack(api.endpoint_configuration.as_ref()),
            deviations,
            tags: tags::spec(tags::reported(api.tags.unwrap_or_default())),
        };
        Ok(Some((reported, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let id = &outputs.id;
        let mut changes = vec![rest::replace("/name", &to.name)];
        if from.dual_stack != to.dual_stack {
            let wanted = ip_address_type(to.dual_stack);
            changes.push(rest::replace("/endpointConfiguration/ipAddressType", wanted.as_str()));
        }
        if from.deviations.has(ENDPOINT_TYPE) {
            let api = rest::get(aws, id).await?;
            for other in api.iter().flat_map(endpoint_types).filter(|other| **other != EndpointType::Regional) {
                let path = format!("/endpointConfiguration/types/{}", other.as_str());
                changes.push(rest::replace(&path, EndpointType::Regional.as_str()));
            }
        }
        let request = || {
            let request = aws.apigateway().update_rest_api().rest_api_id(id);
            request.set_patch_operations(Some(changes.clone())).send()
        };
        aws.call("apigateway:UpdateRestApi", request).await?;
        rest::retag(aws, &apigateway::arn(aws, &format!("/restapis/{id}")), &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let request = || aws.apigateway().delete_rest_api().rest_api_id(&outputs.id).send();
        ignore_missing(aws.call("apigateway:DeleteRestApi", request).await)
    }
}

/// The name of the enforced endpoint type.
const ENDPOINT_TYPE: &str = "endpointConfiguration";

fn regional(spec: &Spec) -> EndpointConfiguration {
    let configuration = EndpointConfiguration::builder().types(EndpointType::Regional);
    configuration.ip_address_type(ip_address_type(spec.dual_stack)).build()
}

fn ip_address_type(dual_stack: bool) -> IpAddressType {
    if dual_stack { IpAddressType::Dualstack } else { IpAddressType::Ipv4 }
}

fn is_dual_stack(configuration: Option<&EndpointConfiguration>) -> bool {
    configuration.is_some_and(|held| held.ip_address_type == Some(IpAddressType::Dualstack))
}

fn endpoint_types(api: &GetRestApiOutput) -> &[EndpointType] {
    api.endpoint_configuration().map(EndpointConfiguration::types).unwrap_or_default()
}

/// All REST APIs of the region.
async fn apis(aws: &Regional) -> Result<Vec<AwsRestApi>, CallError> {
    pages(|next| async move {
        let request = || aws.apigateway().get_rest_apis().limit(rest::PAGE).set_position(next.clone()).send();
        let page = aws.call("apigateway:GetRestApis", request).await?;
        Ok((page.items, page.position))
    })
    .await
}

fn outputs(aws: &Regional, id: Option<String>, root: Option<String>) -> Result<Outputs, CallError> {
    let (id, root_resource_id) = (required(id, "an API's id")?, required(root, "the id of an API's root")?);
    let host = apigateway::host(aws, &id);
    Ok(Outputs { id, root_resource_id, endpoint: format!("https://{host}"), host })
}
