//! REST APIs (API Gateway v1): APIs with their content, deployments and stages, API keys and usage plans. It also refuses
//! what AWS refuses, because both backends use it: ministack serves the current resources instead of deployments.

mod document;
mod keys;
mod patch;
mod plans;
mod policy;
mod served;
mod stage_settings;
mod stages;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::{ApiCall, Ids, Outcome, Store, copy_fields, field_or, json, no_content, page, text};
use crate::message::ApiError;
use crate::upstream::Place;
use document::Content;
use patch::Patch;
pub(crate) use served::{Accepted, Call, Integration, Limit, Protected, RestRequest, Served};

/// The REST APIs, keys and usage plans of all accounts and regions.
#[derive(Debug, Default, Clone)]
pub(in crate::memory) struct RestApis {
    /// By id.
    apis: Store<RestApi>,
    /// API keys with their values, by id.
    keys: Store<Value>,
    /// By id.
    plans: Store<plans::Plan>,
    /// The settings of an account in a region, under the name `account`.
    accounts: Store<Value>,
}

/// An API with its parts.
#[derive(Debug, Clone)]
struct RestApi {
    /// As AWS returns it.
    api: Value,
    /// What the next deployment will contain.
    content: Arc<Content>,
    /// By id.
    deployments: BTreeMap<String, Deployment>,
    /// By name, as AWS returns them.
    stages: BTreeMap<String, Value>,
}

/// A snapshot of an API.
#[derive(Debug, Clone)]
struct Deployment {
    /// As AWS returns it.
    deployment: Value,
    /// The API's own settings.
    api: Value,
    content: Arc<Content>,
}

impl RestApis {
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let operation = call.operation.name.as_str();
        match operation {
            "CreateRestApi" => self.create(call),
            "GetRestApis" => listed(call, self.apis.all(call.place).map(|(_, api)| api.api.clone()).collect()),
            "DeleteRestApi" => {
                self.api(call)?;
                self.apis.remove(call.place, call.name(0));
                accepted()
            }
            "GetAccount" => json(200, &self.account(call.place)),
            "UpdateAccount" => self.update_account(call),
            "GetTags" | "TagResource" | "UntagResource" => self.tagging(call),
            _ if operation.contains("UsagePlanKey") => self.plan_key(call),
            _ if operation.contains("UsagePlan") => self.plan(call),
            _ if operation.contains("ApiKey") => self.key(call),
            "CreateStage" | "UpdateStage" => {
                let has_role = self.account(call.place)["cloudwatchRoleArn"].as_str().is_some();
                self.api(call)?.change_stage(call, has_role)
            }
            _ => self.api(call)?.handle(call),
        }
    }

    fn api(&mut self, call: &ApiCall<'_>) -> Result<&mut RestApi, ApiError> {
        self.apis.get_mut(call.place, call.name(0)).ok_or_else(|| missing("API"))
    }

    fn create(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        let id = call.ids.next("", 10, Ids::LOWER);
        let content = Content::empty(call.ids);
        let mut api = json!({
            "id": id,
            "createdDate": seconds(call),
            "apiKeySource": "HEADER",
            "endpointConfiguration": { "types": ["EDGE"], "ipAddressType": "ipv4" },
            "tags": field_or(&body, "tags", json!({})),
            "disableExecuteApiEndpoint": false,
            "rootResourceId": content.root,
            "apiStatus": "AVAILABLE",
        });
        if let Some(fields) = api.as_object_mut() {
            let copied =
                ["name", "description", "apiKeySource", "binaryMediaTypes", "disableExecuteApiEndpoint", "policy"];
            copy_fields(fields, &body, &copied);
        }
        for field in ["types", "ipAddressType"] {
            if let Some(given) = body["endpointConfiguration"].get(field) {
                api["endpointConfiguration"][field] = given.clone();
            }
        }
        let content = Arc::new(content);
        let whole = RestApi { api: api.clone(), content, deployments: BTreeMap::new(), stages: BTreeMap::new() };
        self.apis.put(call.place, &id, whole);
        json(201, &api)
    }

    fn account(&self, place: &Place) -> Value {
        self.accounts.get(place, "account").cloned().unwrap_or_else(|| {
            json!({
                "throttleSettings": { "burstLimit": 5000, "rateLimit": 10000.0 },
                "features": ["UsagePlans"],
                "apiKeyVersion": "4",
            })
        })
    }

    fn update_account(&mut self, call: &ApiCall<'_>) -> Outcome {
        let mut account = self.account(call.place);
        for change in Patch::all(call) {
            match (change.op.as_str(), change.path.as_str()) {
                ("replace", "/cloudwatchRoleArn") if change.value.is_empty() => {
                    remove(&mut account, "cloudwatchRoleArn");
                }
                ("replace", "/cloudwatchRoleArn") => account["cloudwatchRoleArn"] = change.value.into(),
                _ => return Err(change.refused()),
            }
        }
        self.accounts.put(call.place, "account", account.clone());
        json(200, &account)
    }

    /// Reads and changes the tags, which are stored in their object.
    fn tagging(&mut self, call: &ApiCall<'_>) -> Outcome {
        let arn = call.name(0);
        let path = arn.strip_prefix(&format!("arn:aws:apigateway:{}::/", call.place.region));
        let segments: Vec<&str> = path.unwrap_or_default().split('/').collect();
        let object = match segments.as_slice() {
            ["restapis", id] => self.apis.get_mut(call.place, id).map(|api| &mut api.api),
            ["restapis", id, "stages", stage] => {
                self.apis.get_mut(call.place, id).and_then(|api| api.stages.get_mut(*stage))
            }
            ["apikeys", id] => self.keys.get_mut(call.place, id),
            ["usageplans", id] => self.plans.get_mut(call.place, id).map(|plan| &mut plan.plan),
            _ => return Err(bad_request("Invalid resource ARN specified in the request")),
        };
        let tags = object.and_then(|object| object["tags"].as_object_mut()).ok_or_else(|| missing("resource"))?;
        match call.operation.name.as_str() {
            "GetTags" => return json(200, &json!({ "tags": tags })),
            "TagResource" => {
                let body = call.request.json();
                let new = body["tags"].as_object().into_iter().flatten();
                tags.extend(new.map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => {
                for key in call.queries("tagKeys") {
                    tags.remove(&key);
                }
            }
        }
        no_content()
    }

    /// Whether the API exists, and has the stage if one is named.
    pub(in crate::memory) fn exists(&self, place: &Place, api: &str, stage: Option<&str>) -> bool {
        let api = self.apis.get(place, api);
        api.is_some_and(|api| stage.is_none_or(|stage| api.stages.contains_key(stage)))
    }
}

impl RestApi {
    fn handle(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        match call.operation.name.as_str() {
            "GetRestApi" => json(200, &self.api),
            "UpdateRestApi" => self.update(call),
            "PutRestApi" => self.put(call),
            "GetResources" => {
                let embed = call.queries("embed").iter().any(|what| what == "methods");
                listed(call, self.content.resources(embed))
            }
            "GetAuthorizers" => listed(call, self.content.authorizers.values().cloned().collect()),
            "GetRequestValidators" => listed(call, self.content.validators.values().cloned().collect()),
            "GetGatewayResponses" => json(200, &json!({ "item": self.content.gateway_responses() })),
            _ => self.stage_or_deployment(call),
        }
    }

    fn update(&mut self, call: &ApiCall<'_>) -> Outcome {
        let mut api = self.api.clone();
        for change in Patch::all(call) {
            let segments: Vec<String> = change.segments();
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            match (change.op.as_str(), segments.as_slice()) {
                ("replace", [field @ ("name" | "description" | "apiKeySource" | "policy")]) => {
                    api[*field] = change.value.into();
                }
                ("replace", ["disableExecuteApiEndpoint"]) => {
                    api["disableExecuteApiEndpoint"] = change.boolean()?.into();
                }
                ("replace", ["minimumCompressionSize"]) => api["minimumCompressionSize"] = change.number()?,
                ("replace", ["endpointConfiguration", "ipAddressType"])
                    if ["ipv4", "dualstack"].contains(&change.value.as_str()) =>
                {
                    api["endpointConfiguration"]["ipAddressType"] = json!(change.value);
                }
                ("replace", ["endpointConfiguration", "types", from]) => {
                    if api["endpointConfiguration"]["types"] != json!([from]) {
                        return Err(bad_request("Invalid endpoint type specified in the path"));
                    }
                    api["endpointConfiguration"]["types"] = json!([change.value]);
                }
                _ => return Err(change.refused()),
            }
        }
        self.api = api;
        json(200, &self.api)
    }

    /// Replaces the content, and everything that the document sets or leaves out.
    fn put(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        if call.query("mode").as_deref() != Some("overwrite") {
            return Err(call.not_implemented());
        }
        let document = call.request.json();
        let content = Content::import(&document, &self.content.root, call.ids)?;
        let server = &document["servers"][0]["x-amazon-apigateway-endpoint-configuration"];
        let api = &mut self.api;
        api["name"] = field_or(&document["info"], "title", "");
        api["disableExecuteApiEndpoint"] = field_or(server, "disableExecuteApiEndpoint", false);
        api["apiKeySource"] = field_or(&document, "x-amazon-apigateway-api-key-source", "HEADER");
        for (field, extension) in [
            ("binaryMediaTypes", "x-amazon-apigateway-binary-media-types"),
            ("minimumCompressionSize", "x-amazon-apigateway-minimum-compression-size"),
        ] {
            match document.get(extension) {
                Some(value) => api[field] = value.clone(),
                None => remove(api, field),
            }
        }
        match document.get("x-amazon-apigateway-policy") {
            Some(policy) => api["policy"] = document::reported_policy(policy, call.place, text(api, "id")).into(),
            None => remove(api, "policy"),
        }
        self.content = Arc::new(content);
        json(200, &self.api)
    }
}

fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "BadRequestException", message)
}

fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(409, "ConflictException", message)
}

fn missing(what: &str) -> ApiError {
    ApiError::new(404, "NotFoundException", format!("Invalid {what} identifier specified"))
}

fn accepted() -> Outcome {
    no_content().map(|mut response| {
        response.status = http::StatusCode::ACCEPTED;
        response
    })
}

fn remove(object: &mut Value, field: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove(field);
    }
}

/// The current time in the form of API Gateway v1.
fn seconds(call: &ApiCall<'_>) -> Value {
    call.now.as_secs().into()
}

/// A page of a list: 25 items unless the caller wants up to 500.
fn listed(call: &ApiCall<'_>, items: Vec<Value>) -> Outcome {
    let number = |name: &str| call.query(name).and_then(|number| number.parse().ok());
    let limit: usize = number("limit").unwrap_or(25);
    let (items, next) = page(items, number("position").unwrap_or_default(), limit.min(500));
    let mut response = Map::from_iter([("item".to_owned(), Value::Array(items))]);
    response.extend(next.map(|next| ("position".to_owned(), next.to_string().into())));
    json(200, &Value::Object(response))
}
