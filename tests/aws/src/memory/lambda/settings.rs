//! Reserved concurrency of functions and provisioned concurrency of their versions.

use serde_json::json;

use super::super::{ApiCall, Outcome, json, no_content};
use super::{Function, FunctionRef};
use crate::message::ApiError;

impl Function {
    pub(super) fn reserved(&mut self, call: &ApiCall<'_>) -> Outcome {
        match call.operation.name.as_str() {
            "PutFunctionConcurrency" => {
                self.reserved = call.request.json().get("ReservedConcurrentExecutions").cloned();
            }
            "GetFunctionConcurrency" => {}
            _ => {
                self.reserved = None;
                return no_content();
            }
        }
        let response = self.reserved.as_ref().map(|count| json!({ "ReservedConcurrentExecutions": count }));
        json(200, &response.unwrap_or_else(|| json!({})))
    }

    pub(super) fn provisioned(&mut self, call: &ApiCall<'_>, target: &FunctionRef) -> Outcome {
        self.configuration(target)?;
        match call.operation.name.as_str() {
            "PutProvisionedConcurrencyConfig" => {
                if matches!(target.qualifier.as_str(), "" | "$LATEST") {
                    let message = "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
                    return Err(ApiError::new(400, "InvalidParameterValueException", message));
                }
                let count = &call.request.json()["ProvisionedConcurrentExecutions"];
                let config = json!({
                    "RequestedProvisionedConcurrentExecutions": count,
                    "AvailableProvisionedConcurrentExecutions": count,
                    "AllocatedProvisionedConcurrentExecutions": count,
                    "Status": "READY",
                    "LastModified": call.date(),
                });
                self.provisioned.insert(target.qualifier.clone(), config.clone());
                json(202, &config)
            }
            "GetProvisionedConcurrencyConfig" => {
                let missing = || {
                    let message = format!("No Provisioned Concurrency Config found for function: {}", target.arn);
                    ApiError::new(404, "ProvisionedConcurrencyConfigNotFoundException", message)
                };
                json(200, self.provisioned.get(&target.qualifier).ok_or_else(missing)?)
            }
            _ => {
                self.provisioned.remove(&target.qualifier);
                no_content()
            }
        }
    }
}
