//! Authorizer of an HTTP API: accepts or refuses the requests for the routes that use it.

use aws_sdk_apigatewayv2::types::{Authorizer as AwsAuthorizer, AuthorizerType, JwtConfiguration};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway;
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required, respell, to_i32};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::{Component, Discovered, Found, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `authorizer`.
#[derive(Debug)]
pub struct Authorizer;

output_keys! {
    Authorizer {
        ID = id: String,
    }
}

/// The desired settings of an authorizer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// The name in the configuration. In AWS, the name of the kind follows, so that an authorizer of another kind can be
    /// created before this one is deleted.
    pub name: String,
    /// The name of the kind: [`JWT`] or [`REQUEST`].
    pub kind: String,
    /// The parts of a request with the token or the identity, such as `$request.header.Authorization`.
    pub identity_sources: Vec<Input<String>>,
    /// The issuer, for [`JWT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt: Option<Jwt>,
    /// The function, for [`REQUEST`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda: Option<Lambda>,
}

/// The issuer of JSON Web Tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwt {
    /// The URL of the issuer.
    pub issuer: Input<String>,
    /// The audiences of which a token needs one.
    pub audiences: Vec<Input<String>>,
}

/// The function that authorizes requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lambda {
    /// The ARN of the function or of its alias.
    pub function_arn: Input<String>,
    /// The version of the format of events and responses.
    pub payload_format: String,
    /// Whether the function returns a Boolean instead of an IAM policy.
    pub simple_responses: bool,
    /// How long API Gateway caches a result, in seconds; 0 disables caching.
    pub ttl_seconds: Input<i64>,
    /// The ARN of the role with which API Gateway calls the function, instead of a permission of the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<Input<String>>,
}

/// The kind of an authorizer of JSON Web Tokens.
pub const JWT: &str = "jwt";
/// The kind of an authorizer that calls a function.
pub const REQUEST: &str = "request";

/// What identifies an authorizer in AWS.
pub type Outputs = apigateway::PartOfApi;

impl Kind for Authorizer {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "authorizer",
        about: "Authorizer of an HTTP API, which accepts or refuses the requests for the routes that use it.",
        id: "the id of the authorizer",
        outputs: OUTPUTS,
        immutable: &["api_id", "kind"],
        rolled_out: &["identity_sources", "jwt", "lambda"],
        actions: apigateway::ACTIONS,
        ..KindMeta::DEFAULT
    };
}

impl Component for Authorizer {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(api_id) = spec.api_id.known() else { return Ok(None) };
        // The API is ours.
        let own = name_in_aws(spec);
        let found = all(aws, api_id).await?.into_iter().find(|one| one.name.as_deref() == Some(&*own));
        let id = found.and_then(|authorizer| authorizer.authorizer_id);
        Ok(id.map(|id| Found::Ours(Outputs { api_id: api_id.clone(), id })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let Some(api) = apigateway::api(aws, siblings) else { return Ok(Vec::new()) };
        let mut discovered = Vec::new();
        for authorizer in all(aws, &api.id).await? {
            // The provider creates no authorizer with a name of another form.
            let Some((name, kind)) = parsed_name(authorizer.name.as_deref().unwrap_or_default()) else { continue };
            let (name, kind) = (name.to_owned(), kind.to_owned());
            let id = required(authorizer.authorizer_id.clone(), "an authorizer's id")?;
            let spec = reported(&api.id, (&name, &kind), &authorizer, None);
            discovered.push(Discovered { key: Some(name), spec, outputs: Outputs { api_id: api.id.clone(), id } });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let api_id = spec.api_id.get();
        let parts = Parts::of(aws, spec)?;
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigatewayv2().create_authorizer().api_id(api_id).name(name_in_aws(spec));
            let request = request.authorizer_type(parts.kind.clone()).set_identity_source(Some(parts.sources.clone()));
            let request = request.set_jwt_configuration(parts.jwt.clone()).set_authorizer_uri(parts.uri.clone());
            let request = request.set_authorizer_payload_format_version(parts.payload_format.clone());
            let request = request.set_enable_simple_responses(parts.simple_responses);
            let request = request.set_authorizer_result_ttl_in_seconds(parts.ttl_seconds);
            let answer = request.set_authorizer_credentials_arn(parts.role_arn.clone()).send().await;
            answer.map(|created| Some(Outputs { api_id: api_id.clone(), id: created.authorizer_id? }))
        };
        create_or_adopt(aws, "apigateway:CreateAuthorizer", Repeated::IsRefused, look, send).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(authorizer) = of_id(aws, outputs).await? else { return Ok(None) };
        let named = parsed_name(authorizer.name.as_deref().unwrap_or_default());
        let (name, _) = named.unwrap_or((authorizer.name.as_deref().unwrap_or_default(), ""));
        let kind = kind_of(authorizer.authorizer_type.as_ref());
        let reported = reported(&outputs.api_id, (name, kind), &authorizer, Some(spec));
        Ok(Some((reported, outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let parts = Parts::of(aws, to)?;
        let request = || {
            let request = aws.apigatewayv2().update_authorizer().api_id(&outputs.api_id).authorizer_id(&outputs.id);
            let request = request.name(name_in_aws(to)).authorizer_type(parts.kind.clone());
            let request = request.set_identity_source(Some(parts.sources.clone()));
            let request = request.set_jwt_configuration(parts.jwt.clone()).set_authorizer_uri(parts.uri.clone());
            let request = request.set_authorizer_payload_format_version(parts.payload_format.clone());
            // The format 1.0 requires that an earlier setting is removed.
            let was_simple = from.lambda.as_ref().is_some_and(|lambda| lambda.simple_responses);
            let request = request.set_enable_simple_responses(parts.simple_responses.or(was_simple.then_some(false)));
            let request = request.set_authorizer_result_ttl_in_seconds(parts.ttl_seconds);
            // An empty ARN removes the role.
            let had_role = from.lambda.as_ref().is_some_and(|lambda| lambda.role_arn.is_some());
            let role = parts.role_arn.clone().or_else(|| had_role.then(String::new));
            request.set_authorizer_credentials_arn(role).send()
        };
        aws.call("apigateway:UpdateAuthorizer", request).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let (api, id) = (&outputs.api_id, &outputs.id);
        let request = || aws.apigatewayv2().delete_authorizer().api_id(api).authorizer_id(id).send();
        ignore_missing(aws.call("apigateway:DeleteAuthorizer", request).await)
    }
}

/// The payload format of an authorizer that sets none.
pub const PAYLOAD_FORMAT: &str = "2.0";
/// How long API Gateway caches a result by default, in seconds.
const DEFAULT_TTL_SECONDS: i64 = 300;

/// The name of an authorizer in AWS: `users-jwt`.
fn name_in_aws(spec: &Spec) -> String {
    format!("{}-{}", spec.name, spec.kind)
}

/// The name and the kind in a name that [`name_in_aws`] made.
fn parsed_name(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once('-').filter(|(name, kind)| !name.is_empty() && [JWT, REQUEST].contains(kind))
}

fn kind_of(kind: Option<&AuthorizerType>) -> &'static str {
    if kind == Some(&AuthorizerType::Jwt) { JWT } else { REQUEST }
}

/// The parts of a request that creates or updates an authorizer.
struct Parts {
    kind: AuthorizerType,
    sources: Vec<String>,
    jwt: Option<JwtConfiguration>,
    uri: Option<String>,
    payload_format: Option<String>,
    simple_responses: Option<bool>,
    ttl_seconds: Option<i32>,
    role_arn: Option<String>,
}

impl Parts {
    fn of(aws: &Regional, spec: &Resolved<Spec>) -> Result<Self, CallError> {
        let texts = |inputs: &[Input<String>]| inputs.iter().map(|input| input.get().clone()).collect::<Vec<_>>();
        let jwt = spec.jwt.as_ref().map(|jwt| {
            JwtConfiguration::builder().issuer(jwt.issuer.get()).set_audience(Some(texts(&jwt.audiences))).build()
        });
        let lambda = spec.lambda.as_ref();
        let simple = lambda.filter(|lambda| lambda.payload_format == PAYLOAD_FORMAT);
        Ok(Self {
            kind: if spec.kind == JWT { AuthorizerType::Jwt } else { AuthorizerType::Request },
            sources: texts(&spec.identity_sources),
            jwt,
            uri: lambda.map(|lambda| uri(aws, lambda.function_arn.get())),
            payload_format: lambda.map(|lambda| lambda.payload_format.clone()),
            // API Gateway refuses the setting together with the format 1.0.
            simple_responses: simple.map(|lambda| lambda.simple_responses),
            ttl_seconds: lambda.map(|lambda| to_i32(*lambda.ttl_seconds.get())).transpose()?,
            role_arn: lambda.and_then(|lambda| lambda.role_arn.as_ref()).map(|arn| arn.get().clone()),
        })
    }
}

/// The URI with which API Gateway calls a function.
fn uri(aws: &Regional, function_arn: &str) -> String {
    let (partition, region) = (aws.partition(), aws.region());
    format!("arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function_arn}/invocations")
}

/// The ARN of the function in a URI; the whole URI when it has another form.
pub fn function_in(uri: &str) -> &str {
    let arn = uri.split_once("/functions/").and_then(|(_, rest)| rest.strip_suffix("/invocations"));
    arn.unwrap_or(uri)
}

fn reported(api_id: &str, (name, kind): (&str, &str), authorizer: &AwsAuthorizer, ours: Option<&Spec>) -> Spec {
    let known = |texts: &[String]| texts.iter().cloned().map(Input::Known).collect();
    let jwt = authorizer.jwt_configuration.as_ref().filter(|_| kind == JWT).map(|jwt| {
        let order = ours.and_then(|ours| ours.jwt.as_ref()).map_or(&[][..], |jwt| jwt.audiences.as_slice());
        Jwt { issuer: Input::Known(jwt.issuer.clone().unwrap_or_default()), audiences: respell(jwt.audience(), order) }
    });
    let lambda = authorizer.authorizer_uri.as_deref().filter(|_| kind == REQUEST).map(|uri| Lambda {
        function_arn: function_in(uri).into(),
        payload_format: authorizer.authorizer_payload_format_version.clone().unwrap_or(PAYLOAD_FORMAT.to_owned()),
        simple_responses: authorizer.enable_simple_responses.unwrap_or_default(),
        ttl_seconds: Input::Known(authorizer.authorizer_result_ttl_in_seconds.map_or(DEFAULT_TTL_SECONDS, i64::from)),
        role_arn: authorizer.authorizer_credentials_arn.clone().filter(|arn| !arn.is_empty()).map(Input::Known),
    });
    Spec {
        api_id: Input::from(api_id),
        name: name.to_owned(),
        kind: kind.to_owned(),
        identity_sources: known(authorizer.identity_source()),
        jwt,
        lambda,
    }
}

/// All authorizers of an API; none when the API does not exist.
async fn all(aws: &Regional, api_id: &str) -> Result<Vec<AwsAuthorizer>, CallError> {
    pages(|next| async move {
        let request = || aws.apigatewayv2().get_authorizers().api_id(api_id).set_next_token(next.clone()).send();
        let page = none_if_missing(aws.call("apigateway:GetAuthorizers", request).await)?;
        Ok(page.map(|page| (page.items, page.next_token)).unwrap_or_default())
    })
    .await
}

async fn of_id(aws: &Regional, outputs: &Outputs) -> Result<Option<AwsAuthorizer>, CallError> {
    let api_id = &outputs.api_id;
    let list = || async {
        let all = all(aws, api_id).await?.into_iter();
        Ok(all.filter_map(|one| Some((one.authorizer_id.clone()?, one))).collect())
    };
    let get = |id: String| async move { get(aws, api_id, &id).await };
    aws.read_listed(&format!("apigateway:GetAuthorizers of {api_id}"), &outputs.id, list, get).await
}

async fn get(aws: &Regional, api_id: &str, id: &str) -> Result<Option<AwsAuthorizer>, CallError> {
    let request = || aws.apigatewayv2().get_authorizer().api_id(api_id).authorizer_id(id).send();
    let authorizer = none_if_missing(aws.call("apigateway:GetAuthorizer", request).await)?;
    Ok(authorizer.map(|one| {
        AwsAuthorizer::builder()
            .set_name(one.name)
            .set_authorizer_type(one.authorizer_type)
            .set_identity_source(one.identity_source)
            .set_jwt_configuration(one.jwt_configuration)
            .set_authorizer_uri(one.authorizer_uri)
            .set_authorizer_payload_format_version(one.authorizer_payload_format_version)
            .set_enable_simple_responses(one.enable_simple_responses)
            .set_authorizer_result_ttl_in_seconds(one.authorizer_result_ttl_in_seconds)
            .set_authorizer_credentials_arn(one.authorizer_credentials_arn)
            .build()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_aws_contains_the_kind() {
        assert_eq!(parsed_name("users-jwt"), Some(("users", "jwt")));
        assert_eq!(parsed_name("my-users-request"), Some(("my-users", "request")));
        assert_eq!(["users", "-jwt", "users-token"].map(parsed_name), [None; 3]);
    }

    #[test]
    fn the_function_is_read_from_the_uri() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:users:live";
        let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations");
        assert_eq!((function_in(&uri), function_in("other")), (arn, "other"));
    }

    #[test]
    fn settings_that_aws_fills_in_are_no_drift() {
        let authorizer = AwsAuthorizer::builder()
            .authorizer_type(AuthorizerType::Request)
            .identity_source("$request.header.A")
            .authorizer_uri("arn")
            .authorizer_credentials_arn("")
            .build();
        let spec = reported("a", ("users", REQUEST), &authorizer, None);
        let expected = Lambda {
            function_arn: "arn".into(),
            payload_format: "2.0".to_owned(),
            simple_responses: false,
            ttl_seconds: 300.into(),
            role_arn: None,
        };
        assert_eq!((spec.lambda, spec.jwt), (Some(expected), None));
    }
}
