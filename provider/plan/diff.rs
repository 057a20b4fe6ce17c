//! The difference between the desired graph and the ledger.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::toposort;
use petgraph::graphmap::DiGraphMap;
use serde_json::Value as Json;

use super::resolve::{Scene, changed_fields, resolve};
use super::{Entry, Kinds, Ledger};
use crate::desired::{Address, Desired, Reference};

/// The change of one desired component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It does not change.
    Keep,
    /// It does not exist.
    Create,
    /// These fields are updated in place.
    Update(Vec<String>),
    /// A new object replaces it, because these fields cannot change; the old one is deleted last.
    Replace(Vec<String>),
}

/// The changes of all desired components, and their specs as far as they are known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// The desired components, each after its dependencies.
    pub order: Vec<Address>,
    /// The change of each component.
    pub changes: BTreeMap<Address, Change>,
    /// The spec of each component, resolved as far as possible before apply.
    pub specs: BTreeMap<Address, Json>,
    /// The components that are no longer desired, and whose objects stay in AWS.
    pub released: BTreeSet<Address>,
}

/// Components that depend on each other in a cycle: a bug in an `expand`.
#[derive(Debug, thiserror::Error)]
#[error("{0} depends on itself")]
pub struct Cycle(pub Address);

/// The outputs that are known while planning: those of components that are kept, and those that are foreseen.
struct Preview<'a> {
    ledger: &'a Ledger,
    changes: &'a BTreeMap<Address, Change>,
    foreseen: &'a BTreeMap<Address, Json>,
}

impl Scene for Preview<'_> {
    fn output(&self, reference: &Reference) -> Option<Json> {
        match self.changes.get(&reference.address)? {
            // An update never changes outputs; only a new object has new ones.
            Change::Keep | Change::Update(_) => self.ledger.output(reference),
            Change::Create | Change::Replace(_) => reference.among(self.foreseen.get(&reference.address)?),
        }
    }

    fn is_ready(&self, address: &Address) -> bool {
        self.changes.contains_key(address)
    }
}

/// Compares the desired graph with the ledger.
///
/// # Errors
/// [`Cycle`].
pub fn diff(desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> Result<Difference, Cycle> {
    let released = released(desired, ledger, kinds);
    let mut difference = Difference { order: order(desired)?, released, ..Difference::default() };
    let (mut foreseen, nothing) = (BTreeMap::new(), BTreeMap::new());
    for address in &difference.order {
        let Some(node) = desired.get(address) else { continue };
        let entry = ledger.entries.get(address);
        let look = |foreseen| {
            let scene = Preview { ledger, changes: &difference.changes, foreseen };
            resolve(&node.spec, entry.map(|entry| &entry.spec), &scene).spec
        };
        let full = look(&foreseen);
        // A component to be created has nothing to compare with: its spec contains no foreseen values.
        let spec = if entry.is_some() { full.clone() } else { look(&nothing) };
        let change = match entry {
            None => Change::Create,
            Some(_) if node.is_kept => Change::Keep,
            Some(entry) if entry.uncertain => Change::Update(Vec::new()).or_replace(entry, &spec, address, kinds),
            Some(entry) => change(&entry.spec, &spec, address, kinds),
        };
        if matches!(change, Change::Create | Change::Replace(_))
            && let Some(outputs) = kinds.foreseen(address, &full)
        {
            foreseen.insert(address.clone(), outputs);
        }
        difference.changes.insert(address.clone(), change);
        difference.specs.insert(address.clone(), spec);
    }
    Ok(difference)
}

/// The components of `ledger` that are not desired, and whose objects stay in AWS.
pub(super) fn released(desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> BTreeSet<Address> {
    let is_released = |(address, entry): &(&Address, &Entry)| {
        let is_retained = desired.retains(&address.kind) || kinds.is_retained(&address.kind, &entry.spec);
        is_retained && desired.get(address).is_none()
    };
    ledger.entries.iter().filter(is_released).map(|(address, _)| address.clone()).collect()
}

/// The change that turns `from` into `to`.
pub fn change(from: &Json, to: &Json, address: &Address, kinds: &dyn Kinds) -> Change {
    let meta = kinds.meta(&address.kind);
    let mut fields = changed_fields(from, to, meta.uncompared);
    // A check that has passed need not pass again because an earlier release, or an import, did not record a field.
    fields.retain(|field| !meta.is_check || from.get(field).is_some());
    let immutable = meta.immutable;
    let fixed: Vec<String> = fields.iter().filter(|field| immutable.contains(&field.as_str())).cloned().collect();
    match (fields.is_empty(), fixed.is_empty()) {
        (true, _) => Change::Keep,
        (false, true) => Change::Update(fields),
        (false, false) => Change::Replace(fixed),
    }
}

impl Change {
    /// Whether there is nothing to do.
    pub fn is_keep(&self) -> bool {
        *self == Self::Keep
    }

    /// The change of an uncertain entry: it is updated again, even if the ledger shows no difference.
    fn or_replace(self, entry: &Entry, spec: &Json, address: &Address, kinds: &dyn Kinds) -> Self {
        match change(&entry.spec, spec, address, kinds) {
            Self::Keep => self,
            other => other,
        }
    }
}

fn order(desired: &Desired) -> Result<Vec<Address>, Cycle> {
    let nodes = desired.nodes();
    let mut graph = DiGraphMap::<&Address, ()>::new();
    for (address, node) in nodes.iter().rev() {
        graph.add_node(address);
        for before in node.depends_on.iter().chain(&node.waits_for).filter(|before| nodes.contains_key(before)) {
            graph.add_edge(before, address, ());
        }
    }
    let sorted = toposort(&graph, None).map_err(|cycle| Cycle(cycle.node_id().clone()))?;
    Ok(sorted.into_iter().cloned().collect())
}
