//! Documents that are rejected, with the diagnostic of each.

use super::super::Protocol;
use super::{Case, with_get};

fn rest(text: &str) -> String {
    Case::with(&["orders", "users"]).mistakes(Protocol::Rest, text)
}

#[test]
fn documents_that_are_no_openapi() {
    insta::assert_snapshot!(rest("openapi: 3.0.1\npaths: [}"), @"Unreadable OpenAPI document: The document is neither JSON nor YAML: mismatched bracket '[' closed by '}' at line 2, column 8. Correct the document.");
    insta::assert_snapshot!(rest("{\"openapi\": \"3.0.1\",\n \"paths\": {\"/\": }}"), @r#"No operations: The document has no operation, and API Gateway deploys no API without one. Add an operation to "paths"."#);
    insta::assert_snapshot!(rest(""), @r#"Not an OpenAPI document: The document is empty, not an object with "openapi" and "paths"."#);
    insta::assert_snapshot!(rest("hello"), @r#"Not an OpenAPI document: The document is a string, not an object with "openapi" and "paths"."#);
    insta::assert_snapshot!(rest("Resources: {}\nAWSTemplateFormatVersion: '2010-09-09'"), @r#"Not an OpenAPI document: The document has neither "openapi" nor "swagger"; its keys are "AWSTemplateFormatVersion", "Resources". Begin an OpenAPI document with openapi: "3.0.1"."#);
    insta::assert_snapshot!(rest("openapi: 3.2.0\npaths: {}"), @r#"Unsupported OpenAPI version: The document has openapi "3.2.0". Supported are OpenAPI 3.0 and 3.1, and Swagger 2.0. Convert the document to OpenAPI 3.0."#);
    insta::assert_snapshot!(rest("swagger: '1.2'\npaths: {}"), @r#"Unsupported OpenAPI version: The document has swagger "1.2". Supported are OpenAPI 3.0 and 3.1, and Swagger 2.0. Convert the document to OpenAPI 3.0."#);
    insta::assert_snapshot!(rest("openapi: 3.0.1\npaths: []"), @r#"Not an OpenAPI document: The document needs an object "paths" with the paths of the API; found a list. Add the paths, or set gateway.routes instead."#);
    insta::assert_snapshot!(rest("openapi: 3.0.1"), @r#"Not an OpenAPI document: The document needs an object "paths" with the paths of the API; found no such key. Add the paths, or set gateway.routes instead."#);
    insta::assert_snapshot!(rest("openapi: 3.0.1\npaths: {}"), @r#"No operations: The document has no operation, and API Gateway deploys no API without one. Add an operation to "paths"."#);
    insta::assert_snapshot!(rest("{\"openapi\": \"3.0.1\", \"paths\": {}, \"paths\": {}}"), @r#"Unreadable OpenAPI document: The document is neither JSON nor YAML: the key "paths" occurs twice at line 1 column 46. Correct the document."#);
    insta::assert_snapshot!(rest("openapi: 3.0.1\npaths: {}\npaths: {}"), @"Unreadable OpenAPI document: The document is neither JSON nor YAML: duplicate mapping key: paths at line 3, column 1. Correct the document.");
    insta::assert_snapshot!(rest("openapi: 3.0.1\nx: ${multiregion:arn:a}"), @r#"Reserved text: The document contains "${multiregion:", which is reserved for the provider. Remove it."#);
}

#[test]
fn operations_without_a_function() {
    insta::assert_snapshot!(rest(&with_get("{\"operationId\": \"odrers\"}")), @r#"Operation without a function: No function matches GET / at #/paths/~1/get. The functions of the API are "orders", "users". Did you mean "orders"? Give the operation "x-multiregion-function", or a function's name as its operationId, as one of its tags, or as the first segment of its path."#);
    insta::assert_snapshot!(rest(&with_get("{\"x-multiregion-function\": \"user\"}")), @r#"Unknown function: #/paths/~1/get/x-multiregion-function is "user", which is no function of the API. The functions of the API are "orders", "users". Did you mean "users"? Correct the name, or remove "x-multiregion-function"."#);
    insta::assert_snapshot!(Case::default().mistakes(Protocol::Rest, &with_get("{\"x-multiregion-function\": \"user\"}")), @r#"Unknown function: #/paths/~1/get/x-multiregion-function is "user", which is no function of the API. The API has a single function without a name, which is {function}. Correct the name, or remove "x-multiregion-function"."#);
    let both = "{\"x-multiregion-function\": \"users\", \"x-amazon-apigateway-integration\": {\"type\": \"mock\"}}";
    insta::assert_snapshot!(rest(&with_get(both)), @r#"Two integrations of one operation: GET / at #/paths/~1/get has an integration of its own and "x-multiregion-function" "users". Remove one of them, or remove the uri of the integration."#);
}

#[test]
fn references_that_lead_nowhere() {
    for (reference, reason) in [
        ("#/components/x-amazon-apigateway-integrations/no", "the document has no such value"),
        ("other.yaml#/a", "it leads to another file"),
        ("#/paths/~1/get/x-amazon-apigateway-integration", "it leads to itself, or to too many other references"),
    ] {
        let found = rest(&with_get(&format!("{{\"x-amazon-apigateway-integration\": {{\"$ref\": \"{reference}\"}}}}")));
        assert!(found.starts_with("Unresolved reference: The reference"), "{found}");
        assert!(found.contains(reason) && found.contains("#/paths/~1/get/x-amazon-apigateway-integration"), "{found}");
    }
}

#[test]
fn paths_that_rest_apis_do_not_accept() {
    let paths = |paths: &str| Case::default().mistakes(Protocol::Rest, &format!("openapi: 3.0.1\npaths: {{{paths}}}"));
    for (path, reason) in [
        ("items", "does not begin with a slash"),
        ("/items{id}", "contains a variable beside other text"),
        ("/{a+}/b", "is greedy, but not the last one"),
        ("/{}", "is not a variable"),
        ("/a~b", "has characters that REST APIs do not accept"),
        ("/$default", "exists only in HTTP APIs"),
    ] {
        let found = paths(&format!("'{path}': {{get: {{}}}}"));
        assert!(found.starts_with("Invalid path: ") && found.contains(reason), "{path}: {found}");
        assert_eq!(found.lines().count(), 1, "{path}: {found}");
    }
    insta::assert_snapshot!(paths("'/a/{id}': {get: {}}, '/a/{itemId}/b': {get: {}}"), @r#"Invalid path: A REST API has at most one variable segment below each path, and below "/a/" there are {id} and {itemId}. Use one name for all of them."#);
    for accepted in ["/", "/a/{id}", "/a/{id}/{rest+}", "/v1.0/a-b_c:d,e", "/a/"] {
        assert_eq!(paths(&format!("'{accepted}': {{get: {{}}}}")), "", "{accepted}");
    }
    assert!(paths("/a: {trace: {}, get: {}}").starts_with("Unsupported method: #/paths/~1a/trace"));
}

#[test]
fn settings_that_no_document_can_hold() {
    let mut case = Case::default();
    case.settings.policy_json = Some("{".to_owned());
    insta::assert_snapshot!(case.mistakes(Protocol::Rest, &with_get("{}")), @"Invalid resource policy: The resource policy of the API is not JSON: EOF while parsing an object at line 1 column 1. Use jsonencode().");
    let large = with_get(&format!("{{\"description\": \"{}\"}}", "x".repeat(7_000_000)));
    insta::assert_snapshot!(Case::default().mistakes(Protocol::Rest, &large), @"OpenAPI document too large: The document has 7000275 bytes without insignificant spaces. API Gateway imports at most 6291456 bytes (6 MB). Remove descriptions and examples, or divide the API.");
}
