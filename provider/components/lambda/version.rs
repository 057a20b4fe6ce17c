//! Published version of a function, to which an alias points.

use std::collections::BTreeSet;

use aws_sdk_lambda::types::FunctionConfiguration;
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Regional};
use crate::components::lambda::function::Function;
use crate::components::lambda::{self, alias};
use crate::components::support::answer::{ignore_missing, none_if_missing};
use crate::components::{Component, Discovered, Found, Holder, Resolved, Siblings, output_keys};
use crate::desired::{Input, Kind, KindMeta};

/// The kind `version`.
#[derive(Debug)]
pub struct Version;

output_keys! {
    Version {
        NUMBER = number: String,
    }
}

/// The desired settings of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The function's name.
    pub function: Input<String>,
    /// A hash of everything that a version contains; a new hash publishes a new version.
    pub fingerprint: Input<String>,
}

/// What identifies a version in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The function's name.
    pub function: String,
    /// The version's number.
    pub number: String,
}

impl Kind for Version {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "version",
        about: "Published version of the function.",
        id: "the version number",
        outputs: OUTPUTS,
        immutable: &["function", "fingerprint"],
        // The hash covers the environment, whose values could be guessed from it.
        secret: &["fingerprint"],
        actions: &[
            "lambda:DeleteFunction",
            "lambda:GetAlias",
            "lambda:GetFunction",
            "lambda:ListVersionsByFunction",
            "lambda:PublishVersion",
        ],
        ..KindMeta::DEFAULT
    };
}

impl Component for Version {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.number.clone()
    }

    async fn find(aws: &Regional, spec: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        let (Some(function), Some(fingerprint)) = (spec.function.known(), spec.fingerprint.known()) else {
            return Ok(None);
        };
        let versions = published(aws, function).await?;
        // The fingerprint covers our function and everything that a version freezes, so such a version is ours.
        let last = versions.iter().rfind(|version| version.description() == Some(fingerprint));
        let number = last.and_then(|version| version.version()).filter(|number| is_number(number));
        let function = function.clone();
        Ok(number.map(|number| Found::Ours(Outputs { function, number: number.to_owned() })))
    }

    async fn holder(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<Holder, CallError> {
        lambda::holder(aws, &outputs.function).await
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let mut found = Vec::new();
        for (key, function) in siblings.in_scope::<Function>(&aws.address().scope) {
            let (alias, versions) =
                futures::join!(alias::get(aws, &function.name, alias::LIVE), published(aws, &function.name));
            let live = alias?.and_then(|alias| alias.function_version().map(str::to_owned));
            // After the live version, the oldest first. Without an alias, the newest was about to become live.
            let ours = versions?.into_iter().filter(|version| version.description().is_some_and(is_fingerprint));
            let ours: Vec<String> = ours.filter_map(|version| version.version).collect();
            let live = live.or_else(|| ours.last().cloned());
            let mut numbers: Vec<String> = live.into_iter().chain(ours).collect();
            numbers.retain(|number| is_number(number));
            let mut seen = BTreeSet::new();
            for number in numbers.into_iter().filter(|number| seen.insert(number.clone())) {
                let spec = Spec { function: function.name.as_str().into(), fingerprint: "".into() };
                let outputs = Outputs { function: function.name.clone(), number };
                found.push(Discovered { key: key.clone(), spec, outputs });
            }
        }
        Ok(found)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        let (client, function) = (aws.lambda(), spec.function.get());
        // When nothing has changed since the last version, Lambda publishes nothing and returns that version. A
        // repeated call therefore creates no second version.
        let send = || client.publish_version().function_name(function).description(spec.fingerprint.get()).send();
        let attempt = || aws.call("lambda:PublishVersion", send);
        let what = format!("a version of function {function} in {}", aws.region());
        let published = aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await?;
        let number = published.version.unwrap_or_default();
        if !is_number(&number) {
            return Err(CallError::Failed { what, why: format!("Lambda returned the version {number:?}") });
        }
        lambda::wait_until_ready(aws, function, Some(&number)).await?;
        Ok(Outputs { function: function.clone(), number })
    }

    async fn read(aws: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        let Some(version) = lambda::get(aws, &outputs.function, Some(&outputs.number)).await? else {
            return Ok(None);
        };
        // A version never changes. Its description may still differ from the fingerprint, because for unchanged code
        // and settings Lambda returns an earlier version. Only an import relies on the description.
        let applied = spec.fingerprint.known().is_some_and(|fingerprint| !fingerprint.is_empty());
        let description = version.configuration().and_then(|now| now.description()).filter(|text| !text.is_empty());
        let described = description.filter(|_| !applied);
        let fingerprint = described.map_or_else(|| spec.fingerprint.clone(), Input::from);
        Ok(Some((Spec { function: outputs.function.as_str().into(), fingerprint }, outputs.clone())))
    }

    async fn update(_: &Regional, outputs: &Outputs, _: &Spec, _: &Resolved<Spec>) -> Result<Outputs, CallError> {
        Ok(outputs.clone())
    }

    async fn delete(aws: &Regional, _: &Spec, outputs: &Outputs) -> Result<(), CallError> {
        // Without a version, this call deletes the whole function.
        if !is_number(&outputs.number) {
            return Err(CallError::Malformed(format!("{:?} is not a version number", outputs.number)));
        }
        let client = aws.lambda();
        let send = || client.delete_function().function_name(&outputs.function).qualifier(&outputs.number).send();
        let attempt = || aws.call("lambda:DeleteFunction", send);
        let what = format!("function {}:{} in {}", outputs.function, outputs.number, aws.region());
        ignore_missing(aws.retry(&what, lambda::PROPAGATION, lambda::is_busy, attempt).await)
    }
}

/// The published versions of a function, oldest first; none when the function does not exist.
async fn published(aws: &Regional, function: &str) -> Result<Vec<FunctionConfiguration>, CallError> {
    let client = aws.lambda();
    let send = || {
        let pages = client.list_versions_by_function().function_name(function).into_paginator();
        pages.items().send().collect::<Result<Vec<_>, _>>()
    };
    Ok(none_if_missing(aws.call("lambda:ListVersionsByFunction", send).await)?.unwrap_or_default())
}

/// Whether the provider wrote a description. Versions that others published of our function are not touched.
fn is_fingerprint(description: &str) -> bool {
    description.len() == 32 && description.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
