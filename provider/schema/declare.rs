//! Declares the attributes of an object.

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use super::Attr;
use super::attribute::{Attribute, Choice, Constraint, Mode};
use super::types::{AttributeType, Decode, Plain, TextMap, Texts};

/// Declares an object that a user writes: the whole of a configuration, or a nested object.
///
/// A line is `name: type = mode, options;`. Its doc comment is the description. The mode is `required`, `optional` or
/// `optional_computed`. The options are methods of [`Declared`]: `default(…)`, which comes first, `range(…)`,
/// `numbers(…)`, `each_of(…)`, `one_of(…)`, `keys(…)`, `positive()`, `sensitive()`, `write_only()`, `removed("…")`,
/// `example("…")`.
///
/// It generates a struct with a field [`Attr<T>`](Attr) for every attribute, its part of the schema, its decoding and
/// encoding, and a getter for every attribute:
///
/// | declared as | the getter returns |
/// |---|---|
/// | `required` | `Result<&T, Unknown>` |
/// | with a default | `Result<T, Unknown>`: never null |
/// | `optional`, `optional_computed` | `&Attr<T>` |
///
/// Only import writes the fields. Everything else reads by the getters, so that the compiler warns of a declared
/// attribute that nothing reads.
macro_rules! attributes {
    (@mode required) => { $crate::schema::Mode::Required };
    (@mode optional) => { $crate::schema::Mode::Optional };
    (@mode optional_computed) => { $crate::schema::Mode::OptionalComputed };

    (@getter [$($doc:literal)*] $vis:vis $field:ident [$ty:ty] required $($rest:tt)*) => {
        $(#[doc = $doc])*
        $vis fn $field(&self) -> Result<&$ty, $crate::schema::Unknown> {
            self.$field.required()
        }
    };
    (@getter [$($doc:literal)*] $vis:vis $field:ident [$ty:ty] $mode:ident, default($default:expr) $($rest:tt)*) => {
        $(#[doc = $doc])*
        $vis fn $field(&self) -> Result<$ty, $crate::schema::Unknown> {
            self.$field.or(|| $crate::schema::Literal::<$ty>::into_value($default))
        }
    };
    (@getter [$($doc:literal)*] $vis:vis $field:ident [$ty:ty] $mode:ident $($rest:tt)*) => {
        $(#[doc = $doc])*
        $vis fn $field(&self) -> &$crate::schema::Attr<$ty> {
            &self.$field
        }
    };

    ($(
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $($(#[doc = $doc:literal])* $field:ident: $ty:ty = $mode:ident $(, $option:ident($($argument:tt)*))*;)*
        }
    )*) => {$(
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, Default)]
        $vis struct $name {
            $($(#[doc = $doc])* $vis $field: $crate::schema::Attr<$ty>,)*
        }

        impl $name {
            $($crate::schema::attributes! {
                @getter [$($doc)*] $vis $field [$ty] $mode $(, $option($($argument)*))*
            })*
        }

        impl $crate::schema::Attributes for $name {
            fn attributes() -> Vec<$crate::schema::Attribute> {
                vec![$(
                    $crate::schema::Declared::<$ty>::new(
                        stringify!($field),
                        $crate::schema::attributes!(@mode $mode),
                        concat!($($doc, "\n"),*),
                    )
                    $(.$option($($argument)*))*
                    .attribute(),
                )*]
            }

            fn values(&self) -> std::collections::BTreeMap<String, $crate::wire::Value> {
                [$((stringify!($field).to_owned(), self.$field.encode()),)*].into()
            }
        }

        $crate::schema::attributes!(@object $name [$($about)*]);

        impl $crate::schema::Decode for $name {
            fn decode(value: &$crate::wire::Value) -> Option<Self> {
                let $crate::wire::Value::Map(values) = value else { return None };
                let value = |name: &str| values.get(name).unwrap_or(&$crate::wire::Value::Null);
                Some(Self { $($field: $crate::schema::Attr::read(value(stringify!($field))),)* })
            }
        }
    )*};

    (@object $name:ident [$($about:literal)*]) => {
        impl $crate::schema::AttributeType for $name {
            fn shape() -> $crate::schema::Shape {
                $crate::schema::Shape::Nested($crate::schema::Nested {
                    nesting: $crate::schema::Nesting::Single,
                    attributes: <Self as $crate::schema::Attributes>::attributes(),
                })
            }

            fn description() -> &'static str {
                concat!($($about, "\n"),*)
            }

            fn encode(&self) -> $crate::wire::Value {
                $crate::wire::Value::Map($crate::schema::Attributes::values(self))
            }
        }
    };
}

/// Declares an object that the provider computes. A line is `name: type;` or `name: type, sensitive();`, with a doc comment
/// that describes it.
///
/// It generates a struct with a field [`Attr<T>`](Attr) for every attribute, its part of the schema, and its encoding.
/// The struct has no default, so that the compiler reports every attribute that is not filled in.
macro_rules! outputs {
    ($(
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $($(#[doc = $doc:literal])* $field:ident: $ty:ty $(, $option:ident($($argument:tt)*))*;)*
        }
    )*) => {$(
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $($(#[doc = $doc])* $vis $field: $crate::schema::Attr<$ty>,)*
        }

        impl $crate::schema::Attributes for $name {
            fn attributes() -> Vec<$crate::schema::Attribute> {
                let computed = $crate::schema::Mode::Computed;
                vec![$(
                    $crate::schema::Declared::<$ty>::new(stringify!($field), computed, concat!($($doc, "\n"),*))
                        $(.$option($($argument)*))*
                        .attribute(),
                )*]
            }

            fn values(&self) -> std::collections::BTreeMap<String, $crate::wire::Value> {
                [$((stringify!($field).to_owned(), self.$field.encode()),)*].into()
            }
        }

        $crate::schema::attributes!(@object $name [$($about)*]);
    )*};
}

pub(crate) use {attributes, outputs};

/// A declared attribute of the type `T`, and the options of its declaration.
pub(crate) struct Declared<T> {
    attribute: Attribute,
    of: PhantomData<fn() -> T>,
}

impl<T: AttributeType> Declared<T> {
    /// An attribute without options. `doc` is its doc comment; when it is empty, that of the type applies.
    pub(crate) fn new(name: &'static str, mode: Mode, doc: &str) -> Self {
        let description = markdown(if doc.is_empty() { T::description() } else { doc });
        let attribute =
            Attribute { constraint: T::constraint(), ..Attribute::new(name, T::shape(), mode, description) };
        Self { attribute, of: PhantomData }
    }

    /// The value that applies when the attribute is null.
    pub(crate) fn default(mut self, default: impl Literal<T>) -> Self {
        self.attribute.default = Some(default.into_value().encode());
        self
    }

    /// Hosts hide the value in their output.
    pub(crate) fn sensitive(mut self) -> Self {
        self.attribute.sensitive = true;
        self
    }

    /// The attribute was removed, and `instead` is a sentence with the replacement.
    pub(crate) fn removed(mut self, instead: &'static str) -> Self {
        self.attribute.removed = Some(instead);
        self
    }

    /// Neither a plan nor a state contains the value, and hosts hide it in their output. The attribute is optional, and
    /// another one, such as `value_wo_version`, shows when the value changes.
    pub(crate) fn write_only(mut self) -> Self {
        self.attribute.write_only = true;
        self.sensitive()
    }

    /// A value for examples, as it is written in a configuration.
    pub(crate) fn example(mut self, example: &'static str) -> Self {
        self.attribute.example = Some(example);
        self
    }

    /// The attribute as plain data.
    pub(crate) fn attribute(self) -> Attribute {
        self.attribute
    }

    fn constrained(mut self, constraint: Constraint) -> Self {
        self.attribute.constraint = constraint;
        self
    }
}

impl Declared<i64> {
    /// The value is in this range.
    pub(crate) fn range(self, range: RangeInclusive<i64>) -> Self {
        self.constrained(Constraint::Range(range))
    }

    /// The value is one of these.
    pub(crate) fn numbers(self, numbers: &'static [i64]) -> Self {
        self.constrained(Constraint::Numbers(numbers))
    }
}

impl Declared<Vec<Attr<i64>>> {
    /// Every element is one of these.
    pub(crate) fn each_of(self, numbers: &'static [i64]) -> Self {
        self.constrained(Constraint::Numbers(numbers))
    }
}

impl Declared<crate::wire::Number> {
    /// The value is greater than 0.
    pub(crate) fn positive(self) -> Self {
        self.constrained(Constraint::Positive)
    }
}

impl Declared<TextMap> {
    /// The map has no other keys than these, which are described.
    pub(crate) fn keys(mut self, keys: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        self.attribute.keys = keys.into_iter().map(|(value, description)| Choice { value, description }).collect();
        self
    }
}

impl Declared<String> {
    /// The value is one of these. A list that the code does not distinguish by; otherwise see [`choices`](super::choices).
    pub(crate) fn one_of(self, texts: &'static [&'static str]) -> Self {
        let choices = texts.iter().map(|value| Choice { value, description: "" }).collect();
        self.constrained(Constraint::Choices(choices))
    }
}

/// How a default is written in a declaration.
pub(crate) trait Literal<T> {
    /// The value of the attribute.
    fn into_value(self) -> T;
}

impl<T: Decode> Literal<T> for T {
    fn into_value(self) -> T {
        self
    }
}

impl Literal<String> for &str {
    fn into_value(self) -> String {
        self.to_owned()
    }
}

impl<const N: usize> Literal<Texts> for [&str; N] {
    fn into_value(self) -> Texts {
        self.map(|text| Attr::Known(text.to_owned())).into()
    }
}

impl<T: Plain, const N: usize> Literal<Vec<Attr<T>>> for [T; N] {
    fn into_value(self) -> Vec<Attr<T>> {
        self.map(Attr::Known).into()
    }
}

/// The text of a doc comment: without the space after each `///`, and each paragraph on one line.
fn markdown(doc: &str) -> String {
    let mut text = String::new();
    for line in doc.lines().map(str::trim) {
        let begins = text.is_empty() || text.ends_with('\n');
        match (line.is_empty(), begins) {
            (true, true) => {}
            (true, false) => text.push_str("\n\n"),
            (false, true) => text.push_str(line),
            (false, false) if line.starts_with("- ") => {
                text.push('\n');
                text.push_str(line);
            }
            (false, false) => {
                text.push(' ');
                text.push_str(line);
            }
        }
    }
    text.trim_end().to_owned()
}
