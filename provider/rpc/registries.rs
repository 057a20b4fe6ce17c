//! What the provider offers: resource types, data sources and functions.

use super::server::Server;
use crate::data_sources::{self, DataSource};
use crate::functions::{self, Function};
use crate::resources::{self, Resource};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// The registries that a server serves. Tests pass their own.
#[derive(Clone, Copy)]
pub(crate) struct Registries {
    pub(crate) resources: &'static [&'static dyn Resource],
    pub(crate) data_sources: &'static [&'static dyn DataSource],
    pub(crate) functions: &'static [&'static dyn Function],
}

impl Default for Registries {
    fn default() -> Self {
        Self { resources: resources::REGISTRY, data_sources: data_sources::REGISTRY, functions: functions::REGISTRY }
    }
}

impl Server {
    /// The resource type of this name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn resource(&self, name: &str) -> Result<&'static dyn Resource, Diagnostics> {
        let all = self.registries.resources;
        all.iter().copied().find(|resource| resource.type_name() == name).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|resource| resource.type_name()).collect();
            vec![unknown("Unknown resource type", "resource type", name, &names)]
        })
    }

    /// The data source of this name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn data_source(&self, name: &str) -> Result<&'static dyn DataSource, Diagnostics> {
        let all = self.registries.data_sources;
        all.iter().copied().find(|source| source.type_name() == name).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|source| source.type_name()).collect();
            vec![unknown("Unknown data source", "data source", name, &names)]
        })
    }

    /// The function of this name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn function(&self, name: &str) -> Result<&'static dyn Function, Diagnostics> {
        let all = self.registries.functions;
        all.iter().copied().find(|function| function.name() == name).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|function| function.name()).collect();
            vec![unknown("Unknown function", "function", name, &names)]
        })
    }
}

/// The error that the provider has no `noun` called `name`, only `names`.
pub(super) fn unknown(summary: &'static str, noun: &str, name: &str, names: &[&str]) -> Diagnostic {
    let offer = match names {
        [] => String::new(),
        names => format!(" It has: {}.", names.join(", ")),
    };
    let detail = format!(
        "This version of the provider has no {noun} named {name:?}.{offer} Correct the name, or use a version of the \
         provider that has it."
    );
    Diagnostic::error(Path::root(), summary, detail)
}
