//! Integration of an HTTP API: invokes the function's alias.

use aws_sdk_apigatewayv2::types::{Integration as AwsIntegration, IntegrationType};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required, to_i32};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, apigateway, output_keys};
use crate::desired::{Address, Input, Kind, KindMeta};

/// The kind `integration`.
#[derive(Debug)]
pub struct Integration;

output_keys! {
    Integration {
        ID = id: String,
    }
}

/// The desired settings of an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// The ARN of the alias that is invoked.
    pub function_arn: Input<String>,
    /// The timeout of an invocation, in milliseconds.
    pub timeout_ms: Input<i64>,
    /// The version of the format of events and responses.
    #[serde(default = "default_payload_format", skip_serializing_if = "is_default_payload_format")]
    pub payload_format: String,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
}

/// What identifies an integration in AWS.
pub type Outputs = apigateway::PartOfApi;

impl Kind for Integration {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "integration",
        about: "Integration of an HTTP API, which invokes the function's alias.",
        id: "the id of the integration",
        outputs: OUTPUTS,
        immutable: &["api_id"],
        actions: apigateway::ACTIONS,
        ..KindMeta::DEFAULT
    };
}

impl Component for Integration {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(api_id) = spec.api_id.known() else { return Ok(None) };
        let mark = aws.address().to_string();
        let own =
            own(aws, api_id).await?.into_iter().find(|integration| integration.description.as_ref() == Some(&mark));
        let id = own.and_then(|integration| integration.integration_id);
        Ok(id.map(|id| Found::Ours(Outputs { api_id: api_id.clone(), id })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let Some(api) = apigateway::api(aws, siblings) else { return Ok(Vec::new()) };
        let mut discovered = Vec::new();
        for integration in own(aws, &api.id).await? {
            let Some(address) = address_of(&integration) else { continue };
            let spec = reported(&address, &api.id, &integration);
            let id = required(integration.integration_id, "an integration's id")?;
            let outputs = Outputs { api_id: api.id.clone(), id };
            discovered.push(Discovered { key: address.key, spec, outputs });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let (api_id, timeout) = (spec.api_id.get(), to_i32(*spec.timeout_ms.get())?);
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigatewayv2().create_integration().api_id(api_id);
            let request = request.integration_type(IntegrationType::AwsProxy).integration_method(METHOD);
            let request = request.integration_uri(spec.function_arn.get()).payload_format_version(&spec.payload_format);
            let answer = request.timeout_in_millis(timeout).description(aws.address().to_string()).send().await;
            answer.map(|created| Some(Outputs { api_id: api_id.clone(), id: created.integration_id? }))
        };
        create_or_adopt(aws, "apigateway:CreateIntegration", Repeated::CreatesAnother, look, send).await
    }

    async fn read(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let (api, id) = (&outputs.api_id, &outputs.id);
        let request = || aws.apigatewayv2().get_integration().api_id(api).integration_id(id).send();
        let Some(answer) = none_if_missing(aws.call("apigateway:GetIntegration", request).await)? else {
            return Ok(None);
        };
        let integration = AwsIntegration::builder()
            .set_integration_type(answer.integration_type)
            .set_integration_method(answer.integration_method)
            .set_integration_uri(answer.integration_uri)
            .set_payload_format_version(answer.payload_format_version)
            .set_timeout_in_millis(answer.timeout_in_millis)
            .set_description(answer.description)
            .build();
        Ok(Some((reported(aws.address(), api, &integration), outputs.clone())))
    }

    async fn update(
        aws: &Regional,
        outputs: &Outputs,
        _from: &Spec,
        to: &Resolved<Spec>,
    ) -> Result<Outputs, CallError> {
        let timeout = to_i32(*to.timeout_ms.get())?;
        let request = || {
            let request = aws.apigatewayv2().update_integration().api_id(&outputs.api_id).integration_id(&outputs.id);
            let request = request.integration_type(IntegrationType::AwsProxy).integration_method(METHOD);
            let request = request.integration_uri(to.function_arn.get()).payload_format_version(&to.payload_format);
            request.timeout_in_millis(timeout).description(aws.address().to_string()).send()
        };
        aws.call("apigateway:UpdateIntegration", request).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let (api, id) = (&outputs.api_id, &outputs.id);
        let request = || aws.apigatewayv2().delete_integration().api_id(api).integration_id(id).send();
        ignore_missing(aws.call("apigateway:DeleteIntegration", request).await)
    }
}

/// The HTTP method of an invocation, for requests of every method.
const METHOD: &str = "POST";
/// The payload format that a spec without one has.
const PAYLOAD_FORMAT: &str = "2.0";
/// The timeout of an integration that sets none.
const DEFAULT_TIMEOUT_MS: i64 = 30_000;

fn default_payload_format() -> String {
    PAYLOAD_FORMAT.to_owned()
}

fn is_default_payload_format(format: &str) -> bool {
    format == PAYLOAD_FORMAT
}

/// The address in an integration's description. The description marks the integration as ours, because an integration takes
/// no tags.
fn address_of(integration: &AwsIntegration) -> Option<Address> {
    let address: Address = integration.description.as_deref()?.parse().ok()?;
    (address.kind == Integration::KIND).then_some(address)
}

/// The integrations of our API that carry an address of this region.
async fn own(aws: &Regional, api_id: &str) -> Result<Vec<AwsIntegration>, CallError> {
    let mut integrations = pages(|next| async move {
        let request = || aws.apigatewayv2().get_integrations().api_id(api_id).set_next_token(next.clone()).send();
        let page = none_if_missing(aws.call("apigateway:GetIntegrations", request).await)?;
        Ok(page.map(|page| (page.items, page.next_token)).unwrap_or_default())
    })
    .await?;
    let is_ours = |address: Address| address.scope == aws.address().scope;
    integrations.retain(|integration| address_of(integration).is_some_and(is_ours));
    Ok(integrations)
}

fn reported(address: &Address, api_id: &str, integration: &AwsIntegration) -> Spec {
    let deviations = Deviations::default()
        .record_unless("integrationType", integration.integration_type == Some(IntegrationType::AwsProxy))
        .record_unless("integrationMethod", integration.integration_method.as_deref() == Some(METHOD))
        .record_unless("description", integration.description == Some(address.to_string()));
    Spec {
        deviations,
        api_id: Input::from(api_id),
        function_arn: Input::Known(integration.integration_uri.clone().unwrap_or_default()),
        timeout_ms: Input::Known(integration.timeout_in_millis.map_or(DEFAULT_TIMEOUT_MS, i64::from)),
        payload_format: integration.payload_format_version.clone().unwrap_or_default(),
    }
}
