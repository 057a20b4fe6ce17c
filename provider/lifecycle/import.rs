//! Import: a resource found in AWS by its name.

use std::collections::BTreeSet;

use super::{LOOK_TIMEOUT, Provider, State};
use crate::aws::chain;
use crate::plan::{Ledger, View};
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path};

impl Provider {
    /// The resource of this name, found in AWS.
    pub async fn import(&self, resource: &dyn Resource, name: &str) -> (State, Diagnostics) {
        let owner = resource.owner(name);
        let engine = self.engine(&owner, LOOK_TIMEOUT);
        let failed = |detail: String| (State::gone(), vec![Diagnostic::error(Path::root(), "Import failed", detail)]);
        let ledger = match engine.discover(resource.kinds(), BTreeSet::new()).await {
            Ok(ledger) => Ledger { imported: true, complete: true, ..ledger },
            Err(error) => return failed(format!("Looking for {owner:?} in AWS failed: {}.", chain(&error))),
        };
        if ledger.is_empty() {
            return failed(format!(
                "AWS account {} has nothing that a {} named {name:?} made. The import id is the resource's `name`; check \
                 it, the account and the provider's region ({}).",
                self.aws.account_id(),
                resource.type_name(),
                self.aws.home_region(),
            ));
        }
        let view = View::made(&ledger, engine.kinds());
        let state = State { value: resource.imported(name, &view), private: ledger.to_private() };
        (state, resource.unfound(&view))
    }
}
