//! The functions of an API, and the one that an operation invokes.

use serde_json::Value;

use super::operations::OperationAt;
use super::problems::{Problems, quoted, suggestion};
use super::template::{FunctionId, Placeholder};
use super::{Context, Place};

/// The extension that names the function of an operation, of a path or of the whole document.
pub(super) const FUNCTION: &str = "x-multiregion-function";

/// The functions of an API.
#[derive(Debug, Clone, Copy)]
pub(super) struct Functions<'a> {
    names: &'a [String],
    has_unnamed: bool,
}

impl<'a> Functions<'a> {
    pub(super) fn of(context: &Context<'a>) -> Self {
        Self { names: context.functions, has_unnamed: context.has_unnamed_function }
    }

    /// The function without a name, or else the only one. `None` if there are several.
    pub(super) fn single(&self) -> Option<FunctionId> {
        match self.names {
            _ if self.has_unnamed => Some(FunctionId::Single),
            [] => Some(FunctionId::Single),
            [name] => Some(FunctionId::Named(name.clone())),
            _ => None,
        }
    }

    /// The function of this name.
    pub(super) fn named(&self, name: &str) -> Option<FunctionId> {
        self.names.iter().any(|known| known == name).then(|| FunctionId::Named(name.to_owned()))
    }

    /// The names of the functions, for a diagnostic.
    pub(super) fn known(&self, given: &str) -> String {
        if self.names.is_empty() {
            return "The API has a single function without a name, which is {function}.".to_owned();
        }
        let names = || self.names.iter().map(String::as_str);
        format!("The functions of the API are {}.{}", quoted(names()), suggestion(given, names()))
    }

    /// The function that an operation without an integration invokes.
    ///
    /// The first of these decides: `x-multiregion-function` of the operation, its path or the document; an `operationId`,
    /// a tag, or a first path segment that is the name of a function; the function without a name; the only function.
    pub(super) fn choose(&self, at: &OperationAt<'_>, root: &Value, problems: &mut Problems) -> Option<FunctionId> {
        match self.explicit(at, root, problems) {
            Ok(None) => {}
            Ok(found) => return found,
            Err(Reported) => return None,
        }
        let texts = |key: &str| at.operation.get(key).and_then(Value::as_array).into_iter().flatten();
        let id = at.operation.get("operationId").and_then(Value::as_str);
        let tags = texts("tags").filter_map(Value::as_str);
        let segment = at.path.split('/').nth(1);
        let candidates = id.into_iter().chain(tags).chain(segment);
        let found = candidates.filter_map(|name| self.named(name)).next().or_else(|| self.single());
        if found.is_none() {
            let detail = format!(
                "No function matches {} at {}. {} Give the operation {FUNCTION:?}, or a function's name as its operationId, as \
                 one of its tags, or as the first segment of its path.",
                at.title(),
                at.place,
                self.known(id.or(segment).unwrap_or_default())
            );
            problems.error("Operation without a function", detail);
        }
        found
    }

    /// The function that `x-multiregion-function` names.
    pub(super) fn explicit(
        &self,
        at: &OperationAt<'_>,
        root: &Value,
        problems: &mut Problems,
    ) -> Result<Option<FunctionId>, Reported> {
        let path = Place::root().key("paths").key(at.path);
        let item = root.pointer("/paths").and_then(|paths| paths.get(at.path));
        let places = [
            (at.operation.get(FUNCTION), at.place.clone()),
            (item.and_then(|item| item.get(FUNCTION)), path),
            (root.get(FUNCTION), Place::root()),
        ];
        let Some((given, place)) = places.into_iter().find_map(|(given, place)| Some((given?, place))) else {
            return Ok(None);
        };
        let name = given.as_str().unwrap_or_default();
        let unnamed = (given.is_null() && self.has_unnamed).then_some(FunctionId::Single);
        match unnamed.or_else(|| self.named(name)) {
            Some(found) => Ok(Some(found)),
            None => {
                let detail = format!(
                    "{} is {given}, which is no function of the API. {} Correct the name, or remove {FUNCTION:?}.",
                    place.key(FUNCTION),
                    self.known(name)
                );
                problems.error("Unknown function", detail);
                Err(Reported)
            }
        }
    }
}

/// A mistake that a diagnostic describes.
#[derive(Debug)]
pub(super) struct Reported;

/// The URI with which a REST API invokes a function.
///
/// # Source
/// Amazon API Gateway developer guide, "Set up a Lambda proxy integration with payload response streaming".
pub(super) fn invocation_uri(function_arn: &str, streams: bool, context: &Context<'_>) -> String {
    let (version, operation) =
        if streams { ("2021-11-15", "response-streaming-invocations") } else { ("2015-03-31", "invocations") };
    format!(
        "arn:{}:apigateway:{}:lambda:path/{version}/functions/{function_arn}/{operation}",
        context.partition, context.region
    )
}

/// Whether a URI is the ARN of a function, not of an invocation.
pub(super) fn is_function_arn(uri: &str) -> bool {
    let is_token = |token: &str| token.starts_with("${multiregion:arn:") && !token.trim_end_matches('}').contains('}');
    let is_arn = |uri: &str| {
        let mut parts = uri.split(':');
        parts.next() == Some("arn") && parts.nth(1) == Some("lambda") && parts.nth(2) == Some("function")
    };
    is_token(uri) || is_arn(uri)
}

/// The token of a function's ARN.
pub(super) fn arn_token(function: &FunctionId) -> String {
    Placeholder::FunctionArn(function.clone()).token()
}
