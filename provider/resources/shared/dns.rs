//! The rules for domain names in Route 53, ACM and API Gateway.

/// Why `name` is not a domain name; `None` when it is one.
///
/// A domain name has at least two labels of lower case letters, no trailing dot and no wildcard.
pub(crate) fn mistake(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > 253 {
        return Some("it is longer than 253 characters");
    }
    if name.ends_with('.') {
        return Some("it ends with a dot");
    }
    if name.contains('*') {
        return Some("it contains a wildcard");
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        return Some("it contains capital letters");
    }
    if !name.contains('.') {
        return Some("it has only one label, where a name such as api.example.com is expected");
    }
    name.split('.').find_map(label_mistake)
}

/// Why `name` is neither a domain name nor a wildcard such as `*.example.com`; `None` when it is one.
pub(crate) fn mistake_in_pattern(name: &str) -> Option<&'static str> {
    match mistake(name.strip_prefix("*.").unwrap_or(name)) {
        Some(_) if name.matches('*').count() > usize::from(name.starts_with("*.")) => {
            Some("a wildcard must be the whole first label, as in *.example.com")
        }
        other => other,
    }
}

/// Whether `pattern`, a name or a wildcard, covers `name`. A wildcard covers exactly one label.
pub(crate) fn covers(pattern: &str, name: &str) -> bool {
    let parent = || name.split_once('.').map(|(_, parent)| parent);
    pattern == name || pattern.strip_prefix("*.").is_some_and(|base| parent() == Some(base))
}

/// Whether a certificate for `base` and `*.base` covers `name`.
pub(crate) fn is_covered(name: &str, base: &str) -> bool {
    name == base || name.split_once('.').is_some_and(|(_, parent)| parent == base)
}

fn label_mistake(label: &str) -> Option<&'static str> {
    if label.is_empty() {
        return Some("it has an empty label: it begins with a dot, or one dot follows another");
    }
    if label.len() > 63 {
        return Some("one of its labels is longer than 63 characters");
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Some("one of its labels begins or ends with a hyphen");
    }
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (!label.chars().all(valid)).then_some("it contains characters other than letters, digits, hyphens and dots")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_host_names_are_rejected() {
        for name in ["api.example.com", "example.com", "us-west-2.api.xn--bcher-kva.example"] {
            assert_eq!(mistake(name), None, "{name:?}");
        }
        for name in ["", "com", "a..b", ".a.b", "a.b.", "*.a.b", "A.b", "-a.b", "a b.c", "https://a.b"] {
            assert!(mistake(name).is_some(), "{name:?}");
        }
    }

    #[test]
    fn a_wildcard_is_the_whole_first_label() {
        assert_eq!(mistake_in_pattern("*.example.com"), None);
        assert_eq!(mistake_in_pattern("api.example.com"), None);
        for name in ["*", "*.com", "a.*.example.com", "*a.example.com", "*.*.example.com", "*.-a.example.com"] {
            assert!(mistake_in_pattern(name).is_some(), "{name:?}");
        }
        assert!(covers("*.b.c", "a.b.c") && covers("*.b.c", "*.b.c") && covers("b.c", "b.c"));
        assert!(!covers("*.b.c", "b.c") && !covers("*.b.c", "x.a.b.c"));
    }

    #[test]
    fn wildcard_certificate_covers_one_label() {
        assert!(is_covered("a.b.c", "b.c") && is_covered("b.c", "b.c"));
        assert!(!is_covered("x.a.b.c", "b.c") && !is_covered("ab.c", "b.c"));
    }
}
