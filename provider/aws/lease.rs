//! A time-limited permission to call AWS. A run that was suspended finds its lease expired, and reads its claim again before
//! it continues.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::Clock;

/// The permission of a run to call AWS, which each heartbeat renews.
pub struct Lease {
    until: Mutex<Instant>,
    renewed: Notify,
}

impl Lease {
    /// A lease that is valid until this time, unless it is renewed.
    pub fn new(until: Instant) -> Self {
        Self { until: Mutex::new(until), renewed: Notify::new() }
    }

    /// Makes the lease valid until this time.
    pub fn renew(&self, until: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        self.renewed.notify_waiters();
    }

    /// Whether the lease has not expired yet.
    pub fn is_valid(&self, clock: &dyn Clock) -> bool {
        clock.now() < *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns at once while the lease is valid; otherwise waits until it is renewed.
    pub(super) async fn until_valid(&self, clock: &dyn Clock) {
        loop {
            // Created before the check, so that no renewal is missed.
            let renewed = self.renewed.notified();
            if self.is_valid(clock) {
                return;
            }
            renewed.await;
        }
    }
}
