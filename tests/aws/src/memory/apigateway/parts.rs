//! Integrations, authorizers, routes and stages.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{ApiCall, Ids, Outcome, copy_fields, field_or, json, no_content, text};
use super::{Api, listed};
use crate::message::ApiError;

/// A kind of part of an API.
struct PartKind {
    /// The name in operations and error messages.
    name: &'static str,
    /// The field of the id.
    id: &'static str,
    /// The fields that are copied.
    fields: &'static [&'static str],
    /// The fields that are copied, and removed when empty.
    optional: &'static [&'static str],
}

const INTEGRATION: PartKind = PartKind {
    name: "Integration",
    id: "integrationId",
    fields: &[
        "integrationType",
        "integrationUri",
        "integrationMethod",
        "payloadFormatVersion",
        "timeoutInMillis",
        "connectionType",
        "description",
    ],
    optional: &["requestParameters", "requestTemplates", "responseParameters", "contentHandlingStrategy"],
};

const AUTHORIZER: PartKind = PartKind {
    name: "Authorizer",
    id: "authorizerId",
    fields: &["name", "authorizerType", "identitySource"],
    optional: &[
        "authorizerUri",
        "authorizerCredentialsArn",
        "authorizerPayloadFormatVersion",
        "authorizerResultTtlInSeconds",
        "enableSimpleResponses",
        "jwtConfiguration",
    ],
};

const ROUTE: PartKind = PartKind {
    name: "Route",
    id: "routeId",
    fields: &["routeKey", "target", "authorizationType", "apiKeyRequired", "operationName"],
    optional: &["authorizerId", "authorizationScopes", "requestModels", "requestParameters"],
};

const STAGE: PartKind = PartKind {
    name: "Stage",
    id: "stageName",
    fields: &["autoDeploy", "stageVariables", "description", "defaultRouteSettings", "routeSettings"],
    optional: &["accessLogSettings", "clientCertificateId", "deploymentId"],
};

impl Api {
    pub(super) fn part(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let operation = call.operation.name.as_str();
        let (parts, kind) = if operation.contains("Integration") {
            (&mut self.integrations, INTEGRATION)
        } else if operation.contains("Authorizer") {
            (&mut self.authorizers, AUTHORIZER)
        } else if operation.contains("Stage") || operation.ends_with("Settings") {
            (&mut self.stages, STAGE)
        } else if operation.contains("Route") {
            (&mut self.routes, ROUTE)
        } else {
            return Err(call.not_implemented());
        };
        if operation == format!("Create{}", kind.name) {
            return create(parts, &kind, call);
        }
        if operation == format!("Get{}s", kind.name) {
            return listed(call, parts.values().cloned().collect());
        }
        let name = call.name(1);
        let missing = || ApiError::new(404, "NotFoundException", format!("Invalid {} identifier specified", kind.name));
        let part = parts.get_mut(name).ok_or_else(missing)?;
        match operation {
            "GetIntegration" | "GetAuthorizer" | "GetRoute" | "GetStage" => json(200, part),
            "UpdateIntegration" | "UpdateAuthorizer" | "UpdateRoute" | "UpdateStage" => {
                change(part, &kind, &call.request.json());
                if kind.id == STAGE.id {
                    part["lastUpdatedDate"] = call.date().into();
                }
                json(200, part)
            }
            "DeleteIntegration" | "DeleteAuthorizer" | "DeleteRoute" | "DeleteStage" => {
                parts.remove(name);
                no_content()
            }
            // The rules have turned these requests into updates of the stage.
            "DeleteAccessLogSettings" | "DeleteRouteSettings" => {
                change(part, &kind, &call.request.json());
                no_content()
            }
            _ => Err(call.not_implemented()),
        }
    }
}

fn create(parts: &mut BTreeMap<String, Value>, kind: &PartKind, call: &mut ApiCall<'_>) -> Outcome {
    let body = call.request.json();
    let mut part = match kind.name {
        "Integration" => json!({
            "integrationType": "AWS_PROXY",
            "integrationUri": "",
            "integrationMethod": "POST",
            "payloadFormatVersion": "2.0",
            "timeoutInMillis": 30000,
            "connectionType": "INTERNET",
            "description": "",
        }),
        "Authorizer" => json!({ "name": "", "authorizerType": "", "identitySource": [] }),
        "Route" => json!({
            "routeKey": "$default",
            "target": "",
            "authorizationType": "NONE",
            "apiKeyRequired": false,
            "operationName": "",
        }),
        _ => json!({
            "autoDeploy": false,
            "createdDate": call.date(),
            "lastUpdatedDate": call.date(),
            "stageVariables": {},
            "description": "",
            "defaultRouteSettings": {},
            "routeSettings": {},
            "tags": field_or(&body, "tags", json!({})),
        }),
    };
    let id = if kind.id == STAGE.id { text(&body, "stageName").to_owned() } else { call.ids.next("", 7, Ids::LOWER) };
    part[kind.id] = id.as_str().into();
    change(&mut part, kind, &body);
    parts.insert(id, part.clone());
    json(201, &part)
}

fn change(part: &mut Value, kind: &PartKind, body: &Value) {
    let Some(fields) = part.as_object_mut() else { return };
    copy_fields(fields, body, kind.fields);
    for name in kind.optional {
        let Some(value) = body.get(*name) else { continue };
        if is_empty(value) {
            fields.remove(*name);
        } else {
            fields.insert((*name).to_owned(), value.clone());
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
