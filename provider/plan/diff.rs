//! What each component needs: nothing, to be made, changed, replaced or taken away.

use std::collections::BTreeMap;

use petgraph::algo::toposort;
use petgraph::graphmap::DiGraphMap;
use serde_json::Value as Json;

use super::resolve::{Scene, changed_fields, resolve};
use super::{Kinds, Ledger};
use crate::desired::{Address, Desired, Reference};

/// What one wanted component needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is as it should be.
    Keep,
    /// It does not exist.
    Create,
    /// These fields are changed in place.
    Update(Vec<String>),
    /// A new one takes its place, because of these fields; the old one is deleted last.
    Replace(Vec<String>),
}

/// The changes of all wanted components, and how far their specs are known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// The wanted components in an order in which each comes after what it depends on.
    pub order: Vec<Address>,
    /// What each needs.
    pub changes: BTreeMap<Address, Change>,
    /// The spec of each with everything put in that is known before apply.
    pub specs: BTreeMap<Address, Json>,
}

/// Components that wait for each other in a circle: a mistake in an `expand`.
#[derive(Debug, thiserror::Error)]
#[error("{0} depends on itself")]
pub struct Cycle(pub Address);

/// What is known while planning: outputs of components that stay what they are, and outputs that are foreseen.
struct Preview<'a> {
    ledger: &'a Ledger,
    changes: &'a BTreeMap<Address, Change>,
    foreseen: &'a BTreeMap<Address, Json>,
}

impl Scene for Preview<'_> {
    fn output(&self, reference: &Reference) -> Option<Json> {
        match self.changes.get(&reference.address)? {
            // An update never changes outputs; only a new object has new ones.
            Change::Keep | Change::Update(_) => {
                self.ledger.entries.get(&reference.address)?.outputs.get(&reference.output).cloned()
            }
            Change::Create | Change::Replace(_) => {
                self.foreseen.get(&reference.address)?.get(&reference.output).cloned()
            }
        }
    }

    fn is_ready(&self, _: &Address) -> bool {
        true
    }
}

/// Compares what is wanted with what there is.
///
/// # Errors
/// [`Cycle`].
pub fn diff(desired: &Desired, ledger: &Ledger, kinds: &dyn Kinds) -> Result<Difference, Cycle> {
    let mut difference = Difference { order: order(desired)?, ..Difference::default() };
    let (mut foreseen, nothing) = (BTreeMap::new(), BTreeMap::new());
    for address in &difference.order {
        let Some(node) = desired.get(address) else { continue };
        let entry = ledger.entries.get(address);
        let look = |foreseen| {
            let scene = Preview { ledger, changes: &difference.changes, foreseen };
            resolve(&node.spec, entry.map(|entry| &entry.spec), &scene).spec
        };
        let full = look(&foreseen);
        // What is to be made is compared with nothing: it is told only what is known.
        let spec = if entry.is_some() { full.clone() } else { look(&nothing) };
        let change = match entry {
            None => Change::Create,
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

/// What turning `from` into `to` takes.
pub fn change(from: &Json, to: &Json, address: &Address, kinds: &dyn Kinds) -> Change {
    let fields = changed_fields(from, to, kinds.meta(&address.kind).uncompared);
    let immutable = kinds.meta(&address.kind).immutable;
    let fixed: Vec<String> = fields.iter().filter(|field| immutable.contains(&field.as_str())).cloned().collect();
    match (fields.is_empty(), fixed.is_empty()) {
        (true, _) => Change::Keep,
        (false, true) => Change::Update(fields),
        (false, false) => Change::Replace(fixed),
    }
}

impl Change {
    /// Whether nothing is to be done.
    pub fn is_keep(&self) -> bool {
        *self == Self::Keep
    }

    /// An entry whose last change ended unknown is changed again, whatever the ledger says it is.
    fn or_replace(self, entry: &super::Entry, spec: &Json, address: &Address, kinds: &dyn Kinds) -> Self {
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
