//! The probe of a function: a request that it must answer before its region receives traffic.

use super::{Deployed, Expanding, PayloadFormat};
use crate::components::execute_api::probe::invocation::Invoked;
use crate::components::execute_api::probe::{self, Probe};
use crate::components::lambda::{alias, version};
use crate::desired::{Address, Handle, Input};
use crate::resources::shared::routes;
use crate::wire::Path;

/// The address to which the probe is sent.
pub(crate) struct Target {
    /// The URL or the host behind the name.
    pub(crate) endpoint: Input<String>,
    /// The host name in the request.
    pub(crate) host: Input<String>,
    /// The path that precedes every path of the API; empty for none.
    pub(crate) base_path: Input<String>,
    /// When API Gateway answers only clients with a certificate, functions are invoked directly: the format of their events,
    /// unless they have one of their own.
    pub(crate) invoked: Option<PayloadFormat>,
}

/// The probe of `function` in `region`, or of an API without functions, which answers the request itself. `preferred` is the
/// path of the health check: the probe requests it if a route of the function matches it.
pub(crate) fn probe(
    to: &mut Expanding<'_, '_>,
    region: &str,
    function: Option<&Deployed>,
    target: &Target,
    preferred: Option<Input<String>>,
) -> Handle<Probe> {
    let (path, routed) = path(function, preferred);
    let spec = probe::Spec {
        endpoint: target.endpoint.clone(),
        host: target.host.clone(),
        path: below(&target.base_path, &path),
        routed,
        invoked: function.zip(target.invoked).map(|(function, format)| invoked(function, format)),
        version: function.map(|function| function.version.output(version::NUMBER)),
    };
    let address = Address::of::<Probe>(region).maybe_key(function.and_then(|function| function.code.key()));
    let probe = to.desired.add(address, Path::of("regions").key(region), &spec);
    if let Some(function) = function {
        to.desired.order(&probe, &function.alias);
    }
    probe
}

/// The function of a probe that invokes it.
fn invoked(function: &Deployed, format: PayloadFormat) -> Invoked {
    let format = function.code.payload_format.unwrap_or(format);
    Invoked { function_arn: function.alias.output(alias::ARN), payload_format: format.as_str().to_owned() }
}

/// The path that the probe of a function requests, and whether a route of the function matches it.
fn path(function: Option<&Deployed>, preferred: Option<Input<String>>) -> (Input<String>, bool) {
    let Some(function) = function else { return ("/".into(), false) };
    let keys = &function.code.routes;
    match preferred {
        Some(Input::Known(path)) if routes::matches_get(keys, &path) => return (Input::Known(path), true),
        Some(Input::Known(_)) | None => {}
        Some(unknown) => return (unknown, true),
    }
    let path = routes::plain_path(keys);
    (path.unwrap_or("/").into(), path.is_some())
}

/// `path` below a base path.
pub(crate) fn below(base: &Input<String>, path: &Input<String>) -> Input<String> {
    match (base, path) {
        (Input::Known(base), Input::Known(path)) if base.is_empty() => Input::Known(path.clone()),
        (Input::Known(base), Input::Known(path)) => Input::Known(format!("/{base}{path}")),
        _ => Input::Unknown,
    }
}
