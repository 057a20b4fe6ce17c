//! Values of a spec that need not be known yet.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use super::Address;

/// The key under which a reference stands in a spec's JSON.
pub(crate) const REF: &str = "$ref";
/// The key that marks a value nobody knows before apply.
pub(crate) const UNKNOWN: &str = "$unknown";
/// The key under which a gate lists what it waits for.
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
    /// Whose output.
    #[serde(rename = "$ref")]
    pub address: Address,
    /// The name of the field in the other's `Outputs`.
    pub output: String,
}

/// A value of a spec: known now, another component's output, or a value that only apply will bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<T> {
    /// Known while planning.
    Known(T),
    /// What another component of the same resource gives back once it exists.
    Output(Reference),
    /// An attribute of another resource that does not exist yet.
    Unknown,
}

impl<T> Input<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Output(_) | Self::Unknown => None,
        }
    }

    /// The value in a [`Resolved`] spec.
    ///
    /// # Panics
    /// When the spec was not resolved: a [`Resolved`] cannot be made of such a one.
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

/// A part of a spec that is left out as long as what it waits for has not succeeded.
///
/// A record lists every serving region; the region whose API does not answer is left out (or stays as it was), and the
/// others are routed to all the same. The ledger keeps `value` alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gated<T> {
    /// The components that must have succeeded.
    #[serde(rename = "$ready", default, skip_serializing_if = "Vec::is_empty")]
    pub ready: Vec<Address>,
    /// What is put in then.
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

/// A component of a graph, to take references from. Its type keeps outputs of other kinds out.
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

    /// Where the component stands.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A reference to one of its outputs.
    pub fn output<T>(&self, key: OutputKey<C, T>) -> Input<T> {
        Input::Output(Reference { address: self.address.clone(), output: key.name.to_owned() })
    }
}
