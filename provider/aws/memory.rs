//! How much of what is sent may be in memory at once: small packages go to all regions at the same time, large ones to few.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Regional;

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
    async fn take(&self, bytes: u64) -> Option<SemaphorePermit<'_>> {
        // What is larger than everything goes alone.
        let mebibytes = u32::try_from(bytes / MEBIBYTE + 1).unwrap_or(LIMIT).min(LIMIT);
        self.0.acquire_many(mebibytes).await.ok()
    }
}

impl Regional {
    /// Waits until so many bytes of a package may be read into memory, and holds the place until it is dropped.
    pub(crate) async fn memory_for(&self, bytes: u64) -> Option<SemaphorePermit<'_>> {
        self.aws.memory.take(bytes).await
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn large_packages_wait_for_each_other_and_small_ones_do_not() {
        let memory = Memory::default();
        let small: Vec<_> = (0..LIMIT).filter_map(|_| memory.take(1000).now_or_never().flatten()).collect();
        assert_eq!(small.len(), LIMIT as usize);
        assert!(memory.take(1000).now_or_never().is_none());
        drop(small);
        let huge = memory.take(u64::MAX).now_or_never().flatten();
        assert!(huge.is_some(), "it goes alone");
        assert!(memory.take(1000).now_or_never().is_none());
        drop(huge);
        assert!(memory.take(1000).now_or_never().is_some());
    }
}
