//! Changes of a distribution's settings, and their deployment to all edge locations.

use std::time::Duration;

use aws_sdk_cloudfront::types::DistributionConfig;

use crate::aws::{CONSISTENCY_WINDOW, CallError, Poll, Regional};
use crate::components::cloudfront::is_overtaken;
use crate::components::support::answer::required;

/// The deviation that means that the distribution is not [`DEPLOYED`].
pub(super) const STATUS: &str = "Status";
/// The status of a distribution whose latest settings are on all edge locations.
pub(super) const DEPLOYED: &str = "Deployed";
/// The time limit for CloudFront to deploy a change to all edge locations. It usually takes about five minutes.
const DEPLOYED_WITHIN: Duration = Duration::from_secs(90 * 60);
/// How long an update is retried while others change the same distribution.
pub(super) const SETTLED_WITHIN: Duration = Duration::from_secs(2 * 60);

/// Changes the current settings, unless they are changed concurrently. Returns the ETag of the new ones.
pub(crate) async fn change(
    aws: &Regional,
    id: &str,
    how: impl Fn(DistributionConfig) -> Result<DistributionConfig, CallError> + Send + Sync,
) -> Result<Option<String>, CallError> {
    let attempt = || async {
        let request = || aws.cloudfront().get_distribution_config().id(id).send();
        let held = aws.call("cloudfront:GetDistributionConfig", request).await?;
        let config = how(required(held.distribution_config, "a distribution's settings")?)?;
        let etag = required(held.e_tag, "a distribution's ETag")?;
        let request = || {
            let request = aws.cloudfront().update_distribution().id(id).if_match(&etag);
            request.distribution_config(config.clone()).send()
        };
        Ok(aws.call("cloudfront:UpdateDistribution", request).await?.e_tag)
    };
    let change = || aws.retry("concurrent changes of the distribution to end", SETTLED_WITHIN, is_overtaken, attempt);
    aws.retry("the distribution to be visible", CONSISTENCY_WINDOW, CallError::is_not_found, change).await
}

/// Waits until all edge locations have the latest settings: those with the ETag `newest`, if it is known.
pub(crate) async fn wait(aws: &Regional, id: &str, newest: Option<String>) -> Result<(), CallError> {
    let window_ends = aws.unix_seconds() + CONSISTENCY_WINDOW.as_secs();
    let look = || async {
        let request = || aws.cloudfront().get_distribution().id(id).send();
        let answer = aws.call("cloudfront:GetDistribution", request).await?;
        // After the window, different settings are a change by others.
        let is_old = newest.is_some() && answer.e_tag != newest && aws.unix_seconds() <= window_ends;
        let status = required(answer.distribution, "a distribution")?.status;
        Ok(match status.as_str() {
            DEPLOYED if is_old => Poll::Pending("the previous settings".to_owned()),
            DEPLOYED => Poll::Ready(()),
            _ => Poll::Pending(status),
        })
    };
    let what = format!("distribution {id} to be deployed");
    let wait = || aws.wait(&what, DEPLOYED_WITHIN, look);
    aws.retry("the distribution to be visible", CONSISTENCY_WINDOW, CallError::is_not_found, wait).await
}
