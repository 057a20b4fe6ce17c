//! Values of whole configurations and states.

use std::collections::BTreeMap;

use crate::desired::{AddressOf, OutputKey};
use crate::plan::View;
use crate::schema::{Attr, Decode, Schema, without_write_only};
use crate::wire::{Path, Segment, Type, Value};

/// The state of a resource: its configuration, with the attributes that the provider computes in place of those that the
/// configuration has. Write-only attributes are null.
pub(crate) fn state(config: &Value, schema: &Schema, computed: impl IntoIterator<Item = (String, Value)>) -> Value {
    match without_write_only(complete(config, &schema.ty()), schema) {
        Value::Map(mut all) => {
            all.extend(computed);
            Value::Map(all)
        }
        other => other,
    }
}

/// An output of the component at `address`: null when there is no such component, unknown until it is created. A number is
/// read as text.
pub(crate) fn output<C, O, T: Decode>(view: &View, address: &AddressOf<C>, key: OutputKey<C, O>) -> Attr<T> {
    Attr::read(&view.output(address, key))
}

/// One entry of an output that is a map: null when the component or the entry does not exist, unknown until the component is
/// created.
pub(crate) fn entry<C, O, T: Decode>(
    view: &View,
    address: &AddressOf<C>,
    key: OutputKey<C, BTreeMap<String, O>>,
    entry: &str,
) -> Attr<T> {
    match view.output(address, key) {
        Value::Map(entries) => entries.get(entry).map_or(Attr::Null, Attr::read),
        other => Attr::read(&other),
    }
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

/// Builds a map or an object.
#[cfg(test)]
pub(crate) fn map(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Map(entries.into_iter().collect())
}

/// Builds an object. [`complete`] adds the omitted attributes as null.
#[cfg(test)]
pub(crate) fn object<const N: usize>(attributes: [(&str, Value); N]) -> Value {
    map(attributes.map(|(name, value)| (name.to_owned(), value)))
}

/// Builds a string.
#[cfg(test)]
pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}
