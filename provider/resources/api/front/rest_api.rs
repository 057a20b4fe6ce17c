//! REST APIs (API Gateway v1).
//!
//! The content of an API is one OpenAPI document. A deployment is a snapshot of it, which the stage serves: a change becomes
//! visible to clients when the stage moves to the deployment of the new content.

use std::collections::BTreeMap;

use super::rest_content::Routed;
use super::{Front, rest_keys};
use crate::components::Deviations;
use crate::components::apigateway::api_key::ApiKey;
use crate::components::apigateway::api_key_value::ApiKeyValue;
use crate::components::apigateway::rest_api::{self, RestApi};
use crate::components::apigateway::rest_definition::{self, RestDefinition};
use crate::components::apigateway::rest_deployment::{self, RestDeployment};
use crate::components::apigateway::rest_endpoint::{self, RestEndpoint};
use crate::components::apigateway::rest_stage::{self, RestStage};
use crate::components::apigateway::stage::AccessLog;
use crate::components::apigateway::usage_plan::UsagePlan;
use crate::components::apigateway::usage_plan_key::UsagePlanKey;
use crate::components::lambda::permission::Permission;
use crate::components::logs::log_group::{self, LogGroup};
use crate::components::wafv2::web_acl_association::{self, WebAclAssociation};
use crate::desired::{Address, Handle, Input, Kind, hex_digest};
use crate::plan::View;
use crate::resources::api::config::{self, CacheSize};
use crate::resources::api::definition;
use crate::resources::api::expand::Draft;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function::{self, Deployed};
use crate::resources::shared::inputs::{attr, input, list, maybe};
use crate::resources::shared::values::output;
use crate::schema::{Attr, TextMap};
use crate::wire::Path;

/// The kinds of a REST API, parents before children.
pub(super) const KINDS: &[&str] = &[
    RestApi::KIND,
    RestDefinition::KIND,
    RestDeployment::KIND,
    RestStage::KIND,
    RestEndpoint::KIND,
    UsagePlan::KIND,
    ApiKeyValue::KIND,
    ApiKey::KIND,
    UsagePlanKey::KIND,
    WebAclAssociation::KIND,
    Permission::KIND,
];

/// Adds the REST API of `region`, which calls the aliases of `functions`.
pub(super) fn in_region(draft: &mut Draft<'_>, region: &str, functions: &[Deployed]) -> Front {
    let api = api(draft, region);
    let mut permissions = Vec::new();
    for function in functions {
        let id = api.output(rest_api::ID);
        permissions.push(function::permission(&mut draft.expanding(), region, id, function).address().clone());
    }
    let definition = definition(draft, region, &api, functions);
    for permission in &permissions {
        // API Gateway must be allowed to call a function before it sends requests to it.
        draft.desired.order(&definition, permission);
    }
    let deployment = deployment(draft, region, &api, &definition);
    let stage = stage(draft, region, &api, &deployment);
    let endpoint = endpoint_of(draft, region, &api, &stage);
    rest_keys::add(draft, region, &api, &stage);
    web_acl(draft, region, &stage);
    let ready = vec![stage.address().clone()];
    Front {
        api_id: api.output(rest_api::ID),
        endpoint: api.output(rest_api::ENDPOINT),
        host: api.output(rest_api::HOST),
        base_path: stage_name(draft),
        stage: stage.output(rest_stage::NAME),
        default_endpoint: endpoint.address().clone(),
        routed: functions.iter().map(|one| (one.code.name.clone(), permissions.clone())).collect(),
        permissions,
        ready,
    }
}

fn stage_name(draft: &Draft<'_>) -> String {
    draft.shape.gateway.rest.stage_name().unwrap_or_default()
}

fn api(draft: &mut Draft<'_>, region: &str) -> Handle<RestApi> {
    let address = Address::of(region);
    let spec = rest_api::Spec {
        name: draft.shape.name.clone(),
        disable_execute_api_endpoint: draft.shape.gateway.disabled,
        dual_stack: draft.shape.gateway.dual_stack,
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    draft.desired.add(address, Path::of("gateway"), &spec)
}

fn definition(
    draft: &mut Draft<'_>,
    region: &str,
    api: &Handle<RestApi>,
    functions: &[Deployed],
) -> Handle<RestDefinition> {
    let aliases = functions.iter().map(|one| {
        let name = one.code.function_name(&draft.shape.name);
        (one.code.name.clone(), (name, one.alias.clone()))
    });
    let aliases: BTreeMap<_, _> = aliases.collect();
    let place = definition::Place { region, account: draft.context.account_id, partition: draft.context.partition };
    let regional = draft.shape.regions.get(region).map(|place| &place.config);
    let is_open = regional.is_some_and(|regional| definition::is_open(&draft.shape.gateway.config, regional));
    // The mistakes of a definition are found before the expansion.
    let made = definition::of_shape(draft.shape, draft.config, place).ok().filter(|_| !is_open);
    let made = made.and_then(|made| definition::document(made, &aliases));
    let (document, values) =
        made.map_or_else(|| (Input::Unknown, BTreeMap::new()), |(document, values)| (Input::Known(document), values));
    let spec = rest_definition::Spec {
        api_id: api.output(rest_api::ID),
        document,
        values,
        deviations: Deviations::default(),
        content: None,
    };
    let attribute = if draft.shape.gateway.config.openapi().is_null() { "routes" } else { "openapi" };
    draft.desired.add(Address::of(region), Path::of("gateway").attribute(attribute), &spec)
}

/// The deployment of the definition. Its digest covers the document; the ARNs in it follow from the names of the functions,
/// which the document's placeholders contain.
fn deployment(
    draft: &mut Draft<'_>,
    region: &str,
    api: &Handle<RestApi>,
    definition: &Handle<RestDefinition>,
) -> Handle<RestDeployment> {
    let document = draft.desired.get(definition.address()).and_then(|node| node.spec.get("document").cloned());
    let text = document.as_ref().and_then(|document| document.as_str());
    let images = draft.shape.functions.iter().map(|code| code.function_name(&draft.shape.name));
    let names: Vec<String> = images.collect();
    let digest = text.map_or(Input::Unknown, |text| Input::Known(hex_digest(format!("{text}{}", names.join(" ")), 16)));
    let spec = rest_deployment::Spec { api_id: api.output(rest_api::ID), digest };
    let deployment = draft.desired.add(Address::of(region), Path::of("gateway"), &spec);
    draft.desired.order(&deployment, definition);
    deployment
}

fn stage(
    draft: &mut Draft<'_>,
    region: &str,
    api: &Handle<RestApi>,
    deployment: &Handle<RestDeployment>,
) -> Handle<RestStage> {
    let address = Address::of(region);
    let access_log = access_log(draft, region);
    let gateway = &draft.shape.gateway;
    let cache = gateway.rest.cache().known().map(|cache| rest_stage::Cache {
        size_gb: cache.size_gb().map_or(Input::Unknown, |size| size.as_str().into()),
        ttl_seconds: input(cache.ttl_seconds()),
        encrypted: cache.encrypted().unwrap_or(true),
    });
    let mut methods = BTreeMap::new();
    for code in &draft.shape.functions {
        let Some(limit) = &code.throttle else { continue };
        for key in code.routes.iter().filter(|key| key.contains(' ')) {
            let throttle = Some(function::stage_throttle(limit));
            methods.insert(key.clone(), rest_stage::MethodSettings { throttle, caching: None });
        }
    }
    let spec = rest_stage::Spec {
        api_id: api.output(rest_api::ID),
        name: stage_name(draft),
        deployment: deployment.output(rest_deployment::DIGEST),
        throttle: gateway.throttle.as_ref().map(function::stage_throttle),
        cache,
        methods,
        access_log,
        tracing: gateway.rest.tracing().unwrap_or_default(),
        variables: texts(gateway.rest.stage_variables()),
        deviations: Deviations::default(),
        tags: draft.tags(&address),
    };
    draft.desired.add(address, Path::of("gateway"), &spec)
}

/// The texts of a map. One unknown text stands for a map that is unknown as a whole.
fn texts(map: &Attr<TextMap>) -> BTreeMap<String, Input<String>> {
    match map {
        Attr::Known(map) => map.iter().filter_map(|(key, value)| Some((key.clone(), maybe(value)?))).collect(),
        Attr::Null => BTreeMap::new(),
        Attr::Unknown => [(String::new(), Input::Unknown)].into(),
    }
}

fn access_log(draft: &mut Draft<'_>, region: &str) -> Option<AccessLog> {
    let group = super::access_log_group(draft, region)?;
    let log = draft.shape.gateway.access_log.as_ref()?;
    Some(AccessLog { log_group_arn: group.output(log_group::ARN), format: input(log.format()) })
}

fn endpoint_of(
    draft: &mut Draft<'_>,
    region: &str,
    api: &Handle<RestApi>,
    stage: &Handle<RestStage>,
) -> Handle<RestEndpoint> {
    let spec = rest_endpoint::Spec {
        api_id: api.output(rest_api::ID),
        stage: stage.output(rest_stage::NAME),
        disabled: draft.shape.gateway.disabled,
        drain_seconds: draft.shape.drain_seconds,
    };
    let attribute = Path::of("gateway").attribute("disable_execute_api_endpoint");
    draft.desired.add(Address::of(region), attribute, &spec)
}

fn web_acl(draft: &mut Draft<'_>, region: &str, stage: &Handle<RestStage>) {
    let arn = draft.shape.regions.get(region).and_then(|place| maybe(place.config.web_acl_arn()));
    let Some(web_acl_arn) = arn else { return };
    let spec = web_acl_association::Spec { resource_arn: stage.output(rest_stage::ARN), web_acl_arn };
    let attribute = Path::of("regions").key(region).attribute("web_acl_arn");
    draft.desired.add(Address::of::<WebAclAssociation>(region), attribute, &spec);
}

/// The URL of the default endpoint of `region`, with the stage.
pub(super) fn endpoint(view: &View, region: &str) -> Attr<String> {
    let url: Attr<String> = output(view, &Address::of::<RestApi>(region), rest_api::ENDPOINT);
    let stage: Attr<String> = output(view, &Address::of::<RestStage>(region), rest_stage::NAME);
    match (url, stage) {
        (Attr::Known(url), Attr::Known(stage)) => Attr::Known(format!("{url}/{stage}")),
        (Attr::Null, _) | (_, Attr::Null) => Attr::Null,
        _ => Attr::Unknown,
    }
}

/// The attribute `gateway`, read from the REST APIs of `regions`. AWS does not hold the document that the user wrote, so the
/// routes are read from the methods.
pub(super) fn imported(found: &FoundComponents<'_>, regions: &[String]) -> config::Gateway {
    let stage = found.first::<RestStage>(regions);
    let endpoint = found.first::<RestEndpoint>(regions);
    let throttle = stage.as_ref().and_then(|stage| stage.throttle.as_ref()).map(function::import::throttle);
    let log = regions.first().and_then(|region| found.spec(&Address::of::<LogGroup>(region).key("access")));
    let access_log = stage.as_ref().and_then(|stage| stage.access_log.as_ref()).map(|access| config::AccessLog {
        format: attr(&access.format),
        retention_days: log.map(|log| log.retention_days).into(),
    });
    let routed = Routed::of(found, regions);
    let (authorizers, timeout_ms) = routed
        .as_ref()
        .map_or((Attr::Null, Attr::Null), |routed| (routed.authorizers.clone(), routed.timeout_ms.clone()));
    let settings = stage.as_ref().map(imported_stage).map(|stage| match &routed {
        Some(routed) => routed.settings(stage),
        None => stage,
    });
    config::Gateway {
        protocol: Attr::Known(config::Protocol::Rest),
        cors: routed.as_ref().map_or(Attr::Null, Routed::cors),
        routes: routed.map_or(Attr::Null, |routed| list(routed.routes(&None))),
        authorizers,
        timeout_ms,
        throttle: throttle.into(),
        access_log: access_log.into(),
        disable_execute_api_endpoint: Attr::Known(endpoint.is_some_and(|endpoint| endpoint.disabled)),
        ip_address_type: found.first::<RestApi>(regions).map(|api| super::address_type(api.dual_stack)).into(),
        rest: settings.into(),
        api_keys: rest_keys::imported(found, regions),
        ..config::Gateway::default()
    }
}

fn imported_stage(stage: &rest_stage::Spec) -> config::Rest {
    let cache = stage.cache.as_ref().map(|cache| config::StageCache {
        size_gb: cache.size_gb.known().and_then(|size| CacheSize::parse(size)).into(),
        ttl_seconds: attr(&cache.ttl_seconds),
        encrypted: Attr::Known(cache.encrypted),
    });
    let variables = stage.variables.iter().map(|(key, value)| (key.clone(), attr(value)));
    config::Rest {
        stage_name: Attr::Known(stage.name.clone()),
        cache: cache.into(),
        tracing: Attr::Known(stage.tracing),
        stage_variables: if stage.variables.is_empty() { Attr::Null } else { Attr::Known(variables.collect()) },
        ..config::Rest::default()
    }
}
