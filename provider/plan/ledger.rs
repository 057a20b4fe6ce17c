//! The ledger: what exists of a resource, as it is persisted in the resource's private state.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::desired::{Address, OwnerId, Ownership};

/// The format that this version writes. Older ones are upgraded when they are read, newer ones refused.
const FORMAT: u32 = 2;

/// Every component that exists, and how it was last applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub(crate) format: u32,
    /// Whose the components are and where; `None` only as long as there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,
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
    /// A version of the provider wrote it that was never released.
    #[error("it was written by a preview of the provider (format {0}; this one reads {FORMAT})")]
    Older(u32),
    /// A newer version of the provider wrote it.
    #[error("it was written by a newer version of the provider (format {0}; this one reads up to {FORMAT})")]
    Newer(u32),
}

/// What a plan hands to its apply, in the private state that the host keeps in between.
///
/// The host gives the same one to both halves of a replacement: the destroy of the old resource and the create of the new one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlannedChange {
    /// Where an update starts from; empty for a create.
    pub ledger: Ledger,
    /// What is destroyed before a create.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Ledger>,
    /// In the plan of a create: the owner id of an interrupted create, which this one continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<OwnerId>,
    /// What the plan found and the apply takes over.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adopts: BTreeSet<Address>,
}

impl PlannedChange {
    /// The plan of an update from `ledger`.
    pub fn update(ledger: Ledger) -> Self {
        Self { ledger, ..Self::default() }
    }

    /// Reads what a plan wrote, or a private state of before the plan, which is where it starts from.
    ///
    /// # Errors
    /// [`UnreadableLedger`].
    pub fn from_private(private: &[u8]) -> Result<Self, UnreadableLedger> {
        if private.is_empty() {
            return Ok(Self::default());
        }
        /// The part of both that never changes.
        #[derive(Deserialize)]
        struct Head {
            format: Option<u32>,
            ledger: Option<Box<Head>>,
        }
        let head: Head = serde_json::from_slice(private)?;
        let is_plan = head.ledger.is_some();
        match head.ledger.map_or(head.format, |ledger| ledger.format) {
            Some(format) if format > FORMAT => Err(UnreadableLedger::Newer(format)),
            Some(FORMAT) if is_plan => Ok(serde_json::from_slice(private)?),
            Some(FORMAT) => Ok(Self::update(serde_json::from_slice(private)?)),
            Some(format) => Err(UnreadableLedger::Older(format)),
            None => Err(<serde_json::Error as serde::de::Error>::missing_field("format").into()),
        }
    }

    /// The private state that says this.
    pub fn to_private(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "a ledger has text keys only")]
        serde_json::to_vec(self).expect("a planned change serialises")
    }

    /// The ledger of what exists before the apply.
    pub fn existing(self) -> Ledger {
        self.replaces.unwrap_or(self.ledger)
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            format: FORMAT,
            ownership: None,
            entries: BTreeMap::new(),
            deposed: Vec::new(),
            unseen: BTreeSet::new(),
            complete: false,
            imported: false,
            lingering: BTreeMap::new(),
            applied: None,
            rebuilt: None,
        }
    }
}

impl Ledger {
    /// Reads a private state; an empty one holds nothing. Of what a plan handed to its apply, it is the ledger of what exists
    /// now.
    ///
    /// # Errors
    /// [`UnreadableLedger`]; nothing may be planned then, for it would be created twice.
    pub fn from_private(private: &[u8]) -> Result<Self, UnreadableLedger> {
        PlannedChange::from_private(private).map(PlannedChange::existing)
    }

    /// The private state that says this.
    pub fn to_private(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "a ledger has text keys only")]
        serde_json::to_vec(self).expect("a ledger serialises")
    }

    /// Forgets what nobody acts on any more at `now`, in seconds since 1970, and what is gone.
    pub fn settle(&mut self, now: u64) {
        let (entries, deposed) = (&self.entries, &self.deposed);
        let exists =
            |address: &Address| entries.contains_key(address) || deposed.iter().any(|(other, _)| other == address);
        self.lingering.retain(|address, until| *until > now && exists(address));
    }

    /// Divides what exists into what must stay, together with everything that it stands on, and the rest.
    #[must_use]
    pub fn divided(self, stays: impl Fn(&Address, &Entry) -> bool) -> (Self, Self) {
        let mut staying: BTreeSet<Address> = self
            .entries
            .iter()
            .filter(|(address, entry)| stays(address, entry))
            .map(|(address, _)| address.clone())
            .collect();
        let mut open: Vec<Address> = staying.iter().cloned().collect();
        while let Some(address) = open.pop() {
            let below = self.entries.get(&address).into_iter().flat_map(|entry| &entry.depends_on);
            open.extend(below.filter(|below| staying.insert((*below).clone())).cloned().collect::<Vec<_>>());
        }
        let (kept, rest) = self.entries.into_iter().partition(|(address, _)| staying.contains(address));
        let head = Self { entries: BTreeMap::new(), deposed: Vec::new(), unseen: BTreeSet::new(), ..self };
        let kept = Self { entries: kept, ..head.clone() };
        (kept, Self { entries: rest, deposed: self.deposed, unseen: self.unseen, ..head })
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
    fn what_stays_keeps_what_it_stands_on() {
        let entry = |below: &[&str]| Entry {
            spec: Json::Null,
            outputs: Json::Null,
            depends_on: below.iter().map(|kind| Address::global(kind)).collect(),
            uncertain: false,
        };
        let entries = [("claim", &[][..]), ("role", &["claim"]), ("function", &["role"]), ("alias", &["function"])];
        let entries = entries.map(|(kind, below)| (Address::global(kind), entry(below)));
        let ledger = Ledger { entries: entries.into(), ..Ledger::default() };
        let (kept, rest) = ledger.divided(|address, _| address.kind == "role");
        let kinds = |ledger: &Ledger| ledger.entries.keys().map(|address| address.kind.clone()).collect::<Vec<_>>();
        assert_eq!(kinds(&kept), ["claim", "role"]);
        assert_eq!(kinds(&rest), ["alias", "function"]);
    }

    #[test]
    fn what_cannot_be_read_is_told_apart() {
        assert!(Ledger::from_private(b"").unwrap().is_empty());
        assert!(matches!(Ledger::from_private(b"{\"format\":2,\"ent"), Err(UnreadableLedger::Damaged(_))));
        assert!(matches!(Ledger::from_private(b"{\"format\":9,\"entries\":7}"), Err(UnreadableLedger::Newer(9))));
    }
}
