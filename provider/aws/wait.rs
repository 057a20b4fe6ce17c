//! Waits. Each has a name, appears in the log, and ends at the run's deadline or when the run is cancelled.

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use super::{CallError, Poll, Run, backoff};

/// The longest delay between two attempts or polls.
const LONGEST_DELAY: Duration = Duration::from_secs(15);
/// The time between two looks of a watch.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);
/// How long a wait for other calls may take before it is logged.
const QUIET: Duration = Duration::from_secs(5);

/// The end of the wait for something: `the certificate to be issued`.
struct EndOf<'a>(&'a str);

impl Display for EndOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the end of the wait for {}", self.0)
    }
}

impl Run {
    /// The time left until the deadline.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(self.clock.now())
    }

    /// Fails when the run was cancelled or has reached its deadline, so that `what` must not start any more.
    ///
    /// # Errors
    /// [`CallError::Cancelled`], [`CallError::NotStarted`].
    pub(super) fn check(&self, what: &dyn Display) -> Result<(), CallError> {
        if self.cancel.is_cancelled() {
            return Err(CallError::Cancelled(what.to_string()));
        }
        if self.left().is_zero() {
            return Err(CallError::NotStarted {
                what: what.to_string(),
                why: "the operation reached its timeout".to_owned(),
            });
        }
        Ok(())
    }

    /// Waits for `turn`, such as the end of other calls, after which `what` may start. `awaited` describes it.
    ///
    /// # Errors
    /// [`CallError::Cancelled`]; [`CallError::NotStarted`] at the deadline.
    pub(super) async fn turn<T>(
        &self,
        what: &(dyn Display + Sync),
        awaited: &str,
        turn: impl Future<Output = T>,
    ) -> Result<T, CallError> {
        let began = self.clock.now();
        let mut turn = pin!(turn);
        if let Some(done) = self.race(turn.as_mut(), QUIET, what).await? {
            return Ok(done);
        }
        tracing::info!(%what, awaited, "waiting");
        if let Some(done) = self.race(turn, self.left(), what).await? {
            return Ok(done);
        }
        let waited = self.clock.now().saturating_duration_since(began).as_secs();
        let why = format!("it waited {waited} s for {awaited}, until the operation reached its timeout");
        Err(CallError::NotStarted { what: what.to_string(), why })
    }

    /// The result of `wait`; `None` when `time` passes first, or the deadline is reached.
    async fn race<T>(
        &self,
        wait: Pin<&mut impl Future<Output = T>>,
        time: Duration,
        before: &(dyn Display + Sync),
    ) -> Result<Option<T>, CallError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(CallError::Cancelled(before.to_string())),
            done = wait => Ok(Some(done)),
            // Created lazily: most waits end at once and need no timer.
            () = async { self.clock.sleep(time.min(self.left())).await } => Ok(None),
        }
    }

    /// Sleeps, but not beyond the deadline, at which the next call fails.
    ///
    /// # Errors
    /// [`CallError::Cancelled`].
    pub(crate) async fn sleep(&self, time: Duration, before: &str) -> Result<(), CallError> {
        self.race(pin!(std::future::pending::<()>()), time, &before).await.map(drop)
    }

    /// [`Run::sleep`] as a part of the wait for `what`.
    async fn sleep_in(&self, what: &str, time: Duration) -> Result<(), CallError> {
        self.race(pin!(std::future::pending::<()>()), time, &EndOf(what)).await.map(drop)
    }

    /// Waits for all of `time`, as until cached DNS answers expire or a change has reached all of AWS.
    ///
    /// # Errors
    /// [`CallError::TimedOut`], without waiting, when the deadline is earlier; [`CallError::Cancelled`].
    pub(crate) async fn pause(&self, what: &str, time: Duration) -> Result<(), CallError> {
        let left = self.left();
        if time > left {
            return Err(too_long(what, time, left));
        }
        self.sleep_in(what, time).await
    }

    /// Sleeps before the next attempt or poll of a wait that began at `start`, and records how long the wait has taken.
    async fn delay(&self, (what, label): (&str, &str), start: Instant, time: Duration) -> Result<(), CallError> {
        let slept = self.sleep_in(what, time).await;
        self.add_wait(label, what, self.clock.now().saturating_duration_since(start));
        slept
    }

    /// See [`Region::retry`](super::Region::retry).
    pub(super) async fn retry<T, F, R>(
        &self,
        (what, label): (&str, &str),
        within: Duration,
        is_transient: impl Fn(&CallError) -> bool,
        attempt: F,
    ) -> Result<T, CallError>
    where
        F: Fn() -> R,
        R: Future<Output = Result<T, CallError>>,
    {
        let (start, end) = (self.clock.now(), self.end_of(within));
        let mut delays = backoff::until_visible();
        let mut last = None;
        loop {
            let error = match (attempt().await, last) {
                // The error of the last attempt is more useful than the missing time for this one.
                (Err(CallError::NotStarted { .. }), Some(last)) => return Err(last),
                (Err(error), _) if is_transient(&error) => error,
                (answer, _) => return answer,
            };
            let delay = delays.next().unwrap_or(LONGEST_DELAY);
            if self.clock.now() + delay > end {
                return Err(error);
            }
            tracing::info!(what, address = label, %error, "retrying after a temporary error");
            self.delay((what, label), start, delay).await?;
            last = Some(error);
        }
    }

    /// See [`Region::wait`](super::Region::wait).
    pub(super) async fn wait<T, F, R>(
        &self,
        (what, label): (&str, &str),
        within: Duration,
        poll: F,
    ) -> Result<T, CallError>
    where
        F: Fn() -> R,
        R: Future<Output = Result<Poll<T>, CallError>>,
    {
        let (start, end) = (self.clock.now(), self.end_of(within));
        let mut delays = backoff::between_polls();
        let mut last = None;
        loop {
            let seen = match (poll().await, last) {
                (Ok(Poll::Ready(value)), _) => return Ok(value),
                (Ok(Poll::Pending(seen)), _) => seen,
                // The deadline was reached before this poll was sent: the previous poll returned the last state.
                (Err(CallError::NotStarted { .. }), Some(seen)) => seen,
                (Err(error), _) => return Err(error),
            };
            let now = self.clock.now();
            if now >= end {
                let waited_seconds = now.saturating_duration_since(start).as_secs();
                return Err(CallError::TimedOut { what: what.to_owned(), waited_seconds, last: seen });
            }
            tracing::info!(what, address = label, seen, "waiting");
            let delay = delays.next().unwrap_or(LONGEST_DELAY).min(end.saturating_duration_since(now));
            self.delay((what, label), start, delay).await?;
            last = Some(seen);
        }
    }

    /// See [`Region::watch`](super::Region::watch).
    pub(super) async fn watch<F, R>(
        &self,
        (what, label): (&str, &str),
        time: Duration,
        look: F,
    ) -> Result<(), CallError>
    where
        F: Fn() -> R,
        R: Future<Output = Result<(), CallError>>,
    {
        let (start, left) = (self.clock.now(), self.left());
        if time > left {
            return Err(too_long(what, time, left));
        }
        let end = start + time;
        tracing::info!(what, address = label, seconds = time.as_secs(), "watching");
        loop {
            let looked = self.clock.now();
            look().await?;
            if looked >= end {
                return Ok(());
            }
            let rest = end.saturating_duration_since(self.clock.now());
            self.delay((what, label), start, BETWEEN_LOOKS.min(rest)).await?;
        }
    }

    fn end_of(&self, within: Duration) -> Instant {
        (self.clock.now() + within).min(self.deadline)
    }
}

/// The error of a wait for all of `time`, for which only `left` is left.
fn too_long(what: &str, time: Duration, left: Duration) -> CallError {
    let last = format!("it takes {} s, and {} s are left of the timeout", time.as_secs(), left.as_secs());
    CallError::TimedOut { what: what.to_owned(), waited_seconds: 0, last }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use futures::FutureExt;

    use super::*;
    use crate::aws::testing::FakeClock;
    use crate::aws::{CancellationToken, Clock};

    const WITHIN: Duration = Duration::from_secs(3600);

    fn run(clock: &FakeClock, seconds: u64) -> Run {
        let deadline = clock.now() + Duration::from_secs(seconds);
        Run::new(deadline, CancellationToken::new(), Arc::new(clock.clone()))
    }

    const LABEL: &str = "eu-west-1/certificate";

    fn busy() -> CallError {
        CallError::Failed { what: "the certificate".to_owned(), why: "it is in use".to_owned() }
    }

    #[tokio::test]
    async fn the_longest_wait_of_a_component_is_recorded() {
        let clock = FakeClock::default();
        let run = run(&clock, 600);
        let ready_after = |polls: u32| {
            let left = Cell::new(polls);
            move || {
                let ready = left.replace(left.get().saturating_sub(1)) == 0;
                std::future::ready(Ok(if ready { Poll::Ready(()) } else { Poll::Pending("pending".to_owned()) }))
            }
        };
        run.wait(("the role to exist", LABEL), WITHIN, ready_after(0)).await.unwrap();
        assert_eq!(run.longest_wait(LABEL), None, "the first poll was ready");
        for (what, polls) in [("the domain to be ready", 2), ("the certificate to be issued", 5), ("its tags", 1)] {
            run.wait((what, LABEL), WITHIN, ready_after(polls)).await.unwrap();
        }
        let (what, time) = run.longest_wait(LABEL).unwrap();
        assert_eq!(what, "the certificate to be issued");
        assert!(time < clock.passed() && time > clock.passed() / 2, "{time:?} of {:?}", clock.passed());
        let is_transient = |error: &CallError| matches!(error, CallError::Failed { .. });
        let attempt = || async { Err::<(), _>(busy()) };
        let retried = run.retry(("the certificate to be out of use", LABEL), WITHIN, is_transient, attempt).await;
        assert!(retried.is_err());
        assert_eq!(run.longest_wait(LABEL).unwrap().0, "the certificate to be out of use", "failed waits count, too");
        assert_eq!(run.longest_wait("eu-west-1/role"), None);
    }

    /// The deadline is reached while a poll waits to be sent.
    #[tokio::test]
    async fn a_wait_that_times_out_reports_the_last_state() {
        let clock = FakeClock::default();
        let run = run(&clock, 60);
        let polls = Cell::new(0);
        let poll = || {
            polls.set(polls.get() + 1);
            if polls.get() == 3 {
                clock.advance(Duration::from_secs(60));
            }
            let sent = run.check(&"acm:DescribeCertificate in eu-west-1");
            async move { sent.map(|()| Poll::<()>::Pending("pending validation".to_owned())) }
        };
        let error = run.wait(("the certificate to be issued", LABEL), WITHIN, poll).await.unwrap_err();
        let seen = "for the certificate to be issued; last seen: pending validation";
        assert_eq!(error.to_string(), format!("waited 60 s {seen}"));
    }

    #[tokio::test]
    async fn a_wait_that_cannot_start_names_its_call() {
        let clock = FakeClock::default();
        let run = run(&clock, 0);
        let poll = || async { run.check(&"acm:DescribeCertificate in eu-west-1").map(|()| Poll::Ready(())) };
        let error = run.wait(("the certificate to be issued", LABEL), WITHIN, poll).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "acm:DescribeCertificate in eu-west-1 was not started: the operation reached its timeout"
        );
    }

    #[tokio::test]
    async fn a_retry_that_times_out_reports_the_last_error() {
        let clock = FakeClock::default();
        let run = run(&clock, 60);
        let attempts = Cell::new(0);
        let attempt = || {
            attempts.set(attempts.get() + 1);
            if attempts.get() == 3 {
                clock.advance(Duration::from_secs(60));
            }
            let sent = run.check(&"acm:DeleteCertificate in eu-west-1");
            async move { sent.and_then(|()| Err::<(), _>(busy())) }
        };
        let is_transient = |error: &CallError| matches!(error, CallError::Failed { .. });
        let retried = run.retry(("the certificate to be out of use", LABEL), WITHIN, is_transient, attempt).await;
        assert_eq!((retried.unwrap_err().to_string(), attempts.get()), (busy().to_string(), 3));
    }

    #[tokio::test]
    async fn a_pause_beyond_the_deadline_fails_before_it_begins() {
        let clock = FakeClock::default();
        let run = run(&clock, 60);
        assert!(run.pause("the drain period", Duration::from_secs(60)).await.is_ok());
        let error = run.pause("the drain period", Duration::from_secs(7200)).await.unwrap_err();
        let last = "it takes 7200 s, and 0 s are left of the timeout";
        assert_eq!(error.to_string(), format!("no time was left for the drain period; last seen: {last}"));
        assert_eq!(clock.passed(), Duration::from_secs(60));
    }

    #[tokio::test]
    async fn a_watch_looks_until_its_end_or_the_first_error() {
        let clock = FakeClock::default();
        let run = run(&clock, 60);
        let looks = Cell::new(0);
        let look = |most: u32| {
            looks.set(looks.get() + 1);
            std::future::ready(if looks.get() > most { Err(busy()) } else { Ok(()) })
        };
        run.watch(("the bake time", LABEL), Duration::from_secs(25), || look(9)).await.unwrap();
        assert_eq!((looks.take(), clock.passed()), (4, Duration::from_secs(25)), "after 0, 10, 20 and 25 s");
        run.watch(("the bake time", LABEL), Duration::from_secs(25), || look(1)).await.unwrap_err();
        assert_eq!((looks.take(), clock.passed()), (2, Duration::from_secs(35)));
        run.watch(("no time", LABEL), Duration::ZERO, || look(9)).await.unwrap();
        assert_eq!(looks.take(), 1);
        let error = run.watch(("the bake time", LABEL), Duration::from_secs(26), || look(9)).await.unwrap_err();
        assert!(error.to_string().contains("it takes 26 s, and 25 s are left"), "{error}");
        assert_eq!(looks.get(), 0);
    }

    #[tokio::test]
    async fn a_sleep_ends_at_the_deadline_or_when_cancelled() {
        let clock = FakeClock::default();
        run(&clock, 60).sleep(WITHIN, "the next poll").await.unwrap();
        assert_eq!(clock.passed(), Duration::from_secs(60));
        let run = run(&FakeClock::stopped(), 60);
        let mut sleep = Box::pin(run.sleep(WITHIN, "the next poll"));
        assert!(sleep.as_mut().now_or_never().is_none());
        run.cancel.cancel();
        assert!(matches!(sleep.now_or_never(), Some(Err(CallError::Cancelled(_)))));
        let cancelled = run.pause("the drain period", Duration::from_secs(30)).await.unwrap_err().to_string();
        assert_eq!(cancelled, "cancelled before the end of the wait for the drain period");
    }

    #[tokio::test]
    async fn an_inconsistent_read_at_the_deadline_is_an_error() {
        let clock = FakeClock::default();
        let run = run(&clock, 3);
        let end = clock.now() + WITHIN;
        let read = || async { run.check(&"iam:GetRole").map(|()| None::<()>) };
        let seen = run.read_until_consistent("the role", end, read, |seen| !matches!(seen, Ok(Some(())))).await;
        assert!(matches!(seen, Err(CallError::NotStarted { .. })), "{seen:?}");
        assert_eq!(clock.passed(), Duration::from_secs(3));
    }
}
