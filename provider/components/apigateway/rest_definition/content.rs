//! What AWS reports about the content of an API that was found without its document: enough to read back its
//! routes, authorizers and settings.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::types::{
    Authorizer, GatewayResponseType, Integration, IntegrationType, Method, ResponseTransferMode,
};
use serde::{Deserialize, Serialize};

use super::jwt::{self, FoundJwt, JWT};
use super::{live, policy};
use crate::aws::{CallError, Regional};

/// The content of an API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The methods.
    pub methods: Vec<FoundMethod>,
    /// The authorizers by name.
    pub authorizers: BTreeMap<String, FoundAuthorizer>,
    /// The media types that API Gateway treats as binary.
    pub binary_media_types: Vec<String>,
    /// The size in bytes from which API Gateway compresses responses.
    pub minimum_compression_bytes: Option<i64>,
    /// The resource policy as JSON. The ARNs in it are as in every region: `execute-api:/STAGE/METHOD/PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_json: Option<String>,
    /// How the API answers CORS preflight requests; `None` if it does not, or if its paths answer differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<FoundSharing>,
}

/// The answers to CORS preflight requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundSharing {
    /// The constant headers of the answer, by name.
    pub headers: BTreeMap<String, String>,
    /// The template that sets other headers.
    pub template: Option<String>,
    /// The headers of the errors of API Gateway, by name.
    pub error_headers: BTreeMap<String, String>,
}

/// A method of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundMethod {
    /// The path, such as `/items/{id}`.
    pub path: String,
    /// The HTTP method, or `ANY`.
    pub method: String,
    /// The ARN of the function that receives the requests; `None` when they go elsewhere.
    pub function_arn: Option<String>,
    /// How long API Gateway waits for the function, in milliseconds.
    pub timeout_ms: i64,
    /// Whether the response is streamed.
    pub streams: bool,
    /// Whether requests must be signed with AWS credentials.
    pub iam: bool,
    /// The name of the authorizer.
    pub authorizer: Option<String>,
    /// The scopes of which a token needs one.
    pub scopes: Vec<String>,
    /// Whether requests need an API key.
    pub api_key: bool,
}

/// An authorizer of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundAuthorizer {
    /// The type, as AWS spells it: `TOKEN`, `REQUEST`, `COGNITO_USER_POOLS`, `JWT`.
    pub kind: String,
    /// The ARN of the function that authorizes requests.
    pub function_arn: Option<String>,
    /// The parts of a request with the token or the identity.
    pub identity_sources: Vec<String>,
    /// A regular expression that a token must match.
    pub token_pattern: Option<String>,
    /// How long API Gateway caches a result, in seconds.
    pub ttl_seconds: Option<i64>,
    /// The ARNs of the user pools.
    pub user_pool_arns: Vec<String>,
    /// The issuer of the tokens and their audiences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt: Option<FoundJwt>,
}

/// The content of `api` as AWS reports it.
///
/// # Errors
/// A call that failed.
pub(super) async fn content(aws: &Regional, api: &GetRestApiOutput) -> Result<Content, CallError> {
    let id = api.id.as_deref().unwrap_or_default();
    let resources = live::resources(aws, id).await?;
    let methods = || resources.iter().flat_map(live::methods_of);
    let authorizers = match methods().any(|(_, _, method)| method.authorizer_id.is_some()) {
        true => live::authorizers(aws, id).await?,
        false => Vec::new(),
    };
    let name_of = |id: &str| {
        let one = authorizers.iter().find(|one| one.id() == Some(id));
        one.and_then(|one| one.name.clone())
    };
    let sharing = match preflight(methods()) {
        Some(answer) => Some(FoundSharing { error_headers: error_headers(aws, id).await?, ..answer }),
        None => None,
    };
    let policy = api.policy().filter(|policy| !policy.is_empty()).map(policy::reported);
    let found =
        methods().map(|(path, name, method)| found(path, name, method, method.authorizer_id().and_then(name_of)));
    let mut jwts = match authorizers.iter().any(|one| kind(one) == JWT) {
        true => jwt::settings(aws, id).await?,
        false => BTreeMap::new(),
    };
    let named = authorizers.iter().filter_map(|one| {
        let name = one.name.clone()?;
        let jwt = jwts.remove(&name);
        Some((name, FoundAuthorizer { jwt, ..authorizer(one) }))
    });
    Ok(Content {
        methods: found.collect(),
        authorizers: named.collect(),
        binary_media_types: api.binary_media_types().to_vec(),
        minimum_compression_bytes: api.minimum_compression_size.map(i64::from),
        policy_json: policy.map(|policy| policy::of_any_region(policy, id).to_string()),
        sharing,
    })
}

/// The answer of the methods OPTIONS that call nothing.
fn preflight<'a>(methods: impl Iterator<Item = (&'a str, &'a str, &'a Method)>) -> Option<FoundSharing> {
    let mocks = methods.filter(|(_, name, _)| *name == "OPTIONS").filter_map(|(_, _, method)| {
        let integration = method.method_integration()?;
        (integration.r#type() == Some(&IntegrationType::Mock)).then(|| answer(integration))
    });
    let answers: Vec<Option<FoundSharing>> = mocks.collect();
    let (first, others) = answers.split_first()?;
    first.clone().filter(|_| others.iter().all(|other| other == first))
}

fn answer(integration: &Integration) -> Option<FoundSharing> {
    let response = integration.integration_responses()?.values().next()?;
    Some(FoundSharing {
        headers: constants(response.response_parameters(), "method.response.header."),
        template: response
            .response_templates()
            .and_then(|templates| templates.values().find(|one| !one.is_empty()).cloned()),
        error_headers: BTreeMap::new(),
    })
}

/// The headers of the errors for which the API has no response of their own.
async fn error_headers(aws: &Regional, id: &str) -> Result<BTreeMap<String, String>, CallError> {
    let responses = live::gateway_responses(aws, id).await?;
    let general = responses.iter().find(|one| one.response_type() == Some(&GatewayResponseType::Default4Xx));
    let parameters = general.and_then(|general| general.response_parameters());
    Ok(constants(parameters, "gatewayresponse.header."))
}

/// The constant values of the headers with this prefix, by the names of the headers.
fn constants(parameters: Option<&HashMap<String, String>>, prefix: &str) -> BTreeMap<String, String> {
    let constant = |(name, value): (&String, &String)| {
        let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
        Some((name.strip_prefix(prefix)?.to_owned(), value.to_owned()))
    };
    parameters.into_iter().flatten().filter_map(constant).collect()
}

fn found(path: &str, name: &str, method: &Method, authorizer: Option<String>) -> FoundMethod {
    let integration = method.method_integration();
    let proxy = integration.filter(|one| one.r#type() == Some(&IntegrationType::AwsProxy));
    FoundMethod {
        path: path.to_owned(),
        method: name.to_owned(),
        function_arn: proxy.and_then(|one| function_in(one.uri()?)),
        timeout_ms: integration.map_or(0, |one| one.timeout_in_millis().into()),
        streams: integration.and_then(|one| one.response_transfer_mode()) == Some(&ResponseTransferMode::Stream),
        iam: method.authorization_type() == Some("AWS_IAM"),
        authorizer,
        scopes: method.authorization_scopes().to_vec(),
        api_key: method.api_key_required().unwrap_or_default(),
    }
}

fn authorizer(one: &Authorizer) -> FoundAuthorizer {
    let sources = one.identity_source().unwrap_or_default().split(',').map(|source| source.trim().to_owned());
    FoundAuthorizer {
        kind: kind(one).to_owned(),
        function_arn: one.authorizer_uri().and_then(function_in),
        identity_sources: sources.filter(|source| !source.is_empty()).collect(),
        token_pattern: one.identity_validation_expression.clone(),
        ttl_seconds: one.authorizer_result_ttl_in_seconds.map(i64::from),
        user_pool_arns: one.provider_arns().to_vec(),
        jwt: None,
    }
}

fn kind(one: &Authorizer) -> &str {
    one.r#type().map(|kind| kind.as_str()).unwrap_or_default()
}

/// The ARN of the function in the URI of an integration or an authorizer.
fn function_in(uri: &str) -> Option<String> {
    let (_, function) = uri.split_once("/functions/")?;
    let (function, _) = function.rsplit_once('/')?;
    Some(function.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_is_part_of_the_uri() {
        let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:a:live/invocations";
        assert_eq!(function_in(uri).as_deref(), Some("arn:aws:lambda:us-east-1:1:function:a:live"));
        assert_eq!(function_in("https://example.com/functions"), None);
    }
}
