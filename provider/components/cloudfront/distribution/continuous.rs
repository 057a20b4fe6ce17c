//! Changes of a distribution that uses a continuous deployment policy.
//!
//! Source: AWS, Amazon CloudFront Developer Guide, "Quotas and other considerations for continuous deployment".

use std::sync::{Mutex, PoisonError};

use aws_sdk_cloudfront::types::{DistributionConfig, HttpVersion};

use super::deployment;
use crate::aws::{CallError, Regional};

/// Changes the current settings as [`deployment::change`] does. While a distribution uses a continuous deployment policy,
/// CloudFront rejects other certificates, another minimum TLS version, HTTP/3, and a web ACL that comes or goes. Before such a
/// change, the policy is detached, so that the primary distribution receives all requests for some minutes, and attached again
/// after it, except with HTTP/3, which excludes a policy.
pub(super) async fn change(
    aws: &Regional,
    id: &str,
    how: impl Fn(DistributionConfig) -> Result<DistributionConfig, CallError> + Send + Sync,
) -> Result<Option<String>, CallError> {
    let detached = Mutex::new(None);
    let first = |mut held: DistributionConfig| {
        let changed = how(held.clone())?;
        let policy = held.continuous_deployment_policy_id.clone().filter(|policy| !policy.is_empty());
        let policy = policy.filter(|_| is_rejected(&held, &changed));
        let waits = policy.is_some();
        *detached.lock().unwrap_or_else(PoisonError::into_inner) = policy;
        if waits {
            held.continuous_deployment_policy_id = Some(String::new());
            return Ok(held);
        }
        Ok(changed)
    };
    let newest = deployment::change(aws, id, first).await?;
    let Some(policy) = detached.into_inner().unwrap_or_else(PoisonError::into_inner) else { return Ok(newest) };
    deployment::wait(aws, id, newest).await?;
    let newest = deployment::change(aws, id, &how).await?;
    let attach = |mut held: DistributionConfig| {
        held.continuous_deployment_policy_id = Some(policy.clone()).filter(|_| !has_http3(&held));
        Ok(held)
    };
    deployment::wait(aws, id, newest).await?;
    deployment::change(aws, id, attach).await
}

fn is_rejected(held: &DistributionConfig, changed: &DistributionConfig) -> bool {
    let certificate = |config: &DistributionConfig| {
        let viewer = config.viewer_certificate.as_ref();
        let own = viewer.filter(|viewer| viewer.acm_certificate_arn.is_some());
        own.map(|viewer| (viewer.acm_certificate_arn.clone(), viewer.minimum_protocol_version.clone()))
    };
    let has_web_acl = |config: &DistributionConfig| config.web_acl_id.as_ref().is_some_and(|id| !id.is_empty());
    certificate(held) != certificate(changed)
        || has_web_acl(held) != has_web_acl(changed)
        || has_http3(held) != has_http3(changed)
}

fn has_http3(config: &DistributionConfig) -> bool {
    matches!(config.http_version, Some(HttpVersion::Http3 | HttpVersion::Http2and3))
}
