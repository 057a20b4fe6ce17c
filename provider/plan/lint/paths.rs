//! Which steps of a plan come before which.

use std::collections::BTreeMap;
use std::time::Duration;

use fixedbitset::FixedBitSet;

use super::{Placed, Unsafe, placed};
use crate::plan::Step;

/// Which steps come before which, directly or through others.
pub(super) struct Paths<'a> {
    /// The steps, each after those that it waits for.
    order: Vec<Placed<'a>>,
    /// For each step, those that must have succeeded before it begins.
    succeed: Vec<FixedBitSet>,
    /// For each step, those that must have ended before it begins.
    end: Vec<FixedBitSet>,
}

impl<'a> Paths<'a> {
    pub(super) fn of(steps: &'a [Step]) -> Result<Self, Unsafe> {
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
    pub(super) fn succeeds(&self, before: Placed<'_>, after: Placed<'_>) -> bool {
        self.succeed.get(after.at).is_some_and(|steps| steps.contains(before.at))
    }

    /// Whether `after` begins only when `before` has ended.
    pub(super) fn ends(&self, before: Placed<'_>, after: Placed<'_>) -> bool {
        self.end.get(after.at).is_some_and(|steps| steps.contains(before.at))
    }

    /// The least time from the end of `before` until `after` may begin.
    pub(super) fn pause(&self, before: Placed<'_>, after: Placed<'_>) -> Duration {
        let mut pauses: BTreeMap<usize, Duration> = BTreeMap::from([(before.at, Duration::ZERO)]);
        for Placed { at, step } in &self.order {
            let by = |(other, wait): (&usize, &Duration)| pauses.get(other).map(|pause| pause.saturating_add(*wait));
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
/// [`Unsafe::Cycle`] when a step waits for itself, or for a step that is not in the plan.
fn order(steps: &[Step]) -> Result<Vec<Placed<'_>>, Unsafe> {
    let cyclic = |step: &Step| Unsafe::Cycle(step.address.clone());
    let mut waiting: Vec<usize> = steps.iter().map(|step| step.after.len() + step.waits_for.len()).collect();
    let mut followers = vec![Vec::new(); steps.len()];
    for follower in placed(steps) {
        for before in follower.step.after.keys().chain(&follower.step.waits_for) {
            followers.get_mut(*before).ok_or_else(|| cyclic(follower.step))?.push(follower);
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
    let is_stuck = |at: &usize| waiting.get(*at).is_some_and(|count| *count > 0);
    // Other steps only wait for those of the cycle. Back from any of them, the steps end in the cycle.
    let before =
        |at: usize| steps.get(at).and_then(|step| step.after.keys().chain(&step.waits_for).copied().find(is_stuck));
    let stuck = (0..steps.len()).find(is_stuck);
    let in_cycle = (0..steps.len()).fold(stuck, |at, _| at.and_then(before));
    in_cycle.and_then(|at| steps.get(at)).map_or(Ok(order), |step| Err(cyclic(step)))
}

/// `after` comes after `before` and everything before that.
fn add(paths: &mut [FixedBitSet], before: usize, after: usize) {
    let Some(mut further) = paths.get(before).cloned() else { return };
    further.insert(before);
    if let Some(own) = paths.get_mut(after) {
        own.union_with(&further);
    }
}
