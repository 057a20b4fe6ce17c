//! The search for all components of a resource in AWS: an import, or a lost state.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::sync::Arc;

use futures::future::try_join_all;

use super::{Engine, dependencies};
use crate::aws::{CallError, CoalescedReads};
use crate::components::{AnyComponent, AnyDiscovered, Siblings, foreign_tags};
use crate::desired::{Address, Scope};
use crate::plan::{Entry, Ledger};

impl Engine {
    /// Finds every object that carries the owner's tags, kind by kind, and returns a ledger of them.
    ///
    /// The search covers the scopes `known`, and the regions that the specs of found components list in `regions`. If several
    /// objects have one address, the first is the current one. The others are deposed: the next apply deletes them. A
    /// replaced object that AWS has not deleted yet is deposed, too. The entries have the tags that all objects have.
    ///
    /// # Errors
    /// The first call that failed.
    pub async fn discover(&self, kinds: &[&str], known: BTreeSet<Scope>) -> Result<Ledger, CallError> {
        let (mut ledger, mut siblings) = (Ledger::default(), Siblings::default());
        ledger.rebuilt = Some(self.run.clock.unix_seconds());
        ledger.ownership = self.ownership();
        let mut scopes = known;
        scopes.insert(Scope::Global);
        let (mut all, reads) = (Vec::new(), Arc::default());
        for kind in kinds {
            let component = self.kinds().get(kind)?;
            let scopes_of_kind = scopes.iter().filter(|scope| (**scope == Scope::Global) == component.meta().global);
            let searches = scopes_of_kind.map(|scope| self.discover_in(component, scope, &siblings, &reads));
            for (address, found) in try_join_all(searches).await?.into_iter().flatten() {
                siblings.0.entry(address.clone()).or_default().push(found.outputs.clone());
                let Some(entry) = self.entry(component, &address, found, &reads).await? else { continue };
                scopes.extend(regions(&entry).map(Scope::Region));
                all.push((address, entry));
            }
        }
        foreign_tags::drop_partial(all.iter_mut().map(|(_, entry)| &mut entry.spec));
        let dependencies = dependencies::derive(&all, kinds, self.kinds());
        let replaced = dependencies::replaced(&all, self.kinds());
        for (position, (address, mut entry)) in all.into_iter().enumerate() {
            entry.depends_on = dependencies.get(&address).cloned().unwrap_or_default();
            if replaced.contains(&position) {
                ledger.deposed.push((address, entry));
                continue;
            }
            match ledger.entries.entry(address) {
                Vacant(free) => drop(free.insert(entry)),
                // An object that was replaced has the same address.
                Occupied(current) => ledger.deposed.push((current.key().clone(), entry)),
            }
        }
        Ok(ledger)
    }

    async fn discover_in(
        &self,
        component: &dyn AnyComponent,
        scope: &Scope,
        siblings: &Siblings,
        reads: &Arc<CoalescedReads>,
    ) -> Result<Vec<(Address, AnyDiscovered)>, CallError> {
        let at = Address { scope: scope.clone(), kind: component.meta().name.to_owned(), key: None };
        let found = component.discover(&self.shared(&at, reads), siblings).await?;
        Ok(found.into_iter().map(|found| (Address { key: found.key.clone(), ..at.clone() }, found)).collect())
    }

    async fn entry(
        &self,
        component: &dyn AnyComponent,
        address: &Address,
        found: AnyDiscovered,
        reads: &Arc<CoalescedReads>,
    ) -> Result<Option<Entry>, CallError> {
        let read = component.read_discovered(&self.shared(address, reads), &found.spec, &found.outputs).await?;
        Ok(read.map(|(spec, outputs)| Entry {
            spec,
            outputs,
            depends_on: BTreeSet::new(),
            uncertain: false,
            rejected: false,
        }))
    }
}

fn regions(entry: &Entry) -> impl Iterator<Item = String> + '_ {
    let listed = entry.spec.get("regions").and_then(|regions| regions.as_array()).into_iter().flatten();
    listed.filter_map(|region| region.as_str().map(str::to_owned))
}
