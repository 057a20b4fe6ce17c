//! Random bad input, the same in every run. `fuzz/` gives the same entry point to `cargo fuzz`.
//!
//! `MULTIREGION_FUZZ=10000000 cargo test fuzz` tries more and other inputs.

#[path = "../../fuzz/input.rs"]
mod input;

use std::sync::atomic::{AtomicUsize, Ordering};

use input::{Decoder, TypedSchema, decoders, read};
use multiregion::wire::{Number, Value, decode_json, encode_msgpack, type_json};

/// The number of inputs without `MULTIREGION_FUZZ`.
const ROUNDS: usize = 30_000;

/// Valid values, one for each schema.
const VALUES: [&str; 4] = [
    r#"{"name": "giraffe", "deletion_protection": true, "on_create_failure": "keep", "tags": {"team": "zoo"},
        "regions": {
          "us-east-1": {"primary": true, "weight": 10, "environment": {"A": "b"}, "layers": ["arn:aws:lambda:us-east-1:123456789012:layer:l:1"]},
          "us-west-2": {"vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}, "reserved_concurrency": 3},
          "eu-west-1": {}},
        "drained": ["us-west-2"],
        "function": {"source_dir": "src", "exclude": ["**/*.txt"], "handler": "app.handler", "runtime": "python3.12",
          "architecture": "arm64", "memory_mb": 256, "timeout_seconds": 10, "environment": {"C": "d"}, "tracing": true,
          "policy_json": "{\"Version\":\"2012-10-17\",\"Statement\":[]}", "log_retention_days": 14, "provisioned_concurrency": 1},
        "gateway": {"protocol": "http", "routes": ["GET /health", "$default"], "throttle": {"rate": 100.5, "burst": 50},
          "cors": {"allow_origins": ["https://a.example"], "max_age_seconds": 60}, "access_log": {"retention_days": 7}},
        "domain": {"name": "api.example.com", "zone_id": "Z0123456789", "regional_names": true, "base_path": "v1", "certificate": {"wildcard": true}},
        "routing": {"policy": "weighted", "drain_seconds": 5, "health_check": {"path": "/health", "interval_seconds": 10}},
        "cdn": {"origin": "latency", "read_paths": ["/public/*"], "aliases": ["www.example.com"], "failover_status_codes": [502, 503]},
        "timeouts": {"create": "1h30m"}}"#,
    r#"{"name": "example.com", "comment": "a zone", "force_destroy": true, "tags": {"team": "zoo"}, "timeouts": {"delete": "5m"}}"#,
    r#"{"region": "eu-central-1", "profile": "work", "endpoint_url": "http://127.0.0.1:4566", "endpoints": {"sts": "https://sts.local/"},
        "access_key": "AKIA", "secret_key": "s", "token": "t", "allowed_account_ids": ["123456789012"], "default_tags": {"team": "a"},
        "assume_role": {"role_arn": "arn:aws:iam::123456789012:role/x", "session_name": "me", "duration_seconds": 900},
        "max_retries": 3, "max_parallel_calls": 5, "rate_limits": "none"}"#,
    r#"{"name": "a", "ratio": 1.5e3, "regions": {"us-east-1": [1, -0.1, 18446744073709551616]},
        "any": {"type": ["list", "bool"], "value": [true]}, "pair": [true, ["x"]]}"#,
];

/// A valid ledger.
const LEDGER: &str = r#"{"format":2,"entries":{"us-east-1/function":{"spec":{"name":"a"},"outputs":{"name":"a"},
    "depends_on":["global/role"],"uncertain":true}},"deposed":[],"complete":true}"#;

/// A pseudo-random number generator (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit as u64)).unwrap()
    }

    fn byte(&mut self) -> u8 {
        // Bytes with a meaning are tried more often: lengths, extensions, digits, brackets.
        const SIGNIFICANT: &[u8] =
            b"\xc0\xc1\xc4\xc7\xc9\xcb\xcf\xd4\xd9\xdb\xdc\xdd\xde\xdf\x80\x90\xff\x00[]{}\",:e-.09";
        match self.below(2) {
            0 => SIGNIFICANT[self.below(SIGNIFICANT.len())],
            _ => u8::try_from(self.below(256)).unwrap(),
        }
    }

    /// Changes, inserts or removes a few bytes of a valid input.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(8) {
                0 => bytes.truncate(at),
                1 | 2 => bytes.insert(at, self.byte()),
                _ if at == bytes.len() => bytes.push(self.byte()),
                3 => drop(bytes.remove(at)),
                _ => bytes[at] = self.byte(),
            }
        }
    }

    /// Replaces a part of a valid value with another value of its type, with null or with unknown.
    fn alter(&mut self, value: &mut Value) {
        const TEXTS: [&str; 12] =
            ["", " ", "a", "*", "../", "é\u{0}", "us-east-1", "arn:aws:", "http://", "1e9", "{", "/"];
        const NUMBERS: [&str; 8] = ["-1", "0", "0.5", "1", "255", "9223372036854775808", "1e400", "-1e-400"];
        match value {
            Value::List(items) if !items.is_empty() && self.below(6) > 0 => {
                let at = self.below(items.len());
                self.alter(&mut items[at]);
            }
            Value::Map(entries) if !entries.is_empty() && self.below(12) > 0 => {
                let at = self.below(entries.len());
                if let Some(entry) = entries.values_mut().nth(at) {
                    self.alter(entry);
                }
            }
            other => match (self.below(4), &other) {
                (0, _) => *other = Value::Null,
                (1, _) => *other = Value::Unknown,
                (_, Value::Number(_)) => {
                    *other = Number::parse(NUMBERS[self.below(NUMBERS.len())]).map_or(Value::Null, Value::Number);
                }
                (_, Value::String(text)) => {
                    let at = self.below(TEXTS.len());
                    *other = Value::String(if at.is_multiple_of(2) {
                        TEXTS[at].repeat(1 + at)
                    } else {
                        format!("{text}{}", TEXTS[at])
                    });
                }
                (_, Value::Bool(flag)) => *other = Value::Bool(!flag),
                (_, Value::List(_)) => *other = Value::List(Vec::new()),
                _ => *other = Value::Map([].into()),
            },
        }
    }
}

/// The sample among [`VALUES`] that sets attributes of the schema, as JSON and decoded.
fn sample(schema: &TypedSchema) -> (&'static str, Value) {
    let is_filled = |value: &Value| match value {
        Value::Map(all) => all.values().filter(|one| **one != Value::Null).count() > 4,
        _ => false,
    };
    let decode = |json: &'static str| Some((json, decode_json(json.as_bytes(), &schema.ty).ok()?));
    let mut samples = VALUES.into_iter().filter_map(decode);
    samples.find(|(_, value)| is_filled(value)).unwrap_or_else(|| panic!("no sample for {:?}", schema.ty))
}

/// A valid input for each decoder: its bytes and, for a MessagePack value, the value.
fn valid_inputs() -> Vec<(Vec<u8>, Option<Value>)> {
    let input = |decoder: &Decoder| match decoder {
        Decoder::MessagePack(schema) => {
            let (_, value) = sample(schema);
            (encode_msgpack(&value, &schema.ty).unwrap(), Some(value))
        }
        Decoder::State(schema) => (sample(schema).0.as_bytes().to_vec(), None),
        Decoder::Type => (type_json(&input::every_kind()), None),
        Decoder::PrivateState => (LEDGER.as_bytes().to_vec(), None),
    };
    decoders().iter().map(input).collect()
}

/// Tries `rounds` inputs; returns how many of them were decoded.
fn run(seed: u64, rounds: usize) -> usize {
    let (decoders, valid_inputs) = (decoders(), valid_inputs());
    let mut random = Random(seed);
    let mut accepted = 0;
    for _ in 0..rounds {
        let number = random.below(valid_inputs.len());
        let (bytes, value) = &valid_inputs[number];
        let mut input = vec![u8::try_from(number).unwrap()];
        match (value, &decoders[number]) {
            (Some(value), Decoder::MessagePack(schema)) if random.below(2) == 0 => {
                let mut value = value.clone();
                (0..=random.below(3)).for_each(|_| random.alter(&mut value));
                // Encoding fails when an object has lost attributes of its type.
                input.extend(encode_msgpack(&value, &schema.ty).unwrap_or_default());
            }
            _ => {
                let mut bytes = bytes.clone();
                random.damage(&mut bytes);
                input.extend(bytes);
            }
        }
        accepted += usize::from(read(&input));
    }
    accepted
}

#[test]
fn valid_inputs_are_decoded() {
    for (number, (bytes, _)) in valid_inputs().into_iter().enumerate() {
        let input = [&[u8::try_from(number).unwrap()], bytes.as_slice()].concat();
        assert!(read(&input), "decoder {number}");
    }
}

#[test]
fn any_input_is_decoded_or_refused() {
    let requested = std::env::var("MULTIREGION_FUZZ").ok().and_then(|rounds| rounds.parse().ok());
    let rounds: usize = requested.unwrap_or(ROUNDS);
    let threads = requested.map_or(1, |_| std::thread::available_parallelism().map_or(1, Into::into));
    let first = if requested.is_some() { 0x5eed_0000 } else { 1 };
    let accepted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let accepted = &accepted;
            let seed = first + thread as u64;
            scope.spawn(move || accepted.fetch_add(run(seed, rounds / threads), Ordering::Relaxed));
        }
    });
    let accepted = accepted.into_inner();
    eprintln!("{rounds} inputs, {accepted} of them decoded");
    assert!(accepted > rounds / 10, "only {accepted} of {rounds} inputs were decoded");
}
