//! Route of an HTTP API: the requests that go to the integration.

use aws_sdk_apigatewayv2::types::{AuthorizationType, Route as AwsRoute};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::apigateway;
use crate::components::apigateway::integration::{self, Integration};
use crate::components::support::answer::{ignore_missing, none_if_missing, pages, required, respell};
use crate::components::support::creation::{Repeated, create_or_adopt};
use crate::components::{Component, Deviations, Discovered, Found, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `route`.
#[derive(Debug)]
pub struct Route;

/// The desired settings of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the API.
    pub api_id: Input<String>,
    /// The route key: `$default`, `GET /items/{id}`.
    pub key: String,
    /// The id of the integration that receives the requests.
    pub integration_id: Input<String>,
    /// Who may send requests.
    #[serde(default, skip_serializing_if = "Authorization::is_open")]
    pub authorization: Authorization,
    /// Whether the API belongs to another resource.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_foreign_api: bool,
    /// Enforced settings that differ in AWS.
    #[serde(default, skip_serializing_if = "Deviations::is_none")]
    pub deviations: Deviations,
}

/// Who may send requests to a route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorization {
    /// Every client: the function checks requests itself.
    #[default]
    Open,
    /// Clients with AWS credentials that may call the API.
    Iam,
    /// Clients with a JSON Web Token that the authorizer accepts.
    Jwt {
        /// The id of the authorizer.
        authorizer_id: Input<String>,
        /// The scopes of which the token needs one.
        scopes: Vec<Input<String>>,
    },
    /// Clients that the function of the authorizer accepts.
    Lambda {
        /// The id of the authorizer.
        authorizer_id: Input<String>,
    },
}

impl Authorization {
    /// Whether every client may send requests.
    pub fn is_open(&self) -> bool {
        *self == Self::Open
    }

    fn kind(&self) -> AuthorizationType {
        match self {
            Self::Open => AuthorizationType::None,
            Self::Iam => AuthorizationType::AwsIam,
            Self::Jwt { .. } => AuthorizationType::Jwt,
            Self::Lambda { .. } => AuthorizationType::Custom,
        }
    }

    /// The id of the authorizer in a resolved spec.
    fn authorizer_id(&self) -> Option<String> {
        match self {
            Self::Open | Self::Iam => None,
            Self::Jwt { authorizer_id, .. } | Self::Lambda { authorizer_id } => Some(authorizer_id.get().clone()),
        }
    }

    /// The scopes in a resolved spec. Only a route with a JWT authorizer has some.
    fn scopes(&self) -> Vec<String> {
        match self {
            Self::Jwt { scopes, .. } => scopes.iter().map(|scope| scope.get().clone()).collect(),
            Self::Open | Self::Iam | Self::Lambda { .. } => Vec::new(),
        }
    }

    /// The authorization of a route in AWS, with scopes in the order of `ours`. API Gateway ignores the authorizer and the
    /// scopes that a route keeps from an earlier authorization.
    fn reported(route: &AwsRoute, ours: &Self) -> Self {
        let authorizer_id = Input::Known(route.authorizer_id.clone().unwrap_or_default());
        match &route.authorization_type {
            Some(AuthorizationType::AwsIam) => Self::Iam,
            Some(AuthorizationType::Custom) => Self::Lambda { authorizer_id },
            Some(AuthorizationType::Jwt) => {
                let order = if let Self::Jwt { scopes, .. } = ours { scopes.as_slice() } else { &[] };
                Self::Jwt { authorizer_id, scopes: respell(route.authorization_scopes(), order) }
            }
            _ => Self::Open,
        }
    }
}

/// What identifies a route in AWS.
pub type Outputs = apigateway::PartOfApi;

impl Kind for Route {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "route",
        about: "Route of an HTTP API: the requests that go to the integration.",
        id: "the id of the route",
        immutable: &["api_id", "in_foreign_api"],
        rolled_out: &["integration_id", "authorization"],
        actions: apigateway::ACTIONS,
        ..KindMeta::DEFAULT
    };
}

impl Component for Route {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.id.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let Some(api_id) = spec.api_id.known() else { return Ok(None) };
        let of_key = |route: &AwsRoute| route.route_key.as_deref() == Some(&*spec.key);
        let Some(route) = routes(aws, api_id).await?.into_iter().find(of_key) else { return Ok(None) };
        let integration_id = integration_of(route.target.as_deref());
        if let Some(integration_id) = integration_id.known().filter(|_| integration_id != spec.integration_id)
            && let Some(whose) = integration::stranger(aws, api_id, integration_id, spec.in_foreign_api).await?
        {
            return Ok(Some(Found::Foreign(whose)));
        }
        let id = required(route.route_id, "a route's id")?;
        Ok(Some(Found::Ours(Outputs { api_id: api_id.clone(), id })))
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let integrations: Vec<Input<String>> = siblings
            .in_scope::<Integration>(&aws.address().scope)
            .into_iter()
            .map(|(_, integration)| Input::Known(integration.id))
            .collect();
        let mut discovered = Vec::new();
        for (api_id, in_foreign_api) in apigateway::apis(aws, siblings).await? {
            for route in routes(aws, &api_id).await? {
                let integration_id = integration_of(route.target.as_deref());
                if !integrations.contains(&integration_id) {
                    continue;
                }
                let authorization = Authorization::reported(&route, &Authorization::Open);
                let key = required(route.route_key, "a route's key")?;
                let outputs = Outputs { api_id: api_id.clone(), id: required(route.route_id, "a route's id")? };
                let spec = Spec {
                    api_id: Input::Known(api_id.clone()),
                    key: key.clone(),
                    integration_id,
                    authorization,
                    in_foreign_api,
                    deviations: Deviations::default(),
                };
                discovered.push(Discovered { key: Some(key), spec, outputs });
            }
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let api_id = spec.api_id.get();
        let target = target(spec);
        let look = || Self::find(aws, spec);
        let send = || async {
            let request = aws.apigatewayv2().create_route().api_id(api_id).route_key(&spec.key).target(&target);
            let scopes = spec.authorization.scopes();
            let request = request
                .authorization_type(spec.authorization.kind())
                .set_authorizer_id(spec.authorization.authorizer_id())
                .set_authorization_scopes((!scopes.is_empty()).then_some(scopes));
            let answer = request.send().await;
            answer.map(|created| Some(Outputs { api_id: api_id.clone(), id: created.route_id? }))
        };
        create_or_adopt(aws, "apigateway:CreateRoute", Repeated::IsRefused, look, send).await
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(route) = of_id(aws, outputs).await? else { return Ok(None) };
        let spec = Spec {
            api_id: Input::Known(outputs.api_id.clone()),
            authorization: Authorization::reported(&route, &spec.authorization),
            key: required(route.route_key, "a route's key")?,
            integration_id: integration_of(route.target.as_deref()),
            in_foreign_api: spec.in_foreign_api,
            deviations: Deviations::default(),
        };
        Ok(Some((spec, outputs.clone())))
    }

    async fn update(
        aws: &Regional,
        outputs: &Outputs,
        _from: &Spec,
        to: &Resolved<Spec>,
    ) -> Result<Outputs, CallError> {
        let authorization = &to.authorization;
        let request = || {
            let request = aws.apigatewayv2().update_route().api_id(&outputs.api_id).route_id(&outputs.id);
            let request = request.authorization_type(authorization.kind());
            // An empty list removes the scopes.
            let request = request
                .set_authorizer_id(authorization.authorizer_id())
                .set_authorization_scopes(Some(authorization.scopes()));
            request.route_key(&to.key).target(target(to)).send()
        };
        aws.call("apigateway:UpdateRoute", request).await?;
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _spec: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        let request = || aws.apigatewayv2().delete_route().api_id(&outputs.api_id).route_id(&outputs.id).send();
        ignore_missing(aws.call("apigateway:DeleteRoute", request).await)
    }
}

const TARGET_PREFIX: &str = "integrations/";

fn target(spec: &Spec) -> String {
    format!("{TARGET_PREFIX}{}", spec.integration_id.get())
}

/// The id of the integration in a route's target; the whole target when it is something else.
fn integration_of(target: Option<&str>) -> Input<String> {
    let target = target.unwrap_or_default();
    Input::from(target.strip_prefix(TARGET_PREFIX).unwrap_or(target))
}

/// All routes of an API; none when the API does not exist.
async fn routes(aws: &Regional, api_id: &str) -> Result<Vec<AwsRoute>, CallError> {
    pages(|next| async move {
        let request = || aws.apigatewayv2().get_routes().api_id(api_id).set_next_token(next.clone()).send();
        let page = none_if_missing(aws.call("apigateway:GetRoutes", request).await)?;
        Ok(page.map(|page| (page.items, page.next_token)).unwrap_or_default())
    })
    .await
}

async fn of_id(aws: &Regional, outputs: &Outputs) -> Result<Option<AwsRoute>, CallError> {
    let api_id = &outputs.api_id;
    let list = || async {
        let routes = routes(aws, api_id).await?.into_iter();
        Ok(routes.filter_map(|route| Some((route.route_id.clone()?, route))).collect())
    };
    let get = |id: String| async move { get(aws, api_id, &id).await };
    aws.read_listed(&format!("apigateway:GetRoutes of {api_id}"), &outputs.id, list, get).await
}

async fn get(aws: &Regional, api_id: &str, id: &str) -> Result<Option<AwsRoute>, CallError> {
    let request = || aws.apigatewayv2().get_route().api_id(api_id).route_id(id).send();
    let route = none_if_missing(aws.call("apigateway:GetRoute", request).await)?;
    Ok(route.map(|route| {
        AwsRoute::builder()
            .set_route_key(route.route_key)
            .set_target(route.target)
            .set_authorization_type(route.authorization_type)
            .set_authorizer_id(route.authorizer_id)
            .set_authorization_scopes(route.authorization_scopes)
            .build()
    }))
}
