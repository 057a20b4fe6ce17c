//! The rollback of an apply whose check failed: versions and settings that clients notice return to the previous ones. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Entry, Kinds, Ledger};
use crate::desired::Address;

/// The components whose rolled-out fields an apply has changed, with the specs that set them back. `before` is the ledger before
/// the apply, `now` the ledger so far.
///
/// A component that the apply created has nothing to return to. Neither has one whose previous target does not exist any more.
pub fn rollback(before: &Ledger, now: &Ledger, kinds: &dyn Kinds) -> BTreeMap<Address, Json> {
    let mut back = BTreeMap::new();
    for (address, entry) in &now.entries {
        let fields = kinds.meta(&address.kind).rolled_out;
        let Some(previous) = before.entries.get(address).filter(|previous| !previous.uncertain) else { continue };
        let is_moved = fields.iter().any(|field| entry.spec.get(field) != previous.spec.get(field));
        // The reply to a change was lost: it may have taken effect.
        let may_be_moved = !fields.is_empty() && entry.uncertain;
        if (is_moved || may_be_moved) && previous.depends_on.iter().all(|target| still_exists(target, before, now)) {
            back.insert(address.clone(), set_back(entry, previous, fields));
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

/// The spec of `entry` with these fields of `previous`.
fn set_back(entry: &Entry, previous: &Entry, fields: &[&str]) -> Json {
    let mut spec = entry.spec.clone();
    if let Some(all) = spec.as_object_mut() {
        for field in fields {
            match previous.spec.get(field) {
                Some(value) => drop(all.insert((*field).to_owned(), value.clone())),
                // A spec omits some fields that have their default.
                None => drop(all.remove(*field)),
            }
        }
    }
    spec
}
