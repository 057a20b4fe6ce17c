//! Refresh: what AWS holds of a resource now.

use super::held::{Held, held, told};
use super::{LOOK_TIMEOUT, Provider, State, report};
use crate::plan::View;
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// Of nothing found and nothing remembered it cannot be told whether it is gone, or somewhere else.
fn lost(owner: &str) -> Diagnostic {
    Diagnostic::error(
        Path::root(),
        "AWS objects not found",
        format!(
            "The private state of {owner} is empty, and AWS has nothing that carries its ownership tags. Check that the \
             provider works in the account and region that it was made in. If all of it is gone, take it out of the \
             state (`state rm`) and apply again."
        ),
    )
}

impl Provider {
    /// What AWS holds of the resource now; a null value when it is all gone.
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
        let owner = resource.settings(&state.value)?.owner;
        self.unsigned.sign_off_one(resource, &owner).await;
        let engine = self.engine(&owner, LOOK_TIMEOUT);
        let Held { ledger, mut warnings } = held(&engine, resource, state).await?;
        if ledger.is_empty() && !told(&state.value).is_empty() {
            return Err(vec![lost(&owner)]);
        }
        let (observed, unseen) = engine.observe(&ledger).await;
        warnings.extend(report::unseen(&unseen));
        self.seen.add(resource, &owner, &observed);
        if observed.is_empty() {
            return Ok((State::gone(), warnings));
        }
        let view = View::made(&observed, engine.kinds());
        let value = resource.state(&state.value, &view);
        Ok((State { value, private: observed.to_private() }, warnings))
    }
}
