//! How much of what is sent may be in memory at once: small packages go to all regions at the same time, large ones to few.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{CallError, Region, Run};

const MEBIBYTE: u64 = 1024 * 1024;
/// Of all packages that are being sent to one account, in MiB.
const LIMIT: u32 = 96;

/// The memory that packages may take on their way to AWS.
pub(super) struct Memory(Semaphore);

impl Default for Memory {
    fn default() -> Self {
        Self(Semaphore::new(LIMIT as usize))
    }
}

impl Memory {
    async fn take(&self, run: &Run, upload: &str, bytes: u64) -> Result<Option<SemaphorePermit<'_>>, CallError> {
        // What is larger than everything goes alone.
        let mebibytes = u32::try_from(bytes / MEBIBYTE + 1).unwrap_or(LIMIT).min(LIMIT);
        let taken = run.turn(&upload, "other uploads to free memory", self.0.acquire_many(mebibytes)).await?;
        Ok(taken.ok())
    }
}

impl Region {
    /// Waits until so many bytes of a package may be read into memory, and holds the place until it is dropped.
    ///
    /// # Errors
    /// [`CallError::NotStarted`] at the run's deadline; [`CallError::Cancelled`].
    pub(crate) async fn memory_for(&self, bytes: u64) -> Result<Option<SemaphorePermit<'_>>, CallError> {
        let upload = format!("uploading the package of {}", self.user());
        self.aws.memory.take(&self.run, &upload, bytes).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures::FutureExt;

    use super::*;
    use crate::aws::testing::FakeClock;
    use crate::aws::{CancellationToken, Clock};

    fn run(clock: &FakeClock) -> Run {
        Run::new(clock.now() + Duration::from_secs(60), CancellationToken::new(), Arc::new(clock.clone()))
    }

    #[test]
    fn large_packages_wait_for_each_other_and_small_ones_do_not() {
        let (memory, run) = (Memory::default(), run(&FakeClock::stopped()));
        let take = |bytes| memory.take(&run, "it", bytes).now_or_never().and_then(|taken| taken.unwrap());
        let small: Vec<_> = (0..LIMIT).filter_map(|_| take(1000)).collect();
        assert_eq!(small.len(), LIMIT as usize);
        assert!(take(1000).is_none());
        drop(small);
        let huge = take(u64::MAX);
        assert!(huge.is_some(), "it goes alone");
        assert!(take(1000).is_none());
        drop(huge);
        assert!(take(1000).is_some());
    }

    #[tokio::test]
    async fn an_upload_waits_for_memory_no_longer_than_to_the_deadline() {
        let (memory, run) = (Memory::default(), run(&FakeClock::default()));
        let _all = memory.take(&run, "uploading one", u64::MAX).await.unwrap();
        let error = memory.take(&run, "uploading the other", 1000).await.unwrap_err().to_string();
        let why = "it waited 60 s for other uploads to free memory, until the operation's time was up";
        assert_eq!(error, format!("uploading the other was not started: {why}"));
    }
}
