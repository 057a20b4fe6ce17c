//! Values, attribute paths and diagnostics: what is exchanged with the host, free of its encoding.

mod diagnostic;
mod path;
mod value;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use path::{Path, Segment};
pub use value::{Number, Type, Value};
