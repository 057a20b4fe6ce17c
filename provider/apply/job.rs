//! One step, made ready to run: its spec resolved against what has been made so far.

use serde_json::Value as Json;

use super::Engine;
use super::journal::{Event, applied};
use super::observe::{NOT_OURS, not_ours};
use crate::aws::{CallError, Regional};
use crate::components::{AnyComponent, Found, Holder};
use crate::desired::{Address, Node, Reference, is_open};
use crate::plan::{Action, Change, Entry, Ledger, Scene, Step, change, resolve};

/// What a step comes to.
pub(super) enum Job {
    /// It turned out that nothing is to be done.
    Nothing,
    /// Nothing that it waits for succeeded, so there is nothing to make it of.
    Groundless,
    /// Makes a component.
    Create { spec: Json, node: Node },
    /// Changes one.
    Update { from: Entry, to: Json, node: Node },
    /// Takes one away.
    Delete { entry: Entry },
    /// Takes away what one had replaced.
    Retire { entry: Entry },
}

/// What has been made so far.
pub(super) struct Stage<'a> {
    /// The ledger, with every event so far folded in.
    pub(super) ledger: &'a Ledger,
    /// Whether the step of a component, where it has one, has succeeded.
    pub(super) succeeded: &'a dyn Fn(&Address) -> Option<bool>,
}

impl Scene for Stage<'_> {
    fn output(&self, reference: &Reference) -> Option<Json> {
        self.ledger.entries.get(&reference.address)?.outputs.get(&reference.output).cloned()
    }

    fn is_ready(&self, address: &Address) -> bool {
        (self.succeeded)(address).unwrap_or_else(|| self.ledger.entries.contains_key(address))
    }
}

/// Makes a step ready.
///
/// # Errors
/// [`CallError::Malformed`] when it refers to something that does not exist.
pub(super) fn prepare(engine: &Engine, step: &Step, node: Option<&Node>, stage: &Stage<'_>) -> Result<Job, CallError> {
    let entry = stage.ledger.entries.get(&step.address);
    match (&step.action, node) {
        (Action::Delete, _) => Ok(entry.map_or(Job::Nothing, |entry| Job::Delete { entry: entry.clone() })),
        (Action::Retire(old), _) => {
            let deposed =
                |(address, entry): &&(Address, Entry)| *address == step.address && entry.outputs == old.outputs;
            let deposed = stage.ledger.deposed.iter().find(deposed);
            Ok(deposed.map_or(Job::Nothing, |(_, entry)| Job::Retire { entry: entry.clone() }))
        }
        (Action::Create | Action::Update(_) | Action::Replace(_), Some(node)) => {
            make(engine, &step.address, node, entry, stage)
        }
        (_, None) => Err(CallError::Malformed(format!("{} is planned and not wanted", step.address))),
    }
}

/// What is to be done is decided anew: what was not known while planning is known now.
fn make(
    engine: &Engine,
    address: &Address,
    node: &Node,
    entry: Option<&Entry>,
    stage: &Stage<'_>,
) -> Result<Job, CallError> {
    let resolution = resolve(&node.spec, entry.map(|entry| &entry.spec), stage);
    if resolution.shut > 0 && resolution.opened == 0 {
        return Ok(Job::Groundless);
    }
    if is_open(&resolution.spec) {
        return Err(CallError::Malformed(format!("{address} refers to something that was not made")));
    }
    let (spec, node) = (resolution.spec, node.clone());
    Ok(match entry {
        None => Job::Create { spec, node },
        Some(entry) => match change(&entry.spec, &spec, address, engine.kinds()) {
            Change::Keep if !entry.uncertain => Job::Nothing,
            Change::Keep | Change::Update(_) => Job::Update { from: entry.clone(), to: spec, node },
            Change::Create | Change::Replace(_) => Job::Create { spec, node },
        },
    })
}

/// How a job ended: what happened, and the error if it did not come to its end.
pub(super) struct Ended {
    pub(super) event: Option<Event>,
    pub(super) error: Option<CallError>,
}

impl Ended {
    fn well(event: Event) -> Self {
        Self { event: Some(event), error: None }
    }

    pub(super) fn badly(error: CallError) -> Self {
        Self { event: None, error: Some(error) }
    }
}

/// Runs a job.
pub(super) async fn run(engine: &Engine, address: Address, job: Job) -> Ended {
    let aws = engine.regional(&address);
    let component = match engine.kinds().get(&address.kind) {
        Ok(component) => component,
        Err(error) => return Ended::badly(error),
    };
    match job {
        Job::Nothing | Job::Groundless => Ended { event: None, error: None },
        Job::Create { spec, node } => match component.create(&aws, &spec).await {
            Ok(outputs) => Ended::well(Event::Made { address, entry: applied(spec, outputs, dependencies(&node)) }),
            Err(error) => half_made(engine, address, spec, &node, error).await,
        },
        Job::Update { from, to, node } => match holder(&aws, component, &from).await {
            Err(error) => Ended::badly(error),
            Ok(Holder::Stranger(whose) | Holder::Shared(whose)) => {
                Ended::badly(CallError::Foreign { what: address.to_string(), whose })
            }
            Ok(Holder::Ours) => match component.update(&aws, &from.outputs, &from.spec, &to).await {
                Ok(outputs) => Ended::well(Event::Made { address, entry: applied(to, outputs, dependencies(&node)) }),
                Err(error) => Ended { event: Some(Event::Uncertain { address }), error: Some(error) },
            },
        },
        Job::Delete { entry } => match delete(&aws, component, &entry).await {
            Ok(Deletion::Done) => Ended::well(Event::Deleted { address }),
            Ok(Deletion::NotOurs) => Ended::well(Event::Released { address }),
            Err(error) => Ended::badly(error),
        },
        Job::Retire { entry } => match delete(&aws, component, &entry).await {
            Ok(Deletion::Done | Deletion::NotOurs) => Ended::well(Event::Retired { address, outputs: entry.outputs }),
            Err(error) => Ended::badly(error),
        },
    }
}

/// What came of a deletion.
enum Deletion {
    Done,
    /// Somebody else's object stands there: it was not touched.
    NotOurs,
}

/// Deletes an object, unless somebody else's stands in its place.
async fn delete(aws: &Regional, component: &dyn AnyComponent, entry: &Entry) -> Result<Deletion, CallError> {
    let whose = match holder(aws, component, entry).await? {
        Holder::Ours => None,
        Holder::Shared(whose) => Some(whose),
        Holder::Stranger(whose) => {
            aws.warn(NOT_OURS, not_ours(aws.address(), &whose));
            return Ok(Deletion::NotOurs);
        }
    };
    component.delete(aws, &entry.spec, &entry.outputs).await?;
    if let Some(whose) = whose {
        aws.warn(NOT_OURS, not_ours(aws.address(), &whose));
    }
    Ok(Deletion::Done)
}

/// Whose the object of an entry is at this moment. What reads as somebody else's is read again within the consistency window.
async fn holder(aws: &Regional, component: &dyn AnyComponent, entry: &Entry) -> Result<Holder, CallError> {
    let ask = || component.holder(aws, &entry.spec, &entry.outputs);
    let is_not_ours =
        |holder: &Result<Holder, CallError>| matches!(holder, Ok(Holder::Stranger(_) | Holder::Shared(_)));
    aws.read_until_consistent(&format!("whose {} is", aws.address()), ask, is_not_ours).await
}

/// A create that failed may have made something all the same: the reply was lost, or it never became usable, or the user
/// cancelled the wait. It is looked for, so that it is neither leaked nor made twice.
async fn half_made(engine: &Engine, address: Address, spec: Json, node: &Node, error: CallError) -> Ended {
    if matches!(error, CallError::Foreign { .. } | CallError::Local { .. } | CallError::Malformed(_)) {
        return Ended::badly(error);
    }
    let Ok(component) = engine.kinds().get(&address.kind) else { return Ended::badly(error) };
    let aws = engine.aftermath(&address);
    let event = match aws.read_until_found("what a create that failed has made", || component.find(&aws, &spec)).await {
        Ok(Some(Found::Ours(outputs))) => {
            let entry = Entry { spec, outputs, depends_on: dependencies(node), uncertain: true };
            Some(Event::Made { address, entry })
        }
        Ok(Some(Found::Foreign(_)) | None) => None,
        Err(_) => Some(Event::Unseen { address }),
    };
    Ended { event, error: Some(error) }
}

/// Everything that must outlive the component.
pub(super) fn dependencies(node: &Node) -> std::collections::BTreeSet<Address> {
    node.depends_on.union(&node.waits_for).cloned().collect()
}
