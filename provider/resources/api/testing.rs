//! Test helpers: configurations written as HCL, and packages that need no files.

use std::collections::BTreeMap;

use super::Api;
use crate::resources::shared::testing;
pub(super) use crate::resources::shared::testing::{FakePackages, parsed as raw};
use crate::resources::shared::values::complete;
use crate::resources::{Expansion, Prior, Resource};
use crate::wire::{Diagnostics, Value};

/// Parses a configuration as the host sends it. An expression that is not a literal (`var.x`, `aws_iam_role.this.arn`)
/// is unknown, and an omitted attribute is null.
pub(super) fn config(hcl: &str) -> Value {
    completed(&raw(hcl))
}

/// Adds every omitted attribute of the schema as null, as the host does.
pub(super) fn completed(config: &Value) -> Value {
    complete(config, &Api.schema().ty())
}

/// Expands a new resource in account 123456789012. The home region of its owner id is us-east-1.
pub(super) fn expand(config: &Value) -> Result<Expansion, Diagnostics> {
    expand_with(config, &BTreeMap::new())
}

/// Like [`expand`], with default tags of the provider.
pub(super) fn expand_with(config: &Value, default_tags: &BTreeMap<String, String>) -> Result<Expansion, Diagnostics> {
    expand_in(config, default_tags, None)
}

/// Like [`expand`], for an existing resource.
pub(super) fn expand_existing(config: &Value, prior: Prior<'_>) -> Result<Expansion, Diagnostics> {
    expand_in(config, &BTreeMap::new(), Some(prior))
}

fn expand_in(
    config: &Value,
    default_tags: &BTreeMap<String, String>,
    prior: Option<Prior<'_>>,
) -> Result<Expansion, Diagnostics> {
    testing::expand(&Api, config, default_tags, &FakePackages, prior)
}

/// Lists every component with its dependencies. Components it only waits for are in brackets, and the dependency on the
/// claim is omitted because all components share it.
pub(super) fn outline(expansion: &Expansion) -> String {
    let mut lines = Vec::new();
    for (address, node) in expansion.desired.nodes() {
        if address.kind == "completion_marker" || address.kind == "claim" {
            lines.push(address.to_string());
            continue;
        }
        let after = node.depends_on.iter().filter(|other| other.kind != "claim").map(ToString::to_string);
        let gated = node.waits_for.iter().map(|other| format!("[{other}]"));
        let all: Vec<String> = after.chain(gated).collect();
        let arrow = if all.is_empty() { "" } else { " <- " };
        lines.push(format!("{address}{arrow}{}", all.join(", ")));
    }
    lines.join("\n")
}
