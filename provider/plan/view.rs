//! The components of a resource as they are, or as they will be after a plan: what computed attributes are built from.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::resolve::revision;
use super::{Change, Difference, Entry, Kinds, Ledger};
use crate::desired::{Address, AddressOf, Kind, Ownership, is_open};
use crate::schema::Attr;

/// One component, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Whether it is an AWS object, shown in `components`.
    pub visible: bool,
    /// Its id in AWS; null when it is desired and does not exist.
    pub id: Attr<String>,
    /// The digest of its spec.
    pub revision: Attr<String>,
    /// Its spec, with the references that are known resolved.
    pub spec: Json,
    /// Its outputs; unknown until it is created, null when it is desired and does not exist.
    pub outputs: Attr<Json>,
}

/// All components of a resource.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// The components by address.
    pub components: BTreeMap<Address, Seen>,
    /// Whether every desired component exists; unknown in a plan.
    pub complete: Attr<bool>,
    /// The components whose changes wait until their region responds.
    pub pending: Attr<BTreeSet<Address>>,
    /// The owner id, account and partition; unknown in the plan of a create.
    pub ownership: Attr<Ownership>,
    /// The changes of the planned apply, or of the last one.
    pub changes: Attr<Vec<String>>,
    /// Why desired components are missing.
    pub reason: Option<String>,
}

impl View {
    /// The components as they will be after a plan with this difference is applied to `ledger`.
    pub fn planned(difference: &Difference, ledger: &Ledger, kinds: &dyn Kinds) -> Self {
        let seen = |address: &Address| {
            let (spec, change) = (difference.specs.get(address)?, difference.changes.get(address)?);
            let kept = match change {
                Change::Keep | Change::Update(_) => ledger.entries.get(address),
                Change::Create | Change::Replace(_) => None,
            };
            let before = ledger.entries.get(address).map(|entry| revision_of(address, &entry.spec, kinds));
            let revision = match (change, before) {
                // A component that does not change keeps its revision, also when uncompared fields differ.
                (Change::Keep, Some(before)) => Attr::Known(before),
                _ if is_open(spec) => Attr::Unknown,
                (_, before) => match revision_of(address, spec, kinds) {
                    // Only a secret changes: the plan must show a change, and the revision does not cover it.
                    same if before.as_ref() == Some(&same) => Attr::Unknown,
                    other => Attr::Known(other),
                },
            };
            let seen = Seen {
                visible: kinds.meta(&address.kind).visible,
                id: kept.map_or(Attr::Unknown, |entry| id(address, entry, kinds)),
                revision,
                spec: spec.clone(),
                outputs: kept.map_or(Attr::Unknown, |entry| Attr::Known(entry.outputs.clone())),
            };
            Some((address.clone(), seen))
        };
        let ownership = ledger.ownership.clone().map_or(Attr::Unknown, Attr::Known);
        let components = difference.order.iter().filter_map(seen).collect();
        let (pending, changes) = (Attr::Known(ledger.pending.clone()), Attr::Known(ledger.changes.clone()));
        Self { components, complete: Attr::Unknown, pending, ownership, changes, reason: None }
            .with_pending(ledger, kinds)
    }

    /// The components as they are.
    pub fn made(ledger: &Ledger, kinds: &dyn Kinds) -> Self {
        let seen = |(address, entry): (&Address, &Entry)| {
            let seen = Seen {
                visible: kinds.meta(&address.kind).visible,
                id: id(address, entry, kinds),
                revision: Attr::Known(revision_of(address, &entry.spec, kinds)),
                spec: entry.spec.clone(),
                outputs: Attr::Known(entry.outputs.clone()),
            };
            (address.clone(), seen)
        };
        let components = ledger.entries.iter().map(seen).collect();
        let ownership = ledger.ownership.clone().map_or(Attr::Null, Attr::Known);
        let (complete, pending) = (Attr::Known(ledger.complete), Attr::Known(ledger.pending.clone()));
        let (changes, reason) = (Attr::Known(ledger.changes.clone()), ledger.reason.clone());
        Self { components, complete, pending, ownership, changes, reason }.with_pending(ledger, kinds)
    }

    /// Adds the pending components that do not exist, without an id.
    fn with_pending(mut self, ledger: &Ledger, kinds: &dyn Kinds) -> Self {
        for address in ledger.pending.iter().filter(|address| !ledger.entries.contains_key(*address)) {
            let absent = Seen {
                visible: kinds.meta(&address.kind).visible,
                id: Attr::Null,
                revision: Attr::Null,
                spec: Json::Null,
                outputs: Attr::Null,
            };
            self.components.entry(address.clone()).or_insert(absent);
        }
        self
    }

    /// Adds the components that were planned and do not exist, without an id.
    #[must_use]
    pub fn with_missing(mut self, planned: Self) -> Self {
        for (address, seen) in planned.components {
            self.components.entry(address).or_insert_with(|| Seen {
                id: Attr::Null,
                revision: if seen.revision.is_unknown() { Attr::Null } else { seen.revision },
                outputs: Attr::Null,
                ..seen
            });
        }
        self
    }

    /// The spec of the component at `address`; `None` when there is no such component.
    pub fn spec<C: Kind<Spec: DeserializeOwned>>(&self, address: &AddressOf<C>) -> Option<C::Spec> {
        C::Spec::deserialize(&self.components.get::<Address>(address)?.spec).ok()
    }
}

fn revision_of(address: &Address, spec: &Json, kinds: &dyn Kinds) -> String {
    revision(spec, kinds.meta(&address.kind))
}

fn id(address: &Address, entry: &Entry, kinds: &dyn Kinds) -> Attr<String> {
    kinds.id(&address.kind, &entry.outputs).map_or(Attr::Null, Attr::Known)
}
