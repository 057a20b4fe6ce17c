//! `multiregion_api`: one HTTP API in many regions.
//!
//! A configuration is decoded ([`config`]), checked ([`checks`]), reduced to the settings that decide which AWS objects
//! there are ([`shape`]), and expanded into components ([`expand`]). [`state`] and [`import`] lead from components to
//! attributes.

mod checks;
mod config;
mod definition;
mod edge;
mod expand;
mod front;
mod import;
mod names;
mod openapi;
mod shape;
mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Context, Expansion, Resource, Settings};
use crate::desired::Address;
use crate::plan::View;
use crate::resources::shared::checks::refuse_errors;
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::{function, package, regions};
use crate::schema::{self, Attributes, Schema};
use crate::wire::{Diagnostics, Value};

use config::{Config, function_path};
use shape::Shape;

/// The resource type.
pub(super) struct Api;

impl Resource for Api {
    fn type_name(&self) -> &'static str {
        "multiregion_api"
    }

    fn schema(&self) -> &'static Schema {
        config::schema()
    }

    fn check(&self, config: &Value, default_tags: &BTreeMap<String, String>) -> Diagnostics {
        let config = Config::read(config);
        checks::check(&config, Shape::of(&config).ok().as_ref(), default_tags)
    }

    fn expand(&self, value: &Value, context: &Context<'_>) -> Result<Expansion, Diagnostics> {
        let mut found = schema::check(config::schema(), value);
        let config = Config::read(value);
        let shape = Shape::of(&config).ok();
        found.extend(checks::check(&config, shape.as_ref(), context.default_tags));
        let (mut digests, mut unread) = (BTreeMap::new(), Vec::new());
        for (name, function) in config.known_functions() {
            let path = function_path(name);
            let code = package::read(function::needed_package(function).as_ref(), &path, value, context, |package| {
                function::check_package(function, &path, package)
            });
            found.extend(code.mistakes);
            unread.extend(code.unread);
            digests.insert(name.map(str::to_owned), code.digests);
        }
        if let Some(shape) = &shape {
            found.extend(regions::outside_partition(shape.regions.keys(), context.partition));
        }
        found.extend(checks::partition::check(&config, context.partition));
        for (name, one) in config.known_functions() {
            found.extend(function::account(one, &function_path(name), context.account_id));
        }
        refuse_errors(found)?;
        let desired = shape.as_ref().map(|shape| expand::desired(shape, &config, context, &digests));
        Ok(Expansion {
            addresses_known: desired.is_some(),
            desired: desired.unwrap_or_default(),
            unread,
            missing: Vec::new(),
        })
    }

    fn kinds(&self) -> Vec<&'static str> {
        expand::kinds()
    }

    fn settings(&self, config: &Value) -> Settings {
        let config = Config::read(config);
        let owner = self.owner(config.name().map(String::as_str).unwrap_or_default());
        let mut settings = Settings::new(owner, config.timeouts().unwrap_or_default().limits());
        if let Ok(on_create_failure) = config.on_create_failure() {
            settings.on_create_failure = on_create_failure;
        }
        settings.deletion_protection = config.deletion_protection().unwrap_or_default();
        settings
    }

    fn state(&self, config: &Value, view: &View) -> Value {
        state::state(config, view)
    }

    fn imported(&self, name: &str, view: &View) -> Value {
        let config = import::configuration(name, view);
        state::state(&Value::Map(config.values()), view)
    }

    fn unreported(&self, name: &str, view: &View, context: &Context<'_>) -> Vec<(Address, Json)> {
        let config = import::configuration(name, view);
        let Ok(shape) = Shape::of(&config) else { return Vec::new() };
        // The packages of the functions do not matter, and are not known.
        let desired = expand::desired(&shape, &config, context, &BTreeMap::new());
        front::described(&desired, &FoundComponents::new(view))
    }

    fn unfound(&self, view: &View) -> Diagnostics {
        import::unfound(view)
    }
}
