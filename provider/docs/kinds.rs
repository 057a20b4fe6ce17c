//! The kinds of AWS objects of a resource, and the IAM permissions that the provider needs.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::json;

use crate::components::{AnyComponent, REGISTRY};
use crate::data_sources;

/// The action that the provider itself calls, outside of components.
const LIST_REGIONS: &str = "account:ListRegions";

/// The section "Components": the kinds of AWS objects that a resource consists of. `has_attribute` is whether the resource
/// lists its objects in the attribute `components`.
pub(super) fn section(kinds: &[&str], has_attribute: bool) -> String {
    let introduction = if has_attribute {
        "The attribute `components` has one entry for each AWS object of the resource. The key is the object's address: \
         `REGION/KIND` for an object in a region and `global/KIND` for a global object, followed by `/NAME` where the \
         resource has several objects of one kind."
    } else {
        "The resource consists of these AWS objects. Warnings and errors name an object by its address: `REGION/KIND` for an \
         object in a region and `global/KIND` for a global object."
    };
    let mut text = format!(
        "## Components\n\n{introduction}\n\n\
        | kind | AWS object | scope | `id` |\n|---|---|---|---|\n"
    );
    for kind in of(kinds).map(|kind| kind.meta()).filter(|kind| kind.visible) {
        let scope = if kind.global { "global" } else { "region" };
        let _ = writeln!(text, "| `{}` | {} | {scope} | {} |", kind.name, kind.about, kind.id);
    }
    text
}

/// The section "IAM permissions" of a resource: every action that its components need.
pub(super) fn permissions(kinds: &[&str]) -> String {
    permissions_for("To plan, apply and destroy this resource", &actions(of(kinds)))
}

/// The section "IAM permissions" of a data source; empty if it needs none.
pub(super) fn permissions_to_read(actions: &[&str]) -> String {
    let actions: BTreeSet<&str> = actions.iter().copied().collect();
    if actions.is_empty() { String::new() } else { permissions_for("To read this data source", &actions) }
}

fn permissions_for(purpose: &str, actions: &BTreeSet<&str>) -> String {
    let mut text = format!(
        "## IAM Permissions\n\n\
         {purpose}, the provider calls the actions below. The file `iam-policy.json` in the provider's repository allows \
         all actions that the provider needs.\n\n"
    );
    for action in actions {
        let _ = writeln!(text, "- `{action}`");
    }
    text
}

/// The IAM policy that allows everything that the provider calls.
pub(super) fn policy() -> String {
    let mut all = actions(REGISTRY.iter().copied());
    all.extend(data_sources::REGISTRY.iter().flat_map(|source| source.actions()));
    let statement = json!({
        "Sid": "Multiregion",
        "Effect": "Allow",
        "Action": all,
        "Resource": "*",
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    format!("{policy:#}\n")
}

/// The kinds of these names, in the order of the registry.
fn of(names: &[&str]) -> impl Iterator<Item = &'static dyn AnyComponent> {
    REGISTRY.iter().copied().filter(|kind| names.contains(&kind.meta().name))
}

fn actions(kinds: impl Iterator<Item = &'static dyn AnyComponent>) -> BTreeSet<&'static str> {
    kinds.flat_map(|kind| kind.meta().actions).copied().chain([LIST_REGIONS]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_not_listed() {
        let text = section(&["function", "probe"], true);
        assert!(
            text.contains("| `function` | Lambda function of one region. | region |") && !text.contains("probe"),
            "{text}"
        );
    }

    #[test]
    fn a_data_source_lists_its_actions() {
        assert!(permissions_to_read(&["account:ListRegions"]).ends_with("\n\n- `account:ListRegions`\n"));
        assert_eq!(permissions_to_read(&[]), "");
    }

    /// IAM accepts managed policies of at most 6,144 characters, not counting white space.
    #[test]
    fn the_policy_fits_into_a_managed_policy() {
        assert!(policy().chars().filter(|c| !c.is_whitespace()).count() <= 6_144);
    }
}
