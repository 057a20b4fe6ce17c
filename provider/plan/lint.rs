//! Whether a plan is safe for traffic: asked of every finished plan, in other words than those in which it was made.
//!
//! Nothing is made before what it stands on. Nothing goes before everything new is made, before what stood on it has gone or
//! moved on, and before others have forgotten the way there. What comes last does. And everything ends as it is wanted.

use std::collections::BTreeMap;
use std::time::Duration;

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
    paths: Paths,
    /// The steps that make or change something.
    makes: BTreeMap<&'a Address, usize>,
    standing: Vec<Standing<'a>>,
}

/// An object that exists before the plan.
struct Standing<'a> {
    address: &'a Address,
    entry: &'a Entry,
    /// The step with which it goes.
    goes: Option<usize>,
    /// The step with which it is changed, and stands on what is wanted from then on.
    moves: Option<usize>,
}

fn is_removal(step: &Step) -> bool {
    matches!(step.action, Action::Delete | Action::Retire(_))
}

fn makes(steps: &[Step]) -> BTreeMap<&Address, usize> {
    let makes = steps.iter().enumerate().filter(|(_, step)| !is_removal(step));
    makes.map(|(at, step)| (&step.address, at)).collect()
}

/// What becomes of everything that exists; every step must have its object, and every object the step that it needs.
fn standing<'a>(
    plan: &'a Plan,
    ledger: &'a Ledger,
    makes: &BTreeMap<&Address, usize>,
) -> Result<Vec<Standing<'a>>, Unsafe> {
    let amiss = |address: &Address| Unsafe::Amiss(address.clone());
    for (address, change) in &plan.difference.changes {
        let fits = matches!(
            (change, makes.get(address).map(|step| &plan.steps[*step].action)),
            (Change::Keep, None)
                | (Change::Create, Some(Action::Create))
                | (Change::Update(_), Some(Action::Update(_)))
                | (Change::Replace(_), Some(Action::Replace(_)))
        );
        if !fits || (*change == Change::Create) == ledger.entries.contains_key(address) {
            return Err(amiss(address));
        }
    }
    let is_makes_own = |(at, step): (usize, &Step)| is_removal(step) || makes.get(&step.address) == Some(&at);
    let wanted = |address: &Address| plan.difference.changes.contains_key(address);
    for (at, step) in plan.steps.iter().enumerate() {
        if !is_makes_own((at, step)) || (!is_removal(step) && !wanted(&step.address)) {
            return Err(amiss(&step.address));
        }
    }
    let mut free: Vec<usize> = (0..plan.steps.len()).filter(|at| is_removal(&plan.steps[*at])).collect();
    let mut goes = |address: &Address, action: &Action| {
        let own = |at: &usize| plan.steps[*at].address == *address && plan.steps[*at].action == *action;
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
    free.first().map_or(Ok(all), |at| Err(amiss(&plan.steps[*at].address)))
}

impl Lint<'_> {
    fn address(&self, step: usize) -> Address {
        self.plan.steps[step].address.clone()
    }

    /// Whether a step comes after the removals. One that puts something new in the place of something else does not.
    fn is_last(&self, step: usize) -> bool {
        let Step { address, action, .. } = &self.plan.steps[step];
        let node = self.desired.and_then(|desired| desired.get(address));
        node.is_some_and(|node| node.is_last) && matches!(action, Action::Create | Action::Update(_))
    }

    /// What something stands on is there before it, and what it leaves out where that fails has been tried.
    fn makes_are_founded(&self) -> Result<(), Unsafe> {
        for (address, step) in &self.makes {
            let Some(node) = self.desired.and_then(|desired| desired.get(address)) else { continue };
            let unfounded = |needed: &Address| Unsafe::Unfounded { made: (*address).clone(), needed: needed.clone() };
            for needed in &node.depends_on {
                let is_there = match self.makes.get(needed) {
                    Some(before) => self.paths.succeeds(*before, *step),
                    None => self.ledger.entries.contains_key(needed),
                };
                if !is_there {
                    return Err(unfounded(needed));
                }
            }
            let tried = |needed: &&Address| self.makes.get(needed).is_none_or(|before| self.paths.ends(*before, *step));
            if let Some(needed) = node.waits_for.iter().find(|needed| !tried(needed)) {
                return Err(unfounded(needed));
            }
        }
        Ok(())
    }

    fn removals_are_safe(&self) -> Result<(), Unsafe> {
        for going in &self.standing {
            let Some(step) = going.goes else { continue };
            // Which of them takes its place nobody here can tell: all of them have to be there.
            let first = self.makes.values().filter(|make| !self.is_last(**make));
            if let Some(make) = first.copied().find(|make| !self.paths.succeeds(*make, step)) {
                return Err(Unsafe::Hasty { gone: going.address.clone(), made: self.address(make) });
            }
            self.nobody_needs(going, step)?;
            let forgotten = self.ledger.lingering.get(going.address).filter(|_| self.desired.is_some());
            if self.plan.steps[step].not_before < forgotten.copied() {
                return Err(Unsafe::Remembered { gone: going.address.clone(), user: going.address.clone() });
            }
        }
        Ok(())
    }

    /// Whoever stood on what goes with `step` has gone or moved on before, and those whom it told of it had time to hear.
    fn nobody_needs(&self, going: &Standing<'_>, step: usize) -> Result<(), Unsafe> {
        for user in self.standing.iter().filter(|user| user.entry.depends_on.contains(going.address)) {
            let Some(left) = user.goes.or(user.moves).filter(|left| *left != step && !self.is_last(*left)) else {
                continue;
            };
            let (gone, user_address) = (going.address.clone(), user.address.clone());
            if !self.paths.succeeds(left, step) {
                return Err(Unsafe::Undermined { gone, user: user_address });
            }
            let spec = self.plan.difference.specs.get(user.address).unwrap_or(&user.entry.spec);
            let linger = self.kinds.drain_period(&user.address.kind, spec);
            if self.desired.is_some() && !linger.is_zero() && self.paths.pause(&self.plan.steps, left, step) < linger {
                return Err(Unsafe::Remembered { gone, user: user_address });
            }
        }
        Ok(())
    }

    fn what_is_last_comes_last(&self) -> Result<(), Unsafe> {
        let removals = || self.standing.iter().filter_map(|standing| standing.goes);
        for last in self.makes.values().copied().filter(|step| self.is_last(*step)) {
            if let Some(other) = removals().find(|other| !self.paths.succeeds(*other, last)) {
                return Err(Unsafe::Premature { last: self.address(last), other: self.address(other) });
            }
        }
        Ok(())
    }
}

/// Which steps come before which, through any number of others.
struct Paths {
    /// The steps in an order in which each comes after those that it waits for.
    order: Vec<usize>,
    succeed: Vec<Steps>,
    end: Vec<Steps>,
}

/// A set of steps, a bit for each.
type Steps = Vec<u64>;

impl Paths {
    fn of(steps: &[Step]) -> Result<Self, Unsafe> {
        let order = Self::order(steps)?;
        let nobody = vec![vec![0; steps.len().div_ceil(64)]; steps.len()];
        let mut paths = Self { order, succeed: nobody.clone(), end: nobody };
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
                // A step that is not there never ends.
                followers.get_mut(*before).ok_or_else(|| Unsafe::Endless(step.address.clone()))?.push(at);
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
        let endless = waiting.iter().position(|waiting| *waiting > 0);
        endless.map_or(Ok(order), |at| Err(Unsafe::Endless(steps[at].address.clone())))
    }

    /// Whether `after` begins only when `before` has succeeded.
    fn succeeds(&self, before: usize, after: usize) -> bool {
        has(&self.succeed[after], before)
    }

    /// Whether `after` begins only when `before` has ended.
    fn ends(&self, before: usize, after: usize) -> bool {
        has(&self.end[after], before)
    }

    /// How long after the end of `before` it takes at least until `after` may begin.
    fn pause(&self, steps: &[Step], before: usize, after: usize) -> Duration {
        let mut pauses: BTreeMap<usize, Duration> = BTreeMap::from([(before, Duration::ZERO)]);
        for at in &self.order {
            let by = |(other, wait): (&usize, &Duration)| pauses.get(other).map(|pause| *pause + *wait);
            if let Some(pause) = steps[*at].after.iter().filter_map(by).max() {
                pauses.insert(*at, pause);
            }
        }
        pauses.get(&after).copied().unwrap_or_default()
    }
}

/// `after` comes after `before` and after all that it comes after.
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
