//! What AWS takes its time for: named timers on a clock that tests can put forward.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Timers by name. Its time is the machine's, plus what [`Timers::advance`] added; stopped, it is that alone.
#[derive(Debug)]
pub(crate) struct Timers {
    began: Instant,
    stopped: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// When AWS's clock was last set, and to what.
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
    /// None yet. With `stopped`, time moves only when it is put forward.
    pub(crate) fn new(stopped: bool) -> Self {
        let began = Instant::now();
        let inner = Inner { set: began, set_to: Duration::ZERO, ends: Arc::default() };
        Self { began, stopped, inner: Mutex::new(inner) }
    }

    /// The machine's time since the start; where time is simulated, that time.
    pub(crate) fn elapsed(&self) -> Duration {
        if self.stopped { self.now() } else { self.began.elapsed() }
    }

    /// The time since the start, with what was added.
    pub(crate) fn now(&self) -> Duration {
        self.with(|inner| self.time(inner))
    }

    fn time(&self, inner: &Inner) -> Duration {
        if self.stopped { inner.set_to } else { inner.set.elapsed() + inner.set_to }
    }

    /// Puts the clock forward.
    pub(crate) fn advance(&self, time: Duration) {
        self.with(|inner| inner.set_to += time);
    }

    /// This moment.
    pub(crate) fn moment(&self) -> Moment {
        self.with(|inner| Moment { now: self.time(inner), ends: Arc::clone(&inner.ends) })
    }

    /// Goes back to a moment.
    pub(crate) fn return_to(&self, moment: &Moment) {
        self.with(|inner| *inner = Inner { set: Instant::now(), set_to: moment.now, ends: Arc::clone(&moment.ends) });
    }

    /// Starts a timer, also one that ran before.
    pub(crate) fn start(&self, name: &str, time: Duration) {
        self.with(|inner| {
            let end = self.time(inner) + time;
            Arc::make_mut(&mut inner.ends).insert(name.to_owned(), end);
        });
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
        self.with(|inner| inner.ends.get(name).is_some_and(|end| self.time(inner) < *end))
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
