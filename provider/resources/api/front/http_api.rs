//! HTTP APIs (API Gateway v2).

use super::Front;
use crate::components::Deviations;
use crate::components::apigateway::execute_api_endpoint::{self, ExecuteApiEndpoint};
use crate::components::apigateway::http_api::{self, Cors, HttpApi};
use crate::components::apigateway::integration::{self, Integration};
use crate::components::apigateway::route::{self, Route};
use crate::components::apigateway::stage::{self, AccessLog, Stage, Throttle};
use crate::components::lambda::permission::{self, Permission};
use crate::components::lambda::{alias, function};
use crate::components::logs::log_group::{self, LogGroup};
use crate::desired::{Address, Handle, Input, Kind};
use crate::plan::View;
use crate::resources::api::config;
use crate::resources::api::expand::{Draft, Function};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::inputs::{attr, attrs, input, inputs, maybe};
use crate::resources::shared::values::output;
use crate::schema::Attr;
use crate::wire::{Number, Path};

/// The kinds of an HTTP API, parents before children.
pub(super) const KINDS: &[&str] =
    &[HttpApi::KIND, ExecuteApiEndpoint::KIND, Integration::KIND, Route::KIND, Stage::KIND, Permission::KIND];

/// Adds the HTTP API of `region`, which calls the alias of `function`.
pub(super) fn in_region(draft: &mut Draft<'_>, region: &str, function: &Function) -> Front {
    let api = api(draft, region);
    let permission = permission::Spec {
        function: function.function.output(function::NAME),
        alias: function.alias.output(alias::NAME),
        statement_id: format!("multiregion-{}", draft.shape.name),
        api_id: api.output(http_api::ID),
    };
    let permission = draft.desired.add(Address::of::<Permission>(region), Path::of("function"), &permission);
    let integration = integration::Spec {
        api_id: api.output(http_api::ID),
        function_arn: function.alias.output(alias::ARN),
        timeout_ms: input(draft.shape.gateway.config.timeout_ms()),
        deviations: Deviations::default(),
    };
    let integration = draft.desired.add(Address::of::<Integration>(region), Path::of("gateway"), &integration);
    // API Gateway must be allowed to call another function's alias before it sends requests to it.
    draft.desired.order(&integration, &permission);
    let routes = routes(draft, region, &api, &integration);
    let stage = stage(draft, region, &api);
    let default_endpoint = default_endpoint(draft, region, &api);
    let mut ready = vec![permission.address().clone(), stage.address().clone()];
    ready.extend(routes.iter().map(|route| route.address().clone()));
    Front {
        api_id: api.output(http_api::ID),
        endpoint: api.output(http_api::ENDPOINT),
        host: api.output(http_api::HOST),
        stage: stage.output(stage::NAME),
        default_endpoint: default_endpoint.address().clone(),
        permission: permission.address().clone(),
        ready,
    }
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

fn routes(
    draft: &mut Draft<'_>,
    region: &str,
    api: &Handle<HttpApi>,
    integration: &Handle<Integration>,
) -> Vec<Handle<Route>> {
    let mut routes = Vec::new();
    for key in &draft.shape.gateway.routes {
        let spec = route::Spec {
            api_id: api.output(http_api::ID),
            key: key.clone(),
            integration_id: integration.output(integration::ID),
            deviations: Deviations::default(),
        };
        let address = Address::of::<Route>(region).key(key);
        routes.push(draft.desired.add(address, Path::of("gateway").attribute("routes"), &spec));
    }
    routes
}

fn stage(draft: &mut Draft<'_>, region: &str, api: &Handle<HttpApi>) -> Handle<Stage> {
    let address = Address::of(region);
    let throttle = draft.shape.gateway.throttle.as_ref().map(|throttle| Throttle {
        rate: throttle.rate().known().map_or(Input::Unknown, |rate| Input::Known(rate.as_str().to_owned())),
        burst: maybe(throttle.burst()).unwrap_or(Input::Unknown),
    });
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
    let routes = found.all::<Route>().into_iter().filter(|(address, _)| address.scope.region() == first);
    let throttle = stage.as_ref().and_then(|stage| stage.throttle.as_ref()).map(|throttle| config::Throttle {
        rate: throttle.rate.known().and_then(|rate| Number::parse(rate).ok()).into(),
        burst: attr(&throttle.burst),
    });
    let log = first.and_then(|region| found.spec(&Address::of::<LogGroup>(region).key("access")));
    let access_log = stage.as_ref().and_then(|stage| stage.access_log.as_ref()).map(|access| config::AccessLog {
        format: attr(&access.format),
        retention_days: log.map(|log| log.retention_days).into(),
    });
    config::Gateway {
        protocol: Attr::Known(config::Protocol::Http),
        routes: Attr::Known(routes.map(|(_, spec)| Attr::Known(spec.key)).collect()),
        cors: api.as_ref().and_then(|api| api.cors.as_ref()).map(imported_cors).into(),
        throttle: throttle.into(),
        access_log: access_log.into(),
        disable_execute_api_endpoint: Attr::Known(endpoint.is_some_and(|endpoint| endpoint.disabled)),
        timeout_ms: found.first::<Integration>(regions).map_or(Attr::Null, |spec| attr(&spec.timeout_ms)),
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
