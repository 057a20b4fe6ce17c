//! The steps of a plan, in an order that is safe for traffic.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value as Json;

use super::diff::{Change, Cycle, Difference, diff, released};
use super::kept::is_rejected;
use super::waves::{Waves, idle_watches, repeat_checks};
use super::{Entry, Kinds, Ledger};
use crate::desired::{Address, Desired};

/// The action of one step.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Creates a component.
    Create,
    /// Changes these fields in place.
    Update(Vec<String>),
    /// Creates a new object because these fields cannot change; the old object is deposed.
    Replace(Vec<String>),
    /// Records a check that has nothing to check.
    Record,
    /// Deletes a component that is no longer desired.
    Delete,
    /// Releases a component that is no longer desired: its object stays in AWS without an owner.
    Release,
    /// Deletes this deposed object.
    Retire(Box<Entry>),
}

impl Difference {
    /// How a component leaves the ledger that is no longer desired.
    pub(super) fn removal(&self, address: &Address) -> Action {
        if self.released.contains(address) { Action::Release } else { Action::Delete }
    }
}

impl Action {
    /// Whether an object leaves the ledger.
    pub fn is_removal(&self) -> bool {
        matches!(self, Self::Delete | Self::Release | Self::Retire(_))
    }
}

/// One step. Steps are named by their position in the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The component.
    pub address: Address,
    /// What the step does.
    pub action: Action,
    /// Steps that must have succeeded, with the time to wait after each of them.
    pub after: BTreeMap<usize, Duration>,
    /// Steps that must have ended, in success or failure.
    pub waits_for: BTreeSet<usize>,
    /// The earliest time at which the step may begin, in seconds since 1970: the end of a drain period.
    pub not_before: Option<u64>,
}

/// The ordered steps from a ledger to a desired graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// The change of each desired component.
    pub difference: Difference,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether all that there is to do is to delete objects that were replaced.
    pub fn only_retires(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.action, Action::Retire(_)))
    }

    /// Plans the steps from `ledger` to `desired`. The result is not checked yet: see [`Plan::checked`].
    ///
    /// # Errors
    /// [`Cycle`].
    pub(super) fn new(desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> Result<Self, Cycle> {
        let difference = diff(desired, ledger, kinds)?;
        let mut plan = Self { steps: Vec::new(), difference };
        repeat_checks(&mut plan.difference, desired, ledger, kinds);
        let idle = idle_watches(&plan.difference, desired, ledger, kinds);
        let makes = plan.add_makes(desired, &idle);
        let first = plan.steps.len();
        plan.order_waves(desired, ledger, kinds);
        plan.add_removals(desired, ledger, &makes, kinds, Drains::Awaited);
        plan.order_after_removals(desired, first);
        Ok(plan)
    }

    /// Plans the deletion of everything but the objects that stay in AWS. Nothing serves afterwards, so no drain period is
    /// awaited.
    pub fn destroy(ledger: &Ledger, kinds: &dyn Kinds) -> Self {
        let released = released(&Desired::default(), ledger, kinds);
        let difference = Difference { released, ..Difference::default() };
        Self { steps: Vec::new(), difference }.removing_all(ledger, kinds)
    }

    /// Plans the deletion of everything, as [`Plan::destroy`] does, and of objects that would stay in AWS.
    pub fn delete_all(ledger: &Ledger, kinds: &dyn Kinds) -> Self {
        Self::default().removing_all(ledger, kinds)
    }

    fn removing_all(self, ledger: &Ledger, kinds: &dyn Kinds) -> Self {
        let mut plan = self;
        plan.add_removals(&Desired::default(), ledger, &BTreeMap::new(), kinds, Drains::Skipped);
        plan
    }

    /// Creates, updates and replacements: each after what it depends on. The checks `idle` have nothing to check.
    fn add_makes(&mut self, desired: &Desired, idle: &BTreeSet<Address>) -> BTreeMap<Address, usize> {
        let mut makes = BTreeMap::new();
        for address in &self.difference.order {
            let action = match self.difference.changes.get(address) {
                None | Some(Change::Keep) => continue,
                Some(_) if idle.contains(address) => Action::Record,
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

    /// Orders the changes that clients notice, wave by wave: a wave begins when every check of the previous one has succeeded,
    /// and the bake time has passed. The parts of a region change together: when everything that is checked before has
    /// succeeded.
    fn order_waves(&mut self, desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) {
        let waves = Waves::of(self, desired, ledger, kinds);
        let mut before: BTreeMap<usize, Duration> = BTreeMap::new();
        for wave in waves.waves() {
            for at in &wave.baselines {
                self.steps.get_mut(*at).into_iter().for_each(|step| step.after.extend(&before));
            }
            for (at, region) in &wave.changes {
                let Some(step) = self.steps.get_mut(*at) else { continue };
                step.after.extend(&before);
                for check in waves.checks_before(region) {
                    step.after.entry(*check).or_default();
                }
                // The check of a canary.
                for check in wave.checks.difference(waves.checks_before(region)) {
                    step.after.entry(*check).and_modify(|delay| *delay = desired.rollout.bake);
                }
            }
            if !wave.changes.is_empty() {
                before.clear();
            }
            before.extend(wave.changes.keys().chain(&wave.checks).map(|at| (*at, desired.rollout.bake)));
            // A watch lasts for the bake time.
            before.extend(wave.watches.iter().map(|at| (*at, Duration::ZERO)));
        }
    }

    /// Steps marked `after_removals` run after every deletion; these are the steps from `first` on. Replacements are exempt:
    /// nothing depends on the new object yet, and the old one is deleted after it.
    fn order_after_removals(&mut self, desired: &Desired, first: usize) {
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

    /// Adds the deletions. Each runs after all creates and updates, because its replacement must serve first, after its
    /// dependents are deleted or changed, and after their drain periods.
    fn add_removals(
        &mut self,
        desired: &Desired,
        ledger: &Ledger,
        makes: &BTreeMap<Address, usize>,
        kinds: &dyn Kinds,
        drains: Drains,
    ) {
        let removals = without_kept(self.removals(desired, ledger, makes, kinds), desired);
        let first = self.steps.len();
        for (position, Removal { address, action, object: removed, .. }) in removals.iter().enumerate() {
            let address: &Address = address;
            let mut after: BTreeMap<usize, Duration> = (0..first).map(|step| (step, Duration::ZERO)).collect();
            // The drain period is that of the new spec, if there is one.
            let time = |user: &Address, entry: &Entry| {
                drains.period(kinds, user, self.difference.specs.get(user).unwrap_or(&entry.spec))
            };
            let led_to = |entry: &Entry| entry.depends_on.contains(address);
            // AWS does not report what a record led to before the ledger was rebuilt: any object may have been its target,
            // except those that depend on the record.
            let may_have_led_to = |user: &Address| {
                ledger.rebuilt.is_some() && user.kind != address.kind && !removed.depends_on.contains(user)
            };
            for (user, entry) in ledger.entries.iter().filter(|(user, entry)| led_to(entry) || may_have_led_to(user)) {
                after.extend(makes.get(user).map(|own| (*own, time(user, entry))));
            }
            for (gone, Removal { address: user, object: entry, .. }) in removals.iter().enumerate() {
                if gone != position && led_to(entry) {
                    after.insert(first + gone, time(user, entry));
                }
            }
            let not_before = match drains {
                Drains::Awaited => self.not_before(ledger, address, kinds),
                Drains::Skipped => None,
            };
            let (address, action) = (address.clone(), action.clone());
            self.steps.push(Step { address, action, after, waits_for: BTreeSet::new(), not_before });
        }
        if ledger.rebuilt.is_some() {
            let specs = &self.difference.specs;
            let drain =
                |user: &Address, entry: &Entry| drains.period(kinds, user, specs.get(user).unwrap_or(&entry.spec));
            let periods = removals.iter().map(|removal| drain(removal.address, removal.object)).collect::<Vec<_>>();
            self.await_former_users(&removals, first, &periods);
        }
    }

    /// The time before which a component must not be deleted, because an earlier apply removed a record that led to it. A
    /// rebuilt ledger contains neither that time nor whether the change has reached all of AWS: two drain periods cover both.
    fn not_before(&self, ledger: &Ledger, address: &Address, kinds: &dyn Kinds) -> Option<u64> {
        let longest = || {
            let wanted = self.difference.specs.iter().map(|(address, spec)| kinds.drain_period(&address.kind, spec));
            let held = ledger.entries.iter().map(|(address, entry)| kinds.drain_period(&address.kind, &entry.spec));
            wanted.chain(held).max().unwrap_or_default().as_secs()
        };
        let rebuilt = ledger.rebuilt.map(|then| then.saturating_add(longest().saturating_mul(2)));
        rebuilt.max(ledger.drain_until.get(address).copied())
    }

    /// Everything that is deleted: what is no longer desired, what is replaced, and what an earlier apply could not delete.
    fn removals<'a>(
        &self,
        desired: &Desired,
        ledger: &'a Ledger,
        makes: &BTreeMap<Address, usize>,
        kinds: &dyn Kinds,
    ) -> Vec<Removal<'a>> {
        let removal = |address: &'a Address, action: Action, object: &'a Entry| Removal {
            address,
            action,
            object,
            may_stay: false,
        };
        let retire = |address: &'a Address, object: &'a Entry, may_stay: bool| Removal {
            may_stay,
            ..removal(address, Action::Retire(Box::new(object.clone())), object)
        };
        // The oldest object of an address comes first.
        let deposed = ledger.deposed.iter().map(|(address, object)| retire(address, object, !object.rejected));
        let mut removals: Vec<_> = deposed.collect();
        for (address, entry) in &ledger.entries {
            let wanted = self.difference.changes.contains_key(address);
            let make = makes.get(address).and_then(|at| self.steps.get(*at));
            let replaced = make.is_some_and(|step| matches!(step.action, Action::Replace(_)));
            match (wanted, replaced) {
                (false, _) => removals.push(removal(address, self.difference.removal(address), entry)),
                (true, true) => {
                    removals.push(retire(address, entry, !is_rejected(address, entry, desired, ledger, kinds)));
                }
                (true, false) => {}
            }
        }
        removals
    }
}

/// What a plan removes, unless it stays as a replaced object.
pub(super) struct Removal<'a> {
    /// The component.
    pub(super) address: &'a Address,
    /// What the step does.
    action: Action,
    object: &'a Entry,
    /// Whether the object may stay, because its component can return to it.
    may_stay: bool,
}

/// The removals without the replaced objects that stay: the last ones of each address that may stay, unless something is removed
/// on which they depend.
fn without_kept<'a>(mut removals: Vec<Removal<'a>>, desired: &Desired) -> Vec<Removal<'a>> {
    let keeps = |address: &Address| desired.get(address).map_or(0, |node| node.keeps);
    let gone: BTreeSet<&Address> =
        removals.iter().map(|removal| removal.address).filter(|address| keeps(address) == 0).collect();
    let mut kept: BTreeMap<&Address, usize> = BTreeMap::new();
    // The newest object comes first.
    removals.reverse();
    removals.retain(|Removal { address, object, may_stay, .. }| {
        let count = kept.entry(address).or_default();
        if !may_stay || *count >= keeps(address) || object.depends_on.iter().any(|needed| gone.contains(needed)) {
            return true;
        }
        *count += 1;
        false
    });
    removals.reverse();
    removals
}

/// Whether deletions wait for drain periods.
#[derive(Clone, Copy)]
enum Drains {
    Awaited,
    Skipped,
}

impl Drains {
    /// The drain period of the component at `user` with this spec.
    fn period(self, kinds: &dyn Kinds, user: &Address, spec: &Json) -> Duration {
        match self {
            Self::Awaited => kinds.drain_period(&user.kind, spec),
            Self::Skipped => Duration::ZERO,
        }
    }
}
