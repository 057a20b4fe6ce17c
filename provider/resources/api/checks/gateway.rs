//! Mistakes in `gateway`.

use super::{Found, each};
use crate::resources::api::config::{Config, Cors, Gateway};
use crate::resources::api::shape::Shape;
use crate::resources::shared::function;
use crate::resources::shared::routes::METHODS;
use crate::schema::Attr;
use crate::wire::Path;

/// Mistakes in `gateway`.
pub(super) fn check(config: &Config, shape: Option<&Shape>, found: &mut Found) {
    let Ok(gateway) = config.gateway() else { return };
    settings(&gateway, found);
    if let Some(shape) = shape {
        reachable(shape, found);
    }
}

fn at(attribute: &str) -> Path {
    Path::of("gateway").attribute(attribute)
}

fn settings(gateway: &Gateway, found: &mut Found) {
    if let Some(cors) = gateway.cors().known() {
        check_cors(cors, found);
    }
    if let Some(limit) = gateway.throttle().known() {
        function::check_throttle(limit, &at("throttle"), found);
    }
    let format = gateway.access_log().known().and_then(|log| log.format().ok());
    if format.is_some_and(|format| format.trim().is_empty() || format.contains('\n')) {
        let detail = "The format must be one line with $context variables. Remove format to use the default.";
        found.error(at("access_log").attribute("format"), "Invalid access log format", detail);
    }
}

fn check_cors(cors: &Cors, found: &mut Found) {
    let path = at("cors");
    let is_any = |origin: &Attr<String>| origin.known().is_some_and(|origin| origin == "*");
    let any = cors.allow_origins().known().is_some_and(|origins| origins.iter().any(is_any));
    if any && cors.allow_credentials() == Ok(true) {
        let detail = "API Gateway does not allow credentials for the origin \"*\". List the origins, or set \
                      allow_credentials = false.";
        found.error(path.attribute("allow_credentials"), "Credentials for any origin", detail);
    }
    let Some(methods) = cors.allow_methods().known() else { return };
    for (path, method) in each(methods, &path.attribute("allow_methods")) {
        if method != "*" && (method == "ANY" || !METHODS.contains(&method)) {
            let detail =
                format!("{method:?} is not an HTTP method. Use capitals, as in \"GET\", or \"*\" for every method.");
            found.error(path, "Invalid CORS method", detail);
        }
    }
}

/// An API with disabled default endpoints needs custom domain names.
fn reachable(shape: &Shape, found: &mut Found) {
    let named = shape.names.as_ref().is_some_and(|names| names.in_regions());
    if !shape.gateway.disabled || named {
        return;
    }
    let detail = if shape.names.is_some() {
        "CloudFront sends requests to the default endpoints of single regions, which are disabled. Set \
         domain.regional_names = true, or set disable_execute_api_endpoint = false."
    } else {
        "With disabled default endpoints, the API is reachable only at custom domain names, and it has no domain. Add a \
         domain, or set disable_execute_api_endpoint = false."
    };
    found.error(at("disable_execute_api_endpoint"), "Unreachable API", detail);
}
