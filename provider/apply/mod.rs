//! Doing what a plan says, and looking at what AWS has.

mod executor;
mod import;
mod job;
mod journal;
mod observe;
mod survey;

use std::sync::Arc;
use std::time::Duration;

use crate::aws::{Aws, CallError, Clock, LAG, Lease, Looks, Regional, Run};
use crate::components::Catalog;
use crate::desired::Address;

pub(crate) use executor::verb;
pub use executor::{Failure, Outcome};
pub use journal::{Event, Impossible, fold};
pub use survey::{Obstacle, Survey};

/// How long a last look may take; after a cancel the host waits for us.
const AFTERMATH: Duration = Duration::from_secs(30);

/// The engine at work on one resource.
#[derive(Clone)]
pub struct Engine {
    aws: Arc<Aws>,
    run: Arc<Run>,
    catalog: Catalog,
}

impl Engine {
    /// An engine for one operation.
    pub fn new(aws: Arc<Aws>, run: Run, catalog: Catalog) -> Self {
        let catalog = catalog.in_account_of(&aws);
        Self { aws, run: Arc::new(run), catalog }
    }

    /// Whose components it works on.
    pub fn owner(&self) -> &str {
        &self.run.owner
    }

    /// The kinds it works with.
    pub fn kinds(&self) -> &Catalog {
        &self.catalog
    }

    /// The same run, which calls AWS only as long as the lease lasts, and can be cancelled by itself.
    #[must_use]
    pub fn under(&self, lease: &Arc<Lease>) -> Self {
        Self { run: Arc::new(self.run.under(lease)), ..self.clone() }
    }

    /// The same run, with this much time from now on.
    #[must_use]
    pub fn within(&self, time: Duration) -> Self {
        Self { run: Arc::new(self.run.until(self.run.clock.now() + time)), ..self.clone() }
    }

    /// No new step begins.
    pub fn cancel(&self) {
        self.run.cancel.cancel();
    }

    /// AWS for a last look at a component, when the run itself was cancelled or is out of time.
    pub fn aftermath(&self, address: &Address) -> Regional {
        Regional::new(Arc::clone(&self.aws), Arc::new(self.run.aftermath(AFTERMATH)), address.clone())
    }

    /// Its time.
    pub fn clock(&self) -> &dyn Clock {
        self.run.clock.as_ref()
    }

    /// When so many seconds have passed from now on, in seconds since 1970.
    fn in_seconds(&self, seconds: u64) -> u64 {
        // The second that has begun is not over yet.
        self.run.clock.unix_seconds() + 1 + seconds
    }

    /// Waits, unless the run is cancelled, and not beyond the deadline.
    ///
    /// # Errors
    /// [`CallError::Cancelled`]: what comes after the wait is not to be done.
    pub async fn sleep(&self, time: Duration, before: &str) -> Result<(), CallError> {
        self.run.sleep(time, before).await
    }

    /// Waits for all of `time`.
    ///
    /// # Errors
    /// [`CallError::TimedOut`], without waiting, when it would last beyond the deadline; [`CallError::Cancelled`].
    pub async fn pause(&self, what: &str, time: Duration) -> Result<(), CallError> {
        self.run.pause(what, time).await
    }

    /// Waits until AWS knows everywhere what an apply that was cut off a moment ago has done.
    ///
    /// # Errors
    /// [`CallError::TimedOut`], [`CallError::Cancelled`].
    pub async fn settle(&self) -> Result<(), CallError> {
        tracing::info!(seconds = LAG.as_secs(), "an apply was cut off: waiting until AWS knows of all that it did");
        self.run.pause("AWS to know of all that the earlier apply did", LAG).await
    }

    /// AWS for the component at `address` in a look at many: they ask together what they want to know alike.
    fn shared(&self, address: &Address, looks: &Arc<Looks>) -> Regional {
        self.regional(address).sharing(looks)
    }

    /// AWS for the component at `address`.
    pub fn regional(&self, address: &Address) -> Regional {
        Regional::new(Arc::clone(&self.aws), Arc::clone(&self.run), address.clone())
    }
}
