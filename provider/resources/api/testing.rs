//! Configurations written as HCL, and packages that are on no disk.

use std::collections::BTreeMap;

use super::Api;
use crate::desired::{Package, PackageSource, Packages, Unusable};
use crate::resources::shared::testing;
use crate::resources::shared::values::complete;
use crate::resources::{Expansion, Prior, Resource};
use crate::wire::{Diagnostics, Number, Value};

/// The value of a configuration. What is no literal (`var.x`, `aws_iam_role.this.arn`) is unknown; what is left out is
/// null.
pub(super) fn config(hcl: &str) -> Value {
    completed(&raw(hcl))
}

/// The attributes of a configuration as they stand.
pub(super) fn raw(hcl: &str) -> Value {
    let body: hcl::Body = hcl::parse(hcl).expect("HCL");
    Value::Map(body.into_attributes().map(|attribute| (attribute.key.to_string(), value(attribute.expr))).collect())
}

/// A configuration as the host sends it: with every attribute of the schema.
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

/// Packages by path: a small one with an `app.py` unless the path says otherwise. That of `other` has another digest.
pub(super) struct Packed;

impl Packages for Packed {
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

/// Expands in account 123456789012, with an owner id of the home region us-east-1.
pub(super) fn expand(config: &Value) -> Result<Expansion, Diagnostics> {
    expand_with(config, &BTreeMap::new())
}

/// The same with default tags of the provider.
pub(super) fn expand_with(config: &Value, default_tags: &BTreeMap<String, String>) -> Result<Expansion, Diagnostics> {
    expand_in(config, default_tags, None)
}

/// The same for a resource that exists.
pub(super) fn expand_again(config: &Value, prior: Prior<'_>) -> Result<Expansion, Diagnostics> {
    expand_in(config, &BTreeMap::new(), Some(prior))
}

fn expand_in(
    config: &Value,
    default_tags: &BTreeMap<String, String>,
    prior: Option<Prior<'_>>,
) -> Result<Expansion, Diagnostics> {
    testing::expand(&Api, config, default_tags, &Packed, prior)
}

/// Every component with what it depends on and, in brackets, waits for; the claim that all depend on is left out.
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
