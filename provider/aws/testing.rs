//! Parts of unit tests: a clock on which only a sleep or `advance` passes time, and a call.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::sender::Call;
use super::{CancellationToken, Clock, Run, Sleeping};

/// An operation that may take this many seconds.
pub(super) fn run(clock: &FakeClock, seconds: u64) -> Run {
    let deadline = clock.now() + Duration::from_secs(seconds);
    Run::new(deadline, CancellationToken::new(), Arc::new(clock.clone()))
}

/// A call of an operation that tries every call until its deadline.
pub(super) fn call(run: &Run, repeatable: bool) -> Call<'_> {
    let (operation, region, endpoint) = ("lambda:GetFunction", "eu-west-1", "http://localhost");
    Call { operation, region, endpoint, run, repeatable, health: None }
}

/// A clock on which every sleep ends at once and advances the time. On a stopped clock, no sleep ends.
#[derive(Debug, Clone)]
pub(crate) struct FakeClock {
    start: Instant,
    stopped: bool,
    passed: Arc<Mutex<Duration>>,
}

impl Default for FakeClock {
    fn default() -> Self {
        Self { start: Instant::now(), stopped: false, passed: Arc::default() }
    }
}

impl FakeClock {
    /// A clock that only [`Self::advance`] advances.
    pub(crate) fn stopped() -> Self {
        Self { stopped: true, ..Self::default() }
    }

    /// The time since the clock was created.
    pub(crate) fn passed(&self) -> Duration {
        *self.passed.lock().unwrap()
    }

    /// Advances the time.
    pub(crate) fn advance(&self, by: Duration) {
        *self.passed.lock().unwrap() += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn unix_seconds(&self) -> u64 {
        self.passed().as_secs()
    }

    fn sleep(&self, time: Duration) -> Sleeping {
        let clock = self.clone();
        if self.stopped {
            return Box::pin(std::future::pending());
        }
        Box::pin(async move { clock.advance(time) })
    }

    fn random_u64(&self) -> u64 {
        self.passed().subsec_nanos().into()
    }
}
