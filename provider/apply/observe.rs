//! The refresh: reads every component of a ledger and detects drift.
//!
//! Within the consistency window after an apply, AWS may report the state before it. A component that is missing or has
//! drifted is then read again.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::Engine;
use crate::aws::{CONSISTENCY_WINDOW, CallError, CoalescedReads};
use crate::components::Holder;
use crate::desired::Address;
use crate::plan::{Entry, Kinds, Ledger, changed_fields};

/// The result of reading one component.
enum Reading {
    /// The object has the applied settings.
    Same(Entry),
    /// The object differs in these fields.
    Drifted(Entry, Vec<String>),
    Gone,
    /// The object belongs to another owner, whom the text describes.
    Stranger(String),
    Unseen(CallError),
}

/// The summary of the warning that an object belongs to another owner.
pub(super) const NOT_OURS: &str = "AWS object belongs to another owner";

/// The detail of that warning.
pub(super) fn not_ours(address: &Address, whose: &str) -> String {
    format!(
        "The AWS object of {address} was replaced by another one: {whose}. The provider neither changes nor deletes it, and \
         no longer tracks it. If the object is yours and lost its tags, restore the tags and import the resource again."
    )
}

/// The result of a refresh.
pub struct Observed {
    /// The ledger as AWS reports it now.
    pub ledger: Ledger,
    /// The components that could not be read, with the errors. The ledger keeps them unchanged.
    pub unseen: Vec<(Address, CallError)>,
}

impl Reading {
    /// Whether this may be the state before the last apply.
    fn surprises(&self) -> bool {
        match self {
            Self::Same(_) => false,
            Self::Drifted(..) | Self::Gone | Self::Stranger(_) => true,
            Self::Unseen(error) => error.is_not_found(),
        }
    }
}

impl Engine {
    /// Reads every component of `ledger`. An object of another owner is released with a warning.
    pub async fn observe(&self, ledger: &Ledger) -> Observed {
        let settled = self.settled(ledger);
        let reads = Arc::default();
        let readings = ledger.entries.iter().map(|(address, entry)| self.reading(address, entry, &reads, settled));
        let (mut observed, mut unseen) = (ledger.clone(), Vec::new());
        let readings = join_all(readings).await;
        observed.unreachable = self.unreachable();
        for ((address, known), reading) in ledger.entries.iter().zip(readings) {
            match reading {
                Reading::Same(entry) => {
                    observed.entries.insert(address.clone(), entry);
                }
                Reading::Drifted(entry, fields) => {
                    tracing::info!(component = %address, ?fields, "the AWS object has drifted");
                    self.start_drains(&mut observed, address, known);
                    observed.entries.insert(address.clone(), entry);
                }
                Reading::Gone => {
                    tracing::info!(component = %address, "the AWS object is gone");
                    self.start_drains(&mut observed, address, known);
                    observed.entries.remove(address);
                    observed.complete = false;
                }
                Reading::Stranger(whose) => {
                    self.run.warn(NOT_OURS, not_ours(address, &whose));
                    self.start_drains(&mut observed, address, known);
                    observed.entries.remove(address);
                    observed.complete = false;
                }
                Reading::Unseen(error) => unseen.push((address.clone(), error)),
            }
        }
        Observed { ledger: observed, unseen }
    }

    /// Starts the drain periods of a component that another tool changed or deleted, at an unknown time.
    fn start_drains(&self, observed: &mut Ledger, address: &Address, entry: &Entry) {
        let drain = self.kinds().drain_period(&address.kind, &entry.spec).as_secs();
        if drain > 0 {
            let until = self.in_seconds(drain);
            for dependency in &entry.depends_on {
                let known = observed.drain_until.entry(dependency.clone()).or_default();
                *known = until.max(*known);
            }
        }
    }

    /// Reads one component: first with coalesced reads, then alone while a surprising result may be outdated.
    async fn reading(
        &self,
        address: &Address,
        entry: &Entry,
        reads: &Arc<CoalescedReads>,
        settled: Instant,
    ) -> Reading {
        let coalesced = Mutex::new(Some(Arc::clone(reads)));
        let read = || async {
            let reads = coalesced.lock().ok().and_then(|mut coalesced| coalesced.take()).unwrap_or_default();
            self.read_once(address, entry, &reads).await
        };
        self.run.read_until_consistent(&address.to_string(), settled, read, Reading::surprises).await
    }

    async fn read_once(&self, address: &Address, entry: &Entry, reads: &Arc<CoalescedReads>) -> Reading {
        let component = match self.kinds().get(&address.kind) {
            Ok(component) => component,
            Err(error) => return Reading::Unseen(error),
        };
        match component.read(&self.shared(address, reads), &entry.spec, &entry.outputs).await {
            Ok(None) => Reading::Gone,
            Err(error) => Reading::Unseen(error),
            Ok(Some((spec, outputs))) => {
                let drifted = changed_fields(&entry.spec, &spec, component.meta().uncompared);
                if !drifted.is_empty() {
                    match component.holder(&self.shared(address, reads), &entry.spec, &entry.outputs).await {
                        Ok(Holder::Ours | Holder::Shared(_)) => {}
                        Ok(Holder::Stranger(whose)) => return Reading::Stranger(whose),
                        Err(error) => return Reading::Unseen(error),
                    }
                }
                // When only the spelling or an uncompared field differs, the applied form stays.
                let spec = if drifted.is_empty() { entry.spec.clone() } else { spec };
                // An uncertain entry stays uncertain: that the object exists does not mean that others can use it.
                let seen = Entry { spec, outputs, ..entry.clone() };
                if drifted.is_empty() { Reading::Same(seen) } else { Reading::Drifted(seen, drifted) }
            }
        }
    }

    /// The end of the consistency window after the last apply of `ledger`. Later, one read is enough.
    pub(super) fn settled(&self, ledger: &Ledger) -> Instant {
        let clock = &self.run.clock;
        // The recorded time is rounded down to a second.
        let until = ledger.applied.map_or(0, |applied| applied.saturating_add(1 + CONSISTENCY_WINDOW.as_secs()));
        // The apply may have run on a machine with another clock.
        clock.now() + Duration::from_secs(until.saturating_sub(clock.unix_seconds())).min(CONSISTENCY_WINDOW)
    }
}
