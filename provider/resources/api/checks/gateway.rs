//! Mistakes in `gateway`.

use super::{Found, each};
use crate::resources::api::config::{Config, Cors, Gateway, Protocol};
use crate::resources::api::shape::{Shape, log_line};
use crate::resources::shared::function;
use crate::resources::shared::routes::METHODS;
use crate::schema::Attr;
use crate::wire::Path;

/// The variables of which an access log format needs one.
///
/// # Source
/// Amazon API Gateway developer guide, "Set up CloudWatch logging for REST APIs" and "Configure logging for HTTP APIs".
const REQUEST_IDS: [&str; 2] = ["$context.requestId", "$context.extendedRequestId"];
/// The longest access log format of an HTTP API.
///
/// # Source
/// Amazon API Gateway V2 API reference, `AccessLogSettings`.
const HTTP_LOG_CHARACTERS: usize = 1_024;
/// The longest access log format of a REST API.
///
/// # Source
/// Amazon API Gateway developer guide, "Quotas for configuring and running a REST API".
const REST_LOG_BYTES: usize = 3 * 1_024;

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
    if let Some(format) = gateway.access_log().known().and_then(|log| log.format().ok()) {
        access_log_format(log_line(&format), gateway.protocol() == Ok(Protocol::Rest), found);
    }
}

fn access_log_format(line: &str, is_rest: bool, found: &mut Found) {
    let longest = if is_rest { REST_LOG_BYTES } else { HTTP_LOG_CHARACTERS };
    let length = if is_rest { line.len() } else { line.chars().count() };
    let detail = if line.trim().is_empty() || line.contains('\n') {
        "The format must be one line with $context variables. Remove format to use the default.".to_owned()
    } else if !REQUEST_IDS.iter().any(|id| line.contains(id)) {
        format!("The format has no request id, which API Gateway requires. Add {}.", REQUEST_IDS.join(" or "))
    } else if length > longest {
        let unit = if is_rest { "bytes" } else { "characters" };
        format!("The format has {length} {unit}, but API Gateway accepts at most {longest}. Remove some variables.")
    } else {
        return;
    };
    found.error(at("access_log").attribute("format"), "Invalid access log format", detail);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Diagnostic;

    #[test]
    fn access_log_formats_are_checked_as_api_gateway_does() {
        let found = |format: &str, is_rest| {
            let mut found = Found::default();
            access_log_format(log_line(format), is_rest, &mut found);
            found.0.iter().map(|Diagnostic { detail, .. }| detail.clone()).collect::<String>()
        };
        let id = "$context.requestId";
        for valid in
            [id, "$context.extendedRequestId $context.status", "$context.requestId\n", "$context.requestId\r\n"]
        {
            assert_eq!(found(valid, false), "", "{valid:?}");
        }
        for invalid in ["", "\n", " ", "$context.requestId\n\n", "$context.requestId\n$context.status"] {
            assert!(found(invalid, false).contains("one line"), "{invalid:?}");
        }
        assert!(found("$context.status", false).contains("$context.requestId or $context.extendedRequestId"));
        let line = |length: usize| format!("{id}{}", "x".repeat(length - id.len()));
        for (length, is_rest, fits) in
            [(1024, false, true), (1025, false, false), (3072, true, true), (3073, true, false)]
        {
            assert_eq!(found(&line(length), is_rest).is_empty(), fits, "{length} {is_rest}");
        }
    }
}
