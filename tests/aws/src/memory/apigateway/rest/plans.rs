//! Usage plans and their keys.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::super::{ApiCall, Ids, Outcome, copy_fields, field_or, json, text};
use super::patch::Patch;
use super::{RestApis, accepted, bad_request, conflict, listed, missing, remove};
use crate::message::ApiError;
use crate::upstream::Place;

/// A usage plan.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// As AWS returns it.
    pub(super) plan: Value,
    /// The ids of its keys.
    pub(super) keys: BTreeSet<String>,
}

impl Plan {
    /// Whether the plan gives access to a stage.
    pub(super) fn covers(&self, api: &str, stage: &str) -> bool {
        let stages = self.plan["apiStages"].as_array().into_iter().flatten();
        stages.into_iter().any(|entry| entry["apiId"] == api && entry["stage"] == stage)
    }
}

impl RestApis {
    pub(super) fn plan(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let id = call.name(0).to_owned();
        match call.operation.name.as_str() {
            "CreateUsagePlan" => self.create_plan(call),
            "GetUsagePlans" => listed(call, self.plans.all(call.place).map(|(_, plan)| plan.plan.clone()).collect()),
            "GetUsagePlan" => json(200, &self.found_plan(call)?.plan),
            "UpdateUsagePlan" => {
                let mut plan = self.found_plan(call)?.plan.clone();
                for change in Patch::all(call) {
                    self.change_plan(call.place, &mut plan, &change)?;
                }
                check_quota(&plan)?;
                self.found_plan(call)?.plan = plan.clone();
                json(200, &plan)
            }
            "DeleteUsagePlan" => {
                let stages = self.found_plan(call)?.plan["apiStages"].as_array().map_or(0, Vec::len);
                if stages > 0 {
                    let message =
                        format!("Cannot delete Usage Plan {id} because there are API Stages associated with it");
                    return Err(bad_request(message));
                }
                self.plans.remove(call.place, &id);
                accepted()
            }
            _ => Err(call.not_implemented()),
        }
    }

    fn found_plan(&mut self, call: &ApiCall<'_>) -> Result<&mut Plan, ApiError> {
        self.plans.get_mut(call.place, call.name(0)).ok_or_else(|| missing("Usage Plan"))
    }

    fn create_plan(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        let id = call.ids.next("", 6, Ids::LOWER);
        let mut plan = json!({
            "id": id,
            "apiStages": field_or(&body, "apiStages", json!([])),
            "tags": field_or(&body, "tags", json!({})),
        });
        if let Some(fields) = plan.as_object_mut() {
            copy_fields(fields, &body, &["name", "description", "throttle", "quota"]);
        }
        if plan["quota"].is_object() {
            plan["quota"]["offset"] = field_or(&plan["quota"], "offset", 0);
        }
        for stage in plan["apiStages"].as_array().into_iter().flatten() {
            self.check_stage(call.place, text(stage, "apiId"), text(stage, "stage"))?;
        }
        check_quota(&plan)?;
        self.plans.put(call.place, &id, Plan { plan: plan.clone(), keys: BTreeSet::new() });
        json(201, &plan)
    }

    fn check_stage(&self, place: &Place, api: &str, stage: &str) -> Result<(), ApiError> {
        let missing = || ApiError::new(404, "NotFoundException", format!("API Stage not found: {api}:{stage}"));
        self.exists(place, api, Some(stage)).then_some(()).ok_or_else(missing)
    }

    fn change_plan(&self, place: &Place, plan: &mut Value, change: &Patch) -> Result<(), ApiError> {
        match (change.op.as_str(), change.path.as_str()) {
            ("replace", "/name") => plan["name"] = change.value.as_str().into(),
            ("replace" | "add", "/throttle/rateLimit") => {
                let rate: f64 = change.value.parse().map_err(|_| change.refused())?;
                plan["throttle"]["rateLimit"] = json!(rate);
            }
            ("replace" | "add", "/throttle/burstLimit") => plan["throttle"]["burstLimit"] = change.number()?,
            ("replace" | "add", "/quota/limit") => plan["quota"]["limit"] = change.number()?,
            ("replace" | "add", "/quota/offset") => plan["quota"]["offset"] = change.number()?,
            ("replace" | "add", "/quota/period") => plan["quota"]["period"] = change.value.as_str().into(),
            ("remove", "/throttle") => remove(plan, "throttle"),
            ("remove", "/quota") => remove(plan, "quota"),
            (op @ ("add" | "remove"), "/apiStages") => {
                let (api, stage) = change.value.split_once(':').unwrap_or_default();
                let entry = json!({ "apiId": api, "stage": stage });
                let Some(stages) = plan["apiStages"].as_array_mut() else { return Err(change.refused()) };
                let is_in = stages.iter().any(|other| other["apiId"] == api && other["stage"] == stage);
                if op == "remove" {
                    if !is_in {
                        return Err(bad_request(format!("API Stage {} is not in the usage plan", change.value)));
                    }
                    stages.retain(|other| other["apiId"] != api || other["stage"] != stage);
                } else if is_in {
                    return Err(conflict(format!("API Stage {} is already in the usage plan", change.value)));
                } else {
                    self.check_stage(place, api, stage)?;
                    stages.push(entry);
                }
            }
            _ => return Err(change.refused()),
        }
        Ok(())
    }

    pub(super) fn plan_key(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let place = call.place;
        let body = call.request.json();
        match call.operation.name.as_str() {
            "CreateUsagePlanKey" => {
                let id = text(&body, "keyId").to_owned();
                let key = self.keys.get(place, &id).cloned().ok_or_else(|| missing("API Key"))?;
                if body["keyType"] != "API_KEY" {
                    return Err(bad_request("Invalid key type specified"));
                }
                let plan = self.found_plan(call)?;
                if !plan.keys.insert(id) {
                    return Err(conflict("Usage Plan Key already exists"));
                }
                json(201, &member(&key))
            }
            "GetUsagePlanKeys" => {
                let ids = self.found_plan(call)?.keys.clone();
                listed(call, ids.iter().filter_map(|id| self.keys.get(place, id)).map(member).collect())
            }
            "GetUsagePlanKey" | "DeleteUsagePlanKey" => {
                let id = call.name(1).to_owned();
                let plan = self.found_plan(call)?;
                if !plan.keys.contains(&id) {
                    return Err(missing("Usage Plan Key"));
                }
                if call.operation.name == "DeleteUsagePlanKey" {
                    plan.keys.remove(&id);
                    return accepted();
                }
                json(200, &member(self.keys.get(place, &id).ok_or_else(|| missing("API Key"))?))
            }
            _ => Err(call.not_implemented()),
        }
    }

    /// Removes a deleted key from all plans.
    pub(super) fn leave_plans(&mut self, place: &Place, key: &str) {
        let ids: Vec<String> = self.plans.all(place).map(|(id, _)| id.to_owned()).collect();
        for id in ids {
            if let Some(plan) = self.plans.get_mut(place, &id) {
                plan.keys.remove(key);
            }
        }
    }
}

fn member(key: &Value) -> Value {
    json!({ "id": key["id"], "type": "API_KEY", "name": key["name"], "value": key["value"] })
}

fn check_quota(plan: &Value) -> Result<(), ApiError> {
    let quota = &plan["quota"];
    let is_valid = quota.is_null()
        || (quota["limit"].as_i64().is_some_and(|limit| limit > 0)
            && ["DAY", "WEEK", "MONTH"].contains(&text(quota, "period")));
    is_valid.then_some(()).ok_or_else(|| bad_request("Usage Plan quota needs a positive limit and a period"))
}
