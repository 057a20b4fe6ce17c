//! The probe: a real request that a region's API must answer before the region receives traffic. It is not an AWS
//! object.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cause::{cause, described, gateway_message};
use super::expected::Expected;
use super::url_of;
use crate::aws::{CallError, HttpAnswer, Poll, Regional, chain};
use crate::components::apigateway;
use crate::components::apigateway::domain::{self, Domain};
use crate::components::apigateway::execute_api_endpoint;
use crate::components::apigateway::http_api;
use crate::components::apigateway::{rest, rest_endpoint};
use crate::components::lambda::version::Version;
use crate::components::lambda::version_check;
use crate::components::{Component, Discovered, Found, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `probe`.
#[derive(Debug)]
pub struct Probe;

output_keys! {
    Probe {
        HOST = host: String,
    }
}

/// The desired settings of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The URL or host to which the request is sent.
    pub endpoint: Input<String>,
    /// The host name in the request.
    pub host: Input<String>,
    /// The path of the request.
    pub path: Input<String>,
    /// Whether a route matches the path. When none does, because every route is a write or has path parameters, API Gateway's
    /// own Not Found counts as an answer: any other request could cause an effect in the function.
    pub routed: bool,
    /// Whether API Gateway requires credentials for the path, which the probe does not have. Then its own Unauthorized or
    /// Forbidden counts as an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// The version of the function that must answer; `None` when the API has no function of its own. A new version is
    /// probed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Input<String>>,
    /// The response that counts as an answer. `None` in the state of an earlier release and after an import: then the region
    /// has answered, and nothing records to which request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    /// Whether a request is sent; `None` where `expected` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<Input<bool>>,
    /// The invocation of the version that shows why it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation: Option<version_check::Spec>,
}

/// What identifies a probe in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The host that answered.
    pub host: String,
}

impl Kind for Probe {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "probe",
        about: "Real request that the API of a region must answer before the region receives traffic; not an AWS object.",
        id: "the host that answered",
        outputs: OUTPUTS,
        immutable: &["host"],
        // A region that has answered need not answer again because the path changes, unless the path is configured.
        uncompared: &["invocation", "path", "protected", "routed"],
        visible: false,
        is_check: true,
        actions: &["apigateway:GET", "lambda:InvokeFunction"],
        ..KindMeta::DEFAULT
    };
}

impl Component for Probe {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.host.clone()
    }

    async fn find(_: &Regional, _: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        Ok(None)
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let scope = &aws.address().scope;
        let (is_disabled, endpoint, host) = match rest::api(aws, siblings) {
            Some(api) => (rest_endpoint::is_disabled(aws, &api.id).await?, api.endpoint, api.host),
            None => {
                let api = match apigateway::apis(aws, siblings).await?.into_iter().next() {
                    Some((id, _)) => http_api::located(aws, &id).await?,
                    None => None,
                };
                let Some(api) = api else { return Ok(Vec::new()) };
                (execute_api_endpoint::is_disabled(aws, &api.id).await?, api.endpoint, api.host)
            }
        };
        let (is_disabled, domains) = (is_disabled == Some(true), siblings.in_scope::<Domain>(scope));
        let named = if is_disabled { regional_first(domains, aws.region()) } else { shared_first(domains) };
        let named = match named {
            // Behind mutual TLS there is no probe.
            Some(named) if domain::needs_client_certificate(aws, &named.name).await? => None,
            named => named.map(|named| (named.target, named.name)),
        };
        let versions = siblings.current::<Version>(scope);
        let versions: Vec<_> = versions.into_iter().map(|(key, version)| (key, Some(version.number))).collect();
        let functions = if versions.is_empty() { vec![(None, None)] } else { versions.clone() };
        let each = |endpoint: &str, host: &str| -> Vec<_> {
            functions.iter().map(|(key, version)| passed(key.clone(), endpoint, host, version.clone())).collect()
        };
        Ok(match (is_disabled, named) {
            (true, None) => Vec::new(),
            (true, Some((target, name))) => each(&target, &name),
            (false, named) => {
                let mut found = each(&endpoint, &host);
                // Of several functions, it is not known which one the probe at the custom domain name has asked.
                let version = <[_; 1]>::try_from(versions).ok().and_then(|[(_, version)]| version);
                found.extend(named.map(|(target, name)| passed(Some(name.clone()), &target, &name, version)));
                found
            }
        })
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        ask(aws, spec, PATIENCE).await
    }

    async fn read(_: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(Some((spec.clone(), outputs.clone())))
    }

    async fn update(aws: &Regional, _: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let serves = from.endpoint == to.endpoint;
        ask(aws, to, if serves { PATIENCE_AFTER_CHANGE } else { PATIENCE }).await
    }

    async fn delete(_: &Regional, _: &Spec, _: &Outputs) -> Result<(), CallError> {
        Ok(())
    }
}

/// How long a new API may take until it answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long an API that has answered before may fail after a change. Clients see these failures, so a rollback must follow
/// soon; until AWS has updated an alias everywhere, which takes seconds, the previous version answers.
const PATIENCE_AFTER_CHANGE: Duration = Duration::from_secs(10);

/// The number of consecutive responses after which a response is final that the function or an authorizer returned: about six
/// seconds, so that every part of AWS uses the current version.
const FINAL_AFTER: u32 = 8;

async fn ask(aws: &Regional, spec: &Spec, patience: Duration) -> Result<Outputs, CallError> {
    if spec.enabled == Some(Input::Known(false)) {
        return Ok(Outputs { host: spec.host.get().clone() });
    }
    let url = url_of(spec.endpoint.get(), spec.path.get());
    let what = format!("an answer of {url} (host {})", spec.host.get());
    let (final_answers, has_failed) = (AtomicU32::new(0), AtomicBool::new(false));
    let poll = || async {
        let answer = match aws.get(&url, spec.host.get()).await {
            Ok(answer) => answer,
            Err(error @ CallError::Unreachable { .. }) => return Ok(Poll::Pending(chain(&error))),
            Err(error) => return Err(error),
        };
        let Err(refusal) = judge(&answer, spec) else {
            return Ok(Poll::Ready(Outputs { host: spec.host.get().clone() }));
        };
        has_failed.store(answer.status >= 500, Ordering::Relaxed);
        if !is_final(&answer, spec) {
            final_answers.store(0, Ordering::Relaxed);
        } else if final_answers.fetch_add(1, Ordering::Relaxed) + 1 == FINAL_AFTER {
            return Err(CallError::Failed { what: what.clone(), why: refusal });
        }
        Ok(Poll::Pending(refusal))
    };
    match aws.wait(&what, patience, poll).await {
        Err(CallError::TimedOut { what, waited_seconds, last }) if has_failed.load(Ordering::Relaxed) => {
            let last = with_explanation(aws, spec, last).await;
            Err(CallError::TimedOut { what, waited_seconds, last })
        }
        answered => answered,
    }
}

/// `seen` with the error of the function and the end of its log, if the version also fails when it is invoked directly.
async fn with_explanation(aws: &Regional, spec: &Spec, seen: String) -> String {
    let Some(invocation) = &spec.invocation else { return seen };
    match version_check::explain(aws, invocation).await {
        Some(explanation) => format!("{seen}. {explanation}"),
        None => seen,
    }
}

/// Compares an answer with the expected one; returns what is wrong with it.
fn judge(answer: &HttpAnswer, spec: &Spec) -> Result<(), String> {
    let usual = Expected::default();
    let expected = spec.expected.as_ref().unwrap_or(&usual);
    let mut unexpected = String::new();
    if expected.has_statuses() || is_answered(answer, spec) {
        match expected.judge(answer.status.into(), &answer.body) {
            Ok(()) => return Ok(()),
            Err(difference) => unexpected = difference.to_string(),
        }
    }
    let parts = [described(answer), unexpected, cause(answer).to_owned()];
    Err(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; "))
}

/// Whether an answer that does not count will not change by itself: it comes from the function or from an authorizer, and not
/// from API Gateway, which returns 403 and 404 until its parts have reached all of its servers.
fn is_final(answer: &HttpAnswer, spec: &Spec) -> bool {
    let is_configured = spec.expected.as_ref().is_some_and(|expected| *expected != Expected::default());
    let may_pass = matches!(answer.status, 403 | 404 | 429) && gateway_message(answer).is_some();
    is_configured && answer.status < 500 && !may_pass
}

/// Whether the function answered, and not API Gateway itself. API Gateway returns 404 while a stage is being deployed
/// and 403 while a domain name is not mapped, both with a fixed body. When no path is `routed`, its 404 counts. When the path
/// is `protected`, its 403 counts, too: it cannot be distinguished from that of a domain name that is not mapped.
fn is_answered(answer: &HttpAnswer, Spec { routed, protected, .. }: &Spec) -> bool {
    let message = gateway_message(answer);
    let is_from_gateway = matches!(
        (answer.status, message.as_deref()),
        (403, Some("Forbidden")) | (404, Some("Not Found")) | (429, Some("Too Many Requests"))
    );
    let counts = !routed && answer.status == 404 || *protected && answer.status == 403;
    answer.status < 500 && (!is_from_gateway || counts)
}

/// The probe of an API in use, which it has passed before.
fn passed(key: Option<String>, endpoint: &str, host: &str, version: Option<String>) -> Discovered<Probe> {
    let spec = Spec {
        endpoint: endpoint.into(),
        host: host.into(),
        path: "/".into(),
        routed: true,
        protected: false,
        version: version.map(Input::from),
        expected: None,
        enabled: None,
        invocation: None,
    };
    Discovered { key, spec, outputs: Outputs { host: host.to_owned() } }
}

/// The domain name of all regions if there is one, else the regional one. A wildcard is no host.
fn shared_first(domains: Vec<(Option<String>, domain::Outputs)>) -> Option<domain::Outputs> {
    let is_own = |key: &Option<String>| key.as_deref().is_none_or(|key| key == domain::REGIONAL);
    let own = domains.into_iter().filter(|(key, _)| is_own(key)).min_by(|(one, _), (other, _)| one.cmp(other));
    own.map(|(_, domain)| domain).filter(|domain| !domain.name.starts_with('*'))
}

/// The regional domain name if there is one, else the first domain name.
fn regional_first(domains: Vec<(Option<String>, domain::Outputs)>, region: &str) -> Option<domain::Outputs> {
    let own = domains.iter().position(|(_, domain)| domain.name.starts_with(&format!("{region}."))).unwrap_or(0);
    domains.into_iter().nth(own).map(|(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::execute_api::expected::HEALTHY;

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer { status, body: body.to_owned() }
    }

    fn spec(routed: bool, protected: bool, expected: Option<Expected>) -> Spec {
        let text = || Input::from("");
        let (endpoint, host, path) = (text(), text(), text());
        let (version, enabled, invocation) = (None, None, None);
        Spec { endpoint, host, path, routed, protected, version, expected, enabled, invocation }
    }

    fn asked(routed: bool, protected: bool, status: u16, body: &str) -> bool {
        judge(&answer(status, body), &spec(routed, protected, None)).is_ok()
    }

    fn answered(status: u16, body: &str) -> bool {
        asked(true, false, status, body)
    }

    #[test]
    fn a_refusal_is_an_answer_when_the_path_is_protected() {
        assert!(asked(true, true, 403, r#"{"message":"Forbidden"}"#));
        assert!(asked(true, true, 401, r#"{"message":"Unauthorized"}"#));
        assert!(!asked(true, true, 404, r#"{"message":"Not Found"}"#));
        assert!(!asked(true, true, 500, r#"{"message":"Internal Server Error"}"#));
    }

    #[test]
    fn a_response_of_api_gateway_itself_is_no_answer() {
        assert!(!answered(404, r#"{"message":"Not Found"}"#));
        assert!(!answered(403, r#"{"message":"Forbidden"}"#));
        assert!(!answered(500, r#"{"message":"Internal Server Error"}"#));
        assert!(!answered(503, "down for maintenance"));
        assert!(answered(200, "hello"));
        assert!(answered(404, "<h1>no such giraffe</h1>"));
        assert!(answered(404, r#"{"message":"Not Found","path":"/"}"#));
        assert!(answered(401, r#"{"message":"Unauthorized"}"#));
    }

    #[test]
    fn not_found_is_an_answer_when_no_route_matches() {
        let answered = |status, body: &str| asked(false, false, status, body);
        assert!(answered(404, r#"{"message":"Not Found"}"#));
        assert!(!answered(403, r#"{"message":"Forbidden"}"#));
        assert!(!answered(500, r#"{"message":"Internal Server Error"}"#));
    }

    /// The answer as that of the path of a health check.
    fn checked(status: u16, body: &str) -> Result<(), String> {
        let (path, search_string) = (Some("/health".into()), Some("healthy".into()));
        let expected = Expected { path, statuses: vec![HEALTHY.into()], search_string };
        judge(&answer(status, body), &spec(true, false, Some(expected)))
    }

    #[test]
    fn a_health_check_decides_what_counts() {
        assert_eq!(checked(204, "healthy"), Ok(()));
        assert_eq!(checked(302, "healthy"), Ok(()));
        for (status, body, parts) in [
            (200, "ill", ["status 200 with \"ill\"", "search string \"healthy\""]),
            (404, "healthy", ["expected a status of 200-399", "does not handle"]),
            (401, r#"{"message":"Unauthorized"}"#, ["expected a status of 200-399", "authorizer"]),
            (503, "healthy", ["expected a status of 200-399", "log group"]),
        ] {
            let refusal = checked(status, body).expect_err("a refusal");
            assert!(parts.iter().all(|part| refusal.contains(part)), "{refusal}");
        }
    }

    #[test]
    fn a_search_string_alone_keeps_the_usual_statuses() {
        let expected = Expected { search_string: Some("here".into()), ..Expected::default() };
        let judged = |status, body| judge(&answer(status, body), &spec(true, false, Some(expected.clone()))).is_ok();
        assert!(judged(404, "nothing here"));
        assert!(!judged(200, "hello") && !judged(500, "here") && !judged(404, r#"{"message":"Not Found"}"#));
    }

    #[test]
    fn an_answer_of_the_function_is_final() {
        let configured = spec(true, false, Some(Expected { path: Some("/".into()), ..Expected::default() }));
        for (status, body, expected) in [
            (401, r#"{"message":"Unauthorized"}"#, true),
            (404, "no such giraffe", true),
            (200, "ill", true),
            (404, r#"{"message":"Not Found"}"#, false),
            (403, r#"{"message":"Forbidden"}"#, false),
            (503, "busy", false),
        ] {
            assert_eq!(is_final(&answer(status, body), &configured), expected, "{status} {body}");
        }
        assert!(!is_final(&answer(401, ""), &spec(true, false, None)));
    }
}
