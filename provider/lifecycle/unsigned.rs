//! Creates that have ended, and of which the host may not have kept the state yet.
//!
//! A host that dies before it has written down what it was told has lost it, and its next run must be able to go on with
//! what was made, as with any create that died. So the claim says that the create is under way, and its pulse goes on,
//! until the host is known to have the state: it ends the provider in good order, or comes with the state.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, FutureExt, join_all};
use futures::stream::{StreamExt, iter};

use super::held::{Key, key};
use super::lease::{PULSE, Pulse};
use crate::aws::Clock;
use crate::components::claim::Phase;
use crate::resources::Resource;

/// How many there may be: each costs a call with every beat. When so many others have ended since, the host has written
/// down the first of them long ago.
const MOST: usize = 32;

/// How many are signed off at a time: each has half a minute, and CloudWatch Logs takes ten calls in a second.
const SIDE_BY_SIDE: usize = 16;

/// The creates of one process that ended and are not signed off. Clones share them.
#[derive(Clone, Default)]
pub struct Unsigned {
    creates: Arc<Mutex<Vec<Create>>>,
    /// How many of the host's calls are not answered yet.
    unanswered: Arc<AtomicUsize>,
}

/// A call of the host's that is not answered yet, until this is dropped.
pub(super) struct Unanswered(Arc<AtomicUsize>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A create that has ended.
#[derive(Clone)]
struct Create {
    key: Key,
    pulse: Pulse,
    /// How far it came.
    phase: Phase,
}

impl Unsigned {
    /// The host waits for the answer to a call from now on.
    pub(super) fn unanswered(&self) -> Unanswered {
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        Unanswered(Arc::clone(&self.unanswered))
    }

    /// The host is told of this create's end now.
    pub(super) async fn add(&self, resource: &dyn Resource, pulse: Pulse, phase: Phase) {
        let create = Create { key: key(resource, pulse.owner()), pulse, phase };
        let oldest = {
            let mut creates = self.lock();
            creates.push(create);
            (creates.len() > MOST).then(|| creates.remove(0))
        };
        if let Some(oldest) = oldest {
            oldest.pulse.end(oldest.phase).await;
        }
    }

    /// The host comes with the state of this resource.
    pub(super) async fn sign_off_one(&self, resource: &dyn Resource, owner: &str) {
        let create = {
            let mut creates = self.lock();
            let place = creates.iter().position(|create| create.key == key(resource, owner));
            place.map(|place| creates.remove(place))
        };
        if let Some(create) = create {
            create.pulse.end(create.phase).await;
        }
    }

    /// The host asks the provider to end: it has kept everything that it was told. Unless a call is not answered yet: then
    /// its user has lost patience, it ends without waiting for anything, and what it has kept is not known.
    pub async fn sign_off(&self) {
        if self.unanswered.load(Ordering::SeqCst) > 0 {
            return;
        }
        let creates = std::mem::take(&mut *self.lock());
        iter(creates).for_each_concurrent(SIDE_BY_SIDE, async |create| create.pulse.end(create.phase).await).await;
    }

    /// Lets every claim say that its create is alive, for as long as this is awaited.
    pub fn stay_alive<'a>(&'a self, clock: &'a dyn Clock) -> BoxFuture<'a, ()> {
        let beats = async move {
            loop {
                clock.sleep(PULSE).await;
                let creates = self.lock().clone();
                join_all(creates.into_iter().map(|create| self.beat(create))).await;
            }
        };
        // The compiler gives up on the size of so many futures within each other.
        beats.boxed()
    }

    async fn beat(&self, mut create: Create) {
        let is_alive = create.pulse.beat().await;
        let mut creates = self.lock();
        // Unless it was signed off meanwhile.
        let Some(place) = creates.iter().position(|kept| kept.key == create.key) else { return };
        if is_alive {
            creates[place] = create;
        } else {
            // Another run has taken it over, while this one was suspended: nothing is left to be said of it.
            creates.remove(place);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Create>> {
        self.creates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
