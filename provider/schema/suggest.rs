//! Suggestions for misspelt names.

/// The most similar of `names`, when at most `distance` letters must be inserted, removed, changed or swapped to get
/// from it to `found`. Of several that are equally similar, the first in alphabetical order.
pub(crate) fn nearest<'a>(found: &str, names: impl IntoIterator<Item = &'a str>, distance: usize) -> Option<&'a str> {
    let names = names.into_iter().map(|name| (strsim::osa_distance(found, name), name));
    names.min().filter(|(needed, _)| *needed <= distance).map(|(_, name)| name)
}

/// `Did you mean "latency"?`, with a space before it, when one of `names` is similar to `found`; empty otherwise.
pub(crate) fn suggestion<'a>(found: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let length = found.chars().count();
    let distance = (length / 3).max(1).min(length.saturating_sub(1));
    nearest(&found.to_lowercase(), names, distance).map(|name| format!(" Did you mean {name:?}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_suggested() {
        let names = ["failover", "latency", "weighted"];
        assert_eq!(suggestion("latancy", names), r#" Did you mean "latency"?"#);
        assert_eq!(suggestion("Weighted", names), r#" Did you mean "weighted"?"#);
        assert_eq!(suggestion("random", names), "");
        assert_eq!(suggestion("", names), "");
        assert_eq!(suggestion("c", ["a", "b"]), "");
    }
}
