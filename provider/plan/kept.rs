//! Which replaced objects stay, so that a component can return to them. Pure.

use serde_json::Value as Json;

use super::{Entry, Kinds, Ledger};
use crate::desired::{Address, Desired, OnFailure};

/// Whether `object`, which the component at `address` is about to replace, never served or failed a check.
///
/// What points to an object serves it. With [`OnFailure::Rollback`], nothing points to an object that has failed.
pub fn is_rejected(address: &Address, object: &Entry, desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> bool {
    let outputs: Vec<&Json> = object.outputs.as_object().into_iter().flat_map(|outputs| outputs.values()).collect();
    let mut pointers = ledger.entries.iter().filter(|(user, entry)| {
        let meta = kinds.meta(&user.kind);
        meta.visible && !meta.rolled_out.is_empty() && entry.depends_on.contains(address)
    });
    let points_here = |(user, entry): (&Address, &Entry)| {
        let fields = kinds.meta(&user.kind).rolled_out.iter();
        fields.filter_map(|field| entry.spec.get(*field)).any(|target| outputs.contains(&target))
    };
    let has_pointers = pointers.clone().next().is_some();
    (has_pointers && !pointers.any(points_here)) || has_failed(address, desired, ledger, kinds)
}

/// Whether an object that failed its check still serves.
fn has_failed(address: &Address, desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> bool {
    let mut failed = ledger.entries.iter().filter(|(user, entry)| entry.uncertain && kinds.meta(&user.kind).is_check);
    desired.rollout.on_failure == OnFailure::Stop
        && failed.any(|(check, _)| desired.dependencies(check).contains(address))
}
