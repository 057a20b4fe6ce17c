//! The kinds by name.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::{AnyComponent, Place, REGISTRY};
use crate::aws::{Aws, CallError};
use crate::desired::{Address, KindMeta};
use crate::plan::Kinds;

/// The facts of an unknown kind, which only a newer version of the provider has.
const UNKNOWN: KindMeta = KindMeta { visible: false, ..KindMeta::DEFAULT };

/// The kinds by name. The engine works with a catalog, so it names no kind.
#[derive(Clone)]
pub struct Catalog {
    kinds: BTreeMap<&'static str, &'static dyn AnyComponent>,
    /// Partition and account, once they are known.
    account: Option<(String, String)>,
}

impl Catalog {
    /// A catalog of these kinds.
    pub fn new(kinds: &[&'static dyn AnyComponent]) -> Self {
        Self { kinds: kinds.iter().map(|kind| (kind.meta().name, *kind)).collect(), account: None }
    }

    /// The same catalog for the account of `aws`. Foreseen ARNs contain its id and partition.
    #[must_use]
    pub fn in_account_of(self, aws: &Aws) -> Self {
        self.in_account(aws.partition(), aws.account_id())
    }

    /// The same catalog for an account in a partition.
    #[must_use]
    pub fn in_account(self, partition: &str, account_id: &str) -> Self {
        Self { account: Some((partition.to_owned(), account_id.to_owned())), ..self }
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// [`CallError::Malformed`] for a kind that only a newer version of the provider has.
    pub fn get(&self, kind: &str) -> Result<&'static dyn AnyComponent, CallError> {
        self.kinds
            .get(kind)
            .copied()
            .ok_or_else(|| CallError::Malformed(format!("this version has no component kind {kind:?}")))
    }
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new(REGISTRY)
    }
}

impl Kinds for Catalog {
    fn meta(&self, kind: &str) -> &'static KindMeta {
        self.kinds.get(kind).map_or(const { &UNKNOWN }, |kind| kind.meta())
    }

    fn foreseen(&self, address: &Address, spec: &Json) -> Option<Json> {
        let (partition, account_id) = self.account.as_ref()?;
        let place = Place { partition, account_id, region: address.scope.region().unwrap_or_default() };
        self.kinds.get(address.kind.as_str())?.foreseen(&place, spec)
    }

    fn drain_period(&self, kind: &str, spec: &Json) -> Duration {
        self.kinds.get(kind).map_or(Duration::ZERO, |kind| kind.drain_period(spec))
    }

    fn is_retained(&self, kind: &str, spec: &Json) -> bool {
        self.kinds.get(kind).is_some_and(|kind| kind.is_retained(spec))
    }

    fn id(&self, kind: &str, outputs: &Json) -> Option<String> {
        self.kinds.get(kind).and_then(|kind| kind.id(outputs))
    }
}
