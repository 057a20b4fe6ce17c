//! One operation of the provider: its deadline, its cancellation, its lease, and the warnings that it collects.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Aws, CancellationToken, Clock, Lease, Outages};

/// One operation, such as a refresh or an apply: how long it may take, and what cancels it.
#[derive(Clone)]
pub struct Run {
    /// When the operation must have ended.
    pub deadline: Instant,
    /// Cancels the operation.
    pub cancel: CancellationToken,
    /// The operation's time source.
    pub clock: Arc<dyn Clock>,
    pub(super) lease: Option<Arc<Lease>>,
    pub(super) privileged: bool,
    /// The endpoints that do not respond; `None` in an operation that tries every call until its deadline.
    pub(super) outages: Option<Arc<Outages>>,
    id: String,
    warnings: Arc<Mutex<Vec<Warning>>>,
    /// The longest wait of each component that waited, and what it waited for.
    waits: Arc<Mutex<BTreeMap<String, (String, Duration)>>>,
    requests: Arc<AtomicU64>,
}

/// A warning about an operation that succeeds all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A constant sentence.
    pub summary: &'static str,
    /// What was found, why, and what to do.
    pub detail: String,
}

impl Run {
    /// A run with a new id that must have ended at `deadline`.
    pub fn new(deadline: Instant, cancel: CancellationToken, clock: Arc<dyn Clock>) -> Self {
        let id = format!("{:016x}", clock.random_u64());
        Self {
            deadline,
            cancel,
            clock,
            lease: None,
            privileged: false,
            outages: None,
            id,
            warnings: Arc::default(),
            waits: Arc::default(),
            requests: Arc::default(),
        }
    }

    /// The random id of the run, by which a claim records who creates its resource.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same run with a cancellation of its own, which calls AWS only while `lease` is valid.
    #[must_use]
    pub fn with_lease(&self, lease: &Arc<Lease>) -> Self {
        Self { cancel: self.cancel.child_token(), lease: Some(Arc::clone(lease)), ..self.clone() }
    }

    /// The same run with a cancellation of its own.
    #[must_use]
    pub fn cancellable(&self) -> Self {
        Self { cancel: self.cancel.child_token(), ..self.clone() }
    }

    /// The same run for heartbeats: its calls wait for no permit, no rate limit and no lease, since they renew the lease.
    #[must_use]
    pub fn privileged(&self) -> Self {
        Self { privileged: true, ..self.clone() }
    }

    /// The same run, which only reads: its calls to an endpoint that does not respond end soon, with [`CallError::Outage`].
    ///
    /// [`CallError::Outage`]: super::CallError::Outage
    #[must_use]
    pub fn noticing_outages(self, aws: &Aws) -> Self {
        let outages = Outages::new(&aws.outages, self.clock.now());
        Self { outages: Some(Arc::new(outages)), ..self }
    }

    /// The regions in which a service does not respond, each with the reason.
    pub fn unreachable_regions(&self) -> BTreeMap<String, String> {
        self.outages.as_ref().map(|outages| outages.regions()).unwrap_or_default()
    }

    /// The same run with another deadline.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// The same run with `within` left, no lease and no cancellation: for the last calls of a run that was cancelled or has
    /// reached its deadline.
    #[must_use]
    pub fn aftermath(&self, within: Duration) -> Self {
        Self { deadline: self.clock.now() + within, cancel: CancellationToken::new(), lease: None, ..self.clone() }
    }

    /// How many requests the operation has sent to AWS, with those that were repeated.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Counts a request.
    pub(super) fn add_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// What a component waited for longest in AWS, and how long.
    pub(crate) fn longest_wait(&self, address: &str) -> Option<(String, Duration)> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    /// Records that a component waited.
    pub(super) fn add_wait(&self, address: &str, what: &str, time: Duration) {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if waits.get(address).is_none_or(|(_, longest)| *longest < time) {
            waits.insert(address.to_owned(), (what.to_owned(), time));
        }
    }

    /// Adds a warning, which the user sees when the operation ends.
    pub fn warn(&self, summary: &'static str, detail: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(Warning { summary, detail });
    }

    /// Removes and returns all warnings collected so far.
    pub fn take_warnings(&self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
