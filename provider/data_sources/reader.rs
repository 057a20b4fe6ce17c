//! Access to AWS for a data source.

use std::sync::Arc;

use crate::aws::{Aws, Region, Run, Warning};

/// Access to AWS for one read. Calls obey the same limits, retries and cancellation as those of a resource, and must end
/// by the deadline of the read.
#[derive(Clone)]
pub struct Reader {
    aws: Arc<Aws>,
    run: Arc<Run>,
}

impl Reader {
    /// A reader whose calls belong to `run`.
    pub(crate) fn new(aws: Arc<Aws>, run: Run) -> Self {
        Self { aws, run: Arc::new(run) }
    }

    /// The provider's region.
    pub fn home_region(&self) -> &str {
        self.aws.home_region()
    }

    /// The regions that are enabled in the account; `None` when the credentials may not list them.
    pub async fn enabled_regions(&self) -> Option<Vec<String>> {
        self.aws.enabled_regions().await
    }

    /// The AWS services of `region`. Global services are reached through any region.
    pub fn region(&self, region: &str) -> Region {
        Region::new(Arc::clone(&self.aws), Arc::clone(&self.run), region)
    }

    /// The warnings that were reported during the read.
    pub(crate) fn take_warnings(&self) -> Vec<Warning> {
        self.run.take_warnings()
    }
}
