//! Finds kinds by name: what the engine is given instead of the kinds themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{AnyComponent, REGISTRY};
use crate::aws::CallError;
use crate::plan::Kinds;

/// Finds kinds by name: what the engine is given instead of the kinds themselves.
#[derive(Clone)]
pub struct Catalog(BTreeMap<&'static str, &'static dyn AnyComponent>);

impl Catalog {
    /// A catalog of these kinds.
    pub fn new(kinds: &[&'static dyn AnyComponent]) -> Self {
        Self(kinds.iter().map(|kind| (kind.kind(), *kind)).collect())
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// [`CallError::Malformed`]: a newer version of the provider knows it.
    pub fn get(&self, kind: &str) -> Result<&'static dyn AnyComponent, CallError> {
        self.0.get(kind).copied().ok_or_else(|| CallError::Malformed(format!("it knows no component {kind:?}")))
    }
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new(REGISTRY)
    }
}

impl Kinds for Catalog {
    fn immutable(&self, kind: &str) -> &[&str] {
        self.0.get(kind).map_or(&[], |kind| kind.immutable())
    }

    fn uncompared(&self, kind: &str) -> &[&str] {
        self.0.get(kind).map_or(&[], |kind| kind.uncompared())
    }

    fn secret(&self, kind: &str) -> &[&str] {
        self.0.get(kind).map_or(&[], |kind| kind.secret())
    }

    fn linger(&self, kind: &str, spec: &serde_json::Value) -> Duration {
        self.0.get(kind).map_or(Duration::ZERO, |kind| kind.linger(spec))
    }

    fn visible(&self, kind: &str) -> bool {
        self.0.get(kind).is_some_and(|kind| kind.visible())
    }

    fn id(&self, kind: &str, outputs: &serde_json::Value) -> Option<String> {
        self.0.get(kind).and_then(|kind| kind.id(outputs))
    }
}
