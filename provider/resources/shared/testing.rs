//! Helpers for the tests of every resource type.

use std::collections::BTreeMap;

use crate::desired::{OwnerId, Package, PackageSource, Packages, RoleSettings, Unusable};
use crate::plan::View;
use crate::resources::{Context, Expansion, Prior, Resource};
use crate::wire::{Diagnostics, Number, Value};

/// Expands a resource in account 123456789012. The home region of its owner id is us-east-1.
pub(crate) fn expand(
    resource: &dyn Resource,
    config: &Value,
    default_tags: &BTreeMap<String, String>,
    packages: &dyn Packages,
    prior: Option<Prior<'_>>,
) -> Result<Expansion, Diagnostics> {
    expand_with_referent(resource, config, default_tags, packages, (prior, None))
}

/// Like [`expand`], with the resource that the configuration refers to.
pub(crate) fn expand_with_referent(
    resource: &dyn Resource,
    config: &Value,
    default_tags: &BTreeMap<String, String>,
    packages: &dyn Packages,
    (prior, referent): (Option<Prior<'_>>, Option<&View>),
) -> Result<Expansion, Diagnostics> {
    let owner_id = OwnerId::mint("us-east-1", 7);
    let (account_id, partition) = ("123456789012", "aws");
    let context = Context {
        owner_id: Some(&owner_id),
        account_id,
        partition,
        default_tags,
        roles: &RoleSettings::default(),
        packages,
        prior,
        referent,
    };
    resource.expand(config, &context)
}

/// The summaries and paths of diagnostics.
pub(crate) fn summaries(found: &Diagnostics) -> Vec<String> {
    found.iter().map(|diagnostic| format!("{} @ {}", diagnostic.summary, diagnostic.path)).collect()
}

/// Packages for a resource type without function code.
pub(crate) struct NoPackages;

impl Packages for NoPackages {
    fn describe(&self, _: &PackageSource) -> Result<Package, Unusable> {
        Err(Unusable { summary: "No package", detail: "There is no package.".to_owned(), is_missing: true })
    }
}

/// Parses a configuration without adding the omitted attributes.
pub(crate) fn parsed(hcl: &str) -> Value {
    let body: hcl::Body = hcl::parse(hcl).expect("HCL");
    Value::Map(body.into_attributes().map(|attribute| (attribute.key.to_string(), value(attribute.expr))).collect())
}

/// Overrides attributes of `base` with those of `overrides`.
pub(crate) fn merge(base: Value, overrides: Value) -> Value {
    match (base, overrides) {
        (Value::Map(mut base), Value::Map(overrides)) => {
            for (key, value) in overrides {
                let old = base.remove(&key).unwrap_or(Value::Null);
                if value != Value::Null {
                    base.insert(key, merge(old, value));
                }
            }
            Value::Map(base)
        }
        (_, overrides) => overrides,
    }
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
pub(crate) struct FakePackages;

impl Packages for FakePackages {
    fn describe(&self, source: &PackageSource) -> Result<Package, Unusable> {
        let (PackageSource::Directory { path, .. } | PackageSource::File { path }) = source;
        let small = Package {
            sha256: if path == "other" { "b3RoZXI=" } else { "c2hhMjU2" }.to_owned(),
            zipped_bytes: 1024,
            unzipped_bytes: 4096,
            files: vec!["app.py".to_owned(), "lib/util.py".to_owned()],
            links: Vec::new(),
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
