//! Tags: what a user may write, and the ones that say whose an object is.

use std::collections::{BTreeMap, BTreeSet};

use crate::components::{ADDRESS_TAG, OWNER_ID_TAG, OWNER_TAG, Tags};
use crate::desired::{Address, Input, Owner, OwnerId};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The object of a resource that takes the fewest tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// Anything that takes 50 tags.
    Usual,
    /// A hosted zone.
    Zone,
    /// A health check, which also has a name in the console: the tag `Name`.
    HealthCheck,
}

impl Bearer {
    /// What it is called, and how many tags it has room for besides ours.
    ///
    /// # Source
    /// Amazon Route 53 API reference, `ChangeTagsForResource`: a health check or hosted zone takes 10 tags, three of which
    /// are ownership tags. Elsewhere 50 is usual; the claim has up to ten of ours.
    fn room(self) -> (&'static str, usize) {
        match self {
            Self::Usual => ("an object of AWS takes 50", 40),
            Self::Zone => ("a hosted zone of Route 53 takes 10", 7),
            Self::HealthCheck => ("a health check of Route 53 takes 10", 7),
        }
    }
}

/// The tag that a health check has a name by in the console.
const NAME_TAG: &str = "Name";

/// Tags as a configuration holds them.
pub(crate) type TagsAttr = Attr<BTreeMap<String, Attr<String>>>;

/// The tags of the object at `address`: the provider's, over them the user's, over them the ownership tags. The owner id is
/// unknown before the claim exists.
///
/// When the whole map is unknown, one unknown tag stands for it: the object is shown as known only after apply.
pub(crate) fn owned(
    owner: &Owner,
    owner_id: Option<&OwnerId>,
    address: &Address,
    defaults: &BTreeMap<String, String>,
    tags: &TagsAttr,
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

/// The tags of `tags` that a user wrote: without the ones that say whose an object is.
pub(crate) fn written(tags: &Tags) -> BTreeMap<String, String> {
    let ours = |key: &str| key.starts_with("multiregion:");
    let known = |(key, value): (&String, &Input<String>)| Some((key.clone(), value.known()?.clone()));
    tags.iter().filter(|(key, _)| !ours(key)).filter_map(known).collect()
}

/// All of `tags` as a value; one that stands for an unknown map makes it unknown.
pub(crate) fn all(tags: &Tags) -> Value {
    if tags.contains_key("") {
        return Value::Unknown;
    }
    let value = |value: &Input<String>| value.known().map_or(Value::Unknown, |value| Value::String(value.clone()));
    Value::Map(tags.iter().map(|(key, tag)| (key.clone(), value(tag))).collect())
}

/// What AWS would refuse of the tags at `path`, and what would collide with ours. `defaults` are the provider's, as far
/// as they are known.
pub(crate) fn check(tags: &TagsAttr, defaults: &BTreeMap<String, String>, bearer: Bearer, path: &Path) -> Diagnostics {
    let written = tags.known().into_iter().flatten();
    let mut found: Diagnostics =
        written.clone().filter_map(|(key, value)| check_one(key, value, &path.key(key))).collect();
    let mut keys: BTreeSet<&str> = defaults.keys().chain(written.map(|(key, _)| key)).map(String::as_str).collect();
    let count = keys.len();
    // Where the user writes no name, we do.
    let name = usize::from(bearer == Bearer::HealthCheck && keys.insert(NAME_TAG));
    let (takes, room) = bearer.room();
    let most = room - name;
    if count > most {
        let detail = format!(
            "There are {count} tags with those of the provider's default_tags; {takes}, and some are ours. Write at most \
             {most} together."
        );
        found.push(Diagnostic::error(path.clone(), "Too many tags", detail));
    }
    found
}

fn check_one(key: &str, value: &Attr<String>, path: &Path) -> Option<Diagnostic> {
    let lower = key.to_ascii_lowercase();
    let mistake = if lower.starts_with("aws:") || lower.starts_with("multiregion:") {
        "Keys that begin with aws: belong to AWS, those that begin with multiregion: say which resource owns an object. \
         Use another key."
    } else if key.is_empty() || key.chars().count() > 128 {
        "A tag's key has 1 to 128 characters."
    } else if value.known().is_some_and(|value| value.chars().count() > 256) {
        "A tag's value has at most 256 characters."
    } else if !(key.chars().all(is_allowed) && value.known().is_none_or(|value| value.chars().all(is_allowed))) {
        "Tags are made of letters, digits, spaces and _ . : / = + - @: every AWS service takes these."
    } else if value.is_null() {
        "A tag's value cannot be null. Leave the tag out, or give it an empty value."
    } else {
        return None;
    };
    Some(Diagnostic::error(path.clone(), "Invalid tag", mistake))
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || " _.:/=+-@".contains(c)
}

fn text(value: &Attr<String>) -> Input<String> {
    value.known().map_or(Input::Unknown, |value| Input::Known(value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(all: &[(&str, &str)]) -> TagsAttr {
        Attr::Known(all.iter().map(|(key, value)| ((*key).to_owned(), Attr::Known((*value).to_owned()))).collect())
    }

    fn checked(written: &[(&str, &str)], defaults: &[&str], bearer: Bearer) -> Vec<&'static str> {
        let defaults = defaults.iter().map(|key| ((*key).to_owned(), String::new())).collect();
        check(&tags(written), &defaults, bearer, &Path::of("tags")).into_iter().map(|one| one.summary).collect()
    }

    #[test]
    fn the_users_tags_win_over_the_providers_and_ours_over_both() {
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
    fn refuses_what_aws_refuses() {
        for bad in [("aws:x", ""), ("multiregion:owner", "x"), ("", "x"), ("a", "b\n"), ("a#", "")] {
            let found = checked(&[bad], &[], Bearer::Usual);
            assert_eq!(found, ["Invalid tag"], "{bad:?}");
        }
        assert_eq!(checked(&[("Grüße", "a b_c.d:e/f=g+h-i@j")], &[], Bearer::Usual), [""; 0]);
    }

    #[test]
    fn counts_the_users_tags_and_the_providers_each_key_once() {
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
