//! Named timers for asynchronous operations, on a clock that tests can move forward.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Timers by name. Their clock is the machine's plus what [`Timers::advance`] added; a manual clock is the latter
/// alone.
#[derive(Debug)]
pub(crate) struct Timers {
    started: Instant,
    manual_clock: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// When AWS's clock was last set, and to which time.
    set: Instant,
    set_to: Duration,
    ends: Arc<HashMap<String, Duration>>,
}

/// The timers at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    now: Duration,
    ends: Arc<HashMap<String, Duration>>,
}

impl Timers {
    /// No timers yet. With `manual_clock`, only [`Timers::advance`] moves the clock.
    pub(crate) fn new(manual_clock: bool) -> Self {
        let started = Instant::now();
        let inner = Inner { set: started, set_to: Duration::ZERO, ends: Arc::default() };
        Self { started, manual_clock, inner: Mutex::new(inner) }
    }

    /// The real time since the start; with a manual clock, AWS's time.
    pub(crate) fn elapsed(&self) -> Duration {
        if self.manual_clock { self.now() } else { self.started.elapsed() }
    }

    /// AWS's time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.with(|inner| self.time(inner))
    }

    fn time(&self, inner: &Inner) -> Duration {
        if self.manual_clock { inner.set_to } else { inner.set.elapsed() + inner.set_to }
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, time: Duration) {
        self.with(|inner| inner.set_to += time);
    }

    /// The current time and timers.
    pub(crate) fn moment(&self) -> Moment {
        self.with(|inner| Moment { now: self.time(inner), ends: Arc::clone(&inner.ends) })
    }

    /// Restores an earlier time and its timers.
    pub(crate) fn return_to(&self, moment: &Moment) {
        self.with(|inner| *inner = Inner { set: Instant::now(), set_to: moment.now, ends: Arc::clone(&moment.ends) });
    }

    /// Starts or restarts a timer.
    pub(crate) fn start(&self, name: &str, time: Duration) {
        self.with(|inner| {
            let end = self.time(inner) + time;
            Arc::make_mut(&mut inner.ends).insert(name.to_owned(), end);
        });
    }

    /// Starts a timer unless it was ever started.
    pub(crate) fn start_once(&self, name: &str, time: Duration) {
        if !self.was_started(name) {
            self.start(name, time);
        }
    }

    /// Whether the timer was ever started.
    pub(crate) fn was_started(&self, name: &str) -> bool {
        self.with(|inner| inner.ends.contains_key(name))
    }

    /// Whether the timer was started and has not ended.
    pub(crate) fn is_running(&self, name: &str) -> bool {
        self.with(|inner| inner.ends.get(name).is_some_and(|end| self.time(inner) < *end))
    }

    /// Whether the timer was started and has ended.
    pub(crate) fn has_ended(&self, name: &str) -> bool {
        self.was_started(name) && !self.is_running(name)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        // No holder of the lock panics in the middle of a change.
        work(&mut self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_ends_when_the_clock_advances() {
        let timers = Timers::new(false);
        assert!(!timers.is_running("role") && !timers.has_ended("role"));
        timers.start("role", Duration::from_secs(60));
        assert!(timers.is_running("role"));
        timers.start_once("role", Duration::from_secs(600));
        timers.advance(Duration::from_secs(61));
        assert!(timers.has_ended("role"));
    }

    #[test]
    fn a_moment_can_be_returned_to() {
        let timers = Timers::new(false);
        timers.start("role", Duration::from_secs(60));
        let moment = timers.moment();
        timers.advance(Duration::from_secs(61));
        timers.start("function", Duration::from_secs(60));
        timers.return_to(&moment);
        assert!(timers.is_running("role") && !timers.was_started("function"));
        assert!(timers.now() < Duration::from_secs(60));
    }
}
