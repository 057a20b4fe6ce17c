//! Applying a plan, and reading the state of AWS.

mod critical_path;
mod dependencies;
mod executor;
mod import;
mod job;
mod journal;
mod observe;
mod rollback;
mod survey;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;

use crate::aws::{
    Aws, CONSISTENCY_WINDOW, CallError, Clock, CoalescedReads, Identity, Lease, OwnerContext, Regional, Run, Warning,
};
use crate::components::Catalog;
use crate::desired::{Address, Owner, OwnerId, Ownership};
use crate::plan::Ledger;

pub(crate) use executor::verb;
pub use executor::{Failure, Outcome};
pub use journal::{Event, Impossible, fold};
pub use observe::Observed;
pub use survey::{Obstacle, Survey};

/// The time limit of a search after a cancelled or failed step: the host waits for the provider.
const AFTERMATH: Duration = Duration::from_secs(30);

/// The engine of one operation on one resource.
#[derive(Clone)]
pub struct Engine {
    aws: Arc<Aws>,
    run: Arc<Run>,
    context: Arc<OwnerContext>,
    catalog: Catalog,
}

impl Engine {
    /// The engine of an operation.
    pub fn new(aws: Arc<Aws>, run: Run, context: OwnerContext, catalog: Catalog) -> Self {
        let catalog = catalog.in_account_of(&aws);
        Self { aws, run: Arc::new(run), context: Arc::new(context), catalog }
    }

    /// The resource whose components it works on.
    pub fn owner(&self) -> &Owner {
        &self.context.owner
    }

    /// The owner id of the resource; `None` before it has one.
    pub fn owner_id(&self) -> Option<&OwnerId> {
        match &self.context.identity {
            Identity::Exactly(owner_id) => Some(owner_id),
            Identity::Unknown | Identity::Any => None,
        }
    }

    /// The region of the resource's claim.
    pub fn home_region(&self) -> &str {
        &self.context.home_region
    }

    /// The identity of the resource as its ledger records it; `None` before it has an owner id.
    pub fn ownership(&self) -> Option<Ownership> {
        let owner_id = self.owner_id()?.clone();
        let (account_id, partition) = (self.aws.account_id().to_owned(), self.aws.partition().to_owned());
        Some(Ownership { owner_id, account_id, partition })
    }

    /// The same operation for the resource with this owner id.
    #[must_use]
    pub fn identified(&self, owner_id: OwnerId) -> Self {
        Self { context: Arc::new(self.context.identified(owner_id)), ..self.clone() }
    }

    /// The same run at another home region, where the objects of every owner id of this name match: an import searches
    /// for an owner id.
    #[must_use]
    pub fn searching(&self, home_region: &str) -> Self {
        Self { context: Arc::new(self.context.searching(home_region)), ..self.clone() }
    }

    /// The resources of other owners that have added parts to the objects of `ledger`.
    ///
    /// # Errors
    /// The first call that failed.
    pub async fn users(&self, ledger: &Ledger) -> Result<BTreeSet<String>, CallError> {
        let users = ledger.entries.iter().map(|(address, entry)| async move {
            self.kinds().get(&address.kind)?.users(&self.regional(address), &entry.outputs).await
        });
        Ok(try_join_all(users).await?.into_iter().flatten().collect())
    }

    /// A new owner id at the run's home region.
    pub fn mint(&self) -> OwnerId {
        OwnerId::mint(self.home_region(), self.run.clock.random_u64())
    }

    /// The same operation, which only reads, and does not wait for regions that do not respond.
    #[must_use]
    pub fn noticing_outages(&self) -> Self {
        let run = Run::clone(&self.run).noticing_outages(&self.aws);
        Self { run: Arc::new(run), ..self.clone() }
    }

    /// The regions that this operation has found to be unreachable, each with the reason.
    pub fn unreachable(&self) -> BTreeMap<String, String> {
        self.run.unreachable_regions()
    }

    /// What components reported to the user since the last call of this function.
    pub fn take_warnings(&self) -> Vec<Warning> {
        self.run.take_warnings()
    }

    /// The kinds of component.
    pub fn kinds(&self) -> &Catalog {
        &self.catalog
    }

    /// The same run, which calls AWS only while the lease is valid, and which can be cancelled separately.
    #[must_use]
    pub fn with_lease(&self, lease: &Arc<Lease>) -> Self {
        Self { run: Arc::new(self.run.with_lease(lease)), ..self.clone() }
    }

    /// The same run, which can be cancelled separately.
    #[must_use]
    pub fn cancellable(&self) -> Self {
        Self { run: Arc::new(self.run.cancellable()), ..self.clone() }
    }

    /// The same run, with this much time from now on.
    #[must_use]
    pub fn within(&self, time: Duration) -> Self {
        Self { run: Arc::new(self.run.until(self.run.clock.now() + time)), ..self.clone() }
    }

    /// Cancels the operation: no new step begins.
    pub fn cancel(&self) {
        self.run.cancel.cancel();
    }

    /// AWS for a last read of a component after the run was cancelled or has reached its deadline.
    pub fn aftermath(&self, address: &Address) -> Regional {
        self.regional_in(self.run.aftermath(AFTERMATH).into(), address)
    }

    /// The clock of the operation.
    pub fn clock(&self) -> &dyn Clock {
        self.run.clock.as_ref()
    }

    /// The time that is this many seconds from now, in seconds since 1970.
    fn in_seconds(&self, seconds: u64) -> u64 {
        // Rounded up, because the current second is not over.
        self.run.clock.unix_seconds().saturating_add(1).saturating_add(seconds)
    }

    /// Waits, unless the run is cancelled, and not beyond the deadline.
    ///
    /// # Errors
    /// [`CallError::Cancelled`]: the caller must not continue.
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

    /// Waits for the consistency window after an interrupted apply.
    ///
    /// # Errors
    /// [`CallError::TimedOut`], [`CallError::Cancelled`].
    pub async fn settle(&self) -> Result<(), CallError> {
        tracing::info!(
            seconds = CONSISTENCY_WINDOW.as_secs(),
            "waiting until AWS reports all changes of an interrupted apply"
        );
        self.run.pause("AWS to report all changes of the interrupted apply", CONSISTENCY_WINDOW).await
    }

    /// AWS for the component at `address`, with reads that are coalesced with those of others.
    fn shared(&self, address: &Address, reads: &Arc<CoalescedReads>) -> Regional {
        self.regional(address).coalescing(reads)
    }

    /// AWS for the component at `address`.
    pub fn regional(&self, address: &Address) -> Regional {
        self.regional_in(Arc::clone(&self.run), address)
    }

    fn regional_in(&self, run: Arc<Run>, address: &Address) -> Regional {
        Regional::new(Arc::clone(&self.aws), run, Arc::clone(&self.context), address.clone())
    }
}
