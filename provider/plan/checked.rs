//! A plan that is checked before anything uses it.

use super::diff::Cycle;
use super::lint::{Unsafe, lint};
use super::{Kinds, Ledger, Plan};
use crate::desired::Desired;

/// The reason why no plan was made: a bug in the provider.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    /// Components of the desired graph depend on each other in a cycle.
    #[error(transparent)]
    Cycle(#[from] Cycle),
    /// The plan is not safe for traffic.
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
}

impl Plan {
    /// Plans the way from `ledger` to `desired`, and checks that it is safe for traffic.
    ///
    /// # Errors
    /// [`Mistake`].
    pub fn checked(desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> Result<Self, Mistake> {
        let plan = Self::new(desired, ledger, kinds)?;
        lint(&plan, Some(desired), ledger, kinds)?;
        Ok(plan)
    }
}
