//! A run's hold on its claim: drives the [protocol](super::protocol), and takes over what an interrupted create left behind.
//!
//! No clock is compared with another machine's: whether another run is alive shows in its heartbeat moving while it is watched.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::protocol::{Action, Event, Stage};
use crate::apply::Engine;
use crate::aws::{CallError, Lease, Regional, chain};
use crate::components::ownership as claim;
use crate::desired::{ClaimRecord, Heartbeat, Owner, Phase};
use crate::wire::{Diagnostic, Path};

/// How often a claim is read while another run's heartbeat is watched.
const LOOK: Duration = Duration::from_secs(5);
/// Clocks of different machines differ by less: a heartbeat that is older by our clock needs no watching.
const SKEW: Duration = Duration::from_secs(15 * 60);
/// How long heartbeats may fail before the run ends.
const SILENCE: Duration = Duration::from_secs(120);
/// After this time heartbeats slow down: each is a configuration item that AWS Config charges for.
const SLOWER_AFTER: Duration = Duration::from_secs(5 * 60);
/// The time between two heartbeats then, in seconds.
const SLOW_INTERVAL: u64 = 60;

/// A run's hold on the claim of its resource.
#[derive(Clone)]
pub struct Hold {
    engine: Engine,
    lease: Arc<Lease>,
    stage: Stage,
    began: Instant,
    /// When a call on the claim last succeeded.
    succeeded: Instant,
    /// The run that held the claim before.
    previous: Option<ClaimRecord>,
    /// The last call on the claim that failed.
    error: Option<CallError>,
}

/// How work under heartbeats ended.
pub enum Ended<T> {
    /// By itself.
    Done(T),
    /// Another run holds the claim: the work was stopped, and everything is that run's.
    Lost,
    /// The heartbeats failed: the work was stopped.
    Failed {
        /// What the work came to.
        done: T,
        /// Why they failed.
        error: CallError,
    },
}

impl Hold {
    /// The hold of a run that is about to create its claim.
    pub fn starting(engine: &Engine) -> Self {
        Self::at(engine, Stage::Starting, None)
    }

    fn at(engine: &Engine, stage: Stage, previous: Option<ClaimRecord>) -> Self {
        let now = engine.clock().now();
        let lease = Arc::new(Lease::new(now + lease(claim::FIRST_HEARTBEAT_INTERVAL)));
        Self { engine: engine.clone(), lease, stage, began: now, succeeded: now, previous, error: None }
    }

    /// Takes over the claim of an interrupted create; `None` when its run is alive, or another run was quicker.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn take_over(engine: &Engine, left: ClaimRecord) -> Result<Option<Self>, CallError> {
        let mut hold = Self::at(engine, Stage::Watching, Some(left.clone()));
        if left.run == hold.aws().run_id() {
            hold.stage = Stage::Holding;
            return Ok(Some(hold));
        }
        let now = hold.aws().unix_seconds();
        if now.saturating_sub(left.heartbeat.at) <= (left.heartbeat.lease() + SKEW).as_secs() {
            let seconds = left.heartbeat.lease().as_secs();
            tracing::info!(seconds, "an earlier create was interrupted, or is under way: watching its heartbeat");
            hold.watch(left.heartbeat.lease()).await?;
        } else {
            hold.handle(Event::WaitEnded).await;
        }
        if hold.stage == Stage::Contending {
            hold.watch(lease(claim::FIRST_HEARTBEAT_INTERVAL)).await?;
        }
        match (hold.stage, hold.error.take()) {
            (Stage::Holding, _) => Ok(Some(Self { previous: None, ..hold })),
            (_, Some(error)) => Err(error),
            (_, None) => Ok(None),
        }
    }

    /// Reads the claim for this long, or until the stage changes.
    async fn watch(&mut self, time: Duration) -> Result<(), CallError> {
        let (stage, end) = (self.stage, self.engine.clock().now() + time);
        while self.stage == stage {
            if self.engine.clock().now() >= end {
                self.handle(Event::WaitEnded).await;
                return Ok(());
            }
            self.engine.sleep(LOOK, "the interrupted create is continued").await?;
            let seen = claim::record(&self.engine.regional(&claim::address())).await?;
            self.handle(self.seen(seen.as_ref())).await;
        }
        Ok(())
    }

    /// The resource.
    pub fn owner(&self) -> &Owner {
        self.engine.owner()
    }

    /// The time.
    pub fn now(&self) -> Instant {
        self.engine.clock().now()
    }

    /// The time until the next heartbeat.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.interval_seconds())
    }

    /// The time until the next heartbeat is due: one that failed is repeated soon.
    pub fn until_next(&self) -> Duration {
        match &self.error {
            Some(_) => self.interval().min(Duration::from_secs(claim::FIRST_HEARTBEAT_INTERVAL)),
            None => self.interval(),
        }
    }

    fn interval_seconds(&self) -> u64 {
        let age = self.now().saturating_duration_since(self.began);
        if age < SLOWER_AFTER { claim::FIRST_HEARTBEAT_INTERVAL } else { SLOW_INTERVAL }
    }

    /// Does `work` while heartbeats go on. With `leased`, the engine that it is given calls AWS only as long as the lease
    /// lasts, and failing heartbeats end it; without, only another run does.
    pub async fn during<T, F: Future<Output = T>>(&mut self, leased: bool, work: impl FnOnce(Engine) -> F) -> Ended<T> {
        let engine = if leased { self.engine.with_lease(&self.lease) } else { self.engine.cancellable() };
        let mut work = pin!(work(engine.clone()));
        let done = tokio::select! {
            // In the same order in every run: tests repeat it.
            biased;
            done = &mut work => Some(done),
            () = self.until_over(leased) => None,
        };
        if let Some(done) = done {
            self.handle(Event::WorkEnded).await;
            return Ended::Done(done);
        }
        engine.cancel();
        let done = work.await;
        match (self.stage, self.error.take()) {
            (Stage::Failed, Some(error)) => Ended::Failed { done, error },
            _ => Ended::Lost,
        }
    }

    /// Writes heartbeats; ends when another run holds the claim or, with `heeds_failure`, when they fail.
    async fn until_over(&mut self, heeds_failure: bool) {
        loop {
            self.engine.clock().sleep(self.until_next()).await;
            self.beat().await;
            match self.stage {
                Stage::Lost => return,
                Stage::Failed if heeds_failure => return,
                _ => {}
            }
        }
    }

    /// One heartbeat; `false` when another run holds the claim.
    pub async fn beat(&mut self) -> bool {
        if !self.lease.is_valid(self.engine.clock()) {
            self.handle(Event::LeaseExpired).await;
        }
        self.handle(Event::HeartbeatDue).await;
        if self.now().saturating_duration_since(self.succeeded) > SILENCE {
            self.handle(Event::SilentTooLong).await;
        }
        self.stage != Stage::Lost
    }

    /// The host has persisted the state: writes the phase, unless another run holds the claim.
    pub async fn acknowledge(mut self, phase: Phase) {
        if !self.lease.is_valid(self.engine.clock()) {
            self.beat().await;
        }
        let (next, actions) = self.stage.after(Event::HostPersisted);
        if !actions.contains(&Action::WritePhase) {
            return;
        }
        self.stage = next;
        if let Err(error) = claim::finish(&self.aws(), phase).await {
            // The state is ahead of the claim: the next plan shows it, and its apply writes the phase.
            tracing::warn!(error = %chain(&error), "the phase of the claim could not be written");
        }
    }

    /// Handles `event`, and what its actions lead to.
    async fn handle(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let (next, actions) = self.stage.after(event);
            if next != self.stage {
                tracing::debug!(from = ?self.stage, to = ?next, ?event, "the hold on the claim changes");
            }
            self.stage = next;
            for action in actions {
                let began = self.now();
                events.extend(self.execute(*action, began).await);
            }
        }
    }

    async fn execute(&mut self, action: Action, began: Instant) -> Option<Event> {
        match action {
            Action::Read => Some(self.read().await),
            Action::Renew => {
                let interval = self.interval_seconds();
                let renewed = claim::renew(&self.aws(), interval).await;
                Some(self.came_of(renewed.map(|()| Event::Renewed)))
            }
            Action::ExtendLease => {
                self.lease.renew(began + lease(self.interval_seconds()));
                (self.succeeded, self.error) = (began, None);
                None
            }
            Action::Wait => {
                self.engine.clock().sleep(LOOK + self.interval()).await;
                Some(Event::WaitEnded)
            }
            // `acknowledge` writes the phase and `during` stops the work.
            Action::WritePhase | Action::Stop => None,
        }
    }

    async fn read(&mut self) -> Event {
        let aws = self.aws();
        let look = || claim::record(&aws);
        let is_other = |seen: &Result<Option<ClaimRecord>, CallError>| matches!(seen, Ok(Some(record)) if record.run != aws.run_id());
        // A reply may be older than what a run has written.
        let seen = match self.stage {
            Stage::Suspended => aws.read_until_consistent("whose the claim is", look, is_other).await,
            Stage::Confirming => {
                aws.read_until_consistent("whether the claim stays", look, |seen| !is_other(seen)).await
            }
            _ => look().await,
        };
        let event = seen.map(|seen| self.seen(seen.as_ref()));
        self.came_of(event)
    }

    /// What a claim says.
    fn seen(&self, record: Option<&ClaimRecord>) -> Event {
        let Some(record) = record else { return Event::SawNothing };
        let is_previous = |previous: &&ClaimRecord| previous.run == record.run && record.phase == Phase::Creating;
        match self.previous.as_ref().filter(is_previous) {
            Some(previous) if previous.heartbeat == record.heartbeat => Event::SawPrevious,
            Some(_) if self.stage == Stage::Contending => Event::SawPrevious,
            Some(_) => Event::SawPreviousAlive,
            None if record.run != self.aws().run_id() => Event::SawOther,
            None if record.phase == Phase::Creating => Event::SawOwn,
            None => Event::SawFinished,
        }
    }

    fn came_of(&mut self, outcome: Result<Event, CallError>) -> Event {
        match outcome {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "a call on the claim failed");
                let event = if error.is_denied() { Event::CallRefused } else { Event::CallFailed };
                self.error = Some(error);
                event
            }
        }
    }

    /// AWS for calls on the claim: the run's cancellation, deadline and lease do not hold them back.
    fn aws(&self) -> Regional {
        self.engine.aftermath(&claim::address()).privileged()
    }
}

/// How long a lease lasts that a heartbeat of this interval, in seconds, renews.
fn lease(interval: u64) -> Duration {
    Heartbeat { at: 0, interval }.lease()
}

/// Another run is at work on this resource.
pub fn under_way(owner: &Owner) -> Diagnostic {
    Diagnostic::error(
        Path::of("name"),
        "Another apply is under way",
        format!(
            "Another run is creating {owner} at this moment: the heartbeat in its claim shows that it is alive. Nothing was \
             changed. Wait until it has ended and plan again. If it belongs to another configuration, choose another name."
        ),
    )
}

/// Another run has taken over the claim of this one.
pub fn taken_over(owner: &Owner) -> Diagnostic {
    Diagnostic::error(
        Path::of("name"),
        "Another apply has taken over",
        format!(
            "Another run continues the create of {owner}: this run sent no heartbeat for longer than its lease, perhaps \
             because the machine was suspended. Nothing was undone, and nothing is in this state. If the other run belongs to \
             another configuration, choose another name."
        ),
    )
}

/// The heartbeats of a create failed.
pub fn failed(owner: &Owner, error: &CallError) -> Diagnostic {
    Diagnostic::error(
        Path::root(),
        "Heartbeat failed",
        format!(
            "The create of {owner} could not renew its claim {}: {}. Without heartbeats another run may take it over, so it was \
             stopped. Everything that it created is in the state, and the next apply replaces it. Allow the call, or renew the \
             credentials, and apply again.",
            claim::log_group_of(owner),
            chain(error)
        ),
    )
}
