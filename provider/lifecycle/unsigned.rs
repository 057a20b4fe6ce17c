//! Creates that have ended, and of which the host may not have kept the state yet.
//!
//! A host that dies before it has written down what it was told has lost it, and its next run must be able to go on with
//! what was made, as with any create that died. So the claim says that the create is under way, and its pulse goes on,
//! until the host is known to have the state: it ends the provider, or comes with the state.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, FutureExt, join_all};

use super::held::{Key, key};
use super::lease::{self, PULSE, Pulse};
use crate::apply::Engine;
use crate::aws::{Clock, chain};
use crate::components::claim::{self, Phase};
use crate::resources::Resource;

/// The creates of one process that ended and are not signed off. Clones share them.
#[derive(Clone, Default)]
pub struct Unsigned(Arc<Mutex<BTreeMap<Key, Create>>>);

/// A create that has ended.
#[derive(Clone)]
struct Create {
    engine: Engine,
    pulse: Pulse,
    /// How far it came.
    phase: Phase,
}

impl Unsigned {
    /// The host is told of this create's end now.
    pub(super) fn add(&self, resource: &dyn Resource, engine: &Engine, phase: Phase) {
        let create = Create { engine: engine.clone(), pulse: Pulse::new(engine), phase };
        self.lock().insert(key(resource, engine.owner()), create);
    }

    /// The host comes with the state of this resource.
    pub(super) async fn sign_off_one(&self, resource: &dyn Resource, owner: &str) {
        let create = self.lock().remove(&key(resource, owner));
        if let Some(create) = create {
            create.sign_off().await;
        }
    }

    /// The host has kept everything that it was told: it asks the provider to end.
    pub async fn sign_off(&self) {
        let creates = std::mem::take(&mut *self.lock());
        join_all(creates.values().map(Create::sign_off)).await;
    }

    /// Lets every claim say that its create is alive, for as long as this is awaited.
    pub fn stay_alive<'a>(&'a self, clock: &'a dyn Clock) -> BoxFuture<'a, ()> {
        let beats = async move {
            loop {
                clock.sleep(PULSE).await;
                let creates = self.lock().clone();
                join_all(creates.into_iter().map(|(key, create)| self.beat(key, create))).await;
            }
        };
        // The compiler gives up on the size of so many futures within each other.
        beats.boxed()
    }

    async fn beat(&self, key: Key, mut create: Create) {
        let is_alive = create.pulse.beat().await;
        let mut creates = self.lock();
        if !is_alive {
            // Another run has taken it over, while this one was suspended: nothing is left to be said of it.
            creates.remove(&key);
        } else if let Some(kept) = creates.get_mut(&key) {
            // Unless it was signed off meanwhile.
            kept.pulse = create.pulse;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Create>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Create {
    async fn sign_off(&self) {
        let aws = self.engine.aftermath(&lease::address());
        if let Err(error) = claim::end(&aws, self.phase).await {
            // The state says more than the claim: the next plan shows it, and its apply tells the claim.
            tracing::warn!(error = %chain(&error), "the claim could not be told that its create has ended");
        }
    }
}
