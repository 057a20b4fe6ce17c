//! What a plan deletes in the regions that it removes.

use std::collections::BTreeSet;

use crate::desired::{Address, Desired, Owner};
use crate::plan::{Entry, Kinds, Ledger};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// What a plan deletes in one region that it removes.
pub(super) struct Removed {
    region: String,
    /// The number of AWS objects.
    objects: usize,
    /// The objects that hold something that is lost with them: `us-west-2/log_group with its logs`.
    holding: Vec<String>,
    /// The objects that stay in AWS.
    released: Vec<String>,
}

/// The regions that a plan removes. Every region has a check that it must pass before it receives traffic. The objects of
/// `released` stay in AWS.
pub(super) fn removed_regions(
    desired: &Desired,
    ledger: &Ledger,
    released: &BTreeSet<Address>,
    kinds: &dyn Kinds,
) -> Vec<Removed> {
    let regions = |addresses: &mut dyn Iterator<Item = &Address>| -> BTreeSet<String> {
        let checks = addresses.filter(|address| kinds.meta(&address.kind).is_check);
        checks.filter_map(|address| address.scope.region().map(str::to_owned)).collect()
    };
    let staying = regions(&mut desired.nodes().keys());
    let removed = regions(&mut ledger.entries.keys()).into_iter().filter(|region| !staying.contains(region));
    let what = |region: String| {
        let is_removed = |address: &&Address| {
            address.scope.region() == Some(region.as_str())
                && kinds.meta(&address.kind).visible
                && desired.get(address).is_none()
        };
        let removed = ledger.entries.keys().filter(is_removed);
        let (stay, lost): (Vec<_>, Vec<_>) = removed.partition(|address| released.contains(address));
        Removed {
            objects: lost.len(),
            holding: holding(&lost, kinds),
            released: holding(&stay, kinds),
            region: region.clone(),
        }
    };
    removed.map(what).collect()
}

/// The objects that hold something: `us-west-2/log_group with its logs`.
fn holding(addresses: &[&Address], kinds: &dyn Kinds) -> Vec<String> {
    let holding = addresses.iter().filter_map(|address| match kinds.meta(&address.kind).holds {
        "" => None,
        holds => Some(format!("{address} with {holds}")),
    });
    holding.collect()
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
    let list = |what: &str, objects: &[String]| match objects {
        [] => String::new(),
        objects => format!(" {what} {}.", objects.join(", ")),
    };
    removed.iter().map(move |Removed { region, objects, holding, released }| {
        let lost = list("This deletes", holding);
        let stay = list("Not deleted:", released);
        let detail = format!(
            "{region}: {objects} objects will be deleted, after clients can no longer be routed to them.{lost}{stay} To keep all \
             objects and send no traffic to the region, drain it instead."
        );
        Diagnostic::warning(Path::of("regions"), "Region will be removed", detail)
    })
}

/// A warning that a create first deletes the whole resource that it replaces.
pub(super) fn replacement(owner: &Owner, old: &Ledger, kinds: &dyn Kinds) -> Diagnostic {
    let is_retained = |address: &Address, entry: &Entry| kinds.is_retained(&address.kind, &entry.spec);
    let deleted: Vec<&Address> = old
        .entries
        .iter()
        .filter(|(address, entry)| !is_retained(address, entry))
        .map(|(address, _)| address)
        .collect();
    let logs = if holding(&deleted, kinds).is_empty() { "" } else { ", and logs are deleted" };
    let detail = format!(
        "{} objects of {owner} are deleted before new ones are created. Clients get no response in between{logs}. If only the \
         address of the resource changes, use a moved block. If an object was damaged, apply without \
         -replace, which repairs only that object. With create_before_destroy, the apply fails, because the names of the AWS \
         objects are in use.",
        deleted.len()
    );
    Diagnostic::warning(Path::root(), "AWS objects will be replaced", detail)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::components::Catalog;

    fn ledger(retain: bool) -> Ledger {
        let group =
            if retain { json!({ "name": "g", "retention_days": 0, "tags": {}, "retain": true }) } else { Json::Null };
        let entry = |spec: &Json| {
            let (spec, outputs) = (spec.clone(), Json::Null);
            Entry { spec, outputs, depends_on: BTreeSet::new(), uncertain: false, rejected: false }
        };
        let entries = ["us-west-2/log_group", "us-west-2/function", "us-west-2/probe"];
        let entries = entries.map(|at| (at.parse().expect("an address"), entry(&group)));
        Ledger { entries: entries.into(), ..Ledger::default() }
    }

    fn warning(retain: bool) -> String {
        let (ledger, kinds) = (ledger(retain), Catalog::default());
        let released = ledger.entries.keys().filter(|address| retain && address.kind == "log_group").cloned().collect();
        let removed = removed_regions(&Desired::default(), &ledger, &released, &kinds);
        warnings(&removed).map(|warning| warning.detail).collect()
    }

    #[test]
    fn a_warning_says_which_logs_are_deleted_and_which_stay() {
        insta::assert_snapshot!(warning(false), @"us-west-2: 2 objects will be deleted, after clients can no longer be routed to them. This deletes us-west-2/log_group with its logs. To keep all objects and send no traffic to the region, drain it instead.");
        insta::assert_snapshot!(warning(true), @"us-west-2: 1 objects will be deleted, after clients can no longer be routed to them. Not deleted: us-west-2/log_group with its logs. To keep all objects and send no traffic to the region, drain it instead.");
    }

    #[test]
    fn a_replacement_deletes_logs_unless_they_are_retained() {
        let owner = Owner::new("multiregion_api", "shop");
        let detail = |retain| replacement(&owner, &ledger(retain), &Catalog::default()).detail;
        assert!(
            detail(false).starts_with("3 objects of multiregion_api/shop")
                && detail(false).contains(", and logs are deleted. If")
        );
        assert!(
            detail(true).starts_with("2 objects of multiregion_api/shop") && detail(true).contains("in between. If")
        );
    }
}
