//! Concurrency, set aside for a function and kept warm for a version of it.

use serde_json::json;

use super::super::{Outcome, Question, json, no_content};
use super::{Function, Of};
use crate::message::Refusal;

impl Function {
    pub(super) fn reserved(&mut self, question: &Question<'_>) -> Outcome {
        match question.operation.name.as_str() {
            "PutFunctionConcurrency" => {
                self.reserved = question.request.json().get("ReservedConcurrentExecutions").cloned();
            }
            "GetFunctionConcurrency" => {}
            _ => {
                self.reserved = None;
                return no_content();
            }
        }
        let answer = self.reserved.as_ref().map(|count| json!({ "ReservedConcurrentExecutions": count }));
        json(200, &answer.unwrap_or_else(|| json!({})))
    }

    pub(super) fn provisioned(&mut self, question: &Question<'_>, of: &Of) -> Outcome {
        self.of(of)?;
        match question.operation.name.as_str() {
            "PutProvisionedConcurrencyConfig" => {
                if matches!(of.qualifier.as_str(), "" | "$LATEST") {
                    let message = "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
                    return Err(Refusal::new(400, "InvalidParameterValueException", message));
                }
                let count = &question.request.json()["ProvisionedConcurrentExecutions"];
                let config = json!({
                    "RequestedProvisionedConcurrentExecutions": count,
                    "AvailableProvisionedConcurrentExecutions": count,
                    "AllocatedProvisionedConcurrentExecutions": count,
                    "Status": "READY",
                    "LastModified": question.date(),
                });
                self.provisioned.insert(of.qualifier.clone(), config.clone());
                json(202, &config)
            }
            "GetProvisionedConcurrencyConfig" => {
                let missing = || {
                    let message = format!("No Provisioned Concurrency Config found for function: {}", of.arn);
                    Refusal::new(404, "ProvisionedConcurrencyConfigNotFoundException", message)
                };
                json(200, self.provisioned.get(&of.qualifier).ok_or_else(missing)?)
            }
            _ => {
                self.provisioned.remove(&of.qualifier);
                no_content()
            }
        }
    }
}
