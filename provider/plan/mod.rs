//! From what there is to what is wanted: differences, order, preview. Pure.

mod diff;
mod kinds;
mod ledger;
mod lint;
mod order;
mod resolve;
#[cfg(test)]
mod tests;
mod view;

pub use diff::{Change, Cycle, Difference, change, diff};
pub use kinds::Kinds;
pub use ledger::{Entry, Ledger, PlannedChange, UnreadableLedger};
pub use lint::{Mistake, Unsafe, lint};
pub use order::{Action, Plan, Step};
pub use resolve::{Resolution, Scene, changed_fields, resolve, revision};
pub use view::{Seen, View};
