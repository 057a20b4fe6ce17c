//! What AWS takes its time for: named timers on a clock that tests can put forward.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Timers by name. Its time is the machine's, plus what [`Timers::advance`] added.
#[derive(Debug)]
pub(crate) struct Timers {
    began: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ahead: Duration,
    ends: HashMap<String, Duration>,
}

impl Default for Timers {
    fn default() -> Self {
        Self { began: Instant::now(), inner: Mutex::default() }
    }
}

impl Timers {
    /// The machine's time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The time since the start, with what was added.
    pub(crate) fn now(&self) -> Duration {
        self.elapsed() + self.with(|inner| inner.ahead)
    }

    /// Puts the clock forward.
    pub(crate) fn advance(&self, time: Duration) {
        self.with(|inner| inner.ahead += time);
    }

    /// Starts a timer, also one that ran before.
    pub(crate) fn start(&self, name: &str, time: Duration) {
        let end = self.now() + time;
        self.with(|inner| inner.ends.insert(name.to_owned(), end));
    }

    /// Starts a timer unless it was started before.
    pub(crate) fn start_once(&self, name: &str, time: Duration) {
        if !self.was_started(name) {
            self.start(name, time);
        }
    }

    /// Whether it was ever started.
    pub(crate) fn was_started(&self, name: &str) -> bool {
        self.with(|inner| inner.ends.contains_key(name))
    }

    /// Whether it was started and has not ended.
    pub(crate) fn is_running(&self, name: &str) -> bool {
        let now = self.now();
        self.with(|inner| inner.ends.get(name).is_some_and(|end| now < *end))
    }

    /// Whether it was started and has ended.
    pub(crate) fn has_ended(&self, name: &str) -> bool {
        self.was_started(name) && !self.is_running(name)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        // Nothing in here panics half way through a change.
        work(&mut self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_ends_when_the_clock_is_put_forward() {
        let timers = Timers::default();
        assert!(!timers.is_running("role") && !timers.has_ended("role"));
        timers.start("role", Duration::from_secs(60));
        assert!(timers.is_running("role"));
        timers.start_once("role", Duration::from_secs(600));
        timers.advance(Duration::from_secs(61));
        assert!(timers.has_ended("role"));
    }
}
