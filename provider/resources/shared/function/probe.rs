//! The checks of a function: its new version must answer when it is invoked, before the alias points to it, and the API must
//! answer a request before its region receives traffic.

use super::{Deployed, Expanding, PayloadFormat};
use crate::components::execute_api::expected::Expected;
use crate::components::execute_api::probe::{self, Probe};
use crate::components::lambda::function;
use crate::components::lambda::version_check::{self, VersionCheck};
use crate::desired::{Address, AddressOf, Handle, Input};
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
    /// The format of the events that the API sends to a function that does not choose one.
    pub(crate) payload_format: PayloadFormat,
    /// Whether the definition of the API may contain authorizers.
    pub(crate) may_authenticate: bool,
    /// Whether API Gateway answers only clients with a certificate, which the provider does not have.
    pub(crate) needs_certificate: bool,
}

/// The request and the answer of a probe, as far as they are configured.
#[derive(Clone, Default)]
pub(crate) struct Wanted {
    /// The path: that of the health check, for example.
    pub(crate) path: Option<Input<String>>,
    /// Whether the probe requests no other path. If not, it requests the path if a route of the function matches it.
    pub(crate) is_exact: bool,
    /// The answer that counts.
    pub(crate) expected: Expected,
    /// Whether clients without credentials must receive that answer, such as the checkers of Route 53.
    pub(crate) is_open: bool,
    /// Whether a request is sent through the API; `None` for the default.
    pub(crate) enabled: Option<Input<bool>>,
}

/// The probe of `function` in `region`, or of an API without functions, which answers the request itself. `None` behind mutual
/// TLS, where only the version is checked.
pub(crate) fn probe(
    to: &mut Expanding<'_, '_>,
    region: &str,
    function: Option<&Deployed>,
    target: &Target,
    wanted: Wanted,
) -> Option<Handle<Probe>> {
    let asked = Asked::of(function, &wanted);
    let wanted = asked.answer(wanted);
    let request = function.and_then(|function| request(function, target, &asked, &wanted));
    if let Some(function) = function {
        check_version(to, region, function, request.clone());
    }
    if target.needs_certificate {
        return None;
    }
    let version = function.map(|function| function.version.clone());
    let invocation = function.zip(version).zip(request).map(|((function, version), request)| {
        let name = function.code.function_name(to.name);
        version_check::Spec { function: name.into(), version, request: Some(request) }
    });
    let address = Address::of::<Probe>(region).maybe_key(function.and_then(|function| function.code.key()));
    Some(sent(to, address, (function, asked), target, (wanted, invocation)))
}

/// The probe of `region` at a custom domain name, in the way in which clients reach it. It requests what one of the functions
/// answers, the one with the path of the health check if there is any. `functions` have their own probes.
pub(crate) fn probe_of_domain(
    to: &mut Expanding<'_, '_>,
    region: &str,
    functions: Vec<(Option<&Deployed>, Wanted)>,
    target: &Target,
) -> Option<Handle<Probe>> {
    let asked = functions.into_iter().map(|(function, wanted)| (Asked::of(function, &wanted), function, wanted));
    let (asked, function, wanted) =
        asked.min_by_key(|(asked, _, wanted)| (!wanted.is_exact, !asked.reaches_function()))?;
    let wanted = asked.answer(wanted);
    let key = target.host.known()?.clone();
    let address = Address::of::<Probe>(region).key(&key);
    Some(sent(to, address, (function, asked), target, (wanted, None)))
}

/// Adds the probe at `address`.
fn sent(
    to: &mut Expanding<'_, '_>,
    address: AddressOf<Probe>,
    (function, asked): (Option<&Deployed>, Asked),
    target: &Target,
    (wanted, invocation): (Wanted, Option<version_check::Spec>),
) -> Handle<Probe> {
    let spec = probe::Spec {
        endpoint: target.endpoint.clone(),
        host: target.host.clone(),
        path: below(&target.base_path, &asked.path),
        routed: asked.routed,
        protected: asked.protected,
        version: function.map(|function| function.version.clone()),
        expected: Some(wanted.expected),
        enabled: Some(wanted.enabled.unwrap_or(Input::Known(true))),
        invocation,
    };
    let path = Path::of("regions").key(address.scope.region().unwrap_or_default());
    let probe = to.desired.add(address, path, &spec);
    if let Some(function) = function {
        to.desired.order(&probe, &function.alias);
    }
    probe
}

/// The request that the function's version must answer.
fn request(function: &Deployed, target: &Target, asked: &Asked, wanted: &Wanted) -> Option<version_check::Request> {
    let code = &function.code;
    // A function without concurrency rejects every invocation.
    if !asked.routed || function.is_stopped {
        return None;
    }
    let known = asked.path.known().map(String::as_str).unwrap_or("/");
    Some(version_check::Request {
        path: asked.path.clone(),
        route: routes::route_of_get(&code.routes, known).cloned().unwrap_or_default(),
        format: code.payload_format.unwrap_or(target.payload_format).as_str().to_owned(),
        authenticated: asked.protected || target.may_authenticate && !wanted.is_open,
        expected: wanted.expected.clone(),
    })
}

/// Adds the check of the function's version, which the alias waits for.
fn check_version(
    to: &mut Expanding<'_, '_>,
    region: &str,
    function: &Deployed,
    request: Option<version_check::Request>,
) {
    let code = &function.code;
    let spec = version_check::Spec {
        function: function.function.output(function::NAME),
        version: function.version.clone(),
        request,
    };
    let address = Address::of::<VersionCheck>(region).maybe_key(code.key());
    let check = to.desired.add(address, code.path.clone(), &spec);
    to.desired.order(&function.alias, &check);
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
    fn of(function: Option<&Deployed>, wanted: &Wanted) -> Self {
        let preferred = wanted.path.clone();
        let Some(code) = function.map(|function| &function.code) else {
            let path = preferred.filter(|_| wanted.is_exact).unwrap_or("/".into());
            return Self { path, routed: wanted.is_exact, protected: false };
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
        if let Some(path) = preferred.as_ref().filter(|_| wanted.is_exact) {
            return Self { protected: !is_open(path), path: path.as_str().into(), routed: true };
        }
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

    /// Whether the function answers, and not API Gateway itself.
    fn reaches_function(&self) -> bool {
        self.routed && !self.protected
    }

    /// `wanted` with the answer that counts: where API Gateway itself answers, the expected one of the function does not apply.
    fn answer(&self, wanted: Wanted) -> Wanted {
        if wanted.is_exact || self.reaches_function() {
            return wanted;
        }
        Wanted { expected: Expected::default(), ..wanted }
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
