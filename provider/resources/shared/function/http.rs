//! The parts of an HTTP API that send requests to a function: permission, integration, routes and their limits.

use std::collections::BTreeMap;

use super::{Deployed, Expanding, PayloadFormat, Throttle as Limit};
use crate::components::Deviations;
use crate::components::apigateway::integration::{self, Integration};
use crate::components::apigateway::route::{self, Authorization, Route};
use crate::components::apigateway::route_settings::{self, RouteSettings};
use crate::components::apigateway::stage::Throttle;
use crate::components::lambda::permission::{self, Permission};
use crate::components::lambda::{alias, function};
use crate::desired::{Address, Handle, Input};
use crate::resources::shared::inputs::{inputs, maybe};
use crate::schema::Attr;

/// The HTTP API of one region.
pub(crate) struct Api {
    /// Its id.
    pub(crate) id: Input<String>,
    /// The name of its stage.
    pub(crate) stage: Input<String>,
    /// Whether it belongs to another resource than the function.
    pub(crate) is_foreign: bool,
    /// Its authorizers.
    pub(crate) authorizers: Authorizers,
    /// Who may send requests to routes, by their keys. A route that is not listed uses the authorizer of its function.
    pub(crate) authorizations: BTreeMap<String, Authorization>,
}

/// The authorizers of an HTTP API by name.
pub(crate) type Authorizers = BTreeMap<String, Authorizer>;

/// An authorizer of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authorizer {
    /// Signatures of AWS credentials.
    Iam,
    /// The authorizer of JSON Web Tokens with this id.
    Jwt(Input<String>),
    /// The Lambda authorizer with this id.
    Lambda(Input<String>),
}

/// The name with which a function uses IAM authorization without an authorizer of its own.
pub(crate) const AWS_IAM: &str = "AWS_IAM";

impl Authorizer {
    /// The authorization of a route that uses this authorizer. Only tokens have scopes.
    pub(crate) fn authorize(&self, scopes: Vec<Input<String>>) -> Authorization {
        match self {
            Self::Iam => Authorization::Iam,
            Self::Jwt(id) => Authorization::Jwt { authorizer_id: id.clone(), scopes },
            Self::Lambda(id) => Authorization::Lambda { authorizer_id: id.clone() },
        }
    }
}

impl Api {
    /// Who may send requests to a route of `function`.
    fn authorization(&self, function: &Deployed, key: &str) -> Authorization {
        if let Some(authorization) = self.authorizations.get(key) {
            return authorization.clone();
        }
        let config = &function.code.config;
        match config.authorizer() {
            Attr::Null => Authorization::Open,
            // The route must not be open until the name is known.
            Attr::Unknown => Authorization::Lambda { authorizer_id: Input::Unknown },
            Attr::Known(name) if name == AWS_IAM => Authorization::Iam,
            Attr::Known(name) => match self.authorizers.get(name) {
                Some(authorizer) => authorizer.authorize(inputs(config.authorization_scopes())),
                None => Authorization::Lambda { authorizer_id: Input::Unknown },
            },
        }
    }
}

/// A function that an API sends requests to.
pub(crate) struct Integrated {
    /// The permission of the API to invoke the function.
    pub(crate) permission: Handle<Permission>,
    routes: Vec<Handle<Route>>,
}

impl Integrated {
    /// The components that must succeed before the function can answer a request.
    pub(crate) fn ready(&self) -> Vec<Address> {
        let routes = self.routes.iter().map(|route| route.address().clone());
        routes.chain([self.permission.address().clone()]).collect()
    }
}

/// Adds the permission of an HTTP API to call `function`, for routes and as an authorizer.
pub(crate) fn permission_of_http_api(
    to: &mut Expanding<'_, '_>,
    region: &str,
    api_id: Input<String>,
    function: &Deployed,
) -> Handle<Permission> {
    permission(to, region, api_id, function, "")
}

/// Adds the parts of `api` that send requests to `function`. A function without routes has only its permission.
pub(crate) fn integrate(
    to: &mut Expanding<'_, '_>,
    region: &str,
    api: &Api,
    (function, permission): (&Deployed, Handle<Permission>),
    timeout_ms: Input<i64>,
) -> Integrated {
    let code = &function.code;
    if code.routes.is_empty() {
        return Integrated { permission, routes: Vec::new() };
    }
    let spec = integration::Spec {
        api_id: api.id.clone(),
        function_arn: function.alias.output(alias::ARN),
        timeout_ms,
        payload_format: code.payload_format.unwrap_or(PayloadFormat::V2).as_str().to_owned(),
        in_foreign_api: api.is_foreign,
        deviations: Deviations::default(),
    };
    let address = Address::of::<Integration>(region).maybe_key(code.key());
    let integration = to.desired.add(address, code.path.clone(), &spec);
    // API Gateway must be allowed to call another function's alias before it sends requests to it.
    to.desired.order(&integration, &permission);
    let routes = routes(to, region, api, function, &integration);
    Integrated { permission, routes }
}

/// Adds the permission of a REST API to call `function`. It has an address of its own, so that an API of the other protocol
/// keeps its permission until traffic has moved.
pub(crate) fn permission_of_rest_api(
    to: &mut Expanding<'_, '_>,
    region: &str,
    api_id: Input<String>,
    function: &Deployed,
) -> Handle<Permission> {
    permission(to, region, api_id, function, permission::REST)
}

fn permission(
    to: &mut Expanding<'_, '_>,
    region: &str,
    api_id: Input<String>,
    function: &Deployed,
    suffix: &str,
) -> Handle<Permission> {
    let spec = permission::Spec {
        function: function.function.output(function::NAME),
        alias: function.alias.output(alias::NAME),
        statement_id: permission::statement_id(to.name, suffix),
        api_id,
    };
    let key = permission::key(function.code.key(), suffix);
    let address = Address::of::<Permission>(region).maybe_key(key.as_deref());
    to.desired.add(address, function.code.path.clone(), &spec)
}

/// The routes of a function, and the limits of their requests.
fn routes(
    to: &mut Expanding<'_, '_>,
    region: &str,
    api: &Api,
    function: &Deployed,
    integration: &Handle<Integration>,
) -> Vec<Handle<Route>> {
    let code = &function.code;
    let mut routes = Vec::new();
    for key in &code.routes {
        let spec = route::Spec {
            api_id: api.id.clone(),
            key: key.clone(),
            integration_id: integration.output(integration::ID),
            authorization: api.authorization(function, key),
            in_foreign_api: api.is_foreign,
            deviations: Deviations::default(),
        };
        let route = to.desired.add(Address::of::<Route>(region).key(key), code.path.attribute("routes"), &spec);
        if let Some(limit) = &code.throttle {
            let spec = route_settings::Spec {
                api_id: api.id.clone(),
                stage: api.stage.clone(),
                route_key: key.clone(),
                throttle: throttle(limit),
            };
            let address = Address::of::<RouteSettings>(region).key(key);
            let settings = to.desired.add(address, code.path.attribute("throttle"), &spec);
            to.desired.order(&settings, &route);
        }
        routes.push(route);
    }
    routes
}

/// The limit of requests in the form of a stage.
pub(crate) fn throttle(limit: &Limit) -> Throttle {
    Throttle {
        rate: limit.rate().known().map_or(Input::Unknown, |rate| Input::Known(rate.as_str().to_owned())),
        burst: maybe(limit.burst()).unwrap_or(Input::Unknown),
    }
}
