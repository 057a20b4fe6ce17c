//! Tags that other tools put on our objects, and that the provider's argument `ignore_tags` excludes.

use serde_json::Value as Json;

use crate::aws::{CallError, IgnoredTags, Regional};
use crate::components::Component;
use crate::components::erased::{parse, print};

/// [`Component::read`], without ignored tags. A tag of `spec` is never ignored, because the configuration sets it.
///
/// # Errors
/// The errors of [`Component::read`].
pub(crate) async fn read<C: Component>(
    aws: &Regional,
    spec: &C::Spec,
    outputs: &C::Outputs,
) -> Result<Option<(C::Spec, C::Outputs)>, CallError> {
    let Some((found, outputs)) = C::read(aws, spec, outputs).await? else { return Ok(None) };
    if aws.ignored_tags().is_empty() {
        return Ok(Some((found, outputs)));
    }
    let mut found = print(&found)?;
    drop_ignored(&mut found, &print(spec)?, aws.ignored_tags());
    Ok(Some((parse(&found)?, outputs)))
}

/// Removes the ignored tags of the spec `found` that the spec `ours` does not have.
pub(crate) fn drop_ignored(found: &mut Json, ours: &Json, ignored: &IgnoredTags) {
    if let Some(tags) = found.get_mut("tags").and_then(Json::as_object_mut) {
        tags.retain(|key, _| !ignored.contains(key) || ours["tags"].get(key).is_some());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_ignored_tags_that_are_not_ours_are_dropped() {
        let ignored = IgnoredTags {
            keys: ["CreatedBy".to_owned(), "team".to_owned()].into(),
            key_prefixes: vec!["platform:".to_owned(), "multi".to_owned()],
        };
        let mut found = json!({ "name": "x", "tags": {
            "CreatedBy": "robot", "createdby": "a person", "platform:cost": "7", "team": "web", "other": "kept",
            "multiregion:owner": "multiregion_api/x",
        } });
        drop_ignored(&mut found, &json!({ "tags": { "team": "web" } }), &ignored);
        let expected = json!({ "createdby": "a person", "team": "web", "other": "kept",
            "multiregion:owner": "multiregion_api/x" });
        assert_eq!(found, json!({ "name": "x", "tags": expected }));
        let mut untagged = json!({ "name": "x" });
        drop_ignored(&mut untagged, &json!({}), &ignored);
        assert_eq!(untagged, json!({ "name": "x" }));
    }
}
