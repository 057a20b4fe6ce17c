//! Helpers for the tests of every resource type.

use std::collections::BTreeMap;

use crate::desired::{OwnerId, Package, PackageSource, Packages, Unusable};
use crate::resources::{Context, Expansion, Prior, Resource};
use crate::wire::{Diagnostics, Value};

/// Expands a resource in account 123456789012. The home region of its owner id is us-east-1.
pub(crate) fn expand(
    resource: &dyn Resource,
    config: &Value,
    default_tags: &BTreeMap<String, String>,
    packages: &dyn Packages,
    prior: Option<Prior<'_>>,
) -> Result<Expansion, Diagnostics> {
    let owner_id = OwnerId::mint("us-east-1", 7);
    let (account_id, partition) = ("123456789012", "aws");
    let context = Context { owner_id: Some(&owner_id), account_id, partition, default_tags, packages, prior };
    resource.expand(config, &context)
}

/// The summaries and paths of diagnostics.
pub(crate) fn summaries(found: &Diagnostics) -> Vec<String> {
    found.iter().map(|diagnostic| format!("{} @ {}", diagnostic.summary, diagnostic.path)).collect()
}

/// Packages for a resource type without function code.
pub(crate) struct NoPackages;

impl Packages for NoPackages {
    fn describe(&self, _: &PackageSource) -> Result<Package, Unusable> {
        Err(Unusable { summary: "No package", detail: "There is no package.".to_owned(), is_missing: true })
    }
}
