//! The operations of a document.

use serde_json::{Map, Value};

use super::functions::{FUNCTION, Functions};
use super::problems::{Place, Problems};
use super::references::ANY_METHOD;
use super::settings::Authorization;
use super::template::{FunctionId, placeholders};
use super::{Context, object, security};

/// The extension that describes what an operation invokes.
pub(super) const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// The keys of operations, and the methods that they stand for, sorted by method.
const METHODS: [(&str, &str); 8] = [
    (ANY_METHOD, "ANY"),
    ("delete", "DELETE"),
    ("get", "GET"),
    ("head", "HEAD"),
    ("options", "OPTIONS"),
    ("patch", "PATCH"),
    ("post", "POST"),
    ("put", "PUT"),
];

/// An operation of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resources::api) struct Operation {
    /// The path: `/items/{id}`.
    pub(in crate::resources::api) path: String,
    /// The method in capitals, or `ANY`.
    pub(in crate::resources::api) method: &'static str,
    /// Its `operationId`.
    pub(in crate::resources::api) operation_id: Option<String>,
    /// The function of this API that it invokes. `None` for every other integration.
    pub(in crate::resources::api) function: Option<FunctionId>,
    /// Who may send the request.
    pub(in crate::resources::api) authorization: Authorization,
}

/// An operation in a document.
#[derive(Debug, Clone)]
pub(super) struct OperationAt<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'static str,
    pub(super) operation: &'a Map<String, Value>,
    pub(super) place: Place,
}

impl<'a> OperationAt<'a> {
    /// The operation, for a diagnostic: `GET /items`.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Its integration, if it has one.
    pub(super) fn integration(&self) -> Option<&'a Map<String, Value>> {
        self.operation.get(INTEGRATION).and_then(Value::as_object)
    }
}

/// The key of the operation for a method.
pub(super) fn key_of(method: &str) -> &'static str {
    METHODS.iter().find(|(_, name)| *name == method).map_or(ANY_METHOD, |(key, _)| key)
}

/// The method as a constant. `None` if it is no method of API Gateway.
pub(super) fn method(name: &str) -> Option<&'static str> {
    METHODS.iter().map(|(_, method)| *method).find(|method| *method == name)
}

/// The operations of a document, by path and method.
pub(super) fn all(document: &Value) -> Vec<OperationAt<'_>> {
    let mut found = Vec::new();
    for (path, item) in object(document, "paths").into_iter().flatten() {
        for (key, method) in METHODS {
            if let Some(operation) = object(item, key) {
                let place = Place::root().key("paths").key(path).key(key);
                found.push(OperationAt { path, method, operation, place });
            }
        }
    }
    found
}

/// Whether an integration does not say what it invokes, so that a function completes it.
pub(super) fn is_incomplete(integration: &Map<String, Value>) -> bool {
    let kind = integration.get("type").and_then(Value::as_str).unwrap_or("aws_proxy");
    kind.eq_ignore_ascii_case("aws_proxy")
        && ["uri", "integrationSubtype"].iter().all(|key| !integration.contains_key(*key))
}

/// Lists the operations of a document, with the function that each invokes.
pub(super) fn list(
    document: &Value,
    functions: &Functions<'_>,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Vec<Operation> {
    check_methods(document, problems);
    let all = all(document);
    if all.is_empty() {
        let detail =
            "The document has no operation, and API Gateway deploys no API without one. Add an operation to \"paths\".";
        problems.error("No operations", detail);
    }
    let operation = |at: OperationAt<'_>| Operation {
        path: at.path.to_owned(),
        method: at.method,
        operation_id: at.operation.get("operationId").and_then(Value::as_str).map(str::to_owned),
        function: invoked(&at, document, functions, problems),
        authorization: security::authorization(&at, document, context, problems),
    };
    all.into_iter().map(operation).collect()
}

fn invoked(
    at: &OperationAt<'_>,
    document: &Value,
    functions: &Functions<'_>,
    problems: &mut Problems,
) -> Option<FunctionId> {
    let Some(integration) = at.integration().filter(|integration| !is_incomplete(integration)) else {
        return functions.choose(at, document, problems);
    };
    if let Some(named) = at.operation.get(FUNCTION) {
        let detail = format!(
            "{} at {} has an integration of its own and {FUNCTION:?} {named}. Remove one of them, or remove the uri of the \
             integration.",
            at.title(),
            at.place
        );
        problems.error("Two integrations of one operation", detail);
    }
    let uri = integration.get("uri").and_then(Value::as_str)?;
    placeholders(uri).iter().find_map(|placeholder| placeholder.function().cloned())
}

fn check_methods(document: &Value, problems: &mut Problems) {
    for (path, item) in object(document, "paths").into_iter().flatten() {
        if item.get("trace").is_some() {
            let place = Place::root().key("paths").key(path).key("trace");
            let detail = format!("{place} is an operation for TRACE, which API Gateway does not support. Remove it.");
            problems.error("Unsupported method", detail);
        }
    }
}
