//! What AWS reports about the parts of an API.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::types::{Authorizer, GatewayResponse, Integration, Method, Resource};
use serde_json::{Value as Json, json};

use super::expected::{self, API, AUTHORIZER, VALIDATOR};
use super::{Facts, Settings, policy};
use crate::aws::{CallError, Regional};
use crate::components::apigateway::rest;
use crate::components::support::answer::{none_if_missing, pages};

/// The parts of the API as AWS reports them. Lists that cannot differ from what is expected are not requested.
pub(super) async fn facts(aws: &Regional, api: &GetRestApiOutput, expected: &Facts) -> Result<Facts, CallError> {
    let id = api.id.as_deref().unwrap_or_default();
    let resources = resources(aws, id).await?;
    let methods = || resources.iter().flat_map(methods_of);
    let mut facts = Facts::from([(API.to_owned(), api_settings(api))]);
    let names = match methods().any(|(_, _, method)| method.authorizer_id.is_some()) {
        true => add_authorizers(aws, id, expected, &mut facts).await?,
        false => BTreeMap::new(),
    };
    let validators = match methods().any(|(_, _, method)| method.request_validator_id.is_some()) {
        true => validators(aws, id).await?,
        false => BTreeMap::new(),
    };
    for (path, name, method) in methods() {
        let mut settings = method_settings(method);
        let named = |id: Option<&str>, names: &BTreeMap<String, String>| {
            id.map_or(Json::Null, |id| names.get(id).map_or_else(|| id.into(), |name| name.as_str().into()))
        };
        settings.insert(AUTHORIZER, named(method.authorizer_id(), &names));
        settings.insert(VALIDATOR, named(method.request_validator_id(), &validators));
        facts.insert(expected::method(name, path), settings);
    }
    if expected.keys().any(|part| part.starts_with(&expected::gateway_response(""))) {
        add_gateway_responses(aws, id, &mut facts).await?;
    }
    Ok(facts)
}

/// The resources of the API with their methods.
pub(super) async fn resources(aws: &Regional, id: &str) -> Result<Vec<Resource>, CallError> {
    pages(|next| async move {
        let request = || {
            let request = aws.apigateway().get_resources().rest_api_id(id).embed("methods").limit(rest::PAGE);
            request.set_position(next.clone()).send()
        };
        let page = none_if_missing(aws.call("apigateway:GetResources", request).await)?;
        Ok(page.map(|page| (page.items, page.position)).unwrap_or_default())
    })
    .await
}

pub(super) fn methods_of(resource: &Resource) -> impl Iterator<Item = (&str, &str, &Method)> {
    let path = resource.path().unwrap_or_default();
    let methods = resource.resource_methods().into_iter().flatten();
    methods.map(move |(name, method)| (path, name.as_str(), method))
}

fn api_settings(api: &GetRestApiOutput) -> Settings {
    let source = api.api_key_source().map_or("HEADER", |source| source.as_str());
    let policy = api.policy().filter(|policy| !policy.is_empty());
    Settings::from([
        ("binaryMediaTypes", expected::sorted(api.binary_media_types().to_vec())),
        ("minimumCompressionSize", json!(api.minimum_compression_size())),
        ("apiKeySource", source.into()),
        ("policy", policy.map_or(Json::Null, |policy| policy::canonical(&policy::reported(policy)))),
    ])
}

fn method_settings(method: &Method) -> Settings {
    let mut settings = method.method_integration().map(integration_settings).unwrap_or_default();
    settings.insert("authorizationType", method.authorization_type().unwrap_or("NONE").into());
    settings.insert("apiKeyRequired", method.api_key_required().unwrap_or_default().into());
    settings
}

fn integration_settings(integration: &Integration) -> Settings {
    let upper = |text: Option<&str>| json!(text.map(str::to_uppercase));
    Settings::from([
        ("type", upper(integration.r#type().map(|kind| kind.as_str()))),
        ("httpMethod", upper(integration.http_method())),
        ("uri", json!(integration.uri())),
        ("credentials", json!(integration.credentials())),
        ("connectionType", upper(integration.connection_type().map(|kind| kind.as_str()))),
        ("connectionId", json!(integration.connection_id())),
        ("contentHandling", upper(integration.content_handling().map(|kind| kind.as_str()))),
        ("passthroughBehavior", upper(integration.passthrough_behavior())),
        ("responseTransferMode", upper(integration.response_transfer_mode().map(|mode| mode.as_str()))),
        ("timeoutInMillis", json!(integration.timeout_in_millis())),
    ])
}

/// Adds the expected authorizers, and returns the names of all by id.
async fn add_authorizers(
    aws: &Regional,
    id: &str,
    expected: &Facts,
    facts: &mut Facts,
) -> Result<BTreeMap<String, String>, CallError> {
    let mut names = BTreeMap::new();
    for authorizer in authorizers(aws, id).await? {
        let (Some(id), Some(name)) = (&authorizer.id, &authorizer.name) else { continue };
        names.insert(id.clone(), name.clone());
        let part = expected::authorizer(name);
        if expected.contains_key(&part) {
            facts.insert(part, authorizer_settings(&authorizer));
        }
    }
    Ok(names)
}

/// The authorizers of the API.
pub(super) async fn authorizers(aws: &Regional, id: &str) -> Result<Vec<Authorizer>, CallError> {
    pages(|next| async move {
        let request = || {
            let request = aws.apigateway().get_authorizers().rest_api_id(id).limit(rest::PAGE);
            request.set_position(next.clone()).send()
        };
        let page = none_if_missing(aws.call("apigateway:GetAuthorizers", request).await)?;
        Ok(page.map(|page| (page.items, page.position)).unwrap_or_default())
    })
    .await
}

fn authorizer_settings(authorizer: &Authorizer) -> Settings {
    Settings::from([
        ("type", json!(authorizer.r#type().map(|kind| kind.as_str()))),
        ("authorizerUri", json!(authorizer.authorizer_uri())),
        ("authorizerCredentials", json!(authorizer.authorizer_credentials())),
        ("identityValidationExpression", json!(authorizer.identity_validation_expression())),
        ("identitySource", authorizer.identity_source().map_or(Json::Null, expected::identity_source)),
        ("authorizerResultTtlInSeconds", json!(authorizer.authorizer_result_ttl_in_seconds())),
        ("providerARNs", expected::sorted(authorizer.provider_arns().to_vec())),
    ])
}

/// The names of the request validators by id.
async fn validators(aws: &Regional, id: &str) -> Result<BTreeMap<String, String>, CallError> {
    let validators = pages(|next| async move {
        let request = || {
            let request = aws.apigateway().get_request_validators().rest_api_id(id).limit(rest::PAGE);
            request.set_position(next.clone()).send()
        };
        let page = none_if_missing(aws.call("apigateway:GetRequestValidators", request).await)?;
        Ok(page.map(|page| (page.items, page.position)).unwrap_or_default())
    })
    .await?;
    Ok(validators.into_iter().filter_map(|validator| Some((validator.id?, validator.name?))).collect())
}

/// The gateway responses of the API, one of each type.
pub(super) async fn gateway_responses(aws: &Regional, id: &str) -> Result<Vec<GatewayResponse>, CallError> {
    let request = || aws.apigateway().get_gateway_responses().rest_api_id(id).limit(rest::PAGE).send();
    let responses = none_if_missing(aws.call("apigateway:GetGatewayResponses", request).await)?;
    Ok(responses.and_then(|page| page.items).unwrap_or_default())
}

/// Adds the gateway responses that were customized.
async fn add_gateway_responses(aws: &Regional, id: &str, facts: &mut Facts) -> Result<(), CallError> {
    let responses = gateway_responses(aws, id).await?;
    for response in responses.iter().filter(|response| !response.default_response) {
        let Some(kind) = response.response_type() else { continue };
        let values = |map: Option<&HashMap<String, String>>| {
            let values: BTreeMap<&String, &String> = map.into_iter().flatten().collect();
            json!(values)
        };
        let settings = Settings::from([
            ("statusCode", json!(response.status_code())),
            ("responseParameters", values(response.response_parameters())),
            ("responseTemplates", values(response.response_templates())),
        ]);
        facts.insert(expected::gateway_response(kind.as_str()), settings);
    }
    Ok(())
}
