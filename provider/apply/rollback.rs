//! The rollback of an apply: when a check of a new version fails, the aliases of every region return to the previous one.

use std::collections::BTreeSet;

use futures::future::FutureExt;

use super::executor::{Execution, Failure, Running, Status, Task};
use super::job::{self, StepResult};
use super::journal::fold;
use crate::desired::Address;
use crate::plan::{Action, Kinds, Ledger, Step, rollback};

/// How far a rollback is.
pub(super) struct Rollback {
    /// The ledger before the apply.
    before: Ledger,
    /// Whether a check has failed.
    has_begun: bool,
    /// The components whose rollback has begun.
    begun: BTreeSet<Address>,
}

impl Rollback {
    /// No rollback, after which the components would be as in `before`.
    pub(super) fn new(before: &Ledger) -> Self {
        Self { before: before.clone(), has_begun: false, begun: BTreeSet::new() }
    }
}

impl<'a> Execution<'a> {
    /// Begins a rollback if `step`, which failed or was cancelled, is a check of something that this apply has pointed to another
    /// object.
    pub(super) fn begin_rollback(&mut self, step: &Step) {
        if !self.engine.kinds().meta(&step.address.kind).is_check {
            return;
        }
        let moved = rollback(&self.rollback.before, &self.outcome.ledger, self.engine.kinds());
        let checked = self.dependencies(&step.address);
        if moved.keys().any(|address| checked.contains(address)) {
            tracing::warn!(component = %step.address, "the check did not pass: the previous versions serve again");
            self.rollback.has_begun = true;
        }
    }

    /// Whether a rollback prevents this step, because it would point requests to another object.
    pub(super) fn is_stopped_by_rollback(&self, step: &Step) -> bool {
        let has_pointers = || !self.engine.kinds().meta(&step.address.kind).pointers.is_empty();
        self.rollback.has_begun && matches!(step.action, Action::Update(_)) && has_pointers()
    }

    /// Starts the rollback of every component whose own step has ended.
    pub(super) fn roll_back(&mut self, running: &mut Running<'a>) {
        self.roll_back_unchecked();
        if !self.rollback.has_begun {
            return;
        }
        for (address, to) in rollback(&self.rollback.before, &self.outcome.ledger, self.engine.kinds()) {
            let is_running = self.position(&address).is_some_and(|at| self.status.get(&at) == Some(&Status::Running));
            let (Some(from), Some(node)) = (self.outcome.ledger.entries.get(&address), self.desired.get(&address))
            else {
                continue;
            };
            if is_running || !self.rollback.begun.insert(address.clone()) {
                continue;
            }
            tracing::info!(component = %address, "rollback begins");
            let (engine, from, node) = (self.engine, from.clone(), node.clone());
            running.push(
                async move {
                    let ended = job::roll_back(engine, address.clone(), from, to, node).await;
                    (Task::Rollback(address), ended)
                }
                .boxed(),
            );
        }
    }

    /// Begins a rollback if a check was cancelled: nothing has shown that the new version works.
    fn roll_back_unchecked(&mut self) {
        if self.rollback.has_begun || !self.engine.run.cancel.is_cancelled() {
            return;
        }
        let plan = self.plan;
        let skipped = |at: &usize| self.status.get(at) == Some(&Status::Skipped);
        let skipped: Vec<usize> = (0..plan.steps.len()).filter(skipped).collect();
        for step in skipped.into_iter().filter_map(|at| plan.steps.get(at)) {
            self.begin_rollback(step);
        }
    }

    /// Records the result of a rollback.
    pub(super) fn end_rollback(&mut self, address: Address, ended: StepResult) {
        if let Some(Err(impossible)) = ended.event.map(|event| fold(&mut self.outcome.ledger, event)) {
            tracing::error!(%impossible, "the journal refused an event");
            self.outcome.refused.push(impossible);
            return;
        }
        if let Some(at) = self.position(&address) {
            self.status.insert(at, Status::Failed);
        }
        match ended.error {
            None => {
                tracing::info!(component = %address, "rollback done");
                self.outcome.rolled_back.push(address);
            }
            Some(error) => {
                tracing::warn!(component = %address, error = %crate::aws::chain(&error), "rollback failed");
                let fields = self.engine.kinds().meta(&address.kind).pointers.iter().map(ToString::to_string).collect();
                self.outcome.failures.push(Failure { address, action: Action::Update(fields), error });
            }
        }
    }

    /// Marks the checks of what was rolled back: they may have passed in between, and must run again at the next apply.
    pub(super) fn recheck_rolled_back(&mut self) {
        let is_check = |address: &&Address| self.engine.kinds().meta(&address.kind).is_check;
        let checks: Vec<Address> = self.outcome.ledger.entries.keys().filter(is_check).cloned().collect();
        for check in checks {
            let checked = self.dependencies(&check);
            let is_rolled_back = self.rollback.begun.iter().any(|address| checked.contains(address));
            if let Some(entry) = self.outcome.ledger.entries.get_mut(&check).filter(|_| is_rolled_back) {
                entry.uncertain = true;
            }
        }
    }

    /// Everything on which a desired component depends.
    fn dependencies(&self, address: &Address) -> BTreeSet<Address> {
        let mut found = BTreeSet::new();
        let mut open = vec![address.clone()];
        while let Some(node) = open.pop().and_then(|address| self.desired.get(&address)) {
            for before in job::dependencies(node) {
                if found.insert(before.clone()) {
                    open.push(before);
                }
            }
        }
        found
    }
}
