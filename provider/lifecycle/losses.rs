//! What a plan deletes in the regions that it removes.

use std::collections::BTreeSet;

use crate::desired::{Address, Desired, Owner};
use crate::plan::{Kinds, Ledger};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// What a plan deletes in one region that it removes.
pub(super) struct Removed {
    region: String,
    /// The number of AWS objects.
    objects: usize,
    /// The objects that hold something that is lost with them: `us-west-2/log_group with its logs`.
    holding: Vec<String>,
}

/// The regions that a plan removes. Every region has a check that it must pass before it receives traffic.
pub(super) fn removed_regions(desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> Vec<Removed> {
    let regions = |addresses: &mut dyn Iterator<Item = &Address>| -> BTreeSet<String> {
        let checks = addresses.filter(|address| kinds.meta(&address.kind).is_check);
        checks.filter_map(|address| address.scope.region().map(str::to_owned)).collect()
    };
    let staying = regions(&mut desired.nodes().keys());
    let removed = regions(&mut ledger.entries.keys()).into_iter().filter(|region| !staying.contains(region));
    let what = |region: String| {
        let is_lost = |address: &&Address| {
            address.scope.region() == Some(region.as_str())
                && kinds.meta(&address.kind).visible
                && desired.get(address).is_none()
        };
        let lost = || ledger.entries.keys().filter(is_lost);
        let holding = lost().filter_map(|address| match kinds.meta(&address.kind).holds {
            "" => None,
            holds => Some(format!("{address} with {holds}")),
        });
        Removed { objects: lost().count(), holding: holding.collect(), region: region.clone() }
    };
    removed.map(what).collect()
}

/// Refuses to remove a region of a resource with deletion protection.
pub(super) fn check_unprotected(removed: &[Removed], is_protected: bool) -> Result<(), Diagnostics> {
    if !is_protected {
        return Ok(());
    }
    let refuse = |Removed { region, objects, .. }: &Removed| {
        let detail = format!(
            "The plan removes the region {region} with its {objects} AWS objects, but `deletion_protection` is true. To take \
             the region out of traffic and keep its objects, drain it. To remove it, set `deletion_protection` to false in the \
             same apply."
        );
        Diagnostic::error(Path::of("regions"), "Region is protected against deletion", detail)
    };
    let refused: Diagnostics = removed.iter().map(refuse).collect();
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

/// A warning about what is lost with each region that a plan removes.
pub(super) fn warnings(removed: &[Removed]) -> impl Iterator<Item = Diagnostic> {
    removed.iter().map(|Removed { region, objects, holding }| {
        let lost = match holding.as_slice() {
            [] => String::new(),
            holding => format!(" This deletes {}.", holding.join(", ")),
        };
        let detail = format!(
            "{region}: {objects} objects will be deleted, after clients can no longer be routed to them.{lost} To keep them and \
             send no traffic to the region, drain it instead."
        );
        Diagnostic::warning(Path::of("regions"), "Region will be removed", detail)
    })
}

/// A warning that a create first deletes the whole resource that it replaces.
pub(super) fn replacement(owner: &Owner, old: &Ledger) -> Diagnostic {
    let detail = format!(
        "All {} objects of {owner} are deleted before new ones are created. Clients get no response in between, and logs are \
         deleted. If only the address of the resource changes, use a moved block. If an object was damaged, apply without \
         -replace, which repairs only that object. With create_before_destroy, the apply fails, because the names of the AWS \
         objects are in use.",
        old.entries.len()
    );
    Diagnostic::warning(Path::root(), "AWS objects will be replaced", detail)
}
