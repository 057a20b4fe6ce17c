//! Runs the steps of a plan, side by side wherever the order allows.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::Value as Json;

use super::Engine;
use super::job::{self, Ended, Job, Stage};
use super::journal::{Event, fold, withdrawn};
use crate::aws::CallError;
use crate::desired::{Address, Desired, is_open};
use crate::plan::{Action, Entry, Kinds, Ledger, Plan, Step};

/// How an apply ended.
#[derive(Debug)]
pub struct Outcome {
    /// What there is now.
    pub ledger: Ledger,
    /// What did not succeed, in the order in which it failed.
    pub failures: Vec<Failure>,
    /// What was not begun, because something before it failed or the user cancelled.
    pub not_begun: Vec<Address>,
    /// Whether the user cancelled before everything was begun.
    pub cancelled: bool,
}

/// One step that did not succeed.
#[derive(Debug)]
pub struct Failure {
    /// The component.
    pub address: Address,
    /// What was being done to it.
    pub action: Action,
    /// Why it did not succeed.
    pub error: CallError,
}

impl Outcome {
    /// Whether everything that was planned was done.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty() && self.not_begun.is_empty()
    }
}

/// Where a step is.
#[derive(Clone, Copy, PartialEq)]
enum Status {
    Running,
    Done(Instant),
    Failed,
    Skipped,
}

impl Engine {
    /// Applies `plan`. Every result is kept: a step that fails stops those that depend on it and no others.
    pub async fn apply(&self, desired: &Desired, plan: &Plan, ledger: Ledger) -> Outcome {
        let mut execution = Execution {
            engine: self,
            desired,
            plan,
            status: BTreeMap::new(),
            outcome: Outcome { ledger, failures: Vec::new(), not_begun: Vec::new(), cancelled: false },
        };
        let mut running = FuturesUnordered::new();
        loop {
            execution.begin(&mut running);
            let Some((at, step, ended)) = running.next().await else { break };
            execution.end(at, step, ended);
        }
        execution.finish()
    }
}

struct Execution<'a> {
    engine: &'a Engine,
    desired: &'a Desired,
    plan: &'a Plan,
    /// The steps that no longer wait, by their position in the plan.
    status: BTreeMap<usize, Status>,
    outcome: Outcome,
}

type Running<'a> = FuturesUnordered<BoxFuture<'a, (usize, &'a Step, Ended)>>;

/// Whether a step may begin.
enum Gate {
    Shut,
    Open { not_before: Option<Instant> },
    Never,
}

impl<'a> Execution<'a> {
    /// Begins every step that may begin.
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
                    // Steps earlier in the plan may wait for this one: look again.
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
        let status = &self.status;
        let succeeded = |address: &Address| {
            let makes = |(_, other): &(usize, &Step)| {
                other.address == *address && !matches!(other.action, Action::Delete | Action::Retire(_))
            };
            let (made_by, _) = self.plan.steps.iter().enumerate().find(makes)?;
            Some(matches!(status.get(&made_by), Some(Status::Done(_))))
        };
        let stage = Stage { ledger: &self.outcome.ledger, succeeded: &succeeded };
        let job = match job::prepare(self.engine, step, self.desired.get(&step.address), &stage) {
            Ok(Job::Nothing) => {
                self.status.insert(at, Status::Done(self.engine.run.clock.now()));
                return false;
            }
            Ok(Job::Groundless) => {
                self.status.insert(at, Status::Skipped);
                return false;
            }
            Ok(job) => job,
            Err(error) => {
                self.end(at, step, Ended::badly(error));
                return false;
            }
        };
        self.status.insert(at, Status::Running);
        tracing::info!(component = %step.address, action = verb(&step.action), "step begins");
        let (engine, address) = (self.engine, step.address.clone());
        running.push(
            async move {
                if let Err(error) = pause(engine, not_before, &address).await {
                    return (at, step, Ended::badly(error));
                }
                (at, step, job::run(engine, address, job).await)
            }
            .boxed(),
        );
        true
    }

    fn gate(&self, step: &Step) -> Gate {
        if self.engine.run.cancel.is_cancelled() {
            return Gate::Never;
        }
        let clock = &self.engine.run.clock;
        let wait = step.not_before.map(|then| then.saturating_sub(clock.unix_seconds())).filter(|wait| *wait > 0);
        let mut not_before = wait.map(|seconds| clock.now() + Duration::from_secs(seconds));
        for (before, linger) in &step.after {
            match self.status.get(before) {
                Some(Status::Failed | Status::Skipped) => return Gate::Never,
                None | Some(Status::Running) => return Gate::Shut,
                Some(Status::Done(at)) if *linger > Duration::ZERO => not_before = not_before.max(Some(*at + *linger)),
                Some(Status::Done(_)) => {}
            }
        }
        let ended = |before: &usize| !matches!(self.status.get(before), None | Some(Status::Running));
        if step.waits_for.iter().all(ended) { Gate::Open { not_before } } else { Gate::Shut }
    }

    fn end(&mut self, at: usize, step: &Step, ended: Ended) {
        if let Some(event) = ended.event {
            self.record(step, event);
        }
        if ended.error.is_some() {
            self.withhold(step);
        }
        match ended.error {
            None => {
                tracing::info!(component = %step.address, action = verb(&step.action), "step done");
                self.status.insert(at, Status::Done(self.engine.run.clock.now()));
            }
            Some(CallError::Cancelled(_)) => drop(self.status.insert(at, Status::Skipped)),
            Some(error) => {
                tracing::warn!(component = %step.address, error = %crate::aws::chain(&error), "step failed");
                self.status.insert(at, Status::Failed);
                let (address, action) = (step.address.clone(), step.action.clone());
                self.outcome.failures.push(Failure { address, action, error });
            }
        }
    }

    fn record(&mut self, step: &Step, event: Event) {
        let before = self.before(step).cloned();
        let ledger = &mut self.outcome.ledger;
        let is_done = !matches!(event, Event::Uncertain { .. } | Event::Unseen { .. });
        if let Err(impossible) = fold(ledger, event) {
            tracing::error!(%impossible, "the journal refused an event");
            let error = CallError::Failed { what: "recording what happened".to_owned(), why: impossible.to_string() };
            let (address, action) = (step.address.clone(), step.action.clone());
            self.outcome.failures.push(Failure { address, action, error });
            return;
        }
        let Some(before) = before.filter(|_| is_done) else { return };
        let spec = self.plan.difference.specs.get(&step.address).unwrap_or(&before.spec);
        let linger = self.engine.kinds().drain_period(&step.address.kind, spec).as_secs();
        // What was replaced still leads where it led, until it is retired.
        let is_replaced = ledger.deposed.iter().any(|(address, entry)| *address == step.address && *entry == before);
        if linger == 0 || is_replaced {
            return;
        }
        let after = ledger.entries.get(&step.address).filter(|after| after.outputs == before.outputs);
        let until = self.engine.in_seconds(linger);
        for address in withdrawn(&before, after) {
            ledger.lingering.insert(address.clone(), until);
        }
    }

    /// What failed may have been done all the same, and nobody saw when all of AWS knew: what it stood on is kept for twice
    /// as long as after a change that was seen through.
    fn withhold(&mut self, step: &Step) {
        let Some(before) = self.before(step) else { return };
        let linger = self.engine.kinds().drain_period(&step.address.kind, &before.spec).as_secs();
        if linger > 0 {
            let until = self.engine.in_seconds(2 * linger);
            let stood_on = before.depends_on.clone();
            self.outcome.ledger.lingering.extend(stood_on.into_iter().map(|address| (address, until)));
        }
    }

    /// What there was of a step's component.
    fn before<'b>(&'b self, step: &'b Step) -> Option<&'b Entry> {
        match &step.action {
            Action::Retire(old) => Some(old),
            _ => self.outcome.ledger.entries.get(&step.address),
        }
    }

    fn finish(mut self) -> Outcome {
        let steps =
            || self.plan.steps.iter().enumerate().map(|(at, step)| (&step.address, self.status.get(&at).copied()));
        let skipped = steps().filter(|(_, status)| matches!(status, None | Some(Status::Skipped)));
        self.outcome.not_begun = skipped.map(|(address, _)| address.clone()).collect();
        self.outcome.cancelled = self.engine.run.cancel.is_cancelled() && !self.outcome.not_begun.is_empty();
        let made: BTreeMap<&Address, Option<Status>> = steps().collect();
        for (address, node) in self.desired.nodes() {
            let as_wanted = made.get(address).is_none_or(|status| matches!(status, Some(Status::Done(_))));
            if let Some(entry) = self.outcome.ledger.entries.get_mut(address).filter(|_| as_wanted) {
                entry.depends_on = job::dependencies(node);
                let wanted = self.plan.difference.specs.get(address);
                take_uncompared(entry, wanted, self.engine.kinds().meta(&address.kind).uncompared);
            }
        }
        self.outcome.ledger.complete = self.outcome.is_complete();
        let now = self.engine.run.clock.unix_seconds();
        let ledger = &mut self.outcome.ledger;
        // What did nothing leaves nothing to be told late.
        if !self.plan.is_empty() {
            ledger.applied = Some(now);
        }
        ledger.imported = false;
        ledger.ownership = ledger.ownership.take().or_else(|| self.engine.ownership());
        ledger.rebuilt = ledger.rebuilt.filter(|_| !ledger.complete);
        ledger.settle(now);
        self.outcome
    }
}

/// What is no difference is remembered all the same: where the code comes from, how long resolvers keep an answer.
fn take_uncompared(entry: &mut Entry, wanted: Option<&Json>, fields: &[&str]) {
    let Some(spec) = entry.spec.as_object_mut() else { return };
    for field in fields {
        if let Some(value) = wanted.and_then(|wanted| wanted.get(field)).filter(|value| !is_open(value)) {
            spec.insert((*field).to_owned(), value.clone());
        }
    }
}

/// Waits for the drain period: until clients use no old DNS answer any more.
///
/// # Errors
/// [`CallError::TimedOut`], without waiting, when it would last beyond the deadline; [`CallError::Cancelled`].
async fn pause(engine: &Engine, not_before: Option<Instant>, address: &Address) -> Result<(), CallError> {
    let Some(time) = not_before.map(|then| then.saturating_duration_since(engine.clock().now())) else { return Ok(()) };
    if time.is_zero() {
        return Ok(());
    }
    tracing::info!(component = %address, seconds = time.as_secs(), "waiting until resolvers have forgotten the old answer");
    engine.pause(&format!("the drain period before {address} is changed"), time).await
}

/// What a step does, for messages.
pub(crate) fn verb(action: &Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update(_) => "update",
        Action::Replace(_) => "replace",
        Action::Delete => "delete",
        Action::Retire(_) => "delete the replaced",
    }
}
