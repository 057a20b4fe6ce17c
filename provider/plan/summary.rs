//! The attribute `changes`: what a plan changes, in lines for people.
//!
//! A line has the form `us-west-2/function: memory_mb 512 → 1024`. Components with the same change share a line:
//! `*/function: memory_mb 512 → 1024` stands for all regions, and `us-west-2/{alias,version}: created` for two components.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::resolve::changed_fields;
use super::{Change, Difference, Entry, Kinds, Ledger};
use crate::desired::{Address, KindMeta, hex_digest, is_open};

/// The longest text that is shown as it is. Of a longer one, a digest is shown.
const LONGEST: usize = 40;
/// How many settings of one component a line shows.
const MOST_SETTINGS: usize = 8;

/// The changes that turn `ledger` into the desired components. Of the created components, the plan has found `adopted` in AWS.
pub fn summary(
    difference: &Difference,
    ledger: &Ledger,
    adopted: &BTreeSet<Address>,
    kinds: &dyn Kinds,
) -> Vec<String> {
    let desired = difference.changes.iter().filter_map(|(address, change)| {
        let meta = kinds.meta(&address.kind);
        let before = ledger.entries.get(address);
        let spec = difference.specs.get(address).unwrap_or(&Json::Null);
        let settings = || before.map_or_else(Vec::new, |entry| settings(&entry.spec, spec, meta)).join(", ");
        let text = match change {
            Change::Keep | Change::Create if adopted.contains(address) => "adopted".to_owned(),
            Change::Keep => return None,
            Change::Create => "created".to_owned(),
            Change::Update(fields) if fields.is_empty() => {
                "updated again, because the result of the last update is unknown".to_owned()
            }
            Change::Update(_) if adopted.contains(address) => format!("adopted, {}", settings()),
            Change::Update(_) => settings(),
            Change::Replace(_) => format!("replaced, {}", settings()),
        };
        Some((address, text))
    });
    let gone = ledger.entries.keys().filter(|address| !difference.changes.contains_key(*address));
    let removal =
        |address: &Address| if difference.released.contains(address) { "kept in AWS" } else { "deleted" }.to_owned();
    let items = desired.chain(gone.map(|address| (address, removal(address))));
    lines(items, difference.changes.keys(), kinds)
}

/// What differs between the components as they were last applied, and as they are in AWS.
pub fn drift(applied: &Ledger, observed: &Ledger, kinds: &dyn Kinds) -> Vec<String> {
    let item = |(address, before): (&'_ Address, &Entry)| {
        let meta = kinds.meta(&address.kind);
        let text = match observed.entries.get(address) {
            // The result of the last update is unknown, so that any setting may be the provider's own.
            _ if before.uncertain => return None,
            None => "no longer exists".to_owned(),
            Some(now) => settings(&before.spec, &now.spec, meta).join(", "),
        };
        Some((address.clone(), text)).filter(|(_, text)| !text.is_empty())
    };
    let items: Vec<(Address, String)> = applied.entries.iter().filter_map(item).collect();
    let items = items.iter().map(|(address, text)| (address, text.clone()));
    lines(items, applied.entries.keys(), kinds)
}

/// One line for all components with the same change. `all` are the components from which all regions are known.
fn lines<'a>(
    items: impl Iterator<Item = (&'a Address, String)>,
    all: impl Iterator<Item = &'a Address>,
    kinds: &dyn Kinds,
) -> Vec<String> {
    let regions: BTreeSet<String> = all.filter_map(|address| address.scope.region().map(str::to_owned)).collect();
    let mut by_change: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (address, text) in items.filter(|(address, _)| kinds.meta(&address.kind).visible) {
        let name = match &address.key {
            Some(key) => format!("{}/{key}", address.kind),
            None => address.kind.clone(),
        };
        by_change.entry((text, name)).or_default().insert(address.scope.to_string());
    }
    let mut by_scopes: BTreeMap<(BTreeSet<String>, String), BTreeSet<String>> = BTreeMap::new();
    for ((text, name), scopes) in by_change {
        by_scopes.entry((scopes, text)).or_default().insert(name);
    }
    let line = |((scopes, text), names): ((BTreeSet<String>, String), BTreeSet<String>)| {
        let scopes = if scopes.len() > 1 && scopes == regions { "*".to_owned() } else { braced(&scopes) };
        format!("{scopes}/{}: {text}", braced(&names))
    };
    let mut lines: Vec<String> = by_scopes.into_iter().map(line).collect();
    lines.sort();
    lines
}

/// One text as it is, several in braces.
fn braced(texts: &BTreeSet<String>) -> String {
    let joined = texts.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    if texts.len() == 1 { joined } else { format!("{{{joined}}}") }
}

/// The settings that differ between two specs, such as `memory_mb 512 → 1024`. Of secret settings, only their names.
fn settings(from: &Json, to: &Json, meta: &KindMeta) -> Vec<String> {
    let mut found = Vec::new();
    for field in changed_fields(from, to, meta.uncompared) {
        let (from, to) = (from.get(&field).unwrap_or(&Json::Null), to.get(&field).unwrap_or(&Json::Null));
        compare(&field, from, to, meta.secret.contains(&field.as_str()), &mut found);
    }
    let more = found.len().saturating_sub(MOST_SETTINGS);
    if more > 0 {
        found.truncate(MOST_SETTINGS);
        found.push(format!("{more} more"));
    }
    found
}

fn compare(path: &str, from: &Json, to: &Json, is_secret: bool, found: &mut Vec<String>) {
    match (from, to) {
        _ if from == to => {}
        (_, to) if is_mark(to) => found.push(format!("{path} {} → (known after apply)", shown(from, is_secret))),
        (Json::Object(from), Json::Object(to)) => {
            let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
            for name in names {
                let path = format!("{path}.{name}");
                let value = |map: &'_ Map<String, Json>| map.get(name).cloned().unwrap_or(Json::Null);
                compare(&path, &value(from), &value(to), is_secret, found);
            }
        }
        (from, Json::Null) if is_secret || from.is_object() => found.push(format!("{path} removed")),
        (Json::Null, to) if is_secret || to.is_object() => found.push(format!("{path} added")),
        _ if is_secret => found.push(format!("{path} changed")),
        (Json::Array(before), Json::Array(after)) if [before, after].iter().all(|list| is_plain(list)) => {
            found.push(list(path, before, after));
        }
        _ => found.push(format!("{path} {} → {}", shown(from, false), shown(to, false))),
    }
}

/// Whether a value is a reference or an unknown value, and not only contains one.
fn is_mark(json: &Json) -> bool {
    is_open(json) && json.as_object().is_some_and(|map| map.keys().any(|key| key.starts_with('$')))
}

fn is_plain(list: &[Json]) -> bool {
    list.iter().all(|item| !item.is_object() && !item.is_array())
}

fn list(path: &str, before: &[Json], after: &[Json]) -> String {
    let added = after.iter().filter(|item| !before.contains(item)).map(|item| format!("+{}", shown(item, false)));
    let removed = before.iter().filter(|item| !after.contains(item)).map(|item| format!("-{}", shown(item, false)));
    let all: Vec<String> = removed.chain(added).collect();
    if all.is_empty() { format!("{path} reordered") } else { format!("{path} {}", all.join(" ")) }
}

fn shown(json: &Json, is_secret: bool) -> String {
    match json {
        _ if is_secret => "(secret)".to_owned(),
        Json::Null => "none".to_owned(),
        Json::String(text) => match text.as_str() {
            "" => "\"\"".to_owned(),
            text if text.chars().count() > LONGEST => hex_digest(text, 2),
            text if text.contains(char::is_whitespace) => format!("{text:?}"),
            text => text.to_owned(),
        },
        other => {
            let text = other.to_string();
            if text.chars().count() > LONGEST { hex_digest(text, 2) } else { text }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::components::{Catalog, REGISTRY};

    fn entry(spec: Json) -> Entry {
        Entry { spec, outputs: json!({}), depends_on: BTreeSet::new(), uncertain: false, rejected: false }
    }

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn difference(changes: &[(&str, Change, Json)]) -> Difference {
        Difference {
            order: changes.iter().map(|(at, ..)| address(at)).collect(),
            changes: changes.iter().map(|(at, change, _)| (address(at), change.clone())).collect(),
            specs: changes.iter().map(|(at, _, spec)| (address(at), spec.clone())).collect(),
            released: BTreeSet::new(),
        }
    }

    fn ledger(entries: &[(&str, Json)]) -> Ledger {
        let entries = entries.iter().map(|(at, spec)| (address(at), entry(spec.clone()))).collect();
        Ledger { entries, ..Ledger::default() }
    }

    fn update() -> Change {
        Change::Update(vec!["memory_mb".to_owned()])
    }

    #[test]
    fn the_same_change_in_all_regions_is_one_line() {
        let function = |memory: u32, code: &str| json!({ "memory_mb": memory, "code": { "package": { "sha256": code.repeat(44) } } });
        let before = function(512, "a");
        let ledger = ledger(&[("us-east-1/function", before.clone()), ("us-west-2/function", before)]);
        let after = || function(1024, "b");
        let all = difference(&[("us-east-1/function", update(), after()), ("us-west-2/function", update(), after())]);
        assert_eq!(
            summary(&all, &ledger, &BTreeSet::new(), &Catalog::default()),
            ["*/function: code.package.sha256 1684 → d7a9, memory_mb 512 → 1024"]
        );
        let one = difference(&[
            ("us-east-1/function", Change::Keep, function(512, "a")),
            ("us-west-2/function", update(), function(1024, "a")),
        ]);
        assert_eq!(
            summary(&one, &ledger, &BTreeSet::new(), &Catalog::default()),
            ["us-west-2/function: memory_mb 512 → 1024"]
        );
    }

    #[test]
    fn created_replaced_adopted_and_deleted_components_are_named() {
        let create = |at| (at, Change::Create, json!({}));
        let all = difference(&[
            create("us-east-1/alias"),
            create("us-east-1/function"),
            create("us-west-2/alias"),
            create("us-west-2/function"),
            create("us-west-2/probe"),
            create("global/role"),
            ("us-east-1/domain", Change::Replace(vec!["name".to_owned()]), json!({ "name": "b.example" })),
        ]);
        let ledger = ledger(&[("us-east-1/domain", json!({ "name": "a.example" })), ("eu-west-1/alias", json!({}))]);
        assert_eq!(
            summary(&all, &ledger, &BTreeSet::from([address("global/role")]), &Catalog::default()),
            [
                "*/{alias,function}: created",
                "eu-west-1/alias: deleted",
                "global/role: adopted",
                "us-east-1/domain: replaced, name a.example → b.example",
            ]
        );
    }

    #[test]
    fn secrets_are_left_out() {
        let before = json!({ "environment": { "PASSWORD": "one", "OLD": "x", "SAME": "s" } });
        let after = json!({ "environment": { "PASSWORD": "two", "NEW": "y", "SAME": "s" } });
        let lines = settings(&before, &after, Catalog::default().meta("function"));
        assert_eq!(lines, ["environment.NEW added", "environment.OLD removed", "environment.PASSWORD changed"]);
        let lines =
            settings(&json!({ "value": "one" }), &json!({ "value": "two" }), Catalog::default().meta("api_key"));
        assert_eq!(lines, ["value changed"]);
    }

    #[test]
    fn secrets_of_every_kind_are_left_out_of_changes_and_drift() {
        const SECRET: &str = "c4n4ry";
        let text = |end: &str| json!(format!("{SECRET}-{end}"));
        let forms = [
            (text("one"), text("two")),
            (json!(null), text("two")),
            (text("one"), json!(null)),
            (text("one"), json!({ "$unknown": true })),
            (json!({ "a": text("one"), "b": text("old") }), json!({ "a": text("two"), "c": text("new") })),
            (json!({ "a": { "b": text("one") } }), json!({ "a": { "b": { "$unknown": true } } })),
            (json!([text("one")]), json!([text("two"), text("one")])),
            (text("one"), json!({ "a": text("two") })),
            (json!([{ "a": text("one") }]), json!([{ "a": text("two") }])),
        ];
        let secrets: Vec<(&KindMeta, &str)> = REGISTRY
            .iter()
            .map(|kind| kind.meta())
            .flat_map(|meta| meta.secret.iter().map(move |field| (meta, *field)))
            .collect();
        assert!(secrets.iter().any(|(meta, field)| (meta.name, *field) == ("distribution", "origin_headers")));
        for ((meta, field), (from, to)) in
            secrets.iter().flat_map(|secret| forms.iter().map(move |form| (secret, form)))
        {
            let at = format!("{}/{}", if meta.global { "global" } else { "us-west-2" }, meta.name);
            let (before, after) = (json!({ *field: from }), json!({ *field: to }));
            let applied = ledger(&[(&at, before)]);
            let fields = vec![(*field).to_owned()];
            let planned = [Change::Update(fields.clone()), Change::Replace(fields)].map(|change| {
                let planned = difference(&[(&at, change, after.clone())]);
                summary(&planned, &applied, &BTreeSet::new(), &Catalog::default())
            });
            let drifted = drift(&applied, &ledger(&[(&at, after)]), &Catalog::default());
            for lines in planned.into_iter().chain([drifted]) {
                assert_eq!(lines.len(), usize::from(meta.visible), "{at}: {lines:?}");
                let text = lines.concat();
                assert!(!meta.visible || text.contains(field), "{at}: {text}");
                // A digest of a secret reveals it, too, when there are few possible values.
                assert!(
                    !text.contains(SECRET) && !text.contains(" → ") || text.ends_with("(secret) → (known after apply)"),
                    "{at}: {text}"
                );
            }
        }
    }

    #[test]
    fn lists_objects_and_unknown_values_are_compared() {
        let before =
            json!({ "a": ["x", "y"], "b": { "us-east-1": { "c": 1 } }, "c": ["p", "q"], "d": "one two", "e": 1 });
        let after = json!({ "a": ["y", "z"], "b": {}, "c": ["q", "p"], "d": "", "e": { "$ref": "global/role", "output": "arn" } });
        assert_eq!(
            settings(&before, &after, &KindMeta::DEFAULT),
            ["a -x +z", "b.us-east-1 removed", "c reordered", "d \"one two\" → \"\"", "e 1 → (known after apply)"]
        );
        let many: Map<String, Json> = (10..30).map(|number| (format!("f{number}"), json!(number))).collect();
        let lines = settings(&json!({}), &Json::Object(many), &KindMeta::DEFAULT);
        assert_eq!((lines.len(), lines.last().map(String::as_str)), (9, Some("12 more")));
    }

    #[test]
    fn drift_is_shown_with_values() {
        let applied = ledger(&[("us-west-2/function", json!({ "memory_mb": 512 })), ("us-west-2/alias", json!({}))]);
        let observed = ledger(&[("us-west-2/function", json!({ "memory_mb": 128 }))]);
        assert_eq!(
            drift(&applied, &observed, &Catalog::default()),
            ["us-west-2/alias: no longer exists", "us-west-2/function: memory_mb 512 → 128"]
        );
        assert!(drift(&applied, &applied, &Catalog::default()).is_empty());
    }
}
