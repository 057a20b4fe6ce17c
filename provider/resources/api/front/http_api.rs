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
use crate::resources::api::expand::{Draft, Function, input, inputs, maybe};
use crate::resources::api::import::Found;
use crate::resources::shared::values::{known, known_list, known_whole, object, text, whole};
use crate::schema::Attr;
use crate::wire::{Number, Path, Value};

/// The kinds of an HTTP API, parents before children.
pub(super) const KINDS: &[&str] =
    &[HttpApi::KIND, ExecuteApiEndpoint::KIND, Integration::KIND, Route::KIND, Stage::KIND, Permission::KIND];

/// The longest time an HTTP API waits for a function, in milliseconds.
const LONGEST_WAIT_MS: i64 = 30_000;

/// The line of an access log when the user has none of their own.
const LOG_FORMAT: &str = concat!(
    r#"{"requestId":"$context.requestId","time":"$context.requestTime","ip":"$context.identity.sourceIp","#,
    r#""method":"$context.httpMethod","path":"$context.path","route":"$context.routeKey","status":"$context.status","#,
    r#""latencyMs":"$context.responseLatency","error":"$context.integrationErrorMessage"}"#,
);

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
        timeout_ms: input(&draft.shape.gateway.timeout_ms, LONGEST_WAIT_MS),
        deviations: Deviations::default(),
    };
    let integration = draft.desired.add(Address::of::<Integration>(region), Path::of("gateway"), &integration);
    // Another function's alias must let API Gateway in before requests are sent to it.
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
    let cors = front.cors.as_ref().map(|(cors, allow_credentials)| Cors {
        allow_origins: inputs(&cors.allow_origins),
        allow_methods: inputs(&cors.allow_methods),
        allow_headers: inputs(&cors.allow_headers),
        expose_headers: inputs(&cors.expose_headers),
        allow_credentials: *allow_credentials,
        max_age_seconds: maybe(&cors.max_age_seconds),
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
        rate: match &throttle.rate {
            Attr::Known(rate) => Input::Known(rate.as_str().to_owned()),
            Attr::Null | Attr::Unknown => Input::Unknown,
        },
        burst: maybe(&throttle.burst).unwrap_or(Input::Unknown),
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
    let (format, retention_days) = draft.shape.gateway.access_log.as_ref()?;
    let address = Address::of::<LogGroup>(region).key("access");
    let spec = log_group::Spec {
        // A group of this prefix needs no line of its own in the region's log resource policy, whose size is limited.
        name: format!("/aws/vendedlogs/multiregion/{}/access", draft.shape.name),
        retention_days: *retention_days,
        tags: draft.tags(&address),
    };
    let group = draft.desired.add(address, Path::of("gateway").attribute("access_log"), &spec);
    Some(AccessLog { log_group_arn: group.output(log_group::ARN), format: input(format, LOG_FORMAT.to_owned()) })
}

/// The URL of the default endpoint of `region`.
pub(super) fn endpoint(view: &View, region: &str) -> Value {
    view.output(&Address::of::<HttpApi>(region), http_api::ENDPOINT)
}

/// The attribute `gateway`, read back from the HTTP APIs of `regions`.
pub(super) fn imported(found: &Found<'_>, regions: &[String]) -> Value {
    let api = found.first::<HttpApi>(regions);
    let endpoint = found.first::<ExecuteApiEndpoint>(regions);
    let stage = found.first::<Stage>(regions);
    let first = regions.first().map(String::as_str);
    let routes = found.all::<Route>().into_iter().filter(|(address, _)| address.scope.region() == first);
    let throttle = stage.as_ref().and_then(|stage| stage.throttle.as_ref()).map_or(Value::Null, |throttle| {
        let rate = throttle.rate.known().and_then(|rate| Number::parse(rate).ok());
        object([("rate", rate.map_or(Value::Null, Value::Number)), ("burst", known_whole(&throttle.burst))])
    });
    let log = first.and_then(|region| found.spec(&Address::of::<LogGroup>(region).key("access")));
    let access_log = stage.as_ref().and_then(|stage| stage.access_log.as_ref()).map_or(Value::Null, |access| {
        let days = log.map_or(Value::Null, |log| whole(log.retention_days));
        object([("format", known(&access.format)), ("retention_days", days)])
    });
    object([
        ("protocol", text("http")),
        ("routes", Value::List(routes.map(|(_, spec)| text(&spec.key)).collect())),
        ("cors", api.as_ref().and_then(|api| api.cors.as_ref()).map_or(Value::Null, imported_cors)),
        ("throttle", throttle),
        ("access_log", access_log),
        ("disable_execute_api_endpoint", Value::Bool(endpoint.is_some_and(|endpoint| endpoint.disabled))),
        ("timeout_ms", found.first::<Integration>(regions).map_or(Value::Null, |spec| known_whole(&spec.timeout_ms))),
    ])
}

fn imported_cors(cors: &Cors) -> Value {
    object([
        ("allow_origins", known_list(&cors.allow_origins)),
        ("allow_methods", known_list(&cors.allow_methods)),
        ("allow_headers", known_list(&cors.allow_headers)),
        ("expose_headers", known_list(&cors.expose_headers)),
        ("allow_credentials", Value::Bool(cors.allow_credentials)),
        ("max_age_seconds", cors.max_age_seconds.as_ref().map_or(Value::Null, known_whole)),
    ])
}
