//! The computed attribute `components`, and the outputs of components as values.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::desired::{Address, AddressOf, OutputKey};
use crate::plan::View;
use crate::schema::{Attr, AttributeType, outputs};
use crate::wire::Value;

outputs! {
    /// Every AWS object of the resource by its address, such as `us-west-2/function` or `global/record/api.example.com`. A
    /// plan shows here which objects it creates, changes and deletes.
    pub(crate) struct Component {
        /// The kind of object.
        kind: String;
        /// The id that AWS gave the object. Null when the object is missing because it could not be created.
        id: String;
        /// A hash of the object's settings, without the values of environment variables: it changes when the settings
        /// change. When only such values change, it is known after apply.
        revision: String;
    }
}

/// The visible components of a resource by address.
pub(crate) fn of(view: &View) -> BTreeMap<String, Attr<Component>> {
    let visible = view.components.iter().filter(|(_, seen)| seen.visible);
    let component = visible.map(|(address, seen)| {
        let kind = Attr::Known(address.kind.clone());
        let component = Component { kind, id: seen.id.clone(), revision: seen.revision.clone() };
        (address.to_string(), Attr::Known(component))
    });
    component.collect()
}

/// The value of `components`.
pub(crate) fn value(view: &View) -> Value {
    of(view).encode()
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
        Json::String(value) => Value::String(value.clone()),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Array(items) => Value::List(items.iter().map(of_json).collect()),
        Json::Number(number) => Value::String(number.to_string()),
        Json::Object(entries) => Value::Map(entries.iter().map(|(key, entry)| (key.clone(), of_json(entry))).collect()),
        Json::Null => Value::Null,
    }
}
