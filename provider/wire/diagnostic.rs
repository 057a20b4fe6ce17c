//! Errors and warnings for the user.

use std::fmt;

use super::Path;

/// Whether a diagnostic is an error or a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation succeeded, and the user should read the message.
    Warning,
}

/// One message to the user. It never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A constant noun phrase or sentence, so that users can search for it.
    pub summary: &'static str,
    /// The value that was found, why it is wrong, and how to fix it.
    pub detail: String,
    /// The attribute that the diagnostic is about. The root if it is about no attribute in particular.
    pub path: Path,
}

/// The diagnostics of one operation. As an `Err`, it contains at least one error.
pub type Diagnostics = Vec<Diagnostic>;

impl Diagnostic {
    /// An error about an attribute.
    pub fn error(path: Path, summary: &'static str, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, summary, detail: detail.into(), path }
    }

    /// A warning about an attribute.
    pub fn warning(path: Path, summary: &'static str, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, summary, detail: detail.into(), path }
    }

    /// Whether the operation failed.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.is_error() { "Error" } else { "Warning" };
        write!(f, "{severity}: {} (at {:?}): {}", self.summary, self.path.to_string(), self.detail)
    }
}
