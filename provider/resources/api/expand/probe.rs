//! The probes of a region: the requests that its functions must answer before the region receives traffic.

use super::domain::below_base;
use super::{Domains, Draft, Front, Function};
use crate::components::apigateway::domain;
use crate::components::execute_api::probe::{self, Probe};
use crate::components::lambda::version;
use crate::desired::{Address, Handle, Input};
use crate::resources::api::routes;
use crate::resources::shared::inputs::input;
use crate::schema::Attr;
use crate::wire::Path;

/// One probe for each function, or for an API without functions one that API Gateway itself answers.
pub(super) fn of_region(
    draft: &mut Draft<'_>,
    region: &str,
    functions: &[Function],
    front: &Front,
    domains: &Domains,
) -> Vec<Handle<Probe>> {
    if functions.is_empty() {
        return vec![probe(draft, region, None, front, domains)];
    }
    functions.iter().map(|function| probe(draft, region, Some(function), front, domains)).collect()
}

/// A real request to the default endpoint or, when that is disabled, to a custom domain name. The request goes to the host
/// behind the custom domain name, because its record is created only after the probe succeeds.
fn probe(
    draft: &mut Draft<'_>,
    region: &str,
    function: Option<&Function>,
    front: &Front,
    domains: &Domains,
) -> Handle<Probe> {
    let (path, routed) = path(draft, function);
    let named = domains.regional.as_ref().or(domains.shared.as_ref()).filter(|_| draft.shape.gateway.disabled);
    let (endpoint, host, path) = match named {
        Some(named) => {
            let base_path = draft.shape.names.as_ref().map_or(Attr::Null, |names| names.base_path.clone());
            (named.domain.output(domain::TARGET), Input::Known(named.name.clone()), below_base(&base_path, &path))
        }
        None => (front.endpoint.clone(), front.host.clone(), path),
    };
    let version = function.map(|function| function.version.output(version::NUMBER));
    let spec = probe::Spec { endpoint, host, path, routed, version };
    let blame = Path::of("regions").key(region);
    let address = Address::of::<Probe>(region).maybe_key(function.and_then(|function| function.code.key()));
    let probe = draft.desired.add(address, blame, &spec);
    let mut ready: Vec<&Address> = front.ready.iter().collect();
    if let Some(function) = function {
        ready.push(function.alias.address());
        ready.extend(front.routed.get(&function.code.name).into_iter().flatten());
    }
    for part in ready {
        draft.desired.order(&probe, part);
    }
    if let Some(named) = named {
        draft.desired.order(&probe, &named.mapping);
    }
    probe
}

/// The path that the probe of a function requests, and whether a route of the function matches it. The path of the health
/// check is preferred.
fn path(draft: &Draft<'_>, function: Option<&Function>) -> (Input<String>, bool) {
    let Some(function) = function else { return ("/".into(), false) };
    let routes = &function.code.routes;
    if let Some(check) = &draft.shape.health_check {
        match check.config.path() {
            Ok(path) if !routes::matches_get(routes, &path) => {}
            path => return (input(path), true),
        }
    }
    let path = routes::plain_path(routes);
    (path.unwrap_or("/").into(), path.is_some())
}
