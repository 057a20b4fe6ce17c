//! The steps of a plan and what each waits for: the order that is safe for traffic.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value as Json;

use super::diff::{Change, Difference, diff};
use super::lint::{Mistake, lint};
use super::{Entry, Kinds, Ledger};
use crate::desired::{Address, Desired};

/// What one step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Makes a component.
    Create,
    /// Changes these fields in place.
    Update(Vec<String>),
    /// Makes a new one because of these fields; the old one is deposed.
    Replace(Vec<String>),
    /// Takes away a component that is no longer wanted.
    Delete,
    /// Takes away what was deposed, which was this.
    Retire(Box<Entry>),
}

/// One step. Steps are named by their position in the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The component.
    pub address: Address,
    /// What is done to it.
    pub action: Action,
    /// Steps that must have succeeded before, and how long after each this one may begin.
    pub after: BTreeMap<usize, Duration>,
    /// Steps that must have ended before, however.
    pub waits_for: BTreeSet<usize>,
    /// The time before which it may not begin, in seconds since 1970: others still act on what it takes away.
    pub not_before: Option<u64>,
}

/// The ordered steps from a ledger to a desired graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// What each wanted component needs.
    pub difference: Difference,
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Plans the way from `ledger` to `desired`.
    ///
    /// # Errors
    /// [`Mistake`]: it could not be planned, or what was planned is not safe for traffic.
    pub fn new(desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> Result<Self, Mistake> {
        let difference = diff(desired, ledger, kinds)?;
        let mut plan = Self { steps: Vec::new(), difference };
        let makes = plan.add_makes(desired);
        let first = plan.steps.len();
        plan.add_removals(ledger, &makes, kinds, Linger::Waited);
        plan.put_last(desired, first);
        lint(&plan, Some(desired), ledger, kinds)?;
        Ok(plan)
    }

    /// Plans to take everything away. Nobody is to be served afterwards, so nothing lingers.
    pub fn destroy(ledger: &Ledger, kinds: &dyn Kinds) -> Self {
        let mut plan = Self::default();
        plan.add_removals(ledger, &BTreeMap::new(), kinds, Linger::Ignored);
        plan
    }

    /// Creates, updates and replacements: each after what it depends on.
    fn add_makes(&mut self, desired: &Desired) -> BTreeMap<Address, usize> {
        let mut makes = BTreeMap::new();
        for address in &self.difference.order {
            let action = match self.difference.changes.get(address) {
                None | Some(Change::Keep) => continue,
                Some(Change::Create) => Action::Create,
                Some(Change::Update(fields)) => Action::Update(fields.clone()),
                Some(Change::Replace(fields)) => Action::Replace(fields.clone()),
            };
            let Some(node) = desired.get(address) else { continue };
            let step = |address: &Address| makes.get(address).copied();
            let after = node.depends_on.iter().filter_map(step).map(|step| (step, Duration::ZERO)).collect();
            let waits_for = node.waits_for.iter().filter_map(step).collect();
            makes.insert(address.clone(), self.steps.len());
            self.steps.push(Step { address: address.clone(), action, after, waits_for, not_before: None });
        }
        makes
    }

    /// What comes last waits for the removals, which are the steps from `first` on, and they do not wait for it. What is
    /// made anew in the place of something else is relied on by nobody yet, and the other one goes after it.
    fn put_last(&mut self, desired: &Desired, first: usize) {
        let is_last = |step: &Step| {
            let is_new = matches!(step.action, Action::Replace(_));
            desired.get(&step.address).is_some_and(|node| node.is_last && !is_new)
        };
        let makes = self.steps.iter().take(first).enumerate();
        let last: BTreeSet<usize> = makes.filter(|(_, step)| is_last(step)).map(|(at, _)| at).collect();
        let removals = first..self.steps.len();
        for (at, step) in self.steps.iter_mut().enumerate() {
            if removals.contains(&at) {
                step.after.retain(|before, _| !last.contains(before));
            } else if last.contains(&at) {
                step.after.extend(removals.clone().map(|removal| (removal, Duration::ZERO)));
            }
        }
    }

    /// Deletions: after everything that is made (its successor must serve first), and after everything that stood on it
    /// has gone or moved on, and those who still act on it have had time to hear of it.
    fn add_removals(&mut self, ledger: &Ledger, makes: &BTreeMap<Address, usize>, kinds: &dyn Kinds, linger: Linger) {
        let removals = self.removals(ledger, makes);
        let first = self.steps.len();
        for (position, (address, action, removed)) in removals.iter().enumerate() {
            let address: &Address = address;
            let mut after: BTreeMap<usize, Duration> = (0..first).map(|step| (step, Duration::ZERO)).collect();
            // How long to wait is said by the configuration of now, where there still is one.
            let time = |user: &Address, entry: &Entry| {
                linger.time(kinds, user, self.difference.specs.get(user).unwrap_or(&entry.spec))
            };
            // What a rebuilt ledger's record led to is not told by AWS: it may have been any that does not stand on it.
            let led_to = |user: &Address, entry: &Entry| {
                let may_have =
                    ledger.rebuilt.is_some() && user.kind != address.kind && !removed.depends_on.contains(user);
                entry.depends_on.contains(address) || (may_have && !time(user, entry).is_zero())
            };
            for (user, entry) in ledger.entries.iter().filter(|(user, entry)| led_to(user, entry)) {
                after.extend(makes.get(user).map(|own| (*own, time(user, entry))));
            }
            for (gone, (user, _, entry)) in removals.iter().enumerate() {
                if gone != position && led_to(user, entry) {
                    after.insert(first + gone, time(user, entry));
                }
            }
            let not_before = match linger {
                Linger::Waited => self.not_before(ledger, address, kinds),
                Linger::Ignored => None,
            };
            let (address, action) = (address.clone(), action.clone());
            self.steps.push(Step { address, action, after, waits_for: BTreeSet::new(), not_before });
        }
    }

    /// What an earlier apply withdrew others may still act on. Of what was withdrawn before the ledger was rebuilt nobody
    /// knows, nor whether all of AWS knew of it then: that takes no longer than others remember.
    fn not_before(&self, ledger: &Ledger, address: &Address, kinds: &dyn Kinds) -> Option<u64> {
        let longest = || {
            let wanted = self.difference.specs.iter().map(|(address, spec)| kinds.drain_period(&address.kind, spec));
            let held = ledger.entries.iter().map(|(address, entry)| kinds.drain_period(&address.kind, &entry.spec));
            wanted.chain(held).max().unwrap_or_default().as_secs()
        };
        let rebuilt = ledger.rebuilt.map(|then| then + 2 * longest());
        rebuilt.max(ledger.lingering.get(address).copied())
    }

    /// Everything that goes: what is no longer wanted, what is replaced now, what an earlier apply could not delete.
    fn removals<'a>(
        &self,
        ledger: &'a Ledger,
        makes: &BTreeMap<Address, usize>,
    ) -> Vec<(&'a Address, Action, &'a Entry)> {
        let mut removals = Vec::new();
        for (address, entry) in &ledger.entries {
            let wanted = self.difference.changes.contains_key(address);
            let make = makes.get(address).and_then(|at| self.steps.get(*at));
            let replaced = make.is_some_and(|step| matches!(step.action, Action::Replace(_)));
            match (wanted, replaced) {
                (false, _) => removals.push((address, Action::Delete, entry)),
                (true, true) => removals.push((address, Action::Retire(Box::new(entry.clone())), entry)),
                (true, false) => {}
            }
        }
        removals.extend(
            ledger.deposed.iter().map(|(address, entry)| (address, Action::Retire(Box::new(entry.clone())), entry)),
        );
        removals
    }
}

/// Whether a removal waits until nobody acts any more on what the removed said.
#[derive(Clone, Copy)]
enum Linger {
    Waited,
    Ignored,
}

impl Linger {
    /// How long others may act on what `user` said, when it was of this spec.
    fn time(self, kinds: &dyn Kinds, user: &Address, spec: &Json) -> Duration {
        match self {
            Self::Waited => kinds.drain_period(&user.kind, spec),
            Self::Ignored => Duration::ZERO,
        }
    }
}
