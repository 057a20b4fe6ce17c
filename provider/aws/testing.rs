//! A clock for unit tests: time passes only by sleeping.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Clock, Sleeping};

/// Every sleep ends at once and moves the time on; on a stopped one, none ends.
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
    /// A clock that only [`Self::advance`] moves on.
    pub(crate) fn stopped() -> Self {
        Self { stopped: true, ..Self::default() }
    }

    /// How much time has passed.
    pub(crate) fn passed(&self) -> Duration {
        *self.passed.lock().unwrap()
    }

    /// Moves the time on.
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

    fn chance(&self) -> u64 {
        self.passed().subsec_nanos().into()
    }
}
