//! Tags: the rules for those of a user, and the ownership tags.

use std::collections::{BTreeMap, BTreeSet};

use crate::components::{ADDRESS_TAG, OWNER_ID_TAG, OWNER_TAG, Tags};
use crate::desired::{Address, Input, Owner, OwnerId};
use crate::schema::{Attr, TextMap};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The object of a resource that supports the fewest tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// Any object that supports 50 tags.
    Usual,
    /// A hosted zone.
    Zone,
    /// A health check. Its tag `Name` is its name in the Route 53 console.
    HealthCheck,
}

impl Bearer {
    /// Its limit in words, and the number of tags that a user can set.
    ///
    /// # Source
    /// Amazon Route 53 API reference, `ChangeTagsForResource`: a health check or hosted zone supports 10 tags, three of
    /// which are ownership tags. Other objects support 50; the claim has up to ten tags of the provider.
    fn room(self) -> (&'static str, usize) {
        match self {
            Self::Usual => ("an AWS object supports 50", 40),
            Self::Zone => ("a Route 53 hosted zone supports 10", 7),
            Self::HealthCheck => ("a Route 53 health check supports 10", 7),
        }
    }
}

/// The tag that holds a health check's name in the console.
const NAME_TAG: &str = "Name";

/// The tags of the object at `address`: the provider's default tags, overridden by the user's tags, overridden by the
/// ownership tags. The owner id is unknown before the claim exists.
///
/// A map that is unknown as a whole becomes one unknown tag: the plan then shows the object as known only after apply.
pub(crate) fn owned(
    owner: &Owner,
    owner_id: Option<&OwnerId>,
    address: &Address,
    defaults: &BTreeMap<String, String>,
    tags: &Attr<TextMap>,
) -> Tags {
    let mut all: Tags = defaults.iter().map(|(key, value)| (key.clone(), Input::Known(value.clone()))).collect();
    match tags {
        Attr::Known(tags) => all.extend(tags.iter().map(|(key, value)| (key.clone(), text(value)))),
        Attr::Unknown => all.extend([(String::new(), Input::Unknown)]),
        Attr::Null => {}
    }
    all.insert(OWNER_TAG.to_owned(), Input::Known(owner.to_string()));
    let owner_id = owner_id.map_or(Input::Unknown, |owner_id| Input::Known(owner_id.to_string()));
    all.insert(OWNER_ID_TAG.to_owned(), owner_id);
    all.insert(ADDRESS_TAG.to_owned(), Input::Known(address.to_string()));
    all
}

/// The tags of `tags` that a user set: all except the ownership tags.
pub(crate) fn written(tags: &Tags) -> BTreeMap<String, String> {
    let ours = |key: &str| key.starts_with("multiregion:");
    let known = |(key, value): (&String, &Input<String>)| Some((key.clone(), value.known()?.clone()));
    tags.iter().filter(|(key, _)| !ours(key)).filter_map(known).collect()
}

/// All of `tags`; unknown when the map was unknown as a whole.
pub(crate) fn all(tags: &Tags) -> Attr<TextMap> {
    if tags.contains_key("") {
        return Attr::Unknown;
    }
    let value = |value: &Input<String>| value.known().cloned().map_or(Attr::Unknown, Attr::Known);
    Attr::Known(tags.iter().map(|(key, tag)| (key.clone(), value(tag))).collect())
}

/// Two keys that differ only in case, of which IAM would keep one.
///
/// # Source
/// AWS IAM user guide, "Tags for AWS Identity and Access Management resources": tag keys are not case-sensitive.
pub(crate) fn twins<'a>(keys: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    keys.into_iter().find_map(|key| {
        let first = seen.insert(key.to_lowercase(), key)?;
        (first != key).then_some((first, key))
    })
}

/// Mistakes in the tags at `path`: tags that AWS rejects or that collide with ownership tags. `defaults` are the provider's
/// default tags, as far as they are known.
pub(crate) fn check(
    tags: &Attr<TextMap>,
    defaults: &BTreeMap<String, String>,
    bearer: Bearer,
    path: &Path,
) -> Diagnostics {
    let written = tags.known().into_iter().flatten();
    let mut found: Diagnostics =
        written.clone().filter_map(|(key, value)| check_one(key, value, &path.key(key))).collect();
    let keys: Vec<&str> = defaults.keys().chain(written.map(|(key, _)| key)).map(String::as_str).collect();
    // A hosted zone has no role, and Route 53 distinguishes case.
    if let Some((first, second)) = twins(keys.iter().copied()).filter(|_| bearer != Bearer::Zone) {
        let place = |key| match defaults.contains_key(key) {
            true => "the provider's default_tags".to_owned(),
            false => path.to_string(),
        };
        let detail = format!(
            "{first:?} in {} and {second:?} in {} differ only in case, which IAM does not distinguish: a role would keep only \
             one of them. Use the same spelling in both, or remove one.",
            place(first),
            place(second)
        );
        let at = if defaults.contains_key(second) { path.clone() } else { path.key(second) };
        found.push(Diagnostic::error(at, "Tags that differ only in case", detail));
    }
    let mut keys: BTreeSet<&str> = keys.into_iter().collect();
    let count = keys.len();
    // Without a tag `Name` of the user, the provider sets one.
    let name = usize::from(bearer == Bearer::HealthCheck && keys.insert(NAME_TAG));
    let (takes, room) = bearer.room();
    let most = room - name;
    if count > most {
        let detail = format!(
            "{path} and the provider's default_tags have {count} tags together, but {takes}, including the tags that the \
             provider adds. Use at most {most} tags in total."
        );
        found.push(Diagnostic::error(path.clone(), "Too many tags", detail));
    }
    found
}

fn check_one(key: &str, value: &Attr<String>, path: &Path) -> Option<Diagnostic> {
    let missing = "The value of a tag cannot be null. Remove the tag, or set its value to an empty string.";
    let mistake = mistake(key, value.known().map(String::as_str)).or_else(|| value.is_null().then_some(missing))?;
    Some(Diagnostic::error(path.clone(), "Invalid tag", mistake))
}

/// What is wrong with a tag, of a resource or of the provider's default tags; its value counts if it is known.
///
/// # Source
/// AWS Tagging best practices, "Tag naming limits and requirements".
pub(crate) fn mistake(key: &str, value: Option<&str>) -> Option<&'static str> {
    let lower = key.to_ascii_lowercase();
    if lower.starts_with("aws:") {
        return Some("AWS reserves keys that begin with aws:. Use another key.");
    }
    if lower.starts_with("multiregion:") {
        return Some("The provider marks its objects with keys that begin with multiregion:. Use another key.");
    }
    if key.is_empty() || key.chars().count() > 128 {
        return Some("The key of a tag must have 1 to 128 characters.");
    }
    let value = value.unwrap_or_default();
    if value.chars().count() > 256 {
        return Some("The value of a tag must have at most 256 characters.");
    }
    (!key.chars().chain(value.chars()).all(is_allowed)).then_some(
        "Some AWS services accept only letters, digits, spaces and _ . : / = + - @ in tags. Remove the other characters.",
    )
}

/// Whether every AWS service that the provider tags objects of accepts the character in keys and values.
///
/// # Source
/// AWS IAM API reference, `Tag`: letters, digits, white space and `_.:/=+-@`. Most other services accept more.
fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || " _.:/=+-@".contains(c)
}

fn text(value: &Attr<String>) -> Input<String> {
    value.known().map_or(Input::Unknown, |value| Input::Known(value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(all: &[(&str, &str)]) -> Attr<TextMap> {
        Attr::Known(all.iter().map(|(key, value)| ((*key).to_owned(), Attr::Known((*value).to_owned()))).collect())
    }

    fn checked(written: &[(&str, &str)], defaults: &[&str], bearer: Bearer) -> Vec<&'static str> {
        let defaults = defaults.iter().map(|key| ((*key).to_owned(), String::new())).collect();
        check(&tags(written), &defaults, bearer, &Path::of("tags"))
            .into_iter()
            .map(|diagnostic| diagnostic.summary)
            .collect()
    }

    #[test]
    fn resource_tags_override_default_tags_and_ownership_tags_override_both() {
        let defaults = BTreeMap::from([("team".to_owned(), "default".to_owned())]);
        let (owner, id) = (Owner::new("multiregion_api", "giraffe"), OwnerId::mint("us-east-1", 7));
        let tags = tags(&[("team", "web"), ("a", "b")]);
        let owned = owned(&owner, Some(&id), &Address::global("role"), &defaults, &tags);
        assert_eq!(
            serde_json::to_value(&owned).unwrap(),
            serde_json::json!({
                "a": "b",
                "team": "web",
                "multiregion:owner": "multiregion_api/giraffe",
                "multiregion:owner-id": "us-east-1/0000000000000007",
                "multiregion:address": "global/role",
            })
        );
        assert_eq!(written(&owned).into_keys().collect::<Vec<_>>(), ["a", "team"]);
    }

    #[test]
    fn invalid_tags_are_rejected() {
        for invalid in [("aws:x", ""), ("multiregion:owner", "x"), ("", "x"), ("a", "b\n"), ("a#", "")] {
            let found = checked(&[invalid], &[], Bearer::Usual);
            assert_eq!(found, ["Invalid tag"], "{invalid:?}");
        }
        assert_eq!(checked(&[("Grüße", "a b_c.d:e/f=g+h-i@j")], &[], Bearer::Usual), [""; 0]);
    }

    #[test]
    fn keys_that_differ_only_in_case_are_rejected() {
        let twins = ["Tags that differ only in case"];
        assert_eq!(checked(&[("environment", "")], &["Environment"], Bearer::Usual), twins);
        assert_eq!(checked(&[("environment", ""), ("ENVIRONMENT", "")], &[], Bearer::HealthCheck), twins);
        assert_eq!(checked(&[("Environment", "")], &["Environment"], Bearer::Usual), [""; 0]);
        assert_eq!(checked(&[("environment", "")], &["Environment"], Bearer::Zone), [""; 0]);
    }

    #[test]
    fn tag_limit_counts_a_key_in_both_maps_once() {
        const KEYS: [&str; 9] = ["Name", "a", "b", "c", "d", "e", "f", "g", "h"];
        let written = KEYS.map(|key| (key, ""));
        for (written, defaults, bearer, fits) in [
            (&written[..7], &KEYS[..7], Bearer::Zone, true),
            (&written[..7], &KEYS[7..], Bearer::Zone, false),
            (&written[..], &[], Bearer::Zone, false),
            (&written[..], &[], Bearer::Usual, true),
            (&written[..7], &[], Bearer::HealthCheck, true),
            (&written[1..7], &[], Bearer::HealthCheck, true),
            (&written[1..8], &[], Bearer::HealthCheck, false),
            (&written[1..8], &KEYS[..1], Bearer::HealthCheck, false),
            (&[], &KEYS[1..8], Bearer::HealthCheck, false),
        ] {
            let expected: &[&str] = if fits { &[] } else { &["Too many tags"] };
            assert_eq!(checked(written, defaults, bearer), expected, "{written:?} {defaults:?} {bearer:?}");
        }
    }
}
