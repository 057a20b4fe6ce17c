//! API keys.

use serde_json::{Value, json};

use super::super::super::{ApiCall, Ids, Outcome, copy_fields, field_or, json, text};
use super::patch::Patch;
use super::{RestApis, accepted, bad_request, conflict, listed, missing, remove, seconds};

impl RestApis {
    pub(super) fn key(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let id = call.name(0).to_owned();
        match call.operation.name.as_str() {
            "CreateApiKey" => self.create_key(call),
            "GetApiKeys" => {
                let (name, with_values) = (call.query("name"), call.query("includeValues"));
                let with_values = with_values.as_deref() == Some("true");
                let keys = self.keys.all(call.place).map(|(_, key)| key);
                let named = keys.filter(|key| name.as_ref().is_none_or(|name| text(key, "name").starts_with(name)));
                listed(call, named.map(|key| shown(key, with_values)).collect())
            }
            "GetApiKey" => {
                let key = self.keys.get(call.place, &id).ok_or_else(|| missing("API Key"))?;
                json(200, &shown(key, call.query("includeValue").as_deref() == Some("true")))
            }
            "UpdateApiKey" => {
                let key = self.keys.get_mut(call.place, &id).ok_or_else(|| missing("API Key"))?;
                let mut changed = key.clone();
                for change in Patch::all(call) {
                    match (change.op.as_str(), change.path.as_str()) {
                        ("replace", "/name") => changed["name"] = change.value.into(),
                        ("replace", "/description") => changed["description"] = change.value.into(),
                        ("replace", "/enabled") => changed["enabled"] = change.boolean()?.into(),
                        _ => return Err(change.refused()),
                    }
                }
                changed["lastUpdatedDate"] = seconds(call);
                *key = changed;
                json(200, &shown(key, false))
            }
            "DeleteApiKey" => {
                if !self.keys.remove(call.place, &id) {
                    return Err(missing("API Key"));
                }
                self.leave_plans(call.place, &id);
                accepted()
            }
            _ => Err(call.not_implemented()),
        }
    }

    fn create_key(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        let value = match body["value"].as_str() {
            Some(value) if value.len() < 20 => {
                return Err(bad_request("API Key value should be at least 20 characters"));
            }
            Some(value) if value.len() > 128 => {
                return Err(bad_request("API Key value should be at most 128 characters"));
            }
            Some(value) => value.to_owned(),
            None => call.ids.next("", 40, Ids::LOWER),
        };
        if self.keys.all(call.place).any(|(_, key)| key["value"] == value) {
            return Err(conflict("API Key already exists"));
        }
        let id = call.ids.next("", 10, Ids::LOWER);
        let mut key = json!({
            "id": id,
            "value": value,
            "enabled": field_or(&body, "enabled", false),
            "createdDate": seconds(call),
            "lastUpdatedDate": seconds(call),
            "stageKeys": [],
            "tags": field_or(&body, "tags", json!({})),
        });
        if let Some(fields) = key.as_object_mut() {
            copy_fields(fields, &body, &["name", "description", "customerId"]);
        }
        self.keys.put(call.place, &id, key.clone());
        json(201, &key)
    }
}

/// A key as AWS returns it: its value only where it was asked for.
fn shown(key: &Value, with_value: bool) -> Value {
    let mut key = key.clone();
    if !with_value {
        remove(&mut key, "value");
    }
    key
}
