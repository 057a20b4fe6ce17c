//! Mistakes in a document, and the places where they are.

use std::fmt;

use crate::wire::{Diagnostic, Diagnostics, Path};

/// The place of a value in a document, as a JSON pointer: `#/paths/~1items/get`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(String);

impl Place {
    /// The whole document.
    pub(super) fn root() -> Self {
        Self("#".to_owned())
    }

    /// The place of a key of the object at this place.
    pub(super) fn key(&self, key: &str) -> Self {
        Self(format!("{}/{}", self.0, key.replace('~', "~0").replace('/', "~1")))
    }

    /// The place of an element of the list at this place.
    pub(super) fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The mistakes found so far.
#[derive(Debug)]
pub(super) struct Problems {
    path: Path,
    found: Diagnostics,
}

impl Problems {
    /// No mistakes yet in the value of the attribute at `path`.
    pub(super) fn at(path: Path) -> Self {
        Self { path, found: Diagnostics::new() }
    }

    /// Adds an error.
    pub(super) fn error(&mut self, summary: &'static str, detail: impl Into<String>) {
        self.found.push(Diagnostic::error(self.path.clone(), summary, detail));
    }

    /// Adds a warning.
    pub(super) fn warning(&mut self, summary: &'static str, detail: impl Into<String>) {
        self.found.push(Diagnostic::warning(self.path.clone(), summary, detail));
    }

    /// Whether one of the mistakes is an error.
    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(Diagnostic::is_error)
    }

    /// All mistakes and warnings.
    pub(super) fn into_errors(self) -> Diagnostics {
        self.found
    }
}

/// A list of values for a diagnostic: `"a", "b"`.
pub(super) fn quoted<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    values.into_iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ")
}

/// The value most similar to `given`, as a question: ` Did you mean "orders"?`. Empty if none is similar.
pub(super) fn suggestion<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let scored = known.into_iter().map(|name| (strsim::jaro_winkler(given, name), name));
    let best = scored.filter(|(score, _)| *score > 0.8).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, name)| format!(" Did you mean {name:?}?")).unwrap_or_default()
}
