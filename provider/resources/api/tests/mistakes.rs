//! Diagnostics for invalid configurations. Every row has one mistake, and the summary and path of its diagnostic.

use super::super::Api;
use super::super::testing::{completed, config, expand, expand_with, raw};
use crate::resources::Resource;
pub(super) use crate::resources::shared::testing::merge;
use crate::wire::{Diagnostics, Value};

/// A valid configuration. Each row overrides some of its attributes; `null` removes an attribute.
const BASE: &str = r#"
name     = "giraffe"
regions  = { "us-east-1" = {}, "us-west-2" = {} }
function = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
"#;

const DOMAIN: &str = r#"domain = { name = "api.example.com", zone_id = "Z0123456789" }"#;

/// The valid configuration, with a domain if requested, overridden by `hcl`.
pub(super) fn base_with(hcl: &str, domain: bool) -> Value {
    let base = raw(&format!("{BASE}{}", if domain { DOMAIN } else { "" }));
    completed(&merge(base, raw(hcl)))
}

/// Validates [`base_with`] the same arguments, and returns the [`summaries`].
pub(super) fn validate(hcl: &str, domain: bool) -> Vec<String> {
    summaries(Api.validate(&base_with(hcl, domain)))
}

/// The summaries and paths of diagnostics. Asserts that every detail is a complete sentence.
pub(super) fn summaries(found: Diagnostics) -> Vec<String> {
    for diagnostic in &found {
        assert!(diagnostic.detail.len() > 20 && diagnostic.detail.ends_with(['.', '?', '\"']), "{diagnostic}");
    }
    found.into_iter().map(|one| format!("{} @ {}", one.summary, one.path)).collect()
}

fn check(domain: bool, rows: &[(&str, &str)]) {
    assert_eq!(validate("", domain), [""; 0]);
    for (hcl, expected) in rows {
        let expected: Vec<&str> = expected.split(" + ").collect();
        assert_eq!(validate(hcl, domain), expected, "{hcl}");
    }
}

#[test]
fn rest_apis_and_their_settings() {
    check(
        false,
        &[
            ("gateway = { rest = {} }", "Setting requires a REST API @ gateway.rest"),
            (
                r#"gateway = { api_keys = { a = { value = "0123456789abcdefghij" } } }"#,
                "Setting requires a REST API @ gateway.api_keys",
            ),
            ("function = { api_key_required = true }", "Setting requires a REST API @ function.api_key_required"),
            (
                r#"regions = { "us-east-1" = { web_acl_arn = "arn:aws:wafv2:us-east-1:1:regional/webacl/a/1" } }"#,
                r#"Setting requires a REST API @ regions["us-east-1"].web_acl_arn"#,
            ),
            (
                r#"gateway  = { protocol = "rest" }
                   function = { payload_format = "2.0" }"#,
                "Payload format requires an HTTP API @ function.payload_format",
            ),
            (
                r#"gateway = { protocol = "rest", api_keys = { a = { value = "short" } } }"#,
                r#"Invalid API key @ gateway.api_keys["a"].value"#,
            ),
            (
                r#"gateway = { protocol = "rest", api_keys = {
                     a = { value = "0123456789abcdefghij" }
                     b = { value = "0123456789abcdefghij" }
                   } }"#,
                r#"Duplicate API key @ gateway.api_keys["b"].value"#,
            ),
            (
                r#"gateway = { protocol = "rest", api_keys = { a = { value_wo = "short", value_wo_version = 1 } } }"#,
                r#"Invalid API key @ gateway.api_keys["a"].value_wo"#,
            ),
            (
                r#"gateway = { protocol = "rest", api_keys = {
                     a = { value = "0123456789abcdefghij" }
                     b = { value_wo = "0123456789abcdefghij", value_wo_version = 1 }
                   } }"#,
                r#"Duplicate API key @ gateway.api_keys["b"].value_wo"#,
            ),
            (
                r#"gateway = { protocol = "rest", api_keys = {
                     a = { value = "0123456789abcdefghij", value_wo = "abcdefghij0123456789", value_wo_version = 1 }
                   } }"#,
                r#"Conflicting API key values @ gateway.api_keys["a"].value_wo"#,
            ),
            (
                r#"gateway = { protocol = "rest", api_keys = { a = { value_wo = "0123456789abcdefghij" } } }"#,
                r#"Write-only value without a version @ gateway.api_keys["a"].value_wo"#,
            ),
            (
                r#"gateway = { protocol = "rest", api_keys = { a = { value_wo_version = 1 } } }"#,
                r#"Version without a write-only value @ gateway.api_keys["a"].value_wo_version"#,
            ),
            (
                r#"gateway = { protocol = "rest", api_keys = { a = { value = "0123456789abcdefghij", generation = 2 } } }"#,
                r#"API key value is not generated @ gateway.api_keys["a"].generation"#,
            ),
            (
                r#"gateway = { protocol = "rest", rest = { stage_name = "$default" } }"#,
                "Invalid stage name @ gateway.rest.stage_name",
            ),
            (
                r#"gateway = { protocol = "rest", rest = { policy_json = "{}" } }"#,
                "Invalid resource policy @ gateway.rest.policy_json",
            ),
            (
                r#"gateway = { protocol = "rest" }
                   regions = { "us-east-1" = { web_acl_arn = "arn:aws:wafv2:us-east-1:1:global/webacl/a/1" } }"#,
                r#"Web ACL of the wrong scope @ regions["us-east-1"].web_acl_arn"#,
            ),
            (
                r#"gateway = { protocol = "rest" }
                   regions = { "us-east-1" = { web_acl_arn = "arn:aws:wafv2:us-west-2:1:regional/webacl/a/1" } }"#,
                r#"Web ACL in another region @ regions["us-east-1"].web_acl_arn"#,
            ),
            (
                r#"gateway = { protocol = "rest", authorizers = { users = { kind = "jwt", audiences = ["a"] } } }"#,
                r#"Incomplete authorizer @ gateway.authorizers["users"].issuer"#,
            ),
            (
                r#"gateway  = { protocol = "rest", authorizers = { users = { kind = "iam" } } }
                   function = { authorizer = "user" }"#,
                "Unknown authorizer @ function.authorizer",
            ),
            (r#"gateway = { openapi = "hello" }"#, "Not an OpenAPI document @ gateway.openapi"),
            (
                r#"gateway = { openapi_variables = { a = "b" } }"#,
                "Variables without a document @ gateway.openapi_variables",
            ),
            (
                r#"gateway = { openapi = "{ \"openapi\": \"3.0.1\", \"paths\": { \"/a\": { \"get\": {} } } }", routes = ["GET /a"] }"#,
                "Conflicting routes @ gateway.routes",
            ),
            (
                r#"gateway   = { openapi = "{ \"openapi\": \"3.0.1\", \"paths\": { \"/a\": { \"get\": { \"operationId\": \"a\" } } } }" }
                   function  = null
                   functions = {
                     a = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
                     b = { source_dir = "src", handler = "app.handler", runtime = "python3.12" }
                   }"#,
                r#"Function without operations @ functions["b"]"#,
            ),
        ],
    );
}

/// A gateway with one authorizer `a`.
fn authorizer(settings: &str) -> String {
    format!("gateway = {{ authorizers = {{ a = {{ {settings} }} }} }}")
}

#[test]
fn authorizers_and_the_functions_that_use_them() {
    let at = |summary: &str, attribute: &str| format!(r#"{summary} @ gateway.authorizers["a"].{attribute}"#);
    let long = "a".repeat(121);
    let rows = [
        (authorizer(r#"kind = "token""#), at("Authorizer requires a REST API", "kind")),
        (
            authorizer(r#"kind = "cognito", user_pool_arns = ["arn:aws:cognito-idp:us-east-1:1:userpool/x"]"#),
            at("Authorizer requires a REST API", "kind"),
        ),
        (authorizer(r#"kind = "jwt", audiences = ["shop"]"#), at("Incomplete authorizer", "issuer")),
        (
            authorizer(r#"kind = "jwt", issuer = "https://login.example.com/", audiences = []"#),
            at("Incomplete authorizer", "audiences"),
        ),
        (
            authorizer(r#"kind = "jwt", issuer = "http://login.example.com/", audiences = ["shop"]"#),
            at("Invalid issuer", "issuer"),
        ),
        (
            r#"gateway = { authorizers = { AWS_IAM = { kind = "iam" } } }"#.to_owned(),
            r#"Reserved authorizer name @ gateway.authorizers["AWS_IAM"]"#.to_owned(),
        ),
        (
            format!(r#"gateway = {{ authorizers = {{ {long} = {{ kind = "iam" }} }} }}"#),
            format!(r#"Invalid authorizer name @ gateway.authorizers["{long}"]"#),
        ),
        (
            authorizer(r#"kind = "request", identity_sources = ["method.request.header.A"]"#),
            at("Invalid identity source", "identity_sources[0]"),
        ),
        (
            r#"gateway = { protocol = "rest", authorizers = { a = { kind = "request", identity_sources = ["$request.header.A"] } } }"#
                .to_owned(),
            at("Invalid identity source", "identity_sources[0]"),
        ),
        (
            authorizer(r#"kind = "request", identity_sources = []"#),
            at("Cache without identity sources", "identity_sources"),
        ),
        (
            authorizer(r#"kind = "request", payload_format = "1.0", simple_responses = true"#),
            at("Simple responses require format 2.0", "simple_responses"),
        ),
        (
            r#"gateway = { protocol = "rest", authorizers = { a = { kind = "request", payload_format = "2.0" } } }"#
                .to_owned(),
            at("Authorizer format requires an HTTP API", "payload_format"),
        ),
        (authorizer(r#"kind = "request", function = "gate""#), at("Unknown function", "function")),
        (
            format!(
                r#"{}
                   function = null
                   functions = {{ orders = {{ source_dir = "src", handler = "app.handler", runtime = "python3.12", routes = ["GET /a"] }} }}"#,
                authorizer(r#"kind = "request""#)
            ),
            at("Incomplete authorizer", "function"),
        ),
        (
            format!("{}\nfunction = {{ authorizer = \"b\" }}", authorizer(r#"kind = "iam""#)),
            "Unknown authorizer @ function.authorizer".to_owned(),
        ),
        (
            r#"function = { authorization_scopes = ["read"] }"#.to_owned(),
            "Scopes without tokens @ function.authorization_scopes".to_owned(),
        ),
        (
            r#"function = { authorizer = "AWS_IAM", authorization_scopes = ["read"] }"#.to_owned(),
            "Scopes without tokens @ function.authorization_scopes".to_owned(),
        ),
        (
            format!(
                "{}\nfunction = {{ authorizer = \"a\", authorization_scopes = [\"read\"] }}",
                authorizer(r#"kind = "iam""#)
            ),
            "Scopes without tokens @ function.authorization_scopes".to_owned(),
        ),
    ];
    let rows: Vec<(&str, &str)> = rows.iter().map(|(hcl, expected)| (hcl.as_str(), expected.as_str())).collect();
    check(false, &rows);
    let protected = r#"
function = { authorizer = "AWS_IAM" }
routing  = { health_check = { path = "/health" } }"#;
    check(true, &[(protected, "Health check path is protected @ routing.health_check.path")]);
}

#[test]
fn functions_and_their_routes() {
    let orders = r#"source_dir = "src", handler = "app.handler", runtime = "python3.12""#;
    check(
        false,
        &[
            (
                &format!(r#"functions = {{ "1st" = {{ {orders}, routes = ["GET /a"] }} }}"#),
                r#"Invalid function name @ functions["1st"]"#,
            ),
            (
                &format!(r#"functions = {{ {} = {{ {orders}, routes = ["GET /a"] }} }}"#, "a".repeat(60)),
                &format!(r#"Function name too long @ functions["{}"]"#, "a".repeat(60)),
            ),
            (
                &format!(r#"functions = {{ image = {{ {orders}, routes = ["GET /a"] }} }}"#),
                r#"Reserved function name @ functions["image"]"#,
            ),
            (
                &format!(r#"functions = {{ orders = {{ {orders} }} }}"#),
                r#"Function without routes @ functions["orders"].routes"#,
            ),
            (
                r#"functions = { orders = { handler = "app.handler", runtime = "python3.12", routes = ["GET /a"] } }"#,
                r#"Missing function code @ functions["orders"]"#,
            ),
            (
                &format!(r#"functions = {{ orders = {{ {orders}, routes = ["GET orders"] }} }}"#),
                r#"Invalid route key @ functions["orders"].routes[0]"#,
            ),
            (
                &format!(
                    r#"functions = {{
                         orders = {{ {orders}, routes = ["GET /items/{{id}}"] }}
                         items  = {{ {orders}, routes = ["GET /items/{{item}}"] }}
                       }}"#
                ),
                r#"Overlapping routes @ functions["orders"].routes[0]"#,
            ),
            (
                &format!(r#"functions = {{ orders = {{ {orders}, routes = ["$default"] }} }}"#),
                r#"Overlapping routes @ functions["orders"].routes[0]"#,
            ),
            (
                r#"function = { routes = ["GET /a"] }
                   gateway  = { routes = ["GET /b"] }"#,
                "Conflicting routes @ gateway.routes",
            ),
            (
                r#"function = null
                   gateway  = { routes = ["GET /b"] }"#,
                "Route without a function @ gateway.routes",
            ),
            (
                &format!(
                    r#"functions = {{ orders = {{ {orders}, routes = ["GET /a"], throttle = {{ rate = 1 }} }} }}"#
                ),
                r#"Incomplete throttle @ functions["orders"].throttle.burst"#,
            ),
            (
                &format!(
                    r#"functions = {{ orders = {{ {orders}, routes = ["GET /a"] }} }}
                       regions   = {{ "us-east-1" = {{ functions = {{ order = {{}} }} }} }}"#
                ),
                r#"Unknown function @ regions["us-east-1"].functions["order"]"#,
            ),
            (
                &format!(r#"functions = {{ orders = {{ {orders}, routes = ["GET /a"], role_arn = "orders" }} }}"#),
                r#"Invalid role ARN @ functions["orders"].role_arn"#,
            ),
        ],
    );
}

#[test]
fn invalid_name_and_settings_are_rejected() {
    check(
        false,
        &[
            (r#"name = "Giraffe""#, "Invalid name @ name"),
            (r#"name = """#, "Invalid name @ name"),
            (r#"name = "1a""#, "Invalid name @ name"),
            (r#"name = "a234567890123456789012345678901234567890x""#, "Invalid name @ name"),
            (r#"on_create_failure = "panic""#, "Unsupported value @ on_create_failure"),
            (r#"timeouts = { create = "soon" }"#, "Invalid duration @ timeouts.create"),
            (r#"tags = { "aws:x" = "y" }"#, r#"Invalid tag @ tags["aws:x"]"#),
        ],
    );
}

#[test]
fn invalid_regions_are_rejected() {
    check(
        false,
        &[
            (r#"regions = { "us-east-1" = null, "us-west-2" = null }"#, "No regions @ regions"),
            (r#"regions = { "us-middle-1" = {} }"#, r#"Unknown region @ regions["us-middle-1"]"#),
            (r#"regions = { "Frankfurt" = {} }"#, r#"Unknown region @ regions["Frankfurt"]"#),
            (r#"drained = ["us-east-1", "us-west-2"]"#, "No serving region @ drained"),
            (r#"drained = ["us-esat-1"]"#, "Unknown drained region @ drained"),
            (
                r#"regions = { "us-east-1" = { traffic = "drained" } }"#,
                r#"Removed argument @ regions["us-east-1"].traffic"#,
            ),
            (
                r#"regions = { "us-east-1" = { traffic = "serving" } }"#,
                r#"Removed argument @ regions["us-east-1"].traffic"#,
            ),
            (
                r#"
                routing = { policy = "weighted" }
                regions = { "us-east-1" = { weight = 256 } }
                "#,
                r#"Number out of range @ regions["us-east-1"].weight"#,
            ),
            (
                r#"regions = { "us-east-1" = { primary = true }, "us-west-2" = { primary = true } }"#,
                r#"More than one primary region @ regions["us-west-2"].primary"#,
            ),
            (
                r#"regions = { "us-east-1" = { vpc = { subnet_ids = ["a"] } } }"#,
                r#"Incomplete VPC @ regions["us-east-1"].vpc.security_group_ids"#,
            ),
            (
                r#"regions = { "us-east-1" = { reserved_concurrency = 1, provisioned_concurrency = 2 } }"#,
                r#"Provisioned concurrency exceeds reserved concurrency @ regions["us-east-1"].provisioned_concurrency"#,
            ),
            (
                r#"
                function = { reserved_concurrency = 5 }
                regions  = { "us-east-1" = { provisioned_concurrency = 10 } }
                "#,
                r#"Provisioned concurrency exceeds reserved concurrency @ regions["us-east-1"].provisioned_concurrency"#,
            ),
            (
                r#"
                function = { provisioned_concurrency = 10 }
                regions  = { "us-east-1" = { reserved_concurrency = 5 } }
                "#,
                r#"Provisioned concurrency exceeds reserved concurrency @ regions["us-east-1"].reserved_concurrency"#,
            ),
            (
                "function = { reserved_concurrency = 0 }",
                "Stopped function in a serving region @ function.reserved_concurrency",
            ),
            (
                r#"regions = { "us-east-1" = { reserved_concurrency = 0 } }"#,
                r#"Stopped function in a serving region @ regions["us-east-1"].reserved_concurrency"#,
            ),
            (
                r#"regions = { "us-east-1" = { reserved_concurrency = -1 } }"#,
                r#"Number out of range @ regions["us-east-1"].reserved_concurrency"#,
            ),
            (
                r#"regions = { "us-east-1" = { layers = ["arn:aws:lambda:us-west-2:1:layer:a:1"] } }"#,
                r#"Layer in another region @ regions["us-east-1"].layers[0]"#,
            ),
            (
                r#"regions = { "us-east-1" = { environment = { AWS_REGION = "x" } } }"#,
                r#"Reserved environment variable @ regions["us-east-1"].environment["AWS_REGION"]"#,
            ),
        ],
    );
}

#[test]
fn invalid_routing_is_rejected() {
    check(
        true,
        &[
            (r#"routing = { policy = "nearest" }"#, "Unsupported value @ routing.policy"),
            (r#"routing = { policy = "failover" }"#, "No primary region @ regions"),
            (
                r#"
                routing = { policy = "failover" }
                regions = { "us-east-1" = { primary = true }, "us-west-2" = { primary = true } }
                "#,
                r#"More than one primary region @ regions["us-west-2"].primary + Failover without a health check @ routing.policy"#,
            ),
            (
                r#"
                routing = { policy = "failover" }
                regions = { "us-east-1" = { primary = true }, "us-west-2" = null }
                "#,
                "Failover requires two regions @ routing.policy + Failover without a health check @ routing.policy",
            ),
            (
                r#"
                routing = { policy = "failover" }
                regions = { "us-east-1" = { primary = true } }
                "#,
                "Failover without a health check @ routing.policy",
            ),
            (
                r#"
                routing = { policy = "failover", evaluate_target_health = false }
                regions = { "us-east-1" = { primary = true } }
                "#,
                "Failover without a health check @ routing.policy",
            ),
            (
                r#"
                routing = { policy = "failover", health_check = {} }
                regions = { "us-east-1" = { primary = true }, "eu-west-1" = {} }
                cdn     = { origin = "latency", aliases = ["secondary.api.example.com"] }
                "#,
                "Routing loop @ cdn.aliases",
            ),
            (
                r#"
                routing = { policy = "weighted" }
                regions = { "us-east-1" = { weight = 0 }, "us-west-2" = { weight = 0 } }
                "#,
                "All weights are 0 @ regions",
            ),
            (
                r#"
                routing = { policy = "weighted" }
                regions = { "us-east-1" = { weight = 0 }, "us-west-2" = { weight = 5 } }
                drained = ["us-west-2"]
                "#,
                "All weights are 0 @ regions",
            ),
            (r#"routing = { drain_seconds = -1 }"#, "Number out of range @ routing.drain_seconds"),
            (r#"routing = { drain_seconds = 5400 }"#, "Drain period longer than the timeout @ routing.drain_seconds"),
            (
                r#"
                routing  = { drain_seconds = 601 }
                timeouts = { update = "10m" }
                "#,
                "Drain period longer than the timeout @ routing.drain_seconds",
            ),
            (
                r#"routing = { health_check = { path = "health" } }"#,
                "Invalid health check path @ routing.health_check.path",
            ),
            (
                r#"
                routing = { health_check = {} }
                gateway = { routes = ["GET /items", "POST /", "GET /{proxy+}"] }
                "#,
                "Health check path has no route @ routing.health_check.path",
            ),
            (
                r#"
                routing = { health_check = { path = "/health" } }
                gateway = { routes = ["GET /items/{id}"] }
                "#,
                "Health check path has no route @ routing.health_check.path",
            ),
            (
                r#"
                routing = { health_check = {} }
                tags    = { a = "", b = "", c = "", d = "", e = "", f = "", g = "", h = "" }
                "#,
                "Too many tags @ tags",
            ),
            (
                r#"routing = { health_check = { interval_seconds = 20 } }"#,
                "Unsupported value @ routing.health_check.interval_seconds",
            ),
            (
                r#"routing = { health_check = { failure_threshold = 11 } }"#,
                "Number out of range @ routing.health_check.failure_threshold",
            ),
            (
                r#"routing = { health_check = { search_string = "" } }"#,
                "Invalid search string @ routing.health_check.search_string",
            ),
            (
                r#"
                routing = { health_check = {} }
                domain  = null
                "#,
                "Health check without a domain @ routing.health_check",
            ),
            (
                r#"
                routing = { health_check = {} }
                gateway = { disable_execute_api_endpoint = true }
                "#,
                "Health check with a disabled endpoint @ routing.health_check",
            ),
            (
                r#"
                routing = { health_check = {} }
                cdn     = { origin = "group" }
                "#,
                "Health check without records @ routing.health_check",
            ),
        ],
    );
}

#[test]
fn invalid_division_of_clients_is_rejected() {
    check(
        true,
        &[
            (
                r#"
                routing = { policy = "geolocation" }
                regions = { "us-east-1" = { locations = ["US"] }, "us-west-2" = { locations = ["CA"] } }
                "#,
                "No default region @ regions",
            ),
            (
                r#"
                routing = { policy = "geolocation" }
                regions = { "us-east-1" = { locations = ["US"] }, "us-west-2" = { locations = ["*"] } }
                drained = ["us-west-2"]
                "#,
                "No default region @ regions",
            ),
            (
                r#"
                routing = { policy = "geolocation" }
                regions = { "us-east-1" = { locations = ["*"] } }
                "#,
                r#"Region without clients @ regions["us-west-2"].locations"#,
            ),
            (
                r#"
                routing = { policy = "geolocation" }
                regions = { "us-east-1" = { locations = ["*", "DE"] }, "us-west-2" = { locations = ["US", "country:DE"] } }
                "#,
                r#"Location used twice @ regions["us-west-2"].locations[1]"#,
            ),
            (
                r#"
                routing = { policy = "geolocation" }
                regions = { "us-east-1" = { locations = ["*"] }, "us-west-2" = { locations = ["*"] } }
                "#,
                r#"Location used twice @ regions["us-west-2"].locations[0]"#,
            ),
            (
                r#"
                routing = { policy = "geolocation" }
                regions = { "us-east-1" = { locations = ["*", "UK", "de", "DE-BY"] }, "us-west-2" = { locations = ["US-XX"] } }
                "#,
                r#"Unknown location @ regions["us-east-1"].locations[1] + Unknown location @ regions["us-east-1"].locations[2] + Unknown location @ regions["us-east-1"].locations[3] + Unknown location @ regions["us-west-2"].locations[0]"#,
            ),
            (
                r#"
                routing = { policy = "ip_based" }
                regions = { "us-east-1" = { cidrs = ["*", "10.0.0.0/8"] }, "us-west-2" = { cidrs = ["11.0.0.0/8", "10.1.0.0/16"] } }
                "#,
                r#"Overlapping CIDR blocks @ regions["us-west-2"].cidrs[1]"#,
            ),
            (
                r#"
                routing = { policy = "ip_based" }
                regions = { "us-east-1" = { cidrs = ["*", "10.0.0.0/25"] }, "us-west-2" = { cidrs = ["::/0", "10.0.0.0"] } }
                "#,
                r#"Invalid CIDR block @ regions["us-east-1"].cidrs[1] + Invalid CIDR block @ regions["us-west-2"].cidrs[0] + Invalid CIDR block @ regions["us-west-2"].cidrs[1]"#,
            ),
            (
                r#"
                routing = { policy = "ip_based" }
                regions = { "us-east-1" = { cidrs = ["10.0.0.0/8"] }, "us-west-2" = { cidrs = ["11.0.0.0/8"] } }
                "#,
                "No default region @ regions",
            ),
            (
                r#"
                routing = { policy = "ip_based" }
                regions = { "us-east-1" = { cidrs = ["*"] }, "us-west-2" = { cidrs = ["*"] } }
                "#,
                r#"More than one default region @ regions["us-west-2"].cidrs[0]"#,
            ),
            (
                r#"
                routing = { policy = "ip_based" }
                regions = { "us-east-1" = { cidrs = ["*"] } }
                "#,
                r#"Region without clients @ regions["us-west-2"].cidrs"#,
            ),
            (r#"regions = { "us-east-1" = { bias = 1 } }"#, r#"Setting without effect @ regions["us-east-1"].bias"#),
            (
                r#"regions = { "us-east-1" = { weight = 1 } }"#,
                r#"Setting without effect @ regions["us-east-1"].weight"#,
            ),
            (
                r#"regions = { "us-east-1" = { locations = ["EU"] } }"#,
                r#"Setting without effect @ regions["us-east-1"].locations"#,
            ),
            (
                r#"regions = { "us-east-1" = { cidrs = ["10.0.0.0/8"] } }"#,
                r#"Setting without effect @ regions["us-east-1"].cidrs"#,
            ),
            (
                r#"
                routing = { policy = "geoproximity" }
                regions = { "us-east-1" = { bias = 100 }, "us-west-2" = { bias = -100 } }
                "#,
                r#"Number out of range @ regions["us-east-1"].bias + Number out of range @ regions["us-west-2"].bias"#,
            ),
            (r#"routing = { policy = "multivalue" }"#, "Unsupported value @ routing.policy"),
        ],
    );
}

#[test]
fn invalid_probes_are_rejected() {
    let protected = r#"
function = { authorizer = "users" }
gateway  = { authorizers = { users = { kind = "jwt", issuer = "https://login.example.com/", audiences = ["shop"] } } }"#;
    let checked = r#"
functions = { health = { source_dir = "src", handler = "app.handler", runtime = "python3.12", routes = ["GET /health"] } }
routing   = { health_check = { path = "/health" }, probe = { path = "/" } }"#;
    let expects_success = format!("{protected}{checked}");
    check(true, &[(&expects_success, "Probe path is protected @ routing.probe.path")]);
    assert_eq!(validate(&expects_success.replace("path = \"/\"", "path = \"/\", statuses = [\"401\"]"), true), [""; 0]);
    check(
        false,
        &[
            ("routing = { probe = { enabled = false } }", "Regions are not probed @ routing.probe.enabled"),
            (r#"routing = { probe = { path = "health" } }"#, "Invalid probe path @ routing.probe.path"),
            ("routing = { probe = { statuses = [] } }", "No statuses @ routing.probe.statuses"),
            (
                r#"routing = { probe = { statuses = ["200-399", "4xx", "99", "500-400"] } }"#,
                "Invalid status @ routing.probe.statuses[1] + Invalid status @ routing.probe.statuses[2] + Invalid status @ routing.probe.statuses[3]",
            ),
            (r#"routing = { probe = { search_string = "" } }"#, "Invalid search string @ routing.probe.search_string"),
            (
                r#"
                routing = { probe = { path = "/health" } }
                gateway = { routes = ["POST /health", "GET /items/{id}"] }
                "#,
                "Probe path has no route @ routing.probe.path",
            ),
        ],
    );
}

#[test]
fn invalid_health_checks_are_rejected() {
    check(
        true,
        &[
            (
                r#"routing = { health_check = { protocol = "tcp", search_string = "ok" } }"#,
                "Search string with TCP @ routing.health_check.search_string",
            ),
            (
                r#"routing = { health_check = { protocol = "http" } }"#,
                "Health check cannot reach the API @ routing.health_check.port",
            ),
            (
                r#"routing = { health_check = { protocol = "http", port = 443 } }"#,
                "Health check cannot reach the API @ routing.health_check.protocol",
            ),
            (
                r#"routing = { health_check = { port = 8443 } }"#,
                "Health check cannot reach the API @ routing.health_check.port",
            ),
            (
                r#"routing = { health_check = { port = 0 } }"#,
                "Number out of range @ routing.health_check.port + Health check cannot reach the API @ routing.health_check.port",
            ),
            (
                r#"routing = { health_check = { checker_regions = ["us-east-1", "us-west-2", "us-east-1"] } }"#,
                "Too few checker regions @ routing.health_check.checker_regions",
            ),
            (
                r#"routing = { health_check = { checker_regions = ["us-east-1", "us-west-2", "eu-central-1"] } }"#,
                "Unknown checker region @ routing.health_check.checker_regions[2]",
            ),
            (
                r#"routing = { health_check = { calculated = { threshold = 3 } } }"#,
                "Threshold too high @ routing.health_check.calculated.threshold",
            ),
            (
                r#"
                routing = { policy = "failover", health_check = { calculated = { threshold = 3 } } }
                regions = { "us-east-1" = { primary = true }, "eu-west-1" = {} }
                "#,
                "Threshold too high @ routing.health_check.calculated.threshold",
            ),
            (
                r#"
                routing = { health_check = {} }
                regions = { "us-east-1" = { health_check_id = "1" }, "us-west-2" = { health_alarm = { name = "errors" } } }
                "#,
                r#"Conflicting health checks @ regions["us-east-1"].health_check_id + Conflicting health checks @ regions["us-west-2"].health_alarm"#,
            ),
            (
                r#"regions = { "us-east-1" = { health_check_id = "1", health_alarm = { name = "errors" } } }"#,
                r#"Conflicting health checks @ regions["us-east-1"].health_check_id"#,
            ),
            (
                r#"regions = { "us-east-1" = { health_alarm = { name = "errors", region = "us-middle-1" } } }"#,
                r#"Unknown region @ regions["us-east-1"].health_alarm.region"#,
            ),
            (
                r#"regions = { "us-east-1" = { health_alarm = { name = "errors", insufficient_data = "maybe" } } }"#,
                r#"Unsupported value @ regions["us-east-1"].health_alarm.insufficient_data"#,
            ),
            (
                r#"regions = { "us-east-1" = { routing_control_arn = "arn:aws:lambda:us-east-1:1:function:a" } }"#,
                r#"Invalid routing control ARN @ regions["us-east-1"].routing_control_arn"#,
            ),
            (
                r#"
                domain  = null
                regions = { "us-east-1" = { health_alarm = { name = "errors" } } }
                "#,
                r#"Health check without a domain @ regions["us-east-1"].health_alarm"#,
            ),
            (
                r#"
                cdn     = { origin = "group" }
                regions = { "us-east-1" = { health_check_id = "1" } }
                "#,
                r#"Health check without records @ regions["us-east-1"].health_check_id"#,
            ),
        ],
    );
}

#[test]
fn drain_period_must_be_shorter_than_the_timeouts() {
    for valid in [
        "routing = { drain_seconds = 5399 }",
        "routing = { drain_seconds = 86400 }\ntimeouts = { update = \"25h\", delete = \"25h\" }",
        "routing = { drain_seconds = 86400 }\ntimeouts = { update = var.update, delete = \"25h\" }",
        "routing = { drain_seconds = 86400 }\ntimeouts = var.timeouts",
        "routing = { drain_seconds = var.seconds }\ntimeouts = { update = \"10s\" }",
    ] {
        assert_eq!(validate(valid, true), [""; 0], "{valid}");
    }
    let long = config(&format!("{BASE}{DOMAIN}\nrouting = {{ drain_seconds = 6000 }}"));
    insta::assert_snapshot!(Api.validate(&long)[0].detail, @"When a region is removed, the provider waits 6000 seconds before it deletes the region's objects, but an update times out after 5400 seconds. Reduce drain_seconds, or set timeouts.update to more than 6000 seconds.");
}

#[test]
fn invalid_function_is_rejected() {
    check(
        false,
        &[
            ("function = { source_dir = null }", "Missing function code @ function"),
            (r#"function = { filename = "a.zip" }"#, "Conflicting function code @ function.filename"),
            (
                r#"regions = { "us-east-1" = { s3 = { bucket = "bucket", key = "k" } }, "us-west-2" = { s3 = { bucket = "bucket", key = "k" } } }"#,
                r#"Conflicting function code @ regions["us-east-1"].s3"#,
            ),
            (
                r#"
                regions  = { "us-east-1" = { s3 = { bucket = "bucket" } }, "us-west-2" = { s3 = { bucket = "bucket", key = "k" } } }
                function = { source_dir = null }
                "#,
                r#"Incomplete S3 object @ regions["us-east-1"].s3.key"#,
            ),
            (
                r#"
                regions  = { "us-east-1" = { s3 = { bucket = "bucket", key = "k" } } }
                function = { source_dir = null }
                "#,
                r#"Function code missing in a region @ regions["us-west-2"].s3"#,
            ),
            (
                r#"
                regions  = { "us-east-1" = { image_uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1" }, "us-west-2" = { image_uri = "123456789012.dkr.ecr.us-west-2.amazonaws.com/a:1" } }
                function = { source_dir = null, handler = null }
                "#,
                "Argument not supported for images @ function.runtime",
            ),
            (
                r#"function = { source_dir = null, filename = "a.zip", exclude = ["b"] }"#,
                "Exclude without a source directory @ function.exclude",
            ),
            (
                r#"function = { source_dir = null, filename = "a.zip", symlinks = "keep" }"#,
                "Symlinks without a source directory @ function.symlinks",
            ),
            ("function = { handler = null }", "Missing handler @ function.handler"),
            ("function = { runtime = null }", "Missing runtime @ function.runtime"),
            (r#"function = { runtime = "python2.7" }"#, "Unsupported value @ function.runtime"),
            (r#"function = { runtime = "nodejs99" }"#, "Unsupported value @ function.runtime"),
            (r#"function = { architecture = "mips" }"#, "Unsupported value @ function.architecture"),
            ("function = { memory_mb = 127 }", "Number out of range @ function.memory_mb"),
            ("function = { memory_mb = 10241 }", "Number out of range @ function.memory_mb"),
            ("function = { memory_mb = 128.5 }", "Not a whole number @ function.memory_mb"),
            ("function = { timeout_seconds = 0 }", "Number out of range @ function.timeout_seconds"),
            ("function = { timeout_seconds = 901 }", "Number out of range @ function.timeout_seconds"),
            ("function = { ephemeral_storage_mb = 511 }", "Number out of range @ function.ephemeral_storage_mb"),
            ("function = { log_retention_days = 2 }", "Unsupported value @ function.log_retention_days"),
            (
                "function = { environment = { A = \"too short\" } }",
                r#"Invalid environment variable @ function.environment["A"]"#,
            ),
            (
                r#"function = { environment = { _HANDLER = "x" } }"#,
                r#"Reserved environment variable @ function.environment["_HANDLER"]"#,
            ),
            (r#"function = { layers = ["layer"] }"#, "Invalid layer ARN @ function.layers[0]"),
            (
                r#"function = { layers = ["arn:aws:lambda:us-east-1:1:layer:a:1"] }"#,
                "Layer in another region @ function.layers[0]",
            ),
            (r#"function = { policy_json = "{" }"#, "Invalid policy @ function.policy_json"),
            (r#"function = { policy_json = "{}" }"#, "Invalid policy @ function.policy_json"),
            (
                "function = { policy_json = \"{\\\"Statement\\\":[{\\\"Sid\\\":\\\"read \u{2013} write\\\"}]}\" }",
                "Invalid policy @ function.policy_json",
            ),
            (r#"function = { role_arn = "mine" }"#, "Invalid role ARN @ function.role_arn"),
            (
                r#"function = { role_arn = "arn:aws:iam::123456789012:role/a", policy_json = "{\"Statement\":[]}" }"#,
                "Conflicting permissions @ function.role_arn",
            ),
            ("function = { rollback = 3 }", "Rollback beyond the kept versions @ function.rollback"),
            ("function = { keep_versions = 1, rollback = 1 }", "Rollback beyond the kept versions @ function.rollback"),
        ],
    );
}

#[test]
fn invalid_gateway_is_rejected() {
    check(
        false,
        &[
            (r#"gateway = { protocol = "soap" }"#, "Unsupported value @ gateway.protocol"),
            ("gateway = { routes = [] }", "No routes @ gateway.routes"),
            (r#"gateway = { routes = ["FETCH /"] }"#, "Invalid route key @ gateway.routes[0]"),
            (r#"gateway = { routes = ["GET items"] }"#, "Invalid route key @ gateway.routes[0]"),
            (r#"gateway = { routes = ["GET /{a+}/b"] }"#, "Invalid route key @ gateway.routes[0]"),
            (r#"gateway = { routes = ["GET /", "GET /"] }"#, "Duplicate route @ gateway.routes[1]"),
            ("gateway = { timeout_ms = 30001 }", "Number out of range @ gateway.timeout_ms"),
            (
                r#"gateway = { cors = { allow_origins = ["*"], allow_credentials = true } }"#,
                "Credentials for any origin @ gateway.cors.allow_credentials",
            ),
            (
                r#"gateway = { cors = { allow_methods = ["get"] } }"#,
                "Invalid CORS method @ gateway.cors.allow_methods[0]",
            ),
            ("gateway = { cors = { max_age_seconds = 86401 } }", "Number out of range @ gateway.cors.max_age_seconds"),
            ("gateway = { throttle = { rate = 1 } }", "Incomplete throttle @ gateway.throttle.burst"),
            ("gateway = { throttle = { rate = 0, burst = 1 } }", "Number out of range @ gateway.throttle.rate"),
            (
                "gateway = { access_log = { retention_days = 4 } }",
                "Unsupported value @ gateway.access_log.retention_days",
            ),
            (r#"gateway = { access_log = { format = "" } }"#, "Invalid access log format @ gateway.access_log.format"),
            (
                r#"gateway = { access_log = { format = "$context.status" } }"#,
                "Invalid access log format @ gateway.access_log.format",
            ),
            (
                "gateway = { disable_execute_api_endpoint = true }",
                "Unreachable API @ gateway.disable_execute_api_endpoint",
            ),
        ],
    );
}

#[test]
fn invalid_domain_is_rejected() {
    check(
        true,
        &[
            (r#"domain = { name = "Api.example.com" }"#, "Invalid domain name @ domain.name"),
            (
                r#"domain = { name = "an-api-with-a-very-long-name-that-no-certificate-can-have.example.com" }"#,
                "Name too long for a certificate @ domain.name",
            ),
            (r#"domain = { additional_names = ["a.*.com"] }"#, "Invalid domain name @ domain.additional_names[0]"),
            (
                r#"domain = { additional_names = ["www.example.com", "api.example.com"] }"#,
                "Duplicate name @ domain.additional_names[1]",
            ),
            (
                r#"domain = { additional_names = ["us-west-2.api.example.com"], regional_names = true }"#,
                "Name in use @ domain.additional_names[0]",
            ),
            (
                r#"
                domain = { additional_names = ["origin.api.example.com"] }
                cdn    = { origin = "latency" }
                "#,
                "Name in use @ domain.additional_names[0]",
            ),
            (
                r#"
                regions = { "us-east-1" = { primary = true }, "eu-central-1" = {} }
                domain  = { additional_names = ["www.example.com", "secondary.www.example.com"] }
                routing = { policy = "failover", health_check = {} }
                "#,
                "Name in use @ domain.additional_names[1]",
            ),
            (
                r#"
                domain = { additional_names = ["www.example.com"] }
                cdn    = { origin = "group", aliases = ["api.example.com"] }
                "#,
                "Name is not served @ domain.additional_names[0]",
            ),
            (r#"domain = { zone_id = null, replaces = true }"#, "No records to replace @ domain.replaces"),
            (r#"domain = { private_zone_id = "Z1/" }"#, "Invalid zone id @ domain.private_zone_id"),
            (r#"domain = { private_zone_id = "Z0123456789" }"#, "Same zone twice @ domain.private_zone_id"),
            (
                r#"
                domain  = { private_zone_id = "ZPRIVATE" }
                regions = { "us-east-1" = { cidrs = ["*"] }, "us-west-2" = { cidrs = ["203.0.113.0/24"] } }
                routing = { policy = "ip_based" }
                "#,
                "Routing policy not supported in private zones @ domain.private_zone_id",
            ),
            (
                r#"
                domain = { private_zone_id = "ZPRIVATE" }
                cdn    = { origin = "latency" }
                "#,
                "CloudFront not supported in private zones @ domain.private_zone_id",
            ),
            (r#"domain = { zone_id = "/hostedzone/Z1" }"#, "Invalid zone id @ domain.zone_id"),
            (r#"domain = { base_path = "/v1" }"#, "Invalid base path @ domain.base_path"),
            (
                r#"
                domain = { certificate = { arns = { "us-west-2" = "arn:aws:acm:us-west-2:1:certificate/1" } } }
                cdn    = { origin = "latency" }
                "#,
                "Certificate missing for a region @ domain.certificate.arns",
            ),
            (
                r#"
                domain = { certificate = { key_algorithm = "EC_secp384r1" } }
                cdn    = { origin = "latency" }
                "#,
                "Key algorithm not supported by CloudFront @ domain.certificate.key_algorithm",
            ),
            (
                r#"domain = { certificate = { key_algorithm = "RSA_4096" } }"#,
                "Unsupported value @ domain.certificate.key_algorithm",
            ),
            (
                r#"domain = { certificate = { validation = "phone" } }"#,
                "Unsupported value @ domain.certificate.validation",
            ),
            (
                r#"
                domain  = { zone_id = null }
                routing = { health_check = {} }
                "#,
                "Health check without records @ routing.health_check",
            ),
            (
                r#"
                regions = { "us-west-2" = null }
                domain  = {
                  certificate = { validation = "email", arns = { "us-east-1" = "arn:aws:acm:us-east-1:1:certificate/1" } }
                }
                "#,
                "Conflicting certificate arguments @ domain.certificate.validation",
            ),
            (
                r#"
                regions = { "us-west-2" = null }
                domain  = {
                  certificate = { key_algorithm = "RSA_2048", arns = { "us-east-1" = "arn:aws:acm:us-east-1:1:certificate/1" } }
                }
                "#,
                "Conflicting certificate arguments @ domain.certificate.key_algorithm",
            ),
            (
                "domain = { regional_names = true, certificate = { wildcard = false } }",
                "Certificate must be a wildcard @ domain.certificate.wildcard",
            ),
            (
                r#"domain = { certificate = { arns = { "us-east-1" = "arn:aws:acm:us-east-1:1:certificate/1" } } }"#,
                "Certificate missing for a region @ domain.certificate.arns",
            ),
            (
                r#"
                regions = { "us-west-2" = null }
                domain  = { certificate = { arns = { "us-east-1" = "arn:aws:acm:us-west-2:1:certificate/1" } } }
                "#,
                r#"Certificate in another region @ domain.certificate.arns["us-east-1"]"#,
            ),
            (
                r#"
                regions = { "us-west-2" = null }
                domain  = { certificate = { arns = { "us-east-1" = "mine" } } }
                "#,
                r#"Invalid certificate ARN @ domain.certificate.arns["us-east-1"]"#,
            ),
            (
                r#"
                regions = { "us-west-2" = null }
                domain  = {
                  certificate = { wildcard = true, arns = { "us-east-1" = "arn:aws:acm:us-east-1:1:certificate/1" } }
                }
                "#,
                "Conflicting certificate arguments @ domain.certificate.wildcard",
            ),
        ],
    );
}

#[test]
fn invalid_cdn_is_rejected() {
    check(
        false,
        &[
            (r#"cdn = { origin = "edge" }"#, "Unsupported value @ cdn.origin"),
            (r#"cdn = { origin = "latency" }"#, "Latency origin without a domain @ cdn.origin"),
            (
                r#"cdn = { origin = "group", client_certificate_arn = "certificate" }"#,
                "Invalid certificate ARN @ cdn.client_certificate_arn",
            ),
            (
                r#"cdn = { origin = "group", client_certificate_arn = "arn:aws:acm:us-west-2:1:certificate/a" }"#,
                "Client certificate in the wrong region @ cdn.client_certificate_arn",
            ),
            (
                r#"cdn = { origin = "group", take_over_aliases = true }"#,
                "Alias takeover without aliases @ cdn.take_over_aliases",
            ),
            (
                r#"
                drained = ["us-west-2"]
                cdn     = { origin = "group" }
                "#,
                "Origin group needs two regions @ cdn.origin",
            ),
            (
                r#"
                gateway = { routes = ["GET /", "POST /items"] }
                cdn     = { origin = "group" }
                "#,
                "Writes to an origin group @ gateway.routes[1]",
            ),
            (
                r#"cdn = { origin = "group", failover_status_codes = [501] }"#,
                "Unsupported value @ cdn.failover_status_codes[0]",
            ),
            (
                r#"cdn = { origin = "group", failover_status_codes = [] }"#,
                "No failover status codes @ cdn.failover_status_codes",
            ),
            (
                r#"cdn = { origin = "group", failover_status_codes = [502, 502] }"#,
                "Duplicate failover status code @ cdn.failover_status_codes[1]",
            ),
            (r#"cdn = { origin = "group", read_paths = ["public"] }"#, "Invalid path pattern @ cdn.read_paths[0]"),
            (r#"cdn = { origin = "group", read_paths = ["/a", "/a"] }"#, "Duplicate path pattern @ cdn.read_paths[1]"),
            (r#"cdn = { origin = "group", price_class = "Cheap" }"#, "Unsupported value @ cdn.price_class"),
            (r#"cdn = { origin = "group", aliases = ["a.b"] }"#, "Aliases without a domain @ cdn.aliases"),
        ],
    );
}

#[test]
fn invalid_mutual_tls_is_rejected() {
    check(
        true,
        &[
            (
                r#"domain = { mutual_tls = { truststore_uri = "s3://a/b" } }"#,
                "Mutual TLS can be avoided @ domain.mutual_tls",
            ),
            (
                r#"
                domain  = { mutual_tls = { truststore_uri = "https://a/b" } }
                gateway = { disable_execute_api_endpoint = true }
                "#,
                "Invalid trust store URI @ domain.mutual_tls.truststore_uri",
            ),
            (
                r#"
                domain  = { mutual_tls = {} }
                regions = { "us-east-1" = { mutual_tls = { truststore_uri = "s3://a/b" } } }
                gateway = { disable_execute_api_endpoint = true }
                "#,
                "Trust store missing @ domain.mutual_tls.truststore_uri",
            ),
            (
                r#"regions = { "us-east-1" = { mutual_tls = { truststore_uri = "s3://a/b" } } }"#,
                r#"Trust store without mutual TLS @ regions["us-east-1"].mutual_tls"#,
            ),
            (
                r#"
                domain  = { mutual_tls = { truststore_uri = "s3://a/b", ownership_certificate_arn = "mine" } }
                gateway = { disable_execute_api_endpoint = true }
                "#,
                "Invalid certificate ARN @ domain.mutual_tls.ownership_certificate_arn",
            ),
            (
                r#"
                domain = { mutual_tls = { truststore_uri = "s3://a/b" } }
                cdn    = { origin = "latency" }
                "#,
                "Mutual TLS behind CloudFront @ domain.mutual_tls",
            ),
            (
                r#"
                domain = { mutual_tls = { truststore_uri = "s3://a/b" } }
                cdn    = { origin = "group" }
                "#,
                "Mutual TLS without custom domain names @ domain.mutual_tls",
            ),
            (
                r#"
                domain  = { mutual_tls = { truststore_uri = "s3://a/b" }, regional_names = true }
                gateway = { disable_execute_api_endpoint = true }
                routing = { health_check = {} }
                "#,
                "Health check without a client certificate @ routing.health_check.protocol",
            ),
        ],
    );
}

#[test]
fn a_certificate_has_at_most_100_names() {
    let named = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("\"a{number}.example.com\"")).collect();
        format!("domain = {{ additional_names = [{}] }}", names.join(", "))
    };
    assert_eq!(validate(&named(9), true), [""; 0]);
    assert_eq!(validate(&named(99), true), ["Certificates may exceed a quota @ domain.additional_names"]);
    assert_eq!(validate(&named(100), true), ["Too many names for a certificate @ domain.additional_names"]);
    let arn = r#"certificate = { arns = { "us-east-1" = var.a, "us-west-2" = var.b } }"#;
    assert_eq!(validate(&named(100).replace(" }", &format!(", {arn} }}")), true), [""; 0]);
}

#[test]
fn invalid_cdn_with_a_domain_is_rejected() {
    check(
        true,
        &[
            (r#"cdn = { origin = "latency", aliases = ["a"] }"#, "Invalid domain name @ cdn.aliases[0]"),
            (
                r#"cdn = { origin = "latency", aliases = ["www.example.com", "www.example.com"] }"#,
                "Duplicate alias @ cdn.aliases[1]",
            ),
            (
                r#"cdn = { origin = "latency", aliases = ["api.example.com", "origin.api.example.com"] }"#,
                "Alias in use @ cdn.aliases[1]",
            ),
            (
                r#"
                domain = { base_path = "v1" }
                cdn    = { origin = "group" }
                "#,
                "Base path without regional names @ domain.base_path",
            ),
            (
                r#"
                gateway = { disable_execute_api_endpoint = true }
                cdn     = { origin = "group" }
                "#,
                "Unreachable API @ gateway.disable_execute_api_endpoint",
            ),
            (
                r#"
                gateway = { disable_execute_api_endpoint = true }
                cdn     = { origin = "latency", read_paths = ["/a"] }
                "#,
                "Origin with a disabled endpoint @ gateway.disable_execute_api_endpoint",
            ),
            (
                r#"
                domain = { certificate = { arns = {
                  "eu-west-1" = "arn:aws:acm:eu-west-1:1:certificate/1"
                  "us-west-2" = "arn:aws:acm:us-west-2:1:certificate/1"
                } } }
                regions = { "us-east-1" = null, "eu-west-1" = {} }
                cdn     = { origin = "latency" }
                "#,
                "Certificate missing for a region @ domain.certificate.arns",
            ),
        ],
    );
}

#[test]
fn region_in_another_partition_is_rejected_once_the_account_is_known() {
    let config = config(&BASE.replace("us-west-2", "cn-north-1"));
    assert_eq!(Api.validate(&config), []);
    let found = expand(&config).unwrap_err();
    let found: Vec<String> = found.iter().map(|one| format!("{} @ {}", one.summary, one.path)).collect();
    assert_eq!(found, [r#"Region in another partition @ regions["cn-north-1"]"#]);
}

#[test]
fn default_tags_count_towards_the_tag_limit() {
    let config =
        config(&format!("{BASE}{DOMAIN}\nrouting = {{ health_check = {{}} }}\ntags = {{ a = \"\", b = \"\" }}"));
    let default_tags = (0..6).map(|number| (format!("default{number}"), String::new())).collect();
    assert_eq!(Api.validate(&config), []);
    let found = expand_with(&config, &default_tags).unwrap_err();
    assert_eq!(found.iter().map(|one| one.summary).collect::<Vec<_>>(), ["Too many tags"]);
}

#[test]
fn misspelled_region_gets_a_suggestion() {
    let config = config(&BASE.replace("us-west-2", "us-wets-2"));
    let found = Api.validate(&config);
    assert_eq!(found[0].detail, "AWS has no region \"us-wets-2\". Did you mean us-west-2?");
}

#[test]
fn region_without_the_api_is_named_with_those_that_have_it() {
    let detail = "The API does not run in \"us-esat-1\". Its regions are us-east-1, us-west-2. Use one of them, remove \
                  \"us-esat-1\" here, or add it to regions. Did you mean \"us-east-1\"?";
    for hcl in [r#"drained = ["us-esat-1"]"#, r#"rollout = { waves = [["us-esat-1"]] }"#] {
        let found = Api.validate(&config(&format!("{BASE}{hcl}")));
        assert_eq!(found.iter().map(|one| one.detail.as_str()).collect::<Vec<_>>(), [detail], "{hcl}");
    }
}

#[test]
fn unknown_values_cause_no_conflicts() {
    for hcl in [
        "function = { role_arn = var.a, policy_json = var.b }",
        "function = { source_dir = var.a, filename = var.b }",
        r#"regions = { "us-east-1" = { image_uri = var.a } }"#,
        "gateway = { disable_execute_api_endpoint = var.a }",
        "domain = var.domain\nrouting = { health_check = {} }",
        "gateway = { routes = [\"GET /items\", var.route] }\nrouting = { health_check = {} }\ndomain = var.domain",
    ] {
        assert_eq!(validate(hcl, false), [""; 0], "{hcl}");
    }
}

#[test]
fn code_must_be_readable_by_lambda_in_its_region() {
    let image = |uri: &str| {
        format!(
            r#"
            regions  = {{ "us-east-1" = {{ image_uri = "{uri}" }}, "us-west-2" = null }}
            function = {{ source_dir = null, handler = null, runtime = null }}
            "#
        )
    };
    let s3 = |bucket: &str, key: &str| {
        format!(
            r#"
            regions  = {{ "us-east-1" = {{ s3 = {{ bucket = "{bucket}", key = "{key}" }} }}, "us-west-2" = null }}
            function = {{ source_dir = null }}
            "#
        )
    };
    let at = r#"regions["us-east-1"]"#;
    for (hcl, expected) in [
        (image("nginx"), format!("Invalid image URI @ {at}.image_uri")),
        (
            image("123456789012.dkr.ecr.us-west-2.amazonaws.com/a:1"),
            format!("Image in another region @ {at}.image_uri"),
        ),
        (s3("s3://code", "app.zip"), format!("Invalid bucket name @ {at}.s3.bucket")),
        (s3("code", "s3://code/app.zip"), format!("Invalid S3 key @ {at}.s3.key")),
    ] {
        assert_eq!(validate(&hcl, false), [expected], "{hcl}");
    }
}

#[test]
fn role_must_belong_to_the_providers_account() {
    let expand_with_role_in = |account: &str| {
        let role = format!("role_arn = \"arn:aws:iam::{account}:role/mine\", runtime =");
        expand(&config(&BASE.replace("runtime =", &role)))
    };
    assert!(expand_with_role_in("123456789012").is_ok());
    let found = expand_with_role_in("210987654321").unwrap_err();
    assert_eq!(found[0].path.to_string(), "function.role_arn");
    assert!(found[0].detail.contains("210987654321"), "{}", found[0]);
}

#[test]
fn a_drained_region_can_have_a_stopped_function() {
    let hcl = r#"drained = ["us-east-1"]
    regions = { "us-east-1" = { reserved_concurrency = 0 } }"#;
    assert_eq!(validate(hcl, true), [""; 0]);
}

#[test]
fn white_space_in_a_policy_does_not_count() {
    let policy = |name: &str, spaces: usize| {
        let text = format!("{{\\\"Statement\\\":[{{\\\"Sid\\\":\\\"{name}\\\"}}]{}}}", " ".repeat(spaces));
        validate(&format!("function = {{ policy_json = \"{text}\" }}"), false)
    };
    assert_eq!(policy("read", 12_000), [""; 0]);
    assert_eq!(policy(&"r ".repeat(9_000), 0), [""; 0]);
    assert_eq!(policy(&"r".repeat(9_600), 0), ["Invalid policy @ function.policy_json"]);
}
