//! The routes of an HTTP API that a document defines.
//!
//! API Gateway ignores parts of a document that only describe requests and responses, such as schemas and `requestBody`. So
//! does this module. A setting that an HTTP API does not have, and that changes how a REST API answers, is an error.
//!
//! # Source
//! Amazon API Gateway developer guide, "Use OpenAPI definitions for HTTP APIs in API Gateway", and "Choose between REST APIs
//! and HTTP APIs".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::operations::{INTEGRATION, Operation, OperationAt, all, is_incomplete};
use super::problems::{Place, Problems, quoted};
use super::rest::spelled_version;
use super::security::{AUTHORIZER, schemes};
use super::settings::{Authorization, Authorizer, Cors, Lambda};
use super::template::{FunctionId, placeholders};
use super::{Context, object};

/// Extensions that only REST APIs have, and what to do without them.
const UNSUPPORTED: [(&str, &str); 8] = [
    ("x-amazon-apigateway-request-validators", "Let the function check its requests"),
    ("x-amazon-apigateway-request-validator", "Let the function check its requests"),
    ("x-amazon-apigateway-gateway-responses", "Let the function answer with its own errors"),
    ("x-amazon-apigateway-policy", "Use an authorizer"),
    ("x-amazon-apigateway-binary-media-types", "HTTP APIs detect binary data themselves"),
    ("x-amazon-apigateway-minimum-compression-size", "Let the function or CloudFront compress responses"),
    ("x-amazon-apigateway-api-key-source", "Use an authorizer"),
    ("x-amazon-apigateway-endpoint-configuration", "Use the attributes of gateway"),
];

/// The keys of an integration that a route with a function can have. An HTTP API ignores those in the second line; exports of
/// REST APIs contain them.
const PLAIN: [&str; 10] = [
    "type",
    "uri",
    "httpMethod",
    "payloadFormatVersion",
    "timeoutInMillis",
    "passthroughBehavior",
    "responses",
    "contentHandling",
    "cacheNamespace",
    "cacheKeyParameters",
];

/// How long an HTTP API may wait for an integration, in milliseconds.
const TIMEOUTS: std::ops::RangeInclusive<i64> = 50..=30_000;

/// The parts of an HTTP API.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::resources::api) struct HttpApi {
    /// The routes.
    pub(in crate::resources::api) routes: Vec<HttpRoute>,
    /// The authorizers by name: those of the document, and those of the gateway.
    pub(in crate::resources::api) authorizers: BTreeMap<String, Authorizer>,
    /// Cross-origin resource sharing.
    pub(in crate::resources::api) cors: Option<Cors>,
}

/// A route of an HTTP API. Its texts may contain the tokens of placeholders.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::resources::api) struct HttpRoute {
    /// The route key: `GET /items/{id}`, `ANY /files/{proxy+}` or `$default`.
    pub(in crate::resources::api) key: String,
    /// What the route invokes.
    pub(in crate::resources::api) target: Target,
    /// Who may send the request.
    pub(in crate::resources::api) authorization: Authorization,
    /// How long API Gateway waits for an answer, in milliseconds. `None` for the default of the gateway.
    pub(in crate::resources::api) timeout_ms: Option<i64>,
    /// The payload format, `1.0` or `2.0`. `None` for the default of the gateway.
    pub(in crate::resources::api) payload_format: Option<String>,
}

/// What a route invokes.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::resources::api) enum Target {
    /// A function of this API.
    Function(FunctionId),
    /// Any other integration, as `x-amazon-apigateway-integration` describes it: another function, an HTTP endpoint, a VPC
    /// link, or an AWS service.
    Integration(Value),
}

/// The HTTP API that a document defines.
pub(super) fn api(
    document: &Value,
    operations: &[Operation],
    context: &Context<'_>,
    problems: &mut Problems,
) -> HttpApi {
    refuse_extensions(document.as_object(), &Place::root(), problems);
    for (path, item) in object(document, "paths").into_iter().flatten() {
        refuse_extensions(item.as_object(), &Place::root().key("paths").key(path), problems);
    }
    let ats = all(document);
    let routes = ats.iter().zip(operations).filter_map(|(at, operation)| route(at, operation, context, problems));
    let routes = routes.collect();
    let used: BTreeSet<&str> =
        operations.iter().flat_map(|it| &it.authorization.authorizers).map(String::as_str).collect();
    let mut authorizers = context.settings.authorizers.clone();
    for (name, scheme) in schemes(document).into_iter().flatten().filter(|(name, _)| used.contains(name.as_str())) {
        let Some(definition) = object(scheme, AUTHORIZER) else { continue };
        let place = match document.get("swagger") {
            Some(_) => Place::root().key("securityDefinitions"),
            None => Place::root().key("components").key("securitySchemes"),
        };
        if let Some(authorizer) = authorizer(definition, scheme, &place.key(name).key(AUTHORIZER), problems) {
            authorizers.insert(name.clone(), authorizer);
        }
    }
    let cors = object(document, "x-amazon-apigateway-cors").map(cors);
    HttpApi { routes, authorizers, cors: cors.or_else(|| context.settings.cors.clone()) }
}

fn refuse(what: &str, place: &Place, fix: &str, problems: &mut Problems) {
    let detail = format!(
        "{what} at {place}: HTTP APIs do not support it. {fix}, and remove it from the document; or set \
         gateway.protocol = \"rest\"."
    );
    problems.error("Unsupported in an HTTP API", detail);
}

fn refuse_extensions(entries: Option<&Map<String, Value>>, place: &Place, problems: &mut Problems) {
    for (name, fix) in UNSUPPORTED {
        if entries.is_some_and(|entries| entries.contains_key(name)) {
            refuse(name, &place.key(name), fix, problems);
        }
    }
}

fn route(
    at: &OperationAt<'_>,
    operation: &Operation,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<HttpRoute> {
    refuse_extensions(Some(at.operation), &at.place, problems);
    let authorization = operation.authorization.clone();
    if authorization.api_key {
        refuse("An API key", &at.place.key("security"), "Use an authorizer", problems);
    }
    if authorization.authorizers.len() + usize::from(authorization.iam) > 1 {
        let detail = format!(
            "{} at {} has several security requirements: {}. A route of an HTTP API has at most one of IAM authorization, a \
             Lambda authorizer and a JWT authorizer. Keep one of them.",
            at.title(),
            at.place.key("security"),
            quoted(authorization.authorizers.iter().map(String::as_str).chain(authorization.iam.then_some("IAM")))
        );
        problems.error("Unsupported in an HTTP API", detail);
    }
    let place = at.place.key(INTEGRATION);
    let integration = at.integration();
    let timeout = integration.and_then(|it| it.get("timeoutInMillis"));
    let timeout_ms = timeout.map(|given| timeout_of(given, &place, problems));
    let format = integration.and_then(|it| it.get("payloadFormatVersion")).map(spelled_version);
    if let Some(format) = format.as_deref().filter(|format| !["1.0", "2.0"].contains(format)) {
        let detail = format!("payloadFormatVersion at {place} is {format:?}. Use \"1.0\" or \"2.0\".");
        problems.error("Invalid integration", detail);
    }
    let target = match integration {
        Some(integration) if !is_incomplete(integration) => target(integration, operation, &place, problems)?,
        _ => Target::Function(operation.function.clone()?),
    };
    Some(HttpRoute {
        key: route_key(at, problems)?,
        target,
        authorization,
        timeout_ms: timeout_ms.unwrap_or(context.settings.timeout_ms),
        payload_format: format,
    })
}

/// The key of a route. `/$default` with the method ANY is the default route.
fn route_key(at: &OperationAt<'_>, problems: &mut Problems) -> Option<String> {
    if at.path != "/$default" {
        return Some(format!("{} {}", at.method, at.path));
    }
    if at.method == "ANY" {
        return Some("$default".to_owned());
    }
    let detail = format!(
        "{} at {}: the default route has no method. Write x-amazon-apigateway-any-method.",
        at.title(),
        at.place
    );
    problems.error("Invalid path", detail);
    None
}

fn timeout_of(given: &Value, place: &Place, problems: &mut Problems) -> Option<i64> {
    let timeout = given.as_i64().or_else(|| given.as_str()?.parse().ok());
    if !timeout.is_some_and(|timeout| TIMEOUTS.contains(&timeout)) {
        let detail = format!(
            "timeoutInMillis at {place} is {given}. An HTTP API waits from {} to {} milliseconds.",
            TIMEOUTS.start(),
            TIMEOUTS.end()
        );
        problems.error("Invalid integration", detail);
    }
    timeout
}

fn target(
    integration: &Map<String, Value>,
    operation: &Operation,
    place: &Place,
    problems: &mut Problems,
) -> Option<Target> {
    let text = |key: &str| integration.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = integration.get("type").map_or("aws_proxy", |kind| kind.as_str().unwrap_or_default());
    if !["aws_proxy", "http_proxy"].iter().any(|proxy| kind.eq_ignore_ascii_case(proxy)) {
        let fix = match kind.to_ascii_lowercase().as_str() {
            "mock" if operation.method == "OPTIONS" => "Set gateway.cors, with which API Gateway answers OPTIONS",
            "mock" => "Let the function answer",
            _ => "Use AWS_PROXY or HTTP_PROXY, which have no mapping templates",
        };
        refuse(&format!("The integration type {kind:?}"), place, fix, problems);
        return None;
    }
    if text("responseTransferMode").eq_ignore_ascii_case("stream") {
        refuse("Response streaming", &place.key("responseTransferMode"), "Use BUFFERED", problems);
    }
    let is_plain =
        kind.eq_ignore_ascii_case("aws_proxy") && integration.keys().all(|key| PLAIN.contains(&key.as_str()));
    match &operation.function {
        Some(function) if is_plain => Some(Target::Function(function.clone())),
        _ => {
            let mut integration = integration.clone();
            if let Some(version) = integration.get_mut("payloadFormatVersion") {
                *version = spelled_version(version).into();
            }
            Some(Target::Integration(Value::Object(integration)))
        }
    }
}

/// The authorizer that a security scheme defines.
fn authorizer(
    definition: &Map<String, Value>,
    scheme: &Value,
    place: &Place,
    problems: &mut Problems,
) -> Option<Authorizer> {
    let text = |key: &str| definition.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = text("type").unwrap_or_default();
    if kind.eq_ignore_ascii_case("jwt") {
        let jwt = definition.get("jwtConfiguration");
        let issuer = jwt.and_then(|jwt| jwt.get("issuer")).and_then(Value::as_str);
        let found = scheme.get("openIdConnectUrl").and_then(Value::as_str);
        let found = found.map(|url| url.trim_end_matches("/.well-known/openid-configuration"));
        let Some(issuer) = issuer.or(found) else {
            let detail = format!("{place} has no jwtConfiguration.issuer. Add the URL of the issuer.");
            problems.error("Incomplete authorizer", detail);
            return None;
        };
        return Some(Authorizer::Jwt {
            issuer: issuer.to_owned(),
            audiences: jwt.map(|jwt| texts(jwt.get("audience"))).unwrap_or_default(),
            algorithms: Vec::new(),
            header: text("identitySource").unwrap_or_else(|| "$request.header.Authorization".to_owned()),
        });
    }
    if !kind.eq_ignore_ascii_case("request") {
        let what = format!("The authorizer type {kind:?}");
        refuse(&what, &place.key("type"), "Use \"request\" for a function, or \"jwt\" for Amazon Cognito", problems);
        return None;
    }
    let uri = text("authorizerUri").unwrap_or_default();
    let ttl = definition.get("authorizerResultTtlInSeconds");
    let sources = text("identitySource").unwrap_or_default();
    let sources = sources.split(',').map(str::trim).filter(|source| !source.is_empty()).map(str::to_owned);
    let own = placeholders(&uri).iter().find_map(|placeholder| placeholder.function().cloned());
    Some(Authorizer::Request {
        lambda: own.map_or(Lambda::Arn(uri), Lambda::Own),
        identity_sources: sources.collect(),
        ttl_seconds: ttl.and_then(|ttl| ttl.as_i64().or_else(|| ttl.as_str()?.parse().ok())),
        role_arn: text("authorizerCredentials"),
        payload_format: definition.get("authorizerPayloadFormatVersion").map(spelled_version),
        simple_responses: definition.get("enableSimpleResponses").and_then(Value::as_bool).unwrap_or_default(),
    })
}

fn cors(cors: &Map<String, Value>) -> Cors {
    Cors {
        origins: texts(cors.get("allowOrigins")),
        methods: texts(cors.get("allowMethods")),
        headers: texts(cors.get("allowHeaders")),
        exposed_headers: texts(cors.get("exposeHeaders")),
        credentials: cors.get("allowCredentials").and_then(Value::as_bool).unwrap_or_default(),
        max_age_seconds: cors.get("maxAge").and_then(Value::as_i64),
    }
}

/// The texts of a list, or a single text.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
