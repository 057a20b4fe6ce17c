//! What every resource has: a claim, ownership tags on its components, a completion marker, and the attributes for them.

use std::collections::{BTreeMap, BTreeSet};

use super::tags;
use crate::components::logs::claim::{self, Claim};
use crate::components::logs::completion_marker::{self, CompletionMarker};
use crate::components::{REGISTRY, Tags};
use crate::desired::{Address, Desired, Handle, Input, Kind, Owner, OwnerId, Ownership};
use crate::plan::View;
use crate::resources::Context;
use crate::schema::{Attr, TextMap, Texts, choices, outputs};
use crate::wire::Path;

/// `kinds` and those that every resource has, in the order of the registry.
pub(crate) fn kinds(kinds: &[&str]) -> Vec<&'static str> {
    let has = |kind: &&str| kinds.contains(kind) || [Claim::KIND, CompletionMarker::KIND].contains(kind);
    REGISTRY.iter().map(|kind| kind.meta().name).filter(has).collect()
}

/// The tag of a claim that names the resource to whose objects its own resource adds parts.
pub(crate) const ATTACHED_TO_TAG: &str = "multiregion:attached-to";

/// The identity of a resource during its expansion.
pub(crate) struct Owned<'a> {
    owner: Owner,
    owner_id: Option<&'a OwnerId>,
    default_tags: &'a BTreeMap<String, String>,
    tags: &'a Attr<TextMap>,
}

impl<'a> Owned<'a> {
    /// The identity of `owner`, with the tags of its configuration.
    pub(crate) fn new(owner: Owner, context: &Context<'a>, tags: &'a Attr<TextMap>) -> Self {
        Self { owner, owner_id: context.owner_id, default_tags: context.default_tags, tags }
    }

    /// The tags of the component at `address`.
    pub(crate) fn tags(&self, address: &Address) -> Tags {
        tags::owned(&self.owner, self.owner_id, address, self.default_tags, self.tags)
    }

    /// Adds the claim, the first component. `regions` are the regions with components of the resource.
    pub(crate) fn claim(&self, desired: &mut Desired, regions: Vec<String>) -> Handle<Claim> {
        self.claim_of_attached(desired, regions, None)
    }

    /// Adds the claim of a resource that adds parts to the objects of `to`.
    pub(crate) fn claim_of_attached(
        &self,
        desired: &mut Desired,
        regions: Vec<String>,
        to: Option<&Owner>,
    ) -> Handle<Claim> {
        let address = Address::global_of();
        let mut tags = self.tags(&address);
        tags.extend(to.map(|to| (ATTACHED_TO_TAG.to_owned(), Input::Known(to.to_string()))));
        let spec = claim::Spec { name: self.owner.claim_name(), regions, tags };
        desired.add(address, Path::of("name"), &spec)
    }

    /// Adds the completion marker: the last component.
    pub(crate) fn complete(desired: &mut Desired, claim: &Handle<Claim>, regions: Vec<String>) {
        let spec = completion_marker::Spec { claim_arn: claim.output(claim::ARN), regions };
        let marker = desired.add(Address::global_of::<CompletionMarker>(), Path::of("name"), &spec);
        desired.order_first(claim);
        desired.order_last(&marker);
    }
}

/// Why a resource is degraded.
const REGION_OUT: &str = "A region did not respond. The next apply after it responds carries out the pending changes.";

/// Why a resource is incomplete whose last apply completed it.
const REASON_UNKNOWN: &str =
    "Objects of the resource are missing in AWS, or an apply was interrupted. The next apply continues.";

outputs! {
    /// The computed attributes of every resource.
    pub(crate) struct Identity {
        status: Status;
        /// Why `status` is not `ready`. Null if it is.
        status_reason: String;
        /// What a plan changes in AWS, or what the last apply changed: `us-west-2/function: memory_mb 512 → 1024`. Objects with
        /// the same change share a line: `*/function` stands for all regions, and `{us-east-1,us-west-2}/{alias,version}` for
        /// four objects. Of texts with more than 40 characters, a line shows a digest, and of settings that may contain
        /// secrets, only their names. An apply that changes no object keeps the lines.
        changes: Texts;
        /// The addresses of the objects whose changes wait, because their region did not respond. Objects of a region that was
        /// removed from the configuration stay until their region responds. Empty unless `status` is `degraded`. The next apply
        /// after the region responds carries out the changes.
        pending: Texts;
        /// The id that every AWS object of this resource carries in its tag `multiregion:owner-id`. It begins with the home
        /// region, which holds the claim. The provider changes and deletes only objects with this id.
        owner_id: String;
        /// The AWS account that the resource's objects are in.
        account_id: String;
    }
}

choices! {
    /// Whether the resource is complete.
    pub(crate) enum Status {
        /// All objects of the resource exist.
        Ready = "ready",
        /// Some objects are missing. The next apply creates them.
        Incomplete = "incomplete",
        /// A region did not respond, and its changes wait for a later apply: see `pending`.
        Degraded = "degraded",
    }
}

impl Identity {
    /// The values for the components in `view`.
    pub(crate) fn of(view: &View) -> Self {
        let is_degraded = view.pending.clone().map(|pending| !pending.is_empty());
        let status = |complete| if complete { Status::Ready } else { Status::Incomplete };
        let status = match &is_degraded {
            Attr::Known(true) => Attr::Known(Status::Degraded),
            Attr::Known(false) | Attr::Null => view.complete.clone().map(status),
            Attr::Unknown => Attr::Unknown,
        };
        let visible = |address: &&Address| view.components.get(*address).is_none_or(|seen| seen.visible);
        let names = |pending: BTreeSet<Address>| -> Texts {
            pending.iter().filter(visible).map(|address| Attr::Known(address.to_string())).collect()
        };
        Self {
            status,
            status_reason: match (&is_degraded, &view.complete) {
                (Attr::Known(true), _) => Attr::Known(REGION_OUT.to_owned()),
                (Attr::Unknown, _) | (_, Attr::Unknown) => Attr::Unknown,
                (_, Attr::Known(false)) => {
                    Attr::Known(view.reason.clone().unwrap_or_else(|| REASON_UNKNOWN.to_owned()))
                }
                (_, Attr::Known(true) | Attr::Null) => Attr::Null,
            },
            pending: view.pending.clone().map(names),
            changes: view.changes.clone().map(|lines| lines.into_iter().map(Attr::Known).collect()),
            owner_id: view.ownership.clone().map(|ownership: Ownership| ownership.owner_id.to_string()),
            account_id: view.ownership.clone().map(|ownership: Ownership| ownership.account_id),
        }
    }
}
