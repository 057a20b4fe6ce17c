//! What holds for every configuration, whatever of it is unknown.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::Api;
use super::super::testing::{config, expand};
use super::TOPOLOGIES;
use crate::desired::{Address, Desired};
use crate::plan::View;
use crate::resources::Resource;
use crate::wire::Value;

/// The value with each of its parts unknown for which the next of `mask` is true.
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

/// What a component must see succeed or end before it.
fn before(desired: &Desired) -> BTreeMap<Address, BTreeSet<Address>> {
    let both = |node: &crate::desired::Node| node.depends_on.union(&node.waits_for).cloned().collect();
    desired.nodes().iter().map(|(address, node)| (address.clone(), both(node))).collect()
}

/// Whether the components can be put in an order: take away, again and again, those that wait for nothing.
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
    fn graphs_are_whole_and_unknown_values_are_no_errors(
        topology in 0..TOPOLOGIES.len(),
        mask in prop::collection::vec(prop::bool::weighted(0.05), 300),
    ) {
        let (_, hcl) = TOPOLOGIES[topology];
        // The whole of a configuration is never unknown.
        let config = hide(&config(hcl), &mut std::iter::once(false).chain(mask));
        prop_assert_eq!(Api.validate(&config), vec![]);
        let expansion = expand(&config);
        prop_assert_eq!(&expansion, &expand(&config));
        let expansion = expansion.unwrap();
        let before = before(&expansion.desired);
        for (address, others) in &before {
            for other in others {
                prop_assert!(before.contains_key(other), "{} waits for {}, which is not there", address, other);
            }
        }
        prop_assert!(is_acyclic(before));
        let kinds: BTreeSet<&str> = Api.kinds().iter().copied().collect();
        prop_assert!(expansion.desired.nodes().keys().all(|address| kinds.contains(address.kind.as_str())));
        let Value::Map(state) = Api.state(&config, &View::default()) else { panic!("the state is not an object") };
        let Value::Map(config) = config else { panic!("the configuration is not an object") };
        for attribute in Api.schema().attributes {
            if attribute.mode != crate::schema::Mode::Computed {
                prop_assert_eq!(&state[attribute.name], &config[attribute.name], "{}", attribute.name);
            }
        }
    }
}

#[test]
fn every_topology_is_valid_and_known() {
    for (name, hcl) in TOPOLOGIES {
        let config = config(hcl);
        assert_eq!(Api.validate(&config), [], "{name}");
        let expansion = expand(&config).unwrap();
        assert!(expansion.addresses_known, "{name}");
        let unknown = |address: &&Address| expansion.desired.nodes()[*address].spec.to_string().contains("$unknown");
        assert_eq!(expansion.desired.nodes().keys().find(unknown), None, "{name}");
    }
}
