//! The attribute `components` of an API, and the changes of a plan to it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::Outcome;

/// Kind, id and revision of each AWS object, by address.
pub(crate) type Components = BTreeMap<String, Json>;

/// The change of a plan to one AWS object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// The object is created.
    Add,
    /// The object is changed or replaced.
    Update,
    /// The object is deleted.
    Remove,
}

impl Change {
    /// The sign of this change in a plan.
    pub(crate) fn mark(self) -> char {
        match self {
            Self::Add => '+',
            Self::Update => '~',
            Self::Remove => '-',
        }
    }
}

/// The changes of a saved plan, as JSON, to the AWS objects of all its APIs, by address.
pub(crate) fn planned(plan: &Json) -> BTreeMap<String, Change> {
    let none = Vec::new();
    let resources = plan["resource_changes"].as_array().unwrap_or(&none).iter();
    let apis = resources.filter(|resource| resource["type"] == "multiregion_api");
    apis.flat_map(|api| changes(&of(&api["change"]["before"]), &of(&api["change"]["after"]))).collect()
}

/// The components of an API, from its attributes.
pub(crate) fn of(api: &Json) -> Components {
    let Some(components) = api["components"].as_object() else { return Components::new() };
    components.iter().map(|(address, component)| (address.clone(), component.clone())).collect()
}

/// The changes from `before` to `after`. A replaced object has an unknown id, and counts as updated.
pub(crate) fn changes(before: &Components, after: &Components) -> BTreeMap<String, Change> {
    let addresses: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |address: &String| match (before.get(address), after.get(address)) {
        (None, Some(_)) => Some(Change::Add),
        (Some(_), None) => Some(Change::Remove),
        (Some(before), Some(after)) if before != after => Some(Change::Update),
        _ => None,
    };
    addresses.into_iter().filter_map(|address| Some((address.clone(), change(address)?))).collect()
}

/// The kind in an address: `us-west-2/function`.
pub(crate) fn kind(address: &str) -> &str {
    address.split('/').nth(1).unwrap_or_default()
}

/// One line for each region and one for the global objects, with the changes of each kind.
pub(crate) fn by_scope(changes: &BTreeMap<String, Change>) -> Vec<String> {
    let mut scopes: BTreeMap<&str, BTreeMap<(&str, Change), usize>> = BTreeMap::new();
    for (address, change) in changes {
        let scope = address.split('/').next().unwrap_or_default();
        *scopes.entry(scope).or_default().entry((kind(address), *change)).or_default() += 1;
    }
    let width = scopes.keys().map(|scope| scope.len()).max().unwrap_or_default();
    let line = |(scope, kinds): (&str, BTreeMap<(&str, Change), usize>)| {
        let kinds = kinds.into_iter().map(|((kind, change), count)| {
            let times = if count > 1 { format!(" ×{count}") } else { String::new() };
            format!("{}{kind}{times}", change.mark())
        });
        format!("{scope:width$}  {}", kinds.collect::<Vec<_>>().join(" "))
    };
    scopes.into_iter().map(line).collect()
}

/// The attributes of the only API in a state, as JSON.
pub(crate) fn api_in(state: &Json) -> Outcome<&Json> {
    let resources = state["values"]["root_module"]["resources"].as_array().ok_or("The state has no resources.")?;
    let api = resources.iter().find(|resource| resource["type"] == "multiregion_api");
    Ok(&api.ok_or("The state has no multiregion_api.")?["values"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_is_summarized_by_region() {
        let plan = json!({ "resource_changes": [
            { "type": "multiregion_zone", "change": { "before": null, "after": { "name": "x" } } },
            { "type": "multiregion_api", "change": {
                "before": { "components": {
                    "global/record/a.x": { "kind": "record", "id": "1", "revision": "a" },
                    "eu-west-1/function": { "kind": "function", "id": "f", "revision": "a" },
                    "eu-west-1/alias": { "kind": "alias", "id": "l", "revision": "a" },
                } },
                "after": { "components": {
                    "eu-west-1/function": { "kind": "function", "id": "f", "revision": "b" },
                    "eu-west-1/alias": { "kind": "alias", "id": "l", "revision": "a" },
                    "eu-west-1/record/b": { "kind": "record", "revision": "b" },
                    "eu-west-1/record/c": { "kind": "record", "revision": "b" },
                } },
            } },
        ] });
        assert_eq!(by_scope(&planned(&plan)), ["eu-west-1  ~function +record ×2", "global     -record"]);
    }
}
