//! What OpenTofu and Terraform do with a resource: refresh, plan, apply, and what they keep of it in which case.
//!
//! Read in the sources of Terraform 1.11 (`node_resource_abstract_instance.go`) and seen in trials with both.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures::future::select;
use multiregion::aws::Clock;
use multiregion::lifecycle::{Planned, Provider, State};
use multiregion::resources::Resource;
use multiregion::wire::{Diagnostic, Diagnostics, Value};

use super::clock::{Ended, Surroundings, simulate};
use super::core;
use super::world::World;

/// A resource in the host's state file.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) resource: &'static dyn Resource,
    pub(super) value: Value,
    pub(super) private: Vec<u8>,
    /// Whether the host will make it anew, because its create ended with an error.
    pub(super) tainted: bool,
    /// How many calls there had been when the host had kept what the last run told; after these come goodbyes.
    pub(super) told_after: usize,
}

/// How one run of the command-line tool ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Run {
    /// Well; whether anything was to do.
    Well { empty: bool },
    /// With errors.
    Errors(Diagnostics),
    /// The provider was killed.
    Killed,
}

impl Run {
    pub(super) fn is_well(&self) -> bool {
        matches!(self, Self::Well { .. })
    }
}

/// How far a run is: what is in the state file should the provider die now.
struct Saved(RefCell<Kept>);

impl Saved {
    fn save(&self, state: State, tainted: bool) {
        let mut kept = self.0.borrow_mut();
        (kept.value, kept.private, kept.tainted) = (state.value, state.private, tainted);
    }

    /// What the host would keep if the provider died in the call that comes.
    fn would_keep(&self, value: &Value, private: &[u8]) {
        let mut kept = self.0.borrow_mut();
        (kept.value, kept.private) = (value.clone(), private.to_vec());
    }
}

const GONE: State = State { value: Value::Null, private: Vec::new() };

impl Kept {
    /// Nothing yet.
    pub(super) fn nothing(resource: &'static dyn Resource) -> Self {
        Self { resource, value: Value::Null, private: Vec::new(), tainted: false, told_after: 0 }
    }

    /// As the provider is given it.
    pub(super) fn state(&self) -> State {
        State { value: self.value.clone(), private: self.private.clone() }
    }

    /// One run of the tool with this configuration, null for a destroy; a new process of the provider.
    pub(super) async fn run(&mut self, world: &World, config: &Value) -> Run {
        match simulate(&world.clock, &world.network, self.run_beside(world, config)).await {
            Ended::Done(run) => run,
            Ended::Killed => Run::Killed,
        }
    }

    /// The same while others run, for whoever simulates the time of all of them.
    pub(super) async fn run_beside(&mut self, world: &World, config: &Value) -> Run {
        let kept = self.clone();
        self.saved(world, async |saved| {
            let intent = plan(world, &kept, config).await?;
            carry_out(world, saved, kept.resource, intent, config).await
        })
        .await
    }

    /// The first half of a run: what it finds that there is to do.
    pub(super) async fn plan(&self, world: &World, config: &Value) -> Result<Intent, Run> {
        match simulate(&world.clock, &world.network, plan(world, self, config)).await {
            Ended::Done(planned) => planned.map_err(Run::Errors),
            Ended::Killed => Err(Run::Killed),
        }
    }

    /// The second half of a run.
    pub(super) async fn carry_out(&mut self, world: &World, intent: Intent, config: &Value) -> Run {
        let resource = self.resource;
        let work = self.saved(world, async |saved| carry_out(world, saved, resource, intent, config).await);
        match simulate(&world.clock, &world.network, work).await {
            Ended::Done(run) => run,
            Ended::Killed => Run::Killed,
        }
    }

    /// Does `work`, and keeps what it saves, also when it is killed.
    async fn saved(&mut self, world: &World, work: impl AsyncFnOnce(&Saved) -> Result<bool, Diagnostics>) -> Run {
        let saved = Saved(RefCell::new(Self { told_after: 0, ..self.clone() }));
        let ended = unless_killed(world, work(&saved)).await;
        world.network.revive();
        *self = saved.0.into_inner();
        match ended {
            None => Run::Killed,
            Some(Ok(empty)) => Run::Well { empty },
            Some(Err(errors)) => Run::Errors(errors),
        }
    }
}

/// `None` when the process is killed on the way.
async fn unless_killed<T>(world: &World, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Pending if world.network.is_killed() => Poll::Ready(None),
        outcome => outcome.map(Some),
    })
    .await
}

/// What a run has found that there is to do.
#[derive(Clone)]
pub(super) enum Intent {
    /// Nothing; what the refresh has seen is kept.
    Nothing(State),
    /// To destroy, with what the plan says in private; what is tainted is tainted still if that fails.
    Destroy { state: State, private: Vec<u8>, tainted: bool },
    /// To destroy, and make anew.
    Replace { state: State, private: Vec<u8>, tainted: bool },
    /// To make, or to change what there is.
    Change(State),
}

/// Refresh and plan.
async fn plan(world: &World, kept: &Kept, config: &Value) -> Result<Intent, Diagnostics> {
    let resource = kept.resource;
    let provider = world.connect().await?;
    let (state, told) = provider.read(resource, kept.state()).await;
    errors(told)?;
    errors(core::refreshed(&state.value))?;
    let tainted = kept.tainted && state.value != Value::Null;
    let prior = if tainted { GONE } else { state.clone() };
    let planned = planned(&provider, resource, &prior, config).await?;
    let private = planned.state.private.clone();
    if *config == Value::Null {
        let is_gone = state.value == Value::Null;
        return Ok(if is_gone { Intent::Nothing(GONE) } else { Intent::Destroy { state, private, tainted } });
    }
    Ok(match planned {
        Planned { replaced_by, .. } if !replaced_by.is_empty() => {
            let nothing = State { value: Value::Null, private };
            let planned = self::planned(&provider, resource, &nothing, config).await?;
            Intent::Replace { state, private: planned.state.private, tainted }
        }
        _ if tainted => Intent::Replace { state, private, tainted },
        planned if planned.state.value == state.value => Intent::Nothing(state),
        _ => Intent::Change(state),
    })
}

/// Apply, in a second process; whether there was nothing to do.
async fn carry_out(
    world: &World,
    saved: &Saved,
    resource: &'static dyn Resource,
    intent: Intent,
    config: &Value,
) -> Result<bool, Diagnostics> {
    match intent {
        Intent::Nothing(state) => {
            saved.save(state, false);
            return Ok(true);
        }
        Intent::Destroy { state, private, tainted } => {
            destroy(world, saved, resource, &state, private, tainted).await?;
        }
        Intent::Replace { state, private, tainted } => {
            destroy(world, saved, resource, &state, private, tainted).await?;
            change(world, saved, resource, GONE, config).await?;
        }
        Intent::Change(state) => change(world, saved, resource, state, config).await?,
    }
    Ok(false)
}

async fn destroy(
    world: &World,
    saved: &Saved,
    resource: &'static dyn Resource,
    state: &State,
    planned_private: Vec<u8>,
    tainted: bool,
) -> Result<(), Diagnostics> {
    let provider = world.connect().await?;
    // Whoever dies in a destroy leaves the state as it was.
    saved.would_keep(&state.value, &state.private);
    let planned = State { value: Value::Null, private: planned_private };
    let (left, told) = provider.apply(resource, state.value.clone(), planned, Value::Null).await;
    let failed = told.iter().any(Diagnostic::is_error);
    let (mut left, mut told) = (left, told);
    told.extend(core::known(&mut left.value));
    match (failed, &left.value) {
        // A state that is gone with an error is not believed.
        (true, Value::Null) => {}
        (true, _) => saved.save(left, tainted),
        (false, _) => saved.save(GONE, false),
    }
    errors(told)
}

/// Plans once more, as the host does with what it learned meanwhile, and applies.
async fn change(
    world: &World,
    saved: &Saved,
    resource: &'static dyn Resource,
    prior: State,
    config: &Value,
) -> Result<(), Diagnostics> {
    let provider = world.connect().await?;
    let is_new = prior.value == Value::Null;
    let planned = planned(&provider, resource, &prior, config).await?;
    // Whoever dies in a create leaves nothing in the state; in an update, the old values without their private state.
    saved.would_keep(&prior.value, &[]);
    let (made, told) = provider.apply(resource, prior.value.clone(), planned.state.clone(), config.clone()).await;
    let (mut made, mut told) = (made, told);
    let failed = told.iter().any(Diagnostic::is_error);
    told.extend(core::known(&mut made.value));
    if !failed {
        told.extend(core::applied(&planned.state.value, &made.value));
    }
    let tainted = is_new && failed && made.value != Value::Null;
    saved.save(made, tainted);
    saved.0.borrow_mut().told_after = world.network.count_calls();
    if !world.stays.is_zero() {
        let clock = &world.clock;
        let alive = pin!(provider.pending_acks.keep_alive(clock));
        select(alive, clock.sleep(world.stays)).await;
    }
    provider.pending_acks.acknowledge_all().await;
    errors(told)
}

/// A plan that the host accepts.
async fn planned(
    provider: &Provider,
    resource: &dyn Resource,
    prior: &State,
    config: &Value,
) -> Result<Planned, Diagnostics> {
    let (planned, told) = provider.plan(resource, prior.clone(), config.clone()).await;
    errors(told)?;
    errors(core::planned(resource, &prior.value, config, &planned.state.value))?;
    Ok(planned)
}

fn errors(told: Diagnostics) -> Result<(), Diagnostics> {
    let errors: Diagnostics = told.into_iter().filter(Diagnostic::is_error).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}
