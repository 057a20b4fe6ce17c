//! HTTP APIs (API Gateway v2).

use std::collections::BTreeMap;

use super::{Front, Routed};
use crate::components::Deviations;
use crate::components::apigateway::execute_api_endpoint::{self, ExecuteApiEndpoint};
use crate::components::apigateway::http_api::{self, Cors, HttpApi};
use crate::components::apigateway::integration::{self, Integration};
use crate::components::apigateway::route::{self, Route};
use crate::components::apigateway::route_settings::{self, RouteSettings};
use crate::components::apigateway::stage::{self, AccessLog, Stage, Throttle};
use crate::components::lambda::permission::{self, Permission};
use crate::components::lambda::{alias, function};
use crate::components::logs::log_group::{self, LogGroup};
use crate::desired::{Address, Handle, Input, Kind};
use crate::plan::View;
use crate::resources::api::config::{self, PayloadFormat, function_path};
use crate::resources::api::expand::{Draft, Function};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, attrs, input, inputs, list, maybe};
use crate::resources::shared::values::output;
use crate::schema::Attr;
use crate::wire::{Number, Path};

/// The kinds of an HTTP API, parents before children.
pub(super) const KINDS: &[&str] = &[
    HttpApi::KIND,
    ExecuteApiEndpoint::KIND,
    Integration::KIND,
    Route::KIND,
    Stage::KIND,
    RouteSettings::KIND,
    Permission::KIND,
];

/// Adds the HTTP API of `region`, which calls the aliases of `functions`.
pub(super) fn in_region(draft: &mut Draft<'_>, region: &str, functions: &[Function]) -> Front {
    let api = api(draft, region);
    let stage = stage(draft, region, &api);
    let default_endpoint = default_endpoint(draft, region, &api);
    let mut front = Front {
        api_id: api.output(http_api::ID),
        endpoint: api.output(http_api::ENDPOINT),
        host: api.output(http_api::HOST),
        stage: stage.output(stage::NAME),
        default_endpoint: default_endpoint.address().clone(),
        permissions: Vec::new(),
        ready: vec![stage.address().clone()],
        routed: BTreeMap::new(),
    };
    for function in functions {
        let permission = permission(draft, region, &api, function);
        let integration = integration(draft, region, &api, function);
        // API Gateway must be allowed to call another function's alias before it sends requests to it.
        draft.desired.order(&integration, &permission);
        let routes = routes(draft, region, (&api, &stage), function, &integration);
        let ready = routes.iter().map(|route| route.address().clone()).chain([permission.address().clone()]);
        front.routed.insert(function.code.name.clone(), ready.collect());
        front.permissions.push(permission.address().clone());
    }
    front
}

fn permission(draft: &mut Draft<'_>, region: &str, api: &Handle<HttpApi>, function: &Function) -> Handle<Permission> {
    let spec = permission::Spec {
        function: function.function.output(function::NAME),
        alias: function.alias.output(alias::NAME),
        statement_id: format!("multiregion-{}", draft.shape.name),
        api_id: api.output(http_api::ID),
    };
    let address = Address::of::<Permission>(region).maybe_key(function.code.key());
    draft.desired.add(address, function_path(function.code.key()), &spec)
}

fn integration(draft: &mut Draft<'_>, region: &str, api: &Handle<HttpApi>, function: &Function) -> Handle<Integration> {
    let spec = integration::Spec {
        api_id: api.output(http_api::ID),
        function_arn: function.alias.output(alias::ARN),
        timeout_ms: input(draft.shape.gateway.config.timeout_ms()),
        payload_format: function.code.payload_format.as_str().to_owned(),
        deviations: Deviations::default(),
    };
    let address = Address::of::<Integration>(region).maybe_key(function.code.key());
    draft.desired.add(address, Path::of("gateway"), &spec)
}

fn api(draft: &mut Draft<'_>, region: &str) -> Handle<HttpApi> {
    let address = Address::of(region);
    let front = &draft.shape.gateway;
    let cors = front.cors.as_ref().map(|sharing| Cors {
        allow_origins: inputs(sharing.config.allow_origins()),
        allow_methods: inputs(sharing.config.allow_methods()),
        allow_headers: inputs(sharing.config.allow_headers()),
        expose_headers: inputs(sharing.config.expose_headers()),
        allow_credentials: sharing.allow_credentials,
        max_age_seconds: maybe(sharing.config.max_age_seconds()),
    });
    let spec = http_api::Spec {
        name: draft.shape.name.clone(),
        cors,
        disable_execute_api_endpoint: front.disabled,
        tags: draft.tags(&address),
    };
    draft.desired.add(address, Path::of("gateway"), &spec)
}

/// API Gateway's default endpoint. It is opened before anything sends requests to it, and closed afterwards.
fn default_endpoint(draft: &mut Draft<'_>, region: &str, api: &Handle<HttpApi>) -> Handle<ExecuteApiEndpoint> {
    let spec = execute_api_endpoint::Spec {
        api_id: api.output(http_api::ID),
        disabled: draft.shape.gateway.disabled,
        drain_seconds: draft.shape.drain_seconds,
    };
    let address = Address::of(region);
    draft.desired.add(address, Path::of("gateway").attribute("disable_execute_api_endpoint"), &spec)
}

/// The routes of a function, and the limits of their requests.
fn routes(
    draft: &mut Draft<'_>,
    region: &str,
    (api, stage): (&Handle<HttpApi>, &Handle<Stage>),
    function: &Function,
    integration: &Handle<Integration>,
) -> Vec<Handle<Route>> {
    let attribute = function_path(function.code.key());
    let mut routes = Vec::new();
    for key in &function.code.routes {
        let spec = route::Spec {
            api_id: api.output(http_api::ID),
            key: key.clone(),
            integration_id: integration.output(integration::ID),
            deviations: Deviations::default(),
        };
        let address = Address::of::<Route>(region).key(key);
        let route = draft.desired.add(address, attribute.attribute("routes"), &spec);
        if let Some(limit) = &function.code.throttle {
            let spec = route_settings::Spec {
                api_id: api.output(http_api::ID),
                stage: stage.output(stage::NAME),
                route_key: key.clone(),
                throttle: throttle(limit),
            };
            let address = Address::of::<RouteSettings>(region).key(key);
            let settings = draft.desired.add(address, attribute.attribute("throttle"), &spec);
            draft.desired.order(&settings, &route);
        }
        routes.push(route);
    }
    routes
}

fn stage(draft: &mut Draft<'_>, region: &str, api: &Handle<HttpApi>) -> Handle<Stage> {
    let address = Address::of(region);
    let throttle = draft.shape.gateway.throttle.as_ref().map(throttle);
    let access_log = access_log(draft, region);
    let spec = stage::Spec {
        api_id: api.output(http_api::ID),
        name: "$default".to_owned(),
        throttle,
        access_log,
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    draft.desired.add(address, Path::of("gateway"), &spec)
}

fn throttle(limit: &config::Throttle) -> Throttle {
    Throttle {
        rate: limit.rate().known().map_or(Input::Unknown, |rate| Input::Known(rate.as_str().to_owned())),
        burst: maybe(limit.burst()).unwrap_or(Input::Unknown),
    }
}

fn access_log(draft: &mut Draft<'_>, region: &str) -> Option<AccessLog> {
    let log = draft.shape.gateway.access_log.as_ref()?;
    let address = Address::of::<LogGroup>(region).key("access");
    let spec = log_group::Spec {
        // A group with this prefix needs no statement of its own in the region's resource policy, whose size is limited.
        name: format!("/aws/vendedlogs/multiregion/{}/access", draft.shape.name),
        retention_days: log.retention_days,
        tags: draft.tags(&address),
    };
    let group = draft.desired.add(address, Path::of("gateway").attribute("access_log"), &spec);
    Some(AccessLog { log_group_arn: group.output(log_group::ARN), format: input(log.config.format()) })
}

/// The URL of the default endpoint of `region`.
pub(super) fn endpoint(view: &View, region: &str) -> Attr<String> {
    output(view, &Address::of::<HttpApi>(region), http_api::ENDPOINT)
}

/// The attribute `gateway`, read from the HTTP APIs of `regions`.
pub(super) fn imported(found: &FoundComponents<'_>, regions: &[String]) -> config::Gateway {
    let api = found.first::<HttpApi>(regions);
    let endpoint = found.first::<ExecuteApiEndpoint>(regions);
    let stage = found.first::<Stage>(regions);
    let first = regions.first().map(String::as_str);
    let throttle = stage.as_ref().and_then(|stage| stage.throttle.as_ref()).map(imported_throttle);
    let log = first.and_then(|region| found.spec(&Address::of::<LogGroup>(region).key("access")));
    let access_log = stage.as_ref().and_then(|stage| stage.access_log.as_ref()).map(|access| config::AccessLog {
        format: attr(&access.format),
        retention_days: log.map(|log| log.retention_days).into(),
    });
    let integration = found.all::<Integration>().into_iter().next();
    config::Gateway {
        protocol: Attr::Known(config::Protocol::Http),
        routes: list(imported_function(found, regions, None).routes),
        cors: api.as_ref().and_then(|api| api.cors.as_ref()).map(imported_cors).into(),
        throttle: throttle.into(),
        access_log: access_log.into(),
        disable_execute_api_endpoint: Attr::Known(endpoint.is_some_and(|endpoint| endpoint.disabled)),
        timeout_ms: integration.map_or(Attr::Null, |(_, spec)| attr(&spec.timeout_ms)),
    }
}

/// The part of a function that its HTTP APIs hold.
pub(super) fn imported_function(found: &FoundComponents<'_>, regions: &[String], name: Option<&str>) -> Routed {
    let at = regions.first().map(|region| Address::of::<Integration>(region).maybe_key(name));
    let integration = at.as_ref().and_then(|at| found.spec(at));
    let id = at.and_then(|at| found.output(&at, integration::ID));
    let here = |address: &Address| address.scope.region() == regions.first().map(String::as_str);
    let is_its = |(address, spec): &(Address, route::Spec)| here(address) && spec.integration_id.known() == id.as_ref();
    let routes: Vec<String> =
        found.all::<Route>().into_iter().filter(|_| id.is_some()).filter(is_its).map(|(_, spec)| spec.key).collect();
    let limits = found.all::<RouteSettings>();
    let limit = limits.iter().find(|(address, spec)| here(address) && routes.contains(&spec.route_key));
    Routed {
        throttle: limit.map(|(_, spec)| imported_throttle(&spec.throttle)).into(),
        payload_format: integration.and_then(|spec| PayloadFormat::parse(&spec.payload_format)).into(),
        routes,
    }
}

fn imported_throttle(throttle: &Throttle) -> config::Throttle {
    config::Throttle {
        rate: throttle.rate.known().and_then(|rate| Number::parse(rate).ok()).into(),
        burst: attr(&throttle.burst),
    }
}

fn imported_cors(cors: &Cors) -> config::Cors {
    config::Cors {
        allow_origins: attrs(&cors.allow_origins),
        allow_methods: attrs(&cors.allow_methods),
        allow_headers: attrs(&cors.allow_headers),
        expose_headers: attrs(&cors.expose_headers),
        allow_credentials: Attr::Known(cors.allow_credentials),
        max_age_seconds: cors.max_age_seconds.as_ref().map_or(Attr::Null, attr),
    }
}
