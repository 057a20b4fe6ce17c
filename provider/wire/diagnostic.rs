//! What a user is told when something is wrong.

use std::fmt;

use super::Path;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The operation does not go on.
    Error,
    /// The operation goes on; the user should know.
    Warning,
}

/// One message to the user. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A constant sentence that names the mistake: it can be searched for.
    pub summary: &'static str,
    /// What was found, why it is wrong, how to mend it.
    pub detail: String,
    /// The attribute to blame; the root when it is none in particular.
    pub path: Path,
}

/// All messages of one operation.
pub type Diagnostics = Vec<Diagnostic>;

impl Diagnostic {
    /// An error at an attribute.
    pub fn error(path: Path, summary: &'static str, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, summary, detail: detail.into(), path }
    }

    /// A warning at an attribute.
    pub fn warning(path: Path, summary: &'static str, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, summary, detail: detail.into(), path }
    }

    /// Whether the operation must not go on.
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
