//! HTTP APIs (API Gateway v2).

use std::collections::BTreeMap;

use super::{Front, authorizers};
use crate::components::Deviations;
use crate::components::apigateway::authorizer::Authorizer;
use crate::components::apigateway::execute_api_endpoint::{self, ExecuteApiEndpoint};
use crate::components::apigateway::http_api::{self, Cors, HttpApi};
use crate::components::apigateway::integration::Integration;
use crate::components::apigateway::route::Route;
use crate::components::apigateway::route_settings::RouteSettings;
use crate::components::apigateway::stage::{self, AccessLog, Stage};
use crate::components::lambda::permission::Permission;
use crate::components::logs::log_group::{self, LogGroup};
use crate::desired::{Address, Handle, Kind};
use crate::plan::View;
use crate::resources::api::config;
use crate::resources::api::expand::Draft;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function::{self, Deployed};
use crate::resources::shared::inputs::{attr, attrs, input, inputs, list, maybe};
use crate::resources::shared::values::output;
use crate::schema::Attr;
use crate::wire::Path;

/// The kinds of an HTTP API, parents before children.
pub(super) const KINDS: &[&str] = &[
    HttpApi::KIND,
    ExecuteApiEndpoint::KIND,
    Integration::KIND,
    Authorizer::KIND,
    Route::KIND,
    Stage::KIND,
    RouteSettings::KIND,
    Permission::KIND,
];

/// Adds the HTTP API of `region`, which calls the aliases of `functions`.
pub(super) fn in_region(draft: &mut Draft<'_>, region: &str, functions: &[Deployed]) -> Front {
    let api = api(draft, region);
    let stage = stage(draft, region, &api);
    let default_endpoint = default_endpoint(draft, region, &api);
    let mut front = Front {
        api_id: api.output(http_api::ID),
        endpoint: api.output(http_api::ENDPOINT),
        host: api.output(http_api::HOST),
        base_path: String::new(),
        stage: stage.output(stage::NAME),
        default_endpoint: default_endpoint.address().clone(),
        permissions: Vec::new(),
        ready: vec![stage.address().clone()],
        routed: BTreeMap::new(),
    };
    let permit = |function| {
        let id = api.output(http_api::ID);
        (function, function::permission_of_http_api(&mut draft.expanding(), region, id, function))
    };
    let permitted: Vec<_> = functions.iter().map(permit).collect();
    let added = authorizers::add(draft, region, &api, &permitted);
    let api = function::HttpApi {
        id: front.api_id.clone(),
        stage: front.stage.clone(),
        is_foreign: false,
        authorizers: added.authorizers,
        authorizations: added.authorizations,
    };
    for (function, permission) in permitted {
        front.permissions.push(permission.address().clone());
        let timeout = input(draft.shape.gateway.config.timeout_ms());
        let permitted = (function, permission);
        let integrated = function::integrate(&mut draft.expanding(), region, &api, permitted, timeout);
        front.routed.insert(function.code.name.clone(), integrated.ready());
    }
    front
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
        dual_stack: front.dual_stack,
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

fn stage(draft: &mut Draft<'_>, region: &str, api: &Handle<HttpApi>) -> Handle<Stage> {
    let address = Address::of(region);
    let throttle = draft.shape.gateway.throttle.as_ref().map(function::stage_throttle);
    let access_log = access_log(draft, region);
    let spec = stage::Spec {
        api_id: api.output(http_api::ID),
        name: stage::DEFAULT.to_owned(),
        throttle,
        access_log,
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    draft.desired.add(address, Path::of("gateway"), &spec)
}

fn access_log(draft: &mut Draft<'_>, region: &str) -> Option<AccessLog> {
    let group = super::access_log_group(draft, region)?;
    let log = draft.shape.gateway.access_log.as_ref()?;
    Some(AccessLog { log_group_arn: group.output(log_group::ARN), format: input(log.format()) })
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
    let throttle = stage.as_ref().and_then(|stage| stage.throttle.as_ref()).map(function::import::throttle);
    let log = first.and_then(|region| found.spec(&Address::of::<LogGroup>(region).key("access")));
    let access_log = stage.as_ref().and_then(|stage| stage.access_log.as_ref()).map(|access| config::AccessLog {
        format: attr(&access.format),
        retention_days: log.map(|log| log.retention_days).into(),
    });
    let integration = found.all::<Integration>().into_iter().next();
    config::Gateway {
        protocol: Attr::Known(config::Protocol::Http),
        routes: list(function::import::routed(found, found, regions, None).routes),
        cors: api.as_ref().and_then(|api| api.cors.as_ref()).map(imported_cors).into(),
        throttle: throttle.into(),
        access_log: access_log.into(),
        disable_execute_api_endpoint: Attr::Known(endpoint.is_some_and(|endpoint| endpoint.disabled)),
        ip_address_type: api.as_ref().map(|api| super::address_type(api.dual_stack)).into(),
        timeout_ms: integration.map_or(Attr::Null, |(_, spec)| attr(&spec.timeout_ms)),
        authorizers: authorizers::imported(found, regions),
        ..config::Gateway::default()
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
