//! Refresh: updates a state from AWS.

use super::loaded::{Loaded, addresses_in_state};
use super::{Provider, State, report, unread, warnings_of};
use crate::desired::Owner;
use crate::plan::{View, drift};
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The error that the private state is lost and no object was found: the objects may be gone, or in another account or region.
fn lost(owner: &Owner) -> Diagnostic {
    Diagnostic::error(
        Path::root(),
        "AWS objects not found",
        format!(
            "The private state of {owner} is empty, and no AWS object carries its owner id. Check that the provider uses the \
             account and region in which the resource was created. If all objects were deleted, remove the resource from the \
             state (`state rm`) and apply again."
        ),
    )
}

impl Provider {
    /// Updates the state from AWS. The state is null if all components are gone.
    pub async fn read(&self, resource: &dyn Resource, state: State) -> (State, Diagnostics) {
        match self.refresh(resource, &state).await {
            Ok(answer) => answer,
            Err(diagnostics) => (state, diagnostics),
        }
    }

    async fn refresh(&self, resource: &dyn Resource, state: &State) -> Result<(State, Diagnostics), Diagnostics> {
        if state.value == Value::Null {
            return Ok((State::gone(), Vec::new()));
        }
        let owner = resource.settings(&state.value).owner;
        let engine = self.reading(&owner);
        let Loaded { engine, ledger, mut warnings } = self.load(&engine, resource, state).await?;
        self.pending_acks.acknowledge(&owner).await;
        if ledger.is_empty() && !addresses_in_state(&state.value).is_empty() {
            return Err(vec![lost(&owner)]);
        }
        let observed = engine.observe(&ledger).await;
        warnings.extend(warnings_of(&engine));
        let refused = unread::refused_reads(&observed.unseen);
        if !refused.is_empty() {
            return Err(warnings.into_iter().chain(refused).collect());
        }
        warnings.extend(unread::not_refreshed(&observed.unseen));
        let observed = observed.ledger;
        warnings.extend(report::drifted(&drift(&ledger, &observed, engine.kinds())));
        self.refreshed.add(&owner, &observed);
        if observed.is_empty() {
            return Ok((State::gone(), warnings));
        }
        let view = View::made(&observed, engine.kinds());
        let value = resource.state(&state.value, &view);
        Ok((State { value, private: observed.to_private() }, warnings))
    }
}
