//! Values and types of the configuration language, without loss.

use std::collections::BTreeMap;

use super::Number;

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// A text.
    String,
    /// A number of any precision.
    Number,
    /// True or false.
    Bool,
    /// Any type. The value contains its actual type.
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

/// A value. Any part of it can be null or unknown.
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
    /// A text.
    String(String),
    /// A list, set or tuple.
    List(Vec<Value>),
    /// A map or object.
    Map(BTreeMap<String, Value>),
    /// A value of a dynamic type, with its actual type.
    Dynamic(Box<Type>, Box<Value>),
}

impl Value {
    /// Whether no part of the value is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::List(items) => items.iter().all(Self::is_wholly_known),
            Self::Map(entries) => entries.values().all(Self::is_wholly_known),
            Self::Dynamic(_, value) => value.is_wholly_known(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
        }
    }
}
