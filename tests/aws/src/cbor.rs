//! CBOR, as the protocol of CloudWatch uses it (Smithy RPC v2).
//!
//! # Source
//! RFC 8949.

use serde_json::{Map, Number, Value};

/// The content type of requests and responses in CBOR.
pub(crate) const CONTENT_TYPE: &str = "application/cbor";

/// The ends of arrays, maps and texts of unknown length.
const BREAK: u8 = 0xff;

/// The JSON value with the same content; `None` for anything else. A timestamp is a number.
pub(crate) fn decode(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader(bytes);
    let value = reader.value()?;
    reader.0.is_empty().then_some(value)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Whether the item of unknown length ends here. Its end is skipped.
    fn ends(&mut self) -> bool {
        let ends = self.0.first() == Some(&BREAK);
        if ends {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        ends
    }

    /// The number in the head of an item; `None` inside for an item of unknown length.
    fn count(&mut self, detail: u8) -> Option<Option<u64>> {
        let width = match detail {
            0..=23 => return Some(Some(detail.into())),
            24..=27 => 1 << (detail - 24),
            31 => return Some(None),
            _ => return None,
        };
        let number = self.take(width)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
        Some(Some(number))
    }

    fn value(&mut self) -> Option<Value> {
        let head = *self.take(1)?.first()?;
        let (kind, detail) = (head >> 5, head & 0x1f);
        if kind == 7 {
            return self.simple(detail);
        }
        let count = self.count(detail)?;
        match kind {
            0 => Some(count?.into()),
            1 => Some((-1 - i64::try_from(count?).ok()?).into()),
            2 | 3 => self.text(count).map(Value::String),
            4 => self.items(count, Self::value).map(Value::Array),
            5 => {
                let entry = |reader: &mut Self| Some((reader.value()?.as_str()?.to_owned(), reader.value()?));
                Some(Value::Object(self.items(count, entry)?.into_iter().collect::<Map<_, _>>()))
            }
            // A tag says that a number is a timestamp.
            _ => self.value(),
        }
    }

    fn text(&mut self, count: Option<u64>) -> Option<String> {
        let Some(count) = count else {
            let parts = self.items(None, Self::value)?;
            return parts.iter().map(Value::as_str).collect();
        };
        let bytes = self.take(usize::try_from(count).ok()?)?.to_vec();
        String::from_utf8(bytes).ok()
    }

    fn items<T>(&mut self, count: Option<u64>, item: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        while count.is_none_or(|count| (items.len() as u64) < count) {
            if count.is_none() && self.ends() {
                break;
            }
            items.push(item(self)?);
        }
        Some(items)
    }

    fn simple(&mut self, detail: u8) -> Option<Value> {
        let number = match detail {
            20 => return Some(false.into()),
            21 => return Some(true.into()),
            22 | 23 => return Some(Value::Null),
            26 => f32::from_be_bytes(self.take(4)?.try_into().ok()?).into(),
            27 => f64::from_be_bytes(self.take(8)?.try_into().ok()?),
            _ => return None,
        };
        Number::from_f64(number).map(Value::Number)
    }
}

/// A JSON value in CBOR.
pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

fn write(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Null => to.push(0xf6),
        Value::Bool(value) => to.push(0xf4 + u8::from(*value)),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => head(0, number, to),
            (None, Some(number)) => head(1, number.unsigned_abs() - 1, to),
            (None, None) => {
                to.push(0xfb);
                to.extend(number.as_f64().unwrap_or_default().to_be_bytes());
            }
        },
        Value::String(text) => write_text(text, to),
        Value::Array(items) => {
            head(4, items.len() as u64, to);
            items.iter().for_each(|item| write(item, to));
        }
        Value::Object(entries) => {
            head(5, entries.len() as u64, to);
            for (key, value) in entries {
                write_text(key, to);
                write(value, to);
            }
        }
    }
}

fn write_text(text: &str, to: &mut Vec<u8>) {
    head(3, text.len() as u64, to);
    to.extend(text.bytes());
}

fn head(kind: u8, number: u64, to: &mut Vec<u8>) {
    let kind = kind << 5;
    match u8::try_from(number) {
        Ok(small @ 0..=23) => to.push(kind | small),
        Ok(byte) => to.extend([kind | 24, byte]),
        Err(_) => {
            to.push(kind | 27);
            to.extend(number.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let value =
            json!({ "a": [1, -1, 23, 24, 255, 256, 70_000, 0.5], "b": { "c": null, "d": true }, "": "ü".repeat(30) });
        assert_eq!(decode(&encode(&value)), Some(value));
    }

    #[test]
    fn items_of_unknown_length_are_decoded() {
        // {_ "Names": [_ "a", (_ "b", "c")], "at": 1(1.5)}
        let bytes = [&b"\xbf\x65Names\x9f\x61a\x7f\x61b\x61c\xff\xff"[..], b"\x62at\xc1\xfb\x3f\xf8\0\0\0\0\0\0\xff"];
        assert_eq!(decode(&bytes.concat()), Some(json!({ "Names": ["a", "bc"], "at": 1.5 })));
        for broken in [&b"\xbf"[..], b"", b"\x01\x01", b"\x65abc", b"\x1c"] {
            assert_eq!(decode(broken), None, "{broken:?}");
        }
    }
}
