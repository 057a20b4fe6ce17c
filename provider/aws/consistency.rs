//! Reads that lag behind writes: a suspicious result is read again until the consistency window is over.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt};

use super::region::Repeated;
use super::{CallError, Region, Run};

/// How long reads may return the state before a write. AWS publishes no bound; mostly it takes a few seconds.
pub const CONSISTENCY_WINDOW: Duration = Duration::from_secs(20);
/// The time between two reads within the window.
const REREAD_DELAY: Duration = Duration::from_secs(2);

impl Run {
    /// Repeats `read` while its result is suspicious, but not beyond `end`; the result at `end` counts. A read at the run's
    /// deadline fails, so that no suspicious result counts too early.
    pub async fn read_until_consistent<T, F, R>(
        &self,
        what: &str,
        end: Instant,
        read: F,
        is_suspicious: impl Fn(&T) -> bool,
    ) -> T
    where
        F: Fn() -> R,
        R: Future<Output = T>,
    {
        loop {
            let began = self.clock.now();
            let result = read().await;
            // At the deadline no call is sent any more: another read could not succeed.
            if began >= end.min(self.deadline) || !is_suspicious(&result) {
                return result;
            }
            tracing::info!(what, "reading again: AWS may not return the latest change yet");
            if self.sleep(REREAD_DELAY.min(end.saturating_duration_since(began)), what).await.is_err() {
                return result;
            }
        }
    }
}

impl Region {
    /// Repeats `read` until it finds something, but not beyond the consistency window: for an object that must exist,
    /// because it was just created or AWS reported it.
    ///
    /// # Errors
    /// The error of `read`.
    pub fn read_until_found<'a, T, F, R>(
        &'a self,
        what: &'a str,
        read: F,
    ) -> BoxFuture<'a, Result<Option<T>, CallError>>
    where
        F: Fn() -> R + Send + Sync + 'a,
        R: Future<Output = Result<Option<T>, CallError>> + Send + 'a,
        T: Send + 'a,
    {
        self.read_until_consistent(what, read, |result| matches!(result, Ok(None)))
    }

    /// Repeats `read` while its result is suspicious, but not beyond the consistency window.
    pub fn read_until_consistent<'a, T, F, R>(
        &'a self,
        what: &'a str,
        read: F,
        is_suspicious: impl Fn(&T) -> bool + Send + Sync + 'a,
    ) -> BoxFuture<'a, T>
    where
        F: Fn() -> R + Send + Sync + 'a,
        R: Future<Output = T> + Send + 'a,
        T: Send + 'a,
    {
        async move {
            let end = self.run.clock.now() + CONSISTENCY_WINDOW;
            let read: &Repeated<'_, T> = &|| read().boxed();
            self.run.read_until_consistent(what, end, read, is_suspicious).await
        }
        .boxed()
    }
}
