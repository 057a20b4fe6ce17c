//! Objects of one kind, by account, region and name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::upstream::Place;

/// Objects by account, region and name. A clone shares all objects; an object is copied when it next changes.
#[derive(Debug, Clone)]
pub(crate) struct Store<T>(BTreeMap<Place, BTreeMap<String, Arc<T>>>);

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone> Store<T> {
    /// The object of this name.
    pub(crate) fn get(&self, place: &Place, name: &str) -> Option<&T> {
        self.0.get(place)?.get(name).map(Arc::as_ref)
    }

    /// The object of this name, mutable.
    pub(crate) fn get_mut(&mut self, place: &Place, name: &str) -> Option<&mut T> {
        self.0.get_mut(place)?.get_mut(name).map(Arc::make_mut)
    }

    /// Adds or replaces an object.
    pub(crate) fn put(&mut self, place: &Place, name: &str, object: T) {
        self.0.entry(place.clone()).or_default().insert(name.to_owned(), Arc::new(object));
    }

    /// Removes an object; whether there was one.
    pub(crate) fn remove(&mut self, place: &Place, name: &str) -> bool {
        self.0.get_mut(place).is_some_and(|objects| objects.remove(name).is_some())
    }

    /// All objects of an account and region by name.
    pub(crate) fn all(&self, place: &Place) -> impl Iterator<Item = (&str, &T)> {
        self.0.get(place).into_iter().flatten().map(|(name, object)| (name.as_str(), object.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_do_not_affect_a_clone() {
        let place = Place { account: "1".to_owned(), region: "us-east-1".to_owned() };
        let mut store = Store::default();
        store.put(&place, "a", 1);
        let before = store.clone();
        *store.get_mut(&place, "a").unwrap() = 2;
        store.put(&place, "b", 3);
        assert_eq!(before.all(&place).collect::<Vec<_>>(), [("a", &1)]);
        assert_eq!(store.all(&place).collect::<Vec<_>>(), [("a", &2), ("b", &3)]);
        assert!(store.remove(&place, "a") && !store.remove(&place, "a"));
    }
}
