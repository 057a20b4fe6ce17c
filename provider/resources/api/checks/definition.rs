//! Mistakes in `gateway.openapi`, and in the routes that a REST API cannot have.

use super::Found;
use crate::resources::api::config::{Config, Protocol, function_path};
use crate::resources::api::definition::{self, Place};
use crate::resources::api::openapi::{Body, Target};
use crate::resources::api::shape::Shape;
use crate::resources::shared::function::Code;
use crate::wire::{Diagnostics, Path};

/// Mistakes in the document, or in the routes of a REST API.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let Ok(gateway) = config.gateway() else { return };
    let has_document = gateway.openapi().known().is_some();
    if has_document {
        conflicts(config, found);
    } else if gateway.openapi().is_null() && gateway.openapi_variables().known().is_some() {
        let detail =
            "openapi_variables are the values of placeholders in gateway.openapi, which is not set. Remove them.";
        found.error(at("openapi_variables"), "Variables without a document", detail);
    }
    // A mistake in the arguments would appear in the definition, too.
    if !found.0.is_empty() {
        return;
    }
    let Some(shape) = shape.filter(|_| has_document || gateway.protocol() == Ok(Protocol::Rest)) else { return };
    let mistakes = |region: &String| mistakes(shape, config, region);
    if let Some(first) = shape.regions.keys().map(mistakes).find(|found| !found.is_empty()) {
        found.0.extend(first);
        return;
    }
    let Some(authorizing) = gateway.authorizing_functions() else { return };
    let is_idle = |code: &&Code| code.routes.is_empty() && !authorizing.contains(&code.name.as_ref());
    for code in shape.functions.iter().filter(|_| has_document).filter(is_idle) {
        let detail = "No request reaches the function, because no operation of gateway.openapi leads to it. Set \
                      x-multiregion-function, the operationId or a tag of an operation to the name of the function, or remove \
                      the function.";
        found.error(function_path(code.key()), "Function without operations", detail);
    }
}

fn at(attribute: &str) -> Path {
    Path::of("gateway").attribute(attribute)
}

/// A document lists the routes itself.
fn conflicts(config: &Config, found: &mut Found) {
    let mut given = Vec::new();
    if config.gateway().is_ok_and(|gateway| gateway.routes.known().is_some()) {
        given.push(at("routes"));
    }
    let functions = config.known_functions().filter(|(_, function)| function.routes().known().is_some());
    given.extend(functions.map(|(name, _)| function_path(name).attribute("routes")));
    for path in given {
        let detail = "gateway.openapi defines the routes of the API. Remove these routes, or remove gateway.openapi.";
        found.error(path, "Conflicting routes", detail);
    }
}

/// The mistakes in the definition of one region, and what the provider does not support in an HTTP API.
fn mistakes(shape: &Shape, config: &Config, region: &str) -> Diagnostics {
    let regional = shape.regions.get(region).map(|place| &place.config);
    if regional.is_some_and(|regional| definition::is_open(&shape.gateway.config, regional)) {
        return Vec::new();
    }
    let definition = match definition::of_shape(shape, config, Place::anywhere(region)) {
        Ok(definition) => definition,
        Err(errors) => return errors,
    };
    let mut found = Found::default();
    if let Body::Http(api) = definition.body {
        for route in api.routes {
            if matches!(route.target, Target::Integration(_)) {
                let detail = format!(
                    "The operation {} has an integration that is not one of the API's functions, which the provider supports \
                     only for REST APIs. Remove x-amazon-apigateway-integration, or set gateway.protocol = \"rest\".",
                    route.key
                );
                found.error(at("openapi"), "Integration in an HTTP API", detail);
            }
        }
    }
    found.0
}
