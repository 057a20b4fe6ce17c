//! OpenAPI 3.1 as OpenAPI 3.0.

use serde_json::{Value, json};

use super::super::Protocol;
use super::Case;

/// A schema of OpenAPI 3.1 as a document of OpenAPI 3.0 has it.
fn converted(schema: &str) -> Value {
    let text = format!("openapi: 3.1.0\npaths: {{/: {{get: {{}}}}}}\ncomponents: {{schemas: {{a: {schema}}}}}");
    Case::default().rest(&text)["components"]["schemas"]["a"].clone()
}

#[test]
fn schemas_are_converted_without_loss() {
    for (given, expected) in [
        ("{type: string}", json!({"type": "string"})),
        ("{type: [string, 'null']}", json!({"type": "string", "nullable": true})),
        ("{type: 'null'}", json!({"enum": [null], "nullable": true})),
        ("{type: [string, integer]}", json!({"anyOf": [{"type": "string"}, {"type": "integer"}]})),
        (
            "{type: [string, integer, 'null']}",
            json!({"anyOf": [{"type": "string", "nullable": true}, {"type": "integer", "nullable": true}], "nullable": true}),
        ),
        (
            "{anyOf: [{$ref: '#/components/schemas/b'}, {type: 'null'}]}",
            json!({"anyOf": [{"$ref": "#/components/schemas/b"}], "nullable": true}),
        ),
        ("{const: 1}", json!({"enum": [1]})),
        ("{examples: [a, b]}", json!({"example": "a"})),
        ("{exclusiveMinimum: 0}", json!({"minimum": 0, "exclusiveMinimum": true})),
        ("{exclusiveMinimum: 0, minimum: 5}", json!({"minimum": 5})),
        ("{exclusiveMinimum: 5, minimum: 5}", json!({"minimum": 5, "exclusiveMinimum": true})),
        ("{exclusiveMaximum: 5, maximum: 5}", json!({"maximum": 5, "exclusiveMaximum": true})),
        ("{minimum: 0, exclusiveMinimum: true}", json!({"minimum": 0, "exclusiveMinimum": true})),
        (
            "{type: string, contentEncoding: base64, contentMediaType: image/png}",
            json!({"type": "string", "format": "byte"}),
        ),
        ("{type: string, contentMediaType: image/png}", json!({"type": "string", "format": "binary"})),
        (
            "{$ref: '#/components/schemas/b', description: x}",
            json!({"allOf": [{"$ref": "#/components/schemas/b"}], "description": "x"}),
        ),
        ("{$ref: '#/components/schemas/b'}", json!({"$ref": "#/components/schemas/b"})),
        ("{items: true, not: false}", json!({"items": {}, "not": {"not": {}}})),
        (
            "{properties: {const: {const: a}, if: {type: string}}, additionalProperties: false, $comment: x}",
            json!({"properties": {"const": {"enum": ["a"]}, "if": {"type": "string"}}, "additionalProperties": false}),
        ),
    ] {
        assert_eq!(converted(given), expected, "{given}");
    }
}

#[test]
fn the_rest_of_a_document_is_converted() {
    let text = r##"
openapi: 3.1.1
jsonSchemaDialect: https://spec.openapis.org/oas/3.1/dialect/base
info: {title: x, summary: y, version: "1", license: {name: z, identifier: MIT}}
webhooks: {order: {post: {}}}
paths:
  /a: {$ref: "#/components/pathItems/A"}
components:
  pathItems:
    A:
      parameters: [{$ref: "#/components/parameters/P", description: x}]
      post:
        requestBody: {content: {application/json: {schema: {const: a}, example: {const: a}}}}
        responses: {"200": {description: x, headers: {H: {schema: {type: [string, "null"]}}}}}
  parameters: {P: {name: p, in: query, schema: {const: a}}}
"##;
    insta::assert_snapshot!(serde_json::to_string(&Case::default().rest(text)).unwrap(), @r##"{"components":{"parameters":{"P":{"in":"query","name":"p","schema":{"enum":["a"]}}}},"info":{"license":{"name":"z"},"title":"shop","version":"1"},"openapi":"3.0.1","paths":{"/a":{"parameters":[{"$ref":"#/components/parameters/P"}],"post":{"requestBody":{"content":{"application/json":{"example":{"const":"a"},"schema":{"enum":["a"]}}}},"responses":{"200":{"description":"x","headers":{"H":{"schema":{"nullable":true,"type":"string"}}}}},"x-amazon-apigateway-integration":{"httpMethod":"POST","type":"aws_proxy","uri":"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${multiregion:arn:}/invocations"}}}}}"##);
}

#[test]
fn keywords_without_an_equivalent_are_rejected() {
    for keyword in ["if", "patternProperties", "prefixItems", "$defs", "unevaluatedProperties", "dependentRequired"] {
        let text = format!(
            "openapi: 3.1.0\npaths: {{/: {{post: {{requestBody: {{content: {{a/b: {{schema: {{properties: {{x: {{{keyword}: {{}}}}}}}}}}}}}}}}}}}}"
        );
        let found = Case::default().mistakes(Protocol::Rest, &text);
        let place = format!("#/paths/~1/post/requestBody/content/a~1b/schema/properties/x/{keyword} is a keyword");
        assert!(found.starts_with("No equivalent in OpenAPI 3.0: ") && found.contains(&place), "{found}");
        // An HTTP API ignores schemas.
        assert_eq!(Case::default().mistakes(Protocol::Http, &text), "");
    }
    let text = "openapi: 3.1.0\npaths: {/: {get: {}}}\ncomponents: {securitySchemes: {m: {type: mutualTLS}}}";
    assert!(Case::default().mistakes(Protocol::Rest, text).contains("has the type mutualTLS"));
}
