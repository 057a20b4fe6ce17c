//! A clock for unit tests, on which only a sleep or `advance` passes time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Clock, Sleeping};

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
