//! What a component works with: the clients of one region, and how to call, retry and wait.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Aws, CallError, Run};
use crate::desired::Address;

/// AWS as one component of one resource sees it: its region, its name, its deadline.
#[derive(Clone)]
pub struct Regional {
    aws: Arc<Aws>,
    run: Arc<Run>,
    region: String,
    address: Address,
}

/// One look at what is waited for.
pub enum Poll<T> {
    /// It is there.
    Ready(T),
    /// Not yet; the text says what was seen instead.
    Pending(String),
}

impl Regional {
    /// AWS for the component at `address`. Global objects are reached through the home region.
    pub fn new(aws: Arc<Aws>, run: Arc<Run>, address: Address) -> Self {
        let region = address.scope.region().unwrap_or_else(|| aws.home_region()).to_owned();
        Self { aws, run, region, address }
    }

    /// The region that is called.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Where the component stands.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The name of the resource that owns the component: the value of the tag `multiregion:api`.
    pub fn owner(&self) -> &str {
        &self.run.owner
    }

    /// The account that is worked in.
    pub fn account_id(&self) -> &str {
        self.aws.account_id()
    }

    /// The partition that the account is in: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.aws.partition()
    }

    /// Makes one call: waits for the limiter, sends, and gives AWS's refusals back as [`CallError`]. Throttling and
    /// server errors are retried with backoff before; `send` is called again for every attempt.
    ///
    /// `operation` is the IAM action: `lambda:CreateFunction`.
    ///
    /// # Errors
    /// [`CallError::Refused`], [`CallError::Unreachable`], or [`CallError::Cancelled`] when nothing was sent.
    pub async fn call<T, E, F, R>(&self, operation: &'static str, send: F) -> Result<T, CallError>
    where
        F: Fn() -> R + Send + Sync,
        R: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: Send,
    {
        let _ = (operation, send);
        todo!()
    }

    /// Repeats `attempt` with backoff as long as it fails with an error that `passes` says will pass: a role that
    /// cannot be assumed yet, a certificate still in use.
    ///
    /// # Errors
    /// The last error, once the deadline of the run is reached or `within` has passed, or at once when it will not pass.
    pub async fn retry<T, F, R>(
        &self,
        what: &str,
        within: Duration,
        passes: impl Fn(&CallError) -> bool + Send + Sync,
        attempt: F,
    ) -> Result<T, CallError>
    where
        F: Fn() -> R + Send + Sync,
        R: Future<Output = Result<T, CallError>> + Send,
        T: Send,
    {
        let _ = (what, within, passes, attempt);
        todo!()
    }

    /// Looks with `poll` again and again until it is ready; says in the log what it waits for.
    ///
    /// # Errors
    /// What `poll` fails with; [`CallError::TimedOut`] after `within` or at the run's deadline; [`CallError::Cancelled`].
    pub async fn wait<T, F, R>(&self, what: &str, within: Duration, poll: F) -> Result<T, CallError>
    where
        F: Fn() -> R + Send + Sync,
        R: Future<Output = Result<Poll<T>, CallError>> + Send,
        T: Send,
    {
        let _ = (what, within, poll);
        todo!()
    }

    /// Lambda in this region.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        todo!()
    }

    /// CloudWatch Logs in this region.
    pub fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        todo!()
    }

    /// API Gateway v2 in this region.
    pub fn apigateway(&self) -> aws_sdk_apigatewayv2::Client {
        todo!()
    }

    /// Certificate Manager in this region.
    pub fn acm(&self) -> aws_sdk_acm::Client {
        todo!()
    }

    /// IAM, which is global.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        todo!()
    }

    /// Route 53, which is global.
    pub fn route53(&self) -> aws_sdk_route53::Client {
        todo!()
    }

    /// CloudFront, which is global.
    pub fn cloudfront(&self) -> aws_sdk_cloudfront::Client {
        todo!()
    }
}
