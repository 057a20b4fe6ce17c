//! Creates that have ended, and of which the host may not have kept the state yet.
//!
//! A host that dies before it has written down what it was told has lost it, and its next run must be able to go on with
//! what was made, as with any create that died. So the claim says that the create is under way, and its pulse goes on,
//! until the host is known to have the state: it ends the provider in good order, or comes with the state.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt, join_all};
use futures::stream::{StreamExt, iter};

use super::held::{Key, key};
use super::lease::{PULSE, Pulse};
use crate::aws::Clock;
use crate::components::claim::Phase;
use crate::resources::Resource;

/// How many there are to be: each costs a call with every beat. Of more, those are signed off that the host must have
/// written down.
const MOST: usize = 32;

/// A host that was told of an end, and of another one so long after it, has written down the first.
///
/// # Source
/// `hook_state.go` and `filesystem.go` of OpenTofu and Terraform: when a resource has changed, the state is written unless
/// it was within the last 20 s. Terraform writes one that is a local file every time.
const WRITTEN_WITHIN: Duration = Duration::from_secs(25);

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
    ended: Instant,
}

impl Unsigned {
    /// The host waits for the answer to a call from now on.
    pub(super) fn unanswered(&self) -> Unanswered {
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        Unanswered(Arc::clone(&self.unanswered))
    }

    /// The host is told of this create's end now.
    pub(super) fn add(&self, resource: &dyn Resource, pulse: Pulse, phase: Phase) {
        self.lock().push(Create { key: key(resource, pulse.owner()), ended: pulse.now(), pulse, phase });
    }

    /// The host comes with the state of this resource.
    pub(super) async fn sign_off_one(&self, resource: &dyn Resource, owner: &str) {
        let create = {
            let mut creates = self.lock();
            let place = creates.iter().position(|create| create.key == key(resource, owner));
            place.map(|place| creates.remove(place))
        };
        end(create.into_iter().collect()).await;
    }

    /// The host asks the provider to end: it has kept everything that it was told. Unless a call is not answered yet: then
    /// its user has lost patience, it ends without waiting for anything, and what it has kept is not known.
    pub async fn sign_off(&self) {
        if self.unanswered.load(Ordering::SeqCst) > 0 {
            return;
        }
        let creates = std::mem::take(&mut *self.lock());
        end(creates).await;
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
        // By themselves: nobody's pulse waits for somebody's end.
        let ends = async move {
            loop {
                clock.sleep(PULSE).await;
                end(self.written(clock.now())).await;
            }
        };
        // The compiler gives up on the size of so many futures within each other.
        async move { tokio::join!(beats, ends).0 }.boxed()
    }

    /// Takes out what is too many and written down.
    fn written(&self, now: Instant) -> Vec<Create> {
        let mut creates = self.lock();
        let too_many = creates.len().saturating_sub(MOST);
        // An end of this moment may be on its way to the host.
        let told = creates.iter().map(|create| create.ended).filter(|ended| *ended + PULSE <= now).max();
        let is_written = |create: &&Create| told.is_some_and(|told| create.ended + WRITTEN_WITHIN <= told);
        let written = creates.iter().take(too_many).take_while(is_written).count();
        creates.drain(..written).collect()
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

/// Says of these creates that their host has what they made.
async fn end(creates: Vec<Create>) {
    iter(creates).for_each_concurrent(SIDE_BY_SIDE, async |create| create.pulse.end(create.phase).await).await;
}
