//! Looks at every component of a ledger: drift by name.

use std::sync::Arc;

use futures::future::join_all;

use super::Engine;
use crate::aws::{CallError, Looks};
use crate::desired::Address;
use crate::plan::{Entry, Ledger, changed_fields};

/// What was seen of one component.
enum Sight {
    Same(Entry),
    Gone,
    Unseen(CallError),
}

impl Engine {
    /// The ledger as AWS has it now, and the components that could not be looked at: those stay as they were.
    pub async fn observe(&self, ledger: &Ledger) -> (Ledger, Vec<(Address, CallError)>) {
        let looks = Arc::default();
        let sights = ledger.entries.iter().map(|(address, entry)| self.look(address, entry, &looks));
        let (mut observed, mut unseen) = (ledger.clone(), Vec::new());
        for (address, sight) in ledger.entries.keys().zip(join_all(sights).await) {
            match sight {
                Sight::Same(entry) => {
                    observed.entries.insert(address.clone(), entry);
                }
                Sight::Gone => {
                    tracing::info!(component = %address, "AWS no longer has it");
                    observed.entries.remove(address);
                    observed.complete = false;
                }
                Sight::Unseen(error) => unseen.push((address.clone(), error)),
            }
        }
        (observed, unseen)
    }

    async fn look(&self, address: &Address, entry: &Entry, looks: &Arc<Looks>) -> Sight {
        let component = match self.kinds().get(&address.kind) {
            Ok(component) => component,
            Err(error) => return Sight::Unseen(error),
        };
        match component.read(&self.shared(address, looks), &entry.spec, &entry.outputs).await {
            Ok(None) => Sight::Gone,
            Err(error) => Sight::Unseen(error),
            Ok(Some((spec, outputs))) => {
                let drifted = changed_fields(&entry.spec, &spec, component.uncompared());
                if !drifted.is_empty() {
                    tracing::info!(component = %address, fields = ?drifted, "AWS has it otherwise than it was applied");
                }
                // Where only the spelling or an uncompared field differs, the applied form stays.
                let spec = if drifted.is_empty() { entry.spec.clone() } else { spec };
                // An uncertain one stays so: that AWS has it does not say that others can use it already.
                Sight::Same(Entry { spec, outputs, ..entry.clone() })
            }
        }
    }
}
