//! What was made of a resource, as it is kept in the resource's private state.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::desired::Address;

/// The format that this version writes. Older ones are upgraded when they are read, newer ones refused.
const FORMAT: u32 = 1;

/// Every component that exists, and how it was last applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub(crate) format: u32,
    /// The living components.
    pub entries: BTreeMap<Address, Entry>,
    /// Components that were replaced and are still to be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deposed: Vec<(Address, Entry)>,
    /// Components that a failed create may have made and that could not be looked for: they are looked for again before
    /// anything is planned or taken away.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unseen: BTreeSet<Address>,
    /// Whether the last apply made everything that was wanted.
    pub complete: bool,
    /// Whether this was rebuilt from AWS by an import and nothing was applied since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// What others may still act on, and until when, in seconds since 1970: resolvers remember a record that led there.
    /// It is not deleted before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lingering: BTreeMap<Address, u64>,
    /// When the last apply ended, in seconds since 1970: for a while, AWS may tell what was before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<u64>,
    /// When this was rebuilt from AWS, in seconds since 1970: what was withdrawn shortly before, nobody remembers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<u64>,
    /// In a plan that replaces the whole resource: what the old one consists of. The host gives one private state to both
    /// halves, the destroy of the old and the create of the new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Box<Ledger>>,
    /// In the plan of a create: whether an earlier create that died left something behind, to be looked for again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumes: bool,
}

/// One component that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its spec with every reference resolved, as it was last applied or observed.
    pub spec: Json,
    /// What AWS gave back.
    pub outputs: Json,
    /// What it stands on: deleted only after it.
    pub depends_on: BTreeSet<Address>,
    /// Whether its last change ended without AWS telling how: it is applied again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
}

/// A private state that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableLedger {
    /// It is cut or was changed by somebody.
    #[error("it is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// A newer version of the provider wrote it.
    #[error("it was written by a newer version of the provider (format {0}; this one reads up to {FORMAT})")]
    Newer(u32),
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            format: FORMAT,
            entries: BTreeMap::new(),
            deposed: Vec::new(),
            unseen: BTreeSet::new(),
            complete: false,
            imported: false,
            lingering: BTreeMap::new(),
            applied: None,
            rebuilt: None,
            replaces: None,
            resumes: false,
        }
    }
}

impl Ledger {
    /// Reads a private state; an empty one says nothing.
    ///
    /// # Errors
    /// [`UnreadableLedger`]; nothing may be planned then, for it would be made twice.
    pub fn from_private(private: &[u8]) -> Result<Self, UnreadableLedger> {
        if private.is_empty() {
            return Ok(Self::default());
        }
        /// The part of the format that never changes.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(private)?;
        if format > FORMAT {
            return Err(UnreadableLedger::Newer(format));
        }
        Ok(serde_json::from_slice(private)?)
    }

    /// The private state that says this.
    pub fn to_private(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "a ledger has text keys only")]
        serde_json::to_vec(self).expect("a ledger serialises")
    }

    /// The ledger of what exists now: in a plan that replaces the whole resource, that of the old one.
    #[must_use]
    pub fn standing(self) -> Self {
        match self.replaces {
            Some(replaced) => *replaced,
            None => self,
        }
    }

    /// Forgets what nobody acts on any more at `now`, in seconds since 1970, and what is gone.
    pub fn settle(&mut self, now: u64) {
        let (entries, deposed) = (&self.entries, &self.deposed);
        let exists =
            |address: &Address| entries.contains_key(address) || deposed.iter().any(|(other, _)| other == address);
        self.lingering.retain(|address, until| *until > now && exists(address));
    }

    /// Takes in what was found besides. Another object in the place of a known one is to be taken away, or will be found
    /// to be what is wanted.
    pub fn take_in(&mut self, found: Self) {
        let found = found.entries.into_iter().chain(found.deposed);
        for (address, entry) in found {
            match self.entries.get(&address) {
                None => drop(self.entries.insert(address, entry)),
                Some(known) if known.outputs == entry.outputs => {}
                Some(_) if self.deposed.contains(&(address.clone(), entry.clone())) => {}
                Some(_) => self.deposed.push((address, entry)),
            }
        }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.deposed.is_empty() && self.unseen.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_survives_being_kept() {
        let entry = Entry {
            spec: serde_json::json!({ "name": "a", "rate": 0.1 }),
            outputs: serde_json::json!({ "id": "1" }),
            depends_on: BTreeSet::from([Address::global("role")]),
            uncertain: true,
        };
        let mut ledger = Ledger { complete: true, ..Ledger::default() };
        ledger.entries.insert(Address::regional("us-east-1", "function"), entry.clone());
        ledger.deposed.push((Address::global("role"), entry));
        assert_eq!(Ledger::from_private(&ledger.to_private()).ok(), Some(ledger));
    }

    #[test]
    fn what_is_found_besides_is_taken_in_once() {
        let role = Address::global("role");
        let found = |id: &str| {
            let outputs = serde_json::json!({ "id": id });
            let entry = Entry { spec: Json::Null, outputs, depends_on: BTreeSet::new(), uncertain: false };
            Ledger { entries: BTreeMap::from([(role.clone(), entry)]), ..Ledger::default() }
        };
        let mut ledger = Ledger::default();
        for id in ["1", "1", "2", "2"] {
            ledger.take_in(found(id));
        }
        let ids = |entry: &Entry| entry.outputs["id"].clone();
        assert_eq!(ledger.entries.values().map(ids).collect::<Vec<_>>(), ["1"]);
        assert_eq!(ledger.deposed.iter().map(|(_, entry)| ids(entry)).collect::<Vec<_>>(), ["2"]);
    }

    #[test]
    fn what_cannot_be_read_is_told_apart() {
        assert!(Ledger::from_private(b"").unwrap().is_empty());
        assert!(matches!(Ledger::from_private(b"{\"format\":1,\"ent"), Err(UnreadableLedger::Damaged(_))));
        assert!(matches!(Ledger::from_private(b"{\"format\":9,\"entries\":7}"), Err(UnreadableLedger::Newer(9))));
    }
}
