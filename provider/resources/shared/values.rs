//! Values of the configuration language, made by hand.

use std::collections::BTreeMap;

use crate::desired::Input;
use crate::wire::{Number, Path, Segment, Type, Value};

/// A text.
pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A whole number.
pub(crate) fn whole(number: i64) -> Value {
    Value::Number(Number::from(number))
}

/// A map or an object.
pub(crate) fn map(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Map(entries.into_iter().collect())
}

/// An object; what is left out of it is null once it is [`complete`].
pub(crate) fn object<const N: usize>(attributes: [(&str, Value); N]) -> Value {
    map(attributes.map(|(name, value)| (name.to_owned(), value)))
}

/// The text of a spec; null when it is not known.
pub(crate) fn known(input: &Input<String>) -> Value {
    input.known().map_or(Value::Null, |value| text(value))
}

/// The number of a spec; null when it is not known.
pub(crate) fn known_whole(input: &Input<i64>) -> Value {
    input.known().map_or(Value::Null, |value| whole(*value))
}

/// The list of a spec; null when it is empty.
pub(crate) fn known_list(inputs: &[Input<String>]) -> Value {
    if inputs.is_empty() { Value::Null } else { Value::List(inputs.iter().map(known).collect()) }
}

/// `value` with every attribute that `ty` has: the ones that were missing are null.
pub(crate) fn complete(value: &Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Map(has), Type::Object(attributes)) => {
            let attribute = |(name, ty): (&String, &Type)| {
                let value = has.get(name).map_or(Value::Null, |value| complete(value, ty));
                (name.clone(), value)
            };
            Value::Map(attributes.iter().map(attribute).collect())
        }
        (Value::Map(has), Type::Map(of)) => {
            Value::Map(has.iter().map(|(key, value)| (key.clone(), complete(value, of))).collect())
        }
        (Value::List(items), Type::List(of) | Type::Set(of)) => {
            Value::List(items.iter().map(|item| complete(item, of)).collect())
        }
        _ => value.clone(),
    }
}

/// The value at `path`; null when there is none.
pub(crate) fn at<'a>(value: &'a Value, path: &Path) -> &'a Value {
    path.segments().iter().fold(value, |value, segment| match (value, segment) {
        (Value::Map(entries), Segment::Attribute(name) | Segment::Key(name)) => {
            entries.get(name).unwrap_or(&Value::Null)
        }
        _ => &Value::Null,
    })
}

/// The attributes of an object; none when it is something else.
pub(crate) fn attributes(value: Value) -> BTreeMap<String, Value> {
    match value {
        Value::Map(attributes) => attributes,
        _ => BTreeMap::new(),
    }
}
