//! Whether a plan is safe for traffic: asked of every finished plan, in other words than those in which it was made.
//!
//! Nothing is made before what it stands on. Nothing goes before everything new is made, before what stood on it has gone or
//! moved on, and before others have forgotten the way there. What comes last does. And everything ends as it is wanted.

use std::collections::BTreeMap;
use std::time::Duration;

use fixedbitset::FixedBitSet;

use super::diff::{Change, Cycle};
use super::order::{Action, Plan, Step};
use super::{Entry, Kinds, Ledger};
use crate::desired::{Address, Desired};

/// Why nothing was planned: a mistake in the provider.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    /// What is wanted cannot be put in an order.
    #[error(transparent)]
    Cycle(#[from] Cycle),
    /// The plan would have done harm.
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
}

/// What harm a plan would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// It never comes to its end.
    #[error("the step for {0} waits for itself")]
    Endless(Address),
    /// It does not end in what is wanted.
    #[error("{0} would not become what is wanted")]
    Amiss(Address),
    /// Something is made on nothing.
    #[error("{made} would be made without waiting for {needed}")]
    Unfounded {
        /// What is made.
        made: Address,
        /// What it stands on.
        needed: Address,
    },
    /// Something that may still serve goes before its successor serves.
    #[error("{gone} would be deleted without waiting for {made}")]
    Hasty {
        /// What goes.
        gone: Address,
        /// What is made in the same plan.
        made: Address,
    },
    /// Something goes while something else still stands on it.
    #[error("{gone} would be deleted while {user} still needs it")]
    Undermined {
        /// What goes.
        gone: Address,
        /// What stands on it.
        user: Address,
    },
    /// Something goes while others still act on what they heard of it.
    #[error("{gone} would be deleted while others still act on what {user} said")]
    Remembered {
        /// What goes.
        gone: Address,
        /// What led there.
        user: Address,
    },
    /// Something is not last that should be.
    #[error("{last} would be done without waiting for {other}")]
    Premature {
        /// What comes last.
        last: Address,
        /// What goes before it.
        other: Address,
    },
}

/// Whether `plan` leads safely from `ledger` to `desired`; to nothing at all, where nobody is to be served, with `None`.
///
/// # Errors
/// The first harm that it would do.
pub fn lint(plan: &Plan, desired: Option<&Desired>, ledger: &Ledger, kinds: &dyn Kinds) -> Result<(), Unsafe> {
    let paths = Paths::of(&plan.steps)?;
    let makes = makes(&plan.steps);
    let standing = standing(plan, ledger, &makes)?;
    let lint = Lint { plan, desired, ledger, kinds, paths, makes, standing };
    lint.makes_are_founded()?;
    lint.removals_are_safe()?;
    lint.what_is_last_comes_last()
}

struct Lint<'a> {
    plan: &'a Plan,
    desired: Option<&'a Desired>,
    ledger: &'a Ledger,
    kinds: &'a dyn Kinds,
    paths: Paths<'a>,
    /// The steps that make or change something.
    makes: BTreeMap<&'a Address, Placed<'a>>,
    standing: Vec<Standing<'a>>,
}

/// An object that exists before the plan.
struct Standing<'a> {
    address: &'a Address,
    entry: &'a Entry,
    /// The step with which it goes.
    goes: Option<Placed<'a>>,
    /// The step with which it is changed, and stands on what is wanted from then on.
    moves: Option<Placed<'a>>,
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

fn is_removal(step: &Step) -> bool {
    matches!(step.action, Action::Delete | Action::Retire(_))
}

fn makes(steps: &[Step]) -> BTreeMap<&Address, Placed<'_>> {
    let makes = placed(steps).filter(|make| !is_removal(make.step));
    makes.map(|make| (&make.step.address, make)).collect()
}

/// What becomes of everything that exists; every step must have its object, and every object the step that it needs.
fn standing<'a>(
    plan: &'a Plan,
    ledger: &'a Ledger,
    makes: &BTreeMap<&Address, Placed<'a>>,
) -> Result<Vec<Standing<'a>>, Unsafe> {
    let amiss = |address: &Address| Unsafe::Amiss(address.clone());
    for (address, change) in &plan.difference.changes {
        let fits = matches!(
            (change, makes.get(address).map(|make| &make.step.action)),
            (Change::Keep, None)
                | (Change::Create, Some(Action::Create))
                | (Change::Update(_), Some(Action::Update(_)))
                | (Change::Replace(_), Some(Action::Replace(_)))
        );
        if !fits || (*change == Change::Create) == ledger.entries.contains_key(address) {
            return Err(amiss(address));
        }
    }
    let wanted = |address: &Address| plan.difference.changes.contains_key(address);
    for Placed { at, step } in placed(&plan.steps).filter(|placed| !is_removal(placed.step)) {
        if makes.get(&step.address).is_none_or(|make| make.at != at) || !wanted(&step.address) {
            return Err(amiss(&step.address));
        }
    }
    let mut free: Vec<Placed<'_>> = placed(&plan.steps).filter(|removal| is_removal(removal.step)).collect();
    let mut goes = |address: &Address, action: &Action| {
        let own = |removal: &Placed<'_>| removal.step.address == *address && removal.step.action == *action;
        let place = free.iter().position(own).ok_or_else(|| amiss(address))?;
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
    free.first().map_or(Ok(all), |removal| Err(amiss(&removal.step.address)))
}

impl Lint<'_> {
    /// Whether a step comes after the removals. One that puts something new in the place of something else does not.
    fn is_last(&self, make: Placed<'_>) -> bool {
        let Step { address, action, .. } = make.step;
        let node = self.desired.and_then(|desired| desired.get(address));
        node.is_some_and(|node| node.is_last) && matches!(action, Action::Create | Action::Update(_))
    }

    /// What something stands on is there before it, and what it leaves out where that fails has been tried.
    fn makes_are_founded(&self) -> Result<(), Unsafe> {
        for (address, make) in &self.makes {
            let Some(node) = self.desired.and_then(|desired| desired.get(address)) else { continue };
            let unfounded = |needed: &Address| Unsafe::Unfounded { made: (*address).clone(), needed: needed.clone() };
            for needed in &node.depends_on {
                let is_there = match self.makes.get(needed) {
                    Some(before) => self.paths.succeeds(*before, *make),
                    None => self.ledger.entries.contains_key(needed),
                };
                if !is_there {
                    return Err(unfounded(needed));
                }
            }
            let tried = |needed: &&Address| self.makes.get(needed).is_none_or(|before| self.paths.ends(*before, *make));
            if let Some(needed) = node.waits_for.iter().find(|needed| !tried(needed)) {
                return Err(unfounded(needed));
            }
        }
        Ok(())
    }

    fn removals_are_safe(&self) -> Result<(), Unsafe> {
        for going in &self.standing {
            let Some(removal) = going.goes else { continue };
            // Which of them takes its place nobody here can tell: all of them have to be there.
            let first = self.makes.values().filter(|make| !self.is_last(**make));
            if let Some(make) = first.copied().find(|make| !self.paths.succeeds(*make, removal)) {
                return Err(Unsafe::Hasty { gone: going.address.clone(), made: make.step.address.clone() });
            }
            self.nobody_needs(going, removal)?;
            let forgotten = self.ledger.lingering.get(going.address).filter(|_| self.desired.is_some());
            if removal.step.not_before < forgotten.copied() {
                return Err(Unsafe::Remembered { gone: going.address.clone(), user: going.address.clone() });
            }
        }
        Ok(())
    }

    /// Whoever stood on what goes with `removal` has gone or moved on before, and those whom it told of it had time to hear.
    fn nobody_needs(&self, going: &Standing<'_>, removal: Placed<'_>) -> Result<(), Unsafe> {
        for user in self.standing.iter().filter(|user| user.entry.depends_on.contains(going.address)) {
            let Some(left) = user.goes.or(user.moves).filter(|left| left.at != removal.at && !self.is_last(*left))
            else {
                continue;
            };
            let (gone, user_address) = (going.address.clone(), user.address.clone());
            if !self.paths.succeeds(left, removal) {
                return Err(Unsafe::Undermined { gone, user: user_address });
            }
            let spec = self.plan.difference.specs.get(user.address).unwrap_or(&user.entry.spec);
            let linger = self.kinds.drain_period(&user.address.kind, spec);
            if self.desired.is_some() && !linger.is_zero() && self.paths.pause(left, removal) < linger {
                return Err(Unsafe::Remembered { gone, user: user_address });
            }
        }
        Ok(())
    }

    fn what_is_last_comes_last(&self) -> Result<(), Unsafe> {
        let removals = || self.standing.iter().filter_map(|standing| standing.goes);
        for last in self.makes.values().copied().filter(|make| self.is_last(*make)) {
            if let Some(other) = removals().find(|other| !self.paths.succeeds(*other, last)) {
                let (last, other) = (last.step.address.clone(), other.step.address.clone());
                return Err(Unsafe::Premature { last, other });
            }
        }
        Ok(())
    }
}

/// Which steps come before which, directly or through others.
struct Paths<'a> {
    /// The steps in an order in which each comes after those that it waits for.
    order: Vec<Placed<'a>>,
    /// For each step, those that must have succeeded before it begins.
    succeed: Vec<FixedBitSet>,
    /// For each step, those that must have ended before it begins.
    end: Vec<FixedBitSet>,
}

impl<'a> Paths<'a> {
    fn of(steps: &'a [Step]) -> Result<Self, Unsafe> {
        let order = order(steps)?;
        let none = vec![FixedBitSet::with_capacity(steps.len()); steps.len()];
        let (mut succeed, mut end) = (none.clone(), none);
        for Placed { at, step } in &order {
            for before in step.after.keys() {
                add(&mut succeed, *before, *at);
                add(&mut end, *before, *at);
            }
            for before in &step.waits_for {
                add(&mut end, *before, *at);
            }
        }
        Ok(Self { order, succeed, end })
    }

    /// Whether `after` begins only when `before` has succeeded.
    fn succeeds(&self, before: Placed<'_>, after: Placed<'_>) -> bool {
        self.succeed.get(after.at).is_some_and(|steps| steps.contains(before.at))
    }

    /// Whether `after` begins only when `before` has ended.
    fn ends(&self, before: Placed<'_>, after: Placed<'_>) -> bool {
        self.end.get(after.at).is_some_and(|steps| steps.contains(before.at))
    }

    /// The least time from the end of `before` until `after` may begin.
    fn pause(&self, before: Placed<'_>, after: Placed<'_>) -> Duration {
        let mut pauses: BTreeMap<usize, Duration> = BTreeMap::from([(before.at, Duration::ZERO)]);
        for Placed { at, step } in &self.order {
            let by = |(other, wait): (&usize, &Duration)| pauses.get(other).map(|pause| *pause + *wait);
            if let Some(pause) = step.after.iter().filter_map(by).max() {
                pauses.insert(*at, pause);
            }
        }
        pauses.get(&after.at).copied().unwrap_or_default()
    }
}

/// The steps in an order in which each comes after those that it waits for.
///
/// # Errors
/// [`Unsafe::Endless`] when a step waits for itself, or for a step that is not in the plan.
fn order(steps: &[Step]) -> Result<Vec<Placed<'_>>, Unsafe> {
    let endless = |step: &Step| Unsafe::Endless(step.address.clone());
    let mut waiting: Vec<usize> = steps.iter().map(|step| step.after.len() + step.waits_for.len()).collect();
    let mut followers = vec![Vec::new(); steps.len()];
    for follower in placed(steps) {
        for before in follower.step.after.keys().chain(&follower.step.waits_for) {
            followers.get_mut(*before).ok_or_else(|| endless(follower.step))?.push(follower);
        }
    }
    let mut order: Vec<Placed<'_>> =
        placed(steps).zip(&waiting).filter(|(_, count)| **count == 0).map(|(it, _)| it).collect();
    let mut next = 0;
    while let Some(done) = order.get(next).copied() {
        next += 1;
        for follower in followers.get(done.at).into_iter().flatten() {
            let Some(count) = waiting.get_mut(follower.at) else { continue };
            *count -= 1;
            if *count == 0 {
                order.push(*follower);
            }
        }
    }
    let mut stuck = steps.iter().zip(waiting).filter(|(_, count)| *count > 0);
    stuck.next().map_or(Ok(order), |(step, _)| Err(endless(step)))
}

/// `after` comes after `before` and everything before that.
fn add(paths: &mut [FixedBitSet], before: usize, after: usize) {
    let Some(mut further) = paths.get(before).cloned() else { return };
    further.insert(before);
    if let Some(own) = paths.get_mut(after) {
        own.union_with(&further);
    }
}
