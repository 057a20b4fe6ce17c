//! The time source and random number generator of every operation. Tests replace it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_sts::config::{AsyncSleep, Sleep};

/// The future of a sleep.
pub type Sleeping = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Time source and random number generator. Nothing else in the engine, or in the timeouts of its calls, reads the time or
/// generates random numbers.
pub trait Clock: Send + Sync {
    /// The current time of a clock that never goes back.
    fn now(&self) -> Instant;
    /// The current time of day in seconds since 1970, UTC: for times that outlive the process.
    fn unix_seconds(&self) -> u64;
    /// Ends after `time`.
    fn sleep(&self, time: Duration) -> Sleeping;
    /// A random number, for ids and for jitter.
    fn random_u64(&self) -> u64;

    /// 160 random bits for a secret, from the operating system.
    ///
    /// # Errors
    /// The operating system provides none.
    fn secret(&self) -> Result<[u8; 20], getrandom::Error> {
        let mut secret = [0; 20];
        getrandom::fill(&mut secret)?;
        Ok(secret)
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn unix_seconds(&self) -> u64 {
        // A clock before 1970 is wrong; every heartbeat and every window counts as over then.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }

    fn sleep(&self, time: Duration) -> Sleeping {
        Box::pin(tokio::time::sleep(time))
    }

    fn random_u64(&self) -> u64 {
        // Owner ids must differ between machines, so the operating system comes first: fastrand seeds itself from the time.
        getrandom::u64().unwrap_or_else(|_| fastrand::u64(..))
    }
}

/// A clock in the form that the SDK needs for its timeouts.
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
