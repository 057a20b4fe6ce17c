//! Import: finds a resource in AWS by its name.

use std::collections::BTreeSet;

use super::{Provider, State, Surroundings, report, warnings_of};
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
        let mut ledger = Ledger { imported: true, complete: true, ..ledger };
        let view = View::made(&ledger, engine.kinds());
        let unreported =
            self.in_context(&engine, Surroundings::default(), |context| resource.unreported(name, &view, context));
        for (address, spec) in unreported {
            ledger.describe(&address, &spec);
        }
        let view = View::made(&ledger, engine.kinds());
        let mut warnings = found.warnings;
        let mut value = resource.imported(name, &view);
        match self.referent(resource, &value).await {
            Ok(Some(referent)) => {
                value = resource.imported_beside(name, &view, &View::made(&referent, engine.kinds()));
            }
            Ok(None) => {}
            Err(errors) => warnings.extend(errors.into_iter().map(report::as_warning)),
        }
        warnings.extend(resource.unfound(&view));
        warnings.extend(warnings_of(&engine));
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
