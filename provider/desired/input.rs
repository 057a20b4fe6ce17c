//! Values of a spec that may be unknown while planning.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use super::{Address, AddressOf, Kind};

/// The key of a reference in a spec's JSON.
pub(crate) const REF: &str = "$ref";
/// The key that marks a value that is unknown until apply.
pub(crate) const UNKNOWN: &str = "$unknown";
/// The key under which a gate lists the components that it waits for.
pub(crate) const READY: &str = "$ready";

/// Whether a spec contains a reference, a gate or an unknown value.
pub fn is_open(json: &Json) -> bool {
    match json {
        Json::Object(map) => {
            [REF, UNKNOWN, READY].iter().any(|mark| map.contains_key(*mark)) || map.values().any(is_open)
        }
        Json::Array(items) => items.iter().any(is_open),
        _ => false,
    }
}

/// Whether a spec contains an unknown value: one that no component of its resource provides.
pub(crate) fn has_unknown(json: &Json) -> bool {
    match json {
        Json::Object(map) => map.contains_key(UNKNOWN) || map.values().any(has_unknown),
        Json::Array(items) => items.iter().any(has_unknown),
        _ => false,
    }
}

/// One output of another component: `{us-west-2/certificate}.arn`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// The component that has the output.
    #[serde(rename = "$ref")]
    pub address: Address,
    /// The name of a field of its `Outputs`.
    pub output: String,
    /// The key of one entry of the field, when the field is a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// How many objects of the component are newer: 0 is the current one, 1 the one that it replaced last.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub back: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Reference {
    /// A reference to one of the outputs of the component at `address`.
    pub fn to<C: Kind, T>(address: &AddressOf<C>, key: OutputKey<C, T>) -> Self {
        Self { address: Address::clone(address), output: key.name.to_owned(), entry: None, back: 0 }
    }

    /// The value among the outputs of the component; `None` when they do not contain it.
    pub fn among(&self, outputs: &Json) -> Option<Json> {
        let field = outputs.get(&self.output)?;
        self.entry.as_ref().map_or(Some(field), |entry| field.get(entry)).cloned()
    }
}

/// A value of a spec: known, an output of another component, or unknown until apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<T> {
    /// Known while planning.
    Known(T),
    /// An output of another component of the same resource.
    Output(Reference),
    /// An attribute of another resource, unknown until apply.
    Unknown,
}

impl<T> Input<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Output(_) | Self::Unknown => None,
        }
    }

    /// The value in a [`Resolved`] spec.
    ///
    /// # Panics
    /// When the value is unknown. A [`Resolved`] contains no unknown value.
    pub fn get(&self) -> &T {
        #[expect(clippy::expect_used, reason = "Resolved::new checked it")]
        self.known().expect("a resolved spec has only known values")
    }
}

impl<T> From<T> for Input<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl From<&str> for Input<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

impl<T: Serialize> Serialize for Input<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Output(reference) => reference.serialize(serializer),
            Self::Unknown => serde_json::json!({ UNKNOWN: true }).serialize(serializer),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Input<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        if json.get(REF).is_some() {
            return serde_json::from_value(json).map(Self::Output).map_err(serde::de::Error::custom);
        }
        if json.get(UNKNOWN).is_some() {
            return Ok(Self::Unknown);
        }
        serde_json::from_value(json).map(Self::Known).map_err(serde::de::Error::custom)
    }
}

/// A gate: a part of a spec that is left out until the components that it waits for have succeeded.
///
/// A record lists every serving region. A region whose API does not answer is left out, or stays as it was, and the record
/// routes to the others. The ledger stores `value` alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gated<T> {
    /// The components that must have succeeded.
    #[serde(rename = "$ready", default, skip_serializing_if = "Vec::is_empty")]
    pub ready: Vec<Address>,
    /// The part of the spec.
    pub value: T,
}

/// The name of one field of the outputs of `C`, with its type. Declared by
/// [`output_keys!`](crate::components::output_keys), which checks both.
pub struct OutputKey<C, T> {
    name: &'static str,
    of: PhantomData<fn() -> (C, T)>,
}

impl<C, T> OutputKey<C, T> {
    /// The key of the field `name`.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// The name of the field.
    pub fn name(self) -> &'static str {
        self.name
    }
}

impl<C, T> Clone for OutputKey<C, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, T> Copy for OutputKey<C, T> {}

/// A component of a desired graph, for references to its outputs.
#[derive(Debug)]
pub struct Handle<C> {
    address: Address,
    of: PhantomData<fn() -> C>,
}

impl<C> Clone for Handle<C> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), of: PhantomData }
    }
}

impl<C> AsRef<Address> for Handle<C> {
    fn as_ref(&self) -> &Address {
        &self.address
    }
}

impl<C> Handle<C> {
    pub(super) fn new(address: Address) -> Self {
        Self { address, of: PhantomData }
    }

    /// The address of the component.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A reference to one of the outputs of the component.
    pub fn output<T>(&self, key: OutputKey<C, T>) -> Input<T> {
        self.output_of(0, key)
    }

    /// A reference to one of the outputs of the object that the component was `back` replacements before.
    pub fn output_of<T>(&self, back: usize, key: OutputKey<C, T>) -> Input<T> {
        Input::Output(Reference { address: self.address.clone(), output: key.name.to_owned(), entry: None, back })
    }

    /// A reference to one entry of an output that is a map.
    pub fn entry<T>(&self, key: OutputKey<C, BTreeMap<String, T>>, entry: &str) -> Input<T> {
        let (output, entry) = (key.name.to_owned(), Some(entry.to_owned()));
        Input::Output(Reference { address: self.address.clone(), output, entry, back: 0 })
    }
}
