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
        match present(value, path, "an object")? {
            Value::Map(attributes) => Ok(Self { attributes, path: path.clone() }),
            _ => Err(unexpected(path, "an object")),
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

/// A value that must be there now.
fn present<'a>(value: &'a Value, path: &Path, expected: &str) -> Result<&'a Value, Diagnostic> {
    match value {
        Value::Null => Err(Diagnostic::error(
            path.clone(),
            "Missing value",
            format!("Expected {expected}, found null. Set this attribute to a value."),
        )),
        Value::Unknown => Err(Diagnostic::error(
            path.clone(),
            "Value not known yet",
            format!(
                "Expected {expected}, found a value that only apply will bring. This attribute must be known while \
                 planning: use a literal, a variable, or an attribute of something that exists already."
            ),
        )),
        Value::Dynamic(_, inner) => present(inner, path, expected),
        known => Ok(known),
    }
}

fn unexpected(path: &Path, expected: &str) -> Diagnostic {
    Diagnostic::error(path.clone(), "Unexpected type", format!("Expected {expected}, found a value of another type."))
}

impl<T: Decode> Decode for Attr<T> {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Unknown => Ok(Self::Unknown),
            Value::Dynamic(_, inner) => Self::decode(inner, path),
            known => T::decode(known, path).map(Self::Known),
        }
    }
}

impl Decode for String {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        match present(value, path, "text")? {
            Value::String(text) => Ok(text.clone()),
            _ => Err(unexpected(path, "text")),
        }
    }
}

impl Decode for bool {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        match present(value, path, "true or false")? {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(unexpected(path, "true or false")),
        }
    }
}

impl Decode for Number {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        match present(value, path, "a number")? {
            Value::Number(number) => Ok(number.clone()),
            _ => Err(unexpected(path, "a number")),
        }
    }
}

impl Decode for i64 {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        let number = Number::decode(value, path)?;
        number.as_i64().ok_or_else(|| {
            let detail = format!(
                "Expected a whole number, found {}. Give one without a fraction, of at most 18 digits.",
                number.as_str()
            );
            Diagnostic::error(path.clone(), "Not a whole number", detail)
        })
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        match present(value, path, "a list")? {
            Value::List(items) => {
                items.iter().enumerate().map(|(index, item)| T::decode(item, &path.index(index))).collect()
            }
            _ => Err(unexpected(path, "a list")),
        }
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        match present(value, path, "a map")? {
            Value::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| Ok((key.clone(), T::decode(value, &path.key(key))?)));
                entries.collect()
            }
            _ => Err(unexpected(path, "a map")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(Number::parse(text).unwrap())
    }

    fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
        Value::Map(entries.map(|(key, value)| (key.to_owned(), value)).into())
    }

    fn decode<T: Decode>(value: &Value) -> Result<T, String> {
        T::decode(value, &Path::of("a")).map_err(|diagnostic| diagnostic.to_string())
    }

    #[test]
    fn known_null_and_unknown_are_three_things() {
        assert_eq!(decode(&Value::String("x".to_owned())), Ok(Attr::Known("x".to_owned())));
        assert_eq!(decode(&Value::Null), Ok(Attr::<String>::Null));
        assert_eq!(decode(&Value::Unknown), Ok(Attr::<Vec<String>>::Unknown));
        let list = Value::List(vec![Value::Bool(true), Value::Unknown, Value::Null]);
        assert_eq!(decode(&list), Ok(Attr::Known(vec![Attr::Known(true), Attr::Unknown, Attr::Null])));
    }

    #[test]
    fn plain_types_refuse_null_and_unknown() {
        let of = |value| {
            [
                T::<String>::refusal(&value),
                T::<bool>::refusal(&value),
                T::<i64>::refusal(&value),
                T::<Number>::refusal(&value),
                T::<Vec<Attr<String>>>::refusal(&value),
                T::<BTreeMap<String, Attr<String>>>::refusal(&value),
            ]
        };
        assert_eq!(of(Value::Null), ["Missing value"; 6]);
        assert_eq!(of(Value::Unknown), ["Value not known yet"; 6]);
        assert_eq!(of(Value::Dynamic(Box::new(crate::wire::Type::Bool), Box::new(Value::Null))), ["Missing value"; 6]);
    }

    struct T<D>(std::marker::PhantomData<D>);

    impl<D: Decode> T<D> {
        fn refusal(value: &Value) -> &'static str {
            D::decode(value, &Path::root()).err().unwrap().summary
        }
    }

    #[test]
    fn whole_numbers_are_whole() {
        assert_eq!(decode(&number("1e3")), Ok(1000));
        for wrong in ["0.5", "9223372036854775808", "1e400"] {
            let error = decode::<i64>(&number(wrong)).unwrap_err();
            assert!(error.contains("Not a whole number") && error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn the_attribute_to_blame_is_named() {
        let config = map([("regions", map([("us-east-1", Value::List(vec![number("1"), Value::Bool(true)]))]))]);
        let object = Object::of(&config, &Path::root()).unwrap();
        let error = object.get::<BTreeMap<String, Vec<i64>>>("regions").unwrap_err();
        assert_eq!(error.path.to_string(), "regions[\"us-east-1\"][1]");
        assert_eq!(error.summary, "Unexpected type");
        assert_eq!(object.get::<String>("name").unwrap_err().path, Path::of("name"));
        assert_eq!(object.get::<Attr<String>>("name"), Ok(Attr::Null));
    }

    #[test]
    fn only_an_object_is_an_object() {
        let refusal = |value| Object::of(&value, &Path::root()).err().unwrap().summary;
        assert_eq!(refusal(Value::Null), "Missing value");
        assert_eq!(refusal(Value::Unknown), "Value not known yet");
        assert_eq!(refusal(Value::List(Vec::new())), "Unexpected type");
    }
}
