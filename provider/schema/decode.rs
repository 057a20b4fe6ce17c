//! Typed decoding, in which known, null and unknown are different things.

use std::collections::BTreeMap;

use crate::wire::{Diagnostic, Number, Path, Value};

/// An attribute's value: known, absent, or known only after apply.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Attr<T> {
    /// A value.
    Known(T),
    /// Absent.
    #[default]
    Null,
    /// Known only after apply.
    Unknown,
}

impl<T> Attr<T> {
    /// The value, where there is one now.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether it is absent for sure.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether only apply will tell.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// A type that can be read from a value.
///
/// Implemented for `String`, `bool`, `i64`, [`Number`], `Vec<T>`, `BTreeMap<String, T>`, [`Attr<T>`] and, by hand, for
/// the structs of a configuration. `Attr` takes anything; the others refuse null and unknown.
pub trait Decode: Sized {
    /// Reads `value`, which stands at `path`.
    ///
    /// # Errors
    /// A diagnostic at the attribute that does not fit.
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic>;
}

/// An object being read, attribute by attribute.
pub struct Object<'a> {
    attributes: &'a BTreeMap<String, Value>,
    path: Path,
}

impl<'a> Object<'a> {
    /// The object in `value`.
    ///
    /// # Errors
    /// A diagnostic when it is none.
    pub fn of(value: &'a Value, path: &Path) -> Result<Self, Diagnostic> {
        match value {
            Value::Map(attributes) => Ok(Self { attributes, path: path.clone() }),
            _ => Err(Diagnostic::error(path.clone(), "Unexpected type", "Expected an object.")),
        }
    }

    /// Reads the attribute `name`; one that is not there is null.
    ///
    /// # Errors
    /// A diagnostic at that attribute.
    pub fn get<T: Decode>(&self, name: &str) -> Result<T, Diagnostic> {
        T::decode(self.attributes.get(name).unwrap_or(&Value::Null), &self.path.attribute(name))
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Decode for Number {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        match value {
            Value::Number(number) => Ok(number.clone()),
            _ => Err(Diagnostic::error(path.clone(), "Unexpected type", "Expected a number.")),
        }
    }
}
