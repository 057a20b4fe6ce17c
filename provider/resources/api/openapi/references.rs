//! References inside API Gateway extensions and at path items. API Gateway resolves neither.

use serde_json::{Map, Value};

use super::problems::{Place, Problems};

/// How every extension of API Gateway begins.
const EXTENSION: &str = "x-amazon-apigateway-";
/// The extension that holds texts for readers, in which nothing is replaced.
pub(super) const DOCUMENTATION: &str = "x-amazon-apigateway-documentation";

/// The operation for every method. Its name makes it no extension like the others: it contains schemas and descriptions.
pub(super) const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

/// How many values references may add to a document. References to references could grow without a limit.
const MAX_VALUES: usize = 100_000;
/// How many references may lead from one to the next.
const MAX_CHAIN: usize = 8;

/// Replaces references inside extensions and at path items by their targets.
///
/// Keys beside `$ref` take precedence over those of the target.
pub(super) fn inline(document: &mut Value, problems: &mut Problems) {
    let source = document.clone();
    let mut inliner = Inliner { source: &source, problems, values: 0 };
    inliner.walk(document, &Place::root(), false);
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        for (path, item) in paths {
            let place = Place::root().key("paths").key(path);
            inliner.resolve(item, &place, 0, false);
            inliner.walk(item, &place, false);
        }
    }
    let Some(Value::Object(components)) = document.get_mut("components") else { return };
    // What extensions and path items refer to is in place now.
    components.remove("x-amazon-apigateway-integrations");
    components.remove("pathItems");
}

/// Whether a key is an extension whose whole value belongs to API Gateway.
pub(super) fn is_extension(key: &str) -> bool {
    key.starts_with(EXTENSION) && key != ANY_METHOD
}

struct Inliner<'a> {
    source: &'a Value,
    problems: &'a mut Problems,
    values: usize,
}

impl Inliner<'_> {
    /// Resolves the references in extensions below `value`.
    fn walk(&mut self, value: &mut Value, place: &Place, inside: bool) {
        if inside {
            self.resolve(value, place, 0, true);
            return;
        }
        match value {
            Value::Object(entries) => {
                for (key, child) in entries {
                    if key != DOCUMENTATION {
                        self.walk(child, &place.key(key), is_extension(key));
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.walk(item, &place.index(index), false);
                }
            }
            _ => {}
        }
    }

    /// Resolves `value`, and its children if `deep`.
    fn resolve(&mut self, value: &mut Value, place: &Place, chain: usize, deep: bool) {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str).map(str::to_owned) {
            match self.target(&reference, chain) {
                Ok(mut target) => {
                    self.values += count(&target);
                    self.resolve(&mut target, place, chain + 1, deep);
                    merge(value, target);
                }
                Err(reason) => {
                    let detail = format!(
                        "The reference {reference:?} at {place} cannot be resolved: {reason}. API Gateway does not resolve \
                         references here, so the provider does. Correct the reference, or write its target in its place."
                    );
                    self.problems.error("Unresolved reference", detail);
                }
            }
            return;
        }
        if !deep {
            return;
        }
        match value {
            Value::Object(entries) => {
                entries.iter_mut().for_each(|(key, child)| self.resolve(child, &place.key(key), chain, true));
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.resolve(item, &place.index(index), chain, true);
                }
            }
            _ => {}
        }
    }

    fn target(&self, reference: &str, chain: usize) -> Result<Value, &'static str> {
        let pointer = reference.strip_prefix('#').ok_or("it leads to another file")?;
        if chain >= MAX_CHAIN || self.values > MAX_VALUES {
            return Err("it leads to itself, or to too many other references");
        }
        let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8_lossy();
        self.source.pointer(&pointer).cloned().ok_or("the document has no such value")
    }
}

/// Replaces a reference by its target.
fn merge(reference: &mut Value, target: Value) {
    let beside = match reference {
        Value::Object(entries) => {
            entries.remove("$ref");
            std::mem::take(entries)
        }
        _ => Map::new(),
    };
    *reference = match target {
        Value::Object(mut entries) => {
            entries.extend(beside);
            Value::Object(entries)
        }
        other => other,
    };
}

/// How many values a value consists of.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(entries) => entries.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}
