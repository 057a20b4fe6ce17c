//! Deployments and stages of a REST API.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::super::{ApiCall, Ids, Outcome, copy_fields, field_or, json, text};
use super::{Deployment, RestApi, accepted, bad_request, conflict, listed, missing, seconds, stage_settings};
use crate::message::ApiError;

impl RestApi {
    pub(super) fn stage_or_deployment(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        match call.operation.name.as_str() {
            "CreateDeployment" => self.deploy(call),
            "GetDeployments" => {
                listed(call, self.deployments.values().map(|deployment| deployment.deployment.clone()).collect())
            }
            "GetDeployment" => {
                json(200, &self.deployments.get(call.name(1)).ok_or_else(|| missing("Deployment"))?.deployment)
            }
            "DeleteDeployment" => {
                let id = call.name(1);
                if self.stages.values().any(|stage| stage["deploymentId"] == id) {
                    return Err(bad_request("Active stages pointing to this deployment must be moved or deleted"));
                }
                self.deployments.remove(id).ok_or_else(|| missing("Deployment"))?;
                accepted()
            }
            "GetStages" => json(200, &json!({ "item": self.stages.values().collect::<Vec<_>>() })),
            "GetStage" => json(200, self.stages.get(call.name(1)).ok_or_else(|| missing("stage"))?),
            "DeleteStage" => {
                self.stages.remove(call.name(1)).ok_or_else(|| missing("stage"))?;
                accepted()
            }
            _ => Err(call.not_implemented()),
        }
    }

    /// Takes a snapshot. A named stage serves it from then on.
    fn deploy(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        if self.content.methods().next().is_none() {
            return Err(bad_request("The REST API doesn't contain any methods"));
        }
        if self.content.methods().any(|(_, method)| method["methodIntegration"].is_null()) {
            return Err(bad_request("No integration defined for method"));
        }
        let body = call.request.json();
        let id = call.ids.next("", 6, Ids::LOWER);
        let mut deployment = json!({ "id": id, "createdDate": seconds(call) });
        if let Some(fields) = deployment.as_object_mut() {
            copy_fields(fields, &body, &["description"]);
        }
        let snapshot =
            Deployment { deployment: deployment.clone(), api: self.api.clone(), content: Arc::clone(&self.content) };
        self.deployments.insert(id.clone(), snapshot);
        if let Some(name) = body["stageName"].as_str() {
            match self.stages.get_mut(name) {
                Some(stage) => stage["deploymentId"] = id.into(),
                None => drop(self.stages.insert(name.to_owned(), new_stage(call, name, &id, &json!({})))),
            }
        }
        json(201, &deployment)
    }

    pub(super) fn change_stage(&mut self, call: &ApiCall<'_>, has_log_role: bool) -> Outcome {
        if call.operation.name == "CreateStage" {
            return self.create_stage(call);
        }
        let name = call.name(1);
        let mut stage = self.stages.get(name).cloned().ok_or_else(|| missing("stage"))?;
        stage_settings::update(&mut stage, call, has_log_role)?;
        self.check_deployment(text(&stage, "deploymentId"))?;
        stage["lastUpdatedDate"] = seconds(call);
        self.stages.insert(name.to_owned(), stage.clone());
        json(200, &stage)
    }

    fn create_stage(&mut self, call: &ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        let name = text(&body, "stageName");
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Err(bad_request("Stage name only allows a-zA-Z0-9_"));
        }
        if self.stages.contains_key(name) {
            return Err(conflict("Stage already exists"));
        }
        let deployment = text(&body, "deploymentId");
        self.check_deployment(deployment)?;
        let stage = new_stage(call, name, deployment, &body);
        self.stages.insert(name.to_owned(), stage.clone());
        json(201, &stage)
    }

    fn check_deployment(&self, id: &str) -> Result<(), ApiError> {
        let is_known = self.deployments.contains_key(id);
        is_known.then_some(()).ok_or_else(|| bad_request("Deployment id does not exist"))
    }
}

fn new_stage(call: &ApiCall<'_>, name: &str, deployment: &str, body: &Value) -> Value {
    let has_cache = body["cacheClusterEnabled"] == true;
    let mut stage = json!({
        "stageName": name,
        "deploymentId": deployment,
        "cacheClusterEnabled": has_cache,
        "cacheClusterStatus": if has_cache { "AVAILABLE" } else { "NOT_AVAILABLE" },
        "methodSettings": {},
        "tracingEnabled": field_or(body, "tracingEnabled", false),
        "tags": field_or(body, "tags", json!({})),
        "createdDate": seconds(call),
        "lastUpdatedDate": seconds(call),
    });
    if let Some(fields) = stage.as_object_mut() {
        copy_fields(fields, body, &["variables", "description", "canarySettings"]);
    }
    if has_cache {
        stage["cacheClusterSize"] = field_or(body, "cacheClusterSize", "0.5");
    }
    stage
}
