//! The identifiers of Lambda runtimes.

use super::config::{Function, RUNTIMES};
use crate::resources::shared::checks::Found;
use crate::schema::suggestion;
use crate::wire::Path;

/// Refuses a runtime that Lambda cannot have: not listed, and not a later version of a listed one.
pub(super) fn check(function: &Function, path: &Path, found: &mut Found) {
    let Some(runtime) = function.runtime().known().filter(|runtime| !is_possible(runtime)) else { return };
    let detail = format!(
        "Lambda creates no functions with the runtime {runtime:?}. Use one of {}, or a later version of one of them.{}",
        RUNTIMES.join(", "),
        suggestion(runtime, RUNTIMES.iter().copied())
    );
    found.error(path.attribute("runtime"), "Unsupported value", detail);
}

fn is_possible(runtime: &str) -> bool {
    if RUNTIMES.contains(&runtime) {
        return true;
    }
    let Some((family, version)) = parts(runtime) else { return false };
    let newest =
        RUNTIMES.iter().filter_map(|listed| parts(listed)).filter(|(its, _)| *its == family).map(|(_, its)| its).max();
    newest.is_some_and(|newest| newest < version)
}

/// The text around the version of a runtime, and the numbers of the version: `nodejs` and `.x`, 24.
fn parts(runtime: &str) -> Option<((&str, &str), Vec<u32>)> {
    let is_version = |character: char| character.is_ascii_digit() || character == '.';
    let (prefix, rest) = runtime.split_at_checked(runtime.find(|character: char| character.is_ascii_digit())?)?;
    let end = rest.find(|character| !is_version(character)).unwrap_or(rest.len());
    let (version, suffix) = rest.split_at_checked(end)?;
    let numbers: Option<Vec<u32>> =
        version.trim_end_matches('.').split('.').map(|number| number.parse().ok()).collect();
    Some(((prefix, suffix), numbers?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_version_of_a_listed_runtime_is_possible() {
        for (runtime, expected) in [
            ("python3.14", true),
            ("python3.15", true),
            ("python4.0", true),
            ("nodejs26.x", true),
            ("java29", true),
            ("java8.al2", true),
            ("dotnet12", true),
            ("ruby4.0", true),
            ("provided.al2026", true),
            ("python3.9", false),
            ("python2.7", false),
            ("nodejs18.x", false),
            ("nodejs26", false),
            ("node26.x", false),
            ("pyhton3.13", false),
            ("python", false),
            ("go1.x", false),
            ("Python3.15", false),
            ("python3..15", false),
            ("", false),
        ] {
            assert_eq!(is_possible(runtime), expected, "{runtime:?}");
        }
    }

    #[test]
    fn a_misspelled_runtime_gets_a_suggestion() {
        assert!(suggestion("pyhton3.13", RUNTIMES.iter().copied()).contains("python3.13"));
    }
}
