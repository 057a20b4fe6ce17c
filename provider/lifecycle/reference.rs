//! The resource that another one refers to: found in AWS by its claim.

use std::collections::BTreeSet;

use super::Provider;
use crate::aws::chain;
use crate::desired::Scope;
use crate::ownership::search;
use crate::plan::Ledger;
use crate::resources::{Reference, Resource};
use crate::wire::{Diagnostic, Diagnostics, Value};

impl Provider {
    /// The objects of the resource that `config` refers to; `None` when it refers to none, or when that resource does not
    /// exist.
    ///
    /// # Errors
    /// A call that failed; several resources of that name.
    pub(super) async fn referent(
        &self,
        resource: &dyn Resource,
        config: &Value,
    ) -> Result<Option<Ledger>, Diagnostics> {
        let Some(reference) = resource.refers_to(config) else { return Ok(None) };
        let engine = self.reading(&reference.owner);
        let Some(owner_id) = search::claimed(&engine).await.map_err(|errors| at(&reference, errors))? else {
            return Ok(None);
        };
        let engine = engine.identified(owner_id);
        // The claim lists the regions.
        let found = engine.discover(&reference.kinds, BTreeSet::<Scope>::new()).await;
        found.map(Some).map_err(|error| {
            let detail = format!(
                "The AWS objects of {} could not be read: {}. Nothing was changed. Fix the cause and run again.",
                reference.owner,
                chain(&error)
            );
            vec![Diagnostic::error(reference.attribute.clone(), "Referenced resource could not be read", detail)]
        })
    }
}

/// The same errors at the attribute that names the resource.
fn at(reference: &Reference, errors: Diagnostics) -> Diagnostics {
    errors.into_iter().map(|error| Diagnostic { path: reference.attribute.clone(), ..error }).collect()
}
