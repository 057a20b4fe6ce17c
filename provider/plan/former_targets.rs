//! The deletions after a ledger was rebuilt from AWS, which does not report what a record led to before.

use std::collections::BTreeSet;
use std::time::Duration;

use super::order::{Plan, Removal};
use crate::desired::Address;

impl Plan {
    /// Orders each of the `removals`, whose steps begin at `first`, after the removed components with a drain period: any of
    /// them may have led clients to it. A component that is deleted before such a component in any case was not its target:
    /// a distribution precedes the record of its origin, and so does everything that precedes the distribution.
    ///
    /// `drains` are their drain periods. Guarantees: no step waits for itself because of this.
    pub(super) fn await_former_users(&mut self, removals: &[Removal<'_>], first: usize, drains: &[Duration]) {
        let users = removals.iter().zip(drains).enumerate().filter(|(_, (_, drain))| !drain.is_zero());
        let users: Vec<(usize, &Address, Duration)> =
            users.map(|(at, (removal, drain))| (at, removal.address, *drain)).collect();
        for (at, Removal { address, .. }) in removals.iter().enumerate() {
            for (user, user_address, drain) in &users {
                let (step, user) = (first + at, first + user);
                if user_address.kind != address.kind && !self.is_after(user, step) {
                    let after = self.steps.get_mut(step).map(|step| step.after.entry(user).or_default());
                    after.into_iter().for_each(|wait| *wait = (*wait).max(*drain));
                }
            }
        }
    }

    /// Whether the step at `later` waits for the one at `earlier`, directly or through others.
    fn is_after(&self, later: usize, earlier: usize) -> bool {
        let (mut open, mut seen) = (vec![later], BTreeSet::new());
        while let Some(at) = open.pop() {
            if at == earlier {
                return true;
            }
            if seen.insert(at) {
                open.extend(self.steps.get(at).into_iter().flat_map(|step| step.after.keys()).copied());
            }
        }
        false
    }
}
