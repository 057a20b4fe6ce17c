//! Refresh: what AWS holds of a resource now.

use super::{LOOK_TIMEOUT, Provider, State, ledger_of};
use crate::aws::{CallError, chain};
use crate::plan::View;
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

fn unseen(error: &CallError) -> Diagnostic {
    let detail = format!("Its AWS objects could not be looked for: {}.", chain(error));
    Diagnostic::error(Path::root(), "Refresh failed", detail)
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
        let engine = self.engine(&resource.settings(&state.value)?.owner, LOOK_TIMEOUT);
        let ledger = match ledger_of(&state.private)? {
            // A resource without components has lost its ledger; it is found by its ownership.
            none if none.is_empty() => engine.discover(resource.kinds()).await.map_err(|error| vec![unseen(&error)])?,
            ledger => ledger,
        };
        let (observed, unseen) = engine.observe(&ledger).await;
        let warnings = unseen.iter().map(|(address, error)| {
            Diagnostic::warning(
                Path::root(),
                "AWS object not refreshed",
                format!("{address} could not be looked at and is taken to be as it was: {}.", chain(error)),
            )
        });
        let warnings = warnings.collect();
        if observed.is_empty() {
            return Ok((State::gone(), warnings));
        }
        let view = View::made(&observed, engine.kinds());
        let value = resource.state(&state.value, &view);
        Ok((State { value, private: observed.to_private() }, warnings))
    }
}
