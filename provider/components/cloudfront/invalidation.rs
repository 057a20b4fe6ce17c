//! CloudFront invalidation: removes cached responses when the code of the API changes. It is not an AWS object that exists
//! until it is deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Poll, Regional};
use crate::components::cloudfront::distribution::Distribution;
use crate::components::lambda::version::Version;
use crate::components::support::answer::{build_part, none_if_missing, required};
use crate::components::support::identity;
use crate::components::{Component, Discovered, Found, Resolved, Siblings};
use crate::desired::{Input, Kind, KindMeta};

/// The time limit for CloudFront to complete an invalidation. It usually takes less than a minute.
const COMPLETED_WITHIN: Duration = Duration::from_secs(60 * 60);
/// How long to wait for other invalidations of the distribution, of which CloudFront runs a limited number at a time.
const BEGUN_WITHIN: Duration = Duration::from_secs(15 * 60);
/// The status of an invalidation that is over.
const COMPLETED: &str = "Completed";

/// The kind `invalidation`.
#[derive(Debug)]
pub struct Invalidation;

/// The desired state: the content for which cached responses are valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The id of the distribution.
    pub distribution_id: Input<String>,
    /// The paths to invalidate, with `*` at the end for all paths below.
    pub paths: Vec<String>,
    /// The versions of the code by region. When one changes, cached responses are invalidated.
    pub content: BTreeMap<String, Input<String>>,
}

/// The distribution whose cached responses are valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The id of the distribution.
    pub distribution_id: String,
}

impl Kind for Invalidation {
    type Spec = Spec;

    const META: KindMeta = KindMeta {
        name: "invalidation",
        about: "Invalidation of cached responses when the code changes; not an AWS object.",
        id: "the id of the distribution",
        global: true,
        // A new distribution has cached nothing.
        immutable: &["distribution_id"],
        visible: false,
        actions: &["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation", "cloudfront:ListInvalidations"],
        ..KindMeta::DEFAULT
    };
}

impl Component for Invalidation {
    type Outputs = Outputs;

    fn id(outputs: &Outputs) -> String {
        outputs.distribution_id.clone()
    }

    async fn find(_: &Regional, _: &Spec) -> Result<Option<Found<Outputs>>, CallError> {
        Ok(None)
    }

    async fn discover(aws: &Regional, siblings: &Siblings) -> Result<Vec<Discovered<Self>>, CallError> {
        let versions = siblings.all::<Version>().into_iter();
        let content: BTreeMap<_, _> = versions
            .filter_map(|(address, version)| Some((address.scope.region()?.to_owned(), Input::Known(version.number))))
            .collect();
        let mut discovered = Vec::new();
        for (_, distribution) in siblings.in_scope::<Distribution>(&aws.address().scope) {
            let Some(paths) = last_paths(aws, &distribution.id).await? else { continue };
            let spec = Spec { distribution_id: Input::Known(distribution.id.clone()), paths, content: content.clone() };
            discovered.push(Discovered { key: None, spec, outputs: Outputs { distribution_id: distribution.id } });
        }
        Ok(discovered)
    }

    async fn create(aws: &Regional, spec: &Resolved<Spec>) -> Result<Outputs, CallError> {
        // The code may change in the same apply. An import finds the paths by this invalidation.
        invalidate(aws, spec).await?;
        Ok(Outputs { distribution_id: spec.distribution_id.get().clone() })
    }

    async fn read(_: &Regional, spec: &Spec, outputs: &Outputs) -> Result<Option<(Spec, Outputs)>, CallError> {
        Ok(Some((spec.clone(), outputs.clone())))
    }

    async fn update(aws: &Regional, outputs: &Outputs, from: &Spec, to: &Resolved<Spec>) -> Result<Outputs, CallError> {
        // The same content is a repeated update, whose first attempt may not have sent the invalidation.
        if from.content != to.content || *from == **to {
            invalidate(aws, to).await?;
        }
        Ok(outputs.clone())
    }

    async fn delete(_: &Regional, _: &Spec, _: &Outputs) -> Result<(), CallError> {
        Ok(())
    }
}

/// Invalidates the paths and waits until every edge location has removed them.
async fn invalidate(aws: &Regional, spec: &Spec) -> Result<(), CallError> {
    let id = spec.distribution_id.get();
    let quantity = i32::try_from(spec.paths.len()).unwrap_or(i32::MAX);
    let paths = build_part(Paths::builder().quantity(quantity).set_items(Some(spec.paths.clone())).build())?;
    // CloudFront answers a repeated reference with the invalidation that it has begun.
    let batch = InvalidationBatch::builder().caller_reference(reference(aws, spec)).paths(paths);
    let batch = build_part(batch.build())?;
    let create = || async {
        let request = || {
            let request = aws.cloudfront().create_invalidation().distribution_id(id);
            request.invalidation_batch(batch.clone()).send()
        };
        let created = aws.call("cloudfront:CreateInvalidation", request).await?.invalidation;
        Ok(required(created, "an invalidation")?.id)
    };
    let is_busy = |error: &CallError| error.code() == Some("TooManyInvalidationsInProgress");
    let invalidation =
        aws.retry("other invalidations of the distribution to complete", BEGUN_WITHIN, is_busy, create).await?;
    let read = || async {
        let request = || aws.cloudfront().get_invalidation().distribution_id(id).id(&invalidation).send();
        none_if_missing(aws.call("cloudfront:GetInvalidation", request).await)
    };
    let look = || async {
        let found = aws.read_until_found("the invalidation", read).await?.and_then(|found| found.invalidation);
        let status = required(found, "an invalidation")?.status;
        Ok(if status == COMPLETED { Poll::Ready(()) } else { Poll::Pending(status) })
    };
    aws.wait(&format!("invalidation {invalidation} to complete"), COMPLETED_WITHIN, look).await
}

/// The paths of this owner's last invalidation of a distribution.
async fn last_paths(aws: &Regional, id: &str) -> Result<Option<Vec<String>>, CallError> {
    let request = || aws.cloudfront().list_invalidations().distribution_id(id).send();
    // AWS may list a distribution that was deleted a moment ago.
    let page = none_if_missing(aws.call("cloudfront:ListInvalidations", request).await)?;
    let page = page.and_then(|page| page.invalidation_list);
    // The newest come first. Others may have invalidated responses, too.
    for summary in page.and_then(|page| page.items).unwrap_or_default() {
        let request = || aws.cloudfront().get_invalidation().distribution_id(id).id(&summary.id).send();
        let found = none_if_missing(aws.call("cloudfront:GetInvalidation", request).await)?;
        let batch = found.and_then(|found| found.invalidation?.invalidation_batch);
        if let Some(batch) = batch
            && batch.caller_reference.starts_with(&identity::reference_prefix(aws))
        {
            return Ok(batch.paths.and_then(|paths| paths.items));
        }
    }
    Ok(None)
}

/// The caller reference, which is the same when the invalidation for this content is repeated.
fn reference(aws: &Regional, spec: &Spec) -> String {
    let content: Vec<String> =
        spec.content.iter().map(|(region, version)| format!("{region} {}", version.get())).collect();
    identity::reference(aws, &[content.join(","), spec.paths.join(" ")].join(";"))
}
