//! The facts of kinds that planning needs. The engine names no kind itself.

use std::time::Duration;

use serde_json::Value as Json;

use crate::desired::{Address, KindMeta};

/// The kinds, found by their names.
pub trait Kinds: Sync {
    /// The facts of a kind. A kind that this version does not have is invisible.
    fn meta(&self, kind: &str) -> &'static KindMeta;
    /// The outputs that a new object at `address` will have; `None` unless they follow from its spec.
    fn foreseen(&self, address: &Address, spec: &Json) -> Option<Json>;
    /// How long clients may still use what an object with this spec answered before it was changed or deleted.
    fn drain_period(&self, kind: &str, spec: &Json) -> Duration;
    /// Whether an object with this spec stays in AWS when it is no longer desired.
    fn is_retained(&self, _kind: &str, _spec: &Json) -> bool {
        false
    }
    /// The value of `id` in the attribute `components`; `None` when `outputs` are not those of this kind.
    fn id(&self, kind: &str, outputs: &Json) -> Option<String>;
}
