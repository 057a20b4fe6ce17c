//! Definitions that are made from routes.

use serde_json::json;

use super::super::{Authorizer, Body, Cors, FunctionId, Lambda, Placeholder, Protocol, Route, Source};
use super::{Case, document, lines, outline};

fn route(key: &str, function: &str) -> Route {
    Route { key: key.to_owned(), function: Some(function.to_owned()), ..Route::default() }
}

fn single(keys: &[&str]) -> Vec<Route> {
    keys.iter().map(|key| Route { key: (*key).to_owned(), ..Route::default() }).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn cors(origins: &[&str]) -> Cors {
    Cors { origins: texts(origins), methods: texts(&["GET"]), ..Cors::default() }
}

#[test]
fn default_becomes_any_method_of_every_path() {
    let routes = single(&["GET /items/{id}", "ANY /files/{path+}", "$default"]);
    let definition = Case::default().define(Protocol::Rest, Source::Routes(&routes)).unwrap();
    insta::assert_snapshot!(outline(&definition.operations), @r"
    ANY / Single
    ANY /files Single
    ANY /files/{path+} Single
    ANY /items Single
    ANY /items/{id} Single
    GET /items/{id} Single
    ANY /{proxy+} Single
    ");
    insta::assert_snapshot!(document(&definition)["paths"]["/files/{path+}"].to_string(), @r#"{"x-amazon-apigateway-any-method":{"parameters":[{"in":"path","name":"path","required":true,"schema":{"type":"string"}}],"responses":{"default":{"description":"The response of the function"}},"x-amazon-apigateway-integration":{"httpMethod":"POST","type":"aws_proxy","uri":"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${multiregion:arn:}/invocations"}}}"#);
}

#[test]
fn functions_authorizers_and_api_keys() {
    let mut case = Case::with(&["auth", "orders"]);
    let own = Lambda::Own(FunctionId::Named("auth".to_owned()));
    let other = Lambda::Arn("arn:aws:lambda:eu-west-1:1:function:other".to_owned());
    let header = "Authorization".to_owned();
    case.settings.authorizers = [
        (
            "token",
            Authorizer::Token {
                lambda: own,
                header: header.clone(),
                validation: Some("^x{3}".to_owned()),
                ttl_seconds: Some(0),
                role_arn: None,
            },
        ),
        (
            "request",
            Authorizer::Request {
                lambda: other,
                identity_sources: texts(&["method.request.header.a", "method.request.querystring.b"]),
                ttl_seconds: None,
                role_arn: Some("arn:role".to_owned()),
                payload_format: None,
                simple_responses: false,
            },
        ),
        ("cognito", Authorizer::Cognito { user_pool_arns: texts(&["arn:pool"]), header: header.clone() }),
        (
            "jwt",
            Authorizer::Jwt {
                issuer: "https://issuer".to_owned(),
                audiences: texts(&["web"]),
                algorithms: vec![],
                header,
            },
        ),
        ("iam", Authorizer::Iam),
        ("unused", Authorizer::Iam),
    ]
    .into_iter()
    .map(|(name, authorizer)| (name.to_owned(), authorizer))
    .collect();
    let routes: Vec<Route> = ["token", "request", "cognito", "jwt", "iam"]
        .iter()
        .map(|name| Route { authorizer: Some((*name).to_owned()), ..route(&format!("GET /{name}"), "orders") })
        .chain([Route { api_key: true, scopes: texts(&["a"]), ..route("POST /key", "orders") }])
        .collect();
    let definition = case.define(Protocol::Rest, Source::Routes(&routes)).unwrap();
    insta::assert_snapshot!(outline(&definition.operations), @r#"
    GET /cognito Named("orders") cognito[]
    GET /iam Named("orders") iam
    GET /jwt Named("orders") jwt[]
    POST /key Named("orders") key
    GET /request Named("orders") request[]
    GET /token Named("orders") token[]
    "#);
    let found = document(&definition);
    insta::assert_snapshot!(serde_json::to_string_pretty(&found["components"]).unwrap(), @r#"
    {
      "securitySchemes": {
        "api_key": {
          "in": "header",
          "name": "x-api-key",
          "type": "apiKey"
        },
        "cognito": {
          "in": "header",
          "name": "Authorization",
          "type": "apiKey",
          "x-amazon-apigateway-authorizer": {
            "providerARNs": [
              "arn:pool"
            ],
            "type": "cognito_user_pools"
          },
          "x-amazon-apigateway-authtype": "cognito_user_pools"
        },
        "iam": {
          "in": "header",
          "name": "Authorization",
          "type": "apiKey",
          "x-amazon-apigateway-authtype": "awsSigv4"
        },
        "jwt": {
          "in": "header",
          "name": "Authorization",
          "type": "apiKey",
          "x-amazon-apigateway-authorizer": {
            "identitySource": "method.request.header.Authorization",
            "jwtConfiguration": {
              "defaultAlgorithms": [
                "RS256"
              ],
              "issuers": [
                {
                  "audiences": [
                    "web"
                  ],
                  "issuer": "https://issuer"
                }
              ]
            },
            "type": "jwt"
          },
          "x-amazon-apigateway-authtype": "jwt"
        },
        "request": {
          "in": "header",
          "name": "Unused",
          "type": "apiKey",
          "x-amazon-apigateway-authorizer": {
            "authorizerCredentials": "arn:role",
            "authorizerUri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:other/invocations",
            "identitySource": "method.request.header.a, method.request.querystring.b",
            "type": "request"
          },
          "x-amazon-apigateway-authtype": "custom"
        },
        "token": {
          "in": "header",
          "name": "Authorization",
          "type": "apiKey",
          "x-amazon-apigateway-authorizer": {
            "authorizerResultTtlInSeconds": 0,
            "authorizerUri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${multiregion:arn:auth}/invocations",
            "identityValidationExpression": "^x{3}",
            "type": "token"
          },
          "x-amazon-apigateway-authtype": "custom"
        }
      }
    }
    "#);
    assert_eq!(found["paths"]["/key"]["post"]["security"], json!([{"api_key": []}]));
    assert_eq!(found["paths"]["/jwt"]["get"]["security"], json!([{"jwt": []}]));
}

#[test]
fn cors_of_one_origin() {
    let mut case = Case::default();
    case.settings.cors = Some(Cors {
        credentials: true,
        max_age_seconds: Some(60),
        headers: texts(&["x-a", "x-b"]),
        exposed_headers: texts(&["x-c"]),
        methods: texts(&["*"]),
        ..cors(&["https://a.example"])
    });
    let definition = case.define(Protocol::Rest, Source::Routes(&single(&["GET /a", "OPTIONS /b"]))).unwrap();
    insta::assert_snapshot!(outline(&definition.operations), @r"
    GET /a Single
    OPTIONS /a -
    OPTIONS /b Single
    ");
    let found = document(&definition);
    insta::assert_snapshot!(serde_json::to_string_pretty(&found["paths"]["/a"]["options"]).unwrap(), @r#"
    {
      "responses": {
        "204": {
          "description": "Answer to a CORS preflight request",
          "headers": {
            "Access-Control-Allow-Credentials": {
              "schema": {
                "type": "string"
              }
            },
            "Access-Control-Allow-Headers": {
              "schema": {
                "type": "string"
              }
            },
            "Access-Control-Allow-Methods": {
              "schema": {
                "type": "string"
              }
            },
            "Access-Control-Allow-Origin": {
              "schema": {
                "type": "string"
              }
            },
            "Access-Control-Max-Age": {
              "schema": {
                "type": "string"
              }
            },
            "Vary": {
              "schema": {
                "type": "string"
              }
            }
          }
        }
      },
      "security": [],
      "x-amazon-apigateway-integration": {
        "requestTemplates": {
          "application/json": "{\"statusCode\":204}"
        },
        "responses": {
          "default": {
            "responseParameters": {
              "method.response.header.Access-Control-Allow-Credentials": "'true'",
              "method.response.header.Access-Control-Allow-Headers": "'x-a,x-b'",
              "method.response.header.Access-Control-Allow-Methods": "'DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT'",
              "method.response.header.Access-Control-Allow-Origin": "'https://a.example'",
              "method.response.header.Access-Control-Max-Age": "'60'",
              "method.response.header.Vary": "'Origin'"
            },
            "statusCode": "204"
          }
        },
        "type": "mock"
      }
    }
    "#);
    insta::assert_snapshot!(found["x-amazon-apigateway-gateway-responses"].to_string(), @r#"{"DEFAULT_4XX":{"responseParameters":{"gatewayresponse.header.Access-Control-Allow-Credentials":"'true'","gatewayresponse.header.Access-Control-Allow-Origin":"'https://a.example'","gatewayresponse.header.Access-Control-Expose-Headers":"'x-c'","gatewayresponse.header.Vary":"'Origin'"}},"DEFAULT_5XX":{"responseParameters":{"gatewayresponse.header.Access-Control-Allow-Credentials":"'true'","gatewayresponse.header.Access-Control-Allow-Origin":"'https://a.example'","gatewayresponse.header.Access-Control-Expose-Headers":"'x-c'","gatewayresponse.header.Vary":"'Origin'"}}}"#);
}

#[test]
fn cors_of_any_and_of_several_origins() {
    let options = |origins: &[&str]| {
        let mut case = Case::default();
        case.settings.cors = Some(cors(origins));
        let definition = case.define(Protocol::Rest, Source::Routes(&single(&["GET /a"]))).unwrap();
        document(&definition)["paths"]["/a"]["options"]["x-amazon-apigateway-integration"]["responses"]["default"]
            .clone()
    };
    insta::assert_snapshot!(options(&["https://a", "*"]).to_string(), @r#"{"responseParameters":{"method.response.header.Access-Control-Allow-Methods":"'GET'","method.response.header.Access-Control-Allow-Origin":"'*'"},"statusCode":"204"}"#);
    insta::assert_snapshot!(options(&["https://a", "https://b"]).to_string(), @r##"{"responseParameters":{"method.response.header.Access-Control-Allow-Methods":"'GET'","method.response.header.Access-Control-Allow-Origin":"'https://a'","method.response.header.Vary":"'Origin'"},"responseTemplates":{"application/json":"#set($origin = $input.params().header.get(\"Origin\"))\n#if(!$origin || $origin == \"\")#set($origin = $input.params().header.get(\"origin\"))#end\n#if($origin == \"https://a\" || $origin == \"https://b\")#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)#end"},"statusCode":"204"}"##);
}

#[test]
fn cors_of_a_document_keeps_what_the_document_has() {
    let mut case = Case::default();
    case.settings.cors = Some(cors(&["https://a"]));
    case.settings.binary_media_types = texts(&["*/*"]);
    let found = case.rest(
        "
openapi: 3.0.1
security: [{key: []}]
x-amazon-apigateway-gateway-responses:
  UNAUTHORIZED: {statusCode: 401}
  DEFAULT_4XX: {responseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: \"'*'\"}}
paths: {/a: {get: {}, options: {x-amazon-apigateway-integration: {type: mock}}}, /b: {get: {}}}
",
    );
    let responses = &found["x-amazon-apigateway-gateway-responses"];
    let origin = "gatewayresponse.header.Access-Control-Allow-Origin";
    assert_eq!(responses["UNAUTHORIZED"]["responseParameters"][origin], "'https://a'");
    assert_eq!(responses["DEFAULT_4XX"]["responseParameters"][origin], "'*'");
    assert_eq!(found["paths"]["/a"]["options"]["x-amazon-apigateway-integration"], json!({"type": "mock"}));
    assert_eq!(found["paths"]["/b"]["options"]["security"], json!([]));
    assert_eq!(
        found["paths"]["/b"]["options"]["x-amazon-apigateway-integration"]["contentHandling"],
        "CONVERT_TO_TEXT"
    );
}

#[test]
fn settings_become_extensions() {
    let mut case = Case::default();
    case.settings.binary_media_types = texts(&["image/*"]);
    case.settings.minimum_compression_bytes = Some(1024);
    case.settings.policy_json =
        Some("{\"Version\": \"2012-10-17\", \"Statement\": [\"${aws:username} {x}\"]}".to_owned());
    case.settings.timeout_ms = Some(1000);
    case.settings.streams = true;
    let definition = case.define(Protocol::Rest, Source::Routes(&single(&["GET /"]))).unwrap();
    let Body::Rest(template) = &definition.body else { panic!("REST") };
    insta::assert_snapshot!(template.text(), @r#"{"info":{"title":"shop","version":"1"},"openapi":"3.0.1","paths":{"/":{"get":{"responses":{"default":{"description":"The response of the function"}},"x-amazon-apigateway-integration":{"httpMethod":"POST","responseTransferMode":"STREAM","timeoutInMillis":1000,"type":"aws_proxy","uri":"arn:aws:apigateway:eu-west-1:lambda:path/2021-11-15/functions/${multiregion:arn:}/response-streaming-invocations"}}}},"x-amazon-apigateway-binary-media-types":["image/*"],"x-amazon-apigateway-minimum-compression-size":1024,"x-amazon-apigateway-policy":{"Statement":["${aws:username} {x}"],"Version":"2012-10-17"}}"#);
}

#[test]
fn routes_of_an_http_api() {
    let mut case = Case::with(&["a", "b"]);
    case.settings.authorizers.insert("iam".to_owned(), Authorizer::Iam);
    let routes = [Route { authorizer: Some("iam".to_owned()), ..route("GET /a", "a") }, route("$default", "b")];
    let definition = case.define(Protocol::Http, Source::Routes(&routes)).unwrap();
    insta::assert_snapshot!(outline(&definition.operations), @r#"
    GET /a Named("a") iam
    ANY /$default Named("b")
    "#);
    let Body::Http(api) = definition.body else { panic!("HTTP") };
    let keys: Vec<&str> = api.routes.iter().map(|route| route.key.as_str()).collect();
    assert_eq!(keys, ["GET /a", "$default"]);
}

#[test]
fn mistakes_in_routes() {
    let mistakes =
        |case: &Case, protocol, routes: &[Route]| lines(&case.define(protocol, Source::Routes(routes)).unwrap_err());
    let case = Case::with(&["orders", "users"]);
    for protocol in [Protocol::Rest, Protocol::Http] {
        for (route, expected) in [
            (route("GET items", "users"), "Invalid route key: \"GET items\""),
            (route("TRACE /a", "users"), "Invalid route key: \"TRACE /a\""),
            (route("GET /a", "user"), "Unknown function: The route \"GET /a\""),
            (Route { key: "GET /a".to_owned(), ..Route::default() }, "Unknown function: The route \"GET /a\""),
            (Route { authorizer: Some("x".to_owned()), ..route("GET /a", "users") }, "Unknown authorizer: "),
        ] {
            let found = mistakes(&case, protocol, &[route]);
            assert!(found.starts_with(expected), "{protocol:?}: {found}");
        }
    }
    let found = mistakes(&case, Protocol::Http, &[Route { api_key: true, ..route("GET /a", "users") }]);
    assert!(found.starts_with("Unsupported in an HTTP API: The route"), "{found}");
    let found = mistakes(&case, Protocol::Rest, &[route("GET /{id}", "users"), route("$default", "users")]);
    assert!(found.contains("there are {id} and {proxy+}"), "{found}");
    let mut quoted = case.clone();
    quoted.settings.cors = Some(cors(&["https://a", &Placeholder::Value("origin".to_owned()).token()]));
    assert!(quoted.define(Protocol::Rest, Source::Routes(&[route("GET /", "users")])).is_ok());
    quoted.settings.cors = Some(cors(&["https://a'b"]));
    assert!(mistakes(&quoted, Protocol::Rest, &[route("GET /", "users")]).starts_with("Invalid CORS value: "));
}
