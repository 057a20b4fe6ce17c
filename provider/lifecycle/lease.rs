//! One create at a time: a create says in its claim that it is alive, and what a dead one left is taken over.
//!
//! Nobody's clock is trusted: whether another run is alive is told by its pulse moving while we watch.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::apply::Engine;
use crate::aws::{CallError, Lease, Regional, chain};
use crate::components::claim::{self, Claim, Life, Phase};
use crate::desired::{Address, Kind};
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// How often a create says that it is alive.
pub(super) const PULSE: Duration = Duration::from_secs(10);
/// Without a pulse for so long, it is dead: one pulse may be lost, and the next one late.
const LEASE: Duration = Duration::from_secs(25);
/// How often we look whether it is.
const LOOK: Duration = Duration::from_secs(5);
/// Clocks differ by less: what was last alive longer ago by our clock is dead without a look.
const SKEW: Duration = Duration::from_secs(15 * 60);

/// Does `work` while the claim says that somebody is at it. With the engine that it is given, it stops calling AWS as soon
/// as the claim may be another run's. With what it comes to, the pulse that has to go on; none where there is no claim.
/// `has_taken_over` says that there is one already.
///
/// # Errors
/// Another run has taken this one for dead and goes on in its place.
pub(super) async fn alive<T, F: Future<Output = T>>(
    engine: &Engine,
    resource: &dyn Resource,
    has_taken_over: bool,
    work: impl FnOnce(Engine) -> F,
) -> Result<(T, Option<Pulse>), Diagnostics> {
    if !has_claim(resource) {
        return Ok((work(engine.clone()).await, None));
    }
    let lease = Arc::new(Lease::new(engine.clock().now() + LEASE));
    let mut pulse = Pulse { engine: engine.clone(), lease, is_ours: has_taken_over };
    let engine = engine.under(&pulse.lease);
    let mut work = pin!(work(engine.clone()));
    let done = tokio::select! {
        done = &mut work => Some(done),
        () = pulse.until_lost() => None,
    };
    if let Some(done) = done {
        // Whoever came so far has its claim, if AWS has any.
        return Ok((done, Some(Pulse { is_ours: true, ..pulse })));
    }
    // What runs ends, and is the other's: nothing of it is undone.
    engine.cancel();
    work.await;
    Err(vec![taken_over(engine.owner())])
}

/// A create that says again and again that it is alive.
#[derive(Clone)]
pub(super) struct Pulse {
    engine: Engine,
    lease: Arc<Lease>,
    /// Whether the claim is this run's: it was seen to be, or taken over.
    is_ours: bool,
}

impl Pulse {
    /// Whose create it is.
    pub(super) fn owner(&self) -> &str {
        self.engine.owner()
    }

    /// The time.
    pub(super) fn now(&self) -> Instant {
        self.engine.clock().now()
    }

    /// Beats; ends when another run is in the place of this one.
    async fn until_lost(&mut self) {
        loop {
            self.engine.clock().sleep(PULSE).await;
            if !self.beat().await {
                return;
            }
        }
    }

    /// Says that this run is alive; `false` when another one is in its place.
    pub(super) async fn beat(&mut self) -> bool {
        let now = self.now();
        match self.try_beat().await {
            Ok(true) => self.lease.renew(now + LEASE),
            Ok(false) => return false,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "the claim could not be told that its create is alive");
            }
        }
        true
    }

    async fn try_beat(&mut self) -> Result<bool, CallError> {
        let was_suspended = !self.lease.lasts(self.engine.clock());
        let aws = self.engine.aftermath(&address());
        if self.is_ours && !was_suspended {
            // Nobody takes over what is alive.
            return claim::take(&aws).await.map(|()| true);
        }
        let is_anothers =
            |seen: &Result<Option<Life>, CallError>| matches!(seen, Ok(Some(life)) if life.run != aws.run_id());
        let seen = match self.is_ours || was_suspended {
            // A reply may be older than what this run has said.
            true => aws.look_until_believed("whose the claim is", || claim::life(&aws), is_anothers).await,
            // Whoever has it now had it before: making it will tell.
            false => claim::life(&aws).await.map(|life| life.filter(|life| life.run == aws.run_id())),
        };
        if is_anothers(&seen) {
            return Ok(false);
        }
        let seen = seen?;
        self.is_ours |= seen.is_some();
        if seen.is_some_and(|life| life.is_creating) {
            claim::take(&aws).await?;
        }
        if !was_suspended {
            return Ok(true);
        }
        // Who took this run for dead a moment ago says so again with its next beat, and may not be seen at once.
        self.engine.clock().sleep(LOOK + PULSE).await;
        let aws = self.engine.aftermath(&address());
        let look = || claim::life(&aws);
        let seen = aws.look_until_believed("whether the claim stays", look, |seen| !is_anothers(seen)).await;
        if is_anothers(&seen) { Ok(false) } else { seen.map(|_| true) }
    }

    /// The last one: says that a state holds what this run has made, unless another run is in its place.
    pub(super) async fn end(mut self, phase: Phase) {
        if !self.lease.lasts(self.engine.clock()) && !self.beat().await {
            return;
        }
        if let Err(error) = claim::end(&self.engine.aftermath(&address()), phase).await {
            // The state says more than the claim: the next plan shows it, and its apply tells the claim.
            tracing::warn!(error = %chain(&error), "the claim could not be told that its create has ended");
        }
    }
}

/// Makes sure that the create which left something behind is dead, and puts this run in its place.
///
/// # Errors
/// It is alive, or another run was quicker; a call that failed.
pub(super) async fn take_over(engine: &Engine, resource: &dyn Resource) -> Result<(), Diagnostics> {
    if !has_claim(resource) {
        return Ok(());
    }
    match try_take_over(engine).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(vec![under_way(engine.owner())]),
        Err(error) => Err(vec![Diagnostic::error(
            Path::of("name"),
            "AWS could not be asked",
            format!("Whether another apply of this name is under way could not be told: {}.", chain(&error)),
        )]),
    }
}

async fn try_take_over(engine: &Engine) -> Result<bool, CallError> {
    let aws = engine.regional(&address());
    let Some(left) = creating(&aws).await? else { return Ok(true) };
    if left.run == aws.run_id() {
        return Ok(true);
    }
    if !is_long_dead(&left, aws.unix_seconds()) {
        tracing::info!(
            seconds = LEASE.as_secs(),
            "an earlier create was cut off, or is still under way: watching its pulse"
        );
        if watch(engine, |now| *now != left).await?.is_some() {
            return Ok(false);
        }
    }
    claim::take(&aws).await?;
    // Another run may do the same at this moment: the one that is named last goes on.
    let taken = watch(engine, |now| now.run != left.run).await?;
    Ok(taken.is_some_and(|life| life.run == aws.run_id()))
}

/// Looks at the claim for the time of a lease, or until `is_seen`. A reply may be older than what was just written.
async fn watch(engine: &Engine, is_seen: impl Fn(&Life) -> bool) -> Result<Option<Life>, CallError> {
    let aws = engine.regional(&address());
    let end = engine.clock().now() + LEASE;
    while engine.clock().now() < end {
        engine.sleep(LOOK, "the create that was cut off is gone on with").await?;
        match creating(&aws).await? {
            Some(life) if is_seen(&life) => return Ok(Some(life)),
            Some(_) => {}
            // It is finished, kept or gone: not ours to take any more.
            None => return Ok(Some(Life { run: String::new(), pulse: 0, is_creating: false })),
        }
    }
    Ok(None)
}

async fn creating(aws: &Regional) -> Result<Option<Life>, CallError> {
    Ok(claim::life(aws).await?.filter(|life| life.is_creating))
}

fn is_long_dead(life: &Life, now: u64) -> bool {
    now.saturating_sub(life.pulse) > (LEASE + SKEW).as_secs()
}

fn under_way(owner: &str) -> Diagnostic {
    Diagnostic::error(
        Path::of("name"),
        "Another apply is under way",
        format!(
            "{owner} is being made by another run at this moment: its claim in AWS shows that it is alive. Nothing was \
             touched. Wait until it has ended and plan again; when it is another configuration's, choose another name."
        ),
    )
}

fn taken_over(owner: &str) -> Diagnostic {
    Diagnostic::error(
        Path::of("name"),
        "Another apply has taken over",
        format!(
            "{owner} is being made by another run by now: this one gave no sign of life for {} s (perhaps the machine was \
             asleep), so the other took it for dead and goes on with what it had made. Nothing was undone, and nothing is \
             in this state. When the other run is another configuration's, choose another name.",
            LEASE.as_secs()
        ),
    )
}

fn has_claim(resource: &dyn Resource) -> bool {
    resource.kinds().contains(&Claim::KIND)
}

fn address() -> Address {
    Address::global(Claim::KIND)
}
