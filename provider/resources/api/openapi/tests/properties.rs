//! Properties of every document.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::super::{Body, Protocol, Source, read};
use super::{Case, documents, http};

/// Keys with a meaning, so that random documents reach the code for them.
const KEYS: [&str; 36] = [
    "openapi",
    "paths",
    "/a",
    "/{id}",
    "/$default",
    "get",
    "options",
    "x-amazon-apigateway-any-method",
    "security",
    "tags",
    "x-amazon-apigateway-integration",
    "uri",
    "type",
    "$ref",
    "components",
    "securitySchemes",
    "schemas",
    "a",
    "schema",
    "anyOf",
    "properties",
    "const",
    "examples",
    "exclusiveMinimum",
    "content",
    "servers",
    "url",
    "variables",
    "Fn::Sub",
    "Ref",
    "Fn::Join",
    "requestTemplates",
    "requestParameters",
    "x-amazon-apigateway-authorizer",
    "x-amazon-apigateway-cors",
    "responses",
];

/// Texts with a meaning.
const TEXTS: [&str; 16] = [
    "{region}",
    "${AWS::Region}",
    "{",
    "${",
    "${!a}",
    "$!{a}",
    "{function}",
    "{id}",
    "a",
    "null",
    "mock",
    "aws_proxy",
    "3.1.0",
    "#/components/schemas/a",
    "#",
    "é{ü}",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        (-1.0e9..1.0e9).prop_map(Value::from),
        (0..TEXTS.len()).prop_map(|index| TEXTS[index].into()),
        "[ -~\\n\\té€😀]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec(((0..KEYS.len()), inner), 0..5).prop_map(|entries| {
                Value::Object(entries.into_iter().map(|(key, value)| (KEYS[key].to_owned(), value)).collect())
            }),
        ]
    })
}

fn document() -> impl Strategy<Value = Value> {
    let operation = prop::collection::vec((0..KEYS.len(), value()), 0..5);
    let version = prop_oneof![Just("3.0.1"), Just("3.1.0")];
    (
        version,
        prop::collection::vec((0..KEYS.len(), operation), 0..4),
        prop::collection::vec((0..KEYS.len(), value()), 0..4),
    )
        .prop_map(|(version, operations, rest)| {
            let object = |entries: Vec<(usize, Value)>| {
                Value::Object(entries.into_iter().map(|(key, value)| (KEYS[key].to_owned(), value)).collect())
            };
            let paths: Map<String, Value> = operations
                .into_iter()
                .map(|(key, operation)| (KEYS[key].to_owned(), serde_json::json!({"get": object(operation)})))
                .collect();
            let mut document = object(rest);
            document["openapi"] = version.into();
            document["paths"] = Value::Object(paths);
            document
        })
}

/// A value as JSON in which every object has its keys in reverse order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .rev()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), reversed(value)))
                .collect();
            format!("{{ {} }}", entries.join(",\n"))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(" , ")),
        other => other.to_string(),
    }
}

/// A value as YAML in block style.
fn yaml(value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(entries) if !entries.is_empty() => entries
            .iter()
            .map(|(key, value)| format!("\n{pad}{}: {}", Value::from(key.as_str()), yaml(value, indent + 2)))
            .collect(),
        Value::Array(items) if !items.is_empty() => {
            items.iter().map(|item| format!("\n{pad}- {}", yaml(item, indent + 2))).collect()
        }
        other => other.to_string(),
    }
}

fn text(case: &Case, source: &str) -> Result<String, String> {
    match case.define(Protocol::Rest, Source::Document(source)) {
        Ok(definition) => match definition.body {
            Body::Rest(template) => Ok(template.text().to_owned()),
            Body::Http(_) => panic!("an HTTP API"),
        },
        Err(errors) => Err(super::lines(&errors)),
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        for protocol in [Protocol::Rest, Protocol::Http] {
            let _ = Case::default().define(protocol, Source::Document(&text));
        }
    }

    #[test]
    fn no_document_panics_and_every_spelling_has_one_definition(document in document()) {
        let case = Case::with(&["a"]).variable("id", "7");
        let _ = case.define(Protocol::Http, Source::Document(&document.to_string()));
        let expected = text(&case, &document.to_string());
        prop_assert_eq!(&text(&case, &reversed(&document)), &expected);
        prop_assert_eq!(&text(&case, &yaml(&document, 0)), &expected);
        if let Ok(text) = expected {
            let parsed: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn json_and_yaml_are_read_alike(value in value()) {
        let expected = read::parse(&value.to_string()).unwrap();
        prop_assert_eq!(&read::parse(&yaml(&value, 0)).unwrap(), &expected);
        prop_assert_eq!(&read::parse(&reversed(&value)).unwrap(), &expected);
    }
}

#[test]
fn real_documents_are_stable() {
    for (case, source) in [(documents::velocity(), include_str!("velocity.yaml")), (Case::default(), documents::PLAIN)]
    {
        let read = read::parse(source).unwrap();
        let expected = text(&case, source).unwrap();
        assert_eq!(text(&case, &read.to_string()).unwrap(), expected);
        assert_eq!(text(&case, &reversed(&read)).unwrap(), expected);
    }
    let read = read::parse(http::HTTP).unwrap();
    assert_eq!(http::case().http(&reversed(&read)), http::case().http(http::HTTP));
}

#[test]
fn keys_are_sorted_and_there_are_no_spaces() {
    let found =
        text(&Case::default(), "openapi: 3.0.1\npaths: {/b: {get: {}}, /a: {get: {}}}\ninfo: {z: 1, a: 2}").unwrap();
    assert!(
        found.starts_with(r#"{"info":{"a":2,"title":"shop","version":"1","z":1},"openapi":"3.0.1","paths":{"/a":"#),
        "{found}"
    );
}

#[test]
fn numbers_are_read_alike() {
    for number in ["1", "-1", "0.5", "1.0", "1e3", "9007199254740993", "123456789012345678901234567890", "1.50", "-0"] {
        assert_eq!(read::parse(&format!("{{\"a\": {number}}}")), read::parse(&format!("a: {number}")), "{number}");
    }
}

#[test]
fn texts_that_yaml_versions_read_differently_stay_texts() {
    let found = read::parse("{a: no, b: on, c: 0755, d: 1_000, e: 2024-01-01, f: 12:30}").unwrap();
    assert!(found.as_object().unwrap().values().all(Value::is_string), "{found}");
}

#[test]
fn deep_documents_are_rejected() {
    for open in ["[", "{\"a\":"] {
        let text = open.repeat(100_000);
        assert!(read::parse(&text).is_err());
    }
    for (depth, is_accepted) in [(64, true), (65, false)] {
        let json = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let yaml = format!("{}1", "- ".repeat(depth));
        assert_eq!((read::parse(&json).is_ok(), read::parse(&yaml).is_ok()), (is_accepted, is_accepted), "{depth}");
    }
}
