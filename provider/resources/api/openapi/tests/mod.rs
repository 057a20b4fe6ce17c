//! Tests of API definitions. The documents have the shapes of documents that people use with API Gateway.

#![expect(clippy::too_many_lines, reason = "tables of cases")]

mod conversion;
mod documents;
mod http;
mod mistakes;
mod placeholders;
mod properties;
mod routes;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Body, Context, Definition, HttpApi, Operation, Protocol, Settings, Source, definition};
use crate::wire::Diagnostics;

/// What the definitions of a test depend on.
#[derive(Debug, Clone, Default)]
struct Case {
    functions: Vec<String>,
    variables: BTreeMap<String, String>,
    settings: Settings,
}

impl Case {
    /// An API with these functions.
    fn with(functions: &[&str]) -> Self {
        Self { functions: functions.iter().map(ToString::to_string).collect(), ..Self::default() }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn define(&self, protocol: Protocol, source: Source<'_>) -> Result<Definition, Diagnostics> {
        let context = Context {
            name: "shop",
            protocol,
            region: "eu-west-1",
            account: "123456789012",
            partition: "aws",
            functions: &self.functions,
            has_unnamed_function: self.functions.is_empty(),
            variables: &self.variables,
            settings: &self.settings,
        };
        definition(source, &context)
    }

    /// The document of a REST API.
    #[track_caller]
    fn rest(&self, text: &str) -> Value {
        let definition = self.define(Protocol::Rest, Source::Document(text)).unwrap();
        document(&definition)
    }

    /// The parts of an HTTP API.
    #[track_caller]
    fn http(&self, text: &str) -> HttpApi {
        match self.define(Protocol::Http, Source::Document(text)).unwrap().body {
            Body::Http(api) => api,
            Body::Rest(_) => panic!("a REST API"),
        }
    }

    /// The summaries and details of the mistakes in a document, one per line.
    fn mistakes(&self, protocol: Protocol, text: &str) -> String {
        let found = match self.define(protocol, Source::Document(text)) {
            Ok(definition) => definition.warnings,
            Err(errors) => errors,
        };
        lines(&found)
    }
}

/// The diagnostics, one per line. Asserts that every detail is a complete sentence and every path the attribute.
fn lines(found: &Diagnostics) -> String {
    for diagnostic in found {
        assert!(diagnostic.detail.len() > 20 && diagnostic.detail.ends_with(['.', '?']), "{diagnostic}");
        assert!(["gateway.openapi", "gateway.routes"].contains(&diagnostic.path.to_string().as_str()), "{diagnostic}");
    }
    let line = |one: &crate::wire::Diagnostic| {
        let kind = if one.is_error() { "" } else { "warning: " };
        format!("{kind}{}: {}", one.summary, one.detail)
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The document of a REST API.
#[track_caller]
fn document(definition: &Definition) -> Value {
    match &definition.body {
        Body::Rest(template) => serde_json::from_str(template.text()).unwrap(),
        Body::Http(_) => panic!("an HTTP API"),
    }
}

/// The operations, one per line: method, path, function, and who may call it.
fn outline(operations: &[Operation]) -> String {
    let line = |it: &Operation| {
        let function = it.function.as_ref().map_or("-".to_owned(), |function| format!("{function:?}"));
        let mut line = format!("{} {} {function}", it.method, it.path);
        for (set, name) in [(it.authorization.iam, " iam"), (it.authorization.api_key, " key")] {
            line.push_str(if set { name } else { "" });
        }
        for name in &it.authorization.authorizers {
            line.push_str(&format!(" {name}{:?}", it.authorization.scopes));
        }
        line
    };
    operations.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A document with one operation, GET /, that has these keys.
fn with_get(keys: &str) -> String {
    format!("{{\"openapi\": \"3.0.1\", \"info\": {{}}, \"paths\": {{\"/\": {{\"get\": {keys}}}}}}}")
}
