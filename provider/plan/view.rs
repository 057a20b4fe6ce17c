//! What the components of a resource are, or will be once a plan is applied.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::resolve::revision;
use super::{Change, Difference, Entry, Kinds, Ledger};
use crate::desired::{Address, AddressOf, Kind, OutputKey, Ownership, is_open};
use crate::schema::Attr;
use crate::wire::Value;

/// One component, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Whether it is an AWS object, shown in `components`.
    pub visible: bool,
    /// What AWS calls it; null when it is wanted but was not made.
    pub id: Attr<String>,
    /// A digest of its spec.
    pub revision: Attr<String>,
    /// Its spec: resolved as far as it can be.
    pub spec: Json,
    /// Its outputs; unknown before it is made, null when it was not made.
    pub outputs: Attr<Json>,
}

/// All components of a resource: what computed attributes are made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// The components by address.
    pub components: BTreeMap<Address, Seen>,
    /// Whether everything that is wanted is there; unknown while it is being planned.
    pub complete: Attr<bool>,
    /// Whose the components are and where; unknown while a create is being planned.
    pub ownership: Attr<Ownership>,
}

impl View {
    /// What the components will be once a plan with this difference is applied to `ledger`.
    pub fn planned(difference: &Difference, ledger: &Ledger, kinds: &dyn Kinds) -> Self {
        let seen = |address: &Address| {
            let (spec, change) = (difference.specs.get(address)?, difference.changes.get(address)?);
            let kept = match change {
                Change::Keep | Change::Update(_) => ledger.entries.get(address),
                Change::Create | Change::Replace(_) => None,
            };
            let before = ledger.entries.get(address).map(|entry| revision_of(address, &entry.spec, kinds));
            let revision = match (change, before) {
                // What is kept keeps the revision it has, even where only uncompared fields differ.
                (Change::Keep, Some(before)) => Attr::Known(before),
                _ if is_open(spec) => Attr::Unknown,
                (_, before) => match revision_of(address, spec, kinds) {
                    // What changes is a secret: the plan must show that it does, and cannot tell by what.
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
        Self { components: difference.order.iter().filter_map(seen).collect(), complete: Attr::Unknown, ownership }
    }

    /// What the components are.
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
        Self { components, complete: Attr::Known(ledger.complete), ownership }
    }

    /// Adds the components that were planned and not made: without an id, so that what was planned stays in sight.
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

    /// An output of the component at `address`: null when there is no such component, unknown until it is created.
    pub fn output<C, T>(&self, address: &AddressOf<C>, key: OutputKey<C, T>) -> Value {
        match self.components.get::<Address>(address).map(|seen| &seen.outputs) {
            None | Some(Attr::Null) => Value::Null,
            Some(Attr::Unknown) => Value::Unknown,
            Some(Attr::Known(outputs)) => text(outputs.get(key.name())),
        }
    }

    /// The attribute `components`: address → kind, id and revision of every visible component.
    pub fn components_value(&self) -> Value {
        let visible = self.components.iter().filter(|(_, seen)| seen.visible);
        Value::Map(visible.map(|(address, seen)| (address.to_string(), entry(address, seen))).collect())
    }
}

fn revision_of(address: &Address, spec: &Json, kinds: &dyn Kinds) -> String {
    revision(spec, kinds.meta(&address.kind))
}

fn entry(address: &Address, seen: &Seen) -> Value {
    Value::Map(BTreeMap::from([
        ("kind".to_owned(), Value::String(address.kind.clone())),
        ("id".to_owned(), attr(&seen.id)),
        ("revision".to_owned(), attr(&seen.revision)),
    ]))
}

fn id(address: &Address, entry: &Entry, kinds: &dyn Kinds) -> Attr<String> {
    kinds.id(&address.kind, &entry.outputs).map_or(Attr::Null, Attr::Known)
}

fn attr(attr: &Attr<String>) -> Value {
    match attr {
        Attr::Known(text) => Value::String(text.clone()),
        Attr::Null => Value::Null,
        Attr::Unknown => Value::Unknown,
    }
}

fn text(json: Option<&Json>) -> Value {
    match json {
        Some(Json::String(text)) => Value::String(text.clone()),
        Some(Json::Bool(flag)) => Value::Bool(*flag),
        Some(Json::Array(items)) => Value::List(items.iter().map(|item| text(Some(item))).collect()),
        Some(Json::Number(number)) => Value::String(number.to_string()),
        _ => Value::Null,
    }
}
