//! Creates whose result the host may not have persisted yet.
//!
//! If a host exits before it has persisted a state, the state is lost, and the next run must be able to continue the create.
//! So the heartbeats continue, in the phase `creating`, until it is certain that the host has persisted the state: the
//! host shuts the provider down regularly, or sends the state back in a later call.
//!
//! ```text
//! host                     provider                              claim
//!  │ ApplyResourceChange ───▶ create ends ── add() ─────────────▶ phase creating, heartbeats
//!  │ ◀──────────── state ───┤
//!  │ persists the state     │ keep_alive() ────────────────────▶ heartbeats
//!  │ ReadResource, Plan… ──▶ acknowledge() ───────────────────▶ phase ready or kept
//!  │ or: Shutdown ──────────▶ acknowledge_all() ───────────────▶ phase ready or kept
//! ```

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt, join_all};
use futures::stream::{StreamExt, iter};

use super::hold::Hold;
use crate::aws::Clock;
use crate::components::ownership as claim;
use crate::desired::{Owner, Phase};

/// Upper bound on pending creates; each costs one call per heartbeat. Beyond it, the oldest creates that the host must have
/// persisted are released.
const MAX_PENDING: usize = 32;

/// A host that received one result, and another one this much later, has persisted the first.
///
/// # Source
/// `hook_state.go` and `filesystem.go` of OpenTofu and Terraform: when a resource has changed, the state is written unless
/// it was written within the last 20 s. Terraform writes a state in a local file every time.
const PERSISTED_WITHIN: Duration = Duration::from_secs(25);

/// How many creates are released at once: a release has 30 seconds, and CloudWatch Logs accepts ten calls per second.
const CONCURRENT_RELEASES: usize = 16;

/// How often the process checks which heartbeats are due.
const CHECK: Duration = Duration::from_secs(claim::FIRST_HEARTBEAT_INTERVAL);

/// The creates of one process that have ended and whose host may not have persisted the state. Clones share them.
#[derive(Clone, Default)]
pub struct PendingAcks {
    creates: Arc<Mutex<Vec<Create>>>,
    /// The number of plans and applies whose result the host still waits for.
    unanswered: Arc<AtomicUsize>,
}

/// A plan or apply whose result the host still waits for, until this is dropped.
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
    /// The phase that the create has reached.
    phase: Phase,
    ended: Instant,
    next_heartbeat: Instant,
}

impl PendingAcks {
    /// Records that the host waits for the result of a plan or apply.
    pub fn unanswered(&self) -> Unanswered {
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        Unanswered(Arc::clone(&self.unanswered))
    }

    /// Adds a create that has ended and whose result the host is about to receive.
    pub fn add(&self, hold: Hold, phase: Phase) {
        let now = hold.now();
        self.lock().push(Create { hold, phase, ended: now, next_heartbeat: now + CHECK });
    }

    /// Releases the claim of this resource: the host sent its state, so the host has persisted it.
    pub async fn acknowledge(&self, owner: &Owner) {
        let create = {
            let mut creates = self.lock();
            let position = creates.iter().position(|create| create.hold.owner() == owner);
            position.map(|position| creates.remove(position))
        };
        release(create.into_iter().collect()).await;
    }

    /// Releases all claims: the host shuts the provider down, so it has persisted every state that it received.
    ///
    /// Does nothing while a plan or apply is unanswered. In that case the user interrupted the host twice, the host exits
    /// without waiting, and it is unknown which states it has persisted.
    pub async fn acknowledge_all(&self) {
        if self.unanswered.load(Ordering::SeqCst) > 0 {
            return;
        }
        let creates = std::mem::take(&mut *self.lock());
        release(creates).await;
    }

    /// Writes the heartbeats of every pending create for as long as this is awaited. A panic ends neither this nor the
    /// heartbeats of other creates.
    pub fn keep_alive<'a>(&'a self, clock: &'a dyn Clock) -> BoxFuture<'a, ()> {
        let heartbeats = supervise(move || async move {
            loop {
                clock.sleep(CHECK).await;
                self.send_heartbeats(clock.now()).await;
            }
        });
        // A task of its own, so that no heartbeat waits for a release.
        let releases = supervise(move || async move {
            loop {
                clock.sleep(CHECK).await;
                release(self.take_persisted(clock.now())).await;
            }
        });
        // Boxed, because the nested futures exceed the compiler's limit on the size of a type.
        async move { tokio::join!(heartbeats, releases).0 }.boxed()
    }

    /// Writes the heartbeats that are due at `now`.
    async fn send_heartbeats(&self, now: Instant) {
        let due: Vec<Create> = self.lock().iter().filter(|create| create.next_heartbeat <= now).cloned().collect();
        join_all(due.into_iter().map(|create| async move {
            let owner = create.hold.owner().clone();
            if AssertUnwindSafe(self.send_heartbeat(create)).catch_unwind().await.is_err() {
                tracing::error!(%owner, "a heartbeat panicked and will be repeated");
            }
        }))
        .await;
    }

    async fn send_heartbeat(&self, mut create: Create) {
        let holds = create.hold.send_heartbeat().await;
        create.next_heartbeat = create.hold.now() + create.hold.until_next();
        let mut creates = self.lock();
        let is_same = |pending: &Create| pending.hold.owner() == create.hold.owner();
        if !holds {
            // Another run took the claim over while this process was suspended.
            creates.retain(|pending| !is_same(pending));
        } else if let Some(pending) = creates.iter_mut().find(|pending| is_same(pending)) {
            // None if the create was released meanwhile.
            *pending = create;
        }
    }

    /// Removes the creates beyond [`MAX_PENDING`] that the host must have persisted.
    fn take_persisted(&self, now: Instant) -> Vec<Create> {
        let mut creates = self.lock();
        let excess = creates.len().saturating_sub(MAX_PENDING);
        // The host may not have received a newer result yet.
        let received = creates.iter().map(|create| create.ended).filter(|ended| *ended + CHECK <= now).max();
        let is_persisted =
            |create: &&Create| received.is_some_and(|received| create.ended + PERSISTED_WITHIN <= received);
        let persisted = creates.iter().take(excess).take_while(is_persisted).count();
        creates.drain(..persisted).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Create>> {
        self.creates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs an endless task, and starts it again when it panics.
async fn supervise<F: Future<Output = Infallible>>(task: impl Fn() -> F) {
    loop {
        // The panic hook has reported the panic.
        let Err(_) = AssertUnwindSafe(task()).catch_unwind().await;
        tracing::error!("the task that renews claims panicked and was restarted");
    }
}

/// Writes the phases of these creates to their claims.
async fn release(creates: Vec<Create>) {
    iter(creates)
        .for_each_concurrent(CONCURRENT_RELEASES, async |create| create.hold.acknowledge(create.phase).await)
        .await;
}

#[cfg(test)]
mod tests {
    use super::super::testing::{engine_with_claim, record, start};
    use super::*;
    use crate::apply::Engine;
    use crate::aws::Sleeping;
    use crate::aws::testing::FakeClock;

    /// A clock that does not advance. The first calls of one of its functions panic.
    struct Panics {
        clock: FakeClock,
        sleeps: AtomicUsize,
        readings: AtomicUsize,
    }

    impl Panics {
        fn new(clock: &FakeClock, sleeps: usize, readings: usize) -> Self {
            Self { clock: clock.clone(), sleeps: sleeps.into(), readings: readings.into() }
        }
    }

    fn panic_once(left: &AtomicUsize) {
        let panics = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(panics.is_err(), "a panic on purpose");
    }

    impl Clock for Panics {
        fn now(&self) -> Instant {
            self.clock.now()
        }

        fn unix_seconds(&self) -> u64 {
            panic_once(&self.readings);
            self.clock.unix_seconds()
        }

        fn sleep(&self, _: Duration) -> Sleeping {
            panic_once(&self.sleeps);
            Box::pin(tokio::time::sleep(Duration::from_millis(1)))
        }

        fn random_u64(&self) -> u64 {
            self.clock.random_u64()
        }
    }

    /// The pending acknowledgement of a create that has just ended.
    async fn ended(acks: &PendingAcks, engine: &Engine) {
        let mut hold = Hold::starting(engine);
        hold.run_with_heartbeat(true, |_| async {}).await;
        acks.add(hold, Phase::Ready);
    }

    /// Renews the claims until each of them has a heartbeat.
    async fn until_each_has_a_heartbeat(acks: &PendingAcks, clock: &dyn Clock, engines: &[&Engine]) {
        let each = async {
            for engine in engines {
                while record(engine).await.run.is_empty() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        };
        tokio::select! {
            () = acks.keep_alive(clock) => unreachable!("it never ends"),
            () = each => {}
            () = tokio::time::sleep(Duration::from_secs(60)) => panic!("a claim has no heartbeat"),
        }
    }

    #[tokio::test]
    async fn heartbeats_continue_after_the_task_that_writes_them_panics() {
        let (aws, time, acks) = (start().await, FakeClock::stopped(), PendingAcks::default());
        let engine = engine_with_claim(&aws, "a.example", Arc::new(time.clone())).await;
        ended(&acks, &engine).await;
        time.advance(CHECK);
        // Both tasks panic twice.
        until_each_has_a_heartbeat(&acks, &Panics::new(&time, 4, 0), &[&engine]).await;
    }

    #[tokio::test]
    async fn a_panic_in_one_heartbeat_stops_no_other() {
        let (aws, time, acks) = (start().await, FakeClock::stopped(), PendingAcks::default());
        let broken = engine_with_claim(&aws, "a.example", Arc::new(Panics::new(&time, 0, usize::MAX))).await;
        let recovers = engine_with_claim(&aws, "b.example", Arc::new(Panics::new(&time, 0, 1))).await;
        let sound = engine_with_claim(&aws, "c.example", Arc::new(time.clone())).await;
        for engine in [&broken, &recovers, &sound] {
            ended(&acks, engine).await;
        }
        time.advance(CHECK);
        until_each_has_a_heartbeat(&acks, &Panics::new(&time, 0, 0), &[&recovers, &sound]).await;
        assert_eq!(record(&broken).await.run, "");
    }
}
