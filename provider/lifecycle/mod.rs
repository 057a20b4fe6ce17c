//! What the host asks of a resource, free of the protocol: read, plan, apply, import, upgrade.
//!
//! Each operation is one file that puts the pure parts (`resources`, `plan`) and the acting ones (`apply`) together.

use std::sync::Arc;

use crate::aws::{Aws, CancellationToken, Clock};
use crate::resources::Resource;
use crate::wire::{Diagnostics, Path, Value};

/// A configured provider.
#[derive(Clone)]
pub struct Provider {
    /// Its AWS.
    pub aws: Arc<Aws>,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Cancels whatever runs: the host's `StopProvider`.
    pub cancel: CancellationToken,
}

/// A resource as the host keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The values of its schema; [`Value::Null`] when there is no such resource.
    pub value: Value,
    /// What only we can read.
    pub private: Vec<u8>,
}

/// What a plan answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The values once it is applied, unknown where only apply will tell; null for a destroy.
    pub state: State,
    /// The attributes because of which the resource must be made anew.
    pub replaced_by: Vec<Path>,
}

impl Provider {
    /// What AWS holds of the resource now; a null value when it is all gone.
    pub async fn read(&self, resource: &dyn Resource, state: State) -> (State, Diagnostics) {
        let _ = resource;
        (state, Vec::new())
    }

    /// What an apply of `config` would come to. `prior` is null for a create, `config` for a destroy.
    pub async fn plan(&self, resource: &dyn Resource, prior: State, config: Value) -> (Planned, Diagnostics) {
        let _ = (resource, prior, config);
        todo!()
    }

    /// Turns `prior` into `planned`. With errors, the state is what was reached.
    pub async fn apply(
        &self,
        resource: &dyn Resource,
        prior: Value,
        planned: State,
        config: Value,
    ) -> (State, Diagnostics) {
        let _ = (resource, prior, planned, config);
        todo!()
    }

    /// The resource of this name, found in AWS.
    pub async fn import(&self, resource: &dyn Resource, name: &str) -> (State, Diagnostics) {
        let _ = (resource, name);
        todo!()
    }
}

/// Everything that is wrong with the configuration of a resource by itself. Asks no AWS.
pub fn validate(resource: &dyn Resource, config: &Value) -> Diagnostics {
    let _ = (resource, config);
    todo!()
}

/// A state that was written by an older version of the schema, in today's. `json` is the state as the host kept it.
pub fn upgrade(resource: &dyn Resource, version: i64, json: &[u8]) -> Result<Value, Diagnostics> {
    let _ = (resource, version, json);
    todo!()
}
