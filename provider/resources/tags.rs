//! Tags: what a user may write, and the ones that say whose an object is.

use std::collections::BTreeMap;

use crate::components::{ADDRESS_TAG, OWNER_TAG, Tags};
use crate::desired::{Address, Input};
use crate::schema::Attr;
use crate::wire::{Diagnostic, Diagnostics, Path};

/// How many tags a user may write: AWS takes 50, some are ours.
const MOST: usize = 40;

/// Tags as a configuration holds them.
pub(crate) type TagsAttr = Attr<BTreeMap<String, Attr<String>>>;

/// The tags of the object at `address`: the provider's, over them the user's, over them whose it is.
///
/// When the whole map is unknown, one unknown tag stands for it: the object is shown as known only after apply.
pub(crate) fn owned(owner: &str, address: &Address, defaults: &BTreeMap<String, String>, tags: &TagsAttr) -> Tags {
    let mut all: Tags = defaults.iter().map(|(key, value)| (key.clone(), Input::Known(value.clone()))).collect();
    match tags {
        Attr::Known(tags) => all.extend(tags.iter().map(|(key, value)| (key.clone(), text(value)))),
        Attr::Unknown => all.extend([(String::new(), Input::Unknown)]),
        Attr::Null => {}
    }
    all.insert(OWNER_TAG.to_owned(), Input::Known(owner.to_owned()));
    all.insert(ADDRESS_TAG.to_owned(), Input::Known(address.to_string()));
    all
}

/// The tags of `tags` that a user wrote: without the ones that say whose an object is.
pub(crate) fn written(tags: &Tags) -> BTreeMap<String, String> {
    let ours = |key: &str| key.starts_with("multiregion:");
    let known = |(key, value): (&String, &Input<String>)| Some((key.clone(), value.known()?.clone()));
    tags.iter().filter(|(key, _)| !ours(key)).filter_map(known).collect()
}

/// What AWS would refuse of the tags at `path`, and what would collide with ours.
pub(crate) fn check(tags: &TagsAttr, path: &Path) -> Diagnostics {
    let Some(tags) = tags.known() else { return Vec::new() };
    let mut found: Diagnostics = tags.iter().filter_map(|(key, value)| check_one(key, value, &path.key(key))).collect();
    if tags.len() > MOST {
        let detail = format!(
            "There are {} tags; AWS takes 50 on an object and some are the provider's. Write at most {MOST}.",
            tags.len()
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

    #[test]
    fn the_users_tags_win_over_the_providers_and_ours_over_both() {
        let defaults = BTreeMap::from([("team".to_owned(), "default".to_owned())]);
        let owned = owned("giraffe", &Address::global("role"), &defaults, &tags(&[("team", "web"), ("a", "b")]));
        assert_eq!(
            serde_json::to_value(&owned).unwrap(),
            serde_json::json!({"a": "b", "team": "web", "multiregion:api": "giraffe", "multiregion:address": "global/role"})
        );
        assert_eq!(written(&owned).into_keys().collect::<Vec<_>>(), ["a", "team"]);
    }

    #[test]
    fn refuses_what_aws_refuses() {
        for bad in [("aws:x", ""), ("multiregion:api", "x"), ("", "x"), ("a", "b\n"), ("a#", "")] {
            let found = check(&tags(&[bad]), &Path::of("tags"));
            assert_eq!(found.iter().map(|one| one.summary).collect::<Vec<_>>(), ["Invalid tag"], "{bad:?}");
        }
        assert_eq!(check(&tags(&[("Grüße", "a b_c.d:e/f=g+h-i@j")]), &Path::of("tags")), []);
    }
}
