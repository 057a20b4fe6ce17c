//! Schemas as plain data: what the host is sent, and what the documentation is generated from.

use std::fmt::Write;
use std::ops::RangeInclusive;

use super::types::Attributes;
use crate::wire::{Type, Value};

/// Who sets an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The user must set it.
    Required,
    /// The user may set it.
    Optional,
    /// The provider sets it.
    Computed,
    /// The user may set it; otherwise the state keeps the value that it has.
    OptionalComputed,
}

/// How often an attribute holds its nested object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A map of objects.
    Map,
}

/// Objects with attributes of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Nested {
    /// One object or a map of objects.
    pub nesting: Nesting,
    /// The attributes of each object.
    pub attributes: Vec<Attribute>,
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A value of a type.
    Plain(Type),
    /// Objects with attributes of their own.
    Nested(Nested),
}

/// One of the texts that an attribute or the key of a map may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The text.
    pub value: &'static str,
    /// What it means, as Markdown. May be empty.
    pub description: &'static str,
}

/// What a value must fulfil besides its type. In a list or map it applies to every element.
#[derive(Debug, Clone, PartialEq)]
pub enum Constraint {
    /// Any value of the type.
    None,
    /// A whole number.
    Whole,
    /// A number greater than 0.
    Positive,
    /// A whole number in this range.
    Range(RangeInclusive<i64>),
    /// One of these whole numbers.
    Numbers(&'static [i64]),
    /// One of these texts.
    Choices(Vec<Choice>),
    /// A duration such as `1h30m`.
    Duration,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// The name in the configuration.
    pub name: &'static str,
    /// The type of its value.
    pub shape: Shape,
    /// Who sets it.
    pub mode: Mode,
    /// What it means and its unit, as Markdown; without default and constraint, which [`Attribute::documentation`] adds.
    pub description: String,
    /// The value that applies when the attribute is null. `None` when null has a meaning of its own.
    pub default: Option<Value>,
    /// What a value must fulfil besides its type.
    pub constraint: Constraint,
    /// The keys that a map may have. Empty when it may have any.
    pub keys: Vec<Choice>,
    /// Whether hosts hide the value in their output.
    pub sensitive: bool,
    /// What to set instead, as a sentence, if the attribute was removed. Only null is accepted. The schema keeps it, because
    /// hosts ignore an attribute of a nested object that the schema does not contain.
    pub removed: Option<&'static str>,
    /// Whether neither a plan nor a state contains the value: hosts pass it on only with the configuration.
    pub write_only: bool,
    /// A value for examples, as it is written in a configuration.
    pub example: Option<&'static str>,
}

/// The schema of a resource or of the provider itself. It has nested attributes and no blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Rises when a state of an older version must be upgraded.
    pub version: i64,
    /// What the resource is, as Markdown.
    pub description: &'static str,
    /// The attributes in the order of their documentation.
    pub attributes: Vec<Attribute>,
}

impl Attribute {
    /// An attribute without default and constraint.
    pub fn new(name: &'static str, shape: Shape, mode: Mode, description: impl Into<String>) -> Self {
        let (description, constraint) = (description.into(), Constraint::None);
        Self {
            name,
            shape,
            mode,
            description,
            default: None,
            constraint,
            keys: Vec::new(),
            sensitive: false,
            removed: None,
            write_only: false,
            example: None,
        }
    }

    /// Whether the user must set it.
    pub fn is_required(&self) -> bool {
        self.mode == Mode::Required
    }

    /// The type of its value.
    pub fn ty(&self) -> Type {
        match &self.shape {
            Shape::Plain(ty) => ty.clone(),
            Shape::Nested(nested) => {
                let object = object_type(&nested.attributes);
                match nested.nesting {
                    Nesting::Single => object,
                    Nesting::Map => Type::Map(Box::new(object)),
                }
            }
        }
    }

    /// The description with constraint and default: the text that hosts and editors show.
    pub fn documentation(&self) -> String {
        let mut text = self.description.clone();
        match &self.constraint {
            Constraint::None | Constraint::Whole => {}
            Constraint::Positive => text.push_str(" Greater than 0."),
            Constraint::Range(range) => {
                let _ = write!(text, " From {} to {}.", range.start(), range.end());
            }
            Constraint::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(|number| format!("`{number}`")).collect();
                let _ = write!(text, " One of {}.", numbers.join(", "));
            }
            Constraint::Choices(choices) if choices.iter().all(|choice| choice.description.is_empty()) => {
                let values: Vec<String> = choices.iter().map(|choice| format!("`{:?}`", choice.value)).collect();
                let _ = write!(text, " One of {}.", values.join(", "));
            }
            Constraint::Choices(choices) => {
                text.push('\n');
                for Choice { value, description } in choices {
                    let _ = write!(text, "\n- `{value:?}`: {description}");
                }
                text.push_str("\n\n");
            }
            Constraint::Duration => text.push_str(" A duration such as `\"90m\"` or `\"1h30m\"`."),
        }
        if !self.keys.is_empty() {
            let keys: Vec<String> =
                self.keys.iter().map(|key| format!("`{}` ({})", key.value, key.description)).collect();
            let _ = write!(text, " Keys: {}.", keys.join(", "));
        }
        if let Some(default) = self.default.as_ref().and_then(literal) {
            let _ = write!(text, " Default: `{default}`.");
        }
        if self.write_only {
            text.push_str(" Requires OpenTofu 1.11 or Terraform 1.11.");
        }
        text.replace("\n\n ", "\n\n").trim().to_owned()
    }
}

impl Schema {
    /// A schema of version 0 without attributes.
    pub(crate) fn new(description: &'static str) -> Self {
        Self { version: 0, description, attributes: Vec::new() }
    }

    /// The same schema with the attributes that `A` declares after its own.
    #[must_use]
    pub(crate) fn with<A: Attributes>(mut self) -> Self {
        self.attributes.extend(A::attributes());
        self
    }

    /// The type of a whole configuration or state.
    pub fn ty(&self) -> Type {
        object_type(&self.attributes)
    }
}

fn object_type(attributes: &[Attribute]) -> Type {
    Type::Object(attributes.iter().map(|attribute| (attribute.name.to_owned(), attribute.ty())).collect())
}

/// A value as it is written in a configuration; `None` for an object, whose attributes have defaults of their own.
fn literal(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(format!("{text:?}")),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.as_str().to_owned()),
        Value::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(literal).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Null | Value::Unknown | Value::Map(_) | Value::Dynamic(..) => None,
    }
}
