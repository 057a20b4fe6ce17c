//! The names of a struct's fields, for the tests that compare them with names in a
//! [`KindMeta`](crate::desired::KindMeta).

use std::fmt;

use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// The names of the fields of `S`, a struct that derives `Deserialize`; none of anything else.
pub(super) fn of<S: DeserializeOwned>() -> &'static [&'static str] {
    let mut fields: &[&str] = &[];
    // The deserialization always fails, after it has passed the list of fields.
    let _: Result<S, Ended> = S::deserialize(Recorder(&mut fields));
    fields
}

/// A deserializer without a value, which records the names of the fields that a struct requests.
struct Recorder<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Recorder<'_> {
    type Error = Ended;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Ended> {
        *self.0 = fields;
        Err(Ended)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Ended> {
        Err(Ended)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Ends every deserialization.
#[derive(Debug)]
struct Ended;

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no value")
    }
}

impl std::error::Error for Ended {}

impl Error for Ended {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[test]
fn the_fields_of_a_struct_are_listed() {
    #[derive(serde::Deserialize)]
    struct Pair {
        #[serde(rename = "left")]
        _left: String,
        #[serde(rename = "right", default)]
        _right: Option<u8>,
    }
    assert_eq!(of::<Pair>(), ["left", "right"]);
    assert!(of::<String>().is_empty());
}
