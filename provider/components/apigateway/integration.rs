//! Integration of an HTTP API: invokes the function's alias.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigatewayv2::types::{Integration as AwsIntegration, IntegrationType};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Identity, Regional};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required, to_i32};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::support::tags;
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings, apigateway, output_keys};
use crate::components::{OWNER_ID_TAG, OWNER_TAG};
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
    /// Whether the API belongs to another resource.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_foreign_api: bool,
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
        immutable: &["api_id", "in_foreign_api"],
        rolled_out: &["function_arn", "timeout_ms", "payload_format"],
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
        let is_ours = |mark: &Mark| mark.address == *aws.address() && mark.is_ours(aws, spec.in_foreign_api);
        let own = all(aws, api_id).await?.into_iter().find(|one| Mark::of(one).is_some_and(|mark| is_ours(&mark)));
        let id = own.and_then(|integration| integration.integration_id);
        Ok(id.map(|id| Found::Ours(Outputs { api_id: api_id.clone(), id })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut discovered = Vec::new();
        for (api_id, in_foreign_api) in apigateway::apis(aws, siblings).await? {
            for integration in all(aws, &api_id).await? {
                let mark = Mark::of(&integration).filter(|mark| mark.address.scope == aws.address().scope);
                let Some(mark) = mark.filter(|mark| mark.is_ours(aws, in_foreign_api)) else { continue };
                let spec = reported(&mark, &api_id, in_foreign_api, &integration);
                let id = required(integration.integration_id, "an integration's id")?;
                let outputs = Outputs { api_id: api_id.clone(), id };
                discovered.push(Discovered { key: mark.address.key, spec, outputs });
            }
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let (api_id, timeout) = (spec.api_id.get(), to_i32(*spec.timeout_ms.get())?);
        let mark = Mark::ours(aws, spec.in_foreign_api).to_string();
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigatewayv2().create_integration().api_id(api_id);
            let request = request.integration_type(IntegrationType::AwsProxy).integration_method(METHOD);
            let request = request.integration_uri(spec.function_arn.get()).payload_format_version(&spec.payload_format);
            let answer = request.timeout_in_millis(timeout).description(&mark).send().await;
            answer.map(|created| Some(Outputs { api_id: api_id.clone(), id: created.integration_id? }))
        };
        create_or_adopt(aws, "apigateway:CreateIntegration", Repeated::CreatesAnother, look, send).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
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
        let mark = Mark::ours(aws, spec.in_foreign_api);
        Ok(Some((reported(&mark, api, spec.in_foreign_api, &integration), outputs.clone())))
    }

    async fn update(
        aws: &Regional,
        outputs: &Outputs,
        _from: &Spec,
        to: &Resolved<Spec>,
    ) -> Result<Outputs, CallError> {
        let timeout = to_i32(*to.timeout_ms.get())?;
        let mark = Mark::ours(aws, to.in_foreign_api).to_string();
        let request = || {
            let request = aws.apigatewayv2().update_integration().api_id(&outputs.api_id).integration_id(&outputs.id);
            let request = request.integration_type(IntegrationType::AwsProxy).integration_method(METHOD);
            let request = request.integration_uri(to.function_arn.get()).payload_format_version(&to.payload_format);
            request.timeout_in_millis(timeout).description(&mark).send()
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

/// What the description of an integration says of its owner. An integration takes no tags.
///
/// An integration of the API's own resource names its address: `us-east-1/integration/orders`. One that another resource added
/// to the API also names that resource: `us-east-1/integration multiregion_function/orders us-east-1/9f2c41d07ab35e18`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    address: Address,
    /// The resource that added the integration to an API of another resource, and its owner id.
    owner: Option<(String, String)>,
}

impl Mark {
    /// The mark of the component of `aws`.
    fn ours(aws: &Regional, in_foreign_api: bool) -> Self {
        let owner_id = match aws.identity() {
            Identity::Exactly(owner_id) => owner_id.to_string(),
            Identity::Unknown | Identity::Any => String::new(),
        };
        let owner = in_foreign_api.then(|| (aws.owner().to_string(), owner_id));
        Self { address: aws.address().clone(), owner }
    }

    /// The mark of an integration; `None` when its description has another form.
    fn of(integration: &AwsIntegration) -> Option<Self> {
        let mut words = integration.description.as_deref()?.split_whitespace();
        // The key of the address, the name of a function, has no spaces.
        let address: Address = words.next()?.parse().ok()?;
        let owner = match (words.next(), words.next(), words.next()) {
            (None, ..) => None,
            (Some(owner), Some(owner_id), None) => Some((owner.to_owned(), owner_id.to_owned())),
            _ => return None,
        };
        (address.kind == Integration::KIND).then_some(Self { address, owner })
    }

    /// Whether the integration belongs to the owner of `aws`.
    fn is_ours(&self, aws: &Regional, in_foreign_api: bool) -> bool {
        match &self.owner {
            None => !in_foreign_api,
            Some(_) => tags::belongs_to_owner(aws, &self.tags()),
        }
    }

    /// The ownership tags that an object of this owner would have.
    fn tags(&self) -> BTreeMap<String, String> {
        let owner = self.owner.iter().flat_map(|(owner, owner_id)| [(OWNER_TAG, owner), (OWNER_ID_TAG, owner_id)]);
        owner.map(|(key, value)| (key.to_owned(), value.clone())).collect()
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.address)?;
        self.owner.as_ref().map_or(Ok(()), |(owner, owner_id)| write!(f, " {owner} {owner_id}"))
    }
}

/// All integrations of an API; none when the API does not exist.
async fn all(aws: &Regional, api_id: &str) -> Result<Vec<AwsIntegration>, CallError> {
    pages(|next| async move {
        let request = || aws.apigatewayv2().get_integrations().api_id(api_id).set_next_token(next.clone()).send();
        let page = none_if_missing(aws.call("apigateway:GetIntegrations", request).await)?;
        Ok(page.map(|page| (page.items, page.next_token)).unwrap_or_default())
    })
    .await
}

/// The owner of an integration of an API, if it is another one than that of `aws`, for a message.
///
/// # Errors
/// The call that lists the integrations.
pub(crate) async fn stranger(
    aws: &Regional,
    api_id: &str,
    integration_id: &str,
    in_foreign_api: bool,
) -> Result<Option<String>, CallError> {
    let all = all(aws, api_id).await?;
    let integration = all.iter().find(|integration| integration.integration_id.as_deref() == Some(integration_id));
    Ok(match integration.and_then(Mark::of) {
        Some(mark) if mark.is_ours(aws, in_foreign_api) => None,
        Some(mark) if mark.owner.is_some() => Some(tags::whose(aws, &mark.tags(), "")),
        _ => in_foreign_api.then(|| "it belongs to the API itself".to_owned()),
    })
}

/// The resources that have added functions to an API.
///
/// # Errors
/// The call that lists the integrations.
pub(crate) async fn attached(aws: &Regional, api_id: &str) -> Result<BTreeSet<String>, CallError> {
    let owner = |integration: &AwsIntegration| Mark::of(integration)?.owner.map(|(owner, _)| owner);
    Ok(all(aws, api_id).await?.iter().filter_map(owner).collect())
}

fn reported(mark: &Mark, api_id: &str, in_foreign_api: bool, integration: &AwsIntegration) -> Spec {
    let deviations = Deviations::default()
        .record_unless("integrationType", integration.integration_type == Some(IntegrationType::AwsProxy))
        .record_unless("integrationMethod", integration.integration_method.as_deref() == Some(METHOD))
        .record_unless("description", integration.description == Some(mark.to_string()));
    Spec {
        deviations,
        api_id: Input::from(api_id),
        function_arn: Input::Known(integration.integration_uri.clone().unwrap_or_default()),
        timeout_ms: Input::Known(integration.timeout_in_millis.map_or(DEFAULT_TIMEOUT_MS, i64::from)),
        payload_format: integration.payload_format_version.clone().unwrap_or_default(),
        in_foreign_api,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(description: &str) -> Option<Mark> {
        Mark::of(&AwsIntegration::builder().description(description).build())
    }

    #[test]
    fn a_mark_names_the_address_and_another_owner() {
        let own = mark("us-east-1/integration/orders").unwrap();
        assert_eq!((own.to_string().as_str(), &own.owner), ("us-east-1/integration/orders", &None));
        let text = "us-east-1/integration multiregion_function/orders us-east-1/9f2c41d07ab35e18";
        let attached = mark(text).unwrap();
        assert_eq!(attached.to_string(), text);
        assert_eq!(attached.owner.unwrap().0, "multiregion_function/orders");
        for other in ["", "my integration", "us-east-1/route", "us-east-1/integration multiregion_function/orders"] {
            assert_eq!(mark(other), None, "{other}");
        }
    }
}
