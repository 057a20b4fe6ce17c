//! Planning: the differences between the ledger and the desired graph, the order of the steps, the preview. Pure.

mod checked;
mod diff;
mod former_targets;
mod kept;
mod kinds;
mod ledger;
mod lint;
mod order;
mod pending;
mod resolve;
mod rollback;
mod summary;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod view;
mod waves;

pub use checked::Mistake;
pub use diff::{Change, Cycle, Difference, change, diff};
pub use kept::is_rejected;
pub use kinds::Kinds;
pub use ledger::{Entry, Ledger, PlannedChange, UnreadableLedger};
pub use lint::{Unsafe, lint};
pub use order::{Action, Plan, Step};
pub use pending::Reachable;
pub use resolve::{Resolution, Scene, changed_fields, resolve, revision};
pub use rollback::rollback;
pub use summary::{drift, summary};
pub use view::{Seen, View};
