//! The probe: a real request that a region's API must answer before the region receives traffic. It is not an AWS
//! object.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::url_of;
use crate::aws::{CallError, HttpAnswer, Poll, Regional, chain};
use crate::components::apigateway;
use crate::components::apigateway::domain::{self, Domain};
use crate::components::apigateway::execute_api_endpoint;
use crate::components::apigateway::http_api;
use crate::components::apigateway::{rest, rest_endpoint};
use crate::components::lambda::version::Version;
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
    pub version: Option<Input<String>>,
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
        // A region that has answered need not answer again because the path of the probe changes.
        uncompared: &["path", "protected", "routed"],
        visible: false,
        is_check: true,
        actions: &["apigateway:GET"],
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
        let (is_disabled, mut endpoint, mut host) = match rest::api(aws, siblings) {
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
        if is_disabled == Some(true) {
            let Some(domain) = regional_first(siblings.in_scope::<Domain>(scope), aws.region()) else {
                return Ok(Vec::new());
            };
            // Behind mutual TLS there is no probe.
            if domain::needs_client_certificate(aws, &domain.name).await? {
                return Ok(Vec::new());
            }
            (endpoint, host) = (domain.target, domain.name);
        }
        let probe = |key, version: Option<String>| {
            let (endpoint, at) = (Input::from(endpoint.clone()), Input::from(host.clone()));
            let version = version.map(Input::from);
            let spec = Spec { endpoint, host: at, path: "/".into(), routed: true, protected: false, version };
            Discovered { key, spec, outputs: Outputs { host: host.clone() } }
        };
        // An API in use has answered its probes before.
        let versions = siblings.current::<Version>(scope);
        if versions.is_empty() {
            return Ok(vec![probe(None, None)]);
        }
        Ok(versions.into_iter().map(|(key, version)| probe(key, Some(version.number))).collect())
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

/// The length to which the body of a response is cut in messages.
const QUOTED: usize = 200;

async fn ask(aws: &Regional, spec: &Spec, patience: Duration) -> Result<Outputs, CallError> {
    let url = url_of(spec.endpoint.get(), spec.path.get());
    let poll = || async {
        match aws.get(&url, spec.host.get()).await {
            Ok(answer) if is_answered(&answer, spec) => Ok(Poll::Ready(Outputs { host: spec.host.get().clone() })),
            Ok(answer) => Ok(Poll::Pending(seen(&answer))),
            Err(error @ CallError::Unreachable { .. }) => Ok(Poll::Pending(chain(&error))),
            Err(error) => Err(error),
        }
    };
    aws.wait(&format!("an answer of {url} (host {})", spec.host.get()), patience, poll).await
}

fn seen(answer: &HttpAnswer) -> String {
    let body: String = answer.body.chars().take(QUOTED).collect();
    let advice = match answer.status {
        _ if answer.status >= 500 => "; see the function's log group",
        404 => "; API Gateway returns this while its stage is being deployed, or when no route matches the path",
        403 => "; API Gateway returns this while a domain name is not mapped",
        _ => "",
    };
    format!("status {} with {body:?}{advice}", answer.status)
}

/// Whether the function answered, and not API Gateway itself. API Gateway returns 404 while a stage is being deployed
/// and 403 while a domain name is not mapped, both with a fixed body. When no path is `routed`, its 404 counts. When the path
/// is `protected`, its 403 counts, too: it cannot be distinguished from that of a domain name that is not mapped.
fn is_answered(answer: &HttpAnswer, Spec { routed, protected, .. }: &Spec) -> bool {
    let is_from_gateway = serde_json::from_str::<Json>(&answer.body).ok().is_some_and(|body| {
        let message = body.get("message").and_then(Json::as_str);
        body.as_object().is_some_and(|body| body.len() == 1)
            && matches!(
                (answer.status, message),
                (403, Some("Forbidden")) | (404, Some("Not Found")) | (429, Some("Too Many Requests"))
            )
    });
    let counts = !routed && answer.status == 404 || *protected && answer.status == 403;
    answer.status < 500 && (!is_from_gateway || counts)
}

/// The regional domain name if there is one, else the first domain name.
fn regional_first(domains: Vec<(Option<String>, domain::Outputs)>, region: &str) -> Option<domain::Outputs> {
    let own = domains.iter().position(|(_, domain)| domain.name.starts_with(&format!("{region}."))).unwrap_or(0);
    domains.into_iter().nth(own).map(|(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(routed: bool, protected: bool, status: u16, body: &str) -> bool {
        let text = || Input::from("");
        let spec = Spec { endpoint: text(), host: text(), path: text(), routed, protected, version: None };
        is_answered(&HttpAnswer { status, body: body.to_owned() }, &spec)
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

    #[test]
    fn a_failed_probe_says_where_to_look() {
        let seen = |status| seen(&HttpAnswer { status, body: "x".to_owned() });
        assert!(seen(500).contains("log group") && seen(404).contains("no route") && seen(403).contains("mapped"));
        assert_eq!(seen(429), r#"status 429 with "x""#);
    }
}
