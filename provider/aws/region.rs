//! AWS in one region: clients, calls, retries, waits and coalesced reads.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::OwnedMutexGuard;

use super::failure::{Failure, Verdict};
use super::looks::CoalescedReads;
use super::sender::Call;
use super::{Aws, CallError, HttpAnswer, Run};

/// The service in `lambda:CreateFunction`.
fn service_of(operation: &str) -> &str {
    operation.split_once(':').map_or(operation, |(service, _)| service)
}

/// Services that are the same from every region.
const GLOBAL_SERVICES: &[&str] = &["iam", "route53", "cloudfront"];
/// How long a request to an API may take, including its response.
const LONGEST_REQUEST: Duration = Duration::from_secs(40);

/// AWS in one region, during one run.
#[derive(Clone)]
pub struct Region {
    pub(super) aws: Arc<Aws>,
    pub(super) run: Arc<Run>,
    name: String,
    /// What the log calls the user of this region: a component's address, or the region itself.
    user: String,
    pub(super) reads: Option<Arc<CoalescedReads>>,
}

/// The result of one poll of a wait.
pub enum Poll<T> {
    /// The wait is over.
    Ready(T),
    /// Not yet; the text is the state that was seen instead.
    Pending(String),
}

impl Region {
    /// The region of this name.
    pub fn new(aws: Arc<Aws>, run: Arc<Run>, name: &str) -> Self {
        Self { aws, run, name: name.to_owned(), user: name.to_owned(), reads: None }
    }

    /// The same region, with the name of its user for the log.
    #[must_use]
    pub(super) fn named(self, user: String) -> Self {
        Self { user, ..self }
    }

    /// Another region, during the same run.
    #[must_use]
    pub fn at(&self, region: &str) -> Self {
        Self { name: region.to_owned(), ..self.clone() }
    }

    /// The same region for heartbeats: calls take no permit of `max_parallel_calls`, wait for no rate limit, and do not
    /// need a valid lease.
    #[must_use]
    pub fn privileged(&self) -> Self {
        Self { run: Arc::new(self.run.privileged()), ..self.clone() }
    }

    /// The name of the region: `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.name
    }

    /// Who uses the region, for messages.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// The id of the run: [`Run::id`].
    pub fn run_id(&self) -> &str {
        self.run.id()
    }

    /// Whether the run holds a lease, as every create does: the host does not know yet what it creates.
    pub fn is_leased(&self) -> bool {
        self.run.lease.is_some()
    }

    /// The time of day in seconds since 1970, UTC.
    pub fn unix_seconds(&self) -> u64 {
        self.run.clock.unix_seconds()
    }

    /// A number by chance, another one every time.
    pub fn chance(&self) -> u64 {
        self.run.clock.chance()
    }

    /// The account that the credentials belong to.
    pub fn account_id(&self) -> &str {
        self.aws.account_id()
    }

    /// The partition of the account: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.aws.partition()
    }

    /// The enabled regions of the account.
    ///
    /// # Errors
    /// The call that failed.
    pub async fn list_regions(&self) -> Result<Vec<String>, CallError> {
        self.aws.list_regions().await
    }

    /// Adds a warning, which the user sees when the operation ends.
    pub fn warn(&self, summary: &'static str, detail: String) {
        self.run.warn(summary, detail);
    }

    /// Makes one call: waits for the limiter, sends, and gives AWS's refusals back as [`CallError`]. Server errors and lost
    /// replies are repeated with backoff before, throttling until the deadline; `send` is called again for every attempt.
    ///
    /// `operation` is the IAM action: `lambda:CreateFunction`. The call must be one that may be made twice; for the
    /// others there is [`Self::call_or_find`].
    ///
    /// # Errors
    /// [`CallError::Refused`], [`CallError::Unreachable`]; [`CallError::Cancelled`] or [`CallError::NotStarted`] when
    /// nothing was sent.
    pub async fn call<T, E, F, R>(&self, operation: &'static str, send: F) -> Result<T, CallError>
    where
        F: Fn() -> R + Send + Sync,
        R: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: Send,
    {
        self.send(operation, true, send).await.map_err(|failure| failure.error)
    }

    /// Makes one call that makes a second object when it is made twice: CreateApi has no idempotency token. When
    /// nobody knows whether an attempt was done (its reply was lost, or it was a server error), `find` looks for what
    /// it may have made, by our ownership tags, before it is sent again.
    ///
    /// # Errors
    /// As [`Self::call`], and what `find` fails with.
    pub async fn call_or_find<T, E, F, R, G, S>(
        &self,
        operation: &'static str,
        send: F,
        find: G,
    ) -> Result<T, CallError>
    where
        F: Fn() -> R + Send + Sync,
        R: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        G: Fn() -> S + Send + Sync,
        S: Future<Output = Result<Option<T>, CallError>> + Send,
        T: Send,
    {
        let mut attempts_left = self.aws.sender.retries();
        loop {
            let failure = match self.send(operation, false, &send).await {
                Err(failure) if failure.verdict == Verdict::Unclear && attempts_left > 0 => failure,
                answer => return answer.map_err(|failure| failure.error),
            };
            attempts_left -= 1;
            tracing::debug!(operation, region = self.name, error = %failure.error, "looking for what was made");
            match self.look_for(operation, &find).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(CallError::NotStarted { .. }) => return Err(failure.error),
                Err(error) => return Err(error),
            }
        }
    }

    /// The region whose limits and answers those of `operation` are: a global service is the account's, wherever it is
    /// called from.
    pub(super) fn asked_region(&self, operation: &str) -> &str {
        if GLOBAL_SERVICES.contains(&service_of(operation)) { self.aws.home_region() } else { &self.name }
    }

    async fn send<T, E, F, R>(&self, operation: &'static str, repeatable: bool, send: F) -> Result<T, Failure>
    where
        F: Fn() -> R + Send + Sync,
        R: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: Send,
    {
        let endpoint = self.aws.clients.endpoint(service_of(operation), &self.name);
        let region = self.asked_region(operation);
        let call = Call { operation, region, endpoint: &endpoint, run: &self.run, repeatable };
        self.aws.sender.send(call, send).await
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
        self.run.retry((what, &self.user), within, passes, attempt).await
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
        self.run.wait((what, &self.user), within, poll).await
    }

    /// Waits `time` on the run's clock: a cached answer must expire.
    ///
    /// # Errors
    /// [`CallError::TimedOut`], without waiting, when it would last beyond the run's deadline; [`CallError::Cancelled`].
    pub async fn pause(&self, what: &str, time: Duration) -> Result<(), CallError> {
        tracing::info!(what, address = self.user, seconds = time.as_secs(), "waiting");
        self.run.pause(what, time).await
    }

    /// Lets only one holder at a time do something to `what` in this region: AWS loses statements of a function's
    /// policy that are added at the same time.
    ///
    /// # Errors
    /// [`CallError::NotStarted`] at the run's deadline; [`CallError::Cancelled`].
    pub async fn exclusive(&self, what: &str) -> Result<OwnedMutexGuard<()>, CallError> {
        let lock = {
            let mut locks = self.aws.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.entry(format!("{}/{what}", self.name)).or_default().clone()
        };
        let change = format!("changing {what} in {}", self.name);
        self.run.turn(&change, "another change of it to end", lock.lock_owned()).await
    }

    /// Asks an API in the name of `host`, once. `url` is where AWS says that the API is, with the path; with another
    /// endpoint for `execute_api` (or for everything) the request goes there.
    ///
    /// # Errors
    /// [`CallError::Unreachable`] when nothing answers; [`CallError::Cancelled`].
    pub async fn get(&self, url: &str, host: &str) -> Result<HttpAnswer, CallError> {
        const OPERATION: &str = "execute-api:Invoke";
        self.run.check(&OPERATION)?;
        let instead = self.aws.clients.execute_api();
        let answer = tokio::select! {
            answer = self.aws.web.get(url, host, instead) => answer,
            () = self.run.cancel.cancelled() => return Err(CallError::Cancelled(OPERATION.to_owned())),
            () = self.run.clock.sleep(LONGEST_REQUEST.min(self.run.left())) => Err("it did not answer in time".into()),
        };
        answer.map_err(|source| CallError::Unreachable {
            operation: OPERATION,
            region: self.name.clone(),
            endpoint: instead.unwrap_or(url).to_owned(),
            source: source.into(),
        })
    }

    /// Lambda in this region.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        self.aws.clients.lambda(&self.name)
    }

    /// CloudWatch Logs in this region.
    pub fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        self.aws.clients.logs(&self.name)
    }

    /// API Gateway v2 in this region.
    pub fn apigateway(&self) -> aws_sdk_apigatewayv2::Client {
        self.aws.clients.apigateway(&self.name)
    }

    /// Certificate Manager in this region.
    pub fn acm(&self) -> aws_sdk_acm::Client {
        self.aws.clients.acm(&self.name)
    }

    /// IAM, which is global.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        self.aws.clients.iam(&self.name)
    }

    /// Route 53, which is global.
    pub fn route53(&self) -> aws_sdk_route53::Client {
        self.aws.clients.route53(&self.name)
    }

    /// CloudFront, which is global.
    pub fn cloudfront(&self) -> aws_sdk_cloudfront::Client {
        self.aws.clients.cloudfront(&self.name)
    }
}
