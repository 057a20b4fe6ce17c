//! Domain names that the resources of one configuration need: two of them cannot have the same one.
//!
//! A host configures a new provider for each walk over its configuration, and plans each resource in that provider at least
//! once. So the plans of one configured provider are those of one configuration.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::components::Catalog;
use crate::desired::{Address, Desired, Owner, Scope};
use crate::wire::{Diagnostic, Diagnostics};

/// A kind, a scope, and a domain name that only one object of this kind has there.
type Name = (String, Scope, String);

/// The domain names of the resources that this provider has planned, with their owners.
#[derive(Debug, Clone, Default)]
pub(super) struct PlannedNames(Arc<Mutex<BTreeMap<Name, Owner>>>);

impl PlannedNames {
    /// Records the names of the planned resource `owner`, instead of those of an earlier plan.
    ///
    /// # Errors
    /// Another resource was planned with one of them. Nothing is recorded then.
    pub(super) fn record(&self, owner: &Owner, desired: &Desired, kinds: &Catalog) -> Result<(), Diagnostics> {
        // An unknown name is empty.
        if owner.name().is_empty() {
            return Ok(());
        }
        self.forget(owner);
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let names = names(desired, kinds);
        let mut used = names.iter().filter_map(|(address, name)| Some((address, name, planned.get(name)?)));
        if let Some((address, (.., name), other)) = used.next() {
            return Err(vec![used_twice(owner, other, desired, (address, name))]);
        }
        planned.extend(names.into_iter().map(|(_, name)| (name, owner.clone())));
        Ok(())
    }

    /// Forgets the names of a resource that is destroyed or planned again.
    pub(super) fn forget(&self, owner: &Owner) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, other| other != owner);
    }
}

fn names(desired: &Desired, kinds: &Catalog) -> Vec<(Address, Name)> {
    let mut names = Vec::new();
    for (address, node) in desired.nodes() {
        let Ok(component) = kinds.get(&address.kind) else { continue };
        for name in component.domain_names(&node.spec) {
            names.push((address.clone(), (address.kind.clone(), address.scope.clone(), name.to_ascii_lowercase())));
        }
    }
    names
}

fn used_twice(owner: &Owner, other: &Owner, desired: &Desired, (address, name): (&Address, &str)) -> Diagnostic {
    let detail = format!(
        "{owner} and {other} both need {name} ({address}), but AWS gives a domain name to one object only. One of them would \
         fail while it is applied. Use another name for one of them, or serve both from one API, which can have several functions \
         with routes of their own, also functions of other configurations."
    );
    let path = desired.get(address).map(|node| node.attribute.clone()).unwrap_or_default();
    Diagnostic::error(path, "Domain name is used twice", detail)
}
