//! The error of a value that cannot be decoded or encoded.

use std::fmt;

use super::{Diagnostic, Path, Segment, Type};

/// A value that does not fit its type or its encoding.
///
/// It names types, attributes and positions, never the value itself, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError {
    path: Path,
    problem: String,
}

impl WireError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self { path: Path::root(), problem: problem.into() }
    }

    pub(super) fn expected(ty: &Type, found: &str) -> Self {
        Self::new(format!("expected {}, found {found}", describe(ty)))
    }

    /// The same error, with the path extended by the step that leads to the inner value.
    pub(super) fn inside(self, segment: Segment) -> Self {
        Self { path: self.path.inside(segment), problem: self.problem }
    }

    pub(super) fn inside_index(self, index: usize) -> Self {
        self.inside(Segment::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// The path of the value.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The problem, as a clause without a period.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.segments().is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

impl std::error::Error for WireError {}

impl From<WireError> for Diagnostic {
    fn from(error: WireError) -> Self {
        let detail = format!(
            "A value that OpenTofu or Terraform exchanged with the provider does not fit the provider's schema: {}. Check that \
             the configuration and the state belong to this version of the provider.",
            error.problem
        );
        Self::error(error.path, "Value does not fit the schema", detail)
    }
}

fn describe(ty: &Type) -> &'static str {
    match ty {
        Type::String => "text",
        Type::Number => "a number",
        Type::Bool => "true or false",
        Type::Dynamic => "a value with its type",
        Type::List(_) => "a list",
        Type::Set(_) => "a set",
        Type::Map(_) => "a map",
        Type::Object(_) => "an object",
        Type::Tuple(_) => "a tuple",
    }
}
