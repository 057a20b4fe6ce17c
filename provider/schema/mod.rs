//! Attributes, declared once: schema, decoding, defaults, checks and documentation derive from one declaration.
//!
//! - [`attributes!`](declare) declares the arguments of a resource, or one nested object of them.
//! - [`outputs!`](declare) declares computed attributes.
//! - [`choices!`](choices) declares an attribute that has one of a few texts.
//!
//! [`Schema`] and [`Attribute`] hold the declarations as plain data, for the host and for the documentation.

mod attr;
mod attribute;
mod check;
mod choices;
mod declare;
mod duration;
mod suggest;
#[cfg(test)]
pub(crate) mod testing;
mod types;
mod walk;
mod write_only;

pub use attr::{Attr, Unknown};
pub use attribute::{Attribute, Choice, Constraint, Mode, Nested, Nesting, Schema, Shape};
pub use check::{check, missing};
pub(crate) use choices::choices;
pub(crate) use declare::{Declared, Literal, attributes, outputs};
pub(crate) use duration::Duration;
pub(crate) use suggest::{nearest, suggestion};
pub(crate) use types::{AttributeType, Attributes, Decode, Plain, TextMap, TextSet, Texts};
pub(crate) use walk::{first_unknown, rewrite};
pub use write_only::unsupported;
pub(crate) use write_only::without_write_only;
