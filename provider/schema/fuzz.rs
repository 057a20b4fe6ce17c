//! Whatever bytes the host sends: they are read or refused, and there is no panic, no endless work.

use std::collections::BTreeMap;

use super::{Attr, Decode, Object};
use crate::wire::{Number, Path, Type, Value, decode_json, decode_msgpack, encode_msgpack, parse_type_json, type_json};

const ROUNDS: usize = 100_000;

/// A small generator (xorshift64): the same bytes in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit as u64)).unwrap()
    }

    fn byte(&mut self) -> u8 {
        // Bytes that mean something are tried more often: lengths, extensions, digits, brackets.
        const TELLING: &[u8] = b"\xc0\xc1\xc4\xc7\xc9\xcb\xcf\xd4\xd9\xdb\xdc\xdd\xde\xdf\x80\x90\xff\x00[]{}\",:e-.09";
        match self.below(2) {
            0 => TELLING[self.below(TELLING.len())],
            _ => u8::try_from(self.below(256)).unwrap(),
        }
    }

    fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.byte()),
                _ if at == bytes.len() => bytes.push(self.byte()),
                2 => drop(bytes.remove(at)),
                _ => bytes[at] = self.byte(),
            }
        }
        bytes
    }
}

fn object<T>(attributes: [(&str, T); 5]) -> BTreeMap<String, T> {
    attributes.map(|(name, of)| (name.to_owned(), of)).into()
}

fn sample() -> (Type, Value) {
    let text = |text: &str| Value::String(text.to_owned());
    let ty = Type::Object(object([
        ("name", Type::String),
        ("ratio", Type::Number),
        ("regions", Type::Map(Box::new(Type::List(Box::new(Type::Number))))),
        ("any", Type::Dynamic),
        ("pair", Type::Tuple(vec![Type::Bool, Type::Set(Box::new(Type::String))])),
    ]));
    let numbers = ["1", "0.1", "-0.5", "18446744073709551616", "1e400"];
    let numbers = numbers.map(|number| Value::Number(Number::parse(number).unwrap())).to_vec();
    let value = Value::Map(object([
        ("name", text("ipgiraffe")),
        ("ratio", Value::Unknown),
        ("regions", Value::Map([("us-east-1".to_owned(), Value::List(numbers))].into())),
        ("any", Value::Dynamic(Box::new(Type::List(Box::new(Type::Dynamic))), Box::new(Value::List(Vec::new())))),
        ("pair", Value::List(vec![Value::Bool(true), Value::List(vec![text("ä"), Value::Null])])),
    ]));
    (ty, value)
}

/// Reads a value as everything that a configuration may be made of.
fn decode_everything(value: &Value) {
    let Ok(object) = Object::of(value, &Path::root()) else { return };
    for name in ["name", "ratio", "regions", "any", "pair"] {
        let _ = object.get::<Attr<String>>(name);
        let _ = object.get::<bool>(name);
        let _ = object.get::<i64>(name);
        let _ = object.get::<BTreeMap<String, Vec<Attr<Number>>>>(name);
        let _ = object.get::<Attr<Vec<Attr<bool>>>>(name);
    }
    let _ = BTreeMap::<String, Attr<i64>>::decode(value, &Path::root());
}

#[test]
fn any_message_is_read_or_refused() {
    let (ty, value) = sample();
    let sent = encode_msgpack(&value, &ty).unwrap();
    let mut random = Random(1);
    let mut read = 0;
    for _ in 0..ROUNDS {
        if let Ok(value) = decode_msgpack(&random.damage(&sent), &ty) {
            decode_everything(&value);
            // What was read can be sent back.
            let again = encode_msgpack(&value, &ty).unwrap();
            assert_eq!(decode_msgpack(&again, &ty).unwrap(), value);
            read += 1;
        }
    }
    assert!(read > ROUNDS / 100, "only {read} messages were good enough to be read");
}

#[test]
fn any_state_is_read_or_refused() {
    let (ty, _) = sample();
    let kept = br#"{"name":"a","ratio":1.5e3,"regions":{"us-east-1":[1,-0.1]},"any":{"type":["list","bool"],"value":[true]},"pair":[true,["x"]]}"#;
    let mut random = Random(2);
    for _ in 0..ROUNDS / 2 {
        if let Ok(value) = decode_json(&random.damage(kept), &ty) {
            decode_everything(&value);
            encode_msgpack(&value, &ty).unwrap();
        }
        if let Ok(ty) = parse_type_json(&random.damage(&type_json(&ty))) {
            assert_eq!(parse_type_json(&type_json(&ty)), Ok(ty));
        }
    }
}
