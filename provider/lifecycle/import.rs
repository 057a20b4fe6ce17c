//! Import: a resource found in AWS by its name.

use std::collections::BTreeSet;

use super::{LOOK_TIMEOUT, Provider, State, loaded, warnings_of};
use crate::desired::Scope;
use crate::ownership::search;
use crate::plan::{Ledger, View};
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path};

impl Provider {
    /// The resource of this name, found in AWS.
    pub async fn import(&self, resource: &dyn Resource, name: &str) -> (State, Diagnostics) {
        match self.find(resource, name).await {
            Ok(found) => found,
            Err(diagnostics) => (State::gone(), diagnostics),
        }
    }

    async fn find(&self, resource: &dyn Resource, name: &str) -> Result<(State, Diagnostics), Diagnostics> {
        let owner = resource.owner(name);
        let engine = self.engine(&owner, LOOK_TIMEOUT);
        let found = search::owner_id(&engine, resource.kinds()).await?;
        let found = found.ok_or_else(|| vec![self.nothing(resource, name)])?;
        let engine = engine.identified(found.owner_id);
        let scopes = match found.has_claim {
            // The claim lists the regions.
            true => BTreeSet::new(),
            false => search::enabled_regions(&engine).await.into_iter().map(Scope::Region).collect(),
        };
        let ledger =
            engine.discover(resource.kinds(), scopes).await.map_err(|error| vec![loaded::search_failed(&error)])?;
        if ledger.is_empty() {
            return Err(vec![self.nothing(resource, name)]);
        }
        let ledger = Ledger { imported: true, complete: true, ..ledger };
        let view = View::made(&ledger, engine.kinds());
        let value = resource.imported(name, &view);
        let warnings = found.warnings.into_iter().chain(resource.unfound(&view)).chain(warnings_of(&engine)).collect();
        Ok((State { value, private: ledger.to_private() }, warnings))
    }

    fn nothing(&self, resource: &dyn Resource, name: &str) -> Diagnostic {
        let detail = format!(
            "No AWS object in account {} belongs to a {} named {name:?}. The import id is the resource's `name`. Check the name, \
             the account and the provider's region ({}).",
            self.aws.account_id(),
            resource.type_name(),
            self.aws.home_region(),
        );
        Diagnostic::error(Path::root(), "Import failed", detail)
    }
}
