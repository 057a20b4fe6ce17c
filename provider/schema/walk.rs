//! Walks through the values of a configuration by its schema.

use super::{Attribute, Nesting, Shape};
use crate::wire::{Path, Value};

/// An attribute of an object, with its value. An attribute that the object does not have is null.
#[derive(Clone, Copy)]
pub(super) struct Visited<'a> {
    pub(super) attribute: &'a Attribute,
    pub(super) value: &'a Value,
    pub(super) path: &'a Path,
    /// The path of the object.
    pub(super) object: &'a Path,
}

/// Calls `visit` for every attribute of `object`, which is at `path`, and then for the attributes of its nested objects.
pub(super) fn walk(attributes: &[Attribute], object: &Value, path: &Path, visit: &mut dyn FnMut(Visited<'_>)) {
    let Value::Map(values) = plain(object) else { return };
    for attribute in attributes {
        let value = plain(values.get(attribute.name).unwrap_or(&Value::Null));
        let at = path.attribute(attribute.name);
        visit(Visited { attribute, value, path: &at, object: path });
        match (&attribute.shape, value) {
            (Shape::Plain(_), _) => {}
            (Shape::Nested(nested), value) if nested.nesting == Nesting::Single => {
                walk(&nested.attributes, value, &at, visit);
            }
            (Shape::Nested(nested), Value::Map(entries)) => {
                entries.iter().for_each(|(key, entry)| walk(&nested.attributes, entry, &at.key(key), visit));
            }
            (Shape::Nested(_), _) => {}
        }
    }
}

/// Replaces the value of each attribute by the result of `change`, nested attributes first.
pub(crate) fn rewrite(object: Value, attributes: &[Attribute], change: &dyn Fn(&Attribute, Value) -> Value) -> Value {
    let Value::Map(mut values) = object else { return object };
    for attribute in attributes {
        let value = values.remove(attribute.name).unwrap_or(Value::Null);
        let value = match &attribute.shape {
            Shape::Plain(_) => value,
            Shape::Nested(nested) => match (nested.nesting, value) {
                (Nesting::Single, value) => rewrite(value, &nested.attributes, change),
                (Nesting::Map, Value::Map(entries)) => {
                    let entries = entries.into_iter();
                    Value::Map(entries.map(|(key, item)| (key, rewrite(item, &nested.attributes, change))).collect())
                }
                (_, value) => value,
            },
        };
        values.insert(attribute.name.to_owned(), change(attribute, value));
    }
    Value::Map(values)
}

/// The path of the first value in `config` that is known only after apply.
pub(crate) fn first_unknown(attributes: &[Attribute], config: &Value) -> Option<Path> {
    let mut found = None;
    walk(attributes, config, &Path::root(), &mut |Visited { attribute, value, path, .. }| {
        if found.is_none() {
            found = match &attribute.shape {
                Shape::Plain(_) => unknown_element(value, path),
                Shape::Nested(_) => (*value == Value::Unknown).then(|| path.clone()),
            };
        }
    });
    found
}

fn unknown_element(value: &Value, path: &Path) -> Option<Path> {
    match plain(value) {
        Value::Unknown => Some(path.clone()),
        Value::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| unknown_element(item, &path.index(index)))
        }
        Value::Map(entries) => entries.iter().find_map(|(key, value)| unknown_element(value, &path.key(key))),
        _ => None,
    }
}

/// The value itself, without the type that a value of any type carries along.
pub(super) fn plain(value: &Value) -> &Value {
    match value {
        Value::Dynamic(_, inner) => plain(inner),
        value => value,
    }
}
