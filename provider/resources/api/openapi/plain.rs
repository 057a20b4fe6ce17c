//! Definitions that are made from route keys.
//!
//! A REST API has no `$default` route. Its place is taken by the method ANY of `/` and `/{proxy+}`. A REST API answers a
//! request for a path that has other methods, or only paths below it, without looking at `/{proxy+}`, so each of these
//! paths gets the method ANY, too.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Context;
use super::functions::{FUNCTION, Functions};
use super::http::{HttpApi, HttpRoute, Target};
use super::operations::{Operation, key_of, method};
use super::problems::{Problems, quoted};
use super::references::ANY_METHOD;
use super::security::{API_KEY, api_key_scheme, schemes_mut};
use super::settings::{Authorization, Authorizer};
use super::template::FunctionId;
use super::variables::path_parameters;

/// A route of an API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::resources::api) struct Route {
    /// The route key: `$default`, or a method and a path such as `GET /items/{id}`.
    pub(in crate::resources::api) key: String,
    /// The name of the function. `None` for the only function of the API.
    pub(in crate::resources::api) function: Option<String>,
    /// The name of the authorizer, one of [`Settings::authorizers`](super::Settings::authorizers).
    pub(in crate::resources::api) authorizer: Option<String>,
    /// The scopes of which a token needs one.
    pub(in crate::resources::api) scopes: Vec<String>,
    /// Whether requests need an API key. REST only.
    pub(in crate::resources::api) api_key: bool,
}

/// A route whose names are resolved.
struct Known<'a> {
    path: &'a str,
    method: &'static str,
    function: FunctionId,
    /// The name of the authorizer, which is also its security scheme.
    scheme: Option<&'a str>,
    authorization: Authorization,
}

/// The document of a REST API, without integrations: `x-multiregion-function` names the functions.
pub(super) fn document(routes: &[Route], context: &Context<'_>, problems: &mut Problems) -> Value {
    let known: Vec<Known<'_>> = routes.iter().filter_map(|route| resolve(route, context, problems)).collect();
    let mut paths: Map<String, Value> = Map::new();
    for route in known.iter().filter(|route| route.path != "$default") {
        insert(&mut paths, route.path, route.method, operation(route, context));
    }
    if let Some(default) = known.iter().find(|route| route.path == "$default") {
        let all = default_paths(paths.keys().map(String::as_str));
        for path in all {
            let item = paths.entry(path).or_insert_with(|| json!({}));
            if let Some(item) = item.as_object_mut() {
                item.entry(ANY_METHOD).or_insert_with(|| operation(default, context));
            }
        }
    }
    let mut document = json!({"openapi": "3.0.1", "info": {"title": context.name, "version": "1"}, "paths": paths});
    if known.iter().any(|route| route.authorization.api_key)
        && let Some(schemes) = schemes_mut(&mut document)
    {
        schemes.insert(API_KEY.to_owned(), api_key_scheme());
    }
    document
}

/// The paths that answer for `$default`: `/`, `/{proxy+}`, each path with a route, and each path above one.
pub(in crate::resources::api) fn default_paths<'a>(paths: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = ["/".to_owned(), "/{proxy+}".to_owned()].into();
    for path in paths {
        let mut above = path;
        while !above.is_empty() && above != "/" {
            all.insert(above.to_owned());
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
    all
}

fn insert(paths: &mut Map<String, Value>, path: &str, method: &str, operation: Value) {
    let item = paths.entry(path).or_insert_with(|| json!({}));
    if let Some(item) = item.as_object_mut() {
        item.insert(key_of(method).to_owned(), operation);
    }
}

fn operation(route: &Known<'_>, context: &Context<'_>) -> Value {
    let mut requirement = Map::new();
    if let Some(name) = route.scheme {
        requirement.insert(name.to_owned(), route.authorization.scopes.clone().into());
    }
    if route.authorization.api_key {
        requirement.insert(API_KEY.to_owned(), json!([]));
    }
    let mut operation = json!({"responses": {"default": {"description": "The response of the function"}}});
    let Some(entries) = operation.as_object_mut() else { return operation };
    if !requirement.is_empty() {
        entries.insert("security".to_owned(), json!([requirement]));
    }
    let parameters: Vec<Value> = path_parameters(route.path)
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    if !parameters.is_empty() {
        entries.insert("parameters".to_owned(), parameters.into());
    }
    match &route.function {
        FunctionId::Named(name) => drop(entries.insert(FUNCTION.to_owned(), name.clone().into())),
        // The path may begin with the name of another function.
        FunctionId::Single if !context.functions.is_empty() => drop(entries.insert(FUNCTION.to_owned(), Value::Null)),
        FunctionId::Single => {}
    }
    operation
}

/// The routes of an HTTP API, and its operations.
pub(super) fn http_api(routes: &[Route], context: &Context<'_>, problems: &mut Problems) -> (HttpApi, Vec<Operation>) {
    let known: Vec<Known<'_>> = routes.iter().filter_map(|route| resolve(route, context, problems)).collect();
    for route in routes.iter().filter(|route| route.api_key) {
        let detail = format!(
            "The route {:?} requires an API key, which HTTP APIs do not support. Set gateway.protocol = \"rest\", or remove \
             the requirement.",
            route.key
        );
        problems.error("Unsupported in an HTTP API", detail);
    }
    let operations = known.iter().map(|route| Operation {
        path: if route.path == "$default" { "/$default".to_owned() } else { route.path.to_owned() },
        method: route.method,
        operation_id: None,
        function: Some(route.function.clone()),
        authorization: route.authorization.clone(),
    });
    let operations: Vec<Operation> = operations.collect();
    let http = known.iter().map(|route| HttpRoute {
        key: if route.path == "$default" { route.path.to_owned() } else { format!("{} {}", route.method, route.path) },
        target: Target::Function(route.function.clone()),
        authorization: route.authorization.clone(),
        timeout_ms: context.settings.timeout_ms,
        payload_format: None,
    });
    let (routes, settings) = (http.collect(), context.settings);
    (HttpApi { routes, authorizers: settings.authorizers.clone(), cors: settings.cors.clone() }, operations)
}

fn resolve<'a>(route: &'a Route, context: &Context<'_>, problems: &mut Problems) -> Option<Known<'a>> {
    let parsed = match route.key.split_once(' ') {
        None if route.key == "$default" => Some(("ANY", "$default")),
        Some((name, path)) if path.starts_with('/') => method(name).map(|method| (method, path)),
        _ => None,
    };
    let Some((method, path)) = parsed else {
        let detail = format!(
            "{:?} is not a route key. Use \"$default\", or a method and a path, such as \"GET /items/{{id}}\".",
            route.key
        );
        problems.error("Invalid route key", detail);
        return None;
    };
    let functions = Functions::of(context);
    let function = match &route.function {
        Some(name) => functions.named(name),
        None => functions.single(),
    };
    if function.is_none() {
        let name = route.function.as_deref().unwrap_or_default();
        let detail = format!(
            "The route {:?} needs a function of the API; found {name:?}. {} Name one of them.",
            route.key,
            functions.known(name)
        );
        problems.error("Unknown function", detail);
    }
    let mut authorization =
        Authorization { scopes: route.scopes.clone(), api_key: route.api_key, ..Authorization::default() };
    if let Some(name) = &route.authorizer {
        let authorizer = context.settings.authorizers.get(name);
        if authorizer.is_none() {
            let known = quoted(context.settings.authorizers.keys().map(String::as_str));
            let detail = format!(
                "The route {:?} uses the authorizer {name:?}, which does not exist. The authorizers are: {known}. Correct the \
                 name, or add the authorizer.",
                route.key
            );
            problems.error("Unknown authorizer", detail);
        }
        authorization.iam = authorizer == Some(&Authorizer::Iam);
        if !authorization.iam {
            authorization.authorizers.push(name.clone());
        }
    }
    Some(Known { path, method, function: function?, scheme: route.authorizer.as_deref(), authorization })
}
