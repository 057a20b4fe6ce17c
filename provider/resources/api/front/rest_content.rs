//! The routes and authorizers of REST APIs that were found in AWS, read back from their methods.
//!
//! A method becomes a route. The methods that answer for `$default` become that route again. Methods without a function, such
//! as those that answer CORS preflight requests, are no routes.

use std::collections::{BTreeMap, BTreeSet};

use super::authorizers::own_function;
use crate::components::apigateway::rest_definition::{Content, FoundAuthorizer, FoundMethod, RestDefinition};
use crate::components::apigateway::rest_stage::RestStage;
use crate::resources::api::config::{self, AuthorizerKind};
use crate::resources::api::openapi::{default_paths, found_cors};
use crate::resources::shared::found::FoundComponents;
use crate::resources::shared::function::{self, AWS_IAM, Function};
use crate::resources::shared::inputs::list;
use crate::schema::Attr;

/// The name of a function in `functions`; `None` for `function`.
type Name = Option<String>;

/// What the REST API of the first region shows about the configuration.
pub(super) struct Routed {
    functions: BTreeMap<Name, Vec<FoundMethod>>,
    /// `gateway.authorizers`; null without any.
    pub(super) authorizers: Attr<BTreeMap<String, Attr<config::Authorizer>>>,
    /// `gateway.timeout_ms`.
    pub(super) timeout_ms: Attr<i64>,
    /// `gateway.rest.response_streaming`.
    pub(super) streams: bool,
    content: Content,
}

/// How long API Gateway waits for a function by default, in milliseconds.
const DEFAULT_TIMEOUT_MS: i64 = 29_000;

impl Routed {
    /// What the REST API of the first of `regions` shows; `None` when it was not searched.
    pub(super) fn of(found: &FoundComponents<'_>, regions: &[String]) -> Option<Self> {
        let region = regions.first()?;
        let content = found.regional::<RestDefinition>(region)?.content?;
        let mut functions: BTreeMap<Name, Vec<FoundMethod>> = BTreeMap::new();
        for method in &content.methods {
            let function = method.function_arn.as_ref().and_then(|arn| own_function(found, region, arn));
            if let Some(name) = function {
                functions.entry(name).or_default().push(method.clone());
            }
        }
        let routed = || functions.values().flatten();
        let timeout = routed().map(|method| method.timeout_ms).find(|timeout| *timeout != DEFAULT_TIMEOUT_MS);
        let authorizers = content.authorizers.iter();
        let authorizers: BTreeMap<_, _> = authorizers
            .filter_map(|(name, one)| Some((name.clone(), Attr::Known(authorizer(found, region, one)?))))
            .collect();
        Some(Self {
            timeout_ms: timeout.into(),
            streams: routed().any(|method| method.streams),
            authorizers: if authorizers.is_empty() { Attr::Null } else { Attr::Known(authorizers) },
            functions,
            content,
        })
    }

    /// The route keys of a function.
    pub(super) fn routes(&self, name: &Name) -> Vec<String> {
        let others = self.functions.iter().filter(|(other, _)| *other != name).flat_map(|(_, methods)| methods);
        let others: BTreeSet<&str> = others.map(|method| method.path.as_str()).collect();
        keys(self.functions.get(name).map(Vec::as_slice).unwrap_or_default(), &others)
    }

    /// `gateway.cors`; null if no setting leads to the answers of the API.
    pub(super) fn cors(&self) -> Attr<config::Cors> {
        let answers = self.content.sharing.as_ref();
        let found = answers
            .and_then(|answers| found_cors(&answers.headers, answers.template.as_deref(), &answers.error_headers));
        let attributes = found.map(|found| config::Cors {
            allow_origins: list(found.origins),
            allow_methods: list(found.methods),
            allow_headers: list(found.headers),
            expose_headers: list(found.exposed_headers),
            allow_credentials: Attr::Known(found.credentials),
            max_age_seconds: found.max_age_seconds.into(),
        });
        attributes.into()
    }

    /// The settings of the stage, with those that AWS holds for the API.
    pub(super) fn settings(&self, stage: config::Rest) -> config::Rest {
        config::Rest {
            binary_media_types: list(self.content.binary_media_types.clone()),
            minimum_compression_bytes: self.content.minimum_compression_bytes.into(),
            policy_json: self.content.policy_json.clone().into(),
            response_streaming: Attr::Known(self.streams),
            ..stage
        }
    }

    /// The function with the arguments that its routes show.
    pub(super) fn function(&self, found: &FoundComponents<'_>, name: &Name, function: Function) -> Function {
        let Some(first) = self.functions.get(name).and_then(|methods| methods.first()) else { return function };
        let routes = self.routes(name);
        let stages = found.all::<RestStage>();
        let throttle = stages.iter().find_map(|(_, stage)| {
            let limits = routes.iter().filter_map(|key| stage.methods.get(key)?.throttle.as_ref());
            limits.map(function::import::throttle).next()
        });
        let authorizer = if first.iam { Some(AWS_IAM.to_owned()) } else { first.authorizer.clone() };
        Function {
            // The routes of `function` are those of `gateway`.
            routes: if name.is_some() { list(routes) } else { Attr::Null },
            authorizer: authorizer.into(),
            authorization_scopes: list(first.scopes.clone()),
            api_key_required: if first.api_key { Attr::Known(true) } else { Attr::Null },
            throttle: throttle.into(),
            ..function
        }
    }
}

/// The route keys that have these methods. `others` are the paths of the routes of other functions.
fn keys(methods: &[FoundMethod], others: &BTreeSet<&str>) -> Vec<String> {
    let any = |path: &str| methods.iter().any(|one| one.method == "ANY" && one.path == path);
    let has_default = any("/") && any("/{proxy+}");
    let mut kept: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut maybe: Vec<&str> = Vec::new();
    for one in methods {
        match (has_default && one.method == "ANY", one.path.as_str()) {
            (true, "/" | "/{proxy+}") => {}
            (true, path) => maybe.push(path),
            (false, path) => drop(kept.insert((&one.method, path))),
        }
    }
    // A path that answers for `$default` has, or is above, another route. The longest paths come first.
    maybe.sort_by_key(|path| std::cmp::Reverse(path.len()));
    for path in maybe {
        if !default_paths(kept.iter().map(|(_, path)| *path).chain(others.iter().copied())).contains(path) {
            kept.insert(("ANY", path));
        }
    }
    let mut keys: Vec<String> = kept.into_iter().map(|(method, path)| format!("{method} {path}")).collect();
    if has_default {
        keys.insert(0, "$default".to_owned());
    }
    keys
}

fn authorizer(found: &FoundComponents<'_>, region: &str, one: &FoundAuthorizer) -> Option<config::Authorizer> {
    let kind = match one.kind.as_str() {
        "TOKEN" => AuthorizerKind::Token,
        "REQUEST" => AuthorizerKind::Request,
        "COGNITO_USER_POOLS" => AuthorizerKind::Cognito,
        "JWT" if one.jwt.is_some() => AuthorizerKind::Jwt,
        _ => return None,
    };
    let header = match &one.identity_sources[..] {
        [source] => source.strip_prefix("method.request.header.").map(str::to_owned),
        _ => None,
    };
    let identity_sources = if header.is_some() { Attr::Null } else { list(one.identity_sources.clone()) };
    let in_any_region = |arn: &String| arn.replace(region, "{region}");
    let mut imported = config::Authorizer {
        kind: Attr::Known(kind),
        header: header.into(),
        identity_sources,
        token_pattern: one.token_pattern.clone().into(),
        user_pool_arns: list(one.user_pool_arns.iter().map(in_any_region).collect()),
        ..config::Authorizer::default()
    };
    if let Some(jwt) = &one.jwt {
        imported.issuer = Attr::Known(jwt.issuer.clone());
        imported.audiences = list(jwt.audiences.clone());
    }
    if let Some(arn) = &one.function_arn {
        imported.cache_seconds = one.ttl_seconds.into();
        match own_function(found, region, arn) {
            Some(name) => imported.function = name.into(),
            None => imported.function_arn = Attr::Known(in_any_region(arn)),
        }
    }
    Some(imported)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(methods: &[&str]) -> Vec<String> {
        beside(methods, &[])
    }

    /// The routes of a function beside another one with these paths.
    fn beside(methods: &[&str], others: &[&str]) -> Vec<String> {
        let method = |key: &&str| {
            let (method, path) = key.split_once(' ').unwrap();
            FoundMethod {
                path: path.to_owned(),
                method: method.to_owned(),
                function_arn: None,
                timeout_ms: DEFAULT_TIMEOUT_MS,
                streams: false,
                iam: false,
                authorizer: None,
                scopes: Vec::new(),
                api_key: false,
            }
        };
        keys(&methods.iter().map(method).collect::<Vec<_>>(), &others.iter().copied().collect())
    }

    #[test]
    fn methods_become_routes() {
        assert_eq!(
            of(&["GET /items", "POST /items", "ANY /files/{path+}"]),
            ["ANY /files/{path+}", "GET /items", "POST /items"]
        );
        assert_eq!(of(&["ANY /", "GET /items"]), ["ANY /", "GET /items"], "without /{{proxy+}} it is no default");
    }

    #[test]
    fn the_methods_of_the_default_route_become_one_route() {
        assert_eq!(of(&["ANY /", "ANY /{proxy+}"]), ["$default"]);
        let all = ["ANY /", "ANY /{proxy+}", "GET /a/b/{id}", "ANY /a", "ANY /a/b", "ANY /a/b/{id}", "ANY /own"];
        assert_eq!(of(&all), ["$default", "ANY /own", "GET /a/b/{id}"]);
        let all = ["ANY /", "ANY /{proxy+}", "ANY /orders", "ANY /orders/{id}"];
        assert_eq!(
            beside(&all, &["/orders/{id}"]),
            ["$default"],
            "the paths of another function have the default, too"
        );
    }
}
