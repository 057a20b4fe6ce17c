//! Resolving the references and gates of a spec.

use serde_json::{Map, Value as Json};

use crate::desired::{Address, KindMeta, READY, REF, Reference, hex_digest, is_open, stored};

/// The values of references and the state of gates at one moment.
pub trait Scene {
    /// The value of a reference; `None` while it is unknown.
    fn output(&self, reference: &Reference) -> Option<Json>;
    /// Whether a gate that waits for this component may open.
    fn is_ready(&self, address: &Address) -> bool;
}

/// A resolved spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// The spec; unknown references are unchanged.
    pub spec: Json,
    /// How many gates were opened.
    pub opened: usize,
    /// How many gates stayed shut: their parts stayed as they were, or were left out.
    pub shut: usize,
}

/// Resolves `spec`. `previous` is the spec as it was last applied: a gate that stays shut keeps its value of then.
pub fn resolve(spec: &Json, previous: Option<&Json>, scene: &dyn Scene) -> Resolution {
    let mut resolution = Resolution { spec: Json::Null, opened: 0, shut: 0 };
    resolution.spec = walk(spec, previous, scene, &mut resolution).unwrap_or(Json::Null);
    resolution
}

/// `None` removes the value from the map or list that contains it.
fn walk(json: &Json, previous: Option<&Json>, scene: &dyn Scene, count: &mut Resolution) -> Option<Json> {
    match json {
        Json::Object(map) if map.contains_key(REF) => {
            let reference: Option<Reference> = serde_json::from_value(json.clone()).ok();
            Some(reference.and_then(|reference| scene.output(&reference)).unwrap_or_else(|| json.clone()))
        }
        Json::Object(map) if map.contains_key(READY) => gate(map, previous, scene, count),
        Json::Object(map) => Some(Json::Object(
            map.iter()
                .filter_map(|(key, value)| {
                    let previous = previous.and_then(|previous| previous.get(key));
                    Some((key.clone(), walk(value, previous, scene, count)?))
                })
                .collect(),
        )),
        Json::Array(items) => {
            let item = |(index, value)| walk(value, previous.and_then(|previous| previous.get(index)), scene, count);
            Some(Json::Array(items.iter().enumerate().filter_map(item).collect()))
        }
        _ => Some(json.clone()),
    }
}

fn gate(map: &Map<String, Json>, previous: Option<&Json>, scene: &dyn Scene, count: &mut Resolution) -> Option<Json> {
    let waits_for: Vec<Address> = map.get(READY).and_then(|ready| serde_json::from_value(ready.clone()).ok())?;
    if !waits_for.iter().all(|address| scene.is_ready(address)) {
        count.shut += 1;
        return previous.cloned();
    }
    count.opened += 1;
    let open = map.iter().filter(|(key, _)| *key != READY);
    Some(Json::Object(
        open.filter_map(|(key, value)| {
            let previous = previous.and_then(|previous| previous.get(key));
            Some((key.clone(), walk(value, previous, scene, count)?))
        })
        .collect(),
    ))
}

/// The fields in which two specs differ; a field that is not known yet may differ. Fields in `uncompared` never do, and
/// neither do write-only values.
pub fn changed_fields(from: &Json, to: &Json, uncompared: &[&str]) -> Vec<String> {
    let (from, to) = (&stored(from), &stored(to));
    let empty = Map::new();
    let (from, to) = (from.as_object().unwrap_or(&empty), to.as_object().unwrap_or(&empty));
    let names: std::collections::BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let differs = |name: &&&String| {
        let to = to.get(**name).unwrap_or(&Json::Null);
        !uncompared.contains(&name.as_str()) && (is_open(to) || from.get(**name).unwrap_or(&Json::Null) != to)
    };
    names.iter().filter(differs).map(|name| (*name).clone()).collect()
}

/// A digest of a spec: 12 hexadecimal digits. It leaves out uncompared fields. Of secret fields it covers only the keys of a
/// map: where few values are possible, a digest would reveal which one it is.
pub fn revision(spec: &Json, meta: &KindMeta) -> String {
    let counted = match spec {
        Json::Object(map) => {
            let counts =
                |(name, value): &(&String, &Json)| !meta.uncompared.contains(&name.as_str()) && !value.is_null();
            let told = |(name, value): (&String, &Json)| {
                let value = if meta.secret.contains(&name.as_str()) { keys(value) } else { value.clone() };
                (name.clone(), value)
            };
            Json::Object(map.iter().filter(counts).map(told).collect())
        }
        other => other.clone(),
    };
    // serde_json keeps object keys sorted, so equal specs have equal text.
    hex_digest(counted.to_string(), 6)
}

fn keys(json: &Json) -> Json {
    match json {
        Json::Object(map) => Json::Array(map.keys().cloned().map(Json::String).collect()),
        _ => Json::Null,
    }
}
