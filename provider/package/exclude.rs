//! Patterns of what is left out of a package.
//!
//! As in `.gitignore`: a pattern without a slash is a name at any depth, one with a slash is a path from the top, and a
//! directory that matches is left out with everything in it. `*` and `?` stop at a slash, `**` does not.

use super::PackageError;

/// A list of patterns, each split into the parts between its slashes.
pub(super) struct Patterns(Vec<Vec<Part>>);

/// What stands between two slashes.
enum Part {
    /// `**`: any number of names, also none.
    Any,
    /// A name.
    Name(Vec<Token>),
}

enum Token {
    /// `*`: any number of characters, also none.
    Any,
    /// `?`
    One,
    /// A character as it stands.
    Exactly(char),
    /// `[a-z]` or, negated, `[!a-z]`.
    Range { negated: bool, ranges: Vec<(char, char)> },
}

impl Patterns {
    /// # Errors
    /// [`PackageError::Pattern`] for the first pattern that cannot be understood.
    pub(super) fn parse(patterns: &[String]) -> Result<Self, PackageError> {
        let parse =
            |pattern: &String| parse(pattern).map_err(|why| PackageError::Pattern { pattern: pattern.clone(), why });
        patterns.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the file or directory at `path`, with slashes and from the top, is left out.
    pub(super) fn exclude(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        self.0.iter().any(|parts| matches(parts, &names, |part| matches!(part, Part::Any), Part::matches))
    }
}

impl Part {
    fn matches(&self, name: &&str) -> bool {
        let name: Vec<char> = name.chars().collect();
        match self {
            Self::Any => true,
            Self::Name(tokens) => matches(tokens, &name, |token| matches!(token, Token::Any), Token::matches),
        }
    }
}

impl Token {
    fn matches(&self, found: &char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Exactly(wanted) => wanted == found,
            Self::Range { negated, ranges } => {
                ranges.iter().any(|(first, last)| (first..=last).contains(&found)) != *negated
            }
        }
    }
}

/// Whether `pattern` covers all of `found`, where a star stands for any number of elements.
///
/// Only the last star is ever widened: whatever an earlier one could take, the last one can take instead. So the work is
/// bounded by the product of the lengths.
fn matches<P, F>(pattern: &[P], found: &[F], star: impl Fn(&P) -> bool, fits: impl Fn(&P, &F) -> bool) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut retry = None;
    loop {
        match pattern.get(at) {
            Some(part) if star(part) => {
                retry = Some((at, seen));
                at += 1;
            }
            None if seen == found.len() => return true,
            Some(part) if found.get(seen).is_some_and(|next| fits(part, next)) => {
                at += 1;
                seen += 1;
            }
            _ => match retry {
                Some((last_star, taken)) if taken < found.len() => {
                    retry = Some((last_star, taken + 1));
                    (at, seen) = (last_star + 1, taken + 1);
                }
                _ => return false,
            },
        }
    }
}

fn parse(pattern: &str) -> Result<Vec<Part>, &'static str> {
    let path = pattern.trim_end_matches('/');
    let relative = path.trim_start_matches("./").trim_start_matches('/');
    if relative.is_empty() {
        return Err("it names nothing");
    }
    let mut parts = Vec::new();
    if !path.contains('/') {
        parts.push(Part::Any);
    }
    for part in relative.split('/') {
        parts.push(match part {
            "**" => Part::Any,
            "" | "." | ".." => return Err("it holds an empty name, `.` or `..`"),
            name => Part::Name(tokens(name)?),
        });
    }
    Ok(parts)
}

fn tokens(name: &str) -> Result<Vec<Token>, &'static str> {
    let mut rest = name.chars();
    let mut tokens = Vec::new();
    while let Some(next) = rest.next() {
        tokens.push(match next {
            '*' => Token::Any,
            '?' => Token::One,
            '{' | '}' => return Err("braces have no meaning in it, give two patterns instead"),
            '\\' => return Err("a backslash has no meaning in it, directories are divided by slashes"),
            '[' => {
                let (inside, after) = rest.as_str().split_once(']').ok_or("a bracket is not closed")?;
                rest = after.chars();
                range(inside)?
            }
            other => Token::Exactly(other),
        });
    }
    Ok(tokens)
}

fn range(inside: &str) -> Result<Token, &'static str> {
    let (negated, inside) = match inside.strip_prefix(['!', '^']) {
        Some(rest) => (true, rest),
        None => (false, inside),
    };
    let characters: Vec<char> = inside.chars().collect();
    let mut ranges = Vec::new();
    let mut rest = characters.as_slice();
    while let [first, after @ ..] = rest {
        if let ['-', last, after @ ..] = after {
            ranges.push((*first, *last));
            rest = after;
        } else {
            ranges.push((*first, *first));
            rest = after;
        }
    }
    if ranges.is_empty() || ranges.iter().any(|(first, last)| first > last) {
        return Err("a bracket holds no characters, or a range backwards");
    }
    Ok(Token::Range { negated, ranges })
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
            ("v[0-9]?", "v1x", true),
            ("__pycache__/", "a/__pycache__", true),
            ("**/__pycache__/**", "__pycache__/a", true),
            ("**/__pycache__/**", "x/y/__pycache__/a/b", true),
            ("**/__pycache__/**", "x/__pycache__x/a", false),
            ("tests/**", "tests/a/b", true),
            ("tests/**", "src/tests/a", false),
            ("/tests", "tests", true),
            ("/tests", "src/tests", false),
            ("./docs/*.md", "docs/a.md", true),
            ("docs/*.md", "docs/a/b.md", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-c-d", false),
            ("**", "anything/at/all", true),
            ("Ä?", "Äö", true),
        ] {
            assert_eq!(excludes(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        for wrong in ["", "/", "./", "a//b", "../a", "[a", "[]", "[!]", "[z-a]", "*.{a,b}", "a\\b"] {
            assert!(Patterns::parse(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn many_stars_take_no_long_time() {
        assert!(!excludes(&"*a".repeat(200), &"a".repeat(199)));
        assert!(!excludes(&"**/a/".repeat(200), &"a/".repeat(5_000)));
    }
}
