//! Whole documents of REST APIs.

use serde_json::Value;

use super::super::{Authorizer, Body, FunctionId, Placeholder, Protocol, Source};
use super::{Case, document, lines, outline};

const VELOCITY: &str = include_str!("velocity.yaml");
pub(super) const PLAIN: &str = include_str!("plain.yaml");

pub(super) fn velocity() -> Case {
    Case::with(&["orders"])
        .variable("OrdersTable", "orders-eu")
        .variable("GatewayRole.Arn", "arn:aws:iam::1:role/gateway")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn cloudformation_functions_and_templates() {
    let definition = velocity().define(Protocol::Rest, Source::Document(VELOCITY)).unwrap();
    insta::assert_snapshot!(outline(&definition.operations), @r#"
    POST /orders - iam
    GET /orders/{id} Named("orders") key
    "#);
    insta::assert_snapshot!(pretty(&document(&definition)), @r##"
    {
      "components": {
        "schemas": {
          "Order": {
            "properties": {
              "items": {
                "items": {
                  "type": "string"
                },
                "type": "array"
              }
            },
            "required": [
              "items"
            ],
            "type": "object"
          }
        },
        "securitySchemes": {
          "api_key": {
            "in": "header",
            "name": "x-api-key",
            "type": "apiKey"
          },
          "sigv4": {
            "in": "header",
            "name": "Authorization",
            "type": "apiKey",
            "x-amazon-apigateway-authtype": "awsSigv4"
          }
        }
      },
      "info": {
        "title": "shop",
        "version": "1.0"
      },
      "openapi": "3.0.1",
      "paths": {
        "/orders": {
          "post": {
            "requestBody": {
              "content": {
                "application/json": {
                  "schema": {
                    "$ref": "#/components/schemas/Order"
                  }
                }
              }
            },
            "responses": {
              "200": {
                "description": "The order"
              }
            },
            "security": [
              {
                "sigv4": []
              }
            ],
            "summary": "Stores an order. {id} is its id, ${AWS::Region} its region.",
            "x-amazon-apigateway-integration": {
              "credentials": "arn:aws:iam::1:role/gateway",
              "httpMethod": "POST",
              "requestTemplates": {
                "application/json": "#set($id = $context.requestId)\n{\"TableName\": \"orders-eu\", \"Item\": {\"id\": {\"S\": \"$id\"}, \"body\": {\"S\": \"$util.escapeJavaScript($input.body)\"}}}\n"
              },
              "responses": {
                "4\\d{2}": {
                  "statusCode": "400"
                },
                "default": {
                  "responseTemplates": {
                    "application/json": "{\"id\": \"$context.requestId\"}"
                  },
                  "statusCode": "200"
                }
              },
              "type": "aws",
              "uri": "arn:aws:apigateway:eu-west-1:dynamodb:action/PutItem"
            },
            "x-amazon-apigateway-request-validator": "body"
          }
        },
        "/orders/{id}": {
          "get": {
            "parameters": [
              {
                "in": "path",
                "name": "id",
                "required": true,
                "schema": {
                  "type": "string"
                }
              }
            ],
            "security": [
              {
                "api_key": []
              }
            ],
            "x-amazon-apigateway-integration": {
              "httpMethod": "POST",
              "type": "aws_proxy",
              "uri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${multiregion:arn:orders}/invocations"
            }
          }
        }
      },
      "x-amazon-apigateway-request-validators": {
        "body": {
          "validateRequestBody": true,
          "validateRequestParameters": false
        }
      }
    }
    "##);
    assert_eq!(lines(&definition.warnings), "");
}

#[test]
fn document_for_readers() {
    let mut case = Case::with(&["orders", "health"]);
    let header = "Authorization".to_owned();
    case.settings.authorizers.insert(
        "bearer".to_owned(),
        Authorizer::Cognito { user_pool_arns: vec!["arn:aws:cognito-idp:eu-west-1:1:userpool/p".to_owned()], header },
    );
    let definition = case.define(Protocol::Rest, Source::Document(PLAIN)).unwrap();
    insta::assert_snapshot!(outline(&definition.operations), @r#"
    GET /health Named("health")
    GET /orders Named("orders") bearer[]
    GET /orders/{orderId} Named("orders") bearer[]
    "#);
    insta::assert_snapshot!(pretty(&document(&definition)), @r##"
    {
      "components": {
        "parameters": {
          "Cursor": {
            "in": "query",
            "name": "cursor",
            "schema": {
              "example": "eyJpZCI6MX0",
              "nullable": true,
              "type": "string"
            }
          }
        },
        "responses": {
          "Order": {
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Order"
                }
              }
            },
            "description": "An order"
          }
        },
        "schemas": {
          "Note": {
            "maxLength": 200,
            "type": "string"
          },
          "Order": {
            "properties": {
              "id": {
                "format": "uuid",
                "type": "string"
              },
              "kind": {
                "enum": [
                  "order"
                ]
              },
              "note": {
                "anyOf": [
                  {
                    "$ref": "#/components/schemas/Note"
                  }
                ],
                "nullable": true
              },
              "total": {
                "exclusiveMinimum": true,
                "minimum": 0,
                "type": "number"
              }
            },
            "type": "object"
          }
        },
        "securitySchemes": {
          "bearer": {
            "in": "header",
            "name": "Authorization",
            "type": "apiKey",
            "x-amazon-apigateway-authorizer": {
              "providerARNs": [
                "arn:aws:cognito-idp:eu-west-1:1:userpool/p"
              ],
              "type": "cognito_user_pools"
            },
            "x-amazon-apigateway-authtype": "cognito_user_pools"
          }
        }
      },
      "info": {
        "license": {
          "name": "Apache 2.0"
        },
        "title": "shop",
        "version": "2025-06"
      },
      "openapi": "3.0.1",
      "paths": {
        "/health": {
          "get": {
            "operationId": "health",
            "responses": {
              "200": {
                "description": "The API is healthy"
              }
            },
            "security": [],
            "x-amazon-apigateway-integration": {
              "httpMethod": "POST",
              "type": "aws_proxy",
              "uri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${multiregion:arn:health}/invocations"
            }
          }
        },
        "/orders": {
          "get": {
            "operationId": "listOrders",
            "parameters": [
              {
                "$ref": "#/components/parameters/Cursor"
              }
            ],
            "responses": {
              "200": {
                "content": {
                  "application/json": {
                    "schema": {
                      "items": {
                        "$ref": "#/components/schemas/Order"
                      },
                      "type": "array"
                    }
                  }
                },
                "description": "One page of orders"
              }
            },
            "tags": [
              "orders"
            ],
            "x-amazon-apigateway-integration": {
              "httpMethod": "POST",
              "type": "aws_proxy",
              "uri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${multiregion:arn:orders}/invocations"
            }
          }
        },
        "/orders/{orderId}": {
          "get": {
            "operationId": "getOrder",
            "responses": {
              "200": {
                "$ref": "#/components/responses/Order"
              }
            },
            "tags": [
              "orders"
            ],
            "x-amazon-apigateway-integration": {
              "httpMethod": "POST",
              "type": "aws_proxy",
              "uri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${multiregion:arn:orders}/invocations"
            }
          },
          "parameters": [
            {
              "in": "path",
              "name": "orderId",
              "required": true,
              "schema": {
                "format": "uuid",
                "type": "string"
              }
            }
          ]
        }
      },
      "security": [
        {
          "bearer": []
        }
      ],
      "servers": [
        {
          "url": "https://{environment}.example.com/v1",
          "variables": {
            "environment": {
              "default": "api"
            }
          }
        }
      ],
      "tags": [
        {
          "name": "orders"
        }
      ]
    }
    "##);
    assert_eq!(lines(&definition.warnings), "");
}

#[test]
fn declared_security_that_api_gateway_ignores_is_a_warning() {
    let definition = Case::default().define(Protocol::Rest, Source::Document(PLAIN)).unwrap();
    let warnings = lines(&definition.warnings);
    assert_eq!(warnings.matches("warning: Authorization without effect").count(), 2, "{warnings}");
    assert!(warnings.contains("GET /orders at #/paths/~1orders/get requires \"bearer\""), "{warnings}");
}

#[test]
fn security_with_an_effect_is_no_warning() {
    let schemes =
        "components: {securitySchemes: {none: {type: http}, key: {type: apiKey, in: header, name: X-API-KEY}}}";
    for (security, count) in
        [("[{none: []}]", 1), ("[{missing: []}]", 1), ("[{none: []}, {}]", 0), ("[{none: [], key: []}]", 0), ("[]", 0)]
    {
        let text = format!("openapi: 3.0.1\npaths: {{/: {{get: {{security: {security}}}}}}}\n{schemes}");
        let definition = Case::default().define(Protocol::Rest, Source::Document(&text)).unwrap();
        assert_eq!(definition.warnings.len(), count, "{security}");
    }
    let text = "{openapi: 3.0.1, paths: {/: {get: {x-amazon-apigateway-auth: {type: AWS_IAM}}}}}";
    let definition = Case::default().define(Protocol::Rest, Source::Document(text)).unwrap();
    assert!(definition.operations[0].authorization.iam);
}

#[test]
fn json_with_a_trailing_comma_and_without_version_and_responses() {
    let text = "{\n  \"openapi\": \"3.0.1\",\n  \"info\": {\"title\": \"x\"},\n  \"paths\": {\"/\": {\"get\": {}}},\n}";
    let document = Case::default().rest(text);
    assert_eq!(document["info"], serde_json::json!({"title": "shop", "version": "1"}));
    assert_eq!(
        document["paths"]["/"]["get"]["x-amazon-apigateway-integration"],
        serde_json::json!({
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${multiregion:arn:}/invocations",
        })
    );
}

#[test]
fn swagger_stays_swagger() {
    let document = Case::default().rest(
        "swagger: 2.0\ninfo: {title: x, version: 1.10}\nsecurityDefinitions:\n  key: {type: apiKey, name: X-Api-Key, in: header}\n\
         paths: {/a: {get: {security: [{key: []}]}}}",
    );
    assert_eq!(document["swagger"], "2.0");
    assert_eq!(document["info"]["version"], "1.1");
    assert_eq!(document["securityDefinitions"]["key"]["name"], "X-Api-Key");
}

#[test]
fn functions_are_chosen_in_order() {
    let names = ["orders", "orders-admin", "users"];
    for (operation, path, expected) in [
        ("{}", "/orders/1", Some("orders")),
        ("{}", "/orders-admin", Some("orders-admin")),
        ("{tags: [x, users]}", "/orders", Some("users")),
        ("{operationId: users, tags: [orders]}", "/orders-admin", Some("users")),
        ("{x-multiregion-function: orders, operationId: users}", "/users", Some("orders")),
        ("{x-amazon-apigateway-integration: {uri: '{function.users}', type: aws_proxy}}", "/orders", Some("users")),
        ("{x-amazon-apigateway-integration: {timeoutInMillis: 50}}", "/orders", Some("orders")),
        ("{x-amazon-apigateway-integration: {type: mock}}", "/orders", None),
        ("{x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://example.com'}}", "/orders", None),
        (
            "{x-amazon-apigateway-integration: {uri: 'arn:aws:lambda:{region}:{account}:function:${users}'}}",
            "/a",
            Some("users"),
        ),
    ] {
        let text = format!("openapi: 3.0.1\npaths: {{{path}: {{get: {operation}}}}}");
        let found = Case::with(&names).define(Protocol::Rest, Source::Document(&text)).unwrap();
        let expected = expected.map(|name| FunctionId::Named(name.to_owned()));
        assert_eq!(found.operations[0].function, expected, "{path} {operation}");
    }
    // An extension of the path, and one of the document.
    for text in [
        "{openapi: 3.0.1, paths: {/a: {x-multiregion-function: users, get: {}}}}",
        "{openapi: 3.0.1, x-multiregion-function: users, paths: {/a: {get: {}}}}",
    ] {
        let found = Case::with(&names).define(Protocol::Rest, Source::Document(text)).unwrap();
        assert_eq!(found.operations[0].function, Some(FunctionId::Named("users".to_owned())));
        assert!(!document(&found).to_string().contains("x-multiregion-function"));
    }
}

#[test]
fn integrations_are_spelled_as_api_gateway_requires() {
    let integration = |keys: &str| {
        let text = format!("openapi: 3.0.1\npaths: {{/: {{get: {{x-amazon-apigateway-integration: {keys}}}}}}}");
        Case::default().rest(&text)["paths"]["/"]["get"]["x-amazon-apigateway-integration"].clone()
    };
    let found = integration("{responseTransferMode: STREAM, timeoutInMillis: 600000}");
    assert_eq!(
        found["uri"],
        "arn:aws:apigateway:eu-west-1:lambda:path/2021-11-15/functions/${multiregion:arn:}/response-streaming-invocations"
    );
    assert_eq!(found["timeoutInMillis"], 600_000);
    let found = integration("{type: AWS_PROXY, httpMethod: GET, uri: 'arn:aws:lambda:eu-west-1:1:function:f:live'}");
    assert_eq!(
        found["uri"],
        "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f:live/invocations"
    );
    assert_eq!((&found["httpMethod"], &found["type"]), (&"POST".into(), &"AWS_PROXY".into()));
    // Other services and endpoints keep their method.
    let found = integration("{type: aws, httpMethod: GET, uri: 'arn:aws:apigateway:{region}:s3:path/bucket'}");
    assert_eq!(
        (&found["httpMethod"], &found["uri"]),
        (&"GET".into(), &"arn:aws:apigateway:eu-west-1:s3:path/bucket".into())
    );
}

#[test]
fn the_template_lists_its_placeholders() {
    let token = Placeholder::Value("stage".to_owned()).token();
    let case = Case::with(&["a"]).variable("stage", &token);
    let text = "{openapi: 3.0.1, paths: {/: {get: {x-amazon-apigateway-integration: {type: http, uri: 'https://{stage}/{function.a}'}}}}}";
    let Body::Rest(template) = case.define(Protocol::Rest, Source::Document(text)).unwrap().body else {
        panic!("REST")
    };
    let (arn, value) =
        (Placeholder::FunctionArn(FunctionId::Named("a".to_owned())), Placeholder::Value("stage".to_owned()));
    assert_eq!(template.placeholders().iter().cloned().collect::<Vec<_>>(), [arn, value]);
}
