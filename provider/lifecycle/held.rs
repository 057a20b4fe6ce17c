//! What is held of a resource: its ledger, from the private state or, where the host has lost that, from AWS itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::{State, ledger_of};
use crate::apply::Engine;
use crate::aws::{CallError, chain};
use crate::components::probe::Probe;
use crate::desired::{Address, Kind, Scope};
use crate::plan::Ledger;
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The ledger of what exists of a resource, with a warning when it had to be rebuilt.
pub(super) struct Held {
    pub(super) ledger: Ledger,
    pub(super) warnings: Diagnostics,
}

/// The ledger of a living resource. A host that loses its provider in the middle of an update keeps the value and no
/// private state: then it is rebuilt from what carries the resource's ownership in AWS.
///
/// # Errors
/// A private state that is damaged or newer; a call that failed.
pub(super) async fn held(engine: &Engine, resource: &dyn Resource, state: &State) -> Result<Held, Diagnostics> {
    let ledger = ledger_of(&state.private)?.standing();
    if !ledger.is_empty() {
        return Ok(Held { ledger: find_unseen(engine, resource, ledger).await?, warnings: Vec::new() });
    }
    let told = told(&state.value);
    engine.settle().await.map_err(|error| vec![unseen(&error)])?;
    let scopes = told.iter().map(|address| address.scope.clone()).collect::<BTreeSet<Scope>>();
    let ledger = discover(engine, resource, scopes).await?;
    let missing: Vec<String> =
        told.iter().filter(|address| !ledger.entries.contains_key(*address)).map(ToString::to_string).collect();
    let missing = match missing.as_slice() {
        [] => "All of them were found.".to_owned(),
        missing => format!("Not found, so AWS no longer has it: {}.", missing.join(", ")),
    };
    let detail = format!(
        "Its private state is empty: an apply was cut off. What belongs to it was found again in AWS by its ownership \
         tags. {missing} Nothing needs to be done; the next apply goes on from there."
    );
    Ok(Held { ledger, warnings: vec![Diagnostic::warning(Path::root(), "Private state rebuilt", detail)] })
}

/// Looks again for what a failed create may have made, and could not look for then.
///
/// # Errors
/// A call that failed.
pub(super) async fn find_unseen(
    engine: &Engine,
    resource: &dyn Resource,
    mut ledger: Ledger,
) -> Result<Ledger, Diagnostics> {
    let unseen = std::mem::take(&mut ledger.unseen);
    if unseen.is_empty() {
        return Ok(ledger);
    }
    let scopes = unseen.iter().chain(ledger.entries.keys()).map(|address| address.scope.clone()).collect();
    let mut found = discover(engine, resource, scopes).await?;
    found.entries.retain(|address, _| unseen.contains(address));
    found.deposed.retain(|(address, _)| unseen.contains(address));
    ledger.take_in(found);
    Ok(ledger)
}

/// Everything in AWS that carries the resource's ownership, looked for in `scopes` and where its claim leads.
///
/// # Errors
/// A call that failed.
pub(super) async fn discover(
    engine: &Engine,
    resource: &dyn Resource,
    scopes: BTreeSet<Scope>,
) -> Result<Ledger, Diagnostics> {
    let mut ledger = engine.discover(resource.kinds(), scopes).await.map_err(|error| vec![unseen(&error)])?;
    // What an apply that was cut off had made may never have answered: it has to, before anybody is sent there.
    ledger.entries.retain(|address, _| address.kind != Probe::KIND);
    Ok(ledger)
}

/// What an apply that was cut off has made could not be looked for.
pub(super) fn unseen(error: &CallError) -> Diagnostic {
    let detail = format!(
        "An earlier apply was cut off, and the AWS objects that it made could not be looked for: {}. Nothing was touched.",
        chain(error)
    );
    Diagnostic::error(Path::root(), "AWS objects not found", detail)
}

/// The components that the state says exist.
pub(super) fn told(value: &Value) -> BTreeSet<Address> {
    let Value::Map(attributes) = value else { return BTreeSet::new() };
    let Some(Value::Map(components)) = attributes.get("components") else { return BTreeSet::new() };
    let exists = |component: &Value| match component {
        Value::Map(fields) => matches!(fields.get("id"), Some(Value::String(_))),
        _ => false,
    };
    components.iter().filter(|(_, component)| exists(component)).filter_map(|(name, _)| name.parse().ok()).collect()
}

/// The resources that this process has refreshed, by type and owner. The host plans a tainted resource as a create, and
/// tells neither its state nor its private state; it will be destroyed before.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<BTreeMap<Key, Ledger>>>);

impl Seen {
    /// What was seen of the resource of this owner.
    pub(super) fn get(&self, resource: &dyn Resource, owner: &str) -> Option<Ledger> {
        self.with(|seen| seen.get(&key(resource, owner)).cloned())
    }

    pub(super) fn add(&self, resource: &dyn Resource, owner: &str, ledger: &Ledger) {
        self.with(|seen| seen.insert(key(resource, owner), ledger.clone()));
    }

    /// What was seen of it does not hold any more.
    pub(super) fn forget(&self, resource: &dyn Resource, owner: &str) {
        self.with(|seen| seen.remove(&key(resource, owner)));
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<Key, Ledger>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What tells a resource from every other of this process: its type and its owner.
pub(super) type Key = (String, String);

pub(super) fn key(resource: &dyn Resource, owner: &str) -> Key {
    (resource.type_name().to_owned(), owner.to_owned())
}
