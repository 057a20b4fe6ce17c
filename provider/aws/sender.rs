//! One call: admitted, sent, and retried.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::breaker::{FIRST_ANSWER, FIRST_DELAY};
use super::failure::{Failure, Verdict};
use super::limits::Limiter;
use super::outages::Endpoint;
use super::{BoxError, CallError, Run, backoff};

/// A call, without its request.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// The IAM action.
    pub(super) operation: &'static str,
    /// The region that is called.
    pub(super) region: &'a str,
    /// The endpoint that the request is sent to.
    pub(super) endpoint: &'a str,
    /// The run, with its deadline, cancellation, clock and lease.
    pub(super) run: &'a Run,
    /// Whether the call may be sent again when it is unknown whether AWS carried it out.
    pub(super) repeatable: bool,
    /// The health of the endpoint, if the operation gives up on endpoints that do not respond.
    pub(super) health: Option<&'a Endpoint>,
}

impl Call<'_> {
    /// The failure of an attempt that ended with this error of the SDK.
    pub(super) fn failure<E>(&self, error: SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        Failure::new(self.operation, self.region, self.endpoint, error)
    }

    /// The result of an attempt. While the endpoint of a region has not responded to any call, it gets little time. The lists
    /// of global services can be long.
    async fn attempt<T>(&self, attempt: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        if self.health.is_none_or(|health| health.has_answered() || !health.is_regional()) {
            return attempt.await;
        }
        tokio::select! {
            biased;
            result = attempt => result,
            () = self.run.clock.sleep(FIRST_ANSWER) => Err(self.unanswered()),
        }
    }

    /// The delay before the next attempt. It is short while the endpoint has not responded to any call, so that it soon turns
    /// out whether the endpoint responds at all.
    fn shortened(&self, delay: Duration) -> Duration {
        let is_new = self.health.is_some_and(|health| !health.has_answered());
        if is_new { delay.min(FIRST_DELAY) } else { delay }
    }

    fn unanswered(&self) -> Failure {
        let why: BoxError = format!("no response within {} s", FIRST_ANSWER.as_secs()).into();
        let (operation, region, endpoint) = (self.operation, self.region.to_owned(), self.endpoint.to_owned());
        let error = CallError::Unreachable { operation, region, endpoint, source: why.into() };
        Failure { error, verdict: Verdict::Unclear }
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.operation, self.region)
    }
}

/// Sends the calls of one account, within the limits that they share.
pub(super) struct Sender {
    limiter: Limiter,
    permits: Arc<Semaphore>,
    retries: usize,
}

impl Sender {
    /// At most `parallel` calls are in flight at the same time. Each is retried `retries` times.
    pub(super) fn new(limiter: Limiter, parallel: usize, retries: usize) -> Self {
        Self { limiter, permits: Arc::new(Semaphore::new(parallel.max(1))), retries }
    }

    /// How many times a call is retried.
    pub(super) fn retries(&self) -> usize {
        self.retries
    }

    /// Makes the call: `attempt` sends it. Throttled calls are retried until the deadline, other failures
    /// [`Self::retries`] times.
    ///
    /// # Errors
    /// The failure of the last attempt; [`CallError::Outage`] when the endpoint does not respond; [`CallError::NotStarted`] when
    /// nothing was sent; [`CallError::Cancelled`] when the run was cancelled before an attempt.
    pub(super) async fn send<T, F, R>(&self, call: Call<'_>, attempt: F) -> Result<T, Failure>
    where
        F: Fn() -> R,
        R: Future<Output = Result<T, Failure>>,
    {
        let Some(health) = call.health else { return self.send_until_final(call, attempt).await };
        let sent: Result<T, Failure> = tokio::select! {
            biased;
            outage = health.outage(call.operation) => Err(outage.into()),
            result = self.send_until_final(call, attempt) => result,
        };
        sent.map_err(|failure| health.explain(call.operation, failure))
    }

    /// [`Self::send`] until the call ends, even if its endpoint does not respond.
    async fn send_until_final<T, F, R>(&self, call: Call<'_>, attempt: F) -> Result<T, Failure>
    where
        F: Fn() -> R,
        R: Future<Output = Result<T, Failure>>,
    {
        let number = call.health.map_or(0, Endpoint::number);
        let mut delays = backoff::after_failure(call.run.clock.random_u64());
        let mut retries = self.retries;
        let mut last: Option<Failure> = None;
        loop {
            let permit = match (self.admit(call).await, last) {
                (Ok(permit), _) => permit,
                // AWS's error is more useful than the missing time for another attempt.
                (Err(CallError::NotStarted { .. }), Some(last)) => return Err(last),
                (Err(error), _) => return Err(error.into()),
            };
            let sent = call.run.clock.now();
            call.run.add_request();
            // The SDK logs bodies and signatures, which must not reach the provider's log.
            let result = call.attempt(attempt().with_subscriber(Dispatch::none())).await;
            drop(permit);
            if let Some(health) = call.health {
                health.record(number, &result, sent, call.run.clock.now());
            }
            let failure = match result {
                Ok(output) => return Ok(output),
                Err(failure) => failure,
            };
            if call.health.is_some_and(Endpoint::is_unreachable) {
                return Err(failure);
            }
            if failure.verdict == Verdict::Throttled {
                self.limiter.throttled(call.operation, call.region, sent, call.run.clock.as_ref());
            }
            let delay = delays.next().map(|delay| call.shortened(delay)).filter(|delay| *delay < call.run.left());
            let Some(delay) = delay.filter(|_| may_retry(failure.verdict, call.repeatable, &mut retries)) else {
                return Err(failure);
            };
            tracing::info!(%call, error = %failure.error, delay_ms = delay.as_millis() as u64, "retrying the call");
            call.run.sleep(delay, &call.to_string()).await?;
            last = Some(failure);
        }
    }

    /// Waits until the call may be sent: for its turn in the rate limiter, a permit and a valid lease. A privileged call waits
    /// for none of them, but counts against AWS's limits, too.
    async fn admit(&self, call: Call<'_>) -> Result<Option<SemaphorePermit<'_>>, CallError> {
        let run = call.run;
        run.check(&call)?;
        if run.privileged {
            self.limiter.count(call.operation, call.region, run.clock.now());
            return Ok(None);
        }
        loop {
            let turn = self.limiter.turn(call.operation, call.region, run.clock.as_ref());
            let turn = run.turn(&call, "its turn within AWS's rate limits", turn).await?;
            let permit = run.turn(&call, "other calls to end (max_parallel_calls)", self.permits.acquire()).await?;
            run.check(&call)?;
            if run.may_call() {
                turn.take(run.clock.now());
                return Ok(permit.ok());
            }
            // The lease expired while this call waited for others.
            drop((permit, turn));
            run.wait_for_lease(call).await?;
        }
    }
}

/// Whether the call may be retried. Throttling does not count against `retries`: it ends, however long it takes.
fn may_retry(verdict: Verdict, repeatable: bool, retries: &mut usize) -> bool {
    let counted = match verdict {
        Verdict::Final => return false,
        Verdict::Throttled => return true,
        Verdict::Busy => true,
        Verdict::Unclear => repeatable,
    };
    let may_retry = counted && *retries > 0;
    *retries = retries.saturating_sub(1);
    may_retry
}

impl Run {
    fn may_call(&self) -> bool {
        self.lease.as_ref().is_none_or(|lease| lease.is_valid(self.clock.as_ref()))
    }

    /// Waits until the lease is valid.
    async fn wait_for_lease(&self, call: Call<'_>) -> Result<(), CallError> {
        let Some(lease) = &self.lease else { return Ok(()) };
        self.turn(&call, "a heartbeat to renew the lease", lease.until_valid(self.clock.as_ref())).await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::result_large_err, reason = "the size of the SDK's error cannot be changed")]

    use std::cell::{Cell, RefCell};

    use aws_sdk_lambda::operation::get_function::GetFunctionError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;
    use futures::FutureExt;
    use tokio::sync::OwnedSemaphorePermit;

    use super::super::limits::Turn;
    use super::*;
    use crate::aws::testing::{FakeClock, call, run};
    use crate::aws::{Clock, Lease};

    type Answer = Result<&'static str, SdkError<GetFunctionError, HttpResponse>>;

    fn refused(status: u16, code: &str) -> Answer {
        let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        let error = GetFunctionError::generic(ErrorMetadata::builder().code(code).message("words").build());
        Err(SdkError::service_error(error, raw))
    }

    fn lost() -> Answer {
        Err(SdkError::timeout_error("connection reset"))
    }

    async fn send(run: &Run, repeatable: bool, answer: impl Fn(u32) -> Answer) -> (Result<&'static str, Failure>, u32) {
        let sender = Sender::new(Limiter::off(), 1, 3);
        let sent = Cell::new(0);
        let attempt = || {
            sent.set(sent.get() + 1);
            std::future::ready(answer(sent.get()).map_err(|error| call(run, repeatable).failure(error)))
        };
        (sender.send(call(run, repeatable), attempt).await, sent.get())
    }

    #[tokio::test]
    async fn throttling_and_server_errors_are_retried() {
        let clock = FakeClock::default();
        let run = run(&clock, 600);
        let (answer, sent) = send(&run, true, |n| match n {
            1 => refused(429, "TooManyRequestsException"),
            2 => refused(500, "InternalFailure"),
            3 => lost(),
            _ => Ok("done"),
        })
        .await;
        assert_eq!((answer.unwrap(), sent, run.requests()), ("done", 4, 4));
        assert!(clock.passed() >= Duration::from_millis(300 + 600 + 1200));
    }

    #[tokio::test]
    async fn a_refused_call_fails_at_once_with_code_and_region() {
        let clock = FakeClock::default();
        let (answer, sent) = send(&run(&clock, 600), true, |_| refused(403, "AccessDenied")).await;
        let error = answer.unwrap_err().error;
        assert_eq!(sent, 1);
        assert_eq!(error.code(), Some("AccessDenied"));
        assert!(error.to_string().starts_with("lambda:GetFunction in eu-west-1 was refused with AccessDenied: words"));
    }

    #[tokio::test]
    async fn a_call_that_is_not_repeatable_is_not_retried_after_a_lost_response() {
        let clock = FakeClock::default();
        let (answer, sent) = send(&run(&clock, 600), false, |_| lost()).await;
        let failure = answer.unwrap_err();
        assert_eq!((sent, failure.verdict), (1, Verdict::Unclear));
        assert!(matches!(failure.error, CallError::Unreachable { .. }));
    }

    #[tokio::test]
    async fn nothing_is_sent_after_cancel_or_deadline() {
        let clock = FakeClock::default();
        let cancelled = run(&clock, 600);
        cancelled.cancel.cancel();
        let (answer, sent) = send(&cancelled, true, |_| Ok("done")).await;
        assert!(matches!(answer.unwrap_err().error, CallError::Cancelled(_)));
        assert_eq!(sent, 0);

        let (answer, sent) = send(&run(&clock, 0), true, |_| Ok("done")).await;
        let error = answer.unwrap_err().error.to_string();
        assert_eq!(error, "lambda:GetFunction in eu-west-1 was not started: the operation reached its timeout");
        assert_eq!(sent, 0);
    }

    #[tokio::test]
    async fn a_cancel_between_attempts_is_reported_as_a_cancel() {
        let clock = FakeClock::default();
        let run = run(&clock, 600);
        let (answer, sent) = send(&run, true, |_| {
            run.cancel.cancel();
            lost()
        })
        .await;
        let error = answer.unwrap_err().error;
        assert!(matches!(error, CallError::Cancelled(_)), "{error}");
        assert_eq!((sent, error.to_string().as_str()), (1, "cancelled before lambda:GetFunction in eu-west-1"));
    }

    /// A sender whose only permit and only turn are in use.
    async fn busy(clock: &FakeClock) -> (Sender, OwnedSemaphorePermit, Turn) {
        let sender = Sender::new(Limiter::of([], clock.now()), 1, 3);
        let permit = Arc::clone(&sender.permits).acquire_owned().await.unwrap();
        let turn = sender.limiter.turn("lambda:GetFunction", "eu-west-1", clock).await;
        (sender, permit, turn)
    }

    fn done() -> std::future::Ready<Result<&'static str, Failure>> {
        std::future::ready(Ok("done"))
    }

    #[tokio::test]
    async fn a_privileged_call_waits_for_nothing() {
        let clock = FakeClock::stopped();
        let (sender, _permit, _turn) = busy(&clock).await;
        let run = run(&clock, 600).with_lease(&Arc::new(Lease::new(clock.now())));
        assert!(sender.send(call(&run, true), done).now_or_never().is_none());
        let privileged = run.privileged();
        for _ in 0..10 {
            assert_eq!(sender.send(call(&privileged, true), done).now_or_never().unwrap().unwrap(), "done");
        }
        run.cancel.cancel();
        let error = sender.send(call(&privileged, true), done).await.unwrap_err().error;
        assert!(matches!(error, CallError::Cancelled(_)), "{error}");
    }

    /// The first wait of a call without a turn, a permit and a lease; without a permit and a lease; without a lease.
    const AWAITED: [&str; 3] = [
        "its turn within AWS's rate limits",
        "other calls to end (max_parallel_calls)",
        "a heartbeat to renew the lease",
    ];

    #[tokio::test]
    async fn every_wait_before_a_call_ends_at_the_deadline() {
        for (held, awaited) in AWAITED.into_iter().enumerate() {
            let clock = FakeClock::default();
            let (sender, permit, turn) = busy(&clock).await;
            let _turn = Some(turn).filter(|_| held == 0);
            let _permit = Some(permit).filter(|_| held <= 1);
            let run = run(&clock, 600).with_lease(&Arc::new(Lease::new(clock.now())));
            let error = sender.send(call(&run, true), done).now_or_never().unwrap().unwrap_err().error.to_string();
            let why = format!("it waited 600 s for {awaited}, until the operation reached its timeout");
            assert_eq!(error, format!("lambda:GetFunction in eu-west-1 was not started: {why}"));
        }
    }

    #[tokio::test]
    async fn every_wait_before_a_call_ends_with_a_cancel() {
        for (held, awaited) in AWAITED.into_iter().enumerate() {
            let clock = FakeClock::stopped();
            let (sender, permit, turn) = busy(&clock).await;
            let _turn = Some(turn).filter(|_| held == 0);
            let _permit = Some(permit).filter(|_| held <= 1);
            let run = run(&clock, 600).with_lease(&Arc::new(Lease::new(clock.now())));
            let mut sent = Box::pin(sender.send(call(&run, true), done));
            assert!(sent.as_mut().now_or_never().is_none(), "{awaited}");
            run.cancel.cancel();
            let error = sent.now_or_never().unwrap().unwrap_err().error;
            assert!(matches!(error, CallError::Cancelled(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn a_cancelled_call_gives_up_its_turn() {
        let clock = FakeClock::stopped();
        let (sender, permit, turn) = busy(&clock).await;
        drop(turn);
        let (cancelled, other) = (run(&clock, 600), run(&clock, 600));
        let mut waiting = Box::pin(sender.send(call(&cancelled, true), done));
        assert!(waiting.as_mut().now_or_never().is_none(), "the call waits for the permit and holds its turn");
        cancelled.cancel.cancel();
        assert!(matches!(waiting.await.unwrap_err().error, CallError::Cancelled(_)));
        drop(permit);
        assert_eq!(sender.send(call(&other, true), done).now_or_never().unwrap().unwrap(), "done");
    }

    #[tokio::test]
    async fn throttling_does_not_count_as_a_retry() {
        let clock = FakeClock::default();
        let (answer, sent) = send(&run(&clock, 3600), true, |n| match n {
            1..=40 => refused(429, "TooManyRequestsException"),
            41..=43 => refused(409, "ConcurrentModificationException"),
            _ => Ok("done"),
        })
        .await;
        assert_eq!((answer.unwrap(), sent), ("done", 44));
        let (answer, sent) = send(&run(&clock, 3600), true, |_| refused(400, "PriorRequestNotComplete")).await;
        assert_eq!((answer.unwrap_err().error.code(), sent), (Some("PriorRequestNotComplete"), 1 + 3));
    }

    #[tokio::test]
    async fn a_call_that_is_throttled_until_the_deadline_reports_the_throttling() {
        let clock = FakeClock::default();
        let (answer, sent) = send(&run(&clock, 600), true, |_| refused(429, "TooManyRequestsException")).await;
        assert_eq!(answer.unwrap_err().error.code(), Some("TooManyRequestsException"));
        assert!(sent > 20 && clock.passed() <= Duration::from_secs(600), "{sent} in {:?}", clock.passed());
        // Another call takes the permit before this one is sent again.
        let sender = Sender::new(Limiter::off(), 1, 3);
        let (other, run) = (RefCell::new(None), run(&clock, 600));
        let attempt = || {
            let mut acquired = Box::pin(Arc::clone(&sender.permits).acquire_owned());
            assert!(acquired.as_mut().now_or_never().is_none());
            other.replace(Some(acquired));
            std::future::ready(
                refused(429, "TooManyRequestsException").map_err(|error| call(&run, true).failure(error)),
            )
        };
        let failure = sender.send(call(&run, true), attempt).await.unwrap_err();
        assert_eq!(failure.error.code(), Some("TooManyRequestsException"));
    }

    #[tokio::test]
    async fn the_deadline_ends_the_retries() {
        let clock = FakeClock::default();
        let (answer, sent) = send(&run(&clock, 1), true, |_| lost()).await;
        assert!(matches!(answer.unwrap_err().error, CallError::Unreachable { .. }));
        assert!(sent < 4);
    }
}
