//! Properties of every configuration, including those with unknown values.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::Api;
use super::super::testing::{config, expand};
use super::TOPOLOGIES;
use crate::desired::{Address, Desired};
use crate::plan::View;
use crate::resources::Resource;
use crate::wire::Value;

/// Replaces parts of a value with unknown. Each part takes one flag from `mask`.
fn hide(value: &Value, mask: &mut impl Iterator<Item = bool>) -> Value {
    if mask.next().unwrap_or_default() {
        return Value::Unknown;
    }
    match value {
        Value::List(items) => Value::List(items.iter().map(|item| hide(item, mask)).collect()),
        Value::Map(all) => Value::Map(all.iter().map(|(key, of)| (key.clone(), hide(of, mask))).collect()),
        other => other.clone(),
    }
}

/// The components that each component depends on or waits for.
fn predecessors(desired: &Desired) -> BTreeMap<Address, BTreeSet<Address>> {
    let both = |node: &crate::desired::Node| node.depends_on.union(&node.waits_for).cloned().collect();
    desired.nodes().iter().map(|(address, node)| (address.clone(), both(node))).collect()
}

/// Whether the components have a topological order. Removes components without predecessors until none is left.
fn is_acyclic(mut before: BTreeMap<Address, BTreeSet<Address>>) -> bool {
    while !before.is_empty() {
        let free: BTreeSet<Address> =
            before.iter().filter(|(_, others)| others.is_empty()).map(|(address, _)| address.clone()).collect();
        if free.is_empty() {
            return false;
        }
        before.retain(|address, _| !free.contains(address));
        before.values_mut().for_each(|others| others.retain(|other| !free.contains(other)));
    }
    true
}

proptest! {
    #[test]
    fn graph_is_complete_and_acyclic_with_any_values_unknown(
        topology in 0..TOPOLOGIES.len(),
        mask in prop::collection::vec(prop::bool::weighted(0.05), 300),
    ) {
        let (_, hcl) = TOPOLOGIES[topology];
        // The configuration itself is never unknown, only its parts.
        let config = hide(&config(hcl), &mut std::iter::once(false).chain(mask));
        prop_assert_eq!(Api.validate(&config), vec![], "{:?}", config);
        let expansion = expand(&config);
        prop_assert_eq!(&expansion, &expand(&config));
        let expansion = expansion.unwrap();
        let before = predecessors(&expansion.desired);
        for (address, others) in &before {
            for other in others {
                prop_assert!(before.contains_key(other), "{} depends on {}, which does not exist", address, other);
            }
        }
        prop_assert!(is_acyclic(before));
        let kinds: BTreeSet<&str> = Api.kinds().iter().copied().collect();
        prop_assert!(expansion.desired.nodes().keys().all(|address| kinds.contains(address.kind.as_str())));
        let Value::Map(state) = Api.state(&config, &View::default()) else { panic!("the state is not an object") };
        let kept = crate::schema::without_write_only(config, Api.schema());
        let Value::Map(config) = kept else { panic!("the configuration is not an object") };
        for attribute in &Api.schema().attributes {
            if attribute.mode != crate::schema::Mode::Computed {
                prop_assert_eq!(&state[attribute.name], &config[attribute.name], "{}", attribute.name);
            }
        }
    }
}

#[test]
fn every_topology_is_valid_and_fully_known() {
    for (name, hcl) in TOPOLOGIES {
        let config = config(hcl);
        assert_eq!(Api.validate(&config), [], "{name}");
        let expansion = expand(&config).unwrap();
        assert!(expansion.addresses_known, "{name}");
        let unknown = |address: &&Address| expansion.desired.nodes()[*address].spec.to_string().contains("$unknown");
        assert_eq!(expansion.desired.nodes().keys().find(unknown), None, "{name}");
    }
}
