//! Values, attribute paths and diagnostics that are exchanged with the host, and their encodings, MessagePack and JSON.

mod diagnostic;
mod error;
mod json;
mod msgpack;
mod number;
mod path;
#[cfg(test)]
mod samples;
mod types;
mod value;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use error::WireError;
pub use json::decode_json;
pub use msgpack::{decode_msgpack, encode_msgpack};
pub use number::Number;
pub use path::{Path, Segment};
pub use types::{parse_type_json, type_json};
pub use value::{Type, Value};
