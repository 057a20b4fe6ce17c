//! The functions of an API, with the routes that a document gives them.

use std::collections::{BTreeMap, BTreeSet};

use crate::resources::api::config::{Config, Gateway, function_path};
use crate::resources::api::definition;
use crate::resources::api::openapi::{Authorization, FunctionId};
use crate::resources::shared::function::{Code, Function};
use crate::schema::{Attr, Texts, Unknown};

/// The function of `function` first, then those of `functions` by name.
pub(super) fn functions(config: &Config) -> Result<Vec<Code>, Unknown> {
    let gateway = config.gateway()?;
    let operations = operations(config, &gateway)?;
    let code = |name: Option<&String>, function: &Function, routes: Option<Texts>| {
        let key = name.map(String::as_str);
        // The routes of a document are in its operations.
        let routes = operations.as_ref().map_or(routes, |all| all.routes.get(&name.cloned()).cloned());
        let regions = config.known_regions().map(|(_, region)| region.of_function(key));
        let regions = regions.collect::<Result<Vec<_>, Unknown>>()?;
        let mut code = Code::of((name.cloned(), function_path(key)), function, routes, &regions)?;
        if let Some(all) = &operations {
            code.protected = code.routes.intersection(&all.protected).cloned().collect();
        }
        Ok(code)
    };
    let mut all = Vec::new();
    if let Some(function) = config.function().decided()? {
        all.push(code(None, function, Some(gateway.routes()?))?);
    }
    for (name, function) in config.functions().decided()?.into_iter().flatten() {
        all.push(code(Some(name), &function.or(Function::default)?, None)?);
    }
    Ok(all)
}

/// The operations of an OpenAPI document.
#[derive(Default)]
struct Operations {
    /// The route keys of each function.
    routes: BTreeMap<Option<String>, Texts>,
    /// The keys of the routes whose requests need authorization or an API key.
    protected: BTreeSet<String>,
}

/// The operations in the document of `gateway.openapi`; `None` without a document.
fn operations(config: &Config, gateway: &Gateway) -> Result<Option<Operations>, Unknown> {
    if gateway.openapi().decided()?.is_none() {
        return Ok(None);
    }
    let names =
        definition::names(config.functions().decided()?.into_iter().flatten().map(|(name, _)| Some(name.as_str())));
    let region = config.regions()?.keys().next().map_or("us-east-1", String::as_str);
    let settings = config.regions()?.get(region).and_then(|region| region.known().cloned()).unwrap_or_default();
    // The mistakes in a document are found by the checks.
    let made = definition::at(config, &settings, (&names, &[]), definition::Place::anywhere(region));
    let mut all = Operations::default();
    for operation in made.map(|made| made.operations).unwrap_or_default() {
        let Some(function) = operation.function else { continue };
        let name = match function {
            FunctionId::Single => None,
            FunctionId::Named(name) => Some(name),
        };
        let key = match operation.path.as_str() {
            "/$default" => "$default".to_owned(),
            path => format!("{} {path}", operation.method),
        };
        if operation.authorization != Authorization::default() {
            all.protected.insert(key.clone());
        }
        all.routes.entry(name).or_default().push(Attr::Known(key));
    }
    Ok(Some(all))
}
