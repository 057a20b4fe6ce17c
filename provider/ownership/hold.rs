//! A run's hold on its claim: drives the [protocol](super::protocol), and takes over the claim of an interrupted create.
//!
//! Clocks of different machines are not compared. Another run is active if its heartbeat changes while this run watches it.

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

/// How often a run reads the claim while it watches the heartbeat of another run.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);
/// The largest assumed difference between the clocks of two machines. A heartbeat whose lease ended longer ago than this, by
/// our clock, is not watched.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);
/// How long heartbeats may fail before the run ends.
const MAX_SILENCE: Duration = Duration::from_secs(120);
/// Heartbeats slow down after this time, because AWS Config charges for each of them as a configuration item.
const SLOW_AFTER: Duration = Duration::from_secs(5 * 60);
/// Seconds between two heartbeats after that.
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
    /// The claim of the interrupted create, until it is taken over.
    previous: Option<ClaimRecord>,
    /// The error of the last call on the claim, if it failed.
    error: Option<CallError>,
}

/// How work under heartbeats ended.
pub enum Ended<T> {
    /// The work ended.
    Done(T),
    /// Another run holds the claim. The work was stopped, and the objects belong to that run.
    Lost,
    /// The heartbeats failed, and the work was stopped.
    Failed {
        /// The result of the work.
        done: T,
        /// The error of the heartbeats.
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

    /// Takes over the claim `found` of an interrupted create. Returns `None` when the run of that create is active, or another
    /// run took the claim over first.
    ///
    /// # Errors
    /// A call that failed.
    pub async fn take_over(engine: &Engine, found: ClaimRecord) -> Result<Option<Self>, CallError> {
        let mut hold = Self::at(engine, Stage::Watching, Some(found.clone()));
        let now = hold.aws().unix_seconds();
        if found.run == hold.aws().run_id() {
            hold.handle(Event::SawOwn).await;
        } else if now.saturating_sub(found.heartbeat.at) <= (found.heartbeat.lease() + MAX_CLOCK_SKEW).as_secs() {
            let seconds = found.heartbeat.lease().as_secs();
            tracing::info!(seconds, "an earlier create was interrupted or is still running: watching its heartbeat");
            hold.watch(found.heartbeat.lease()).await?;
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

    /// Reads the claim repeatedly for `time`, or until the stage changes.
    async fn watch(&mut self, time: Duration) -> Result<(), CallError> {
        let (stage, end) = (self.stage, self.engine.clock().now() + time);
        while self.stage == stage {
            if self.engine.clock().now() >= end {
                self.handle(Event::WaitEnded).await;
                return Ok(());
            }
            self.engine.sleep(WATCH_INTERVAL, "the interrupted create is continued").await?;
            let record = claim::record(&self.engine.regional(&claim::address())).await?;
            self.handle(self.event_of(record.as_ref())).await;
        }
        Ok(())
    }

    /// The resource that the claim belongs to.
    pub fn owner(&self) -> &Owner {
        self.engine.owner()
    }

    /// The current time.
    pub fn now(&self) -> Instant {
        self.engine.clock().now()
    }

    /// The time between two heartbeats.
    fn interval(&self) -> Duration {
        Duration::from_secs(self.interval_seconds())
    }

    /// The time until the next heartbeat is due. A failed heartbeat is repeated soon.
    pub fn until_next(&self) -> Duration {
        match &self.error {
            Some(_) => self.interval().min(Duration::from_secs(claim::FIRST_HEARTBEAT_INTERVAL)),
            None => self.interval(),
        }
    }

    fn interval_seconds(&self) -> u64 {
        let age = self.now().saturating_duration_since(self.began);
        if age < SLOW_AFTER { claim::FIRST_HEARTBEAT_INTERVAL } else { SLOW_INTERVAL }
    }

    /// Runs `work` while heartbeats continue.
    ///
    /// With `leased`, the engine that `work` receives calls AWS only while the lease is valid, and failing heartbeats stop
    /// the work. Without, only another run that holds the claim stops it.
    pub async fn run_with_heartbeat<T, F: Future<Output = T>>(
        &mut self,
        leased: bool,
        work: impl FnOnce(Engine) -> F,
    ) -> Ended<T> {
        let engine = if leased { self.engine.with_lease(&self.lease) } else { self.engine.cancellable() };
        let mut work = pin!(work(engine.clone()));
        let done = tokio::select! {
            // In a fixed order, so that tests can repeat a run.
            biased;
            done = &mut work => Some(done),
            () = self.send_heartbeats(leased) => None,
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

    /// Sends heartbeats until another run holds the claim or, with `ends_on_failure`, until they fail.
    async fn send_heartbeats(&mut self, ends_on_failure: bool) {
        loop {
            self.engine.clock().sleep(self.until_next()).await;
            self.send_heartbeat().await;
            match self.stage {
                Stage::Lost => return,
                Stage::Failed if ends_on_failure => return,
                _ => {}
            }
        }
    }

    /// Sends one heartbeat. Returns `false` when another run holds the claim.
    pub async fn send_heartbeat(&mut self) -> bool {
        if !self.lease.is_valid(self.engine.clock()) {
            self.handle(Event::LeaseExpired).await;
        }
        self.handle(Event::HeartbeatDue).await;
        if self.now().saturating_duration_since(self.succeeded) > MAX_SILENCE {
            self.handle(Event::SilentTooLong).await;
        }
        self.stage != Stage::Lost
    }

    /// The host has persisted the state: writes `phase` to the claim, unless another run holds it.
    pub async fn acknowledge(mut self, phase: Phase) {
        if !self.lease.is_valid(self.engine.clock()) {
            self.send_heartbeat().await;
        }
        let (next, actions) = self.stage.after(Event::HostPersisted);
        if !actions.contains(&Action::WritePhase) {
            return;
        }
        self.stage = next;
        if let Err(error) = claim::finish(&self.aws(), phase).await {
            // The next plan finds no completion marker, and its apply writes the phase.
            tracing::warn!(error = %chain(&error), "the phase of the claim could not be written");
        }
    }

    /// Handles `event`, and the events that its actions lead to.
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
                Some(self.event_or_error(renewed.map(|()| Event::Renewed)))
            }
            Action::ExtendLease => {
                self.lease.renew(began + lease(self.interval_seconds()));
                (self.succeeded, self.error) = (began, None);
                None
            }
            Action::Wait => {
                self.engine.clock().sleep(WATCH_INTERVAL + self.interval()).await;
                Some(Event::WaitEnded)
            }
            // `acknowledge` writes the phase, and `run_with_heartbeat` stops the work.
            Action::WritePhase | Action::Stop => None,
        }
    }

    async fn read(&mut self) -> Event {
        let aws = self.aws();
        let read = || claim::record(&aws);
        let is_other = |record: &Result<Option<ClaimRecord>, CallError>| matches!(record, Ok(Some(record)) if record.run != aws.run_id());
        // A read may be older than the last write of another run.
        let record = match self.stage {
            Stage::Suspended => aws.read_until_consistent("the owner of the claim", read, is_other).await,
            Stage::Confirming => {
                aws.read_until_consistent("the claim after a takeover", read, |record| !is_other(record)).await
            }
            _ => read().await,
        };
        let event = record.map(|record| self.event_of(record.as_ref()));
        self.event_or_error(event)
    }

    /// The event that a claim that was read causes.
    fn event_of(&self, record: Option<&ClaimRecord>) -> Event {
        let Some(record) = record else { return Event::SawNothing };
        let is_previous = |previous: &&ClaimRecord| previous.run == record.run && record.phase == Phase::Creating;
        match self.previous.as_ref().filter(is_previous) {
            Some(previous) if previous.heartbeat == record.heartbeat => Event::SawPrevious,
            // This run has written its id: a read that shows the previous run is outdated.
            Some(_) if self.stage == Stage::Contending => Event::SawPrevious,
            Some(_) => Event::SawPreviousAlive,
            None if record.run != self.aws().run_id() => Event::SawOther,
            None if record.phase == Phase::Creating => Event::SawOwn,
            None => Event::SawFinished,
        }
    }

    fn event_or_error(&mut self, outcome: Result<Event, CallError>) -> Event {
        outcome.unwrap_or_else(|error| {
            tracing::warn!(error = %chain(&error), "a call on the claim failed");
            let event = if error.is_denied() { Event::CallRefused } else { Event::CallFailed };
            self.error = Some(error);
            event
        })
    }

    /// AWS for calls on the claim. The cancellation, deadline and lease of the run do not stop them.
    fn aws(&self) -> Regional {
        self.engine.aftermath(&claim::address()).privileged()
    }
}

/// The duration of a lease that a heartbeat of this interval, in seconds, renews.
fn lease(interval: u64) -> Duration {
    Heartbeat { at: 0, interval }.lease()
}

/// The error that another run is creating this resource.
pub fn another_run_is_active(owner: &Owner) -> Diagnostic {
    Diagnostic::error(
        Path::of("name"),
        "Another apply is in progress",
        format!(
            "Another run is creating {owner}: the heartbeat in its claim shows that the run is active. Nothing was changed. \
             Wait until that run has ended, and plan again. If it belongs to another configuration, choose another name."
        ),
    )
}

/// The error that another run took over the claim of this one.
pub fn taken_over(owner: &Owner) -> Diagnostic {
    Diagnostic::error(
        Path::of("name"),
        "Another apply has taken over the create",
        format!(
            "Another run continues the create of {owner}, because this run sent no heartbeat for longer than its lease. \
             Perhaps the machine was suspended. Nothing was rolled back, and this state contains none of its objects. If the \
             other run belongs to another configuration, choose another name."
        ),
    )
}

/// The error that the heartbeats of a create failed.
pub fn heartbeat_failed(owner: &Owner, error: &CallError) -> Diagnostic {
    Diagnostic::error(
        Path::root(),
        "Heartbeat failed",
        format!(
            "The create of {owner} could not renew its claim {}: {}. The create was stopped, because another run may take over \
             a claim without heartbeats. Everything that it created is in the state, and the next apply replaces it. Allow \
             the call or renew the credentials, and apply again.",
            claim::log_group_of(owner),
            chain(error)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{engine_with_claim, record, start};
    use super::*;
    use crate::aws::testing::FakeClock;

    #[tokio::test]
    async fn heartbeats_slow_down_after_five_minutes() {
        let (aws, clock) = (start().await, FakeClock::stopped());
        let engine = engine_with_claim(&aws, "a.example", Arc::new(clock.clone())).await;
        let mut hold = Hold::starting(&engine);
        hold.handle(Event::WorkEnded).await;
        let mut intervals = Vec::new();
        while clock.passed() < Duration::from_secs(8 * 60) {
            clock.advance(hold.until_next());
            assert!(hold.send_heartbeat().await);
            assert_eq!(hold.stage, Stage::Holding, "the lease lasts until the next heartbeat");
            intervals.push(record(&engine).await.heartbeat.interval);
        }
        // After the 30th heartbeat, at five minutes, the next one follows after a minute.
        assert_eq!(intervals, [vec![10; 29], vec![60; 4]].concat());
    }

    #[tokio::test]
    async fn a_run_keeps_a_claim_that_is_its_own() {
        let (aws, clock) = (start().await, FakeClock::stopped());
        let engine = engine_with_claim(&aws, "a.example", Arc::new(clock.clone())).await;
        claim::renew(&engine.regional(&claim::address()), 10).await.unwrap();
        let hold = Hold::take_over(&engine, record(&engine).await).await.unwrap().unwrap();
        assert_eq!(hold.stage, Stage::Holding);
        assert_eq!(hold.event_of(Some(&record(&engine).await)), Event::SawOwn);
    }
}
