//! Objects of one kind, by account, region and name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::upstream::Place;

/// Objects by place and name. Cloning it copies no object: one is copied when it next changes.
#[derive(Debug, Clone)]
pub(crate) struct Shelf<T>(BTreeMap<Place, BTreeMap<String, Arc<T>>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone> Shelf<T> {
    /// The object of this name.
    pub(crate) fn get(&self, place: &Place, name: &str) -> Option<&T> {
        self.0.get(place)?.get(name).map(Arc::as_ref)
    }

    /// The object of this name, to change it.
    pub(crate) fn get_mut(&mut self, place: &Place, name: &str) -> Option<&mut T> {
        self.0.get_mut(place)?.get_mut(name).map(Arc::make_mut)
    }

    /// Puts an object there, also in the stead of another.
    pub(crate) fn put(&mut self, place: &Place, name: &str, object: T) {
        self.0.entry(place.clone()).or_default().insert(name.to_owned(), Arc::new(object));
    }

    /// Takes an object away; whether there was one.
    pub(crate) fn remove(&mut self, place: &Place, name: &str) -> bool {
        self.0.get_mut(place).is_some_and(|objects| objects.remove(name).is_some())
    }

    /// All objects of a place by name.
    pub(crate) fn all(&self, place: &Place) -> impl Iterator<Item = (&str, &T)> {
        self.0.get(place).into_iter().flatten().map(|(name, object)| (name.as_str(), object.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_stays_as_it_was() {
        let place = Place { account: "1".to_owned(), region: "us-east-1".to_owned() };
        let mut shelf = Shelf::default();
        shelf.put(&place, "a", 1);
        let before = shelf.clone();
        *shelf.get_mut(&place, "a").unwrap() = 2;
        shelf.put(&place, "b", 3);
        assert_eq!(before.all(&place).collect::<Vec<_>>(), [("a", &1)]);
        assert_eq!(shelf.all(&place).collect::<Vec<_>>(), [("a", &2), ("b", &3)]);
        assert!(shelf.remove(&place, "a") && !shelf.remove(&place, "a"));
    }
}
