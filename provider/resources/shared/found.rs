//! The components of a resource that was found in AWS, by their types: what an import reads.

use serde::de::DeserializeOwned;

use crate::desired::{Address, AddressOf, Kind, OutputKey};
use crate::plan::View;

/// The components that were found.
#[derive(Clone, Copy)]
pub(crate) struct FoundComponents<'a> {
    view: &'a View,
}

impl<'a> FoundComponents<'a> {
    /// The components of `view`.
    pub(crate) fn new(view: &'a View) -> Self {
        Self { view }
    }

    /// The names of the regions in which there is a component of one of `kinds`, sorted.
    pub(crate) fn regions(&self, kinds: &[&str]) -> Vec<String> {
        let in_region = |address: &Address| {
            let is_one = kinds.contains(&address.kind.as_str());
            address.scope.region().filter(|_| is_one).map(str::to_owned)
        };
        let mut regions: Vec<String> = self.view.components.keys().filter_map(in_region).collect();
        regions.sort();
        regions.dedup();
        regions
    }

    /// The spec of the component at `address`.
    pub(crate) fn spec<C: Kind<Spec: DeserializeOwned>>(&self, address: &AddressOf<C>) -> Option<C::Spec> {
        self.view.spec(address)
    }

    /// The spec of the component of a kind without a key in a region.
    pub(crate) fn regional<C: Kind<Spec: DeserializeOwned>>(&self, region: &str) -> Option<C::Spec> {
        self.spec(&Address::of::<C>(region))
    }

    /// The spec of the global component of a kind without a key.
    pub(crate) fn global<C: Kind<Spec: DeserializeOwned>>(&self) -> Option<C::Spec> {
        self.spec(&Address::global_of::<C>())
    }

    /// The spec of the component of a kind without a key in the first region that has one.
    pub(crate) fn first<C: Kind<Spec: DeserializeOwned>>(&self, regions: &[String]) -> Option<C::Spec> {
        regions.iter().find_map(|region| self.regional::<C>(region))
    }

    /// Whether there is a component at `address`.
    pub(crate) fn has(&self, address: &Address) -> bool {
        self.view.components.contains_key(address)
    }

    /// An output of the component at `address`; `None` when there is no such component.
    pub(crate) fn output<C: Kind, T: DeserializeOwned>(
        &self,
        address: &AddressOf<C>,
        key: OutputKey<C, T>,
    ) -> Option<T> {
        let outputs = self.view.components.get::<Address>(address)?.outputs.known()?;
        T::deserialize(outputs.get(key.name())?).ok()
    }

    /// All components of a kind.
    pub(crate) fn all<C: Kind<Spec: DeserializeOwned>>(&self) -> Vec<(Address, C::Spec)> {
        let addresses = self.view.components.keys().filter_map(|address| address.clone().typed::<C>());
        addresses
            .filter_map(|address| Some((self.spec(&address)?, address)))
            .map(|(spec, at)| (at.into(), spec))
            .collect()
    }
}
