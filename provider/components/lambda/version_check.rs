//! The check of a version: the version is invoked with the request of the probe before the alias leads to it. It is not an
//! AWS object.

mod answer;
mod event;

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use serde::{Deserialize, Serialize};

use self::answer::Refusal;
use crate::aws::{CallError, Poll, Regional, chain};
use crate::components::execute_api::expected::Expected;
use crate::components::lambda::version::Version;
use crate::components::{Component, Discovered, Found, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `version_check`.
#[derive(Debug)]
pub struct VersionCheck;

output_keys! {
    VersionCheck {
        FUNCTION = function: String,
    }
}

/// The format of the events that a version of a function receives.
pub const FORMAT_1: &str = "1.0";

/// The desired settings of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// The version that must answer. A new version is checked again.
    pub version: Input<String>,
    /// The request; `None` when every route is a write or has path parameters, because any request could then cause an
    /// effect in the function.
    pub request: Option<Request>,
}

/// The request that a version must answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The path, and after a question mark the query.
    pub path: Input<String>,
    /// The key of the route that the request matches.
    pub route: String,
    /// The format of the event: `1.0` or `2.0`.
    pub format: String,
    /// Whether clients must authenticate. The function may then fail without the identity of a client, so that only a
    /// failed initialization counts.
    pub authenticated: bool,
    /// The response that counts as an answer.
    #[serde(default)]
    pub expected: Expected,
}

/// What identifies a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
}

impl Kind for VersionCheck {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "version_check",
        about: "Invocation of a new version, which must succeed before the alias points to it; not an AWS object.",
        id: "the name of the function",
        outputs: OUTPUTS,
        immutable: &["function"],
        // A version that has answered need not answer again because the request changes.
        uncompared: &["request"],
        visible: false,
        is_check: true,
        actions: &["lambda:InvokeFunction"],
        ..KindMeta::DEFAULT
    };
}

impl Component for VersionCheck {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.function.clone()
    }

    async fn find(_: &Regional, _: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        Ok(None)
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        // A version that serves has been checked before.
        let found = siblings.current::<Version>(&aws.address().scope).into_iter().map(|(key, version)| {
            let outputs = Outputs { function: version.function.clone() };
            let spec = Spec { function: version.function.into(), version: version.number.into(), request: None };
            Discovered { key, spec, outputs }
        });
        Ok(found.collect())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        check(aws, spec).await
    }

    async fn read(_: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(Some((spec.clone(), outputs.clone())))
    }

    async fn update(aws: &Regional, _: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        check(aws, to).await
    }

    async fn delete(_: &Regional, _: &Spec, _: &Outputs) -> Result<(), CallError> {
        Ok(())
    }
}

/// How long a version may fail: a dependency that it calls may be unavailable for a moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// Invokes the version until it answers.
async fn check(aws: &Regional, spec: &Spec) -> Result<Outputs, CallError> {
    let (function, version) = (spec.function.get(), spec.version.get());
    let Some(request) = &spec.request else { return Ok(Outputs { function: function.clone() }) };
    let poll = || async {
        let seen = match invoke(aws, spec, request).await? {
            Ok(()) => return Ok(Poll::Ready(Outputs { function: function.clone() })),
            Err(seen) => seen,
        };
        if seen.is_final {
            let what = format!("version {version} of function {function} in {}", aws.region());
            return Err(CallError::Failed { what, why: seen.to_string() });
        }
        Ok(Poll::Pending(seen.to_string()))
    };
    let path = request.path.get();
    let what = format!("version {version} of function {function} in {} to answer GET {path}", aws.region());
    aws.wait(&what, PATIENCE, poll).await
}

/// Invokes the version once.
async fn invoke(aws: &Regional, spec: &Spec, request: &Request) -> Result<Result<(), Refusal>, CallError> {
    let event = event::event(aws, request).to_string();
    let client = aws.lambda();
    let send = || {
        let call = client.invoke().function_name(spec.function.get()).qualifier(spec.version.get());
        call.log_type(LogType::Tail).payload(Blob::new(event.as_bytes())).send()
    };
    let answer = aws.call("lambda:InvokeFunction", send).await?;
    Ok(answer::judge(&answer, request))
}

/// Why the API of a version fails, as far as an invocation of the version shows it; `None` if it is not to be invoked.
pub(crate) async fn explain(aws: &Regional, spec: &Spec) -> Option<String> {
    let request = spec.request.as_ref()?;
    let (function, version) = (spec.function.get(), spec.version.get());
    let version = format!("version {version} of function {function}");
    Some(match invoke(aws, spec, request).await {
        Ok(Ok(())) => format!(
            "Invoked directly, {version} answers: check the permission of API Gateway to invoke it, and what the function does \
             with the requests of the API"
        ),
        Ok(Err(refusal)) => format!("Invoked directly, {version} does not answer either: {refusal}"),
        Err(error) => {
            format!("The reason could not be determined, because {version} could not be invoked: {}", chain(&error))
        }
    })
}
