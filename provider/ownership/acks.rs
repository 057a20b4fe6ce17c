//! Creates whose result the host may not have persisted yet.
//!
//! A host that dies before it has persisted a state has lost it, and its next run must be able to continue the create. So
//! heartbeats go on in the claim's phase `creating` until the host is known to have the state: it shuts the provider down in
//! good order, or comes with the state.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt, join_all};
use futures::stream::{StreamExt, iter};

use super::hold::Hold;
use crate::aws::Clock;
use crate::components::ownership as claim;
use crate::desired::{Owner, Phase};

/// Upper bound; each costs one call per heartbeat. Beyond it, the oldest that the host must have persisted are released.
const MAX_PENDING: usize = 32;

/// A host that was told of one result, and of another one so long after it, has persisted the first.
///
/// # Source
/// `hook_state.go` and `filesystem.go` of OpenTofu and Terraform: when a resource has changed, the state is written unless
/// it was within the last 20 s. Terraform writes one that is a local file every time.
const PERSISTED_WITHIN: Duration = Duration::from_secs(25);

/// How many are released at a time: each has half a minute, and CloudWatch Logs takes ten calls in a second.
const CONCURRENT_RELEASES: usize = 16;

/// How often the process checks which heartbeats are due.
const CHECK: Duration = Duration::from_secs(claim::FIRST_HEARTBEAT_INTERVAL);

/// The creates of one process that ended and whose host may not have persisted the state. Clones share them.
#[derive(Clone, Default)]
pub struct PendingAcks {
    creates: Arc<Mutex<Vec<Create>>>,
    /// How many of the host's calls are not answered yet.
    unanswered: Arc<AtomicUsize>,
}

/// A call of the host's that is not answered yet, until this is dropped.
pub struct Unanswered(Arc<AtomicUsize>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A create that has ended.
#[derive(Clone)]
struct Create {
    hold: Hold,
    phase: Phase,
    ended: Instant,
    next_heartbeat: Instant,
}

impl PendingAcks {
    /// The host waits for the answer to a call from now on.
    pub fn unanswered(&self) -> Unanswered {
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        Unanswered(Arc::clone(&self.unanswered))
    }

    /// The host is given the result of a create now.
    pub fn add(&self, hold: Hold, phase: Phase) {
        let now = hold.now();
        self.lock().push(Create { hold, phase, ended: now, next_heartbeat: now + CHECK });
    }

    /// The host comes with the state of this resource, so it has persisted it.
    pub async fn acknowledge(&self, owner: &Owner) {
        let create = {
            let mut creates = self.lock();
            let place = creates.iter().position(|create| create.hold.owner() == owner);
            place.map(|place| creates.remove(place))
        };
        release(create.into_iter().collect()).await;
    }

    /// The host shuts the provider down: it has persisted everything that it was given. Unless a call is not answered yet:
    /// then its user interrupted it twice, it ends without waiting, and nobody knows what it has persisted.
    pub async fn acknowledge_all(&self) {
        if self.unanswered.load(Ordering::SeqCst) > 0 {
            return;
        }
        let creates = std::mem::take(&mut *self.lock());
        release(creates).await;
    }

    /// Writes the heartbeats of every pending create, for as long as this is awaited.
    pub fn keep_alive<'a>(&'a self, clock: &'a dyn Clock) -> BoxFuture<'a, ()> {
        let heartbeats = async move {
            loop {
                clock.sleep(CHECK).await;
                let now = clock.now();
                let due: Vec<Create> =
                    self.lock().iter().filter(|create| create.next_heartbeat <= now).cloned().collect();
                join_all(due.into_iter().map(|create| self.beat(create))).await;
            }
        };
        // On its own: no heartbeat waits for a release.
        let releases = async move {
            loop {
                clock.sleep(CHECK).await;
                release(self.persisted(clock.now())).await;
            }
        };
        // The compiler gives up on the size of so many futures within each other.
        async move { tokio::join!(heartbeats, releases).0 }.boxed()
    }

    /// Takes out what is beyond [`MAX_PENDING`] and persisted.
    fn persisted(&self, now: Instant) -> Vec<Create> {
        let mut creates = self.lock();
        let excess = creates.len().saturating_sub(MAX_PENDING);
        // A result of this moment may be on its way to the host.
        let told = creates.iter().map(|create| create.ended).filter(|ended| *ended + CHECK <= now).max();
        let is_persisted = |create: &&Create| told.is_some_and(|told| create.ended + PERSISTED_WITHIN <= told);
        let persisted = creates.iter().take(excess).take_while(is_persisted).count();
        creates.drain(..persisted).collect()
    }

    async fn beat(&self, mut create: Create) {
        let is_ours = create.hold.beat().await;
        create.next_heartbeat = create.hold.now() + create.hold.until_next();
        let mut creates = self.lock();
        // Unless it was released meanwhile.
        let same = |kept: &Create| kept.hold.owner() == create.hold.owner();
        if !is_ours {
            // Another run has taken it over while this one was suspended.
            creates.retain(|kept| !same(kept));
        } else if let Some(kept) = creates.iter_mut().find(|kept| same(kept)) {
            *kept = create;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Create>> {
        self.creates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the phases of these creates.
async fn release(creates: Vec<Create>) {
    iter(creates)
        .for_each_concurrent(CONCURRENT_RELEASES, async |create| create.hold.acknowledge(create.phase).await)
        .await;
}
