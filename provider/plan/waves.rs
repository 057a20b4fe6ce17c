//! The waves of a rollout: which steps clients notice, and which checks show that a region works.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Change, Difference};
use super::order::Plan;
use super::{Kinds, Ledger};
use crate::desired::{Address, Desired, Node, Scope};

#[cfg(test)]
mod tests;

/// The steps of a plan that belong to waves.
pub(super) struct Waves<'a> {
    waves: Vec<Wave<'a>>,
    /// For each region, the steps of the checks of what clients will notice.
    before: BTreeMap<&'a str, BTreeSet<usize>>,
}

/// The steps of one wave.
#[derive(Default)]
pub(super) struct Wave<'a> {
    /// The steps that clients notice, with their regions.
    pub(super) changes: BTreeMap<usize, &'a str>,
    /// The checks of its regions. An earlier apply may have ended before a check of what it had changed.
    pub(super) checks: BTreeSet<usize>,
    /// The checks that last for the bake time.
    pub(super) watches: BTreeSet<usize>,
    /// What records the state before the changes.
    pub(super) baselines: BTreeSet<usize>,
}

impl<'a> Waves<'a> {
    /// The waves of `plan`. A plan that changes nothing for clients has none.
    pub(super) fn of(plan: &Plan, desired: &'a Desired, ledger: &Ledger, kinds: &dyn Kinds) -> Self {
        let mut waves: BTreeMap<usize, Wave<'_>> = BTreeMap::new();
        let mut before: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        let noticed = noticed(&plan.difference, desired, ledger, kinds);
        let serving = serving(ledger, kinds);
        for (at, step) in plan.steps.iter().enumerate() {
            let Some((address, _)) = desired.nodes().get_key_value(&step.address) else { continue };
            let (Some(region), Some(wave)) = (address.scope.region(), desired.rollout.wave(&address.scope)) else {
                continue;
            };
            if step.action.is_removal() || !serving.contains(&address.scope) {
                continue;
            }
            let meta = kinds.meta(&address.kind);
            if noticed.contains(address) {
                waves.entry(wave).or_default().changes.insert(at, region);
            } else if meta.is_baseline {
                waves.entry(wave).or_default().baselines.insert(at);
                before.entry(region).or_default().insert(at);
            } else if meta.is_watch {
                waves.entry(wave).or_default().watches.insert(at);
            } else if meta.is_check {
                waves.entry(wave).or_default().checks.insert(at);
                if desired.dependencies(address).is_disjoint(&noticed) {
                    before.entry(region).or_default().insert(at);
                }
            }
        }
        Self { waves: waves.into_values().collect(), before }
    }

    /// The waves in order.
    pub(super) fn waves(&self) -> &[Wave<'a>] {
        &self.waves
    }

    /// The checks that must succeed before clients of `region` notice a change.
    pub(super) fn checks_before(&self, region: &str) -> &BTreeSet<usize> {
        const NONE: &BTreeSet<usize> = &BTreeSet::new();
        self.before.get(region).unwrap_or(NONE)
    }
}

/// Repeats the checks of everything that clients will notice, also if nothing that they compare changes, and the baselines of
/// their regions.
pub(super) fn repeat_checks(difference: &mut Difference, desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) {
    let noticed = noticed(difference, desired, ledger, kinds);
    let is_kept = |address: &&Address| difference.changes.get(*address).is_some_and(Change::is_keep);
    let checks = desired.nodes().keys().filter(|address| kinds.meta(&address.kind).is_check).filter(is_kept);
    let repeated: Vec<Address> =
        checks.filter(|check| !desired.dependencies(check).is_disjoint(&noticed)).cloned().collect();
    let regions: BTreeSet<&Scope> = noticed.iter().map(|address| &address.scope).collect();
    let baselines = desired.nodes().keys().filter(|address| kinds.meta(&address.kind).is_baseline).filter(is_kept);
    let baselines = baselines.filter(|address| regions.contains(&address.scope)).cloned();
    let repeated: Vec<Address> = baselines.chain(repeated).collect();
    difference.changes.extend(repeated.into_iter().map(|check| (check, Change::Update(Vec::new()))));
}

/// The watches that have nothing to check, because clients notice no change: those of new regions, those that are added to
/// existing ones, and those that a rollback left unfinished. A watch of an earlier change that an apply did not finish is none
/// of them: its baseline exists, or what it compares has changed.
pub(super) fn idle_watches(
    difference: &Difference,
    desired: &Desired,
    ledger: &Ledger,
    kinds: &dyn Kinds,
) -> BTreeSet<Address> {
    let noticed = noticed(difference, desired, ledger, kinds);
    let is_new = |address: &Address| difference.changes.get(address) == Some(&Change::Create);
    let is_idle = |(address, node): &(&Address, &Node)| {
        let mut baselines = node.depends_on.iter().filter(|needed| kinds.meta(&needed.kind).is_baseline);
        let is_unfinished = match difference.changes.get(*address) {
            Some(Change::Create) => !baselines.all(is_new),
            Some(Change::Update(fields)) => !fields.is_empty(),
            _ => true,
        };
        !is_unfinished && desired.dependencies(address).is_disjoint(&noticed)
    };
    let watches = desired.nodes().iter().filter(|(address, _)| kinds.meta(&address.kind).is_watch);
    watches.filter(is_idle).map(|(address, _)| address.clone()).collect()
}

/// The regions that have answered a check. The others do not serve yet.
fn serving<'a>(ledger: &'a Ledger, kinds: &dyn Kinds) -> BTreeSet<&'a Scope> {
    ledger.entries.keys().filter(|address| kinds.meta(&address.kind).is_check).map(|check| &check.scope).collect()
}

/// The components whose changes clients notice at once.
fn noticed(difference: &Difference, desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> BTreeSet<Address> {
    let serving = serving(ledger, kinds);
    let is_noticed = |(address, node): &(&Address, &Node)| {
        let fields = kinds.meta(&address.kind).rolled_out;
        match difference.changes.get(*address) {
            None | Some(Change::Keep) => false,
            // Nothing else leads to a new object yet, unless it is a part of one that serves.
            Some(Change::Create) => !fields.is_empty() && joins(address, node, difference),
            Some(Change::Replace(_)) => !fields.is_empty(),
            // The result of an earlier change is unknown.
            Some(Change::Update(changed)) if changed.is_empty() => !fields.is_empty(),
            Some(Change::Update(changed)) => changed.iter().any(|field| fields.contains(&field.as_str())),
        }
    };
    let nodes = desired.nodes().iter().filter(|(address, _)| serving.contains(&address.scope));
    nodes.filter(is_noticed).map(|(address, _)| address.clone()).collect()
}

/// Whether a new component becomes a part of one that exists in its region.
fn joins(address: &Address, node: &Node, difference: &Difference) -> bool {
    let exists = |needed: &&Address| matches!(difference.changes.get(*needed), Some(Change::Keep | Change::Update(_)));
    node.depends_on.iter().filter(|needed| needed.scope == address.scope).any(|needed| exists(&needed))
}
