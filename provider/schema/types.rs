//! The Rust types of attributes: how each appears in a schema, and how it is read from and written to a value.

use std::collections::BTreeMap;

use super::attribute::{Attribute, Constraint, Nested, Nesting, Shape};
use super::{Attr, Duration};
use crate::wire::{Number, Type, Value};

/// A list of texts, each of which may be unknown.
pub(crate) type Texts = Vec<Attr<String>>;
/// A set of texts, each of which may be unknown. Their order has no meaning.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TextSet(pub(crate) Texts);
/// A map of texts, each of which may be unknown.
pub(crate) type TextMap = BTreeMap<String, Attr<String>>;

/// A type that an attribute can have.
pub(crate) trait AttributeType {
    /// The type in the schema.
    fn shape() -> Shape;

    /// The constraint of every attribute of this type that declares none of its own.
    fn constraint() -> Constraint {
        Constraint::None
    }

    /// The description of every attribute of this type that has no doc comment of its own.
    fn description() -> &'static str {
        ""
    }

    /// The value as the host receives it.
    fn encode(&self) -> Value;
}

/// A type that can be read from the value of an attribute.
pub(crate) trait Decode: AttributeType + Sized {
    /// Reads a value that is neither null nor unknown. `None` when the value is not of this type or breaks the type's
    /// constraint: [`check`](super::check()) reports it, and the attribute counts as unknown, so that no other error
    /// follows from it.
    fn decode(value: &Value) -> Option<Self>;
}

/// A type without declared attributes: an element that a list can have.
pub(crate) trait Plain: AttributeType {
    /// The type in the schema.
    fn ty() -> Type;
}

/// An object with declared attributes.
pub(crate) trait Attributes {
    /// The attributes in the order of their declaration.
    fn attributes() -> Vec<Attribute>;

    /// Reads an object; if the value is not an object, every attribute is null.
    fn read(value: &Value) -> Self
    where
        Self: Decode + Default,
    {
        Self::decode(value).unwrap_or_default()
    }

    /// The values by attribute name.
    fn values(&self) -> BTreeMap<String, Value>;
}

impl<T> Attr<T> {
    /// Reads the value of an attribute.
    pub(crate) fn read(value: &Value) -> Self
    where
        T: Decode,
    {
        match value {
            Value::Null => Self::Null,
            Value::Unknown => Self::Unknown,
            Value::Dynamic(_, inner) => Self::read(inner),
            known => T::decode(known).map_or(Self::Unknown, Self::Known),
        }
    }

    /// The value as the host receives it.
    pub(crate) fn encode(&self) -> Value
    where
        T: AttributeType,
    {
        match self {
            Self::Known(value) => value.encode(),
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
        }
    }
}

impl Plain for String {
    fn ty() -> Type {
        Type::String
    }
}

impl AttributeType for String {
    fn shape() -> Shape {
        Shape::Plain(Self::ty())
    }

    fn encode(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Decode for String {
    fn decode(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl Plain for bool {
    fn ty() -> Type {
        Type::Bool
    }
}

impl AttributeType for bool {
    fn shape() -> Shape {
        Shape::Plain(Self::ty())
    }

    fn encode(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Decode for bool {
    fn decode(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }
}

impl Plain for Number {
    fn ty() -> Type {
        Type::Number
    }
}

impl AttributeType for Number {
    fn shape() -> Shape {
        Shape::Plain(Self::ty())
    }

    fn encode(&self) -> Value {
        Value::Number(self.clone())
    }
}

impl Decode for Number {
    fn decode(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(number.clone()),
            _ => None,
        }
    }
}

impl Plain for i64 {
    fn ty() -> Type {
        Type::Number
    }
}

impl AttributeType for i64 {
    fn shape() -> Shape {
        Shape::Plain(Self::ty())
    }

    fn constraint() -> Constraint {
        Constraint::Whole
    }

    fn encode(&self) -> Value {
        Value::Number(Number::from(*self))
    }
}

impl Decode for i64 {
    fn decode(value: &Value) -> Option<Self> {
        Number::decode(value)?.as_i64()
    }
}

impl Plain for Duration {
    fn ty() -> Type {
        Type::String
    }
}

impl AttributeType for Duration {
    fn shape() -> Shape {
        Shape::Plain(Self::ty())
    }

    fn constraint() -> Constraint {
        Constraint::Duration
    }

    fn encode(&self) -> Value {
        Value::String(self.as_str().to_owned())
    }
}

impl Decode for Duration {
    fn decode(value: &Value) -> Option<Self> {
        Self::parse(&String::decode(value)?)
    }
}

impl<T: Plain> Plain for Vec<Attr<T>> {
    fn ty() -> Type {
        Type::List(Box::new(T::ty()))
    }
}

impl<T: Plain> AttributeType for Vec<Attr<T>> {
    fn shape() -> Shape {
        Shape::Plain(Self::ty())
    }

    fn constraint() -> Constraint {
        T::constraint()
    }

    fn encode(&self) -> Value {
        Value::List(self.iter().map(Attr::encode).collect())
    }
}

impl<T: Plain + Decode> Decode for Vec<Attr<T>> {
    fn decode(value: &Value) -> Option<Self> {
        match value {
            Value::List(items) => Some(items.iter().map(Attr::read).collect()),
            _ => None,
        }
    }
}

impl AttributeType for TextSet {
    fn shape() -> Shape {
        Shape::Plain(Type::Set(Box::new(String::ty())))
    }

    fn encode(&self) -> Value {
        self.0.encode()
    }
}

impl Decode for TextSet {
    fn decode(value: &Value) -> Option<Self> {
        Texts::decode(value).map(Self)
    }
}

impl<T: AttributeType> AttributeType for BTreeMap<String, Attr<T>> {
    fn shape() -> Shape {
        match T::shape() {
            Shape::Plain(of) => Shape::Plain(Type::Map(Box::new(of))),
            Shape::Nested(object) => Shape::Nested(Nested { nesting: Nesting::Map, attributes: object.attributes }),
        }
    }

    fn constraint() -> Constraint {
        T::constraint()
    }

    fn description() -> &'static str {
        T::description()
    }

    fn encode(&self) -> Value {
        Value::Map(self.iter().map(|(key, value)| (key.clone(), value.encode())).collect())
    }
}

impl<T: Decode> Decode for BTreeMap<String, Attr<T>> {
    fn decode(value: &Value) -> Option<Self> {
        match value {
            Value::Map(entries) => Some(entries.iter().map(|(key, value)| (key.clone(), Attr::read(value))).collect()),
            _ => None,
        }
    }
}
