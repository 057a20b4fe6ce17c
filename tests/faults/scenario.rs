//! A run with one injected fault, and what a user does after it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use multiregion::desired::Address;
use multiregion::plan::{Entry, Ledger};
use multiregion::wire::Value;
use serde_json::Value as Json;
use strict_aws::{Call, Inventory};

use super::compare::{changed, created_twice, difference, drain_periods, fingerprint, inventory, inventory_without};
use super::fault::Fault;
use super::host::{PlannedAction, Run, StoredResource};
use super::operations::Operation;
use super::topologies::{self, Topology};
use super::traffic::{TrafficMonitor, names};
use super::world::{Moment, REPLICAS, World, config, resource, text};

/// How many runs a user may need after the cause of the fault is gone.
const REPETITIONS: usize = 2;

/// How much longer a run may take after its session has expired.
const AFTER_EXPIRY: Duration = Duration::from_secs(180);

/// Problems with this prefix are leaks.
const LEAKED: &str = "left after the destroy";

/// An operation on a topology: its initial state, and a fault-free run of it.
pub(super) struct Scenario {
    pub(super) topology: &'static Topology,
    pub(super) operation: &'static Operation,
    beginning: Moment,
    api: StoredResource,
    to: Value,
    /// The inventory without the API.
    baseline: Inventory,
    /// The inventory after a fault-free run.
    expected: Inventory,
    /// The names that clients request after a fault-free run.
    names: BTreeSet<String>,
    /// The calls of a fault-free run.
    pub(super) calls: Vec<Call>,
    /// How many of them precede the host's writing of the state.
    persisted_after: usize,
    /// The state between plan and apply.
    planned: Planned,
    /// When a fault-free run ends.
    ended: Duration,
    /// Fingerprints of states from which a run has converged. From an equal state, everything repeats.
    converged: Mutex<BTreeSet<String>>,
}

/// A run between its plan and its apply.
struct Planned {
    moment: Moment,
    action: PlannedAction,
    /// The number of calls so far.
    calls: usize,
}

/// The problems of a run.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<String>);

impl Problems {
    /// Whether objects are left after the destroy.
    pub(super) fn leak(&self) -> bool {
        self.0.iter().any(|problem| problem.starts_with(LEAKED))
    }

    /// Records a problem unless a condition holds.
    pub(super) fn unless(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.0.push(problem());
        }
    }
}

impl Scenario {
    /// Creates the initial state and runs the operation without a fault. `None` when the operation does not apply to
    /// the topology.
    ///
    /// # Errors
    /// The problems of that fault-free run.
    pub(super) async fn start(
        world: &World,
        topology: &'static Topology,
        operation: &'static Operation,
    ) -> Result<Option<Self>, Problems> {
        world.reset();
        world.delay_reads(&consistency_seed(topology, operation));
        let config_of_topology = topologies::prepared(world, topology).await;
        let Some((from, to)) = (operation.change)(world, config_of_topology) else {
            return Ok(None);
        };
        let mut problems = Problems::default();
        let baseline = inventory(world).await;
        let mut api = StoredResource::absent(resource("multiregion_api"));
        let value = |json: &Json| if json.is_null() { Value::Null } else { config(api.resource, json) };
        let (from, to) = (value(&from), value(&to));
        if from != Value::Null {
            world.network.monitor(Some(TrafficMonitor::for_change()));
            problems.expect_success("the preparation", &api.run(world, &from).await);
            problems.0.extend(outages(world, &names(&world.aws).await));
        }
        let beginning = world.moment();
        world.network.take_calls();
        let action = match api.plan(world, &to).await {
            Ok(action) => action,
            Err(run) => {
                problems.expect_success("the fault-free plan", &run);
                return Err(problems);
            }
        };
        let planned = Planned { moment: world.moment(), action, calls: world.network.count_calls() };
        let mut scenario = Self {
            topology,
            operation,
            beginning,
            api: api.clone(),
            to,
            baseline,
            expected: Inventory::default(),
            names: BTreeSet::new(),
            calls: Vec::new(),
            persisted_after: 0,
            planned,
            ended: Duration::ZERO,
            converged: Mutex::default(),
        };
        world.network.monitor(scenario.monitor());
        let action = scenario.planned.action.clone();
        problems.expect_success("the fault-free run", &api.apply_plan(world, action, &scenario.to).await);
        scenario.ended = world.clock.elapsed();
        scenario.calls = world.network.take_calls();
        scenario.persisted_after = if api.persisted_after == 0 { scenario.calls.len() } else { api.persisted_after };
        scenario.names = names(&world.aws).await;
        problems.0.extend(outages(world, &scenario.names));
        scenario.expected = inventory_without(world, &api.left_behind).await;
        scenario.close(world, &mut api, false, &mut problems).await;
        if problems.0.is_empty() { Ok(Some(scenario)) } else { Err(problems) }
    }

    /// Runs the operation with a fault at its `k`th call. Returns what the host has stored and how the run ended.
    pub(super) async fn fail(&self, world: &World, k: usize, fault: Fault) -> (StoredResource, Run) {
        let mut api = self.api.clone();
        let Planned { moment, action, calls } = &self.planned;
        // Before a fault in the apply, everything equals the fault-free run.
        let is_planned = k > *calls;
        world.restore(if is_planned { moment } else { &self.beginning });
        // Until the fault, reads are as stale as in the fault-free run.
        world.delay_reads(&consistency_seed(self.topology, self.operation));
        world.network.take_calls();
        world.network.monitor(self.monitor());
        let run = if is_planned {
            fault.inject(world, k - calls);
            api.apply_plan(world, action.clone(), &self.to).await
        } else {
            fault.inject(world, k);
            api.run(world, &self.to).await
        };
        world.aws.clear_faults();
        (api, run)
    }

    /// Runs the operation with a fault at its `k`th call, then continues as a user would. Returns the problems.
    pub(super) async fn with_fault(&self, world: &World, k: usize, fault: Fault) -> Problems {
        let mut problems = Problems::default();
        let (mut api, mut last) = self.fail(world, k, fault).await;
        problems
            .unless(fault != Fault::Killed || last == Run::Killed, || format!("the provider was not killed: {last:?}"));
        problems
            .unless(last.succeeded() || !fault.is_retried(), || format!("the run did not survive the fault: {last:?}"));
        let late = world.clock.elapsed().saturating_sub(self.ended + AFTER_EXPIRY);
        problems.unless(fault != Fault::Expired || late.is_zero(), || {
            format!("the run continues for {late:?} too long after the session has expired")
        });
        if matches!(last, Run::Failed(_)) && api.value == Value::Null {
            // A rollback deletes everything, names included, as a destroy does.
            problems.0.extend(self.restart_monitor(world));
            // A run that may not read or delete cannot roll back; the next apply must find the objects. After an
            // expired session the state must list all of them, because no reply was lost.
            let left = difference(&self.baseline, &inventory_without(world, &api.left_behind).await);
            let may_undo = fault != Fault::Denied || only_creates(&self.calls[k - 1]);
            problems.unless(left.is_empty() || !may_undo, || {
                format!("left after the rollback and missing from the state: {left:?}")
            });
        }
        let mut visited = Vec::new();
        for _ in 0..REPETITIONS {
            // A run cannot report a failure after its state was written; the next plan must show it.
            let needs_another_run = visited.is_empty() && k > self.persisted_after && !fault.is_retried();
            if last.succeeded() && is_complete(&api) && !needs_another_run {
                break;
            }
            // An earlier run reached this state at this time and converged; this one would repeat it.
            let (elapsed, drains) = (world.clock.elapsed(), drain_periods(&api));
            let fingerprint = format!("{fault:?} {elapsed:?} {drains} {}", fingerprint(world, &api).await);
            if self.has_converged(&fingerprint) {
                // The host destroys a tainted resource first.
                let seen = if api.tainted { self.restart_monitor(world) } else { outages(world, &self.names) };
                problems.0.extend(seen);
                return problems;
            }
            visited.push(fingerprint);
            let was_tainted = api.tainted;
            last = api.run(world, &self.to).await;
            if was_tainted {
                // The host destroyed the tainted resource first.
                problems.0.extend(self.restart_monitor(world));
            }
            problems.expect_success("the run after the fault", &last);
        }
        problems.unless(last.succeeded(), || format!("the runs do not converge: {last:?}"));
        let calls = world.network.take_calls();
        if self.operation.name == "create-keep" && fault != Fault::Killed {
            problems.0.extend(created_twice(&calls));
        }
        problems.0.extend(outages(world, &self.names));
        let in_doubt = fault == Fault::Denied && lists_certificates(&self.calls[k - 1]);
        self.close(world, &mut api, in_doubt, &mut problems).await;
        if problems.0.is_empty() {
            self.converged().extend(visited);
        }
        problems
    }

    /// The end of every run: the next plan is empty, AWS holds what it should, and a destroy leaves nothing. If it is
    /// `in_doubt` whether a certificate needs a validation record, that record may remain.
    async fn close(&self, world: &World, api: &mut StoredResource, in_doubt: bool, problems: &mut Problems) {
        let may_remain = |change: &String| in_doubt && change.starts_with("+ ") && change.ends_with("./CNAME");
        let fingerprint = fingerprint(world, api).await;
        if self.has_converged(&fingerprint) {
            return;
        }
        let before = api.value.clone();
        let problems_before = problems.0.len();
        let run = api.run(world, &self.to).await;
        problems.unless(run == Run::Succeeded { empty: true } && before == api.value, || {
            format!("the next plan is not empty: {run:?}, {:?}", changed(&before, &api.value))
        });
        let mut differing = difference(&self.expected, &inventory_without(world, &api.left_behind).await);
        differing.retain(|change| !may_remain(change));
        problems.unless(differing.is_empty(), || {
            format!("the inventory differs from that of a fault-free run: {differing:#?}")
        });
        // Replaced versions of functions stay on purpose.
        let is_deferred = |(address, _): &(Address, Entry)| address.kind != "version";
        let has_deposed = Ledger::from_private(&api.private).is_ok_and(|ledger| ledger.deposed.iter().any(is_deferred));
        let announced = std::mem::take(&mut api.left_behind);
        if has_deposed {
            // AWS has deleted the replicas meanwhile, so the apply deletes the function.
            world.pass(REPLICAS).await;
        }
        let run = api.run(world, &Value::Null).await;
        problems.expect_success("the destroy", &run);
        problems.unless(!has_deposed || api.left_behind.is_empty(), || {
            format!("{LEAKED} although the replicas are gone: {:?}", api.left_behind)
        });
        api.left_behind.extend(announced);
        if !api.left_behind.is_empty() {
            world.pass(REPLICAS).await;
            for function in &api.left_behind {
                world.delete_edge_function(function).await;
            }
        }
        let mut left = difference(&self.baseline, &inventory(world).await);
        left.retain(|change| !may_remain(change));
        problems.unless(left.is_empty(), || format!("{LEAKED}: {left:?}"));
        if problems.0.len() == problems_before {
            self.converged().insert(fingerprint);
        }
    }

    fn has_converged(&self, fingerprint: &str) -> bool {
        self.converged().contains(fingerprint)
    }

    fn converged(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.converged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a new traffic monitor because everything was deleted. Returns the problems that the previous one found
    /// until then.
    fn restart_monitor(&self, world: &World) -> Vec<String> {
        world.network.monitor(self.monitor()).map(TrafficMonitor::broken_paths).unwrap_or_default()
    }

    /// While an API is destroyed, its names may disappear.
    fn monitor(&self) -> Option<TrafficMonitor> {
        Some(if self.to == Value::Null { TrafficMonitor::for_destroy() } else { TrafficMonitor::for_change() })
    }
}

impl Problems {
    /// Records a problem unless the run succeeded.
    pub(super) fn expect_success(&mut self, what: &str, run: &Run) {
        self.unless(run.succeeded(), || format!("{what} failed: {run:?}"));
    }
}

/// Whether a run without permission for this call cannot list the certificates.
fn lists_certificates(call: &Call) -> bool {
    ["ListCertificates", "ListRegions", "ListTagsForCertificate"].contains(&call.operation.as_str())
}

/// Whether a rollback works without permission for this call.
fn only_creates(call: &Call) -> bool {
    ["Add", "Create", "Publish", "Put", "Request"].iter().any(|verb| call.operation.starts_with(verb))
}

/// The seed for stale reads.
fn consistency_seed(topology: &Topology, operation: &Operation) -> String {
    format!("{}/{}", topology.name, operation.name)
}

fn outages(world: &World, wanted: &BTreeSet<String>) -> Vec<String> {
    world.network.monitor(None).map(|monitor| monitor.outages(wanted)).unwrap_or_default()
}

fn is_complete(api: &StoredResource) -> bool {
    api.value == Value::Null || text(&api.value, "status") == "ready"
}
