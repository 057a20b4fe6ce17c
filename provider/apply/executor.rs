//! The executor: runs the steps of a plan concurrently, as far as their order allows.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::Value as Json;

use super::Engine;
use super::critical_path::{self, Span};
use super::job::{self, Job, Stage, StepResult};
use super::journal::{Event, Impossible, fold, withdrawn};
use super::rollback::Rollback;
use crate::aws::{CallError, CancellationToken};
use crate::desired::{Address, Desired, is_open};
use crate::plan::{Action, Entry, Kinds, Ledger, Plan, Step};

/// The result of an apply.
#[derive(Debug)]
pub struct Outcome {
    /// The components after the apply.
    pub ledger: Ledger,
    /// The steps that failed, in the order in which they failed.
    pub failures: Vec<Failure>,
    /// The deletions that AWS carries out only later. Their objects are deposed in the ledger.
    pub deferred: Vec<Failure>,
    /// Results that contradict the ledger, which does not contain them: bugs in the provider.
    pub refused: Vec<Impossible>,
    /// The components whose steps did not begin, because an earlier step failed or the user cancelled.
    pub not_begun: Vec<Address>,
    /// The components that a rollback has set back to what they were before the apply.
    pub rolled_back: Vec<Address>,
    /// Whether the user cancelled before every step had begun.
    pub cancelled: bool,
}

/// One step that failed.
#[derive(Debug)]
pub struct Failure {
    /// The component.
    pub address: Address,
    /// What the step was to do.
    pub action: Action,
    /// Why it failed.
    pub error: CallError,
}

impl Outcome {
    /// Whether every step succeeded.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty() && self.refused.is_empty() && self.not_begun.is_empty()
    }
}

/// The status of a step.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Status {
    Running,
    Done(Instant),
    Failed,
    Skipped,
}

impl Engine {
    /// Applies `plan`. The ledger keeps every result: a failed step stops only the steps that depend on it.
    pub async fn apply(&self, desired: &Desired, plan: &Plan, ledger: Ledger) -> Outcome {
        let mut execution = Execution {
            engine: self,
            desired,
            plan,
            status: BTreeMap::new(),
            began: self.run.clock.now(),
            spans: BTreeMap::new(),
            rollback: Rollback::new(&ledger),
            outcome: Outcome {
                ledger,
                failures: Vec::new(),
                deferred: Vec::new(),
                refused: Vec::new(),
                not_begun: Vec::new(),
                rolled_back: Vec::new(),
                cancelled: false,
            },
        };
        let mut running = FuturesUnordered::new();
        loop {
            execution.begin(&mut running);
            execution.roll_back(&mut running);
            match running.next().await {
                None => break,
                Some((Task::Step(at, step), ended)) => execution.end(at, step, ended),
                Some((Task::Rollback(address), ended)) => execution.end_rollback(address, ended),
            }
        }
        execution.finish()
    }
}

pub(super) struct Execution<'a> {
    pub(super) engine: &'a Engine,
    pub(super) desired: &'a Desired,
    pub(super) plan: &'a Plan,
    /// The steps that no longer wait, by their position in the plan.
    pub(super) status: BTreeMap<usize, Status>,
    began: Instant,
    /// When the steps that began ran, by their position in the plan.
    spans: BTreeMap<usize, Span>,
    pub(super) rollback: Rollback,
    pub(super) outcome: Outcome,
}

/// What runs.
pub(super) enum Task<'a> {
    /// A step, with its position in the plan.
    Step(usize, &'a Step),
    /// The rollback of a component.
    Rollback(Address),
}

pub(super) type Running<'a> = FuturesUnordered<BoxFuture<'a, (Task<'a>, StepResult)>>;

/// Whether a step may begin.
enum Gate {
    Shut,
    Open { not_before: Option<Instant> },
    Never,
}

impl<'a> Execution<'a> {
    /// Starts every step that may begin.
    fn begin(&mut self, running: &mut Running<'a>) {
        let mut settled = false;
        while !settled {
            settled = true;
            for (at, step) in self.plan.steps.iter().enumerate() {
                if self.status.contains_key(&at) {
                    continue;
                }
                match self.gate(step) {
                    Gate::Shut => {}
                    // Steps earlier in the plan may wait for this one: check them again.
                    Gate::Never => {
                        self.status.insert(at, Status::Skipped);
                        settled = false;
                    }
                    Gate::Open { not_before } => settled &= self.launch(at, step, not_before, running),
                }
            }
        }
    }

    /// Starts a step; `false` when it ended at once.
    fn launch(&mut self, at: usize, step: &'a Step, not_before: Option<Instant>, running: &mut Running<'a>) -> bool {
        let succeeded = |address: &Address| {
            let made_by = self.position(address)?;
            Some(matches!(self.status.get(&made_by), Some(Status::Done(_))))
        };
        let stage = Stage { ledger: &self.outcome.ledger, succeeded: &succeeded };
        let job = match job::prepare(self.engine, step, self.desired.get(&step.address), &stage) {
            Ok(Job::Nothing) => {
                let now = self.engine.run.clock.now();
                self.status.insert(at, Status::Done(now));
                // Others may have waited for it, and it for others: the critical path may lead through it.
                self.spans.insert(at, Span { ready: now, began: now, ended: now });
                return false;
            }
            Ok(Job::Blocked) => {
                self.status.insert(at, Status::Skipped);
                return false;
            }
            Ok(job) => job,
            Err(error) => {
                self.end(at, step, StepResult::err(error));
                return false;
            }
        };
        self.status.insert(at, Status::Running);
        let ready = self.engine.run.clock.now();
        let began = not_before.map_or(ready, |then| then.max(ready));
        self.spans.insert(at, Span { ready, began, ended: began });
        tracing::info!(component = %step.address, action = verb(&step.action), "step begins");
        let (engine, address) = (self.engine, step.address.clone());
        let rollback = self.rollback.begun.clone();
        let is_watch = self.engine.kinds().meta(&step.address.kind).is_watch;
        running.push(
            async move {
                if let Err(error) = pause(engine, not_before, step, &rollback).await {
                    return (Task::Step(at, step), StepResult::err(error));
                }
                let ended = tokio::select! {
                    ended = job::run(engine, address, job) => ended,
                    () = rollback.cancelled(), if is_watch => StepResult::err(CallError::Cancelled(step.address.to_string())),
                };
                (Task::Step(at, step), ended)
            }
            .boxed(),
        );
        true
    }

    /// The step that creates or changes a component.
    pub(super) fn position(&self, address: &Address) -> Option<usize> {
        let makes = |step: &Step| step.address == *address && !step.action.is_removal();
        self.plan.steps.iter().position(makes)
    }

    fn gate(&self, step: &Step) -> Gate {
        if self.engine.run.cancel.is_cancelled() || self.is_stopped_by_rollback(step) {
            return Gate::Never;
        }
        let clock = &self.engine.run.clock;
        let wait = step.not_before.map(|then| then.saturating_sub(clock.unix_seconds())).filter(|wait| *wait > 0);
        let mut not_before = wait.map(|seconds| later(clock.now(), Duration::from_secs(seconds)));
        for (before, drain) in &step.after {
            match self.status.get(before) {
                Some(Status::Failed | Status::Skipped) => return Gate::Never,
                None | Some(Status::Running) => return Gate::Shut,
                Some(Status::Done(at)) if !drain.is_zero() => not_before = not_before.max(Some(later(*at, *drain))),
                Some(Status::Done(_)) => {}
            }
        }
        let ended = |before: &usize| !matches!(self.status.get(before), None | Some(Status::Running));
        if step.waits_for.iter().all(ended) { Gate::Open { not_before } } else { Gate::Shut }
    }

    fn end(&mut self, at: usize, step: &Step, ended: StepResult) {
        if let Some(span) = self.spans.get_mut(&at) {
            span.ended = self.engine.run.clock.now().max(span.began);
        }
        for event in ended.replaced.into_iter().chain(ended.event) {
            let Err(impossible) = self.record(step, event) else { continue };
            tracing::error!(%impossible, "the journal refused an event");
            self.outcome.refused.push(impossible);
            self.status.insert(at, Status::Failed);
            return;
        }
        if ended.error.as_ref().is_some_and(|error| !matches!(error, CallError::Deferred { .. })) {
            self.extend_drains(step);
        }
        match ended.error {
            None => {
                tracing::info!(component = %step.address, action = verb(&step.action), "step done");
                self.status.insert(at, Status::Done(self.engine.run.clock.now()));
            }
            // Nothing that is left waits for the object: it is as good as deleted.
            Some(error @ CallError::Deferred { .. }) => {
                tracing::info!(component = %step.address, reason = %error, "deletion deferred");
                self.status.insert(at, Status::Done(self.engine.run.clock.now()));
                let (address, action) = (step.address.clone(), step.action.clone());
                self.outcome.deferred.push(Failure { address, action, error });
            }
            Some(CallError::Cancelled(_)) => drop(self.status.insert(at, Status::Skipped)),
            Some(error) => {
                tracing::warn!(component = %step.address, error = %crate::aws::chain(&error), "step failed");
                self.status.insert(at, Status::Failed);
                self.begin_rollback(step);
                let (address, action) = (step.address.clone(), step.action.clone());
                self.outcome.failures.push(Failure { address, action, error });
            }
        }
    }

    /// Folds an event into the ledger, and records the drain periods that begin with it.
    fn record(&mut self, step: &Step, event: Event) -> Result<(), Impossible> {
        self.reject_unproven(&event);
        let before = self.before(step).cloned();
        let ledger = &mut self.outcome.ledger;
        let is_done = !matches!(event, Event::Replaced { .. } | Event::Uncertain { .. } | Event::Unseen { .. });
        fold(ledger, event)?;
        let Some(before) = before.filter(|_| is_done) else { return Ok(()) };
        let spec = self.plan.difference.specs.get(&step.address).unwrap_or(&before.spec);
        let drain = self.engine.kinds().drain_period(&step.address.kind, spec).as_secs();
        // A replaced object still leads to its targets until it is deleted.
        let is_replaced = ledger.deposed.iter().any(|(address, entry)| *address == step.address && *entry == before);
        if drain == 0 || is_replaced {
            return Ok(());
        }
        let after = ledger.entries.get(&step.address).filter(|after| after.outputs == before.outputs);
        let until = self.engine.in_seconds(drain);
        for address in withdrawn(&before, after) {
            ledger.drain_until.insert(address.clone(), until);
        }
        Ok(())
    }

    /// Keeps the dependencies of a failed step for two drain periods: the change may still have taken effect, at an unknown
    /// time.
    fn extend_drains(&mut self, step: &Step) {
        let Some(before) = self.before(step) else { return };
        let drain = self.engine.kinds().drain_period(&step.address.kind, &before.spec).as_secs();
        if drain > 0 {
            let until = self.engine.in_seconds(drain.saturating_mul(2));
            let stood_on = before.depends_on.clone();
            self.outcome.ledger.drain_until.extend(stood_on.into_iter().map(|address| (address, until)));
        }
    }

    /// The entry of a step's component before the step.
    fn before<'b>(&'b self, step: &'b Step) -> Option<&'b Entry> {
        match &step.action {
            Action::Retire(old) => Some(old),
            _ => self.outcome.ledger.entries.get(&step.address),
        }
    }

    fn finish(mut self) -> Outcome {
        critical_path::log(&self.plan.steps, &self.spans, &self.engine.run, self.began);
        let steps =
            || self.plan.steps.iter().enumerate().map(|(at, step)| (&step.address, self.status.get(&at).copied()));
        let skipped = steps().filter(|(_, status)| matches!(status, None | Some(Status::Skipped)));
        self.outcome.not_begun = skipped.map(|(address, _)| address.clone()).collect();
        self.outcome.cancelled = self.engine.run.cancel.is_cancelled() && !self.outcome.not_begun.is_empty();
        let made: BTreeMap<&Address, Option<Status>> = steps().collect();
        for (address, node) in self.desired.nodes().iter().filter(|(_, node)| !node.is_kept) {
            let as_wanted = made.get(address).is_none_or(|status| matches!(status, Some(Status::Done(_))));
            if let Some(entry) = self.outcome.ledger.entries.get_mut(address).filter(|_| as_wanted) {
                entry.depends_on = job::dependencies(node);
                let wanted = self.plan.difference.specs.get(address);
                take_uncompared(entry, wanted, self.engine.kinds().meta(&address.kind).uncompared);
            }
        }
        self.recheck_rolled_back();
        self.outcome.ledger.complete = self.outcome.is_complete() && self.outcome.ledger.pending.is_empty();
        // A plan without a refresh tries again.
        self.outcome.ledger.unreachable.clear();
        let now = self.engine.run.clock.unix_seconds();
        let ledger = &mut self.outcome.ledger;
        // A plan without steps changes nothing that AWS could report late.
        if !self.plan.is_empty() {
            ledger.applied = Some(now);
        }
        ledger.imported = false;
        if ledger.complete {
            ledger.replaced.clear();
        }
        ledger.ownership = ledger.ownership.take().or_else(|| self.engine.ownership());
        ledger.rebuilt = ledger.rebuilt.filter(|_| !ledger.complete);
        ledger.settle(now);
        self.outcome
    }
}

/// Copies the uncompared fields of the desired spec into the entry: where the code comes from, the drain period.
fn take_uncompared(entry: &mut Entry, wanted: Option<&Json>, fields: &[&str]) {
    let Some(spec) = entry.spec.as_object_mut() else { return };
    for field in fields {
        if let Some(value) = wanted.and_then(|wanted| wanted.get(field)).filter(|value| !is_open(value)) {
            spec.insert((*field).to_owned(), value.clone());
        }
    }
}

/// Waits until the drain period before a deletion, or the bake time before a change, has passed.
///
/// # Errors
/// [`CallError::TimedOut`], without waiting, when it would last beyond the deadline; [`CallError::Cancelled`], also when a rollback
/// begins during a bake time.
async fn pause(
    engine: &Engine,
    not_before: Option<Instant>,
    step: &Step,
    rollback: &CancellationToken,
) -> Result<(), CallError> {
    let Some(time) = not_before.map(|then| then.saturating_duration_since(engine.clock().now())) else { return Ok(()) };
    if time.is_zero() {
        return Ok(());
    }
    let what = delay(&step.action);
    tracing::info!(component = %step.address, seconds = time.as_secs(), "waiting for {what}");
    let what = format!("{what} before {} is changed", step.address);
    tokio::select! {
        paused = engine.pause(&what, time) => paused,
        () = rollback.cancelled(), if !step.action.is_removal() => Err(CallError::Cancelled(what.clone())),
    }
}

/// `time` after `from`. A time that is too long for the clock, from a modified private state, ends after a century.
fn later(from: Instant, time: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);
    from.checked_add(time).unwrap_or_else(|| from + CENTURY)
}

/// What a step waits for between the end of another one and its own beginning.
pub(super) fn delay(action: &Action) -> &'static str {
    if action.is_removal() { "the drain period" } else { "the bake time" }
}

/// The action of a step as a verb, for messages.
pub(crate) fn verb(action: &Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update(_) => "update",
        Action::Replace(_) => "replace",
        Action::Record => "note",
        Action::Delete => "delete",
        Action::Release => "release",
        Action::Retire(_) => "delete the replaced",
    }
}
