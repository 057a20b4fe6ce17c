//! What every resource has in common: its claim, the ownership tags of its components, and the completion marker.

use std::collections::BTreeMap;

use super::tags::{self, TagsAttr};
use crate::components::logs::claim::{self, Claim};
use crate::components::logs::completion_marker::{self, CompletionMarker};
use crate::components::{REGISTRY, Tags};
use crate::desired::{Address, Desired, Handle, Kind, Owner, OwnerId, Ownership};
use crate::plan::View;
use crate::resources::Context;
use crate::schema::{Attr, Attribute, Mode};
use crate::wire::{Path, Value};

/// `kinds` with those that every resource has, in the order of the registry.
pub(crate) fn kinds(kinds: &[&str]) -> Vec<&'static str> {
    let has = |kind: &&str| kinds.contains(kind) || [Claim::KIND, CompletionMarker::KIND].contains(kind);
    REGISTRY.iter().map(|kind| kind.meta().name).filter(has).collect()
}

/// A resource's identity while it is expanded.
pub(crate) struct Owned<'a> {
    owner: Owner,
    owner_id: Option<&'a OwnerId>,
    default_tags: &'a BTreeMap<String, String>,
    tags: &'a TagsAttr,
}

impl<'a> Owned<'a> {
    /// The identity of `owner`, whose user wrote `tags`.
    pub(crate) fn new(owner: Owner, context: &Context<'a>, tags: &'a TagsAttr) -> Self {
        Self { owner, owner_id: context.owner_id, default_tags: context.default_tags, tags }
    }

    /// The tags of the component at `address`.
    pub(crate) fn tags(&self, address: &Address) -> Tags {
        tags::owned(&self.owner, self.owner_id, address, self.default_tags, self.tags)
    }

    /// Adds the claim of a resource that lives in `regions`: the first component.
    pub(crate) fn claim(&self, desired: &mut Desired, regions: Vec<String>) -> Handle<Claim> {
        let address = Address::global_of();
        let spec = claim::Spec { name: self.owner.claim_name(), regions, tags: self.tags(&address) };
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

/// `owner_id`.
pub(crate) fn owner_id() -> Attribute {
    Attribute::string(
        "owner_id",
        Mode::Computed,
        "The id that every AWS object of this resource carries in its tag `multiregion:owner-id`. It begins with the home \
         region, which holds the claim. The provider changes and deletes only objects with this id.",
    )
}

/// `account_id`.
pub(crate) fn account_id() -> Attribute {
    Attribute::string("account_id", Mode::Computed, "The AWS account that the resource's objects are in.")
}

/// The values of `owner_id` and `account_id`.
pub(crate) fn values(view: &View) -> [(&'static str, Value); 2] {
    let value = |of: fn(&Ownership) -> String| match &view.ownership {
        Attr::Known(ownership) => Value::String(of(ownership)),
        Attr::Null => Value::Null,
        Attr::Unknown => Value::Unknown,
    };
    [
        ("owner_id", value(|ownership| ownership.owner_id.to_string())),
        ("account_id", value(|ownership| ownership.account_id.clone())),
    ]
}
