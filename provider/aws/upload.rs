//! The upload budget: how much memory packages may take while they are uploaded. Small packages go to all regions at the
//! same time, large ones to few.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{CallError, Region, Run};

const MEBIBYTE: u64 = 1024 * 1024;
/// The memory of all packages that are being uploaded, in MiB.
const BUDGET: u32 = 96;

/// The memory that all uploads of an account share.
pub(super) struct UploadBudget(Semaphore);

impl Default for UploadBudget {
    fn default() -> Self {
        Self(Semaphore::new(BUDGET as usize))
    }
}

impl UploadBudget {
    async fn reserve(&self, run: &Run, upload: &str, bytes: u64) -> Result<Option<SemaphorePermit<'_>>, CallError> {
        // A package that is larger than the budget is uploaded alone.
        let mebibytes = u32::try_from(bytes / MEBIBYTE + 1).unwrap_or(BUDGET).min(BUDGET);
        let reserved = run.turn(&upload, "other uploads to free memory", self.0.acquire_many(mebibytes)).await?;
        Ok(reserved.ok())
    }
}

impl Region {
    /// Waits until `bytes` of a package may be read into memory, and reserves them until the permit is dropped.
    ///
    /// # Errors
    /// [`CallError::NotStarted`] at the run's deadline; [`CallError::Cancelled`].
    pub(crate) async fn reserve_upload(&self, bytes: u64) -> Result<Option<SemaphorePermit<'_>>, CallError> {
        let upload = format!("uploading the package of {}", self.label());
        self.aws.uploads.reserve(&self.run, &upload, bytes).await
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
    fn large_packages_are_uploaded_one_at_a_time_and_small_ones_in_parallel() {
        let (budget, run) = (UploadBudget::default(), run(&FakeClock::stopped()));
        let reserve = |bytes| budget.reserve(&run, "it", bytes).now_or_never().and_then(|permit| permit.unwrap());
        let small: Vec<_> = (0..BUDGET).filter_map(|_| reserve(1000)).collect();
        assert_eq!(small.len(), BUDGET as usize);
        assert!(reserve(1000).is_none());
        drop(small);
        let huge = reserve(u64::MAX);
        assert!(huge.is_some(), "a package larger than the budget is uploaded alone");
        assert!(reserve(1000).is_none());
        drop(huge);
        assert!(reserve(1000).is_some());
    }

    #[tokio::test]
    async fn an_upload_waits_for_memory_until_the_deadline() {
        let (budget, run) = (UploadBudget::default(), run(&FakeClock::default()));
        let _all = budget.reserve(&run, "uploading one", u64::MAX).await.unwrap();
        let error = budget.reserve(&run, "uploading the other", 1000).await.unwrap_err().to_string();
        let why = "it waited 60 s for other uploads to free memory, until the operation reached its timeout";
        assert_eq!(error, format!("uploading the other was not started: {why}"));
    }
}
