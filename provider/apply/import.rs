//! Finds everything of a resource that stands in no ledger of ours: an import.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::sync::Arc;

use futures::future::try_join_all;

use super::{Engine, dependencies};
use crate::aws::{CallError, CoalescedReads};
use crate::components::{AnyComponent, AnyDiscovered, Siblings};
use crate::desired::{Address, Scope};
use crate::plan::{Entry, Ledger};

impl Engine {
    /// The ledger of everything that carries the ownership of the run's owner, kind by kind.
    ///
    /// It is looked for in the scopes `known` and in those learnt on the way: a component whose spec lists `regions`
    /// says where the others live. Of several at one address, the first one lives; the others are to be taken away.
    ///
    /// # Errors
    /// The first call that failed.
    pub async fn discover(&self, kinds: &[&str], known: BTreeSet<Scope>) -> Result<Ledger, CallError> {
        let (mut ledger, mut siblings) = (Ledger::default(), Siblings::default());
        ledger.rebuilt = Some(self.run.clock.unix_seconds());
        ledger.ownership = self.ownership();
        let mut scopes = known;
        scopes.insert(Scope::Global);
        let (mut all, looks) = (Vec::new(), Arc::default());
        for kind in kinds {
            let component = self.kinds().get(kind)?;
            let scopes_of_kind = scopes.iter().filter(|scope| (**scope == Scope::Global) == component.meta().global);
            let searches = scopes_of_kind.map(|scope| self.discover_in(component, scope, &siblings, &looks));
            for (address, found) in try_join_all(searches).await?.into_iter().flatten() {
                siblings.0.entry(address.clone()).or_default().push(found.outputs.clone());
                let Some(entry) = self.entry(component, &address, found, &looks).await? else { continue };
                scopes.extend(regions(&entry).map(Scope::Region));
                all.push((address, entry));
            }
        }
        let dependencies = dependencies::derive(&all, kinds, self.kinds());
        for (address, mut entry) in all {
            entry.depends_on = dependencies.get(&address).cloned().unwrap_or_default();
            match ledger.entries.entry(address) {
                Vacant(free) => drop(free.insert(entry)),
                // What a replacement left behind has the same address.
                Occupied(living) => ledger.deposed.push((living.key().clone(), entry)),
            }
        }
        Ok(ledger)
    }

    async fn discover_in(
        &self,
        component: &dyn AnyComponent,
        scope: &Scope,
        siblings: &Siblings,
        looks: &Arc<CoalescedReads>,
    ) -> Result<Vec<(Address, AnyDiscovered)>, CallError> {
        let at = Address { scope: scope.clone(), kind: component.meta().name.to_owned(), key: None };
        let found = component.discover(&self.shared(&at, looks), siblings).await?;
        Ok(found.into_iter().map(|found| (Address { key: found.key.clone(), ..at.clone() }, found)).collect())
    }

    async fn entry(
        &self,
        component: &dyn AnyComponent,
        address: &Address,
        found: AnyDiscovered,
        looks: &Arc<CoalescedReads>,
    ) -> Result<Option<Entry>, CallError> {
        let read = component.read(&self.shared(address, looks), &found.spec, &found.outputs).await?;
        Ok(read.map(|(spec, outputs)| Entry { spec, outputs, depends_on: BTreeSet::new(), uncertain: false }))
    }
}

fn regions(entry: &Entry) -> impl Iterator<Item = String> + '_ {
    let listed = entry.spec.get("regions").and_then(|regions| regions.as_array()).into_iter().flatten();
    listed.filter_map(|region| region.as_str().map(str::to_owned))
}
