//! Tags that other people and tools put on our objects: they are neither compared nor removed.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::aws::{CallError, IgnoredTags, Regional};
use crate::components::Component;
use crate::components::erased::{parse, print};

/// [`Component::read`], without the tags that `spec` does not have. `spec` was last applied, so the provider did not set the
/// others.
///
/// # Errors
/// The errors of [`Component::read`].
pub(crate) async fn read<C: Component>(
    aws: &Regional,
    spec: &C::Spec,
    outputs: &C::Outputs,
) -> Result<Option<(C::Spec, C::Outputs)>, CallError> {
    let Some((found, outputs)) = C::read(aws, spec, outputs).await? else { return Ok(None) };
    let mut found = print(&found)?;
    drop_foreign(&mut found, &print(spec)?);
    Ok(Some((parse(&found)?, outputs)))
}

/// Removes the tags of the spec `found` that the spec `ours` does not have.
fn drop_foreign(found: &mut Json, ours: &Json) {
    if let Some(tags) = found.get_mut("tags").and_then(Json::as_object_mut) {
        tags.retain(|key, _| ours["tags"].get(key).is_some());
    }
}

/// Removes the tags of a discovered object that the provider's argument `ignore_tags` excludes.
pub(crate) fn drop_ignored(found: &mut Json, ignored: &IgnoredTags) {
    if let Some(tags) = found.get_mut("tags").and_then(Json::as_object_mut) {
        tags.retain(|key, _| !ignored.contains(key));
    }
}

/// Removes the tags that are not on all of these discovered objects. The provider puts the tags of a resource on each of its
/// objects, so others have set the tags of single ones. The ownership tags stay.
pub(crate) fn drop_partial<'a>(specs: impl IntoIterator<Item = &'a mut Json>) {
    let mut tagged: Vec<_> =
        specs.into_iter().filter_map(|spec| spec.get_mut("tags").and_then(Json::as_object_mut)).collect();
    let keys = |tags: &serde_json::Map<String, Json>| tags.keys().cloned().collect::<BTreeSet<String>>();
    let common = tagged.iter().map(|tags| keys(tags)).reduce(|one, other| &one & &other).unwrap_or_default();
    for tags in &mut tagged {
        tags.retain(|key, _| key.starts_with("multiregion:") || common.contains(key));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_tags_of_the_applied_spec_are_compared() {
        let ours = json!({ "tags": { "team": "web", "multiregion:owner": "multiregion_api/x", "lost": "1" } });
        let mut found = json!({ "name": "x", "tags": {
            "team": "changed", "CreatedBy": "robot", "multiregion:owner": "multiregion_api/x",
        } });
        drop_foreign(&mut found, &ours);
        let expected = json!({ "team": "changed", "multiregion:owner": "multiregion_api/x" });
        assert_eq!(found, json!({ "name": "x", "tags": expected }));
        let mut untagged = json!({ "name": "x" });
        drop_foreign(&mut untagged, &ours);
        assert_eq!(untagged, json!({ "name": "x" }));
    }

    #[test]
    fn ignored_tags_are_not_imported() {
        let ignored = IgnoredTags {
            keys: ["CreatedBy".to_owned()].into(),
            key_prefixes: vec!["platform:".to_owned(), "multi".to_owned()],
        };
        let mut found = json!({ "tags": {
            "CreatedBy": "robot", "createdby": "a person", "platform:cost": "7", "multiregion:owner": "multiregion_api/x",
        } });
        drop_ignored(&mut found, &ignored);
        assert_eq!(found["tags"], json!({ "createdby": "a person", "multiregion:owner": "multiregion_api/x" }));
    }

    #[test]
    fn a_tag_of_a_single_object_is_not_imported() {
        let tagged = |tags: Json| json!({ "tags": tags });
        let mut specs = [
            tagged(json!({ "team": "web", "CreatedBy": "robot", "multiregion:address": "global/role" })),
            json!({ "name": "untagged" }),
            tagged(json!({ "team": "changed", "multiregion:address": "global/claim", "multiregion:other": "x" })),
        ];
        drop_partial(&mut specs);
        let kept = [
            tagged(json!({ "team": "web", "multiregion:address": "global/role" })),
            json!({ "name": "untagged" }),
            tagged(json!({ "team": "changed", "multiregion:address": "global/claim", "multiregion:other": "x" })),
        ];
        assert_eq!(specs, kept);
        drop_partial([]);
    }
}
