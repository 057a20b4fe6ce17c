//! The journal: the events of an apply. Folding them into the ledger gives the new ledger.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::desired::Address;
use crate::plan::{Entry, Ledger};

/// One event of one component.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An object that an interrupted create of the same owner id left behind was adopted.
    Adopted {
        /// The component.
        address: Address,
        /// The adopted object.
        entry: Entry,
    },
    /// The component was created, found, updated or replaced.
    Made {
        /// The component.
        address: Address,
        /// The component as it is now.
        entry: Entry,
    },
    /// The creation of the component has replaced objects of other owners, or may have.
    Replaced {
        /// The component.
        address: Address,
        /// The objects, in the form of its kind.
        objects: Json,
    },
    /// The result of an update is unknown.
    Uncertain {
        /// The component.
        address: Address,
        /// The spec to which it was to be updated.
        attempted: Json,
    },
    /// A component that is no AWS object was recorded. Nothing is left of what it was before.
    Recorded {
        /// The component.
        address: Address,
        /// What was recorded.
        entry: Entry,
    },
    /// The component may have been created, and the search for it failed.
    Unseen {
        /// The component.
        address: Address,
    },
    /// The component was deleted.
    Deleted {
        /// The component.
        address: Address,
    },
    /// AWS deletes the object of a component that is no longer desired only later: the object stays in the ledger as a
    /// deposed one, which the next apply tries to delete again.
    Deferred {
        /// The component.
        address: Address,
    },
    /// The object stays in AWS and leaves the ledger: it belongs to another owner, or is retained.
    Released {
        /// The component.
        address: Address,
    },
    /// An object that the component had replaced was deleted.
    Retired {
        /// The component.
        address: Address,
        /// The outputs of the deleted object.
        outputs: Json,
    },
}

/// An event that contradicts the ledger: a bug in the executor.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} cannot have been {1}: {2}")]
pub struct Impossible(Address, &'static str, &'static str);

const NOT_KNOWN: &str = "it is not in the state";

/// Folds one event into a ledger.
///
/// # Errors
/// [`Impossible`]; the ledger is unchanged then.
pub fn fold(ledger: &mut Ledger, event: Event) -> Result<(), Impossible> {
    match event {
        Event::Adopted { address, .. } if ledger.entries.contains_key(&address) => {
            return Err(Impossible(address, "adopted", "it is already in the state"));
        }
        Event::Made { address, entry } | Event::Adopted { address, entry } => {
            let outputs = entry.outputs.clone();
            ledger.unseen.remove(&address);
            // A deposed object that is current again must not be deleted.
            ledger.deposed.retain(|(other, deposed)| *other != address || deposed.outputs != outputs);
            let previous = ledger.entries.insert(address.clone(), entry);
            // Different outputs identify a different object: the previous one still exists and must be deleted.
            if let Some(previous) = previous.filter(|previous| previous.outputs != outputs) {
                ledger.deposed.push((address, previous));
            }
        }
        Event::Recorded { address, entry } => drop(ledger.entries.insert(address, entry)),
        Event::Replaced { address, objects } => drop(ledger.replaced.insert(address, objects)),
        Event::Uncertain { address, attempted } => match ledger.entries.get_mut(&address) {
            Some(entry) => {
                entry.uncertain = true;
                note_tags(&mut entry.spec, &attempted);
            }
            None => return Err(Impossible(address, "changed", NOT_KNOWN)),
        },
        Event::Unseen { address } => drop(ledger.unseen.insert(address)),
        Event::Deleted { address } => {
            if ledger.entries.remove(&address).is_none() {
                return Err(Impossible(address, "deleted", NOT_KNOWN));
            }
            ledger.replaced.remove(&address);
        }
        Event::Deferred { address } => match ledger.entries.remove(&address) {
            Some(entry) => ledger.deposed.push((address, entry)),
            None => return Err(Impossible(address, "kept for a later deletion", NOT_KNOWN)),
        },
        Event::Released { address } => {
            if ledger.entries.remove(&address).is_none() {
                return Err(Impossible(address, "released", NOT_KNOWN));
            }
            ledger.replaced.remove(&address);
        }
        Event::Retired { address, outputs } => {
            let before = ledger.deposed.len();
            ledger.deposed.retain(|(other, entry)| *other != address || entry.outputs != outputs);
            if ledger.deposed.len() == before {
                return Err(Impossible(address, "retired", NOT_KNOWN));
            }
        }
    }
    Ok(())
}

/// Adds the tags that a failed update may have set, with empty values: the next update sets or removes them. Tags that are not in
/// the ledger belong to others.
fn note_tags(known: &mut Json, attempted: &Json) {
    let attempted = attempted.get("tags").and_then(Json::as_object);
    let (Some(attempted), Some(Json::Object(known))) = (attempted, known.get_mut("tags")) else { return };
    for key in attempted.keys() {
        known.entry(key.clone()).or_insert_with(|| Json::String(String::new()));
    }
}

/// The components to which nothing leads any more after `before` was changed into `after`: dependencies that it lost.
pub(super) fn withdrawn<'a>(before: &'a Entry, after: Option<&'a Entry>) -> impl Iterator<Item = &'a Address> {
    before.depends_on.iter().filter(move |address| !after.is_some_and(|after| after.depends_on.contains(*address)))
}

/// An entry that was just applied.
pub(super) fn applied(spec: Json, outputs: Json, depends_on: BTreeSet<Address>) -> Entry {
    Entry { spec, outputs, depends_on, uncertain: false, rejected: false }
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
    fn the_tags_of_a_failed_update_may_be_ours() {
        let (mut ledger, address) = (Ledger::default(), Address::global("role"));
        let spec = json!({ "tags": { "team": "web", "old": "1" } });
        let entry = applied(spec, json!({ "id": "1" }), BTreeSet::new());
        assert_eq!(fold(&mut ledger, Event::Made { address: address.clone(), entry }), Ok(()));
        let attempted = json!({ "tags": { "team": "app", "new": "1" } });
        assert_eq!(fold(&mut ledger, Event::Uncertain { address: address.clone(), attempted }), Ok(()));
        let tags = json!({ "team": "web", "old": "1", "new": "" });
        assert_eq!(ledger.entries[&address].spec["tags"], tags);
    }

    #[test]
    fn a_failed_search_is_recorded_until_the_component_is_found() {
        let mut ledger = Ledger::default();
        assert_eq!(fold(&mut ledger, Event::Unseen { address: Address::global("role") }), Ok(()));
        assert!(!ledger.is_empty(), "the component may exist");
        assert_eq!(fold(&mut ledger, made("1")), Ok(()));
        assert!(ledger.unseen.is_empty());
    }

    #[test]
    fn a_deposed_object_that_is_current_again_is_not_deleted() {
        let mut ledger = Ledger::default();
        for event in [made("1"), made("2"), made("1")] {
            assert_eq!(fold(&mut ledger, event), Ok(()));
        }
        let deposed: Vec<_> = ledger.deposed.iter().map(|(_, entry)| entry.outputs["id"].clone()).collect();
        assert_eq!(deposed, [json!("2")]);
    }

    #[test]
    fn only_unknown_objects_are_adopted_and_only_known_ones_released() {
        let mut ledger = Ledger::default();
        let adopted = Event::Adopted {
            address: Address::global("role"),
            entry: applied(json!({}), json!({ "id": "1" }), BTreeSet::new()),
        };
        assert_eq!(fold(&mut ledger, adopted.clone()), Ok(()));
        assert!(fold(&mut ledger, adopted).is_err());
        let released = Event::Released { address: Address::global("role") };
        assert_eq!(fold(&mut ledger, released.clone()), Ok(()));
        assert!(ledger.is_empty() && fold(&mut ledger, released).is_err());
    }

    #[test]
    fn an_object_that_aws_deletes_later_is_kept_as_a_deposed_one() {
        let mut ledger = Ledger::default();
        assert_eq!(fold(&mut ledger, made("1")), Ok(()));
        assert_eq!(fold(&mut ledger, Event::Deferred { address: Address::global("role") }), Ok(()));
        assert!(ledger.entries.is_empty() && ledger.deposed.len() == 1);
        assert!(fold(&mut ledger, Event::Deferred { address: Address::global("role") }).is_err());
    }

    #[test]
    fn impossible_histories_are_rejected() {
        for event in [
            Event::Deleted { address: Address::global("role") },
            Event::Uncertain { address: Address::global("role"), attempted: json!({}) },
        ] {
            assert!(fold(&mut Ledger::default(), event).is_err());
        }
    }
}
