//! Import: finds a resource in AWS by its name.

use std::collections::BTreeSet;

use super::{Provider, State, warnings_of};
use crate::desired::Scope;
use crate::ownership::search;
use crate::plan::{Ledger, View};
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Path};

impl Provider {
    /// Finds the resource of this name in AWS. Returns no state, and errors, if there is none.
    pub async fn import(&self, resource: &dyn Resource, name: &str) -> (State, Diagnostics) {
        match self.find(resource, name).await {
            Ok(found) => found,
            Err(diagnostics) => (State::gone(), diagnostics),
        }
    }

    async fn find(&self, resource: &dyn Resource, name: &str) -> Result<(State, Diagnostics), Diagnostics> {
        let owner = resource.owner(name);
        let engine = self.reading(&owner);
        let found = search::owner_id(&engine, &resource.kinds()).await?;
        let found = found.ok_or_else(|| vec![self.not_found(resource, name)])?;
        let scopes = match found.has_claim {
            // The claim lists the regions.
            true => BTreeSet::new(),
            false => search::enabled_regions(&engine).await.into_iter().map(Scope::Region).collect(),
        };
        let engine = engine.identified(found.owner_id);
        let ledger =
            engine.discover(&resource.kinds(), scopes).await.map_err(|error| vec![search::failed(&engine, &error)])?;
        if ledger.is_empty() {
            return Err(vec![self.not_found(resource, name)]);
        }
        let ledger = Ledger { imported: true, complete: true, ..ledger };
        let view = View::made(&ledger, engine.kinds());
        let value = resource.imported(name, &view);
        let warnings = found.warnings.into_iter().chain(resource.unfound(&view)).chain(warnings_of(&engine)).collect();
        Ok((State { value, private: ledger.to_private() }, warnings))
    }

    fn not_found(&self, resource: &dyn Resource, name: &str) -> Diagnostic {
        let detail = format!(
            "Account {} has no AWS object of a {} named {name:?}. The import id is the `name` of the resource. Check the name, \
             the account and the provider's region ({}).",
            self.aws.account_id(),
            resource.type_name(),
            self.aws.home_region(),
        );
        Diagnostic::error(Path::root(), "Import failed", detail)
    }
}
