//! One step: prepared against the ledger so far, then run.

use serde_json::Value as Json;

use super::Engine;
use super::journal::{Event, applied};
use super::observe::{NOT_OURS, not_ours};
use crate::aws::{CallError, Regional};
use crate::components::{AnyComponent, Found, Holder};
use crate::desired::{Address, Node, Reference, is_open};
use crate::plan::{Action, Change, Entry, Kinds, Ledger, Scene, Step, change, resolve};

/// The work of a prepared step.
pub(super) enum Job {
    /// There is nothing to do.
    Nothing,
    /// None of the steps that its gates wait for has succeeded.
    Blocked,
    /// Creates a component.
    Create { spec: Json, node: Node },
    /// Updates a component.
    Update { from: Entry, to: Json, node: Node },
    /// Deletes a component, and restores what its creation replaced.
    Delete { entry: Entry, replaced: Option<Json> },
    /// Records a check without running it.
    Record { spec: Json, node: Node },
    /// Releases a component, whose object stays in AWS.
    Release { entry: Entry },
    /// Deletes a deposed object.
    Retire { entry: Entry },
}

/// The state of an apply when a step begins.
pub(super) struct Stage<'a> {
    /// The ledger, with every event so far folded in.
    pub(super) ledger: &'a Ledger,
    /// Whether the step of a component has succeeded; `None` when it has no step.
    pub(super) succeeded: &'a dyn Fn(&Address) -> Option<bool>,
}

impl Scene for Stage<'_> {
    fn output(&self, reference: &Reference) -> Option<Json> {
        self.ledger.output(reference)
    }

    fn is_ready(&self, address: &Address) -> bool {
        (self.succeeded)(address).unwrap_or_else(|| self.ledger.is_ready(address))
    }
}

/// Prepares a step.
///
/// # Errors
/// [`CallError::Malformed`] when it refers to something that does not exist.
pub(super) fn prepare(engine: &Engine, step: &Step, node: Option<&Node>, stage: &Stage<'_>) -> Result<Job, CallError> {
    let entry = stage.ledger.entries.get(&step.address);
    match (&step.action, node) {
        (Action::Delete, _) => {
            let replaced = stage.ledger.replaced.get(&step.address).cloned();
            Ok(entry.map_or(Job::Nothing, |entry| Job::Delete { entry: entry.clone(), replaced }))
        }
        (Action::Release, _) => Ok(entry.map_or(Job::Nothing, |entry| Job::Release { entry: entry.clone() })),
        (Action::Retire(old), _) => {
            let deposed =
                |(address, entry): &&(Address, Entry)| *address == step.address && entry.outputs == old.outputs;
            let deposed = stage.ledger.deposed.iter().find(deposed);
            Ok(deposed.map_or(Job::Nothing, |(_, entry)| Job::Retire { entry: entry.clone() }))
        }
        (Action::Create | Action::Record | Action::Update(_) | Action::Replace(_), Some(node)) => {
            make(engine, step, node, entry, stage)
        }
        (_, None) => Err(CallError::Malformed(format!("{} has a step and is not desired", step.address))),
    }
}

/// Decides again what to do: references that were unknown in the plan are known now.
fn make(
    engine: &Engine,
    Step { address, action, .. }: &Step,
    node: &Node,
    entry: Option<&Entry>,
    stage: &Stage<'_>,
) -> Result<Job, CallError> {
    let resolution = resolve(&node.spec, entry.map(|entry| &entry.spec), stage);
    if resolution.shut > 0 && resolution.opened == 0 {
        return Ok(Job::Blocked);
    }
    if is_open(&resolution.spec) {
        return Err(CallError::Malformed(format!("{address} refers to a component that was not created")));
    }
    let (spec, node) = (resolution.spec, node.clone());
    Ok(match entry {
        _ if *action == Action::Record => Job::Record { spec, node },
        None => Job::Create { spec, node },
        Some(entry) => match change(&entry.spec, &spec, address, engine.kinds()) {
            Change::Keep if !entry.uncertain && !is_repetition(action) => Job::Nothing,
            Change::Keep | Change::Update(_) => Job::Update { from: entry.clone(), to: spec, node },
            Change::Create | Change::Replace(_) => Job::Create { spec, node },
        },
    })
}

/// Whether a step repeats a change or a check, although nothing differs.
fn is_repetition(action: &Action) -> bool {
    matches!(action, Action::Update(fields) if fields.is_empty())
}

/// The result of a step: what happened, and the error if it failed.
#[derive(Default)]
pub(super) struct StepResult {
    /// What a creation has replaced. It happened before `event`.
    pub(super) replaced: Option<Event>,
    pub(super) event: Option<Event>,
    pub(super) error: Option<CallError>,
}

impl StepResult {
    fn ok(event: Event) -> Self {
        Self { event: Some(event), ..Self::default() }
    }

    pub(super) fn err(error: CallError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}

/// Runs a job.
pub(super) async fn run(engine: &Engine, address: Address, job: Job) -> StepResult {
    let aws = engine.regional(&address);
    let component = match engine.kinds().get(&address.kind) {
        Ok(component) => component,
        Err(error) => return StepResult::err(error),
    };
    match job {
        Job::Nothing | Job::Blocked => StepResult::default(),
        Job::Create { spec, node } => {
            let entry = |spec, outputs| applied(spec, outputs, dependencies(&node));
            let made = match component.create(&aws, &spec).await {
                Ok(outputs) => StepResult::ok(Event::Made { address: address.clone(), entry: entry(spec, outputs) }),
                Err(error) => recover_partial_create(engine, address.clone(), spec, &node, error).await,
            };
            // Without the component, nothing was replaced: both happen in one call.
            let objects = aws.replaced().filter(|_| made.event.is_some());
            StepResult { replaced: objects.map(|objects| Event::Replaced { address, objects }), ..made }
        }
        Job::Update { from, to, node } => update(&aws, component, address, from, to, &node).await,
        Job::Delete { entry, replaced } => match delete(&aws, component, &entry, replaced.as_ref()).await {
            Ok(Deletion::Done) => StepResult::ok(Event::Deleted { address }),
            Ok(Deletion::NotOurs) => StepResult::ok(Event::Released { address }),
            Err(error @ CallError::Deferred { .. }) => {
                StepResult { event: Some(Event::Deferred { address }), ..StepResult::err(error) }
            }
            Err(error) => StepResult::err(error),
        },
        Job::Record { spec, node } => record(engine, address, spec, &node),
        Job::Release { entry } => match release(&aws, component, &entry).await {
            Ok(()) => StepResult::ok(Event::Released { address }),
            Err(error) => StepResult::err(error),
        },
        Job::Retire { entry } => match delete(&aws, component, &entry, None).await {
            Ok(Deletion::Done | Deletion::NotOurs) => {
                StepResult::ok(Event::Retired { address, outputs: entry.outputs })
            }
            Err(error) => StepResult::err(error),
        },
    }
}

/// Points a component back to the object to which it pointed before the apply. This has its own time limit: an apply that was
/// cancelled or has reached its deadline must not leave a version that failed its check in service.
pub(super) async fn roll_back(engine: &Engine, address: Address, from: Entry, to: Json, node: Node) -> StepResult {
    let aws = engine.aftermath(&address);
    match engine.kinds().get(&address.kind) {
        Ok(component) => update(&aws, component, address, from, to, &node).await,
        Err(error) => StepResult::err(error),
    }
}

/// Updates an object, unless it belongs to another owner.
async fn update(
    aws: &Regional,
    component: &dyn AnyComponent,
    address: Address,
    from: Entry,
    to: Json,
    node: &Node,
) -> StepResult {
    match holder(aws, component, &from).await {
        Err(error) => StepResult::err(error),
        Ok(Holder::Stranger(whose) | Holder::Shared(whose)) => {
            StepResult::err(CallError::Foreign { what: address.to_string(), whose })
        }
        Ok(Holder::Ours) => match component.update(aws, &from.outputs, &from.spec, &to).await {
            Ok(outputs) => {
                let entry = applied(to, outputs, dependencies(node));
                let is_object = !component.meta().is_baseline;
                StepResult::ok(if is_object {
                    Event::Made { address, entry }
                } else {
                    Event::Recorded { address, entry }
                })
            }
            Err(error) => {
                StepResult { event: Some(Event::Uncertain { address, attempted: to }), ..StepResult::err(error) }
            }
        },
    }
}

/// Records a check that has nothing to check.
fn record(engine: &Engine, address: Address, spec: Json, node: &Node) -> StepResult {
    match engine.kinds().foreseen(&address, &spec) {
        Some(outputs) => StepResult::ok(Event::Recorded { address, entry: applied(spec, outputs, dependencies(node)) }),
        None => StepResult::err(CallError::Malformed(format!("{address} has no foreseen outputs"))),
    }
}

/// The result of a deletion.
enum Deletion {
    Done,
    /// The object belongs to another owner and was not touched.
    NotOurs,
}

/// Deletes an object, unless it belongs to another owner, and restores what its creation `replaced`.
async fn delete(
    aws: &Regional,
    component: &dyn AnyComponent,
    entry: &Entry,
    replaced: Option<&Json>,
) -> Result<Deletion, CallError> {
    let whose = match holder(aws, component, entry).await? {
        Holder::Ours => None,
        Holder::Shared(whose) => Some(whose),
        Holder::Stranger(whose) => {
            aws.warn(NOT_OURS, not_ours(aws.address(), &whose));
            return Ok(Deletion::NotOurs);
        }
    };
    match replaced {
        Some(replaced) => component.restore(aws, &entry.spec, &entry.outputs, replaced).await?,
        None => component.delete(aws, &entry.spec, &entry.outputs).await?,
    }
    if let Some(whose) = whose {
        aws.warn(NOT_OURS, not_ours(aws.address(), &whose));
    }
    Ok(Deletion::Done)
}

/// Releases an object, which stays in AWS.
async fn release(aws: &Regional, component: &dyn AnyComponent, entry: &Entry) -> Result<(), CallError> {
    if let Holder::Stranger(whose) | Holder::Shared(whose) = holder(aws, component, entry).await? {
        aws.warn(NOT_OURS, not_ours(aws.address(), &whose));
        return Ok(());
    }
    component.release(aws, &entry.spec, &entry.outputs).await
}

/// Reads who owns the object of an entry now. Within the consistency window, the read is repeated if
/// it shows another owner.
async fn holder(aws: &Regional, component: &dyn AnyComponent, entry: &Entry) -> Result<Holder, CallError> {
    let ask = || component.holder(aws, &entry.spec, &entry.outputs);
    let is_not_ours =
        |holder: &Result<Holder, CallError>| matches!(holder, Ok(Holder::Stranger(_) | Holder::Shared(_)));
    aws.read_until_consistent(&format!("the owner of {}", aws.address()), ask, is_not_ours).await
}

/// Searches for the object of a failed create: the reply may have been lost, the object may never have become usable, or the
/// user may have cancelled the wait. An object that is found is neither leaked nor created twice.
async fn recover_partial_create(
    engine: &Engine,
    address: Address,
    spec: Json,
    node: &Node,
    error: CallError,
) -> StepResult {
    if matches!(error, CallError::Foreign { .. } | CallError::Local { .. } | CallError::Malformed(_)) {
        return StepResult::err(error);
    }
    let Ok(component) = engine.kinds().get(&address.kind) else { return StepResult::err(error) };
    let aws = engine.aftermath(&address);
    let event = match aws.read_until_found("the object of a failed create", || component.find(&aws, &spec)).await {
        Ok(Some(Found::Ours(outputs))) => {
            let entry = Entry { spec, outputs, depends_on: dependencies(node), uncertain: true, rejected: false };
            Some(Event::Made { address, entry })
        }
        Ok(Some(Found::Foreign(_) | Found::InTheWay(_) | Found::Replaced(_)) | None) => None,
        Err(_) => Some(Event::Unseen { address }),
    };
    StepResult { event, ..StepResult::err(error) }
}

/// The components that must exist as long as this one.
pub(super) fn dependencies(node: &Node) -> std::collections::BTreeSet<Address> {
    node.depends_on.union(&node.waits_for).cloned().collect()
}
