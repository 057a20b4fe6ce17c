//! A model of OpenTofu and Terraform: refresh, plan, apply, and what they store in each case.
//!
//! Based on the source of Terraform 1.11 (`node_resource_abstract_instance.go`) and on experiments with both tools.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures::future::select;
use multiregion::aws::Clock;
use multiregion::lifecycle::{Planned, Provider, State};
use multiregion::resources::Resource;
use multiregion::wire::{Diagnostic, Diagnostics, Value};

use super::clock::{Environment, Outcome, simulate};
use super::host_checks;
use super::world::World;

/// A resource in the host's state file.
#[derive(Clone)]
pub(super) struct StoredResource {
    pub(super) resource: &'static dyn Resource,
    pub(super) value: Value,
    pub(super) private: Vec<u8>,
    /// Whether the host will recreate it because its create failed.
    pub(super) tainted: bool,
    /// How many calls the last run had made when the host had stored its result; acknowledgements follow.
    pub(super) persisted_after: usize,
    /// The functions that are left behind according to the warnings of all runs so far: AWS deletes them only hours later.
    pub(super) left_behind: BTreeSet<String>,
}

/// How one run of the command-line tool ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Run {
    /// Success; `empty` when there was nothing to do.
    Succeeded { empty: bool },
    /// Errors.
    Failed(Diagnostics),
    /// The provider was killed.
    Killed,
}

impl Run {
    pub(super) fn succeeded(&self) -> bool {
        matches!(self, Self::Succeeded { .. })
    }
}

/// The state file in case the provider is killed now.
struct StateFile(RefCell<StoredResource>);

impl StateFile {
    fn save(&self, state: State, tainted: bool) {
        let mut stored = self.0.borrow_mut();
        (stored.value, stored.private, stored.tainted) = (state.value, state.private, tainted);
    }

    /// Stores what the host keeps if the provider is killed during the next call.
    fn save_if_killed(&self, value: &Value, private: &[u8]) {
        let mut stored = self.0.borrow_mut();
        (stored.value, stored.private) = (value.clone(), private.to_vec());
    }

    /// Stores the names of the functions that warnings say are left behind.
    fn save_left_behind(&self, diagnostics: &Diagnostics) {
        let warnings = diagnostics.iter().filter(|warning| warning.summary == "AWS object left behind");
        let commands = warnings.filter_map(|warning| Some(warning.detail.split_once("--function-name ")?.1));
        let names = commands.filter_map(|rest| Some(rest.split_once('`')?.0.to_owned()));
        self.0.borrow_mut().left_behind.extend(names);
    }
}

const ABSENT: State = State { value: Value::Null, private: Vec::new() };

impl StoredResource {
    /// A resource that does not exist yet.
    pub(super) fn absent(resource: &'static dyn Resource) -> Self {
        let (private, left_behind) = (Vec::new(), BTreeSet::new());
        Self { resource, value: Value::Null, private, tainted: false, persisted_after: 0, left_behind }
    }

    /// The state in the form that the provider receives.
    pub(super) fn state(&self) -> State {
        State { value: self.value.clone(), private: self.private.clone() }
    }

    /// Runs the tool with this configuration, null for a destroy, and a new provider process.
    pub(super) async fn run(&mut self, world: &World, config: &Value) -> Run {
        match simulate(&world.clock, &world.network, self.run_concurrently(world, config)).await {
            Outcome::Done(run) => run,
            Outcome::Killed => Run::Killed,
        }
    }

    /// [`StoredResource::run`] as a part of a simulation with other runs.
    pub(super) async fn run_concurrently(&mut self, world: &World, config: &Value) -> Run {
        let stored = self.clone();
        self.with_state_file(world, async |file| {
            let action = plan(world, &stored, config).await?;
            apply_plan(world, file, stored.resource, action, config).await
        })
        .await
    }

    /// The first half of a run: refresh and plan.
    pub(super) async fn plan(&self, world: &World, config: &Value) -> Result<PlannedAction, Run> {
        match simulate(&world.clock, &world.network, plan(world, self, config)).await {
            Outcome::Done(planned) => planned.map_err(Run::Failed),
            Outcome::Killed => Err(Run::Killed),
        }
    }

    /// The second half of a run: apply.
    pub(super) async fn apply_plan(&mut self, world: &World, action: PlannedAction, config: &Value) -> Run {
        let resource = self.resource;
        let work = self.with_state_file(world, async |file| apply_plan(world, file, resource, action, config).await);
        match simulate(&world.clock, &world.network, work).await {
            Outcome::Done(run) => run,
            Outcome::Killed => Run::Killed,
        }
    }

    /// Does `work` and stores what it saves, also when the provider is killed.
    async fn with_state_file(
        &mut self,
        world: &World,
        work: impl AsyncFnOnce(&StateFile) -> Result<bool, Diagnostics>,
    ) -> Run {
        let file = StateFile(RefCell::new(Self { persisted_after: 0, ..self.clone() }));
        let ended = unless_killed(world, work(&file)).await;
        world.network.restart();
        *self = file.0.into_inner();
        match ended {
            None => Run::Killed,
            Some(Ok(empty)) => Run::Succeeded { empty },
            Some(Err(errors)) => Run::Failed(errors),
        }
    }
}

/// `None` when the process is killed meanwhile.
async fn unless_killed<T>(world: &World, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Pending if world.network.is_killed() => Poll::Ready(None),
        outcome => outcome.map(Some),
    })
    .await
}

/// What the host does after its plan.
#[derive(Clone)]
pub(super) enum PlannedAction {
    /// Nothing; stores the refreshed state.
    Nothing(State),
    /// Destroy, with the plan's private state; a tainted resource stays tainted if that fails.
    Destroy { state: State, private: Vec<u8>, tainted: bool },
    /// Destroy and create again.
    Replace { state: State, private: Vec<u8>, tainted: bool },
    /// Create or update.
    Change(State),
}

/// Refreshes and plans.
async fn plan(world: &World, stored: &StoredResource, config: &Value) -> Result<PlannedAction, Diagnostics> {
    let resource = stored.resource;
    let provider = world.connect().await?;
    let (state, diagnostics) = provider.read(resource, stored.state()).await;
    errors(diagnostics)?;
    errors(host_checks::refreshed(&state.value))?;
    let tainted = stored.tainted && state.value != Value::Null;
    let prior = if tainted { ABSENT } else { state.clone() };
    let planned = planned(&provider, resource, &prior, config).await?;
    let private = planned.state.private.clone();
    if *config == Value::Null {
        let is_gone = state.value == Value::Null;
        return Ok(if is_gone {
            PlannedAction::Nothing(ABSENT)
        } else {
            PlannedAction::Destroy { state, private, tainted }
        });
    }
    Ok(match planned {
        Planned { replaced_by, .. } if !replaced_by.is_empty() => {
            let absent = State { value: Value::Null, private };
            let planned = self::planned(&provider, resource, &absent, config).await?;
            PlannedAction::Replace { state, private: planned.state.private, tainted }
        }
        _ if tainted => PlannedAction::Replace { state, private, tainted },
        planned if planned.state.value == state.value => PlannedAction::Nothing(state),
        _ => PlannedAction::Change(state),
    })
}

/// Applies in a second process; returns whether there was nothing to do.
async fn apply_plan(
    world: &World,
    file: &StateFile,
    resource: &'static dyn Resource,
    action: PlannedAction,
    config: &Value,
) -> Result<bool, Diagnostics> {
    match action {
        PlannedAction::Nothing(state) => {
            file.save(state, false);
            return Ok(true);
        }
        PlannedAction::Destroy { state, private, tainted } => {
            destroy(world, file, resource, &state, private, tainted).await?;
        }
        PlannedAction::Replace { state, private, tainted } => {
            destroy(world, file, resource, &state, private, tainted).await?;
            change(world, file, resource, ABSENT, config).await?;
        }
        PlannedAction::Change(state) => change(world, file, resource, state, config).await?,
    }
    Ok(false)
}

async fn destroy(
    world: &World,
    file: &StateFile,
    resource: &'static dyn Resource,
    state: &State,
    planned_private: Vec<u8>,
    tainted: bool,
) -> Result<(), Diagnostics> {
    let provider = world.connect().await?;
    // If the provider is killed during a destroy, the state stays unchanged.
    file.save_if_killed(&state.value, &state.private);
    let planned = State { value: Value::Null, private: planned_private };
    let (left, diagnostics) = provider.apply(resource, state.value.clone(), planned, Value::Null).await;
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    file.save_left_behind(&diagnostics);
    let (mut left, mut diagnostics) = (left, diagnostics);
    diagnostics.extend(host_checks::known(&mut left.value));
    match (failed, &left.value) {
        // The host ignores an absent state that is returned with an error.
        (true, Value::Null) => {}
        (true, _) => file.save(left, tainted),
        (false, _) => file.save(ABSENT, false),
    }
    errors(diagnostics)
}

/// Plans again, as the host does with what it has learned meanwhile, and applies.
async fn change(
    world: &World,
    file: &StateFile,
    resource: &'static dyn Resource,
    prior: State,
    config: &Value,
) -> Result<(), Diagnostics> {
    let provider = world.connect().await?;
    let is_new = prior.value == Value::Null;
    let planned = planned(&provider, resource, &prior, config).await?;
    // If the provider is killed during a create, nothing is stored; during an update, the prior values without their private
    // state.
    file.save_if_killed(&prior.value, &[]);
    let (created, diagnostics) =
        provider.apply(resource, prior.value.clone(), planned.state.clone(), config.clone()).await;
    file.save_left_behind(&diagnostics);
    let (mut created, mut diagnostics) = (created, diagnostics);
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    diagnostics.extend(host_checks::known(&mut created.value));
    if !failed {
        diagnostics.extend(host_checks::applied(&planned.state.value, &created.value));
    }
    let tainted = is_new && failed && created.value != Value::Null;
    file.save(created, tainted);
    file.0.borrow_mut().persisted_after = world.network.count_calls();
    if !world.keeps_running.is_zero() {
        let clock = &world.clock;
        let alive = pin!(provider.pending_acks.keep_alive(clock));
        select(alive, clock.sleep(world.keeps_running)).await;
    }
    provider.pending_acks.acknowledge_all().await;
    errors(diagnostics)
}

/// Plans and applies the host's checks.
async fn planned(
    provider: &Provider,
    resource: &dyn Resource,
    prior: &State,
    config: &Value,
) -> Result<Planned, Diagnostics> {
    let (planned, diagnostics) = provider.plan(resource, prior.clone(), config.clone()).await;
    errors(diagnostics)?;
    errors(host_checks::planned(resource, &prior.value, config, &planned.state.value))?;
    Ok(planned)
}

fn errors(diagnostics: Diagnostics) -> Result<(), Diagnostics> {
    let errors: Diagnostics = diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}
