//! What happened while a plan was applied; folding it into the ledger gives the new ledger.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::desired::Address;
use crate::plan::{Entry, Ledger};

/// One thing that happened to one component.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It was made, found, changed, or replaced.
    Made {
        /// Which.
        address: Address,
        /// What it is now.
        entry: Entry,
    },
    /// A change of it ended without AWS telling how.
    Uncertain {
        /// Which.
        address: Address,
    },
    /// It may have been made, and could not be looked for.
    Unseen {
        /// Which.
        address: Address,
    },
    /// It was taken away.
    Deleted {
        /// Which.
        address: Address,
    },
    /// What it had replaced was taken away.
    Retired {
        /// Which.
        address: Address,
        /// Its outputs.
        outputs: Json,
    },
}

/// A history that cannot have happened: a mistake in the executor.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} cannot have been {1}: the ledger does not know it")]
pub struct Impossible(Address, &'static str);

/// Folds one event into a ledger.
///
/// # Errors
/// [`Impossible`]; the ledger is unchanged then.
pub fn fold(ledger: &mut Ledger, event: Event) -> Result<(), Impossible> {
    match event {
        Event::Made { address, entry } => {
            let outputs = entry.outputs.clone();
            ledger.unseen.remove(&address);
            // What was deposed and came to life again must not be taken away any more.
            ledger.deposed.retain(|(other, deposed)| *other != address || deposed.outputs != outputs);
            let previous = ledger.entries.insert(address.clone(), entry);
            // Other outputs are another object: the previous one still exists and is to be taken away.
            if let Some(previous) = previous.filter(|previous| previous.outputs != outputs) {
                ledger.deposed.push((address, previous));
            }
        }
        Event::Uncertain { address } => match ledger.entries.get_mut(&address) {
            Some(entry) => entry.uncertain = true,
            None => return Err(Impossible(address, "changed")),
        },
        Event::Unseen { address } => drop(ledger.unseen.insert(address)),
        Event::Deleted { address } => {
            if ledger.entries.remove(&address).is_none() {
                return Err(Impossible(address, "deleted"));
            }
        }
        Event::Retired { address, outputs } => {
            let before = ledger.deposed.len();
            ledger.deposed.retain(|(other, entry)| *other != address || entry.outputs != outputs);
            if ledger.deposed.len() == before {
                return Err(Impossible(address, "retired"));
            }
        }
    }
    Ok(())
}

/// What nobody is led to any more once `before` was turned into `after`: what it stood on and does not stand on now.
pub(super) fn withdrawn<'a>(before: &'a Entry, after: Option<&'a Entry>) -> impl Iterator<Item = &'a Address> {
    before.depends_on.iter().filter(move |address| !after.is_some_and(|after| after.depends_on.contains(*address)))
}

/// An entry that was just applied.
pub(super) fn applied(spec: Json, outputs: Json, depends_on: BTreeSet<Address>) -> Entry {
    Entry { spec, outputs, depends_on, uncertain: false }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(id: &str) -> Event {
        Event::Made {
            address: Address::global("role"),
            entry: applied(json!({}), json!({ "id": id }), BTreeSet::new()),
        }
    }

    #[test]
    fn a_replaced_object_is_kept_until_it_is_retired() {
        let mut ledger = Ledger::default();
        for event in [made("1"), made("1"), made("2")] {
            assert_eq!(fold(&mut ledger, event), Ok(()));
        }
        assert_eq!(ledger.deposed.len(), 1);
        let retired = Event::Retired { address: Address::global("role"), outputs: json!({ "id": "1" }) };
        assert_eq!(fold(&mut ledger, retired.clone()), Ok(()));
        assert!(fold(&mut ledger, retired).is_err());
        assert_eq!(fold(&mut ledger, Event::Deleted { address: Address::global("role") }), Ok(()));
        assert!(ledger.is_empty());
    }

    #[test]
    fn what_could_not_be_looked_for_is_remembered_until_it_is_seen() {
        let mut ledger = Ledger::default();
        assert_eq!(fold(&mut ledger, Event::Unseen { address: Address::global("role") }), Ok(()));
        assert!(!ledger.is_empty(), "there may be something");
        assert_eq!(fold(&mut ledger, made("1")), Ok(()));
        assert!(ledger.unseen.is_empty());
    }

    #[test]
    fn what_comes_to_life_again_is_not_taken_away() {
        let mut ledger = Ledger::default();
        for event in [made("1"), made("2"), made("1")] {
            assert_eq!(fold(&mut ledger, event), Ok(()));
        }
        let deposed: Vec<_> = ledger.deposed.iter().map(|(_, entry)| entry.outputs["id"].clone()).collect();
        assert_eq!(deposed, [json!("2")]);
    }

    #[test]
    fn impossible_histories_are_refused() {
        for event in
            [Event::Deleted { address: Address::global("role") }, Event::Uncertain { address: Address::global("role") }]
        {
            assert!(fold(&mut Ledger::default(), event).is_err());
        }
    }
}
