//! Time, injected: a test need not wait for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sts::config::{AsyncSleep, Sleep};

/// A wait.
pub type Sleeping = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Tells the time and waits. The engine has no other, and neither have the timeouts of its calls.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Instant;
    /// Ends after `time`.
    fn sleep(&self, time: Duration) -> Sleeping;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, time: Duration) -> Sleeping {
        Box::pin(tokio::time::sleep(time))
    }
}

/// A clock as the SDK's timeouts want it.
pub(super) struct Timeouts(pub(super) Arc<dyn Clock>);

impl AsyncSleep for Timeouts {
    fn sleep(&self, time: Duration) -> Sleep {
        Sleep::new(self.0.sleep(time))
    }
}

impl std::fmt::Debug for Timeouts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Timeouts(..)")
    }
}
