//! Loads the ledger of a resource from its private state, or rebuilds it from AWS if the host has lost the private state.

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

/// The ledger of an existing resource, and an engine with its owner id.
pub(super) struct Loaded {
    pub(super) engine: Engine,
    pub(super) ledger: Ledger,
    /// A warning if the ledger was rebuilt.
    pub(super) warnings: Diagnostics,
}

impl Provider {
    /// Loads the ledger of an existing resource.
    ///
    /// If the provider process dies during an update, the host keeps the value without a private state. In that case the
    /// ledger is rebuilt from the objects that carry the resource's owner id.
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
            [] => "All objects were found.".to_owned(),
            missing => format!("Not found in AWS: {}.", missing.join(", ")),
        };
        let detail = format!(
            "The private state of {} is empty, because an apply was interrupted. The provider searched AWS for the objects with \
             the owner id of the resource. {missing} No action is needed: the next apply continues from there.",
            engine.owner()
        );
        let warnings = vec![Diagnostic::warning(Path::root(), "Private state rebuilt", detail)];
        Ok(Loaded { engine, ledger, warnings })
    }
}

/// Searches for the components that a failed create may have created but could not search for.
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
    // A search within the consistency window of the failed apply could miss them.
    engine.wait_until_consistent(&ledger).await;
    let scopes = unseen.iter().chain(ledger.entries.keys()).map(|address| address.scope.clone()).collect();
    let mut found = match discover(engine, resource, scopes).await {
        Ok(found) => found,
        // The other regions must not wait for the search. It is repeated by the next operation.
        Err(_) if !engine.unreachable().is_empty() => return Ok(Ledger { unseen, ..ledger }),
        Err(error) => return Err(error),
    };
    found.entries.retain(|address, _| unseen.contains(address));
    found.deposed.retain(|(address, _)| unseen.contains(address));
    ledger.take_in(found);
    Ok(ledger)
}

/// Finds all objects that carry the resource's owner id, in `scopes` and in the regions that its claim lists.
///
/// # Errors
/// A call that failed.
pub(super) async fn discover(
    engine: &Engine,
    resource: &dyn Resource,
    scopes: BTreeSet<Scope>,
) -> Result<Ledger, Diagnostics> {
    let mut ledger = engine.discover(&resource.kinds(), scopes).await.map_err(|error| vec![search_failed(&error)])?;
    // Checks run again: a region of an interrupted apply may never have passed its probe.
    ledger.entries.retain(|address, _| !engine.kinds().meta(&address.kind).is_check);
    Ok(ledger)
}

/// The error that the search for the objects of an interrupted or failed apply failed.
pub(super) fn search_failed(error: &CallError) -> Diagnostic {
    let detail = format!(
        "The search for AWS objects that an interrupted or failed apply may have created failed: {}. These objects stay as they \
         are. Fix the cause and run again.",
        chain(error)
    );
    Diagnostic::error(Path::root(), "Could not search for AWS objects", detail)
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

/// The addresses of the components that exist according to a state.
pub(super) fn addresses_in_state(value: &Value) -> BTreeSet<Address> {
    let Value::Map(attributes) = value else { return BTreeSet::new() };
    let Some(Value::Map(components)) = attributes.get("components") else { return BTreeSet::new() };
    let exists = |component: &Value| match component {
        Value::Map(fields) => matches!(fields.get("id"), Some(Value::String(_))),
        _ => false,
    };
    components.iter().filter(|(_, component)| exists(component)).filter_map(|(name, _)| name.parse().ok()).collect()
}

/// The ledgers of the resources that this process has refreshed.
///
/// A host destroys a tainted resource and creates it anew. It plans that create without the state and private state of the
/// tainted resource, so the plan takes the ledger from here.
#[derive(Debug, Clone, Default)]
pub(super) struct Refreshed(Arc<Mutex<BTreeMap<Owner, Ledger>>>);

impl Refreshed {
    pub(super) fn get(&self, owner: &Owner) -> Option<Ledger> {
        self.with(|refreshed| refreshed.get(owner).cloned())
    }

    pub(super) fn add(&self, owner: &Owner, ledger: &Ledger) {
        self.with(|refreshed| refreshed.insert(owner.clone(), ledger.clone()));
    }

    /// Removes a ledger that an apply is about to change.
    pub(super) fn forget(&self, owner: &Owner) {
        self.with(|refreshed| refreshed.remove(owner));
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<Owner, Ledger>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
