//! Time and chance, injected: a test need not wait for the one, and can repeat the other.

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_sts::config::{AsyncSleep, Sleep};

/// A wait.
pub type Sleeping = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Tells the time, waits, and throws the dice. The engine has no other, and neither have the timeouts of its calls.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Instant;
    /// The time of day in seconds since 1970, UTC: for what outlives this process.
    fn unix_seconds(&self) -> u64;
    /// Ends after `time`.
    fn sleep(&self, time: Duration) -> Sleeping;
    /// A number by chance, another one every time: for ids, and for delays that are not to be alike.
    fn chance(&self) -> u64;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn unix_seconds(&self) -> u64 {
        // A clock before 1970 is set wrong; everything is late then.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }

    fn sleep(&self, time: Duration) -> Sleeping {
        Box::pin(tokio::time::sleep(time))
    }

    fn chance(&self) -> u64 {
        RandomState::new().build_hasher().finish()
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
