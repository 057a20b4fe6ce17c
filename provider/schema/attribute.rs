//! Schema builders.

use crate::wire::Type;

/// Who sets an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The user must.
    Required,
    /// The user may.
    Optional,
    /// We do.
    Computed,
    /// The user may; we do otherwise.
    OptionalComputed,
}

/// How often a nested object stands in its attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// Once.
    Single,
    /// In a list.
    List,
    /// In a set.
    Set,
    /// In a map.
    Map,
}

/// The attributes of a nested object.
#[derive(Debug, Clone, PartialEq)]
pub struct Nested {
    /// Once or many times.
    pub nesting: Nesting,
    /// What each has.
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

/// One attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Who sets it.
    pub mode: Mode,
    /// What it means, its unit, its default: Markdown for the registry's documentation.
    pub description: &'static str,
    /// Whether it is kept out of plan output.
    pub sensitive: bool,
    /// Whether it is sent to us and never kept.
    pub write_only: bool,
    /// Why and what for instead, when it should no longer be used.
    pub deprecated: Option<&'static str>,
}

/// The schema of a resource, a data source or the provider itself. There are no blocks: nested attributes only.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Rises when a state of an older version must be upgraded.
    pub version: i64,
    /// What it is: Markdown for the registry's documentation.
    pub description: &'static str,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

impl Attribute {
    /// Text.
    pub fn string(name: &'static str, mode: Mode, description: &'static str) -> Self {
        Self::plain(name, Type::String, mode, description)
    }

    /// A number.
    pub fn number(name: &'static str, mode: Mode, description: &'static str) -> Self {
        Self::plain(name, Type::Number, mode, description)
    }

    /// True or false.
    pub fn bool(name: &'static str, mode: Mode, description: &'static str) -> Self {
        Self::plain(name, Type::Bool, mode, description)
    }

    /// A list of values.
    pub fn list(name: &'static str, of: Type, mode: Mode, description: &'static str) -> Self {
        Self::plain(name, Type::List(Box::new(of)), mode, description)
    }

    /// A map of values.
    pub fn map(name: &'static str, of: Type, mode: Mode, description: &'static str) -> Self {
        Self::plain(name, Type::Map(Box::new(of)), mode, description)
    }

    /// Any type.
    pub fn plain(name: &'static str, of: Type, mode: Mode, description: &'static str) -> Self {
        Self::new(name, Shape::Plain(of), mode, description)
    }

    /// One object with attributes of its own.
    pub fn object(name: &'static str, mode: Mode, description: &'static str, attributes: Vec<Self>) -> Self {
        Self::new(name, Shape::Nested(Nested { nesting: Nesting::Single, attributes }), mode, description)
    }

    /// A map of objects with attributes of their own.
    pub fn objects(name: &'static str, mode: Mode, description: &'static str, attributes: Vec<Self>) -> Self {
        Self::new(name, Shape::Nested(Nested { nesting: Nesting::Map, attributes }), mode, description)
    }

    /// Kept out of plan output.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Sent to us and never kept.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
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
                    Nesting::List => Type::List(Box::new(object)),
                    Nesting::Set => Type::Set(Box::new(object)),
                    Nesting::Map => Type::Map(Box::new(object)),
                }
            }
        }
    }

    fn new(name: &'static str, shape: Shape, mode: Mode, description: &'static str) -> Self {
        Self { name, shape, mode, description, sensitive: false, write_only: false, deprecated: None }
    }
}

impl Schema {
    /// The type of a whole configuration or state.
    pub fn ty(&self) -> Type {
        object_type(&self.attributes)
    }
}

fn object_type(attributes: &[Attribute]) -> Type {
    Type::Object(attributes.iter().map(|attribute| (attribute.name.to_owned(), attribute.ty())).collect())
}
