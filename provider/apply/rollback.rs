//! The rollback of an apply: when a rollout fails, the previous versions and settings return in every region.

use std::collections::BTreeSet;

use futures::future::FutureExt;

use super::executor::{Execution, Failure, Running, Status, Task};
use super::job::{self, StepResult};
use super::journal::{Event, fold};
use crate::aws::CancellationToken;
use crate::desired::{Address, OnFailure};
use crate::plan::{Action, Kinds, Ledger, Step, is_rejected, rollback};

/// How far a rollback is.
pub(super) struct Rollback {
    /// The ledger before the apply.
    before: Ledger,
    /// Cancelled when the rollout has failed: changes that wait for a bake time do not begin any more.
    pub(super) begun: CancellationToken,
    /// The components that are rolled back.
    components: BTreeSet<Address>,
}

impl Rollback {
    /// No rollback, after which the components would be as in `before`.
    pub(super) fn new(before: &Ledger) -> Self {
        Self { before: before.clone(), begun: CancellationToken::new(), components: BTreeSet::new() }
    }
}

impl<'a> Execution<'a> {
    /// Begins a rollback if `step`, which failed or was cancelled, is a check of something that this apply has changed for clients,
    /// or if other parts of its region have changed for clients: the parts of a region change together or not at all.
    pub(super) fn begin_rollback(&mut self, step: &Step) {
        let meta = self.engine.kinds().meta(&step.address.kind);
        let is_part = !meta.is_check && !meta.rolled_out.is_empty();
        if self.desired.rollout.on_failure == OnFailure::Stop || !(meta.is_check || is_part) {
            return;
        }
        let moved = rollback(&self.rollback.before, &self.outcome.ledger, self.engine.kinds());
        let checked = self.desired.dependencies(&step.address);
        let is_sibling = |address: &Address| address.scope == step.address.scope && *address != step.address;
        if moved.keys().any(|address| if is_part { is_sibling(address) } else { checked.contains(address) }) {
            tracing::warn!(component = %step.address, "the rollout failed: the previous settings return");
            self.rollback.begun.cancel();
        }
    }

    /// Whether a rollback prevents this step, because clients would notice its change.
    pub(super) fn is_stopped_by_rollback(&self, step: &Step) -> bool {
        let is_rolled_out = || !self.engine.kinds().meta(&step.address.kind).rolled_out.is_empty();
        self.rollback.begun.is_cancelled() && matches!(step.action, Action::Update(_)) && is_rolled_out()
    }

    /// Starts the rollback of every component whose own step has ended.
    pub(super) fn roll_back(&mut self, running: &mut Running<'a>) {
        self.roll_back_unchecked();
        if !self.rollback.begun.is_cancelled() {
            return;
        }
        for (address, to) in rollback(&self.rollback.before, &self.outcome.ledger, self.engine.kinds()) {
            let is_running = self.position(&address).is_some_and(|at| self.status.get(&at) == Some(&Status::Running));
            let (Some(from), Some(node)) = (self.outcome.ledger.entries.get(&address), self.desired.get(&address))
            else {
                continue;
            };
            if is_running || !self.rollback.components.insert(address.clone()) {
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

    /// Begins a rollback if a check was cancelled, because nothing has shown that the new version works, or if another part of
    /// the region changed after one had failed: the parts change at the same time.
    fn roll_back_unchecked(&mut self) {
        if self.rollback.begun.is_cancelled() {
            return;
        }
        let (plan, is_cancelled) = (self.plan, self.engine.run.cancel.is_cancelled());
        let is_open = |at: &usize| match self.status.get(at) {
            Some(Status::Failed) => true,
            Some(Status::Skipped) => is_cancelled,
            _ => false,
        };
        let open: Vec<usize> = (0..plan.steps.len()).filter(is_open).collect();
        for step in open.into_iter().filter_map(|at| plan.steps.get(at)) {
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
                let fields =
                    self.engine.kinds().meta(&address.kind).rolled_out.iter().map(ToString::to_string).collect();
                self.outcome.failures.push(Failure { address, action: Action::Update(fields), error });
            }
        }
    }

    /// Marks an object that `event` replaces if no later apply may return to it.
    pub(super) fn reject_unproven(&mut self, event: &Event) {
        let Event::Made { address, entry } = event else { return };
        let (ledger, kinds) = (&mut self.outcome.ledger, self.engine.kinds());
        let Some(replaced) = ledger.entries.get(address).filter(|replaced| replaced.outputs != entry.outputs) else {
            return;
        };
        let rejected = is_rejected(address, replaced, self.desired, ledger, kinds);
        if let Some(replaced) = ledger.entries.get_mut(address) {
            replaced.rejected = rejected;
        }
    }

    /// Marks the checks of what was rolled back: they may have passed in between, and must run again at the next apply.
    pub(super) fn recheck_rolled_back(&mut self) {
        let is_check = |address: &&Address| self.engine.kinds().meta(&address.kind).is_check;
        let checks: Vec<Address> = self.outcome.ledger.entries.keys().filter(is_check).cloned().collect();
        for check in checks {
            let checked = self.desired.dependencies(&check);
            let is_rolled_back = self.rollback.components.iter().any(|address| checked.contains(address));
            if let Some(entry) = self.outcome.ledger.entries.get_mut(&check).filter(|_| is_rolled_back) {
                entry.uncertain = true;
            }
        }
    }
}
