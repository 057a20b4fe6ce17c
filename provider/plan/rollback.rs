//! The rollback of an apply whose check failed: requests return to the objects that they reached before. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Entry, Kinds, Ledger};
use crate::desired::Address;

/// The components that an apply has pointed to other objects, with the specs that point them back. `before` is the ledger before
/// the apply, `now` the ledger so far.
///
/// A component that the apply created has nothing to return to. Neither has one whose previous target does not exist any more.
pub fn rollback(before: &Ledger, now: &Ledger, kinds: &dyn Kinds) -> BTreeMap<Address, Json> {
    let mut back = BTreeMap::new();
    for (address, entry) in &now.entries {
        let pointers = kinds.meta(&address.kind).pointers;
        let Some(previous) = before.entries.get(address).filter(|previous| !previous.uncertain) else { continue };
        let is_moved = pointers.iter().any(|field| entry.spec.get(field) != previous.spec.get(field));
        // The reply to a change was lost: it may have taken effect.
        let may_be_moved = !pointers.is_empty() && entry.uncertain;
        if (is_moved || may_be_moved) && previous.depends_on.iter().all(|target| still_exists(target, before, now)) {
            back.insert(address.clone(), pointing_back(entry, previous, pointers));
        }
    }
    back
}

/// Whether the object that a component was before the apply still exists.
fn still_exists(address: &Address, before: &Ledger, now: &Ledger) -> bool {
    let Some(object) = before.entries.get(address) else { return true };
    let is_it = |entry: &Entry| entry.outputs == object.outputs;
    now.entries.get(address).is_some_and(is_it)
        || now.deposed.iter().any(|(other, entry)| other == address && is_it(entry))
}

/// The spec of `entry` with the pointers of `previous`.
fn pointing_back(entry: &Entry, previous: &Entry, pointers: &[&str]) -> Json {
    let mut spec = entry.spec.clone();
    if let Some(fields) = spec.as_object_mut() {
        for pointer in pointers {
            let value = previous.spec.get(pointer).cloned().unwrap_or_default();
            fields.insert((*pointer).to_owned(), value);
        }
    }
    spec
}
