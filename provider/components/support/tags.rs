//! Tags: conversion, differences, and ownership.

use std::collections::BTreeMap;
use std::future::Future;

use crate::aws::{CallError, Identity, Regional};
use crate::components::{ADDRESS_TAG, Component, Found, Holder, OWNER_ID_TAG, OWNER_TAG, Tags};
use crate::desired::{Address, Input, OwnerId};

/// Prefix of the tags that AWS sets and that cannot be changed.
const AWS_PREFIX: &str = "aws:";

/// The known tags of a spec, as plain text.
pub(crate) fn plain(tags: &Tags) -> BTreeMap<String, String> {
    tags.iter().filter_map(|(key, value)| Some((key.clone(), value.known()?.clone()))).collect()
}

/// Tags that AWS reported, without AWS's own.
pub(crate) fn reported(tags: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    tags.into_iter().filter(|(key, _)| !key.starts_with(AWS_PREFIX)).collect()
}

/// Tags as a spec contains them.
pub(crate) fn spec(tags: BTreeMap<String, String>) -> Tags {
    tags.into_iter().map(|(key, value)| (key, Input::Known(value))).collect()
}

/// The difference between two sets of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagChange {
    /// The tags to set.
    pub(crate) set: BTreeMap<String, String>,
    /// The keys of the tags to remove.
    pub(crate) remove: Vec<String>,
}

impl TagChange {
    /// The change that turns the tags `from` into the tags `to`.
    pub(crate) fn between(from: &Tags, to: &Tags) -> Self {
        let (from, to) = (plain(from), plain(to));
        let remove = from.keys().filter(|key| !to.contains_key(*key)).cloned().collect();
        let set = to.into_iter().filter(|(key, value)| from.get(key) != Some(value)).collect();
        Self { set, remove }
    }

    /// Applies the change with the two tagging calls of a service. A call that has nothing to do is left out. Tags are
    /// set before others are removed, so that an interruption leaves too many tags and never too few.
    ///
    /// # Errors
    /// The first call that failed.
    pub(crate) async fn apply<S, U>(
        self,
        set: impl FnOnce(BTreeMap<String, String>) -> S,
        unset: impl FnOnce(Vec<String>) -> U,
    ) -> Result<(), CallError>
    where
        S: Future<Output = Result<(), CallError>>,
        U: Future<Output = Result<(), CallError>>,
    {
        if !self.set.is_empty() {
            set(self.set).await?;
        }
        if !self.remove.is_empty() {
            unset(self.remove).await?;
        }
        Ok(())
    }
}

/// Whether the tags identify an object as the component at the address of `aws`.
pub(crate) fn is_ours(aws: &Regional, tags: &BTreeMap<String, String>) -> bool {
    belongs_to_owner(aws, tags) && tags.get(ADDRESS_TAG).is_some_and(|value| *value == aws.address().to_string())
}

/// Whether the tags contain the owner of `aws` and its owner id.
pub(crate) fn belongs_to_owner(aws: &Regional, tags: &BTreeMap<String, String>) -> bool {
    let has_id = match aws.identity() {
        Identity::Unknown => false,
        Identity::Exactly(id) => owner_id(tags).as_ref() == Some(id),
        Identity::Any => owner_id(tags).is_some(),
    };
    has_id && names_owner(aws, tags)
}

/// The owner id in an object's tags.
pub(crate) fn owner_id(tags: &BTreeMap<String, String>) -> Option<OwnerId> {
    tags.get(OWNER_ID_TAG)?.parse().ok()
}

fn names_owner(aws: &Regional, tags: &BTreeMap<String, String>) -> bool {
    tags.get(OWNER_TAG).is_some_and(|owner| *owner == aws.owner().to_string())
}

/// The owner of an object with one of our names, by its tags. An object that lacks only the owner id is ours: the tag was
/// removed, because only this provider writes the others.
pub(crate) fn holder(aws: &Regional, tags: &BTreeMap<String, String>) -> Holder {
    let lost_its_id = !tags.contains_key(OWNER_ID_TAG) && names_owner(aws, tags);
    if belongs_to_owner(aws, tags) || lost_its_id { Holder::Ours } else { Holder::Stranger(whose(aws, tags, "")) }
}

/// The change of the tags of an object that stays in AWS without an owner. The tag that remains names the resource from which
/// the object is left: only that one adopts it.
pub(crate) fn release() -> TagChange {
    TagChange { set: BTreeMap::new(), remove: [ADDRESS_TAG, OWNER_ID_TAG].map(str::to_owned).to_vec() }
}

/// Whether the tags are those of an object that a resource of this name has released.
pub(crate) fn is_released(aws: &Regional, tags: &BTreeMap<String, String>) -> bool {
    names_owner(aws, tags) && !tags.contains_key(OWNER_ID_TAG) && !tags.contains_key(ADDRESS_TAG)
}

/// The address in the tags of an object, when it is a `C` of this owner.
pub(crate) fn address_of<C: Component>(aws: &Regional, tags: &BTreeMap<String, String>) -> Option<Address> {
    let address: Address = tags.get(ADDRESS_TAG)?.parse().ok()?;
    (belongs_to_owner(aws, tags) && address.kind == C::KIND).then_some(address)
}

/// The address in the tags of an object, when it is a `C` of this owner in the scope that an import searches.
pub(crate) fn address_here<C: Component>(aws: &Regional, tags: &BTreeMap<String, String>) -> Option<Address> {
    address_of::<C>(aws, tags).filter(|address| address.scope == aws.address().scope)
}

/// Decides by its tags whether an object is ours. Otherwise a text has its AWS name and region, and the tags and `hints` describe
/// its owner.
pub(crate) fn judge<C: Component>(
    aws: &Regional,
    tags: &BTreeMap<String, String>,
    outputs: C::Outputs,
    hints: &str,
) -> Found<C::Outputs> {
    if is_ours(aws, tags) {
        return Found::Ours(outputs);
    }
    let place = if C::META.global { String::new() } else { format!(" in {}", aws.region()) };
    Found::Foreign(format!("{} {}{place}; {}", C::KIND, C::id(&outputs), whose(aws, tags, hints)))
}

/// Describes the owner of an object, for a message.
pub(crate) fn whose(aws: &Regional, tags: &BTreeMap<String, String>, hints: &str) -> String {
    describe(aws.account_id(), tags, hints)
}

fn describe(account_id: &str, tags: &BTreeMap<String, String>, hints: &str) -> String {
    let mut parts = Vec::new();
    if let Some(owner) = tags.get(OWNER_TAG) {
        let address = tags.get(ADDRESS_TAG).map(|address| format!(" as {address}")).unwrap_or_default();
        let id = owner_id(tags);
        let home = id.map(|id| format!("owner id {id}, home region {}, ", id.home_region())).unwrap_or_default();
        parts.push(format!("it belongs to {owner} ({home}account {account_id}){address}"));
    }
    let others: Vec<String> = tags
        .iter()
        .filter(|(key, _)| !key.starts_with("multiregion:"))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if others.is_empty() {
        parts.push("it has no other tags".to_owned());
    } else {
        parts.push(format!("its tags are {}", others.join(", ")));
    }
    if !hints.is_empty() {
        parts.push(hints.to_owned());
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), Input::from(*value))).collect()
    }

    #[test]
    fn a_change_has_only_the_differences() {
        let change = TagChange::between(
            &tags(&[("keep", "1"), ("change", "1"), ("drop", "1")]),
            &tags(&[("keep", "1"), ("change", "2"), ("new", "1")]),
        );
        assert_eq!(change.set, plain(&tags(&[("change", "2"), ("new", "1")])));
        assert_eq!(change.remove, ["drop"]);
    }

    #[test]
    fn a_description_names_owner_and_other_tags() {
        let owner = [(OWNER_TAG, "multiregion_api/zebra"), (OWNER_ID_TAG, "us-east-1/7")];
        let tags = plain(&tags(&[owner[0], owner[1], (ADDRESS_TAG, "global/role"), ("team", "zoo")]));
        insta::assert_snapshot!(
            describe("1", &tags, "created 2026-01-01"),
            @"it belongs to multiregion_api/zebra (owner id us-east-1/7, home region us-east-1, account 1) as global/role; its tags are team=zoo; created 2026-01-01"
        );
        assert_eq!(describe("1", &BTreeMap::new(), ""), "it has no other tags");
        let half = plain(&self::tests::tags(&[(OWNER_TAG, "multiregion_api/zebra")]));
        insta::assert_snapshot!(
            describe("1", &half, ""),
            @"it belongs to multiregion_api/zebra (account 1); it has no other tags"
        );
    }

    #[test]
    fn tags_that_aws_sets_are_ignored() {
        let reported = reported([("aws:cloudformation:stack-name".to_owned(), "x".to_owned())]);
        assert!(reported.is_empty());
    }
}
