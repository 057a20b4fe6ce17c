//! API Gateway HTTP API (v2) of one region.

use std::collections::BTreeSet;

use aws_sdk_apigatewayv2::operation::get_api::GetApiOutput;
use aws_sdk_apigatewayv2::types::{Api, Cors as AwsCors, IpAddressType, ProtocolType};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway::integration;
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required, respell, to_i32};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::tags;
use crate::components::{Component, Discovered, Found, Resolved, Siblings, Tags, apigateway, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `http_api`.
#[derive(Debug)]
pub struct HttpApi;

output_keys! {
    HttpApi {
        ID = id: String,
        ENDPOINT = endpoint: String,
        HOST = host: String,
    }
}

/// The desired settings of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name.
    pub name: String,
    /// Cross-origin resource sharing.
    pub cors: Option<Cors>,
    /// Whether the API is created with its default endpoint disabled. Later changes are made by
    /// [`ExecuteApiEndpoint`](crate::components::apigateway::execute_api_endpoint::ExecuteApiEndpoint).
    pub disable_execute_api_endpoint: bool,
    /// Whether clients reach it over IPv6, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dual_stack: bool,
    /// The tags, including the ownership tags.
    pub tags: Tags,
}

/// Cross-origin resource sharing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// Origins that may call the API.
    pub allow_origins: Vec<Input<String>>,
    /// Methods that they may use.
    pub allow_methods: Vec<Input<String>>,
    /// Headers that they may send.
    pub allow_headers: Vec<Input<String>>,
    /// Headers that they may read.
    pub expose_headers: Vec<Input<String>>,
    /// Whether cookies and credentials are sent.
    pub allow_credentials: bool,
    /// How long a browser may cache the preflight response, in seconds.
    pub max_age_seconds: Option<Input<i64>>,
}

/// What identifies an HTTP API in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id that AWS assigned.
    pub id: String,
    /// `https://ID.execute-api.REGION.amazonaws.com`, as AWS reports it.
    pub endpoint: String,
    /// The endpoint's host name, always in AWS's own form `ID.execute-api.REGION.amazonaws.com`.
    pub host: String,
}

impl Kind for HttpApi {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "http_api",
        about: "API Gateway HTTP API of one region.",
        id: "the id of the API",
        outputs: OUTPUTS,
        uncompared: &["disable_execute_api_endpoint"],
        rolled_out: &["cors"],
        actions: apigateway::TAGGED_ACTIONS,
        ..KindMeta::DEFAULT
    };
}

impl Component for HttpApi {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let mut foreign = None;
        for api in apis(aws).await?.into_iter().filter(|api| api.name.as_deref() == Some(&*spec.name)) {
            let tags = tags::reported(api.tags.clone().unwrap_or_default());
            match tags::judge::<Self>(aws, &tags, outputs(aws, &api)?, "") {
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
                name: required(api.name.clone(), "an API's name")?,
                cors: None,
                disable_execute_api_endpoint: false,
                dual_stack: api.ip_address_type == Some(IpAddressType::Dualstack),
                tags: tags::spec(tags),
            };
            let outputs = outputs(aws, &api)?;
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn users(aws: &Regional, outputs: &Outputs) -> Result<BTreeSet<String>, CallError> {
        integration::attached(aws, &outputs.id).await
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let cors = spec.cors.as_ref().map(to_aws).transpose()?;
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigatewayv2().create_api().name(&spec.name).protocol_type(ProtocolType::Http);
            let request = request
                .set_cors_configuration(cors.clone())
                .ip_address_type(ip_address_type(spec.dual_stack))
                .set_tags(Some(tags::plain(&spec.tags).into_iter().collect()));
            let answer = request.disable_execute_api_endpoint(spec.disable_execute_api_endpoint).send().await;
            answer.map(|created| {
                created.api_id.zip(created.api_endpoint).map(|(id, endpoint)| outputs_of(aws, id, endpoint))
            })
        };
        create_or_adopt(aws, "apigateway:CreateApi", Repeated::CreatesAnother, look, send).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(api) = get(aws, &outputs.id).await? else { return Ok(None) };
        let reported = Spec {
            name: required(api.name, "an API's name")?,
            cors: api.cors_configuration.map(|cors| from_aws(cors, spec.cors.as_ref())),
            disable_execute_api_endpoint: api.disable_execute_api_endpoint.unwrap_or_default(),
            dual_stack: api.ip_address_type == Some(IpAddressType::Dualstack),
            tags: tags::spec(tags::reported(api.tags.unwrap_or_default())),
        };
        let endpoint = required(api.api_endpoint, "an API's endpoint")?;
        Ok(Some((reported, outputs_of(aws, outputs.id.clone(), endpoint))))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let id = &outputs.id;
        if from.cors.is_some() && to.cors.is_none() {
            // An update replaces the configuration but cannot remove it.
            let request = || aws.apigatewayv2().delete_cors_configuration().api_id(id).send();
            ignore_missing(aws.call("apigateway:DeleteCorsConfiguration", request).await)?;
        }
        let cors = to.cors.as_ref().map(to_aws).transpose()?;
        let request = || {
            let request = aws.apigatewayv2().update_api().api_id(id).name(&to.name);
            let changed = Some(ip_address_type(to.dual_stack)).filter(|_| from.dual_stack != to.dual_stack);
            request.set_cors_configuration(cors.clone()).set_ip_address_type(changed).send()
        };
        aws.call("apigateway:UpdateApi", request).await?;
        apigateway::retag(aws, &apigateway::arn(aws, &format!("/apis/{id}")), &from.tags, &to.tags).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let request = || aws.apigatewayv2().delete_api().api_id(&outputs.id).send();
        ignore_missing(aws.call("apigateway:DeleteApi", request).await)
    }
}

/// The API; `None` when there is none with this id.
pub(crate) async fn get(aws: &Regional, id: &str) -> Result<Option<GetApiOutput>, CallError> {
    let ask = || async {
        let request = || aws.apigatewayv2().get_api().api_id(id).send();
        none_if_missing(aws.call("apigateway:GetApi", request).await)
    };
    aws.read_once(&format!("apigateway:GetApi of {id}"), ask).await
}

/// What identifies the API with this id; `None` when there is none.
pub(crate) async fn located(aws: &Regional, id: &str) -> Result<Option<Outputs>, CallError> {
    let Some(api) = get(aws, id).await? else { return Ok(None) };
    Ok(Some(outputs_of(aws, id.to_owned(), required(api.api_endpoint, "an API's endpoint")?)))
}

/// The type of addresses in API Gateway's form.
pub(super) fn ip_address_type(dual_stack: bool) -> IpAddressType {
    if dual_stack { IpAddressType::Dualstack } else { IpAddressType::Ipv4 }
}

/// All HTTP and WebSocket APIs of the region.
async fn apis(aws: &Regional) -> Result<Vec<Api>, CallError> {
    pages(|next| async move {
        let request = || aws.apigatewayv2().get_apis().max_results("100").set_next_token(next.clone()).send();
        let page = aws.call("apigateway:GetApis", request).await?;
        Ok((page.items, page.next_token))
    })
    .await
}

fn outputs(aws: &Regional, api: &Api) -> Result<Outputs, CallError> {
    let id = required(api.api_id.clone(), "an API's id")?;
    Ok(outputs_of(aws, id, required(api.api_endpoint.clone(), "an API's endpoint")?))
}

fn outputs_of(aws: &Regional, id: String, endpoint: String) -> Outputs {
    let host = apigateway::host(aws, &id);
    Outputs { id, endpoint, host }
}

fn to_aws(cors: &Cors) -> Result<AwsCors, CallError> {
    let list = |values: &[Input<String>]| {
        Some(values.iter().map(|value| value.get().clone()).collect::<Vec<_>>()).filter(|values| !values.is_empty())
    };
    let max_age = cors.max_age_seconds.as_ref().map(|seconds| to_i32(*seconds.get())).transpose()?;
    Ok(AwsCors::builder()
        .set_allow_origins(list(&cors.allow_origins))
        .set_allow_methods(list(&cors.allow_methods))
        .set_allow_headers(list(&cors.allow_headers))
        .set_expose_headers(list(&cors.expose_headers))
        .allow_credentials(cors.allow_credentials)
        .set_max_age(max_age)
        .build())
}

fn from_aws(cors: AwsCors, ours: Option<&Cors>) -> Cors {
    let list = |reported: Option<Vec<String>>, ours: Option<&Vec<Input<String>>>| {
        respell(&reported.unwrap_or_default(), ours.map_or(&[], Vec::as_slice))
    };
    // AWS reports 0 when no maximum age was set.
    let is_unset = ours.is_none_or(|ours| ours.max_age_seconds.is_none());
    let max_age = cors.max_age.filter(|seconds| *seconds != 0 || !is_unset);
    Cors {
        allow_origins: list(cors.allow_origins, ours.map(|ours| &ours.allow_origins)),
        allow_methods: list(cors.allow_methods, ours.map(|ours| &ours.allow_methods)),
        allow_headers: list(cors.allow_headers, ours.map(|ours| &ours.allow_headers)),
        expose_headers: list(cors.expose_headers, ours.map(|ours| &ours.expose_headers)),
        allow_credentials: cors.allow_credentials.unwrap_or_default(),
        max_age_seconds: max_age.map(|seconds| Input::Known(i64::from(seconds))),
    }
}
