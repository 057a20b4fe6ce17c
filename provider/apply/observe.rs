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
enum Sight {
    /// It is as it was applied.
    Same(Entry),
    /// These fields differ.
    Drifted(Entry, Vec<String>),
    Gone,
    /// The object belongs to another owner, whom the text describes.
    Stranger(String),
    Unseen(CallError),
}

/// The summary of the warning that an object belongs to another owner.
pub(super) const NOT_OURS: &str = "AWS object belongs to somebody else";

/// The detail of that warning.
pub(super) fn not_ours(address: &Address, whose: &str) -> String {
    format!(
        "The AWS object of {address} was replaced by another one: {whose}. The provider neither changes nor deletes it, and \
         does not track it any more. If it is ours and lost its tags, restore the tags and import the resource again."
    )
}

/// The result of a refresh.
pub struct Observed {
    /// The ledger as AWS reports it now.
    pub ledger: Ledger,
    /// The components that could not be read, with the errors. The ledger keeps them unchanged.
    pub unseen: Vec<(Address, CallError)>,
}

impl Sight {
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
        let looks = Arc::default();
        let sights = ledger.entries.iter().map(|(address, entry)| self.sight(address, entry, &looks, settled));
        let (mut observed, mut unseen) = (ledger.clone(), Vec::new());
        for ((address, known), sight) in ledger.entries.iter().zip(join_all(sights).await) {
            match sight {
                Sight::Same(entry) => {
                    observed.entries.insert(address.clone(), entry);
                }
                Sight::Drifted(entry, fields) => {
                    tracing::info!(component = %address, ?fields, "the AWS object has drifted");
                    self.start_drains(&mut observed, address, known);
                    observed.entries.insert(address.clone(), entry);
                }
                Sight::Gone => {
                    tracing::info!(component = %address, "the AWS object is gone");
                    self.start_drains(&mut observed, address, known);
                    observed.entries.remove(address);
                    observed.complete = false;
                }
                Sight::Stranger(whose) => {
                    self.run.warn(NOT_OURS, not_ours(address, &whose));
                    self.start_drains(&mut observed, address, known);
                    observed.entries.remove(address);
                    observed.complete = false;
                }
                Sight::Unseen(error) => unseen.push((address.clone(), error)),
            }
        }
        Observed { ledger: observed, unseen }
    }

    /// Starts the drain periods of a component that another tool changed or deleted, at an unknown time.
    fn start_drains(&self, observed: &mut Ledger, address: &Address, entry: &Entry) {
        let drain = self.kinds().drain_period(&address.kind, &entry.spec).as_secs();
        if drain > 0 {
            let until = self.in_seconds(drain);
            for stood_on in &entry.depends_on {
                let known = observed.drain_until.entry(stood_on.clone()).or_default();
                *known = until.max(*known);
            }
        }
    }

    /// Reads one component: first with coalesced reads, then alone while a surprising result may be outdated.
    async fn sight(&self, address: &Address, entry: &Entry, looks: &Arc<CoalescedReads>, settled: Instant) -> Sight {
        let together = Mutex::new(Some(Arc::clone(looks)));
        let look = || async {
            let looks = together.lock().ok().and_then(|mut together| together.take()).unwrap_or_default();
            self.look(address, entry, &looks).await
        };
        self.run.read_until_consistent(&address.to_string(), settled, look, Sight::surprises).await
    }

    async fn look(&self, address: &Address, entry: &Entry, looks: &Arc<CoalescedReads>) -> Sight {
        let component = match self.kinds().get(&address.kind) {
            Ok(component) => component,
            Err(error) => return Sight::Unseen(error),
        };
        match component.read(&self.shared(address, looks), &entry.spec, &entry.outputs).await {
            Ok(None) => Sight::Gone,
            Err(error) => Sight::Unseen(error),
            Ok(Some((spec, outputs))) => {
                let drifted = changed_fields(&entry.spec, &spec, component.meta().uncompared);
                if !drifted.is_empty() {
                    match component.holder(&self.shared(address, looks), &entry.spec, &entry.outputs).await {
                        Ok(Holder::Ours | Holder::Shared(_)) => {}
                        Ok(Holder::Stranger(whose)) => return Sight::Stranger(whose),
                        Err(error) => return Sight::Unseen(error),
                    }
                }
                // When only the spelling or an uncompared field differs, the applied form stays.
                let spec = if drifted.is_empty() { entry.spec.clone() } else { spec };
                // An uncertain entry stays uncertain: that the object exists does not mean that others can use it.
                let seen = Entry { spec, outputs, ..entry.clone() };
                if drifted.is_empty() { Sight::Same(seen) } else { Sight::Drifted(seen, drifted) }
            }
        }
    }

    /// The end of the consistency window after the last apply of `ledger`. Later, one read is enough.
    pub(super) fn settled(&self, ledger: &Ledger) -> Instant {
        let clock = &self.run.clock;
        // The second in which the apply ended was not over.
        let until = ledger.applied.map_or(0, |applied| applied.saturating_add(1 + CONSISTENCY_WINDOW.as_secs()));
        // The apply may have run on a machine with another clock.
        clock.now() + Duration::from_secs(until.saturating_sub(clock.unix_seconds())).min(CONSISTENCY_WINDOW)
    }
}
