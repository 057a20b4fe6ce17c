//! The desired graph: the specs of one resource and their dependencies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::input::{Handle, READY, REF, Reference};
use super::{Address, AddressOf, Kind, Rollout};
use crate::wire::Path;

/// One desired component.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The spec as JSON, with unresolved references.
    pub spec: Json,
    /// The components whose steps must have succeeded: those that the spec refers to, and those added by
    /// [`Desired::order`].
    pub depends_on: BTreeSet<Address>,
    /// The components whose steps must have ended, in success or failure: those that gates wait for.
    pub waits_for: BTreeSet<Address>,
    /// Whether it stays as the ledger records it, even if its spec differs: the provider cannot or must not
    /// change it now.
    pub is_kept: bool,
    /// Whether its step runs after the deletion of everything that is no longer desired.
    pub is_last: bool,
    /// The number of objects that it replaced last and that stay. They are deleted with what they depend on.
    pub keeps: usize,
    /// How many replacements before the current object the one was to which other components refer.
    pub back: usize,
    /// The attribute that errors of this component point to.
    pub attribute: Path,
}

impl Node {
    /// The spec, in which the gates around references to `missing` components stay shut.
    #[must_use]
    pub fn waiting_for(&self, missing: &BTreeSet<Address>) -> Json {
        let mut spec = self.spec.clone();
        if !self.waits_for.is_disjoint(missing) {
            shut_gates(&mut spec, missing);
        }
        spec
    }
}

/// Makes each gate wait for the components among `missing` to which its content refers.
fn shut_gates(json: &mut Json, missing: &BTreeSet<Address>) {
    match json {
        Json::Object(map) if map.contains_key(READY) => {
            let (mut inside, mut awaited) = (BTreeSet::new(), BTreeSet::new());
            map.values().for_each(|value| collect(value, &mut inside, &mut awaited));
            if let Some(Json::Array(ready)) = map.get_mut(READY) {
                ready.extend(inside.intersection(missing).filter_map(|address| serde_json::to_value(address).ok()));
            }
        }
        Json::Object(map) => map.values_mut().for_each(|value| shut_gates(value, missing)),
        Json::Array(items) => items.iter_mut().for_each(|item| shut_gates(item, missing)),
        _ => {}
    }
}

/// All components of one resource.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Desired {
    nodes: BTreeMap<Address, Node>,
    /// In which order regions change.
    pub rollout: Rollout,
    /// The kinds whose objects stay in AWS when they are no longer desired, also if the ledger does not say so yet.
    retained: BTreeSet<&'static str>,
}

impl Desired {
    /// Adds a component. Returns the handle by which other specs refer to it.
    pub fn add<C: Kind>(&mut self, address: AddressOf<C>, attribute: Path, spec: &C::Spec) -> Handle<C> {
        let address = Address::from(address);
        #[expect(clippy::expect_used, reason = "specs are plain structs with text keys")]
        let spec = serde_json::to_value(spec).expect("a spec serializes");
        let (mut depends_on, mut waits_for) = (BTreeSet::new(), BTreeSet::new());
        collect(&spec, &mut depends_on, &mut waits_for);
        let node = Node { spec, depends_on, waits_for, is_kept: false, is_last: false, keeps: 0, back: 0, attribute };
        let previous = self.nodes.insert(address.clone(), node);
        debug_assert!(previous.is_none(), "{address} was added twice");
        Handle::new(address)
    }

    /// Makes `later` wait for the success of `earlier`, although it references none of its outputs.
    pub fn order(&mut self, later: &impl AsRef<Address>, earlier: &impl AsRef<Address>) {
        if let Some(node) = self.nodes.get_mut(later.as_ref()) {
            node.depends_on.insert(earlier.as_ref().clone());
        }
    }

    /// Makes every other component wait for the success of `first`.
    pub fn order_first<C>(&mut self, first: &Handle<C>) {
        for (address, node) in &mut self.nodes {
            if address != first.address() {
                node.depends_on.insert(first.address().clone());
            }
        }
    }

    /// Makes `last` wait for the success of every other component, and for the deletion of everything no longer desired.
    pub fn order_last<C>(&mut self, last: &Handle<C>) {
        let others = self.nodes.keys().filter(|address| *address != last.address()).cloned().collect::<Vec<_>>();
        if let Some(node) = self.nodes.get_mut(last.address()) {
            node.depends_on.extend(others);
        }
        self.order_after_removals(last);
    }

    /// Makes `last` wait for the deletion of everything no longer desired, which may depend on its old settings.
    pub fn order_after_removals(&mut self, last: &impl AsRef<Address>) {
        if let Some(node) = self.nodes.get_mut(last.as_ref()) {
            node.is_last = true;
        }
    }

    /// Makes the `count` objects stay that `replaced` was before. All older ones are deleted.
    pub fn keep_replaced(&mut self, replaced: &impl AsRef<Address>, count: usize) {
        if let Some(node) = self.nodes.get_mut(replaced.as_ref()) {
            node.keeps = count;
        }
    }

    /// Makes `component` stay as the ledger records it.
    pub fn keep_unchanged(&mut self, component: &impl AsRef<Address>) {
        if let Some(node) = self.nodes.get_mut(component.as_ref()) {
            node.is_kept = true;
        }
    }

    /// Makes others refer to the object that `component` was `back` replacements before. The component itself stays as it is.
    pub fn return_to(&mut self, component: &impl AsRef<Address>, back: usize) {
        self.keep_unchanged(component);
        if let Some(node) = self.nodes.get_mut(component.as_ref()) {
            node.back = back;
        }
    }

    /// Makes the objects of the kind `C` stay in AWS when they are no longer desired.
    pub fn retain<C: Kind>(&mut self) {
        self.retained.insert(C::KIND);
    }

    /// Whether the objects of this kind stay in AWS when they are no longer desired.
    pub fn retains(&self, kind: &str) -> bool {
        self.retained.contains(kind)
    }

    /// Everything on which the component at `address` depends, directly or through others.
    pub fn dependencies(&self, address: &Address) -> BTreeSet<Address> {
        let mut found = BTreeSet::new();
        let mut open = vec![address.clone()];
        while let Some(node) = open.pop().and_then(|address| self.nodes.get(&address)) {
            let before = node.depends_on.union(&node.waits_for).cloned();
            open.extend(before.filter(|before| found.insert(before.clone())));
        }
        found
    }

    /// The same components, except that those of `missing` are left out, and that those of `kept` stay as their specs there
    /// say, also if they are not desired.
    #[must_use]
    pub fn keeping(&self, missing: &BTreeSet<Address>, kept: BTreeMap<Address, Json>) -> Self {
        let mut nodes = self.nodes.clone();
        nodes.retain(|address, _| !missing.contains(address));
        nodes.values_mut().for_each(|node| node.spec = node.waiting_for(missing));
        for (address, spec) in kept {
            let node = nodes.get(&address);
            let (attribute, keeps) = node.map_or((Path::root(), 0), |node| (node.attribute.clone(), node.keeps));
            // It has no step, so that nothing has to be ordered before it.
            let (depends_on, waits_for) = (BTreeSet::new(), BTreeSet::new());
            let node = Node { spec, depends_on, waits_for, is_kept: true, is_last: false, keeps, back: 0, attribute };
            nodes.insert(address, node);
        }
        Self { nodes, rollout: self.rollout.clone(), retained: self.retained.clone() }
    }

    /// All components by address.
    pub fn nodes(&self) -> &BTreeMap<Address, Node> {
        &self.nodes
    }

    /// The component at `address`.
    pub fn get(&self, address: &Address) -> Option<&Node> {
        self.nodes.get(address)
    }
}

/// Collects the addresses in a spec: references outside of gates are dependencies, those inside are waited for.
fn collect(json: &Json, depends_on: &mut BTreeSet<Address>, waits_for: &mut BTreeSet<Address>) {
    match json {
        Json::Object(map) if map.contains_key(REF) => {
            if let Ok(reference) = serde_json::from_value::<Reference>(json.clone()) {
                depends_on.insert(reference.address);
            }
        }
        Json::Object(map) => {
            if let Some(ready) = map.get(READY) {
                waits_for.extend(serde_json::from_value::<Vec<Address>>(ready.clone()).unwrap_or_default());
                let mut inside = BTreeSet::new();
                map.values().for_each(|value| collect(value, &mut inside, waits_for));
                waits_for.extend(inside);
            } else {
                map.values().for_each(|value| collect(value, depends_on, waits_for));
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, depends_on, waits_for)),
        _ => {}
    }
}
