//! Schemas and the typed decoding of configurations.

mod attribute;
mod decode;
mod required;

pub use attribute::{Attribute, Mode, Nested, Nesting, Schema, Shape};
pub use decode::{Attr, Decode, Object};
pub use required::missing;
