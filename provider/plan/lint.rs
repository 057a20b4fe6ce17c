//! A check of every finished plan: whether it is safe for traffic. It is written independently of the code that orders steps.
//!
//! Nothing is created before its dependencies. Nothing is deleted before everything new exists, before its dependents are
//! deleted or changed, and before the drain period of what led to it has passed. Steps marked `after_removals` run after the
//! deletions. The plan ends in the desired graph.

use std::collections::BTreeMap;
use std::time::Duration;

use super::diff::Change;
use super::order::{Action, Plan, Step};
use super::{Entry, Kinds, Ledger};
use crate::desired::{Address, Desired};

/// Why a plan is not safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// A step waits for itself, directly or through others.
    #[error("the step for {0} waits for itself")]
    Cycle(Address),
    /// The plan does not end in the desired graph.
    #[error("{0} would not end as desired")]
    WrongResult(Address),
    /// A component is created or changed before one that it depends on.
    #[error("{made} would be created or changed without waiting for {needed}")]
    MissingDependency {
        /// The component that is created or changed.
        made: Address,
        /// Its dependency.
        needed: Address,
    },
    /// An object that may still serve is deleted before its replacement serves.
    #[error("{gone} would be deleted without waiting for {made}")]
    DeletedBeforeReplacement {
        /// The component that is deleted.
        gone: Address,
        /// A component that the same plan creates or changes.
        made: Address,
    },
    /// An object is deleted while another one depends on it.
    #[error("{gone} would be deleted while {user} still needs it")]
    StillReferenced {
        /// The component that is deleted.
        gone: Address,
        /// The component that depends on it.
        user: Address,
    },
    /// An object is deleted before the drain period of what led to it has passed.
    #[error("{gone} would be deleted before the drain period of {user} has passed")]
    DrainTooShort {
        /// The component that is deleted.
        gone: Address,
        /// The component that led clients to it.
        user: Address,
    },
    /// A step that must run after the deletions runs before one.
    #[error("{last} would be changed without waiting for {other}")]
    RunsTooEarly {
        /// The component that must come last.
        last: Address,
        /// The component that is deleted.
        other: Address,
    },
}

/// Checks that `plan` leads safely from `ledger` to `desired`. `None` checks the plan of a destroy, after which nothing
/// serves.
///
/// # Errors
/// The first reason why it is not safe.
pub fn lint(plan: &Plan, desired: Option<&Desired>, ledger: &Ledger, kinds: &dyn Kinds) -> Result<(), Unsafe> {
    let paths = Paths::of(&plan.steps)?;
    let makes = makes(&plan.steps);
    let standing = standing(plan, ledger, &makes)?;
    let lint = Lint { plan, desired, ledger, kinds, paths, makes, standing };
    lint.dependencies_come_first()?;
    lint.removals_are_safe()?;
    lint.last_steps_come_last()
}

struct Lint<'a> {
    plan: &'a Plan,
    desired: Option<&'a Desired>,
    ledger: &'a Ledger,
    kinds: &'a dyn Kinds,
    paths: Paths,
    /// The step that creates or changes each component.
    makes: BTreeMap<&'a Address, usize>,
    standing: Vec<Standing<'a>>,
}

/// An object that exists before the plan.
struct Standing<'a> {
    address: &'a Address,
    entry: &'a Entry,
    /// The step that deletes it.
    goes: Option<usize>,
    /// The step that changes it. From then on it depends on what the desired graph says.
    moves: Option<usize>,
}

fn is_removal(step: &Step) -> bool {
    matches!(step.action, Action::Delete | Action::Retire(_))
}

fn makes(steps: &[Step]) -> BTreeMap<&Address, usize> {
    let makes = steps.iter().enumerate().filter(|(_, step)| !is_removal(step));
    makes.map(|(at, step)| (&step.address, at)).collect()
}

/// Matches the existing objects with the steps that delete or change them. Every step must have its object, and every object
/// the step that it needs.
fn standing<'a>(
    plan: &'a Plan,
    ledger: &'a Ledger,
    makes: &BTreeMap<&Address, usize>,
) -> Result<Vec<Standing<'a>>, Unsafe> {
    let wrong = |address: &Address| Unsafe::WrongResult(address.clone());
    for (address, change) in &plan.difference.changes {
        let fits = matches!(
            (change, makes.get(address).map(|step| &plan.steps[*step].action)),
            (Change::Keep, None)
                | (Change::Create, Some(Action::Create))
                | (Change::Update(_), Some(Action::Update(_)))
                | (Change::Replace(_), Some(Action::Replace(_)))
        );
        if !fits || (*change == Change::Create) == ledger.entries.contains_key(address) {
            return Err(wrong(address));
        }
    }
    let is_makes_own = |(at, step): (usize, &Step)| is_removal(step) || makes.get(&step.address) == Some(&at);
    let wanted = |address: &Address| plan.difference.changes.contains_key(address);
    for (at, step) in plan.steps.iter().enumerate() {
        if !is_makes_own((at, step)) || (!is_removal(step) && !wanted(&step.address)) {
            return Err(wrong(&step.address));
        }
    }
    let mut free: Vec<usize> = (0..plan.steps.len()).filter(|at| is_removal(&plan.steps[*at])).collect();
    let mut goes = |address: &Address, action: &Action| {
        let own = |at: &usize| plan.steps[*at].address == *address && plan.steps[*at].action == *action;
        let place = free.iter().position(own).ok_or_else(|| wrong(address))?;
        Ok(Some(free.swap_remove(place)))
    };
    let mut all = Vec::new();
    for (address, entry) in &ledger.entries {
        let (goes, moves) = match plan.difference.changes.get(address) {
            None => (goes(address, &Action::Delete)?, None),
            Some(Change::Replace(_)) => (goes(address, &Action::Retire(Box::new(entry.clone())))?, None),
            Some(_) => (None, makes.get(address).copied()),
        };
        all.push(Standing { address, entry, goes, moves });
    }
    for (address, entry) in &ledger.deposed {
        let goes = goes(address, &Action::Retire(Box::new(entry.clone())))?;
        all.push(Standing { address, entry, goes, moves: None });
    }
    free.first().map_or(Ok(all), |at| Err(wrong(&plan.steps[*at].address)))
}

impl Lint<'_> {
    fn address(&self, step: usize) -> Address {
        self.plan.steps[step].address.clone()
    }

    /// Whether a step must run after the deletions. A replacement is exempt: nothing depends on the new object yet.
    fn is_last(&self, step: usize) -> bool {
        let Step { address, action, .. } = &self.plan.steps[step];
        let node = self.desired.and_then(|desired| desired.get(address));
        node.is_some_and(|node| node.is_last) && matches!(action, Action::Create | Action::Update(_))
    }

    /// Dependencies exist before their dependents. Steps that a gate waits for have ended, however.
    fn dependencies_come_first(&self) -> Result<(), Unsafe> {
        for (address, step) in &self.makes {
            let Some(node) = self.desired.and_then(|desired| desired.get(address)) else { continue };
            let missing =
                |needed: &Address| Unsafe::MissingDependency { made: (*address).clone(), needed: needed.clone() };
            for needed in &node.depends_on {
                let is_there = match self.makes.get(needed) {
                    Some(before) => self.paths.succeeds(*before, *step),
                    None => self.ledger.entries.contains_key(needed),
                };
                if !is_there {
                    return Err(missing(needed));
                }
            }
            let tried = |needed: &&Address| self.makes.get(needed).is_none_or(|before| self.paths.ends(*before, *step));
            if let Some(needed) = node.waits_for.iter().find(|needed| !tried(needed)) {
                return Err(missing(needed));
            }
        }
        Ok(())
    }

    fn removals_are_safe(&self) -> Result<(), Unsafe> {
        for going in &self.standing {
            let Some(step) = going.goes else { continue };
            // The plan does not say which step replaces it, so all of them must have succeeded.
            let first = self.makes.values().filter(|make| !self.is_last(**make));
            if let Some(make) = first.copied().find(|make| !self.paths.succeeds(*make, step)) {
                return Err(Unsafe::DeletedBeforeReplacement { gone: going.address.clone(), made: self.address(make) });
            }
            self.dependents_are_done(going, step)?;
            let drained = self.ledger.drain_until.get(going.address).filter(|_| self.desired.is_some());
            if self.plan.steps[step].not_before < drained.copied() {
                return Err(Unsafe::DrainTooShort { gone: going.address.clone(), user: going.address.clone() });
            }
        }
        Ok(())
    }

    /// All dependents of what `step` deletes are deleted or changed before it, and their drain periods have passed.
    fn dependents_are_done(&self, going: &Standing<'_>, step: usize) -> Result<(), Unsafe> {
        for user in self.standing.iter().filter(|user| user.entry.depends_on.contains(going.address)) {
            let Some(left) = user.goes.or(user.moves).filter(|left| *left != step && !self.is_last(*left)) else {
                continue;
            };
            let (gone, user_address) = (going.address.clone(), user.address.clone());
            if !self.paths.succeeds(left, step) {
                return Err(Unsafe::StillReferenced { gone, user: user_address });
            }
            let spec = self.plan.difference.specs.get(user.address).unwrap_or(&user.entry.spec);
            let drain = self.kinds.drain_period(&user.address.kind, spec);
            if self.desired.is_some() && !drain.is_zero() && self.paths.pause(&self.plan.steps, left, step) < drain {
                return Err(Unsafe::DrainTooShort { gone, user: user_address });
            }
        }
        Ok(())
    }

    fn last_steps_come_last(&self) -> Result<(), Unsafe> {
        let removals = || self.standing.iter().filter_map(|standing| standing.goes);
        for last in self.makes.values().copied().filter(|step| self.is_last(*step)) {
            if let Some(other) = removals().find(|other| !self.paths.succeeds(*other, last)) {
                return Err(Unsafe::RunsTooEarly { last: self.address(last), other: self.address(other) });
            }
        }
        Ok(())
    }
}

/// The order of all steps: which come before which, directly or through others.
struct Paths {
    /// The steps, each after those that it waits for.
    order: Vec<usize>,
    succeed: Vec<Steps>,
    end: Vec<Steps>,
}

/// A set of steps, a bit for each.
type Steps = Vec<u64>;

impl Paths {
    fn of(steps: &[Step]) -> Result<Self, Unsafe> {
        let order = Self::order(steps)?;
        let none = vec![vec![0; steps.len().div_ceil(64)]; steps.len()];
        let mut paths = Self { order, succeed: none.clone(), end: none };
        for at in paths.order.clone() {
            for before in steps[at].after.keys() {
                add(&mut paths.succeed, *before, at);
                add(&mut paths.end, *before, at);
            }
            for before in &steps[at].waits_for {
                add(&mut paths.end, *before, at);
            }
        }
        Ok(paths)
    }

    fn order(steps: &[Step]) -> Result<Vec<usize>, Unsafe> {
        let mut waiting: Vec<usize> = steps.iter().map(|step| step.after.len() + step.waits_for.len()).collect();
        let mut followers = vec![Vec::new(); steps.len()];
        for (at, step) in steps.iter().enumerate() {
            for before in step.after.keys().chain(&step.waits_for) {
                // A step that does not exist never ends.
                followers.get_mut(*before).ok_or_else(|| Unsafe::Cycle(step.address.clone()))?.push(at);
            }
        }
        let mut order: Vec<usize> = (0..steps.len()).filter(|at| waiting[*at] == 0).collect();
        let mut next = 0;
        while let Some(done) = order.get(next).copied() {
            next += 1;
            for follower in &followers[done] {
                waiting[*follower] -= 1;
                if waiting[*follower] == 0 {
                    order.push(*follower);
                }
            }
        }
        let cyclic = waiting.iter().position(|waiting| *waiting > 0);
        cyclic.map_or(Ok(order), |at| Err(Unsafe::Cycle(steps[at].address.clone())))
    }

    /// Whether `after` begins only when `before` has succeeded.
    fn succeeds(&self, before: usize, after: usize) -> bool {
        has(&self.succeed[after], before)
    }

    /// Whether `after` begins only when `before` has ended.
    fn ends(&self, before: usize, after: usize) -> bool {
        has(&self.end[after], before)
    }

    /// The shortest time between the end of `before` and the beginning of `after`.
    fn pause(&self, steps: &[Step], before: usize, after: usize) -> Duration {
        let mut pauses: BTreeMap<usize, Duration> = BTreeMap::from([(before, Duration::ZERO)]);
        for at in &self.order {
            let by = |(other, wait): (&usize, &Duration)| pauses.get(other).map(|pause| pause.saturating_add(*wait));
            if let Some(pause) = steps[*at].after.iter().filter_map(by).max() {
                pauses.insert(*at, pause);
            }
        }
        pauses.get(&after).copied().unwrap_or_default()
    }
}

/// Records that `after` comes after `before`, and after everything that `before` comes after.
fn add(paths: &mut [Steps], before: usize, after: usize) {
    let mut further = paths[before].clone();
    further[before / 64] |= 1 << (before % 64);
    for (own, further) in paths[after].iter_mut().zip(further) {
        *own |= further;
    }
}

fn has(steps: &Steps, step: usize) -> bool {
    steps[step / 64] & (1 << (step % 64)) != 0
}
