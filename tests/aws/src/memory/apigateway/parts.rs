//! Integrations, routes and stages.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Ids, Outcome, Question, json, no_content, or, take_over, text};
use super::{Api, listed, remove};
use crate::message::Refusal;

/// The parts of one sort.
struct Sort {
    /// What is answered about one that is missing.
    name: &'static str,
    /// The field of its id.
    id: &'static str,
    /// What is taken over.
    fields: &'static [&'static str],
    /// What is taken over, and removed where it is empty.
    optional: &'static [&'static str],
}

const INTEGRATION: Sort = Sort {
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

const ROUTE: Sort = Sort {
    name: "Route",
    id: "routeId",
    fields: &["routeKey", "target", "authorizationType", "apiKeyRequired", "operationName"],
    optional: &["authorizerId", "authorizationScopes", "requestModels", "requestParameters"],
};

const STAGE: Sort = Sort {
    name: "Stage",
    id: "stageName",
    fields: &["autoDeploy", "stageVariables", "description", "defaultRouteSettings", "routeSettings"],
    optional: &["accessLogSettings", "clientCertificateId", "deploymentId"],
};

impl Api {
    pub(super) fn part(&mut self, question: &mut Question<'_>) -> Outcome {
        let operation = question.operation.name.as_str();
        let (parts, sort) = if operation.contains("Integration") {
            (&mut self.integrations, INTEGRATION)
        } else if operation.contains("Route") {
            (&mut self.routes, ROUTE)
        } else if operation.contains("Stage") || operation == "DeleteAccessLogSettings" {
            (&mut self.stages, STAGE)
        } else {
            return Err(question.not_implemented());
        };
        if operation == format!("Create{}", sort.name) {
            return create(parts, &sort, question);
        }
        if operation == format!("Get{}s", sort.name) {
            return listed(question, parts.values().cloned().collect());
        }
        let name = question.name(1);
        let missing = || Refusal::new(404, "NotFoundException", format!("Invalid {} identifier specified", sort.name));
        let part = parts.get_mut(name).ok_or_else(missing)?;
        match operation {
            "GetIntegration" | "GetRoute" | "GetStage" => json(200, part),
            "UpdateIntegration" | "UpdateRoute" | "UpdateStage" => {
                change(part, &sort, &question.request.json());
                if sort.id == STAGE.id {
                    part["lastUpdatedDate"] = question.date().into();
                }
                json(200, part)
            }
            "DeleteIntegration" | "DeleteRoute" | "DeleteStage" => {
                parts.remove(name);
                no_content()
            }
            "DeleteAccessLogSettings" => {
                remove(part, "accessLogSettings");
                no_content()
            }
            _ => Err(question.not_implemented()),
        }
    }
}

fn create(parts: &mut BTreeMap<String, Value>, sort: &Sort, question: &mut Question<'_>) -> Outcome {
    let body = question.request.json();
    let mut part = match sort.name {
        "Integration" => json!({
            "integrationType": "AWS_PROXY",
            "integrationUri": "",
            "integrationMethod": "POST",
            "payloadFormatVersion": "2.0",
            "timeoutInMillis": 30000,
            "connectionType": "INTERNET",
            "description": "",
        }),
        "Route" => json!({
            "routeKey": "$default",
            "target": "",
            "authorizationType": "NONE",
            "apiKeyRequired": false,
            "operationName": "",
        }),
        _ => json!({
            "autoDeploy": false,
            "createdDate": question.date(),
            "lastUpdatedDate": question.date(),
            "stageVariables": {},
            "description": "",
            "defaultRouteSettings": {},
            "routeSettings": {},
            "tags": or(&body, "tags", json!({})),
        }),
    };
    let id =
        if sort.id == STAGE.id { text(&body, "stageName").to_owned() } else { question.ids.next("", 7, Ids::LOWER) };
    part[sort.id] = id.as_str().into();
    change(&mut part, sort, &body);
    parts.insert(id, part.clone());
    json(201, &part)
}

fn change(part: &mut Value, sort: &Sort, body: &Value) {
    let Some(fields) = part.as_object_mut() else { return };
    take_over(fields, body, sort.fields);
    for name in sort.optional {
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
