//! The patterns that exclude files from a package.
//!
//! They follow `.gitignore`: a pattern without a slash matches a name at any depth, and a pattern with a slash matches
//! a path relative to `source_dir`. A directory that matches is excluded with everything in it. `*`, `?` and `[a-z]` do
//! not match a slash; `**` does.

use glob::{MatchOptions, Pattern};

use super::PackageError;

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// Patterns of the files that no package contains: files of OpenTofu and Terraform, which change with every run and may hold
/// secrets, and files of version control and of operating systems.
pub(super) const NEVER_PACKED: [&str; 8] =
    [".git", ".terraform*", "*.tfstate", "*.tfstate.*", "*.tfplan", "tfplan", ".DS_Store", "__MACOSX"];

/// The compiled patterns of one package.
pub(super) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// `patterns` and [`NEVER_PACKED`].
    ///
    /// # Errors
    /// [`PackageError::Pattern`] for the first invalid pattern.
    pub(super) fn parse(patterns: &[String]) -> Result<Self, PackageError> {
        let mut compiled = Vec::new();
        for pattern in patterns.iter().map(String::as_str).chain(NEVER_PACKED) {
            let parsed = parse(pattern);
            compiled.extend(parsed.map_err(|why| PackageError::Pattern { pattern: pattern.to_owned(), why })?);
        }
        Ok(Self(compiled))
    }

    /// Whether the file or directory at `path` is excluded. `path` is relative to `source_dir` and has slashes.
    pub(super) fn exclude(&self, path: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches_with(path, OPTIONS))
    }

    /// Whether the file at `path` or one of the directories that contain it is excluded.
    pub(super) fn exclude_within(&self, path: &str) -> bool {
        path.match_indices('/').any(|(end, _)| path.get(..end).is_some_and(|directory| self.exclude(directory)))
            || self.exclude(path)
    }
}

fn parse(pattern: &str) -> Result<Vec<Pattern>, &'static str> {
    let path = pattern.trim_end_matches('/');
    let relative = path.trim_start_matches("./").trim_start_matches('/');
    if relative.is_empty() {
        return Err("it contains no name");
    }
    if relative.contains(['{', '}']) {
        return Err("braces are not supported; use one pattern for each alternative");
    }
    if relative.contains('\\') {
        return Err("backslashes are not supported; separate directories with `/`");
    }
    if has_reversed_range(relative) {
        return Err("a range in brackets is reversed");
    }
    let names: Vec<String> = relative.split('/').map(normalize).collect::<Result<_, _>>()?;
    let relative = names.join("/");
    let any_depth = if path.contains('/') { "" } else { "**/" };
    let compile = |relative: &str| Pattern::new(&format!("{any_depth}{relative}")).map_err(|error| error.msg);

    let mut compiled = vec![compile(&relative)?];
    // `tests/**` also excludes `tests` itself, so that the directory is not read at all.
    let directory = relative.trim_end_matches("/**");
    if directory != relative {
        compiled.push(compile(directory)?);
    }
    Ok(compiled)
}

/// Rewrites one name of a path from the syntax of `.gitignore` to that of the `glob` crate.
fn normalize(name: &str) -> Result<String, &'static str> {
    match name {
        "" | "." | ".." => return Err("it contains an empty name, `.` or `..`"),
        "**" => return Ok(name.to_owned()),
        _ => {}
    }
    let mut name = name.replace("[^", "[!");
    // Stars side by side within a name mean the same as one.
    while name.contains("**") {
        name = name.replace("**", "*");
    }
    Ok(name)
}

/// Whether `pattern` contains a range such as `[z-a]`, which the `glob` crate accepts although it matches nothing.
fn has_reversed_range(pattern: &str) -> bool {
    let classes = pattern.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
    classes.into_iter().any(|(class, _)| {
        let class: Vec<char> = class.trim_start_matches(['!', '^']).chars().collect();
        class.windows(3).any(|range| matches!(range, [first, '-', last] if first > last))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excludes(pattern: &str, path: &str) -> bool {
        Patterns::parse(&[pattern.to_owned()]).unwrap().exclude(path)
    }

    #[test]
    fn patterns_match_as_in_gitignore() {
        for (pattern, path, expected) in [
            ("*.pyc", "a.pyc", true),
            ("*.pyc", "deep/er/a.pyc", true),
            ("*.pyc", "a.py", false),
            ("*.py[co]", "a/b.pyo", true),
            ("*.py[!co]", "a/b.pyo", false),
            ("*.py[^co]", "a/b.pyo", false),
            ("*.py[^co]", "a/b.pyx", true),
            ("v[0-9]?", "v1x", true),
            ("v[0-9-]", "v-", true),
            ("__pycache__/", "a/__pycache__", true),
            ("**/__pycache__/**", "__pycache__/a", true),
            ("**/__pycache__/**", "x/y/__pycache__/a/b", true),
            ("**/__pycache__/**", "x/__pycache__x/a", false),
            ("tests/**", "tests/a/b", true),
            ("tests/**", "tests", true),
            ("tests/**", "src/tests/a", false),
            ("/tests", "tests", true),
            ("/tests", "src/tests", false),
            ("./docs/*.md", "docs/a.md", true),
            ("docs/*.md", "docs/a/b.md", false),
            ("docs/*", "docs", false),
            ("docs?a", "docs/a", false),
            ("docs[!x]a", "docs/a", false),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "ab", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-c-d", false),
            ("a**b", "a-b", true),
            ("a**b", "a/b", false),
            ("***", "a", true),
            (".*", ".git", true),
            ("*", ".git", true),
            ("**", "anything/at/all", true),
            ("**/**", "anything/at/all", true),
            ("Ä?", "Äö", true),
            ("[à-é]", "â", true),
            ("A", "a", false),
        ] {
            assert_eq!(excludes(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn invalid_patterns_are_rejected_by_name() {
        for invalid in ["", "/", "./", "a//b", "../a", "[a", "[]", "[!]", "[z-a]", "[!z-a]", "*.{a,b}", "a\\b"] {
            let patterns = ["valid".to_owned(), invalid.to_owned()];
            match Patterns::parse(&patterns).map(|_| ()) {
                Err(PackageError::Pattern { pattern, .. }) => assert_eq!(pattern, invalid),
                other => panic!("{invalid}: {other:?}"),
            }
        }
    }

    #[test]
    fn patterns_with_many_stars_are_fast() {
        assert!(!excludes(&"*a".repeat(200), &"a".repeat(199)));
        assert!(!excludes(&"**/a/".repeat(200), &"a/".repeat(5_000)));
    }
}
