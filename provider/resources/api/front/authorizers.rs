//! The authorizers of an HTTP API, and the authorization of the routes of an OpenAPI document.

use std::collections::BTreeMap;

use crate::components::apigateway::authorizer::{self, Authorizer, Jwt, Lambda};
use crate::components::apigateway::http_api::{self, HttpApi};
use crate::components::apigateway::route::Authorization;
use crate::components::lambda::alias::{self, Alias};
use crate::components::lambda::permission::Permission;
use crate::desired::{Address, Handle, Input};
use crate::resources::api::config::{self, AuthorizerKind};
use crate::resources::api::definition::{self, Place};
use crate::resources::api::expand::Draft;
use crate::resources::api::openapi::{self, Body, FunctionId};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function::{self as functions, Authorizers, Deployed, PayloadFormat};
use crate::resources::shared::inputs::{attr, attrs, input, inputs, maybe};
use crate::schema::{Attr, Texts};
use crate::wire::Path;

/// The authorizers of an API and the authorization of its routes.
pub(super) struct Added {
    /// The authorizers by name.
    pub(super) authorizers: Authorizers,
    /// The authorization of the routes of the OpenAPI document, by their keys. Empty without a document.
    pub(super) authorizations: BTreeMap<String, Authorization>,
}

/// A function with the permission of the API to call it.
pub(super) type Permitted<'a> = (&'a Deployed, Handle<Permission>);

/// Adds the authorizers of the HTTP API of `region`, which may call `functions`.
pub(super) fn add(draft: &mut Draft<'_>, region: &str, api: &Handle<HttpApi>, functions: &[Permitted<'_>]) -> Added {
    let place = Place { region, account: draft.context.account_id, partition: draft.context.partition };
    // The mistakes of a definition are found before the expansion.
    let made = definition::of_shape(draft.shape, draft.config, place).ok();
    let made = made.and_then(|made| if let Body::Http(made) = made.body { Some(made) } else { None });
    let mut authorizers = Authorizers::new();
    for (name, one) in made.iter().flat_map(|made| &made.authorizers) {
        if *one == openapi::Authorizer::Iam {
            authorizers.insert(name.clone(), functions::Authorizer::Iam);
            continue;
        }
        let Some(spec) = spec(draft, (region, name), api, one, functions) else { continue };
        let is_jwt = spec.jwt.is_some();
        let attribute = Path::of("gateway").attribute("authorizers").key(name);
        let added = draft.desired.add(Address::of::<Authorizer>(region).key(name), attribute, &spec);
        for (_, permission) in functions.iter().filter(|(function, _)| calls(one, function)) {
            // API Gateway must be allowed to call the function before a route uses the authorizer.
            draft.desired.order(&added, permission);
        }
        let id = added.output(authorizer::ID);
        let added = if is_jwt { functions::Authorizer::Jwt(id) } else { functions::Authorizer::Lambda(id) };
        authorizers.insert(name.clone(), added);
    }
    let has_document = !draft.shape.gateway.config.openapi().is_null();
    let routes = made.iter().filter(|_| has_document).flat_map(|made| &made.routes);
    let routes = routes.map(|route| (route.key.clone(), authorization(&route.authorization, &authorizers)));
    Added { authorizations: routes.collect(), authorizers }
}

fn authorization(given: &openapi::Authorization, authorizers: &Authorizers) -> Authorization {
    let scopes = given.scopes.iter().map(|scope| Input::from(scope.as_str())).collect();
    match given.authorizers.first() {
        None if given.iam => Authorization::Iam,
        None => Authorization::Open,
        Some(name) => match authorizers.get(name) {
            Some(authorizer) => authorizer.authorize(scopes),
            None => Authorization::Lambda { authorizer_id: Input::Unknown },
        },
    }
}

/// Whether an authorizer calls `function`.
fn calls(authorizer: &openapi::Authorizer, function: &Deployed) -> bool {
    match authorizer {
        openapi::Authorizer::Request { lambda: openapi::Lambda::Own(id), .. } => is_named(function, id),
        _ => false,
    }
}

fn is_named(function: &Deployed, id: &FunctionId) -> bool {
    match id {
        FunctionId::Single => function.code.name.is_none(),
        FunctionId::Named(name) => function.code.name.as_ref() == Some(name),
    }
}

/// The settings of an authorizer; `None` for a kind that an HTTP API does not have.
fn spec(
    draft: &Draft<'_>,
    (region, name): (&str, &str),
    api: &Handle<HttpApi>,
    one: &openapi::Authorizer,
    functions: &[Permitted<'_>],
) -> Option<authorizer::Spec> {
    let given = draft.shape.gateway.authorizers.get(name);
    // A document may define an authorizer of the same name.
    let given = given
        .filter(|given| definition::authorizer(given, (region, draft.shape.gateway.protocol)).as_ref() == Some(one));
    let mut spec = authorizer::Spec {
        api_id: api.output(http_api::ID),
        name: name.to_owned(),
        kind: authorizer::REQUEST.to_owned(),
        identity_sources: Vec::new(),
        jwt: None,
        lambda: None,
    };
    match one {
        openapi::Authorizer::Jwt { issuer, audiences, header, .. } => {
            authorizer::JWT.clone_into(&mut spec.kind);
            let source = given.map(|given| header_source(&input(given.header())));
            spec.identity_sources = vec![source.unwrap_or_else(|| header.as_str().into())];
            spec.jwt = Some(Jwt {
                issuer: given.map_or_else(|| issuer.as_str().into(), |given| required(given.issuer())),
                audiences: given.map_or_else(|| known(audiences), |given| inputs(given.audiences())),
            });
        }
        openapi::Authorizer::Request {
            lambda,
            identity_sources,
            ttl_seconds,
            role_arn,
            payload_format,
            simple_responses,
        } => {
            spec.identity_sources = match given {
                Some(given) if given.identity_sources().is_null() => vec![header_source(&input(given.header()))],
                Some(given) => inputs(given.identity_sources()),
                None => known(identity_sources),
            };
            let function_arn = match lambda {
                openapi::Lambda::Arn(uri) => {
                    let is_open = given.is_some_and(|given| given.function_arn().is_unknown());
                    if is_open { Input::Unknown } else { authorizer::function_in(uri).into() }
                }
                openapi::Lambda::Own(id) => {
                    let own = functions.iter().find(|(function, _)| is_named(function, id));
                    own.map_or(Input::Unknown, |(function, _)| function.alias.output(alias::ARN))
                }
            };
            let ttl = given.map(|given| input(given.cache_seconds()));
            spec.lambda = Some(Lambda {
                function_arn,
                payload_format: payload_format.clone().unwrap_or_else(|| authorizer::PAYLOAD_FORMAT.to_owned()),
                simple_responses: *simple_responses,
                ttl_seconds: ttl.unwrap_or_else(|| Input::Known(ttl_seconds.unwrap_or(DEFAULT_TTL_SECONDS))),
                role_arn: role_arn.as_deref().map(Input::from),
            });
        }
        openapi::Authorizer::Token { .. } | openapi::Authorizer::Cognito { .. } | openapi::Authorizer::Iam => {
            return None;
        }
    }
    Some(spec)
}

/// How long API Gateway caches a result when a document does not set it, in seconds.
const DEFAULT_TTL_SECONDS: i64 = 300;

fn required(text: &Attr<String>) -> Input<String> {
    maybe(text).unwrap_or(Input::Unknown)
}

fn known(texts: &[String]) -> Vec<Input<String>> {
    texts.iter().map(|text| text.as_str().into()).collect()
}

/// The identity source of a header.
fn header_source(header: &Input<String>) -> Input<String> {
    header
        .known()
        .map_or(Input::Unknown, |header| Input::Known(definition::header_source(header, config::Protocol::Http)))
}

/// The attribute `gateway.authorizers`, read from the authorizers of the first of `regions`; null without any.
pub(super) fn imported(
    found: &FoundComponents<'_>,
    regions: &[String],
) -> Attr<BTreeMap<String, Attr<config::Authorizer>>> {
    let here = |address: &Address| address.scope.region() == regions.first().map(String::as_str);
    let all = found.all::<Authorizer>().into_iter().filter(|(address, _)| here(address));
    let all: BTreeMap<_, _> = all
        .filter_map(|(address, spec)| {
            let region = address.scope.region()?.to_owned();
            Some((address.key?, Attr::Known(imported_one(found, &region, &spec))))
        })
        .collect();
    if all.is_empty() { Attr::Null } else { Attr::Known(all) }
}

fn imported_one(found: &FoundComponents<'_>, region: &str, spec: &authorizer::Spec) -> config::Authorizer {
    let header = spec.identity_sources.first().and_then(|source| source.known()?.strip_prefix("$request.header."));
    let only = header.filter(|_| spec.identity_sources.len() == 1).map(str::to_owned);
    let sources: Attr<Texts> = if only.is_some() { Attr::Null } else { attrs(&spec.identity_sources) };
    let mut imported = config::Authorizer {
        kind: Attr::Known(AuthorizerKind::Jwt),
        header: only.into(),
        identity_sources: sources,
        ..config::Authorizer::default()
    };
    if let Some(jwt) = &spec.jwt {
        imported.issuer = attr(&jwt.issuer);
        imported.audiences = attrs(&jwt.audiences);
    }
    if let Some(lambda) = &spec.lambda {
        imported.kind = Attr::Known(AuthorizerKind::Request);
        let arn = lambda.function_arn.known().cloned().unwrap_or_default();
        match own_function(found, region, &arn) {
            Some(name) => imported.function = name.into(),
            None => imported.function_arn = Attr::Known(arn.replace(region, "{region}")),
        }
        imported.cache_seconds = attr(&lambda.ttl_seconds);
        imported.payload_format = PayloadFormat::parse(&lambda.payload_format).into();
        imported.simple_responses = Attr::Known(lambda.simple_responses);
    }
    imported
}

/// The key in `functions` of the function whose alias has this ARN; `Some(None)` for the one of `function`, and `None` for a
/// function of another resource.
pub(super) fn own_function(found: &FoundComponents<'_>, region: &str, arn: &str) -> Option<Option<String>> {
    let is_it = |address: &Address| {
        let arn_of = address.clone().typed::<Alias>().and_then(|at| found.output(&at, alias::ARN));
        address.scope.region() == Some(region) && arn_of.as_deref() == Some(arn)
    };
    found.all::<Alias>().into_iter().map(|(address, _)| address).find(is_it).map(|address| address.key)
}
