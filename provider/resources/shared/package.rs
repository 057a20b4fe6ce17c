//! The package of a function: read from this machine, or as it was deployed.

use std::collections::BTreeMap;

use super::values::at;
use crate::components::lambda::function::{self as lambda, Code};
use crate::desired::{Address, Input, Kind, Package, PackageSource};
use crate::plan::{Seen, View};
use crate::resources::Context;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The arguments of a function that decide what its package contains and how it is called.
const ARGUMENTS: [&str; 7] = ["source_dir", "filename", "exclude", "symlinks", "handler", "runtime", "architecture"];

/// The digests of the packages of functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Digests {
    /// The package is not on this machine, or its path is unknown.
    Unknown,
    /// The package was read; it is the same for every function.
    Read(String),
    /// The deployed packages, by the address of the function.
    Deployed(BTreeMap<Address, String>),
}

/// The package of a function in a plan.
pub(crate) struct Reading {
    pub(crate) digests: Digests,
    /// The mistakes in the package.
    pub(crate) mistakes: Diagnostics,
    /// The error that its files are missing, when the function was deployed with the same arguments.
    pub(crate) unread: Diagnostics,
}

impl Digests {
    /// The digest for the function at `address`.
    pub(crate) fn at(&self, address: &Address) -> Input<String> {
        let digest = match self {
            Self::Unknown => None,
            Self::Read(digest) => Some(digest),
            Self::Deployed(digests) => digests.get(address),
        };
        digest.cloned().map_or(Input::Unknown, Input::Known)
    }
}

/// Reads the package from `source`, and lets `check` look for mistakes. `path` is the object that holds the arguments of
/// the function in `config`.
///
/// Missing files are a mistake, unless the function exists and its arguments are the same as in its state: then the plan
/// assumes that the code is what was deployed.
pub(crate) fn read(
    source: Option<&PackageSource>,
    path: &Path,
    config: &Value,
    context: &Context<'_>,
    check: impl FnOnce(&Package) -> Diagnostics,
) -> Reading {
    let mut reading = Reading { digests: Digests::Unknown, mistakes: Vec::new(), unread: Vec::new() };
    let Some(source) = source else { return reading };
    match context.packages.describe(source) {
        Ok(package) => {
            reading.mistakes = check(&package);
            reading.digests = Digests::Read(package.sha256);
        }
        Err(unusable) => {
            let attribute = match source {
                PackageSource::Directory { .. } => "source_dir",
                PackageSource::File { .. } => "filename",
            };
            let error = Diagnostic::error(path.attribute(attribute), unusable.summary, unusable.detail);
            match context.prior.filter(|prior| unusable.is_missing && is_same(prior.state, config, path)) {
                Some(prior) => {
                    reading.digests = Digests::Deployed(deployed(prior.view));
                    reading.unread.push(error);
                }
                None => reading.mistakes.push(error),
            }
        }
    }
    reading
}

fn is_same(state: &Value, config: &Value, path: &Path) -> bool {
    ARGUMENTS.into_iter().all(|argument| {
        let path = path.attribute(argument);
        at(state, &path) == at(config, &path)
    })
}

fn deployed(view: &View) -> BTreeMap<Address, String> {
    let functions = view.components.iter().filter(|(address, _)| address.kind == lambda::Function::KIND);
    let digest = |(address, seen): (&Address, &Seen)| {
        let spec: lambda::Spec = serde_json::from_value(seen.spec.clone()).ok()?;
        match spec.code {
            Code::Package { sha256 } => Some((address.clone(), sha256.known()?.clone())),
            Code::S3 { .. } | Code::Image { .. } => None,
        }
    };
    functions.filter_map(digest).collect()
}
