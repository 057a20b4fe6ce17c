//! The routes of HTTP APIs.

use super::super::{Authorizer, HttpApi, Lambda, Protocol, Target};
use super::{Case, with_get};

pub(super) const HTTP: &str = include_str!("http.yaml");

pub(super) fn case() -> Case {
    Case::with(&["items", "web"]).variable("host", "legacy.example.com").variable("pool", "eu-west-1_abc")
}

fn routes(api: &HttpApi) -> String {
    let line = |route: &super::super::http::HttpRoute| {
        let target = match &route.target {
            Target::Function(function) => format!("{function:?}"),
            Target::Integration(integration) => integration.to_string(),
        };
        format!("{} -> {target} {:?} {:?} {:?}", route.key, route.authorization, route.timeout_ms, route.payload_format)
    };
    api.routes.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn document_of_an_http_api() {
    let api = case().http(HTTP);
    insta::assert_snapshot!(routes(&api), @r#"
    $default -> Named("web") Authorization { authorizers: [], scopes: [], iam: false, api_key: false } None None
    GET /items/{id} -> Named("items") Authorization { authorizers: ["jwt"], scopes: ["items/read"], iam: false, api_key: false } None Some("2.0")
    PUT /items/{id} -> Named("items") Authorization { authorizers: ["jwt"], scopes: ["items/write"], iam: false, api_key: false } Some(3000) Some("2.0")
    ANY /legacy/{proxy+} -> {"httpMethod":"ANY","payloadFormatVersion":"1.0","type":"HTTP_PROXY","uri":"https://legacy.example.com/{proxy}"} Authorization { authorizers: [], scopes: [], iam: false, api_key: false } None Some("1.0")
    "#);
    insta::assert_debug_snapshot!(api.authorizers, @r#"
    {
        "jwt": Jwt {
            issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
            audiences: [
                "web",
            ],
            algorithms: [],
            header: "$request.header.Authorization",
        },
    }
    "#);
    insta::assert_debug_snapshot!(api.cors, @r#"
    Some(
        Cors {
            origins: [
                "https://www.example.com",
            ],
            methods: [
                "*",
            ],
            headers: [],
            exposed_headers: [],
            credentials: false,
            max_age_seconds: Some(
                600,
            ),
        },
    )
    "#);
}

#[test]
fn documents_for_readers_have_routes() {
    let api = Case::with(&["orders", "health"]).http(super::documents::PLAIN);
    let keys: Vec<&str> = api.routes.iter().map(|route| route.key.as_str()).collect();
    assert_eq!(keys, ["GET /health", "GET /orders", "GET /orders/{orderId}"]);
}

#[test]
fn lambda_authorizers_and_other_integrations() {
    let text = "
openapi: 3.0.1
paths:
  /a:
    get:
      security: [{own: []}]
      x-amazon-apigateway-integration:
        {type: AWS_PROXY, integrationSubtype: SQS-SendMessage, credentials: '{function}', payloadFormatVersion: '1.0'}
components:
  securitySchemes:
    own:
      type: apiKey
      x-amazon-apigateway-authorizer:
        type: request
        authorizerUri: arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations
        authorizerPayloadFormatVersion: 2.0
        enableSimpleResponses: true
        authorizerResultTtlInSeconds: '30'
        identitySource: $request.header.Authorization, $request.querystring.a
";
    let api = Case::with(&["items"]).http(text);
    assert!(
        matches!(&api.routes[0].target, Target::Integration(value) if value["integrationSubtype"] == "SQS-SendMessage")
    );
    let Authorizer::Request { lambda, identity_sources, ttl_seconds, payload_format, simple_responses, .. } =
        &api.authorizers["own"]
    else {
        panic!("{:?}", api.authorizers)
    };
    assert!(matches!(lambda, Lambda::Own(_)) && *simple_responses);
    assert_eq!((*ttl_seconds, payload_format.as_deref(), identity_sources.len()), (Some(30), Some("2.0"), 2));
}

#[test]
fn what_an_http_api_does_not_support_is_rejected() {
    for (keys, place) in [
        ("x-amazon-apigateway-request-validators: {}", "#/x-amazon-apigateway-request-validators"),
        ("x-amazon-apigateway-request-validator: a", "#/x-amazon-apigateway-request-validator"),
        ("x-amazon-apigateway-gateway-responses: {}", "#/x-amazon-apigateway-gateway-responses"),
        ("x-amazon-apigateway-policy: {}", "#/x-amazon-apigateway-policy"),
        ("x-amazon-apigateway-binary-media-types: []", "#/x-amazon-apigateway-binary-media-types"),
        ("x-amazon-apigateway-minimum-compression-size: 0", "#/x-amazon-apigateway-minimum-compression-size"),
        ("x-amazon-apigateway-api-key-source: HEADER", "#/x-amazon-apigateway-api-key-source"),
        ("x-amazon-apigateway-endpoint-configuration: {}", "#/x-amazon-apigateway-endpoint-configuration"),
    ] {
        let found =
            Case::default().mistakes(Protocol::Http, &format!("openapi: 3.0.1\npaths: {{/: {{get: {{}}}}}}\n{keys}"));
        assert!(found.starts_with("Unsupported in an HTTP API: ") && found.contains(place), "{keys}: {found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
    let schemes = "components: {securitySchemes: {key: {type: apiKey, in: header, name: x-api-key}, iam: {x-amazon-apigateway-authtype: \
                   awsSigv4}, a: {x-amazon-apigateway-authorizer: {type: token}}, b: {x-amazon-apigateway-authorizer: {type: jwt}}}}";
    for (operation, expected) in [
        (
            "{x-amazon-apigateway-request-validator: a}",
            "Unsupported in an HTTP API: x-amazon-apigateway-request-validator",
        ),
        (
            "{x-amazon-apigateway-integration: {type: AWS, uri: x}}",
            "Unsupported in an HTTP API: The integration type \"AWS\"",
        ),
        (
            "{x-amazon-apigateway-integration: {type: http, uri: x}}",
            "Unsupported in an HTTP API: The integration type \"http\"",
        ),
        (
            "{x-amazon-apigateway-integration: {type: mock}}",
            "Unsupported in an HTTP API: The integration type \"mock\"",
        ),
        (
            "{x-amazon-apigateway-integration: {uri: x, responseTransferMode: STREAM}}",
            "Unsupported in an HTTP API: Response streaming",
        ),
        ("{x-amazon-apigateway-integration: {timeoutInMillis: 30001}}", "Invalid integration: timeoutInMillis"),
        ("{x-amazon-apigateway-integration: {payloadFormatVersion: 3}}", "Invalid integration: payloadFormatVersion"),
        ("{security: [{key: []}]}", "Unsupported in an HTTP API: An API key"),
        ("{security: [{iam: [], a: []}]}", "Unsupported in an HTTP API: GET / at #/paths/~1/get/security has several"),
        ("{security: [{a: []}]}", "Unsupported in an HTTP API: The authorizer type \"token\""),
        (
            "{security: [{b: []}]}",
            "Incomplete authorizer: #/components/securitySchemes/b/x-amazon-apigateway-authorizer",
        ),
    ] {
        let found = Case::default()
            .mistakes(Protocol::Http, &format!("openapi: 3.0.1\npaths: {{/: {{get: {operation}}}}}\n{schemes}"));
        assert!(found.starts_with(expected), "{operation}: {found}");
    }
    let text = "openapi: 3.0.1\npaths: {/$default: {get: {}}}";
    assert!(Case::default().mistakes(Protocol::Http, text).starts_with("Invalid path: GET /$default"));
    insta::assert_snapshot!(
        Case::default().mistakes(Protocol::Http, &with_get("{\"x-amazon-apigateway-integration\": {\"type\": \"mock\"}}")),
        @r#"Unsupported in an HTTP API: The integration type "mock" at #/paths/~1/get/x-amazon-apigateway-integration: HTTP APIs do not support it. Let the function answer, and remove it from the document; or set gateway.protocol = "rest"."#
    );
}

#[test]
fn what_an_http_api_ignores_is_accepted() {
    let text = "
swagger: '2.0'
definitions: {a: {type: object}}
paths:
  /a:
    post:
      parameters: [{in: body, name: a, schema: {$ref: '#/definitions/a'}}]
      x-amazon-apigateway-integration:
        type: aws_proxy
        httpMethod: POST
        uri: arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations
        passthroughBehavior: when_no_match
        contentHandling: CONVERT_TO_TEXT
        cacheNamespace: abc
        responses: {default: {statusCode: '200'}}
";
    let api = Case::default().http(text);
    assert!(matches!(api.routes[0].target, Target::Function(_)));
}
