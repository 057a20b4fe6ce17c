//! What is known of the function's package: read from this machine, or as it was deployed.

use std::collections::BTreeMap;

use super::checks;
use super::config::{Config, Function};
use super::expand::package_source;
use super::shape::plain_list;
use crate::components::lambda::function::{self as lambda, Code};
use crate::desired::{Address, Input, Kind, PackageSource};
use crate::plan::{Seen, View};
use crate::resources::Context;
use crate::resources::shared::values::at;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

/// The arguments of `function` that say what its package is and how it is called.
const ARGUMENTS: [&str; 6] = ["source_dir", "filename", "exclude", "handler", "runtime", "architecture"];

/// The digest of the package that each region's function is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Digests {
    /// The package is not on this machine, or it is not known where: nothing is known of it.
    Unknown,
    /// The same everywhere.
    Read(String),
    /// What was deployed, by the function's address.
    Deployed(BTreeMap<Address, String>),
}

/// The function's package, as a plan sees it.
pub(super) struct Reading {
    pub(super) digests: Digests,
    /// What is wrong with it.
    pub(super) mistakes: Diagnostics,
    /// That its files are not there, when they were deployed before with the same arguments.
    pub(super) unread: Diagnostics,
}

impl Digests {
    /// The digest for the function at `address`.
    pub(super) fn at(&self, address: &Address) -> Input<String> {
        let digest = match self {
            Self::Unknown => None,
            Self::Read(digest) => Some(digest),
            Self::Deployed(digests) => digests.get(address),
        };
        digest.cloned().map_or(Input::Unknown, Input::Known)
    }
}

/// Reads the function's package. `raw` is the configuration that `config` was decoded from.
///
/// Files that are not there are a mistake, unless the function exists and its arguments are the same as in its state: then
/// its code is taken to be what was deployed.
pub(super) fn read(config: &Config, raw: &Value, context: &Context<'_>) -> Reading {
    let mut reading = Reading { digests: Digests::Unknown, mistakes: Vec::new(), unread: Vec::new() };
    let Some(function) = config.function.known() else { return reading };
    let Some(source) = source(function) else { return reading };
    match context.packages.describe(&source) {
        Ok(package) => {
            reading.mistakes = checks::package(function, &package);
            reading.digests = Digests::Read(package.sha256);
        }
        Err(unusable) => {
            let error = Diagnostic::error(path_of(&source), unusable.summary, unusable.detail);
            let prior = context.prior.filter(|prior| unusable.is_missing && is_same(prior.state, raw));
            match prior {
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

fn source(function: &Function) -> Option<PackageSource> {
    package_source(function, plain_list(&function.exclude, &[]).as_ref())
}

fn path_of(source: &PackageSource) -> Path {
    Path::of("function").attribute(match source {
        PackageSource::Directory { .. } => "source_dir",
        PackageSource::File { .. } => "filename",
    })
}

fn is_same(state: &Value, config: &Value) -> bool {
    ARGUMENTS.into_iter().all(|argument| {
        let path = Path::of("function").attribute(argument);
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
