//! Collects the mistakes in a configuration.

use crate::schema::{Attr, Texts};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Found(pub(crate) Diagnostics);

impl Found {
    /// Adds an error.
    pub(crate) fn error(&mut self, path: Path, summary: &'static str, detail: impl Into<String>) {
        self.0.push(Diagnostic::error(path, summary, detail));
    }
}

/// The mistakes, when one of them is an error.
///
/// # Errors
/// All of `found`.
pub(crate) fn refuse_errors(found: Diagnostics) -> Result<(), Diagnostics> {
    if found.iter().any(Diagnostic::is_error) { Err(found) } else { Ok(()) }
}

/// The known texts of a list with their paths. A null element is an empty text, which no check accepts.
pub(crate) fn each<'a>(texts: &'a Texts, path: &Path) -> impl Iterator<Item = (Path, &'a str)> + use<'a> {
    let path = path.clone();
    texts.iter().enumerate().filter_map(move |(index, text)| match text {
        Attr::Known(text) => Some((path.index(index), text.as_str())),
        Attr::Null => Some((path.index(index), "")),
        Attr::Unknown => None,
    })
}

/// Splits an ARN into partition, service, region, account and resource. `None` when it has fewer parts.
pub(crate) fn arn_parts(arn: &str) -> Option<[&str; 5]> {
    let mut parts = arn.splitn(6, ':');
    (parts.next()? == "arn").then_some(())?;
    Some([parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?])
}
