//! Parses documents: JSON or YAML, OpenAPI 3.0, OpenAPI 3.1 or Swagger 2.0.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Tagged;

use super::problems::{Problems, quoted};
use super::template::TOKEN;

/// How deep the values of a document may be nested, in JSON and in YAML. It bounds the stack that documents need.
const MAX_DEPTH: usize = 64;

/// The key under which serde_json passes the digits of a number.
const NUMBER: &str = "$serde_json::private::Number";

/// The version that a converted document has: the one that API Gateway's own exports have.
const OPENAPI_30: &str = "3.0.1";

/// The specification that a document follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// Swagger 2.0.
    Swagger2,
    /// OpenAPI 3.0.
    OpenApi30,
    /// OpenAPI 3.1, which API Gateway does not import.
    OpenApi31,
}

/// Parses a document and finds its version. `None` if it is none; then there is an error.
pub(super) fn document(text: &str, problems: &mut Problems) -> Option<(Value, Version)> {
    if text.contains(TOKEN) {
        let detail = format!("The document contains {TOKEN:?}, which is reserved for the provider. Remove it.");
        problems.error("Reserved text", detail);
        return None;
    }
    let mut document = match parse(text) {
        Ok(document) => document,
        Err(fault) => {
            let detail = format!("The document is neither JSON nor YAML: {fault}. Correct the document.");
            problems.error("Unreadable OpenAPI document", detail);
            return None;
        }
    };
    let version = version(&document, problems)?;
    match document.get("paths") {
        Some(Value::Object(_)) => {}
        None if version == Version::OpenApi31 => {}
        found => {
            let found = found.map_or("no such key".to_owned(), |found| format!("{}", Kind(found)));
            let detail = format!(
                "The document needs an object \"paths\" with the paths of the API; found {found}. Add the paths, or set \
                 gateway.routes instead."
            );
            problems.error("Not an OpenAPI document", detail);
            return None;
        }
    }
    spell_versions(&mut document, version);
    Some((document, version))
}

/// Parses JSON, or else YAML.
///
/// Every number gets the same spelling in both formats.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let value = parse_any(text)?;
    if depth(&value) > MAX_DEPTH { Err(format!("it is nested more than {MAX_DEPTH} levels deep")) } else { Ok(value) }
}

/// How many objects and lists are inside of one another.
fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Object(entries) => entries.values().map(depth).max(),
        Value::Array(items) => items.iter().map(depth).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or_default()
}

fn parse_any(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    let json = match serde_json::from_str::<Json>(text) {
        Ok(Json(value)) => return Ok(value),
        Err(error) => error,
    };
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        null_as_string: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Yaml>(text, options).map(|Yaml(value)| value).map_err(|yaml| {
        let at = yaml.location().map(|at| (at.line(), at.column())).unwrap_or_default();
        let json_at = (json.line() as u64, json.column() as u64);
        // The parser that got further is the one whose format was meant.
        if text.trim_start().starts_with('{') && json_at >= at {
            json.to_string()
        } else {
            // The advice for callers of the parser is none for its users.
            yaml.without_snippet().to_string().replace(", set DuplicateKeyPolicy in Options if acceptable", "")
        }
    })
}

fn version(document: &Value, problems: &mut Problems) -> Option<Version> {
    let Some(root) = document.as_object() else {
        let detail = format!("The document is {}, not an object with \"openapi\" and \"paths\".", Kind(document));
        problems.error("Not an OpenAPI document", detail);
        return None;
    };
    let text = |key: &str| root.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let (key, found) = match (text("openapi"), text("swagger")) {
        (Some(found), _) => ("openapi", found),
        (None, Some(found)) => ("swagger", found),
        (None, None) => {
            let keys = root.keys().map(String::as_str).take(5);
            let detail = format!(
                "The document has neither \"openapi\" nor \"swagger\"; its keys are {}. Begin an OpenAPI document with \
                 openapi: \"{OPENAPI_30}\".",
                quoted(keys)
            );
            problems.error("Not an OpenAPI document", detail);
            return None;
        }
    };
    let is = |version: &str| found == version || found.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'));
    if key == "openapi" && is("3.0") {
        Some(Version::OpenApi30)
    } else if key == "openapi" && is("3.1") {
        Some(Version::OpenApi31)
    } else if key == "swagger" && (is("2.0") || found == "2") {
        Some(Version::Swagger2)
    } else {
        let detail = format!(
            "The document has {key} {found:?}. Supported are OpenAPI 3.0 and 3.1, and Swagger 2.0. Convert the document to \
             OpenAPI 3.0."
        );
        problems.error("Unsupported OpenAPI version", detail);
        None
    }
}

/// Spells versions as texts, which YAML without quotes makes numbers.
fn spell_versions(document: &mut Value, version: Version) {
    let Some(root) = document.as_object_mut() else { return };
    match version {
        Version::Swagger2 => root.insert("swagger".to_owned(), "2.0".into()),
        Version::OpenApi30 | Version::OpenApi31 => match root.get("openapi") {
            Some(Value::String(found)) if version == Version::OpenApi30 && found != "3.0" => None,
            _ => root.insert("openapi".to_owned(), OPENAPI_30.into()),
        },
    };
    if let Some(Value::Object(info)) = root.get_mut("info")
        && let Some(version) = info.get_mut("version").filter(|version| version.is_number())
    {
        *version = version.to_string().into();
    }
}

/// The kind of a value, for a diagnostic.
pub(super) struct Kind<'a>(pub(super) &'a Value);

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Value::Null => "empty",
            Value::Bool(_) => "a Boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        })
    }
}

/// A value in JSON.
struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree::<Self>(PhantomData)).map(Self)
    }
}

/// A value in YAML, with the short forms of CloudFormation functions: `!Sub x` is `{"Fn::Sub": "x"}`.
struct Yaml(Value);

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Untagged(value), tag) = Tagged::<Untagged>::deserialize(deserializer)?;
        let function = match tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
            Some("Ref") => "Ref".to_owned(),
            Some(name) if name.starts_with(|first: char| first.is_ascii_uppercase()) => format!("Fn::{name}"),
            _ => return Ok(Self(value)),
        };
        Ok(Self(Value::Object([(function, value)].into_iter().collect())))
    }
}

/// A value in YAML without its own tag.
struct Untagged(Value);

impl<'de> Deserialize<'de> for Untagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree::<Yaml>(PhantomData)).map(Self)
    }
}

impl From<Json> for Value {
    fn from(Json(value): Json) -> Self {
        value
    }
}

impl From<Yaml> for Value {
    fn from(Yaml(value): Yaml) -> Self {
        value
    }
}

/// Builds a value whose children are read as `C`. Unlike serde_json, it rejects duplicate keys.
struct Tree<C>(PhantomData<C>);

impl<'de, C: Deserialize<'de> + Into<Value>> Visitor<'de> for Tree<C> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        number(&value.to_string())
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        number(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        number(&format!("{value:?}"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element::<C>()? {
            all.push(item.into());
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key == NUMBER {
                return number(&entries.next_value::<String>()?);
            }
            let value = entries.next_value::<C>()?.into();
            if all.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} occurs twice")));
            }
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

/// A number in the spelling of the document's canonical form: an integer with all digits, or the shortest float.
fn number<E: Error>(digits: &str) -> Result<Value, E> {
    let is_integer = digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok();
    let spelled = match digits.parse::<f64>() {
        _ if is_integer => digits.replace("-0", "0"),
        Ok(float) if float.is_finite() => format!("{float:?}"),
        _ => digits.to_owned(),
    };
    spelled.parse::<Number>().map(Value::Number).map_err(|_| E::custom(format!("{digits} is not a number")))
}
