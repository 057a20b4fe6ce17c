//! The ledger: what exists of a resource, as it is persisted in the resource's private state.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::resolve::{Scene, resolve};
use crate::desired::{Address, OwnerId, Ownership, Reference, is_open, serialize_stored};

/// The format that this version writes. Older ones are upgraded when they are read, newer ones refused.
const FORMAT: u32 = 2;

/// The components of a resource that exist, as they were last applied or observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub(crate) format: u32,
    /// The owner id, account and partition of the components; `None` only while there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,
    /// The components that exist.
    pub entries: BTreeMap<Address, Entry>,
    /// Objects that were replaced and are not deleted yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deposed: Vec<(Address, Entry)>,
    /// Components that a failed create may have created, and whose search failed. They are searched again before anything is
    /// planned or deleted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unseen: BTreeSet<Address>,
    /// The objects of other owners that the creation of a component replaced, in the form of its kind, until an apply completes
    /// the desired graph. A deletion of the component before then restores them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replaced: BTreeMap<Address, Json>,
    /// Whether the last apply completed the desired graph.
    pub complete: bool,
    /// Whether an import built this from AWS, and nothing has been applied since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// Components to which clients may still be led by old DNS answers, with the end of the drain period in seconds since
    /// 1970. They are not deleted before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drain_until: BTreeMap<Address, u64>,
    /// When the last apply ended, in seconds since 1970. Within the consistency window after it, AWS may report the state
    /// before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<u64>,
    /// The regions that did not respond to the last refresh or plan, each with the reason. A host plans a second time during
    /// its apply, and both plans must be equal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unreachable: BTreeMap<String, String>,
    /// The components whose changes the last plan left for a later one, because their region did not respond.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pending: BTreeSet<Address>,
    /// When this was rebuilt from AWS, in seconds since 1970. Records that were deleted shortly before are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<u64>,
    /// The attribute `changes`: the changes of the last apply that changed a component.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Why the last apply did not complete the desired graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One component that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its spec with every reference resolved, as it was last applied or observed. It is stored without write-only values.
    #[serde(serialize_with = "serialize_stored")]
    pub spec: Json,
    /// The outputs that AWS returned.
    pub outputs: Json,
    /// The components that it depends on: they are deleted after it.
    pub depends_on: BTreeSet<Address>,
    /// Whether the result of the last change is unknown. The next apply repeats the change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
    /// Of a replaced object: whether it never served, or failed a check. Nothing returns to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rejected: bool,
}

/// A private state that this version cannot read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableLedger {
    /// It is truncated or was modified.
    #[error("it is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// A version of the provider that was never released wrote it.
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
    /// The ledger from which an update starts; empty for a create.
    pub ledger: Ledger,
    /// The ledger of the resource that is destroyed before a create.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Ledger>,
    /// The owner id of the interrupted create that a create continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<OwnerId>,
    /// The components that the plan found and the apply adopts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adopts: BTreeSet<Address>,
    /// The objects of the resource that the configuration refers to, as the plan found them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referent: Option<Ledger>,
    /// The attribute `changes`; `None` while it depends on values that the apply determines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<String>>,
}

impl PlannedChange {
    /// The plan of an update from `ledger`.
    pub fn update(ledger: Ledger) -> Self {
        Self { ledger, ..Self::default() }
    }

    /// Reads the private state of a plan. A ledger is read as the plan of an update from it.
    ///
    /// # Errors
    /// [`UnreadableLedger`].
    pub fn from_private(private: &[u8]) -> Result<Self, UnreadableLedger> {
        if private.is_empty() {
            return Ok(Self::default());
        }
        /// The fields that both have in every format.
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

    /// The private state of this.
    pub fn to_private(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "a ledger has text keys only")]
        serde_json::to_vec(self).expect("a planned change serializes")
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
            replaced: BTreeMap::new(),
            complete: false,
            imported: false,
            drain_until: BTreeMap::new(),
            applied: None,
            unreachable: BTreeMap::new(),
            pending: BTreeSet::new(),
            rebuilt: None,
            changes: Vec::new(),
            reason: None,
        }
    }
}

impl Ledger {
    /// Reads a private state; an empty one is an empty ledger. Of a planned change, this is the ledger before the apply.
    ///
    /// # Errors
    /// [`UnreadableLedger`]. Nothing may be planned then, because existing objects would be created again.
    pub fn from_private(private: &[u8]) -> Result<Self, UnreadableLedger> {
        PlannedChange::from_private(private).map(PlannedChange::existing)
    }

    /// The private state of this.
    pub fn to_private(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "a ledger has text keys only")]
        serde_json::to_vec(self).expect("a ledger serializes")
    }

    /// Removes the drain periods that have ended at `now`, in seconds since 1970, and those of components that are gone.
    pub fn settle(&mut self, now: u64) {
        let (entries, deposed) = (&self.entries, &self.deposed);
        let exists =
            |address: &Address| entries.contains_key(address) || deposed.iter().any(|(other, _)| other == address);
        self.drain_until.retain(|address, until| *until > now && exists(address));
    }

    /// Divides the components into those that must stay, with everything that they depend on, and the rest.
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

    /// Adds components that were found in AWS. An object at the address of a known component is deposed.
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

    /// Gives a component that AWS does not report completely the spec `spec`, whose references the components of this ledger
    /// resolve. If one of them is missing, the component stays as it was found.
    pub fn describe(&mut self, address: &Address, spec: &Json) {
        let resolved = resolve(spec, None, self).spec;
        if let Some(entry) = self.entries.get_mut(address).filter(|_| !is_open(&resolved)) {
            entry.spec = resolved;
        }
    }

    /// The objects that the component at `address` replaced and to which it can return, the newest first.
    pub fn replaced(&self, address: &Address) -> impl Iterator<Item = &Entry> {
        let here = self.deposed.iter().rev().filter(move |(other, entry)| other == address && !entry.rejected);
        here.map(|(_, entry)| entry)
    }

    /// Whether there are no components, no deposed objects and no unfinished searches.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.deposed.is_empty() && self.unseen.is_empty()
    }
}

/// The components that exist resolve references, and open gates.
impl Scene for Ledger {
    fn output(&self, reference: &Reference) -> Option<Json> {
        let object = match reference.back.checked_sub(1) {
            None => self.entries.get(&reference.address),
            Some(newer) => self.replaced(&reference.address).nth(newer),
        };
        reference.among(&object?.outputs)
    }

    fn is_ready(&self, address: &Address) -> bool {
        self.entries.contains_key(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_read_back_from_the_private_state() {
        let entry = Entry {
            spec: serde_json::json!({ "name": "a", "rate": 0.1 }),
            outputs: serde_json::json!({ "id": "1" }),
            depends_on: BTreeSet::from([Address::global("role")]),
            uncertain: true,
            rejected: false,
        };
        let mut ledger = Ledger { complete: true, ..Ledger::default() };
        ledger.entries.insert(Address::regional("us-east-1", "function"), entry.clone());
        ledger.deposed.push((Address::global("role"), entry));
        assert_eq!(Ledger::from_private(&ledger.to_private()).ok(), Some(ledger));
    }

    #[test]
    fn a_write_only_value_is_not_stored() {
        let spec = serde_json::json!({ "value": { "$write_only": "secret" }, "version": 1 });
        let entry = Entry { spec, outputs: Json::Null, depends_on: BTreeSet::new(), uncertain: false, rejected: false };
        let mut ledger = Ledger::default();
        ledger.deposed.push((Address::global("role"), entry.clone()));
        ledger.entries.insert(Address::global("role"), entry);
        let plan = PlannedChange {
            replaces: Some(ledger.clone()),
            referent: Some(ledger.clone()),
            ..PlannedChange::update(ledger)
        };
        let private = String::from_utf8(plan.to_private()).unwrap();
        assert!(private.contains("$write_only") && !private.contains("secret"), "{private}");
    }

    #[test]
    fn an_object_that_is_found_twice_is_recorded_once() {
        let role = Address::global("role");
        let found = |id: &str| {
            let outputs = serde_json::json!({ "id": id });
            let entry =
                Entry { spec: Json::Null, outputs, depends_on: BTreeSet::new(), uncertain: false, rejected: false };
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
    fn a_component_that_stays_keeps_its_dependencies() {
        let entry = |below: &[&str]| Entry {
            spec: Json::Null,
            outputs: Json::Null,
            depends_on: below.iter().map(|kind| Address::global(kind)).collect(),
            uncertain: false,
            rejected: false,
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
    fn a_damaged_state_is_distinguished_from_a_newer_one() {
        assert!(Ledger::from_private(b"").unwrap().is_empty());
        assert!(matches!(Ledger::from_private(b"{\"format\":2,\"ent"), Err(UnreadableLedger::Damaged(_))));
        assert!(matches!(Ledger::from_private(b"{\"format\":9,\"entries\":7}"), Err(UnreadableLedger::Newer(9))));
    }
}
