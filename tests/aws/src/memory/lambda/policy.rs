//! Resource policies of functions: statements by qualifier.

use serde_json::{Map, Value, json};

use super::super::{ApiCall, Outcome, field_or, json, no_content, text};
use super::{Function, FunctionRef, text_of};
use crate::message::ApiError;

impl Function {
    pub(super) fn policy(&mut self, call: &mut ApiCall<'_>, target: &FunctionRef) -> Outcome {
        // The qualifier must exist.
        self.configuration(target)?;
        let missing =
            || ApiError::new(404, "ResourceNotFoundException", "No policy is associated with the given resource.");
        match call.operation.name.as_str() {
            "AddPermission" => self.add_permission(call, target),
            "GetPolicy" => {
                let statements = self.policies.get(&target.qualifier).ok_or_else(missing)?;
                let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": statements});
                let revision = text_of(&self.latest, "RevisionId");
                json(200, &json!({"Policy": policy.to_string(), "RevisionId": revision}))
            }
            _ => {
                let statements = self.policies.get_mut(&target.qualifier).ok_or_else(missing)?;
                let count = statements.len();
                statements.retain(|statement| text(statement, "Sid") != call.name(1));
                if statements.len() == count {
                    let message = format!("Statement {} is not found in resource policy.", call.name(1));
                    return Err(ApiError::new(404, "ResourceNotFoundException", message));
                }
                if statements.is_empty() {
                    self.policies.remove(&target.qualifier);
                }
                no_content()
            }
        }
    }

    fn add_permission(&mut self, call: &mut ApiCall<'_>, target: &FunctionRef) -> Outcome {
        let body = call.request.json();
        let id = text(&body, "StatementId");
        let statements = self.policies.entry(target.qualifier.clone()).or_default();
        if statements.iter().any(|statement| text(statement, "Sid") == id) {
            let message = format!(
                "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the \
                 existing statement."
            );
            return Err(ApiError::new(409, "ResourceConflictException", message));
        }
        let principal = text(&body, "Principal");
        let principal = match principal {
            "*" => json!("*"),
            service if service.contains("amazonaws.com") => json!({ "Service": service }),
            account => json!({ "AWS": account }),
        };
        let mut statement = json!({
            "Sid": id,
            "Effect": "Allow",
            "Principal": principal,
            "Action": field_or(&body, "Action", "lambda:InvokeFunction"),
            "Resource": target.qualified(),
        });
        let condition = condition(&body);
        if !condition.is_empty() {
            statement["Condition"] = Value::Object(condition);
        }
        statements.push(statement.clone());
        json(201, &json!({ "Statement": statement.to_string() }))
    }
}

fn condition(body: &Value) -> Map<String, Value> {
    let mut condition = Map::new();
    if let Some(source) = body.get("SourceArn") {
        condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": source }));
    }
    if let Some(account) = body.get("SourceAccount") {
        condition.insert("StringEquals".to_owned(), json!({ "AWS:SourceAccount": account }));
    }
    condition
}
