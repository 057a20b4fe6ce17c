//! How a change that clients notice at once reaches the regions of a resource.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Scope;

/// The order of the regions. The default changes all of them at the same time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rollout {
    /// The regions of each wave. All others form the last wave.
    pub waves: Vec<BTreeSet<String>>,
    /// The time between the checks of a wave and the changes of the next one.
    pub bake: Duration,
    /// What happens when a check of a wave fails.
    pub on_failure: OnFailure,
}

/// What happens when a check fails after regions have changed. No further wave begins in either case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// All regions that have changed return to their previous settings.
    #[default]
    Rollback,
    /// The regions keep their settings.
    Stop,
}

impl Rollout {
    /// A rollout to this region first, and then to all others.
    pub fn one_first(region: Option<&str>) -> Self {
        let waves = region.into_iter().map(|region| BTreeSet::from([region.to_owned()])).collect();
        Self { waves, ..Self::default() }
    }

    /// The wave of the components of `scope`, beginning with 0; `None` for global components, which belong to no wave.
    pub fn wave(&self, scope: &Scope) -> Option<usize> {
        let region = scope.region()?;
        Some(self.waves.iter().position(|wave| wave.contains(region)).unwrap_or(self.waves.len()))
    }
}
