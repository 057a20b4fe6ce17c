//! A check of every finished plan: whether it is safe for traffic. It is written independently of the code that orders steps.
//!
//! Nothing is created before its dependencies. Nothing is deleted before everything new exists, before its dependents are
//! deleted or changed, and before the drain period of what led to it has passed. Steps marked `after_removals` run after the
//! deletions. No two waves change what clients notice at the same time. The plan ends in the desired graph.

mod paths;

use std::collections::BTreeMap;
use std::time::Duration;

use self::paths::Paths;
use super::diff::Change;
use super::order::{Action, Plan, Step};
use super::waves::Waves;
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
    /// Clients notice a change of a wave before the previous wave has passed its checks, or before a part of the same region
    /// has passed its own.
    #[error("{next} would be changed before {earlier} has succeeded and the bake time has passed")]
    WavesOverlap {
        /// The component that is changed too early.
        next: Address,
        /// The change or the check that must come first.
        earlier: Address,
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
    let existing = existing(plan, desired, ledger, &makes)?;
    let lint = Lint { plan, desired, ledger, kinds, paths, makes, existing };
    lint.dependencies_come_first()?;
    lint.removals_are_safe()?;
    lint.last_steps_come_last()?;
    lint.waves_do_not_overlap()
}

struct Lint<'a> {
    plan: &'a Plan,
    desired: Option<&'a Desired>,
    ledger: &'a Ledger,
    kinds: &'a dyn Kinds,
    paths: Paths<'a>,
    /// The step that creates or changes each component.
    makes: BTreeMap<&'a Address, Placed<'a>>,
    existing: Vec<Existing<'a>>,
}

/// An object that exists before the plan.
struct Existing<'a> {
    address: &'a Address,
    entry: &'a Entry,
    /// The step that deletes it.
    goes: Option<Placed<'a>>,
    /// The step that changes it. From then on its dependencies are those in the desired graph.
    moves: Option<Placed<'a>>,
    /// Whether it was replaced and stays.
    stays: bool,
}

/// A step and its position in the plan.
#[derive(Clone, Copy)]
struct Placed<'a> {
    at: usize,
    step: &'a Step,
}

fn placed(steps: &[Step]) -> impl Iterator<Item = Placed<'_>> {
    steps.iter().enumerate().map(|(at, step)| Placed { at, step })
}

fn makes(steps: &[Step]) -> BTreeMap<&Address, Placed<'_>> {
    let makes = placed(steps).filter(|make| !make.step.action.is_removal());
    makes.map(|make| (&make.step.address, make)).collect()
}

/// Matches the existing objects with the steps that delete or change them. Fails if a step has no object, or an object has no
/// step and needs one.
fn existing<'a>(
    plan: &'a Plan,
    desired: Option<&Desired>,
    ledger: &'a Ledger,
    makes: &BTreeMap<&Address, Placed<'a>>,
) -> Result<Vec<Existing<'a>>, Unsafe> {
    let wrong = |address: &Address| Unsafe::WrongResult(address.clone());
    for (address, change) in &plan.difference.changes {
        let fits = matches!(
            (change, makes.get(address).map(|make| &make.step.action)),
            (Change::Keep, None)
                | (Change::Create, Some(Action::Create))
                | (Change::Update(_), Some(Action::Update(_)))
                | (Change::Create | Change::Update(_), Some(Action::Record))
                | (Change::Replace(_), Some(Action::Replace(_)))
        );
        if !fits || (*change == Change::Create) == ledger.entries.contains_key(address) {
            return Err(wrong(address));
        }
    }
    let wanted = |address: &Address| plan.difference.changes.contains_key(address);
    for Placed { at, step } in placed(&plan.steps).filter(|placed| !placed.step.action.is_removal()) {
        if makes.get(&step.address).is_none_or(|make| make.at != at) || !wanted(&step.address) {
            return Err(wrong(&step.address));
        }
    }
    let mut free: Vec<Placed<'_>> = placed(&plan.steps).filter(|removal| removal.step.action.is_removal()).collect();
    let mut goes = |address: &Address, action: &Action| {
        let own = |removal: &Placed<'_>| removal.step.address == *address && removal.step.action == *action;
        let place = free.iter().position(own).ok_or_else(|| wrong(address))?;
        Ok(Some(free.swap_remove(place)))
    };
    let (mut all, mut replaced) = (Vec::new(), Vec::new());
    for (address, entry) in &ledger.entries {
        let (goes, moves) = match plan.difference.changes.get(address) {
            None => (goes(address, &plan.difference.removal(address))?, None),
            Some(Change::Replace(_)) => {
                replaced.push((address, entry));
                continue;
            }
            Some(_) => (None, makes.get(address).copied()),
        };
        all.push(Existing { address, entry, goes, moves, stays: false });
    }
    let mut kept: BTreeMap<&Address, usize> = BTreeMap::new();
    let keeps = |address| desired.and_then(|desired| desired.get(address)).map_or(0, |node| node.keeps);
    for (address, entry) in ledger.deposed.iter().map(|(address, entry)| (address, entry)).chain(replaced) {
        let goes = goes(address, &Action::Retire(Box::new(entry.clone())));
        let count = kept.entry(address).or_default();
        let stays = goes.is_err() && *count < keeps(address);
        *count += usize::from(stays);
        let goes = if stays { None } else { goes? };
        all.push(Existing { address, entry, goes, moves: None, stays });
    }
    free.first().map_or(Ok(all), |removal| Err(wrong(&removal.step.address)))
}

impl Lint<'_> {
    /// Whether a step must run after the deletions. A replacement is exempt: nothing depends on the new object yet.
    fn is_last(&self, make: Placed<'_>) -> bool {
        let Step { address, action, .. } = make.step;
        let node = self.desired.and_then(|desired| desired.get(address));
        node.is_some_and(|node| node.is_last) && matches!(action, Action::Create | Action::Update(_))
    }

    /// Dependencies exist before their dependents. Steps that a gate waits for have ended, however.
    fn dependencies_come_first(&self) -> Result<(), Unsafe> {
        for (address, make) in &self.makes {
            let Some(node) = self.desired.and_then(|desired| desired.get(address)) else { continue };
            let missing =
                |needed: &Address| Unsafe::MissingDependency { made: (*address).clone(), needed: needed.clone() };
            for needed in &node.depends_on {
                let is_there = match self.makes.get(needed) {
                    Some(before) => self.paths.succeeds(*before, *make),
                    None => self.ledger.entries.contains_key(needed),
                };
                if !is_there {
                    return Err(missing(needed));
                }
            }
            let tried = |needed: &&Address| self.makes.get(needed).is_none_or(|before| self.paths.ends(*before, *make));
            if let Some(needed) = node.waits_for.iter().find(|needed| !tried(needed)) {
                return Err(missing(needed));
            }
        }
        Ok(())
    }

    fn removals_are_safe(&self) -> Result<(), Unsafe> {
        for going in &self.existing {
            let Some(removal) = going.goes else { continue };
            // The plan does not say which step replaces it, so all of them must have succeeded.
            let first = self.makes.values().filter(|make| !self.is_last(**make));
            if let Some(make) = first.copied().find(|make| !self.paths.succeeds(*make, removal)) {
                return Err(Unsafe::DeletedBeforeReplacement {
                    gone: going.address.clone(),
                    made: make.step.address.clone(),
                });
            }
            self.dependents_are_done(going, removal)?;
            let drained = self.ledger.drain_until.get(going.address).filter(|_| self.desired.is_some());
            if removal.step.not_before < drained.copied() {
                return Err(Unsafe::DrainTooShort { gone: going.address.clone(), user: going.address.clone() });
            }
        }
        Ok(())
    }

    /// All dependents of what `removal` deletes are deleted or changed before it, and their drain periods have passed.
    fn dependents_are_done(&self, going: &Existing<'_>, removal: Placed<'_>) -> Result<(), Unsafe> {
        for user in self.existing.iter().filter(|user| user.entry.depends_on.contains(going.address)) {
            if user.stays {
                let (gone, user) = (going.address.clone(), user.address.clone());
                return Err(Unsafe::StillReferenced { gone, user });
            }
            let Some(left) = user.goes.or(user.moves).filter(|left| left.at != removal.at && !self.is_last(*left))
            else {
                continue;
            };
            let (gone, user_address) = (going.address.clone(), user.address.clone());
            if !self.paths.succeeds(left, removal) {
                return Err(Unsafe::StillReferenced { gone, user: user_address });
            }
            let spec = self.plan.difference.specs.get(user.address).unwrap_or(&user.entry.spec);
            let drain = self.kinds.drain_period(&user.address.kind, spec);
            if self.desired.is_some() && !drain.is_zero() && self.paths.pause(left, removal) < drain {
                return Err(Unsafe::DrainTooShort { gone, user: user_address });
            }
        }
        Ok(())
    }

    fn last_steps_come_last(&self) -> Result<(), Unsafe> {
        let removals = || self.existing.iter().filter_map(|existing| existing.goes);
        for last in self.makes.values().copied().filter(|make| self.is_last(*make)) {
            if let Some(other) = removals().find(|other| !self.paths.succeeds(*other, last)) {
                let (last, other) = (last.step.address.clone(), other.step.address.clone());
                return Err(Unsafe::RunsTooEarly { last, other });
            }
        }
        Ok(())
    }

    /// Before clients notice a change, all changes and checks of earlier waves have succeeded, and so have the checks of the same
    /// region that do not depend on it.
    fn waves_do_not_overlap(&self) -> Result<(), Unsafe> {
        let Some(desired) = self.desired else { return Ok(()) };
        let waves = Waves::of(self.plan, desired, self.ledger, self.kinds);
        // With the time that must pass after each of them.
        let mut earlier: BTreeMap<usize, Duration> = BTreeMap::new();
        let depends = |step: usize, on: usize| {
            let address = |at: usize| self.plan.steps.get(at).map(|step| &step.address);
            let node = address(step).and_then(|address| desired.get(address));
            node.zip(address(on)).is_some_and(|(node, on)| node.depends_on.contains(on))
        };
        for wave in waves.waves() {
            for (at, region) in &wave.changes {
                let own = waves.checks_before(region).iter().map(|check| (*check, Duration::ZERO));
                let others = earlier.iter().map(|(before, bake)| (*before, *bake));
                let canaries = wave.checks.difference(waves.checks_before(region));
                let canaries =
                    canaries.filter(|check| depends(*at, **check)).map(|check| (*check, desired.rollout.bake));
                for (before, bake) in own.chain(others).chain(canaries) {
                    self.comes_before(before, *at, bake)?;
                }
            }
            for at in &wave.baselines {
                earlier.iter().try_for_each(|(before, bake)| self.comes_before(*before, *at, *bake))?;
            }
            earlier.extend(wave.changes.keys().chain(&wave.checks).map(|at| (*at, desired.rollout.bake)));
            earlier.extend(wave.watches.iter().map(|at| (*at, Duration::ZERO)));
        }
        Ok(())
    }

    fn comes_before(&self, before: usize, after: usize, bake: Duration) -> Result<(), Unsafe> {
        let place = |at: usize| self.plan.steps.get(at).map(|step| Placed { at, step });
        let (Some(before), Some(after)) = (place(before), place(after)) else { return Ok(()) };
        let has_baked = || bake.is_zero() || self.paths.pause(before, after) >= bake;
        if self.paths.succeeds(before, after) && has_baked() {
            return Ok(());
        }
        let (next, earlier) = (after.step.address.clone(), before.step.address.clone());
        Err(Unsafe::WavesOverlap { next, earlier })
    }
}
