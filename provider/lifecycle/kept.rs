//! Refuses to return to an object that was not kept.

use crate::desired::{Address, Desired, Node};
use crate::plan::{Kinds, Ledger};
use crate::wire::{Diagnostic, Diagnostics};

/// Refuses a `rollback` that `ledger` cannot provide: a region has no such version, or what the function uses is removed.
///
/// # Errors
/// At least one for each such region.
pub(super) fn check(desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> Result<(), Diagnostics> {
    let returning = desired.nodes().iter().filter(|(_, node)| node.back > 0);
    let problem = |(address, node): (&Address, &Node)| {
        let detail = problem(address, node, desired, ledger, kinds)?;
        Some(Diagnostic::error(node.attribute.clone(), "Version is not kept", detail))
    };
    let problems: Diagnostics = returning.filter_map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Why nothing can return to the object that the component at `address` was before.
fn problem(address: &Address, node: &Node, desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> Option<String> {
    let (back, region) = (node.back, &address.scope);
    let kept: Vec<String> =
        ledger.replaced(address).filter_map(|object| kinds.id(&address.kind, &object.outputs)).collect();
    let mut unchanged = node.depends_on.iter().filter(|needed| desired.get(needed).is_some_and(|node| node.is_kept));
    let exists = |address: &Address| ledger.entries.contains_key(address);
    if kept.len() < back || !exists(address) || !unchanged.clone().all(exists) {
        let kept = if kept.is_empty() { "none".to_owned() } else { kept.join(", ") };
        return Some(format!(
            "rollback = {back} returns every region to an earlier version of the function, but {region} does not have it. Earlier \
             versions that are kept in {region}, the newest first: {kept}. Nothing was changed. Reduce rollback, or remove it to \
             serve the newest version."
        ));
    }
    let removed = unchanged.find_map(|address| {
        let uses = &ledger.entries.get(address)?.depends_on;
        uses.iter().find(|needed| desired.get(needed).is_none())
    })?;
    Some(format!(
        "With rollback = {back}, the function in {region} keeps its settings. It uses {removed}, which this change removes. Nothing \
         was changed. Undo that change, or remove rollback first."
    ))
}
