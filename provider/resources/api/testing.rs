//! Test helpers: configurations written as HCL, and packages that need no files.

use std::collections::BTreeMap;

use super::Api;
use crate::desired::{Package, PackageSource, Packages, Unusable};
use crate::resources::shared::testing;
use crate::resources::shared::values::complete;
use crate::resources::{Expansion, Prior, Resource};
use crate::wire::{Diagnostics, Number, Value};

/// Parses a configuration as the host sends it. An expression that is not a literal (`var.x`, `aws_iam_role.this.arn`)
/// is unknown, and an omitted attribute is null.
pub(super) fn config(hcl: &str) -> Value {
    completed(&raw(hcl))
}

/// Parses a configuration without adding the omitted attributes.
pub(super) fn raw(hcl: &str) -> Value {
    let body: hcl::Body = hcl::parse(hcl).expect("HCL");
    Value::Map(body.into_attributes().map(|attribute| (attribute.key.to_string(), value(attribute.expr))).collect())
}

/// Adds every omitted attribute of the schema as null, as the host does.
pub(super) fn completed(config: &Value) -> Value {
    complete(config, &Api.schema().ty())
}

fn value(expression: hcl::Expression) -> Value {
    match expression {
        hcl::Expression::Null => Value::Null,
        hcl::Expression::Bool(flag) => Value::Bool(flag),
        hcl::Expression::Number(number) => Value::Number(Number::parse(&number.to_string()).expect("a number")),
        hcl::Expression::String(text) => Value::String(text),
        hcl::Expression::Array(items) => Value::List(items.into_iter().map(value).collect()),
        hcl::Expression::Object(entries) => {
            Value::Map(entries.into_iter().map(|(key, of)| (key.to_string().replace('"', ""), value(of))).collect())
        }
        _ => Value::Unknown,
    }
}

/// Packages selected by their path.
///
/// `missing` does not exist and `broken` cannot be read. Every other path is a small package with an `app.py`; the
/// package at `other` has a different digest.
pub(super) struct FakePackages;

impl Packages for FakePackages {
    fn describe(&self, source: &PackageSource) -> Result<Package, Unusable> {
        let (PackageSource::Directory { path, .. } | PackageSource::File { path }) = source;
        let small = Package {
            sha256: if path == "other" { "b3RoZXI=" } else { "c2hhMjU2" }.to_owned(),
            zipped_bytes: 1024,
            unzipped_bytes: 4096,
            files: vec!["app.py".to_owned(), "lib/util.py".to_owned()],
        };
        match path.as_str() {
            "missing" | "broken" => Err(Unusable {
                summary: if path == "missing" { "Package not found" } else { "Package cannot be read" },
                detail: format!("The directory {path:?} cannot be read."),
                is_missing: path == "missing",
            }),
            _ => Ok(small),
        }
    }
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
