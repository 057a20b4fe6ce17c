//! Checks at plan time that the policies of a distribution exist.

use std::collections::BTreeMap;

use super::{Behavior, Spec};
use crate::aws::{CallError, Regional};
use crate::components::Problem;
use crate::components::cloudfront::managed::{
    CACHE_POLICIES, Managed, ORIGIN_REQUEST_POLICIES, RESPONSE_HEADERS_POLICIES, find,
};
use crate::components::support::answer::none_if_missing;
use crate::desired::Input;

/// A kind of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Cache,
    OriginRequest,
    ResponseHeaders,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::Cache => "cache policy",
            Self::OriginRequest => "origin request policy",
            Self::ResponseHeaders => "response headers policy",
        }
    }

    fn managed(self) -> &'static [Managed] {
        match self {
            Self::Cache => CACHE_POLICIES,
            Self::OriginRequest => ORIGIN_REQUEST_POLICIES,
            Self::ResponseHeaders => RESPONSE_HEADERS_POLICIES,
        }
    }

    fn of(self, behavior: &Behavior) -> Option<&Input<String>> {
        match self {
            Self::Cache => Some(&behavior.cache_policy_id),
            Self::OriginRequest => behavior.origin_request_policy_id.as_ref(),
            Self::ResponseHeaders => behavior.response_headers_policy_id.as_ref(),
        }
    }

    async fn exists(self, aws: &Regional, id: &str) -> Result<bool, CallError> {
        match self {
            Self::Cache => {
                let request = || aws.cloudfront().get_cache_policy().id(id).send();
                found(aws.call("cloudfront:GetCachePolicy", request).await)
            }
            Self::OriginRequest => {
                let request = || aws.cloudfront().get_origin_request_policy().id(id).send();
                found(aws.call("cloudfront:GetOriginRequestPolicy", request).await)
            }
            Self::ResponseHeaders => {
                let request = || aws.cloudfront().get_response_headers_policy().id(id).send();
                found(aws.call("cloudfront:GetResponseHeadersPolicy", request).await)
            }
        }
    }
}

fn found<T>(answer: Result<T, CallError>) -> Result<bool, CallError> {
    Ok(none_if_missing(answer)?.is_some())
}

/// The policies that are not managed by AWS and do not exist in the account.
pub(super) async fn missing(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
    let mut used: BTreeMap<(Kind, &str), &str> = BTreeMap::new();
    let all = spec.behaviors.iter().map(|(pattern, behavior)| (pattern.as_str(), behavior));
    for (pattern, behavior) in all.chain([("*", &spec.default_behavior)]) {
        for kind in [Kind::Cache, Kind::OriginRequest, Kind::ResponseHeaders] {
            let id = kind.of(behavior).and_then(Input::known);
            if let Some(id) = id.filter(|id| find(kind.managed(), id).is_none()) {
                used.entry((kind, id)).or_insert(pattern);
            }
        }
    }
    let mut problems = Vec::new();
    for ((kind, id), pattern) in used {
        if !kind.exists(aws, id).await? {
            let detail = format!(
                "The {} {id:?} of the path pattern {pattern:?} does not exist in this account. Use the id of an existing \
                 policy, or the name of one of AWS's managed policies.",
                kind.label()
            );
            problems.push(Problem { summary: "Policy not found", detail });
        }
    }
    Ok(problems)
}
