//! What planning must know of a kind. The engine knows no kind by name; it asks.

use std::time::Duration;

use serde_json::Value as Json;

use crate::desired::Address;

/// Answers questions about kinds.
pub trait Kinds: Sync {
    /// Spec fields that cannot change on a living object.
    fn immutable(&self, kind: &str) -> &[&str];
    /// Spec fields whose change alone is no change.
    fn uncompared(&self, kind: &str) -> &[&str];
    /// The outputs that a new object at `address` will have, where they follow from its spec.
    fn foreseen(&self, address: &Address, spec: &Json) -> Option<Json>;
    /// Spec fields of which a revision must not tell the values.
    fn secret(&self, kind: &str) -> &[&str];
    /// How long others may act on what an object of this spec said before it was changed or deleted.
    fn linger(&self, kind: &str, spec: &Json) -> Duration;
    /// Whether it is an AWS object that a user sees.
    fn visible(&self, kind: &str) -> bool;
    /// The identity AWS gave it.
    fn id(&self, kind: &str, outputs: &Json) -> Option<String>;
}
