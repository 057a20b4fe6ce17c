//! One run of which one call is disturbed, and what a user does after it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use multiregion::wire::Value;
use serde_json::Value as Json;
use strict_aws::{Call, Inventory};

use super::compare::{changed, difference, inventory, made_twice, standing};
use super::fault::Fault;
use super::host::{Intent, Kept, Run};
use super::operations::Operation;
use super::topologies::{self, Topology};
use super::traffic::{Watch, names};
use super::world::{Moment, World, config, resource, text};

/// How often a user runs again after the fault is mended.
const REPETITIONS: usize = 2;

/// How much longer a run may take whose session has expired.
const AFTER_EXPIRY: Duration = Duration::from_secs(180);

/// What begins like this is a leak.
const LEAKED: &str = "left after the destroy";

/// An operation on a topology: where it begins, and how an undisturbed run of it goes.
pub(super) struct Row {
    pub(super) topology: &'static Topology,
    pub(super) operation: &'static Operation,
    beginning: Moment,
    api: Kept,
    to: Value,
    /// What AWS holds without the API.
    nothing: Inventory,
    /// What AWS holds in the end.
    end: Inventory,
    /// The names that users ask for in the end.
    names: BTreeSet<String>,
    /// The calls of an undisturbed run.
    pub(super) calls: Vec<Call>,
    /// How many of them come before the host has kept what it is told.
    told_after: usize,
    /// How far it is when it has planned.
    planned: Planned,
    /// When an undisturbed run has ended.
    ended: Duration,
    /// Where runs stood that ended as promised: from there everything goes the same way again.
    ended_well: Mutex<BTreeSet<String>>,
}

/// A run between its plan and its apply.
struct Planned {
    moment: Moment,
    intent: Intent,
    /// How many calls there have been.
    calls: usize,
}

/// Everything that is not as promised.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<String>);

impl Problems {
    pub(super) fn leak(&self) -> bool {
        self.0.iter().any(|problem| problem.starts_with(LEAKED))
    }

    fn unless(&mut self, fine: bool, problem: impl FnOnce() -> String) {
        if !fine {
            self.0.push(problem());
        }
    }
}

impl Row {
    /// Goes to where the operation begins, and does it undisturbed. `None` where the operation makes no sense.
    ///
    /// # Errors
    /// What is not as promised even so.
    pub(super) async fn begin(
        world: &World,
        topology: &'static Topology,
        operation: &'static Operation,
    ) -> Result<Option<Self>, Problems> {
        world.start_over();
        world.lie(&lies(topology, operation));
        let zone_id = topologies::zone(world).await;
        let Some((from, to)) = (operation.change)(world, (topology.config)(world, &zone_id)) else {
            return Ok(None);
        };
        let mut problems = Problems::default();
        let nothing = inventory(world).await;
        let mut api = Kept::nothing(resource("multiregion_api"));
        let value = |json: &Json| if json.is_null() { Value::Null } else { config(api.resource, json) };
        let (from, to) = (value(&from), value(&to));
        if from != Value::Null {
            world.network.watch(Some(Watch::over_a_change()));
            problems.well("where it begins", &api.run(world, &from).await);
            problems.0.extend(holes(world, &names(&world.aws).await));
        }
        let beginning = world.moment();
        world.network.take_calls();
        let intent = match api.plan(world, &to).await {
            Ok(intent) => intent,
            Err(run) => {
                problems.well("an undisturbed plan", &run);
                return Err(problems);
            }
        };
        let planned = Planned { moment: world.moment(), intent, calls: world.network.count_calls() };
        let mut row = Self {
            topology,
            operation,
            beginning,
            api: api.clone(),
            to,
            nothing,
            end: Inventory::default(),
            names: BTreeSet::new(),
            calls: Vec::new(),
            told_after: 0,
            planned,
            ended: Duration::ZERO,
            ended_well: Mutex::default(),
        };
        world.network.watch(row.watch());
        let intent = row.planned.intent.clone();
        problems.well("an undisturbed run", &api.carry_out(world, intent, &row.to).await);
        row.ended = world.clock.elapsed();
        row.calls = world.network.take_calls();
        row.told_after = if api.told_after == 0 { row.calls.len() } else { api.told_after };
        row.names = names(&world.aws).await;
        problems.0.extend(holes(world, &row.names));
        row.end = inventory(world).await;
        row.close(world, &mut api, false, &mut problems).await;
        if problems.0.is_empty() { Ok(Some(row)) } else { Err(problems) }
    }

    /// The same with its `k`th call disturbed: what the host keeps, and how the run ended.
    pub(super) async fn fail(&self, world: &World, k: usize, fault: Fault) -> (Kept, Run) {
        let mut api = self.api.clone();
        let Planned { moment, intent, calls } = &self.planned;
        // Up to a fault in the apply, everything is as it was without it.
        let is_planned = k > *calls;
        world.restore(if is_planned { moment } else { &self.beginning });
        // The same lies as without the disturbance, up to it.
        world.lie(&lies(self.topology, self.operation));
        world.network.take_calls();
        world.network.watch(self.watch());
        let run = if is_planned {
            fault.set(world, k - calls);
            api.carry_out(world, intent.clone(), &self.to).await
        } else {
            fault.set(world, k);
            api.run(world, &self.to).await
        };
        world.aws.clear_faults();
        (api, run)
    }

    /// That, and what a user does after it.
    pub(super) async fn disturbed(&self, world: &World, k: usize, fault: Fault) -> Problems {
        let mut problems = Problems::default();
        let (mut api, mut last) = self.fail(world, k, fault).await;
        problems.unless(fault != Fault::Killed || last == Run::Killed, || format!("nobody was killed: {last:?}"));
        problems.unless(last.is_well() || !fault.is_outlasted(), || format!("it is not outlasted: {last:?}"));
        let late = world.clock.elapsed().saturating_sub(self.ended + AFTER_EXPIRY);
        problems.unless(fault != Fault::Expired || late.is_zero(), || {
            format!("it goes on for {late:?} too long without a valid session")
        });
        if matches!(last, Run::Errors(_)) && api.value == Value::Null {
            // What was made is taken back, names and all, as by a destroy.
            problems.0.extend(self.look_anew(world));
            // A run that may not look or delete cannot take away what it made; the next apply has to find it. When the
            // session expired, the state has to name all of it: no reply was lost.
            let left = difference(&self.nothing, &inventory(world).await);
            let may_undo = fault != Fault::Denied || only_makes(&self.calls[k - 1]);
            problems.unless(left.is_empty() || !may_undo, || {
                format!("left after the rollback, and not in the state: {left:?}")
            });
        }
        let mut passed = Vec::new();
        for _ in 0..REPETITIONS {
            // What is wrong with its goodbyes, a run cannot tell any more: the next plan shows it.
            let is_told = passed.is_empty() && k > self.told_after && !fault.is_outlasted();
            if last.is_well() && is_complete(&api) && !is_told {
                break;
            }
            // Whoever stood here at this moment went on well: from here this one goes the same way.
            let standing = format!("{fault:?} {:?} {}", world.clock.elapsed(), standing(world, &api).await);
            if self.has_ended_well(&standing) {
                // The host destroys first what is tainted.
                let seen = if api.tainted { self.look_anew(world) } else { holes(world, &self.names) };
                problems.0.extend(seen);
                return problems;
            }
            passed.push(standing);
            let begins_anew = api.tainted;
            last = api.run(world, &self.to).await;
            if begins_anew {
                // The host destroyed it first.
                problems.0.extend(self.look_anew(world));
            }
            problems.well("the run after the fault", &last);
        }
        problems.unless(last.is_well(), || format!("it does not converge: {last:?}"));
        let calls = world.network.take_calls();
        if self.operation.name == "create-keep" && fault != Fault::Killed {
            problems.0.extend(made_twice(&calls));
        }
        problems.0.extend(holes(world, &self.names));
        let in_doubt = fault == Fault::Denied && tells_of_certificates(&self.calls[k - 1]);
        self.close(world, &mut api, in_doubt, &mut problems).await;
        if problems.0.is_empty() {
            self.ended_well().extend(passed);
        }
        problems
    }

    /// The end of every run: the next plan is empty, AWS holds what it should, and a destroy leaves nothing. Where it is `in_doubt`
    /// whether a certificate needs a validation record, that record may stay.
    async fn close(&self, world: &World, api: &mut Kept, in_doubt: bool, problems: &mut Problems) {
        let stays = |change: &String| in_doubt && change.starts_with("+ ") && change.ends_with("./CNAME");
        let standing = standing(world, api).await;
        if self.has_ended_well(&standing) {
            return;
        }
        let before = api.value.clone();
        let problems_before = problems.0.len();
        let run = api.run(world, &self.to).await;
        problems.unless(run == Run::Well { empty: true } && before == api.value, || {
            format!("the next plan is not empty: {run:?}, {:?}", changed(&before, &api.value))
        });
        let mut differing = difference(&self.end, &inventory(world).await);
        differing.retain(|change| !stays(change));
        problems.unless(differing.is_empty(), || {
            format!("AWS holds something else than after an undisturbed run: {differing:#?}")
        });
        let run = api.run(world, &Value::Null).await;
        problems.well("the destroy", &run);
        let mut left = difference(&self.nothing, &inventory(world).await);
        left.retain(|change| !stays(change));
        problems.unless(left.is_empty(), || format!("{LEAKED}: {left:?}"));
        if problems.0.len() == problems_before {
            self.ended_well().insert(standing);
        }
    }

    fn has_ended_well(&self, standing: &str) -> bool {
        self.ended_well().contains(standing)
    }

    fn ended_well(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.ended_well.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody new looks: everything was taken away meanwhile. What the one before saw of that end.
    fn look_anew(&self, world: &World) -> Vec<String> {
        world.network.watch(self.watch()).map(Watch::holes_of_the_end).unwrap_or_default()
    }

    /// While an API is destroyed, its names may vanish.
    fn watch(&self) -> Option<Watch> {
        Some(if self.to == Value::Null { Watch::over_a_destroy() } else { Watch::over_a_change() })
    }
}

impl Problems {
    fn well(&mut self, what: &str, run: &Run) {
        self.unless(run.is_well(), || format!("{what} does not end well: {run:?}"));
    }
}

/// Whether a run that may not make this call does not know which certificates there are.
fn tells_of_certificates(call: &Call) -> bool {
    ["ListCertificates", "ListRegions", "ListTagsForCertificate"].contains(&call.operation.as_str())
}

/// Whether nobody needs this call to take away what was made.
fn only_makes(call: &Call) -> bool {
    ["Add", "Create", "Publish", "Put", "Request"].iter().any(|verb| call.operation.starts_with(verb))
}

/// What the lies of a row are told by.
fn lies(topology: &Topology, operation: &Operation) -> String {
    format!("{}/{}", topology.name, operation.name)
}

fn holes(world: &World, wanted: &BTreeSet<String>) -> Vec<String> {
    world.network.watch(None).map(|watch| watch.holes(wanted)).unwrap_or_default()
}

fn is_complete(api: &Kept) -> bool {
    api.value == Value::Null || text(&api.value, "status") == "ready"
}
