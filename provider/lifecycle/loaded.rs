//! The ledger of a resource: from the private state or, where the host has lost that, from AWS itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Provider, State, ledger_of};
use crate::apply::Engine;
use crate::aws::{CallError, chain};
use crate::components::ownership as claim;
use crate::desired::{Address, Owner, OwnerId, Scope};
use crate::ownership::place;
use crate::plan::{Kinds, Ledger};
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The ledger of an existing resource, and the engine with the identity that it records.
pub(super) struct Loaded {
    pub(super) engine: Engine,
    pub(super) ledger: Ledger,
    /// A warning when the ledger had to be rebuilt.
    pub(super) warnings: Diagnostics,
}

impl Provider {
    /// The ledger of an existing resource. A host that loses its provider in the middle of an update keeps the value and no
    /// private state: then it is rebuilt from the objects that carry the resource's owner id.
    ///
    /// # Errors
    /// Credentials of another account; a private state that is damaged or newer; a call that failed.
    pub(super) async fn load(
        &self,
        engine: &Engine,
        resource: &dyn Resource,
        state: &State,
    ) -> Result<Loaded, Diagnostics> {
        let ledger = ledger_of(&state.private)?;
        if ledger.is_empty() {
            return self.rebuild(engine, resource, &state.value).await;
        }
        let engine = place::identified(engine, &self.aws, &ledger)?;
        let ledger = find_unseen(&engine, resource, ledger).await?;
        Ok(Loaded { engine, ledger, warnings: Vec::new() })
    }

    async fn rebuild(&self, engine: &Engine, resource: &dyn Resource, value: &Value) -> Result<Loaded, Diagnostics> {
        if let Some(account_id) = text(value, "account_id")
            && account_id != self.aws.account_id()
        {
            return Err(vec![place::wrong_account(engine.owner(), &account_id, self.aws.partition(), &self.aws)]);
        }
        engine.settle().await.map_err(|error| vec![search_failed(&error)])?;
        let owner_id = match text(value, "owner_id").and_then(|id| id.parse::<OwnerId>().ok()) {
            Some(owner_id) => Some(owner_id),
            None => {
                let record = claim::record(&engine.regional(&claim::address())).await;
                record.map_err(|error| vec![search_failed(&error)])?.map(|record| record.owner_id)
            }
        };
        let engine = owner_id.map_or_else(|| engine.clone(), |owner_id| engine.identified(owner_id));
        let in_state = addresses_in_state(value);
        let scopes = in_state.iter().map(|address| address.scope.clone()).collect::<BTreeSet<Scope>>();
        let ledger = discover(&engine, resource, scopes).await?;
        let missing: Vec<String> =
            in_state.iter().filter(|address| !ledger.entries.contains_key(*address)).map(ToString::to_string).collect();
        let missing = match missing.as_slice() {
            [] => "All of its objects were found.".to_owned(),
            missing => format!("Not found, so AWS no longer has it: {}.", missing.join(", ")),
        };
        let detail = format!(
            "The private state of {} is empty because an apply was interrupted. The provider found the resource's objects in \
             AWS by their owner id. {missing} No action is needed; the next apply continues from there.",
            engine.owner()
        );
        let warnings = vec![Diagnostic::warning(Path::root(), "Private state rebuilt", detail)];
        Ok(Loaded { engine, ledger, warnings })
    }
}

/// Searches again for what a failed create may have created, and could not search for then.
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
    // A search within the consistency window of the apply that failed could miss them.
    engine.wait_until_consistent(&ledger).await;
    let scopes = unseen.iter().chain(ledger.entries.keys()).map(|address| address.scope.clone()).collect();
    let mut found = discover(engine, resource, scopes).await?;
    found.entries.retain(|address, _| unseen.contains(address));
    found.deposed.retain(|(address, _)| unseen.contains(address));
    ledger.take_in(found);
    Ok(ledger)
}

/// Everything in AWS that carries the resource's owner id, in `scopes` and in the regions that its claim lists.
///
/// # Errors
/// A call that failed.
pub(super) async fn discover(
    engine: &Engine,
    resource: &dyn Resource,
    scopes: BTreeSet<Scope>,
) -> Result<Ledger, Diagnostics> {
    let mut ledger = engine.discover(resource.kinds(), scopes).await.map_err(|error| vec![search_failed(&error)])?;
    // A region that an interrupted apply created may never have answered: it has to, before it receives traffic.
    ledger.entries.retain(|address, _| !engine.kinds().meta(&address.kind).is_check);
    Ok(ledger)
}

/// The objects of an interrupted apply could not be searched for.
pub(super) fn search_failed(error: &CallError) -> Diagnostic {
    let detail = format!(
        "An earlier apply was interrupted, and the search for the AWS objects that it created failed: {}. Nothing was changed.",
        chain(error)
    );
    Diagnostic::error(Path::root(), "AWS objects not found", detail)
}

fn text(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Map(attributes) => match attributes.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The components that exist according to the state's value.
pub(super) fn addresses_in_state(value: &Value) -> BTreeSet<Address> {
    let Value::Map(attributes) = value else { return BTreeSet::new() };
    let Some(Value::Map(components)) = attributes.get("components") else { return BTreeSet::new() };
    let exists = |component: &Value| match component {
        Value::Map(fields) => matches!(fields.get("id"), Some(Value::String(_))),
        _ => false,
    };
    components.iter().filter(|(_, component)| exists(component)).filter_map(|(name, _)| name.parse().ok()).collect()
}

/// The resources that this process has refreshed. The host plans a tainted resource as a create, without its state and
/// private state; it will be destroyed before.
#[derive(Debug, Clone, Default)]
pub(super) struct Refreshed(Arc<Mutex<BTreeMap<Owner, Ledger>>>);

impl Refreshed {
    pub(super) fn get(&self, owner: &Owner) -> Option<Ledger> {
        self.with(|refreshed| refreshed.get(owner).cloned())
    }

    pub(super) fn add(&self, owner: &Owner, ledger: &Ledger) {
        self.with(|refreshed| refreshed.insert(owner.clone(), ledger.clone()));
    }

    /// What the refresh found does not hold any more.
    pub(super) fn forget(&self, owner: &Owner) {
        self.with(|refreshed| refreshed.remove(owner));
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<Owner, Ledger>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
