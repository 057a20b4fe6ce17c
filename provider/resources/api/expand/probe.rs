//! The probes of a region: the requests that its functions must answer before the region receives traffic.

use super::domain::base_path_of;
use super::{Domains, Draft, Front};
use crate::components::apigateway::domain;
use crate::components::apigateway::mapping::Mapping;
use crate::components::execute_api::expected::{Expected, HEALTHY};
use crate::components::execute_api::probe::Probe;
use crate::desired::{Handle, Input};
use crate::resources::api::config::{self, CheckProtocol, Protocol};
use crate::resources::api::shape::Check;
use crate::resources::shared::function::{self, Deployed, PayloadFormat, Target, Wanted};
use crate::resources::shared::inputs::{input, inputs, maybe};
use crate::resources::shared::routes;

/// Where the provider sends requests to the API of a region, as clients do.
#[derive(Clone)]
pub(super) struct Entrance {
    /// The URL or the host.
    pub(super) endpoint: Input<String>,
    /// The host name in the requests.
    pub(super) host: Input<String>,
    /// The path that precedes every path of the API.
    pub(super) base_path: Input<String>,
    /// The mapping of a custom domain name, when the default endpoint is disabled.
    mapping: Option<Handle<Mapping>>,
}

impl Entrance {
    /// The default endpoint or, when that is disabled, a custom domain name.
    pub(super) fn of(draft: &Draft<'_>, front: &Front, domains: &Domains) -> Self {
        let named = domains.regional.as_ref().or(domains.shared.as_ref()).filter(|_| draft.shape.gateway.disabled);
        match named {
            Some(named) => Self {
                endpoint: named.domain.output(domain::TARGET),
                host: Input::Known(named.name.clone()),
                base_path: draft.shape.names.as_ref().map_or("".into(), |names| base_path_of(&names.base_path)),
                mapping: Some(named.mapping.clone()),
            },
            None => Self {
                endpoint: front.endpoint.clone(),
                host: front.host.clone(),
                base_path: front.base_path.as_str().into(),
                mapping: None,
            },
        }
    }
}

/// One probe for each function, or for an API without functions one that API Gateway itself answers.
///
/// It requests the default endpoint or, when that is disabled, a custom domain name. The request goes to the host behind the
/// custom domain name, because its record is created only after the probe succeeds.
pub(super) fn of_region(
    draft: &mut Draft<'_>,
    region: &str,
    functions: &[Deployed],
    front: &Front,
    domains: &Domains,
    entrance: &Entrance,
) -> Vec<Handle<Probe>> {
    let Entrance { endpoint, host, base_path, .. } = entrance.clone();
    let payload_format = match draft.shape.gateway.protocol {
        Protocol::Http => PayloadFormat::V2,
        Protocol::Rest => PayloadFormat::V1,
    };
    // Only API Gateway evaluates the authorizers of a document.
    let may_authenticate = !draft.shape.gateway.config.openapi().is_null();
    let needs_certificate = draft.shape.needs_client_certificate();
    if needs_certificate && functions.is_empty() {
        return Vec::new();
    }
    let target = Target { endpoint, host, base_path, payload_format, may_authenticate, needs_certificate };
    let all = functions.iter().map(Some).chain(functions.is_empty().then_some(None));
    let mut probes = Vec::new();
    for function in all {
        let wanted = wanted(draft, function);
        let probe = function::probe(&mut draft.expanding(), region, function, &target, wanted);
        let Some(probe) = probe else { continue };
        let routed = function.and_then(|function| front.routed.get(&function.code.name));
        for part in front.ready.iter().chain(routed.into_iter().flatten()) {
            draft.desired.order(&probe, part);
        }
        if let Some(named) = &entrance.mapping {
            draft.desired.order(&probe, named);
        }
        probes.push(probe);
    }
    order_mappings(draft, front, domains, &probes);
    probes.extend(of_domain(draft, region, functions, domains, payload_format));
    probes
}

/// The probe at the custom domain name, with its base path. When the default endpoints are disabled, the probes of the functions
/// already use the name. Behind mutual TLS, the provider has no certificate that the name accepts, and a wildcard is no host.
fn of_domain(
    draft: &mut Draft<'_>,
    region: &str,
    functions: &[Deployed],
    domains: &Domains,
    payload_format: PayloadFormat,
) -> Option<Handle<Probe>> {
    let names = draft.shape.names.as_ref().filter(|names| names.mutual_tls.is_none())?;
    let named = domains.shared.as_ref().or(domains.regional.as_ref()).filter(|_| !draft.shape.gateway.disabled)?;
    if named.name.starts_with('*') {
        return None;
    }
    let target = Target {
        endpoint: named.domain.output(domain::TARGET),
        host: Input::Known(named.name.clone()),
        base_path: base_path_of(&names.base_path),
        payload_format,
        may_authenticate: false,
        needs_certificate: false,
    };
    let all = functions.iter().map(Some).chain(functions.is_empty().then_some(None));
    let all = all.map(|function| (function, wanted(draft, function))).collect();
    let probe = function::probe_of_domain(&mut draft.expanding(), region, all, &target)?;
    draft.desired.order(&probe, &named.mapping);
    Some(probe)
}

/// The request and the answer of the probe of a function: those of `routing.probe`, or else those of the health check.
fn wanted(draft: &Draft<'_>, function: Option<&Deployed>) -> Wanted {
    let routing = draft.config.routing().unwrap_or_default();
    let own = routing.probe().known().cloned().unwrap_or_default();
    let path = maybe(own.path());
    let check = draft.shape.health_check.as_ref();
    // Attached functions may serve the path of the health check, and are attached only after the API exists.
    let judges = path.is_none() && function.is_some() && check.is_some_and(judges_responses);
    let usual = check.map(|check| input(check.config.path()));
    let is_configured = path.is_some();
    let Some(path) = path.or(usual) else { return answering(&own, Vec::new(), None) };
    if !serves(draft, function, &path) {
        // Another function answers on the path, with a body of its own.
        let others = answering(&own, Vec::new(), None);
        return Wanted { expected: Expected { search_string: None, ..others.expected }, ..others };
    }
    let search_string = check.filter(|_| judges).and_then(|check| maybe(check.config.search_string()));
    let statuses =
        if check.is_some_and(judges_responses) && function.is_some() { vec![HEALTHY.into()] } else { Vec::new() };
    let wanted = answering(&own, statuses, search_string);
    let is_exact = is_configured || judges;
    let expected = Expected { path: Some(path.clone()).filter(|_| is_exact), ..wanted.expected };
    Wanted { path: Some(path), is_exact, expected, is_open: judges && own.statuses().is_null(), ..wanted }
}

/// The response that counts: that of `own`, and that of the health check for each setting that `own` lacks.
fn answering(own: &config::Probe, statuses: Vec<Input<String>>, search_string: Option<Input<String>>) -> Wanted {
    let statuses = if own.statuses().is_null() { statuses } else { inputs(own.statuses()) };
    let search_string = maybe(own.search_string()).or(search_string);
    let expected = Expected { path: None, statuses, search_string };
    Wanted { expected, enabled: Some(input(own.enabled())), ..Wanted::default() }
}

/// Whether a health check sends requests and expects a response of the API. An inverted one expects none, and a disabled one
/// sends none.
fn judges_responses(check: &Check) -> bool {
    let is_on = |setting: Result<bool, _>| setting.unwrap_or(false);
    check.protocol != CheckProtocol::Tcp && !is_on(check.config.inverted()) && !is_on(check.config.disabled())
}

/// Whether requests for `path` reach this function and none of the others; `true` while that is unknown.
fn serves(draft: &Draft<'_>, function: Option<&Deployed>, path: &Input<String>) -> bool {
    let (Some(function), Some(path)) = (function, path.known()) else { return true };
    let route = routes::route_of_get(draft.shape.routes(), path);
    route.is_some_and(|route| function.code.routes.contains(route))
}

/// Orders the mappings of a region. A custom domain name that receives traffic may lead to another API, of the other protocol,
/// and leads to the new one only after that has answered the probes. With disabled default endpoints, the probes themselves go
/// through a mapping: then every part of the new API must exist.
fn order_mappings(draft: &mut Draft<'_>, front: &Front, domains: &Domains, probes: &[Handle<Probe>]) {
    let parts = front.ready.iter().chain(front.routed.values().flatten());
    for named in domains.shared.iter().chain(&domains.regional) {
        if draft.shape.gateway.disabled {
            parts.clone().for_each(|part| draft.desired.order(&named.mapping, part));
        } else {
            probes.iter().for_each(|probe| draft.desired.order(&named.mapping, probe));
        }
    }
}
