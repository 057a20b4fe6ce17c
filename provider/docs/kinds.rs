//! What a resource consists of, and the IAM permissions that this takes.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::json;

use crate::components::{AnyComponent, REGISTRY};

/// The action that the provider itself calls, outside of components.
const LIST_REGIONS: &str = "account:ListRegions";

/// The section "Components": the kinds of AWS objects that a resource consists of.
pub(super) fn section(kinds: &[&str]) -> String {
    let mut text = "## Components\n\n\
        The attribute `components` has one entry for each AWS object of the resource. The key is the object's address: \
        `REGION/KIND` for an object in a region and `global/KIND` for a global object, followed by `/NAME` where the \
        resource has several objects of one kind.\n\n\
        | kind | AWS object | scope | `id` |\n|---|---|---|---|\n"
        .to_owned();
    for kind in of(kinds).map(|kind| kind.meta()).filter(|kind| kind.visible) {
        let scope = if kind.global { "global" } else { "region" };
        let _ = writeln!(text, "| `{}` | {} | {scope} | {} |", kind.name, kind.about, kind.id);
    }
    text
}

/// The section "IAM permissions": every action that the resource's components need.
pub(super) fn permissions(kinds: &[&str]) -> String {
    let mut text = "## IAM Permissions\n\n\
        To plan, apply and destroy this resource, the provider calls the actions below. The file `iam-policy.json` in \
        the provider's repository allows all actions that the provider needs.\n\n"
        .to_owned();
    for action in actions(of(kinds)) {
        let _ = writeln!(text, "- `{action}`");
    }
    text
}

/// The IAM policy that allows everything that the provider calls.
pub(super) fn policy() -> String {
    let statement = json!({
        "Sid": "Multiregion",
        "Effect": "Allow",
        "Action": actions(REGISTRY.iter().copied()),
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
        let text = section(&["function", "probe"]);
        assert!(
            text.contains("| `function` | Lambda function of one region. | region |") && !text.contains("probe"),
            "{text}"
        );
    }

    /// IAM accepts managed policies of at most 6,144 characters, not counting white space.
    #[test]
    fn the_policy_fits_into_a_managed_policy() {
        assert!(policy().chars().filter(|c| !c.is_whitespace()).count() <= 6_144);
    }
}
