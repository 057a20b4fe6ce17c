//! Who may call a function: statements, each in the policy of one qualifier.

use serde_json::{Map, Value, json};

use super::super::{Outcome, Question, json, no_content, or, text};
use super::{Function, Of, text_of};
use crate::message::Refusal;

impl Function {
    pub(super) fn policy(&mut self, question: &mut Question<'_>, of: &Of) -> Outcome {
        // The qualifier has to exist.
        self.of(of)?;
        let missing =
            || Refusal::new(404, "ResourceNotFoundException", "No policy is associated with the given resource.");
        match question.operation.name.as_str() {
            "AddPermission" => self.add_permission(question, of),
            "GetPolicy" => {
                let statements = self.policies.get(&of.qualifier).ok_or_else(missing)?;
                let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": statements});
                let revision = text_of(&self.latest, "RevisionId");
                json(200, &json!({"Policy": policy.to_string(), "RevisionId": revision}))
            }
            _ => {
                let statements = self.policies.get_mut(&of.qualifier).ok_or_else(missing)?;
                let count = statements.len();
                statements.retain(|statement| text(statement, "Sid") != question.name(1));
                if statements.len() == count {
                    let message = format!("Statement {} is not found in resource policy.", question.name(1));
                    return Err(Refusal::new(404, "ResourceNotFoundException", message));
                }
                if statements.is_empty() {
                    self.policies.remove(&of.qualifier);
                }
                no_content()
            }
        }
    }

    fn add_permission(&mut self, question: &mut Question<'_>, of: &Of) -> Outcome {
        let body = question.request.json();
        let id = text(&body, "StatementId");
        let statements = self.policies.entry(of.qualifier.clone()).or_default();
        if statements.iter().any(|statement| text(statement, "Sid") == id) {
            let message = format!(
                "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the \
                 existing statement."
            );
            return Err(Refusal::new(409, "ResourceConflictException", message));
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
            "Action": or(&body, "Action", "lambda:InvokeFunction"),
            "Resource": of.qualified(),
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
