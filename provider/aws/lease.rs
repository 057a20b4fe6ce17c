//! A time-limited permission to call AWS: a run that was suspended finds it expired and reads its claim before it goes on.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::Clock;

/// How long a run may go on calling AWS without asking whether it still may.
pub struct Lease {
    until: Mutex<Instant>,
    renewed: Notify,
}

impl Lease {
    /// A lease that ends at this time, unless it is renewed.
    pub fn new(until: Instant) -> Self {
        Self { until: Mutex::new(until), renewed: Notify::new() }
    }

    /// It ends at this time instead.
    pub fn renew(&self, until: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        self.renewed.notify_waiters();
    }

    /// Whether it still lasts.
    pub fn lasts(&self, clock: &dyn Clock) -> bool {
        clock.now() < *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is renewed, if it has run out.
    pub(super) async fn lasting(&self, clock: &dyn Clock) {
        loop {
            // From here on no renewal is missed.
            let renewed = self.renewed.notified();
            if self.lasts(clock) {
                return;
            }
            renewed.await;
        }
    }
}
