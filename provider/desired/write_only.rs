//! Values of a spec that are never stored.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::Input;

/// The key that marks a write-only value in the JSON of a spec.
const WRITE_ONLY: &str = "$write_only";

/// A value that the configuration contains and that is never stored: the ledger holds a mark in its place. Two of them never
/// differ. Another field of the spec, such as a version, shows when the value changes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(serialize = "T: Serialize", deserialize = "T: DeserializeOwned"))]
pub struct WriteOnly<T> {
    #[serde(rename = "$write_only", deserialize_with = "present")]
    value: Option<Input<T>>,
}

/// Reads a value or the mark. Without this, serde would take a missing field for the mark.
fn present<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Option<Input<T>>, D::Error> {
    Option::deserialize(from)
}

impl<T> WriteOnly<T> {
    /// The value of the configuration.
    pub fn new(value: Input<T>) -> Self {
        Self { value: Some(value) }
    }

    /// The mark of a value that was applied earlier.
    pub fn applied() -> Self {
        Self { value: None }
    }

    /// The value; `None` while it is unknown, and in the ledger.
    pub fn known(&self) -> Option<&T> {
        self.value.as_ref()?.known()
    }
}

/// Never shows the value.
impl<T> fmt::Debug for WriteOnly<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteOnly(..)")
    }
}

/// The JSON of a spec as it is stored and compared: without write-only values.
pub fn stored(json: &Json) -> Json {
    match json {
        Json::Object(map) if map.contains_key(WRITE_ONLY) => {
            Json::Object(Map::from_iter([(WRITE_ONLY.to_owned(), Json::Null)]))
        }
        Json::Object(map) => Json::Object(map.iter().map(|(key, value)| (key.clone(), stored(value))).collect()),
        Json::Array(items) => items.iter().map(stored).collect(),
        other => other.clone(),
    }
}

/// Serializes the JSON of a spec without write-only values.
///
/// # Errors
/// Those of the serializer.
pub(crate) fn serialize_stored<S: Serializer>(json: &Json, serializer: S) -> Result<S::Ok, S::Error> {
    stored(json).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_replaced_by_a_mark() {
        let spec = json!({ "name": "a", "list": [{ "value": WriteOnly::<String>::new(Input::from("secret")) }] });
        assert!(spec.to_string().contains("secret"));
        let kept = stored(&spec);
        assert_eq!(kept, json!({ "name": "a", "list": [{ "value": { "$write_only": null } }] }));
        let read: WriteOnly<String> = serde_json::from_value(kept["list"][0]["value"].clone()).unwrap();
        assert_eq!((read.known(), &read), (None, &WriteOnly::applied()));
    }

    #[test]
    fn neither_a_reference_nor_a_text_is_a_write_only_value() {
        for other in [json!("text"), json!({ "$unknown": true }), json!({})] {
            assert!(serde_json::from_value::<WriteOnly<String>>(other).is_err());
        }
        assert_eq!(format!("{:?}", WriteOnly::<String>::new(Input::from("secret"))), "WriteOnly(..)");
    }
}
