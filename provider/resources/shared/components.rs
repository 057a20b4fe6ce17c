//! The attribute `components`, and outputs of components as values of attributes.

use serde_json::Value as Json;

use super::values::{object, text};
use crate::desired::{Address, AddressOf, OutputKey};
use crate::plan::{Seen, View};
use crate::schema::Attr;
use crate::wire::Value;

/// The value of `components`: kind, id and revision of every visible component, by address.
pub(crate) fn value(view: &View) -> Value {
    let visible = view.components.iter().filter(|(_, seen)| seen.visible);
    Value::Map(visible.map(|(address, seen)| (address.to_string(), entry(address, seen))).collect())
}

fn entry(address: &Address, seen: &Seen) -> Value {
    object([("kind", text(&address.kind)), ("id", known(&seen.id)), ("revision", known(&seen.revision))])
}

fn known(attr: &Attr<String>) -> Value {
    match attr {
        Attr::Known(value) => text(value),
        Attr::Null => Value::Null,
        Attr::Unknown => Value::Unknown,
    }
}

impl View {
    /// An output of the component at `address`: null when there is no such component, unknown until it is created.
    pub(crate) fn output<C, T>(&self, address: &AddressOf<C>, key: OutputKey<C, T>) -> Value {
        match self.components.get::<Address>(address).map(|seen| &seen.outputs) {
            None | Some(Attr::Null) => Value::Null,
            Some(Attr::Unknown) => Value::Unknown,
            Some(Attr::Known(outputs)) => outputs.get(key.name()).map_or(Value::Null, of_json),
        }
    }
}

fn of_json(json: &Json) -> Value {
    match json {
        Json::String(value) => text(value),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Array(items) => Value::List(items.iter().map(of_json).collect()),
        Json::Number(number) => Value::String(number.to_string()),
        Json::Null | Json::Object(_) => Value::Null,
    }
}
