//! The definition of an API in one region: from `gateway.openapi`, or from the routes of the functions.

use std::collections::BTreeMap;

use super::config::{self, AuthorizerKind, Config, Protocol, Region};
use super::openapi::{
    self, Authorizer, Body, Context, Cors, Definition, FunctionId, Lambda, Placeholder, Route, Settings, Source,
};
use super::shape::Shape;
use crate::components::lambda::alias::{self, Alias};
use crate::desired::{Handle, Input};
use crate::resources::shared::function::{AWS_IAM, Code};
use crate::schema::{Attr, TextMap, Texts};
use crate::wire::Diagnostics;

/// Where an API is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The region.
    pub(super) region: &'a str,
    /// The id of the AWS account.
    pub(super) account: &'a str,
    /// The partition.
    pub(super) partition: &'a str,
}

/// The account in a definition that is made only to find mistakes and operations.
const ANY_ACCOUNT: &str = "123456789012";

impl<'a> Place<'a> {
    /// A place in `region` of any account.
    pub(super) fn anywhere(region: &'a str) -> Self {
        Self { region, account: ANY_ACCOUNT, partition: "aws" }
    }
}

/// The definition of the API of `config` at `place`. `functions` are the names of the functions, `routes` their routes.
///
/// # Errors
/// The mistakes in the document or in the routes.
pub(super) fn at(
    config: &Config,
    region: &Region,
    (functions, routes): (&[String], &[Route]),
    place: Place<'_>,
) -> Result<Definition, Diagnostics> {
    let gateway = config.gateway().unwrap_or_default();
    let variables = variables(&gateway, region);
    let settings = settings(&gateway, place.region);
    let context = Context {
        name: config.name().map_or("", String::as_str),
        protocol: match gateway.protocol() {
            Ok(Protocol::Rest) => openapi::Protocol::Rest,
            _ => openapi::Protocol::Http,
        },
        region: place.region,
        account: place.account,
        partition: place.partition,
        functions,
        has_unnamed_function: !config.function().is_null(),
        variables: &variables,
        settings: &settings,
    };
    let source = match gateway.openapi() {
        Attr::Known(text) => Source::Document(text),
        _ => Source::Routes(routes),
    };
    openapi::definition(source, &context)
}

/// The names of the functions of an API, for [`at`].
pub(super) fn names<'a>(functions: impl Iterator<Item = Option<&'a str>>) -> Vec<String> {
    functions.flatten().map(str::to_owned).collect()
}

/// The routes of functions, for [`at`].
pub(super) fn routes(functions: &[Code]) -> Vec<Route> {
    let route = |code: &Code, key: &String| Route {
        key: key.clone(),
        function: code.name.clone(),
        authorizer: code.config.authorizer().known().cloned(),
        scopes: list(code.config.authorization_scopes()),
        api_key: code.config.api_key_required().unwrap_or_default(),
    };
    functions.iter().flat_map(|code| code.routes.iter().map(move |key| route(code, key))).collect()
}

/// The definition of an API of this shape in one region.
///
/// # Errors
/// The mistakes in the document or in the routes.
pub(super) fn of_shape(shape: &Shape, config: &Config, place: Place<'_>) -> Result<Definition, Diagnostics> {
    let region = shape.regions.get(place.region).map(|region| region.config.clone()).unwrap_or_default();
    let names = names(shape.functions.iter().map(Code::key));
    at(config, &region, (&names, &routes(&shape.functions)), place)
}

/// The document of a REST API, and the values of its placeholders.
pub(super) fn document(
    definition: Definition,
    aliases: &BTreeMap<Option<String>, (String, Handle<Alias>)>,
) -> Option<(String, BTreeMap<String, Input<String>>)> {
    let Body::Rest(template) = definition.body else { return None };
    let value = |placeholder: &Placeholder| {
        let function = |id: &FunctionId| match id {
            FunctionId::Single => aliases.get(&None),
            FunctionId::Named(name) => aliases.get(&Some(name.clone())),
        };
        match placeholder {
            Placeholder::FunctionArn(id) => function(id).map(|(_, alias)| alias.output(alias::ARN)),
            Placeholder::FunctionName(id) => {
                function(id).map(|(name, _)| Input::Known(format!("{name}:{}", alias::LIVE)))
            }
            Placeholder::Value(_) => None,
        }
    };
    let values = template.placeholders().iter();
    let values = values.filter_map(|placeholder| Some((placeholder.token(), value(placeholder)?))).collect();
    Some((template.text().to_owned(), values))
}

/// The values of the user's placeholders. An unknown value is a value of its own, so that the document can be read.
fn variables(gateway: &config::Gateway, region: &Region) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for map in [gateway.openapi_variables(), region.openapi_variables()] {
        let values = map.known().into_iter().flatten();
        all.extend(values.map(|(key, value)| (key.clone(), value.known().cloned().unwrap_or_default())));
    }
    all
}

/// Whether a value that becomes part of the definition in `region` is unknown.
pub(super) fn is_open(gateway: &config::Gateway, region: &Region) -> bool {
    let is_open = |map: &Attr<TextMap>| match map {
        Attr::Unknown => true,
        Attr::Null => false,
        Attr::Known(map) => map.values().any(Attr::is_unknown),
    };
    let rest = gateway.rest().known();
    is_open(gateway.openapi_variables())
        || is_open(region.openapi_variables())
        || rest.is_some_and(|rest| rest.policy_json().is_unknown() || rest.binary_media_types().is_unknown())
        || gateway.rest().is_unknown()
        || gateway.cors().is_unknown()
        || gateway
            .authorizers()
            .known()
            .into_iter()
            .flatten()
            .any(|(_, one)| one.known().is_none_or(is_open_authorizer))
}

/// Whether a value of an authorizer is unknown that becomes part of a document.
fn is_open_authorizer(one: &config::Authorizer) -> bool {
    let lists = [one.identity_sources(), one.user_pool_arns(), one.audiences()];
    let is_open = |list: &Attr<Texts>| list.is_unknown() || list.known().into_iter().flatten().any(Attr::is_unknown);
    let texts = [one.function(), one.function_arn(), one.token_pattern(), one.issuer()];
    lists.into_iter().any(is_open)
        || texts.into_iter().any(Attr::is_unknown)
        || one.header().is_err()
        || one.cache_seconds().is_err()
}

fn settings(gateway: &config::Gateway, region: &str) -> Settings {
    let rest = gateway.rest().known().cloned().unwrap_or_default();
    let cors = gateway.cors().known().map(|cors| Cors {
        origins: list(cors.allow_origins()),
        methods: list(cors.allow_methods()),
        headers: list(cors.allow_headers()),
        exposed_headers: list(cors.expose_headers()),
        credentials: cors.allow_credentials().unwrap_or_default(),
        max_age_seconds: cors.max_age_seconds().known().copied(),
    });
    Settings {
        authorizers: authorizers(gateway, region),
        cors,
        binary_media_types: list(rest.binary_media_types()),
        minimum_compression_bytes: rest.minimum_compression_bytes().known().copied(),
        policy_json: rest.policy_json().known().cloned(),
        // Without a timeout of the user, the one of API Gateway applies, which differs between the kinds of API.
        timeout_ms: gateway.timeout_ms.known().copied(),
        streams: rest.response_streaming().unwrap_or_default(),
    }
}

fn authorizers(gateway: &config::Gateway, region: &str) -> BTreeMap<String, Authorizer> {
    let protocol = gateway.protocol().unwrap_or(Protocol::Http);
    let known = gateway.authorizers().known().into_iter().flatten();
    let known = known.filter_map(|(name, one)| Some((name.clone(), authorizer(one.known()?, (region, protocol))?)));
    [(AWS_IAM.to_owned(), Authorizer::Iam)].into_iter().chain(known).collect()
}

/// The identity source of a header.
pub(super) fn header_source(header: &str, protocol: Protocol) -> String {
    let prefix = if protocol == Protocol::Http { "$request" } else { "method.request" };
    format!("{prefix}.header.{header}")
}

/// An authorizer; `None` while its kind is unknown.
pub(super) fn authorizer(given: &config::Authorizer, (region, protocol): (&str, Protocol)) -> Option<Authorizer> {
    let header = given.header().unwrap_or_default();
    let at = |arn: &String| arn.replace("{region}", region);
    let lambda = || match (given.function_arn().known(), given.function().known()) {
        (Some(arn), _) => Lambda::Arn(at(arn)),
        (None, Some(name)) => Lambda::Own(FunctionId::Named(name.clone())),
        (None, None) => Lambda::Own(FunctionId::Single),
    };
    let ttl_seconds = given.cache_seconds().ok();
    Some(match given.kind().ok()? {
        AuthorizerKind::Token => Authorizer::Token {
            lambda: lambda(),
            header,
            validation: given.token_pattern().known().cloned(),
            ttl_seconds,
            role_arn: None,
        },
        AuthorizerKind::Request => Authorizer::Request {
            lambda: lambda(),
            identity_sources: match given.identity_sources() {
                Attr::Null => vec![header_source(&header, protocol)],
                given => list(given),
            },
            ttl_seconds,
            role_arn: None,
            payload_format: given.payload_format().known().map(|format| format.as_str().to_owned()),
            simple_responses: given.simple_responses().unwrap_or_default(),
        },
        AuthorizerKind::Cognito => {
            Authorizer::Cognito { user_pool_arns: list(given.user_pool_arns()).iter().map(at).collect(), header }
        }
        AuthorizerKind::Jwt => Authorizer::Jwt {
            issuer: given.issuer().known().cloned().unwrap_or_default(),
            audiences: list(given.audiences()),
            algorithms: Vec::new(),
            header: if protocol == Protocol::Http { header_source(&header, protocol) } else { header },
        },
        AuthorizerKind::Iam => Authorizer::Iam,
    })
}

/// The texts of a list that are known.
fn list(texts: &Attr<Texts>) -> Vec<String> {
    texts.known().into_iter().flatten().filter_map(|text| text.known().cloned()).collect()
}
