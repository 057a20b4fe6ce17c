//! `multiregion_api`: one HTTP API in many regions.
//!
//! A configuration is decoded ([`config`]), checked ([`checks`]), brought into the shape that decides which AWS objects
//! there are ([`shape`]), and expanded into them ([`expand`]); [`state`] and [`import`] go the way back.

mod checks;
mod config;
mod expand;
mod front;
mod import;
mod names;
mod package;
mod routes;
mod schema;
mod shape;
mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Context, Expansion, OnCreateFailure, Resource, Settings};
use crate::desired::Desired;
use crate::plan::View;
use crate::resources::shared::timeouts::{self, Limits};
use crate::schema::Schema;
use crate::wire::{Diagnostic, Diagnostics, Path, Value};

use config::Config;
use shape::Shape;

/// The resource type.
pub(super) struct Api;

/// How long its operations may take when nobody says otherwise: a certificate may take 75 minutes, a distribution 90 to
/// be disabled.
const LIMITS: Limits = Limits {
    create: Duration::from_secs(90 * 60),
    update: Duration::from_secs(90 * 60),
    delete: Duration::from_secs(120 * 60),
};

/// A configuration that was read and checked.
struct Checked {
    config: Config,
    shape: Option<Shape>,
    found: Diagnostics,
}

impl Checked {
    /// `default_tags` are the provider's, which are not known before it is configured.
    fn new(config: &Value, default_tags: &BTreeMap<String, String>) -> Result<Self, Diagnostic> {
        let config = Config::read(config)?;
        let shape = Shape::of(&config);
        let found = checks::check(&config, shape.as_ref(), default_tags);
        Ok(Self { config, shape, found })
    }
}

impl Resource for Api {
    fn type_name(&self) -> &'static str {
        "multiregion_api"
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        Checked::new(config, &BTreeMap::new()).map_or_else(|error| vec![error], |checked| checked.found)
    }

    fn expand(&self, config: &Value, context: &Context<'_>) -> Result<Expansion, Diagnostics> {
        let checked = Checked::new(config, context.default_tags).map_err(|error| vec![error])?;
        let code = package::read(&checked.config, config, context);
        let Checked { config, shape, mut found } = checked;
        found.extend(code.mistakes);
        if let Some(shape) = &shape {
            found.extend(checks::partitions(shape, context.partition));
        }
        found.extend(checks::account(&config, context.account_id));
        if found.iter().any(Diagnostic::is_error) {
            return Err(found);
        }
        let desired = shape.as_ref().map(|shape| expand::desired(shape, &config, context, &code.digests));
        Ok(Expansion {
            addresses_known: desired.is_some(),
            desired: desired.unwrap_or_else(Desired::default),
            unread: code.unread,
        })
    }

    fn kinds(&self) -> Vec<&'static str> {
        expand::kinds()
    }

    fn settings(&self, config: &Value) -> Result<Settings, Diagnostics> {
        Config::read(config).map(|config| settings(&config)).map_err(|error| vec![error])
    }

    fn replaced_by(&self, prior: &Value, config: &Value) -> Vec<Path> {
        super::changed(prior, config, "name")
    }

    fn state(&self, config: &Value, view: &View) -> Value {
        state::state(config, view)
    }

    fn imported(&self, name: &str, view: &View) -> Value {
        state::state(&import::configuration(name, view), view)
    }

    fn unfound(&self, view: &View) -> Diagnostics {
        import::unfound(view)
    }
}

fn settings(config: &Config) -> Settings {
    let limits = timeouts::limits(&config.timeouts, LIMITS);
    let keep = config.on_create_failure.known().is_some_and(|what| what == "keep");
    Settings {
        owner: Api.owner(config.name.known().map_or("", String::as_str)),
        on_create_failure: if keep { OnCreateFailure::Keep } else { OnCreateFailure::Rollback },
        deletion_protection: config.deletion_protection.known().copied().unwrap_or_default(),
        create_timeout: limits.create,
        update_timeout: limits.update,
        delete_timeout: limits.delete,
    }
}
