//! AWS in one region: clients, calls, retries, waits and coalesced reads.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::future::{BoxFuture, FutureExt};
use tokio::sync::OwnedMutexGuard;

use super::failure::{Failure, Verdict};
use super::outages::{Endpoint, EndpointKey};
use super::sender::Call;
use super::services::{Scope, service_of};
use super::{Aws, CallError, CoalescedReads, HttpAnswer, IgnoredTags, Run};

/// How long a request to an API may take, including its response.
const LONGEST_REQUEST: Duration = Duration::from_secs(40);

/// A closure that sends a request, or reads something, each time that it is called.
pub(super) type Repeated<'a, T> = dyn Fn() -> BoxFuture<'a, T> + Send + Sync + 'a;

/// AWS in one region, during one run.
///
/// Methods that take closures return boxed futures. Each closure has a type of its own, and without boxes the future of a
/// change would contain the types of all of its calls, retries and waits, many levels deep.
#[derive(Clone)]
pub struct Region {
    pub(super) aws: Arc<Aws>,
    pub(super) run: Arc<Run>,
    pub(super) name: String,
    /// The address of the component that uses the region, for the log and for messages.
    pub(super) label: Option<String>,
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
        Self { aws, run, name: name.to_owned(), label: None, reads: None }
    }

    /// The same region for the component with this address.
    #[must_use]
    pub(super) fn labelled(self, label: String) -> Self {
        Self { label: Some(label), ..self }
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

    /// The component that uses the region, or else the region, for the log and for messages.
    pub(super) fn label(&self) -> &str {
        self.label.as_ref().unwrap_or(&self.name)
    }

    /// The id of the run: [`Run::id`].
    pub fn run_id(&self) -> &str {
        self.run.id()
    }

    /// Whether the run holds a lease, as every create does: the host has not persisted yet what the run creates.
    pub fn is_leased(&self) -> bool {
        self.run.lease.is_some()
    }

    /// The current time of day in seconds since 1970, UTC.
    pub fn unix_seconds(&self) -> u64 {
        self.run.clock.unix_seconds()
    }

    /// A random number.
    pub fn random_u64(&self) -> u64 {
        self.run.clock.random_u64()
    }

    /// A secret of 40 hexadecimal digits.
    ///
    /// # Errors
    /// The operating system provides no random numbers.
    pub fn random_secret(&self) -> Result<String, CallError> {
        let failed = |error: getrandom::Error| {
            let what = "the generation of a secret".to_owned();
            CallError::Failed { what, why: format!("the operating system provides no random numbers: {error}") }
        };
        Ok(self.run.clock.secret().map_err(failed)?.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The account that the credentials belong to.
    pub fn account_id(&self) -> &str {
        self.aws.account_id()
    }

    /// The partition of the account: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.aws.partition()
    }

    /// Tags that other tools manage.
    pub fn ignored_tags(&self) -> &IgnoredTags {
        self.aws.ignored_tags()
    }

    /// The enabled regions of the account.
    ///
    /// # Errors
    /// The error of the call.
    pub async fn list_regions(&self) -> Result<Vec<String>, CallError> {
        self.aws.list_regions().await
    }

    /// Adds a warning, which the user sees when the operation ends.
    pub fn warn(&self, summary: &'static str, detail: String) {
        self.run.warn(summary, detail);
    }

    /// Makes a call: waits for the rate limits, sends the request, and retries server errors, lost responses and, until the
    /// deadline, throttling. Each attempt calls `send`.
    ///
    /// `operation` is the IAM action: `lambda:CreateFunction`. AWS must accept the call twice, since a retry may follow an
    /// attempt that succeeded. For other calls there is [`Self::call_or_find`].
    ///
    /// # Errors
    /// [`CallError::Refused`], [`CallError::Unreachable`]; [`CallError::Cancelled`] or [`CallError::NotStarted`] when
    /// nothing was sent.
    pub fn call<'a, T, E, F, R>(&'a self, operation: &'static str, send: F) -> BoxFuture<'a, Result<T, CallError>>
    where
        F: Fn() -> R + Send + Sync + 'a,
        R: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: Send + 'a,
    {
        async move { self.send(operation, true, &send).await.map_err(|failure| failure.error) }.boxed()
    }

    /// Makes a call that would create a second object if it were sent twice, such as CreateApi, which takes no idempotency
    /// token. When it is unknown whether AWS carried out an attempt (a lost response or a server error), `find` searches for
    /// the object by its ownership tags before the next attempt.
    ///
    /// # Errors
    /// As [`Self::call`], and the error of `find`.
    pub fn call_or_find<'a, T, E, F, R, G, S>(
        &'a self,
        operation: &'static str,
        send: F,
        find: G,
    ) -> BoxFuture<'a, Result<T, CallError>>
    where
        F: Fn() -> R + Send + Sync + 'a,
        R: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        G: Fn() -> S + Send + Sync + 'a,
        S: Future<Output = Result<Option<T>, CallError>> + Send + 'a,
        T: Send + 'a,
    {
        async move {
            let mut attempts_left = self.aws.sender.retries();
            loop {
                let failure = match self.send(operation, false, &send).await {
                    Err(failure) if failure.verdict == Verdict::Unclear && attempts_left > 0 => failure,
                    result => return result.map_err(|failure| failure.error),
                };
                attempts_left -= 1;
                tracing::debug!(operation, region = self.name, error = %failure.error, "searching for the new object");
                match self.read_until_found(operation, &find).await {
                    Ok(Some(found)) => return Ok(found),
                    Ok(None) => {}
                    Err(CallError::NotStarted { .. }) => return Err(failure.error),
                    Err(error) => return Err(error),
                }
            }
        }
        .boxed()
    }

    /// The region whose rate limits and results apply to `operation`: always the home region for a global service.
    pub(super) fn region_of(&self, operation: &str) -> &str {
        let is_global = service_of(operation).is_some_and(|service| service.scope == Scope::Global);
        if is_global { self.aws.home_region() } else { &self.name }
    }

    /// The health of the endpoint of `operation`; `None` in an operation that tries every call until its deadline.
    fn health(&self, operation: &str) -> Option<Arc<Endpoint>> {
        let (outages, service) = (self.run.outages.as_ref()?, service_of(operation)?);
        let region = Some(self.name.clone()).filter(|_| service.scope == Scope::Regional);
        Some(outages.endpoint(EndpointKey { service: service.title, region }))
    }

    async fn send<T, E, F, R>(&self, operation: &'static str, repeatable: bool, send: &F) -> Result<T, Failure>
    where
        F: Fn() -> R + Send + Sync,
        R: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: Send,
    {
        let service = service_of(operation).map_or(operation, |service| service.name);
        let endpoint = self.aws.clients.endpoint(service, &self.name);
        let region = self.region_of(operation);
        let health = self.health(operation);
        let health = health.as_deref();
        let call = Call { operation, region, endpoint: &endpoint, run: &self.run, repeatable, health };
        let attempt: &Repeated<'_, Result<T, Failure>> = &|| {
            let sent = send();
            async move { sent.await.map_err(|error| call.failure(error)) }.boxed()
        };
        self.aws.sender.send(call, attempt).await
    }

    /// Repeats `attempt` with backoff while it fails with an error that `is_transient`: a role that cannot be assumed yet, a
    /// certificate that is still in use.
    ///
    /// # Errors
    /// The first error that is not transient, or the last error when `within` has passed or the run reaches its deadline.
    pub fn retry<'a, T, F, R>(
        &'a self,
        what: &'a str,
        within: Duration,
        is_transient: impl Fn(&CallError) -> bool + Send + Sync + 'a,
        attempt: F,
    ) -> BoxFuture<'a, Result<T, CallError>>
    where
        F: Fn() -> R + Send + Sync + 'a,
        R: Future<Output = Result<T, CallError>> + Send + 'a,
        T: Send + 'a,
    {
        async move {
            let is_transient: &(dyn Fn(&CallError) -> bool + Send + Sync) = &is_transient;
            let attempt: &Repeated<'_, Result<T, CallError>> = &|| attempt().boxed();
            self.run.retry((what, self.label()), within, is_transient, attempt).await
        }
        .boxed()
    }

    /// Repeats `look` for all of `time`, and once more at its end.
    ///
    /// # Errors
    /// The first error of `look`; [`CallError::TimedOut`], without a look, when the run's deadline is earlier;
    /// [`CallError::Cancelled`].
    pub fn watch<'a, F, R>(&'a self, what: &'a str, time: Duration, look: F) -> BoxFuture<'a, Result<(), CallError>>
    where
        F: Fn() -> R + Send + Sync + 'a,
        R: Future<Output = Result<(), CallError>> + Send + 'a,
    {
        async move {
            let look: &Repeated<'_, Result<(), CallError>> = &|| look().boxed();
            self.run.watch((what, self.label()), time, look).await
        }
        .boxed()
    }

    /// Repeats `poll` until it is ready. The log shows what is waited for, and what each poll sees.
    ///
    /// # Errors
    /// The error of `poll`; [`CallError::TimedOut`] after `within` or at the run's deadline; [`CallError::Cancelled`].
    pub fn wait<'a, T, F, R>(&'a self, what: &'a str, within: Duration, poll: F) -> BoxFuture<'a, Result<T, CallError>>
    where
        F: Fn() -> R + Send + Sync + 'a,
        R: Future<Output = Result<Poll<T>, CallError>> + Send + 'a,
        T: Send + 'a,
    {
        async move {
            let poll: &Repeated<'_, Result<Poll<T>, CallError>> = &|| poll().boxed();
            self.run.wait((what, self.label()), within, poll).await
        }
        .boxed()
    }

    /// Waits for all of `time`, as until a cached answer expires.
    ///
    /// # Errors
    /// [`CallError::TimedOut`], without waiting, when the pause would last beyond the run's deadline;
    /// [`CallError::Cancelled`].
    pub async fn pause(&self, what: &str, time: Duration) -> Result<(), CallError> {
        tracing::info!(what, address = self.label(), seconds = time.as_secs(), "waiting");
        let paused = self.run.pause(what, time).await;
        if paused.is_ok() {
            self.run.add_wait(self.label(), what, time);
        }
        paused
    }

    /// Waits until no other holder changes `what` in this region, and excludes others until the guard is dropped: AWS loses
    /// statements of a function's policy that are added concurrently.
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

    /// Sends one GET request to an API, with `host` as its host. `url` is the API's address in AWS, with the path; an
    /// endpoint for `execute_api` (or for all services) replaces the address.
    ///
    /// # Errors
    /// [`CallError::Unreachable`] when no response arrives; [`CallError::Cancelled`].
    pub async fn get(&self, url: &str, host: &str) -> Result<HttpAnswer, CallError> {
        const OPERATION: &str = "execute-api:Invoke";
        self.run.check(&OPERATION)?;
        let endpoint = self.aws.clients.execute_api();
        let answer = tokio::select! {
            answer = self.aws.web.get(url, host, endpoint) => answer,
            () = self.run.cancel.cancelled() => return Err(CallError::Cancelled(OPERATION.to_owned())),
            () = self.run.clock.sleep(LONGEST_REQUEST.min(self.run.left())) => Err("no response in time".into()),
        };
        answer.map_err(|source| CallError::Unreachable {
            operation: OPERATION,
            region: self.name.clone(),
            endpoint: endpoint.unwrap_or(url).to_owned(),
            source: source.into(),
        })
    }
}
