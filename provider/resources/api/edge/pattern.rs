//! CloudFront's path patterns.

/// Whether a path pattern of CloudFront matches a path: `*` stands for any characters, `?` for one.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
    glob(pattern.as_bytes(), path.strip_prefix('/').unwrap_or(path).as_bytes())
}

fn glob(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if glob(rest, path) => true,
        (Some((b'*', _)), Some((_, tail))) => glob(pattern, tail),
        (Some((expected, rest)), Some((found, tail))) => (*expected == b'?' || expected == found) && glob(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_cloudfront_matches_them() {
        for (pattern, path, expected) in [
            ("/static/*", "/static/a/b", true),
            ("static/*", "/static/a", true),
            ("/static/*", "/other", false),
            ("/a?c", "/abc", true),
            ("/a?c", "/ac", false),
            ("*.jpg", "/b/a.jpg", true),
            ("/a", "/a", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
