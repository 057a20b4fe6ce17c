//! Placeholders: where they are replaced, and where they are not.

use super::super::Protocol;
use super::{Case, with_get};

fn case() -> Case {
    Case::with(&["orders"]).variable("table", "orders-eu").variable("Table.Arn", "arn:table").variable("id", "7")
}

/// The value of `key` in the integration of `GET PATH`.
fn replaced(path: &str, integration: &str, pointer: &str) -> String {
    let text =
        format!("openapi: 3.0.1\npaths:\n  {path}:\n    get:\n      x-amazon-apigateway-integration: {integration}\n");
    let document = case().rest(&text);
    let found = document["paths"][path]["get"]["x-amazon-apigateway-integration"].pointer(pointer).cloned();
    found.unwrap().as_str().unwrap().to_owned()
}

#[test]
fn values_of_extensions_are_replaced() {
    for (given, expected) in [
        ("{region} {account} {partition}", "eu-west-1 123456789012 aws"),
        (
            "${AWS::Region} ${AWS::AccountId} ${AWS::Partition} ${AWS::URLSuffix}",
            "eu-west-1 123456789012 aws amazonaws.com",
        ),
        ("{table} ${table} ${Table.Arn}", "orders-eu orders-eu arn:table"),
        ("{function} {function.orders}", "${multiregion:arn:orders} ${multiregion:arn:orders}"),
        ("${orders.Arn} ${orders}", "${multiregion:arn:orders} ${multiregion:name:orders}"),
        ("${stageVariables.x} ${request.path.x} ${context.x}", "${stageVariables.x} ${request.path.x} ${context.x}"),
        ("{} {3} {\"a\": 1} { table } {", "{} {3} {\"a\": 1} { table } {"),
    ] {
        assert_eq!(
            replaced("/", &format!("{{type: http, credentials: '{given}'}}"), "/credentials"),
            expected,
            "{given}"
        );
    }
}

#[test]
fn parameters_of_the_path_stay_in_the_uri() {
    for (path, integration, expected) in [
        ("/a/{key}", "{type: http_proxy, uri: 'https://{table}/{key}'}", "https://orders-eu/{key}"),
        ("/a/{proxy+}", "{type: http_proxy, uri: 'https://h/{proxy}'}", "https://h/{proxy}"),
        ("/a/{id}", "{type: http_proxy, uri: 'https://h/${id}'}", "https://h/7"),
        (
            "/a/{id}",
            "{type: http_proxy, uri: 'https://{region}/{id}', requestParameters: {integration.request.path.id: method.request.path.id}}",
            "https://eu-west-1/{id}",
        ),
        (
            "/a",
            "{type: http, uri: 'https://h/{region}', requestParameters: {integration.request.path.region: method.request.header.region}}",
            "https://h/{region}",
        ),
        (
            "/a/{key}",
            "{type: http_proxy, uri: {Fn::Sub: 'https://${table}/{key}/${!x}'}}",
            "https://orders-eu/{key}/${x}",
        ),
    ] {
        assert_eq!(replaced(path, integration, "/uri"), expected, "{integration}");
    }
}

#[test]
fn templates_keep_their_own_braces() {
    for (given, expected) in [
        ("{\"t\": \"{table}\", \"a\": {\"b\": 1}}", "{\"t\": \"orders-eu\", \"a\": {\"b\": 1}}"),
        (
            "#set($table = 1) ${table} $!{table} ${AWS::Region} {other}",
            "#set($table = 1) ${table} $!{table} eu-west-1 {other}",
        ),
    ] {
        let integration = format!("{{type: http, requestTemplates: {{application/json: '{given}'}}}}");
        assert_eq!(replaced("/", &integration, "/requestTemplates/application~1json"), expected, "{given}");
    }
}

#[test]
fn cloudformation_functions_are_evaluated() {
    for (given, expected) in [
        ("{Fn::Sub: 'a-${AWS::Region}-${Table.Arn}'}", "a-eu-west-1-arn:table"),
        ("{Fn::Sub: ['${a}-${b}', {a: {Ref: table}, b: 1}]}", "orders-eu-1"),
        ("!Sub '${table}'", "orders-eu"),
        ("{Ref: 'AWS::Region'}", "eu-west-1"),
        ("!Ref orders", "${multiregion:name:orders}"),
        ("{Fn::GetAtt: [orders, Arn]}", "${multiregion:arn:orders}"),
        ("!GetAtt orders.Arn", "${multiregion:arn:orders}"),
        ("{Fn::Join: ['-', [a, {Ref: table}, '{region}']]}", "a-orders-eu-eu-west-1"),
    ] {
        assert_eq!(
            replaced("/", &format!("{{type: http, credentials: {given}}}"), "/credentials"),
            expected,
            "{given}"
        );
    }
}

#[test]
fn everything_else_stays_as_it_is() {
    let text = r##"
openapi: 3.0.1
info: {description: "{region} ${table}"}
servers: [{url: "https://{stage}.{region}.example.com", description: "{x}", variables: {stage: {default: "{x}"}}}]
x-amazon-apigateway-documentation: {documentationParts: [{properties: {description: "{x}"}}]}
x-amazon-apigateway-policy: {Statement: [{Resource: "arn:aws:execute-api:{region}:*", Condition: {a: "${aws:username}"}}]}
paths:
  /items/{id}/{region}:
    description: "{x}"
    x-amazon-apigateway-any-method:
      description: "{x}"
      parameters: [{name: id, in: path, schema: {type: string, pattern: "^{x}$", example: "{table}"}}]
      responses: {default: {description: "{x}"}}
components:
  securitySchemes:
    default:
      type: oauth2
      description: "{x}"
      flows: {implicit: {authorizationUrl: "https://{region}.example.com", scopes: {"{x}": "{x}"}}}
      x-amazon-apigateway-authorizer:
        {type: request, authorizerUri: "{function}", identityValidationExpression: "^a{x}$", description: "{x}"}
"##;
    let document = case().rest(text).to_string();
    // The name of the scope, which is a key, counts twice.
    assert_eq!(document.matches("{x}").count(), text.matches("{x}").count(), "{document}");
    for expected in [
        "{region} ${table}",
        "https://{stage}.eu-west-1.example.com",
        "execute-api:eu-west-1:*",
        "${aws:username}",
        "/items/{id}/{region}",
        "\"example\":\"{table}\"",
        "https://eu-west-1.example.com",
    ] {
        assert!(document.contains(expected), "{expected} in {document}");
    }
}

#[test]
fn placeholders_without_a_value_are_errors() {
    let integration = |uri: &str| {
        with_get(&format!("{{\"x-amazon-apigateway-integration\": {{\"type\": \"http\", \"uri\": {uri}}}}}"))
    };
    let mistakes = |uri: &str| case().mistakes(Protocol::Rest, &integration(uri));
    insta::assert_snapshot!(mistakes(r#""https://{regoin}/""#), @r#"Unresolved placeholder: {regoin} at #/paths/~1/get/x-amazon-apigateway-integration/uri has no value. The placeholders are {region}, {account}, {partition}, {function}, {function.orders}, {Table.Arn}, {id}, {table}. Did you mean "{region}"? Correct the name, or add it to gateway.openapi_variables."#);
    insta::assert_snapshot!(mistakes(r#"{"Fn::Sub": "https://${Bucket.Arn}/${AWS::StackName}"}"#), @r"
    Unresolved placeholder: ${AWS::StackName} at #/paths/~1/get/x-amazon-apigateway-integration/uri/Fn::Sub has no value. The placeholders are {region}, {account}, {partition}, {function}, {function.orders}, {Table.Arn}, {id}, {table}. Correct the name, or add it to gateway.openapi_variables.
    Unresolved placeholder: ${Bucket.Arn} at #/paths/~1/get/x-amazon-apigateway-integration/uri/Fn::Sub has no value. The placeholders are {region}, {account}, {partition}, {function}, {function.orders}, {Table.Arn}, {id}, {table}. Correct the name, or add it to gateway.openapi_variables.
    ");
    insta::assert_snapshot!(mistakes(r#""{function.odrers}""#), @r#"Unknown function: {function.odrers} at #/paths/~1/get/x-amazon-apigateway-integration/uri names no function of the API. The functions of the API are "orders". Did you mean "orders"? Correct the name."#);
    insta::assert_snapshot!(mistakes(r#"{"Fn::ImportValue": "x"}"#), @r#"Unsupported CloudFormation function: Fn::ImportValue at #/paths/~1/get/x-amazon-apigateway-integration/uri/Fn::ImportValue has the argument "x", which the provider cannot evaluate. It evaluates Ref, Fn::Sub, Fn::GetAtt and Fn::Join with texts. Write a variable such as {NAME} instead."#);
    insta::assert_snapshot!(Case::with(&["a", "b"]).mistakes(Protocol::Rest, &integration(r#""{function}""#)), @r#"Unknown function: {function} at #/paths/~1/get/x-amazon-apigateway-integration/uri does not say which function. The functions of the API are "a", "b". Write {function.NAME}."#);
    let text = "{openapi: 3.0.1, paths: {'/a/{id}': {get: {x-amazon-apigateway-integration: {type: http, uri: 'https://h/{id}'}}}}}";
    insta::assert_snapshot!(case().mistakes(Protocol::Rest, text), @r#"Ambiguous placeholder: {id} at #/paths/~1a~1{id}/get/x-amazon-apigateway-integration/uri is both a parameter of the path and a placeholder. Write ${id} for the placeholder; for the parameter, map "integration.request.path.id" in requestParameters, or rename it."#);
    let text = "{openapi: 3.0.1, servers: [{url: 'https://{a}'}, {url: 'https://{a}/b'}], paths: {/: {get: {}}}}";
    insta::assert_snapshot!(case().mistakes(Protocol::Rest, text), @"Unresolved placeholder: {a} at #/servers/0/url (and one more place) has no value. The placeholders are {region}, {account}, {partition}, {function}, {function.orders}, {Table.Arn}, {id}, {table}. Correct the name, or add it to gateway.openapi_variables.");
}
