//! Reads that lag behind writes: what surprises is looked at again before it is believed.

use std::future::Future;
use std::time::{Duration, Instant};

use super::{CallError, Region, Run};

/// How long after a write reads may tell what was before it. AWS names no bound; mostly it is over within seconds.
pub const LAG: Duration = Duration::from_secs(20);
/// How long to wait between two looks at what surprises.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

impl Run {
    /// Looks until nothing surprises, and no longer than to `end`: what is seen then is believed. A look at the deadline
    /// fails, so that no surprise is believed early.
    pub async fn look_until_believed<T, F, R>(
        &self,
        what: &str,
        end: Instant,
        look: F,
        surprises: impl Fn(&T) -> bool,
    ) -> T
    where
        F: Fn() -> R,
        R: Future<Output = T>,
    {
        loop {
            let began = self.clock.now();
            let seen = look().await;
            // At the deadline no call is sent any more: another look tells nothing.
            if began >= end.min(self.deadline) || !surprises(&seen) {
                return seen;
            }
            tracing::info!(what, "AWS may not know of the latest change yet: looking again");
            if self.sleep(BETWEEN_LOOKS.min(end.saturating_duration_since(began)), what).await.is_err() {
                return seen;
            }
        }
    }
}

impl Region {
    /// Looks for what AWS must have, because it was made a moment ago or because AWS says that it exists.
    ///
    /// # Errors
    /// What `look` fails with.
    pub async fn look_for<T, F, R>(&self, what: &str, look: F) -> Result<Option<T>, CallError>
    where
        F: Fn() -> R + Send + Sync,
        R: Future<Output = Result<Option<T>, CallError>> + Send,
        T: Send,
    {
        self.look_until_believed(what, look, |seen| matches!(seen, Ok(None))).await
    }

    /// Looks until nothing surprises, and no longer than AWS may lag behind: what is seen then is believed.
    pub async fn look_until_believed<T, F, R>(&self, what: &str, look: F, surprises: impl Fn(&T) -> bool) -> T
    where
        F: Fn() -> R,
        R: Future<Output = T>,
    {
        let end = self.run.clock.now() + LAG;
        self.run.look_until_believed(what, end, look, surprises).await
    }
}
