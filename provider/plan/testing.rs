//! Parts of unit tests: kinds of which only the facts matter, and the ledger after an apply.

use std::time::Duration;

use serde_json::Value as Json;

use super::{Entry, Kinds, Ledger, diff, resolve};
use crate::desired::{Address, Desired, KindMeta};

/// These kinds. None has a foreseen output or a drain period, and the id is the output `id`.
pub(super) struct Facts(pub(super) &'static [&'static KindMeta]);

impl Kinds for Facts {
    fn meta(&self, kind: &str) -> &'static KindMeta {
        self.0.iter().find(|meta| meta.name == kind).expect("a known kind")
    }

    fn foreseen(&self, _: &Address, _: &Json) -> Option<Json> {
        None
    }

    fn drain_period(&self, _: &str, _: &Json) -> Duration {
        Duration::ZERO
    }

    fn id(&self, _: &str, outputs: &Json) -> Option<String> {
        outputs.get("id").and_then(Json::as_str).map(str::to_owned)
    }
}

/// The ledger after `desired` was applied to an empty account. `outputs` are those of the object at an address.
pub(super) fn applied(desired: &Desired, kinds: &dyn Kinds, outputs: impl Fn(&Address) -> Json) -> Ledger {
    let mut ledger = Ledger { complete: true, ..Ledger::default() };
    for address in diff(desired, &ledger, kinds).expect("no cycle").order {
        let node = desired.get(&address).expect("the component is desired");
        let spec = resolve(&node.spec, None, &ledger).spec;
        let depends_on = node.depends_on.union(&node.waits_for).cloned().collect();
        let entry = Entry { spec, outputs: outputs(&address), depends_on, uncertain: false, rejected: false };
        ledger.entries.insert(address, entry);
    }
    ledger
}
