//! Looks at every component of a ledger: drift by name.
//!
//! Shortly after an apply AWS may still tell what was before it. Then what is gone, or otherwise than it was applied, is
//! looked at again.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::Engine;
use crate::aws::{CONSISTENCY_WINDOW, CallError, CoalescedReads};
use crate::components::Holder;
use crate::desired::Address;
use crate::plan::{Entry, Kinds, Ledger, changed_fields};

/// What was seen of one component.
enum Sight {
    /// It is there, and as it was applied.
    Same(Entry),
    /// It is there, and these fields are otherwise.
    Drifted(Entry, Vec<String>),
    Gone,
    /// Somebody else's object stands in its place; the text says whose.
    Stranger(String),
    Unseen(CallError),
}

/// The summary of the warning that somebody else's object stands in the place of ours.
pub(super) const NOT_OURS: &str = "AWS object belongs to somebody else";

/// That warning's detail.
pub(super) fn not_ours(address: &Address, whose: &str) -> String {
    format!(
        "The AWS object of {address} was replaced by another one: {whose}. The provider neither changes nor deletes it, and \
         does not track it any more. If it is ours and lost its tags, restore the tags and import the resource again."
    )
}

/// A ledger as AWS has it now.
pub struct Observed {
    /// What there is.
    pub ledger: Ledger,
    /// The components that could not be read: they are as they were.
    pub unseen: Vec<(Address, CallError)>,
}

impl Sight {
    /// Whether it may be what was before the last apply.
    fn surprises(&self) -> bool {
        match self {
            Self::Same(_) => false,
            Self::Drifted(..) | Self::Gone | Self::Stranger(_) => true,
            Self::Unseen(error) => error.is_not_found(),
        }
    }
}

impl Engine {
    /// Reads every component of `ledger`. One that somebody else's object has replaced is released with a warning.
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
                    tracing::info!(component = %address, ?fields, "AWS has it otherwise than it was applied");
                    self.remember(&mut observed, address, known);
                    observed.entries.insert(address.clone(), entry);
                }
                Sight::Gone => {
                    tracing::info!(component = %address, "AWS no longer has it");
                    self.remember(&mut observed, address, known);
                    observed.entries.remove(address);
                    observed.complete = false;
                }
                Sight::Stranger(whose) => {
                    self.run.warn(NOT_OURS, not_ours(address, &whose));
                    self.remember(&mut observed, address, known);
                    observed.entries.remove(address);
                    observed.complete = false;
                }
                Sight::Unseen(error) => unseen.push((address.clone(), error)),
            }
        }
        Observed { ledger: observed, unseen }
    }

    /// Where a component led that somebody changed or took away behind our back, others may still go, and nobody knows since
    /// when it does not lead there any more.
    fn remember(&self, observed: &mut Ledger, address: &Address, entry: &Entry) {
        let drain = self.kinds().drain_period(&address.kind, &entry.spec).as_secs();
        if drain > 0 {
            let until = self.in_seconds(drain);
            for stood_on in &entry.depends_on {
                let known = observed.drain_until.entry(stood_on.clone()).or_default();
                *known = until.max(*known);
            }
        }
    }

    /// Looks at one component: first together with the others, then by itself as long as AWS may not know better.
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
                // Where only the spelling or an uncompared field differs, the applied form stays.
                let spec = if drifted.is_empty() { entry.spec.clone() } else { spec };
                // An uncertain one stays so: that AWS has it does not say that others can use it already.
                let seen = Entry { spec, outputs, ..entry.clone() };
                if drifted.is_empty() { Sight::Same(seen) } else { Sight::Drifted(seen, drifted) }
            }
        }
    }

    /// Until when reads may tell what was before the last apply of `ledger`. What went long after it is missed at once.
    pub(super) fn settled(&self, ledger: &Ledger) -> Instant {
        let clock = &self.run.clock;
        // The second in which it ended was not over yet.
        let until = ledger.applied.map_or(0, |applied| applied.saturating_add(1 + CONSISTENCY_WINDOW.as_secs()));
        // Whoever applied may have had another clock.
        clock.now() + Duration::from_secs(until.saturating_sub(clock.unix_seconds())).min(CONSISTENCY_WINDOW)
    }
}
