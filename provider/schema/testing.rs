//! Constructors of attributes for tests that do not use `attributes!`.

use super::{Attribute, Mode, Nested, Nesting, Shape};
use crate::wire::Type;

impl Attribute {
    /// A string.
    pub(crate) fn string(name: &'static str, mode: Mode, description: &str) -> Self {
        Self::new(name, Shape::Plain(Type::String), mode, description)
    }

    /// A boolean.
    pub(crate) fn bool(name: &'static str, mode: Mode, description: &str) -> Self {
        Self::new(name, Shape::Plain(Type::Bool), mode, description)
    }

    /// A list of values.
    pub(crate) fn list(name: &'static str, of: Type, mode: Mode, description: &str) -> Self {
        Self::new(name, Shape::Plain(Type::List(Box::new(of))), mode, description)
    }

    /// One object.
    pub(crate) fn object(name: &'static str, mode: Mode, description: &str, attributes: Vec<Self>) -> Self {
        Self::new(name, Shape::Nested(Nested { nesting: Nesting::Single, attributes }), mode, description)
    }

    /// A map of objects.
    pub(crate) fn objects(name: &'static str, mode: Mode, description: &str, attributes: Vec<Self>) -> Self {
        Self::new(name, Shape::Nested(Nested { nesting: Nesting::Map, attributes }), mode, description)
    }

    /// An attribute that hosts hide in their output.
    pub(crate) fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }
}
