//! API definitions: OpenAPI documents and route keys, as API Gateway needs them.
//!
//! [`definition`] turns a document or a list of routes into a [`Definition`]. For a REST API it contains one OpenAPI
//! document, which API Gateway imports; for an HTTP API it contains the routes. A document is processed in this order:
//!
//! 1. [`read`] parses JSON or YAML, and finds the version.
//! 2. [`references`] replaces references inside API Gateway extensions and at path items by their targets.
//! 3. [`variables`] replaces placeholders.
//! 4. [`convert`] converts OpenAPI 3.1 to 3.0 for a REST API.
//! 5. [`operations`] lists the operations and assigns a function to each.
//! 6. [`rest`] completes the document, or [`http`] makes routes of it.
//!
//! # Placeholders
//! A document is a template: its values differ by region. Placeholders are replaced in three places only, so that path
//! parameters, schemas and descriptions stay as they are:
//!
//! - in the values of `x-amazon-apigateway-*` extensions, except descriptions and documentation,
//! - in the URLs of `servers`,
//! - in the URLs of security schemes.
//!
//! `{region}`, `{account}`, `{partition}`, `{function}`, `{function.NAME}` and `{VARIABLE}` are placeholders; `${…}` means
//! the same. `${AWS::Region}`, `${AWS::AccountId}`, `${AWS::Partition}`, `${AWS::URLSuffix}`, `${NAME.Arn}` (the ARN of a
//! function's alias) and `${NAME}` (a function's name with its alias) have the meaning that they have in CloudFormation. The
//! CloudFormation functions `Fn::Sub`, `Fn::Join`, `Fn::GetAtt` and `Ref` are evaluated wherever they occur, in their long
//! form and as YAML tags.
//!
//! Four kinds of braces are no placeholders, and stay:
//!
//! - `{id}` in the `uri` of an integration, if `id` is a parameter of the path or `requestParameters` maps it,
//! - the declared variables of a server,
//! - `${stageVariables.x}`, `${context.x}`, `${request.x}` and `${response.x}`, which API Gateway evaluates, and the policy
//!   variables of IAM in a resource policy,
//! - braces of the Velocity Template Language: in a mapping template, only a known `{…}` and `${AWS::…}` are replaced.
//!
//! Any other placeholder is an error.

mod convert;
mod cors;
mod functions;
mod http;
mod operations;
mod plain;
mod problems;
mod read;
mod references;
mod rest;
mod security;
mod settings;
mod substitution;
mod template;
#[cfg(test)]
mod tests;
mod variables;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::wire::{Diagnostics, Path};

pub(in crate::resources::api) use cors::found as found_cors;
pub(in crate::resources::api) use http::{HttpApi, Target};
pub(in crate::resources::api) use operations::Operation;
pub(in crate::resources::api) use plain::{Route, default_paths};
pub(in crate::resources::api) use settings::{Authorization, Authorizer, Cors, Lambda, Settings};
pub(in crate::resources::api) use template::{FunctionId, Placeholder, Template};

use functions::Functions;
use problems::{Place, Problems};

/// The largest document that API Gateway imports, in bytes.
///
/// # Source
/// Amazon API Gateway developer guide, "Quotas for configuring and running a REST API".
const MAX_BYTES: usize = 6 * 1024 * 1024;

/// The kind of API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::resources::api) enum Protocol {
    /// A REST API, defined by a document.
    Rest,
    /// An HTTP API, defined by its routes.
    Http,
}

/// What an API is made from.
#[derive(Debug, Clone, Copy)]
pub(in crate::resources::api) enum Source<'a> {
    /// The text of an OpenAPI document, as JSON or YAML.
    Document(&'a str),
    /// Route keys.
    Routes(&'a [Route]),
}

/// What a definition depends on besides its source.
///
/// A text that is known only after apply is the [token](Placeholder::token) of a [`Placeholder::Value`].
#[derive(Debug, Clone, Copy)]
pub(in crate::resources::api) struct Context<'a> {
    /// The name of the API. It becomes the title of a document, because an import renames the API to the title.
    pub(in crate::resources::api) name: &'a str,
    /// The kind of API.
    pub(in crate::resources::api) protocol: Protocol,
    /// The region of the API.
    pub(in crate::resources::api) region: &'a str,
    /// The id of the AWS account.
    pub(in crate::resources::api) account: &'a str,
    /// The partition of the region.
    pub(in crate::resources::api) partition: &'a str,
    /// The names of the API's functions. An API without named functions has a single one without a name.
    pub(in crate::resources::api) functions: &'a [String],
    /// Whether the API has a function without a name beside them.
    pub(in crate::resources::api) has_unnamed_function: bool,
    /// The values of the user's own placeholders in this region, by name.
    pub(in crate::resources::api) variables: &'a BTreeMap<String, String>,
    /// The settings of the gateway. A document's own settings take precedence.
    pub(in crate::resources::api) settings: &'a Settings,
}

/// The definition of an API in one region.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::resources::api) struct Definition {
    /// What API Gateway needs to create the API.
    pub(in crate::resources::api) body: Body,
    /// The operations by path and method, with those that only answer CORS preflight requests.
    pub(in crate::resources::api) operations: Vec<Operation>,
    /// Warnings about the source.
    pub(in crate::resources::api) warnings: Diagnostics,
}

/// What API Gateway needs to create an API.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::resources::api) enum Body {
    /// The document of a REST API: OpenAPI 3.0, or Swagger 2.0 if that was the source. It has sorted keys and no
    /// insignificant spaces, so sources with the same meaning have the same document.
    Rest(Template),
    /// The parts of an HTTP API.
    Http(HttpApi),
}

/// Makes the definition of an API from its source.
///
/// # Errors
/// The mistakes in the source, at `gateway.openapi` or `gateway.routes`.
pub(in crate::resources::api) fn definition(
    source: Source<'_>,
    context: &Context<'_>,
) -> Result<Definition, Diagnostics> {
    match source {
        Source::Document(text) => from_document(text, context),
        Source::Routes(routes) => from_routes(routes, context),
    }
}

fn from_document(text: &str, context: &Context<'_>) -> Result<Definition, Diagnostics> {
    let mut problems = Problems::at(Path::of("gateway").attribute("openapi"));
    let Some((mut document, version)) = read::document(text, &mut problems) else { return Err(problems.into_errors()) };
    references::inline(&mut document, &mut problems);
    variables::replace(&mut document, context, &mut problems);
    if context.protocol == Protocol::Rest && version == read::Version::OpenApi31 {
        convert::to_openapi_30(&mut document, &mut problems);
    }
    finish(document, context, problems)
}

fn from_routes(routes: &[Route], context: &Context<'_>) -> Result<Definition, Diagnostics> {
    let mut problems = Problems::at(Path::of("gateway").attribute("routes"));
    match context.protocol {
        Protocol::Rest => {
            let document = plain::document(routes, context, &mut problems);
            finish(document, context, problems)
        }
        Protocol::Http => {
            let (api, operations) = plain::http_api(routes, context, &mut problems);
            conclude(Body::Http(api), operations, problems)
        }
    }
}

/// Makes the definition from a document without placeholders.
fn finish(mut document: Value, context: &Context<'_>, mut problems: Problems) -> Result<Definition, Diagnostics> {
    let functions = Functions::of(context);
    let mut operations = operations::list(&document, &functions, context, &mut problems);
    let body = match context.protocol {
        Protocol::Rest => {
            rest::check_paths(&document, &mut problems);
            rest::complete(&mut document, &mut operations, context, &mut problems);
            Body::Rest(rest::text(&document, &mut problems))
        }
        Protocol::Http => Body::Http(http::api(&document, &operations, context, &mut problems)),
    };
    conclude(body, operations, problems)
}

fn conclude(body: Body, operations: Vec<Operation>, problems: Problems) -> Result<Definition, Diagnostics> {
    if problems.has_errors() {
        return Err(problems.into_errors());
    }
    Ok(Definition { body, operations, warnings: problems.into_errors() })
}

/// The object at `key`, if there is one.
fn object<'a>(value: &'a Value, key: &str) -> Option<&'a serde_json::Map<String, Value>> {
    value.get(key).and_then(Value::as_object)
}
