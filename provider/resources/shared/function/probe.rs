//! The probe of a function: a request that it must answer before its region receives traffic.

use super::{Deployed, Expanding};
use crate::components::execute_api::probe::{self, Probe};
use crate::components::lambda::version;
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
    let Asked { path, routed, protected } = Asked::of(function, preferred);
    let spec = probe::Spec {
        endpoint: target.endpoint.clone(),
        host: target.host.clone(),
        path: below(&target.base_path, &path),
        routed,
        protected,
        version: function.map(|function| function.version.output(version::NUMBER)),
    };
    let address = Address::of::<Probe>(region).maybe_key(function.and_then(|function| function.code.key()));
    let probe = to.desired.add(address, Path::of("regions").key(region), &spec);
    if let Some(function) = function {
        to.desired.order(&probe, &function.alias);
    }
    probe
}

/// What the probe of a function requests.
struct Asked {
    /// The path.
    path: Input<String>,
    /// Whether a route of the function matches it.
    routed: bool,
    /// Whether API Gateway refuses the request, because it has no credentials.
    protected: bool,
}

impl Asked {
    fn of(function: Option<&Deployed>, preferred: Option<Input<String>>) -> Self {
        let Some(code) = function.map(|function| &function.code) else {
            return Self { path: "/".into(), routed: false, protected: false };
        };
        // Another function may protect all paths on which this one, without routes, can be asked.
        let nothing = Self { path: "/".into(), routed: false, protected: true };
        let preferred = match preferred {
            Some(Input::Known(path)) => Some(path),
            None => None,
            Some(path) => return Self { path, routed: true, protected: !code.protected.is_empty() },
        };
        let is_open =
            |path: &str| routes::route_of_get(&code.routes, path).is_some_and(|route| !code.protected.contains(route));
        // The function itself answers an open route, and API Gateway a protected one.
        let open = || code.routes.difference(&code.protected);
        let plain = routes::plain_path(&code.routes).map(str::to_owned);
        let preferred = preferred.filter(|path| routes::matches_get(&code.routes, path));
        let others = open().filter_map(|key| routes::plain_path([key])).map(str::to_owned);
        let candidates: Vec<String> = preferred.into_iter().chain(plain).chain(others).collect();
        match candidates.iter().find(|path| is_open(path)).or_else(|| candidates.first()) {
            Some(path) => Self { path: path.as_str().into(), routed: true, protected: !is_open(path) },
            None if code.routes.is_empty() || open().next().is_none() => nothing,
            None => Self { protected: false, ..nothing },
        }
    }
}

/// `path` below a base path.
pub(crate) fn below(base: &Input<String>, path: &Input<String>) -> Input<String> {
    match (base, path) {
        (Input::Known(base), Input::Known(path)) if base.is_empty() => Input::Known(path.clone()),
        (Input::Known(base), Input::Known(path)) => Input::Known(format!("/{base}{path}")),
        _ => Input::Unknown,
    }
}
