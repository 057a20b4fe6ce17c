//! The verification of a region: requests that its API must answer after a change, as clients send them. It is not an AWS
//! object.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::url_of;
use crate::aws::{CallError, Poll, Regional, chain};
use crate::components::lambda::{alias, canary};
use crate::components::{Component, Discovered, Found, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `verification`.
#[derive(Debug)]
pub struct Verification;

/// The desired settings of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The URL or host to which the requests are sent.
    pub endpoint: Input<String>,
    /// The host name in the requests.
    pub host: Input<String>,
    /// The path of the requests.
    pub path: Input<String>,
    /// The status that every response must have.
    pub status: Input<i64>,
    /// The number of requests.
    pub requests: Input<i64>,
    /// The versions of the functions. New versions are verified again.
    pub versions: Vec<Input<String>>,
    /// The functions whose canaries must answer. Without an active canary, nothing is requested. Empty for the verification of
    /// the whole region.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canaries: Vec<Input<String>>,
}

/// What identifies a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The host that answered.
    pub host: String,
}

impl Kind for Verification {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "verification",
        about: "Requests that the API of a region must answer after a change; not an AWS object.",
        id: "the host that answered",
        immutable: &["host"],
        // A region that has answered need not answer again because the requests change.
        uncompared: &["path", "requests", "status"],
        visible: false,
        is_check: true,
        actions: &["lambda:GetAlias"],
        ..KindMeta::DEFAULT
    };
}

impl Component for Verification {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.host.clone()
    }

    async fn find(_: &Regional, _: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        Ok(None)
    }

    async fn discover(_: &Regional, _: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        // AWS does not store which requests a region must answer.
        Ok(Vec::new())
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        verify(aws, spec).await
    }

    async fn read(_: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(Some((spec.clone(), outputs.clone())))
    }

    async fn update(aws: &Regional, _: &Outputs, _: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        verify(aws, to).await
    }

    async fn delete(_: &Regional, _: &Spec, _: &Outputs) -> Result<(), CallError> {
        Ok(())
    }
}

/// How long the connection of one request may fail: the network of this machine is not what is verified.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether one of the functions has an active canary. A new region has none.
async fn has_canary(aws: &Regional, spec: &Spec) -> Result<bool, CallError> {
    for function in &spec.canaries {
        if canary::is_active(aws, function.get(), alias::LIVE).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Sends the requests one after another. The first response with another status ends the verification.
async fn verify(aws: &Regional, spec: &Spec) -> Result<Outputs, CallError> {
    let (host, requests, status) = (spec.host.get(), *spec.requests.get(), *spec.status.get());
    if !spec.canaries.is_empty() && !has_canary(aws, spec).await? {
        return Ok(Outputs { host: host.clone() });
    }
    let url = url_of(spec.endpoint.get(), spec.path.get());
    for number in 1..=requests {
        let poll = || async {
            match aws.get(&url, host).await {
                Ok(answer) if i64::from(answer.status) == status => Ok(Poll::Ready(())),
                Ok(answer) => {
                    let what = format!("the verification of {} with {url} (host {host})", aws.region());
                    let why = format!("request {number} of {requests} was answered with the status {}", answer.status);
                    Err(CallError::Failed { what, why: format!("{why} instead of {status}") })
                }
                Err(error @ CallError::Unreachable { .. }) => Ok(Poll::Pending(chain(&error))),
                Err(error) => Err(error),
            }
        };
        aws.wait(&format!("an answer of {url} (host {host})"), PATIENCE, poll).await?;
    }
    Ok(Outputs { host: host.clone() })
}
