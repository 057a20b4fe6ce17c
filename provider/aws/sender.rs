//! One call: admitted by the limiter, sent, and repeated while that may help.

use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::failure::{Failure, Verdict};
use super::limits::{Limiter, Turn};
use super::{CallError, Run, backoff};

/// Everything about a call but what is sent.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// The IAM action.
    pub(super) operation: &'static str,
    /// The region that is asked.
    pub(super) region: &'a str,
    /// Where the request goes.
    pub(super) endpoint: &'a str,
    /// Whose deadline and clock it has, and who may cancel it.
    pub(super) run: &'a Run,
    /// Whether it may be sent again when nobody knows whether it was done.
    pub(super) repeatable: bool,
}

impl Call<'_> {
    /// What it is called in messages.
    fn what(&self) -> String {
        format!("{} in {}", self.operation, self.region)
    }
}

/// Sends the calls of one account.
pub(super) struct Sender {
    limiter: Limiter,
    permits: Semaphore,
    retries: usize,
}

impl Sender {
    /// `parallel` is how many calls may be under way at once, `retries` how often one is repeated.
    pub(super) fn new(limiter: Limiter, parallel: usize, retries: usize) -> Self {
        Self { limiter, permits: Semaphore::new(parallel.max(1)), retries }
    }

    /// How often a call is repeated.
    pub(super) fn retries(&self) -> usize {
        self.retries
    }

    /// Makes the call.
    ///
    /// # Errors
    /// The last attempt's failure; [`CallError::TimedOut`] when nothing was sent; [`CallError::Cancelled`] when the run
    /// was cancelled before it was sent, or before it was sent again.
    pub(super) async fn send<T, E, F, R>(&self, call: Call<'_>, attempt: F) -> Result<T, Failure>
    where
        F: Fn() -> R,
        R: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut delays = backoff::after_failure(self.retries, call.run.clock.chance());
        loop {
            let permit = self.admit(call).await?;
            let sent = call.run.clock.now();
            // What the SDK logs may hold bodies and signatures: nothing of it may reach our own log.
            let answer = attempt().with_subscriber(Dispatch::none()).await;
            drop(permit);
            let failure = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => Failure::new(call.operation, call.region, call.endpoint, error),
            };
            let Some(delay) = delays.next().filter(|_| helps(failure.verdict, call.repeatable)) else {
                return Err(failure);
            };
            tracing::debug!(
                operation = call.operation,
                region = call.region,
                error = %failure.error,
                delay_ms = delay.as_millis() as u64,
                "the call is repeated"
            );
            if failure.verdict == Verdict::Throttled {
                self.limiter.throttled(call.operation, call.region, sent, call.run.clock.as_ref());
            }
            call.run.sleep(delay, &call.what()).await?;
            // The failure says more than that the run is out of time.
            if call.run.late().is_some() {
                return Err(failure);
            }
        }
    }

    /// Waits until the call may be sent: for its turn within AWS's limits, a permit and the lease. A privileged call waits
    /// for none of them; it counts against AWS's limits all the same.
    async fn admit(&self, call: Call<'_>) -> Result<Option<SemaphorePermit<'_>>, CallError> {
        let run = call.run;
        if run.privileged {
            run.check(call.operation, call.region)?;
            self.limiter.count(call.operation, call.region, run.clock.now());
            return Ok(None);
        }
        loop {
            let turn = self.turn(call).await?;
            let permit = self.permits.acquire().await;
            run.check(call.operation, call.region)?;
            if run.may_call() {
                turn.take(run.clock.now());
                return Ok(permit.ok());
            }
            // The lease ran out while this call waited for others.
            drop((permit, turn));
            run.leave(call.operation, call.region).await?;
        }
    }

    async fn turn(&self, call: Call<'_>) -> Result<Turn, CallError> {
        let run = call.run;
        run.check(call.operation, call.region)?;
        tokio::select! {
            biased;
            () = run.cancel.cancelled() => Err(run.cancelled(call.operation, call.region)),
            turn = self.limiter.turn(call.operation, call.region, run.clock.as_ref()) => Ok(turn),
        }
    }
}

fn helps(verdict: Verdict, repeatable: bool) -> bool {
    match verdict {
        Verdict::Final => false,
        Verdict::Throttled | Verdict::Busy => true,
        Verdict::Unclear => repeatable,
    }
}

impl Run {
    /// How long ago the run's time was up.
    fn late(&self) -> Option<Duration> {
        self.clock.now().checked_duration_since(self.deadline)
    }

    /// Refuses to start `operation` once the run was cancelled or its time is up.
    pub(super) fn check(&self, operation: &str, region: &str) -> Result<(), CallError> {
        if self.cancel.is_cancelled() {
            return Err(self.cancelled(operation, region));
        }
        match self.late() {
            Some(_) => Err(CallError::TimedOut {
                what: format!("{operation} in {region}"),
                waited_seconds: 0,
                last: "nothing, it was not sent".to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn may_call(&self) -> bool {
        self.lease.as_ref().is_none_or(|lease| lease.lasts(self.clock.as_ref()))
    }

    /// Waits for leave to call.
    async fn leave(&self, operation: &str, region: &str) -> Result<(), CallError> {
        let Some(lease) = &self.lease else { return Ok(()) };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(self.cancelled(operation, region)),
            () = lease.lasting(self.clock.as_ref()) => Ok(()),
            () = self.clock.sleep(self.deadline.saturating_duration_since(self.clock.now())) => self.check(operation, region),
        }
    }

    fn cancelled(&self, operation: &str, region: &str) -> CallError {
        CallError::Cancelled(format!("{operation} in {region}"))
    }

    /// Waits, unless the run is cancelled first.
    ///
    /// # Errors
    /// [`CallError::Cancelled`].
    pub(crate) async fn sleep(&self, time: Duration, before: &str) -> Result<(), CallError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(CallError::Cancelled(before.to_owned())),
            () = self.clock.sleep(time) => Ok(()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::result_large_err, reason = "the SDK's error is what it is")]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use aws_sdk_lambda::operation::get_function::GetFunctionError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;
    use futures::FutureExt;

    use super::*;
    use crate::aws::testing::FakeClock;
    use crate::aws::{CancellationToken, Clock, Lease};
    use crate::desired::Owner;

    type Answer = Result<&'static str, SdkError<GetFunctionError, HttpResponse>>;

    fn refused(status: u16, code: &str) -> Answer {
        let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        let error = GetFunctionError::generic(ErrorMetadata::builder().code(code).message("words").build());
        Err(SdkError::service_error(error, raw))
    }

    fn lost() -> Answer {
        Err(SdkError::timeout_error("connection reset"))
    }

    fn run(clock: &FakeClock, seconds: u64) -> Run {
        let deadline = clock.now() + Duration::from_secs(seconds);
        Run::new(
            Owner::new("multiregion_api", "giraffe"),
            "us-east-1",
            deadline,
            CancellationToken::new(),
            Arc::new(clock.clone()),
        )
    }

    fn call(run: &Run, repeatable: bool) -> Call<'_> {
        let (operation, region, endpoint) = ("lambda:GetFunction", "eu-west-1", "http://localhost");
        Call { operation, region, endpoint, run, repeatable }
    }

    async fn send(run: &Run, repeatable: bool, answer: impl Fn(u32) -> Answer) -> (Result<&'static str, Failure>, u32) {
        let sender = Sender::new(Limiter::off(), 1, 3);
        let sent = Cell::new(0);
        let attempt = || {
            sent.set(sent.get() + 1);
            std::future::ready(answer(sent.get()))
        };
        (sender.send(call(run, repeatable), attempt).await, sent.get())
    }

    #[tokio::test]
    async fn throttling_and_server_errors_are_outlasted() {
        let clock = FakeClock::default();
        let (answer, sent) = send(&run(&clock, 600), true, |n| match n {
            1 => refused(429, "TooManyRequestsException"),
            2 => refused(500, "InternalFailure"),
            3 => lost(),
            _ => Ok("done"),
        })
        .await;
        assert_eq!((answer.unwrap(), sent), ("done", 4));
        assert!(clock.passed() >= Duration::from_millis(300 + 600 + 1200));
    }

    #[tokio::test]
    async fn a_refusal_is_told_at_once_with_code_and_region() {
        let clock = FakeClock::default();
        let (answer, sent) = send(&run(&clock, 600), true, |_| refused(403, "AccessDenied")).await;
        let error = answer.unwrap_err().error;
        assert_eq!(sent, 1);
        assert_eq!(error.code(), Some("AccessDenied"));
        assert!(error.to_string().starts_with("lambda:GetFunction in eu-west-1 was refused with AccessDenied: words"));
    }

    #[tokio::test]
    async fn a_lost_reply_is_not_repeated_blindly() {
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
        assert_eq!(error, "no time was left for lambda:GetFunction in eu-west-1; last seen: nothing, it was not sent");
        assert_eq!(sent, 0);
    }

    #[tokio::test]
    async fn a_cancel_between_attempts_is_no_failure() {
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

    /// One call occupies the only permit and the only turn, and the lease has run out.
    #[tokio::test]
    async fn a_privileged_call_waits_for_nothing() {
        let clock = FakeClock::default();
        let sender = Sender::new(Limiter::of(&[], clock.now()), 1, 0);
        let lease = Arc::new(Lease::new(clock.now()));
        let run = run(&clock, 600).under(&lease);
        let answer = || std::future::ready(Answer::Ok("done"));
        let _permit = sender.permits.acquire().await.unwrap();
        let _turn = sender.turn(call(&run, true)).await.unwrap();
        assert!(sender.send(call(&run, true), answer).now_or_never().is_none());
        let privileged = run.privileged();
        for _ in 0..10 {
            assert_eq!(sender.send(call(&privileged, true), answer).now_or_never().unwrap().unwrap(), "done");
        }
        assert_eq!(clock.passed(), Duration::ZERO);
        run.cancel.cancel();
        let error = sender.send(call(&privileged, true), answer).await.unwrap_err().error;
        assert!(matches!(error, CallError::Cancelled(_)), "{error}");
    }

    #[tokio::test]
    async fn the_deadline_ends_the_repeating() {
        let clock = FakeClock::default();
        let (answer, sent) = send(&run(&clock, 1), true, |_| lost()).await;
        assert!(matches!(answer.unwrap_err().error, CallError::Unreachable { .. }));
        assert!(sent < 4);
    }
}
