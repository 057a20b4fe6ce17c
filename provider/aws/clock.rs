//! Time, injected: a test need not wait for it.

use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt};

/// Tells the time and waits. The engine has no other.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Instant;
    /// Ends after `time`.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(time).boxed()
    }
}
