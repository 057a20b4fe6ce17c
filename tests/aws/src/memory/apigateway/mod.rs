//! API Gateway: HTTP APIs with their parts, custom domain names with their mappings (v2), and REST APIs (v1).

mod domains;
mod parts;
pub(crate) mod rest;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ApiCall, Ids, Outcome, Store, copy_fields, field_or, json, no_content, page};
use crate::message::ApiError;

/// The APIs and domain names of all accounts and regions.
#[derive(Debug, Default, Clone)]
pub(super) struct ApiGateway {
    /// By id.
    pub(super) apis: Store<Api>,
    /// By name.
    domains: Store<Domain>,
    /// Everything of API Gateway v1.
    pub(super) rest: rest::RestApis,
}

/// An API and its parts, each as AWS returns it.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) api: Value,
    /// By id.
    pub(super) integrations: BTreeMap<String, Value>,
    /// By id.
    pub(super) authorizers: BTreeMap<String, Value>,
    /// By id.
    pub(super) routes: BTreeMap<String, Value>,
    /// By name.
    pub(super) stages: BTreeMap<String, Value>,
    /// By id.
    deployments: BTreeMap<String, Value>,
}

#[derive(Debug, Clone)]
struct Domain {
    domain: Value,
    /// By id.
    mappings: BTreeMap<String, Value>,
}

/// The fields that CreateApi and UpdateApi copy.
const API_FIELDS: &[&str] = &[
    "ipAddressType",
    "name",
    "routeSelectionExpression",
    "apiKeySelectionExpression",
    "disableSchemaValidation",
    "disableExecuteApiEndpoint",
    "version",
    "description",
];

impl ApiGateway {
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        if !call.request.path.starts_with("/v2/") {
            return self.rest.handle(call);
        }
        let operation = call.operation.name.as_str();
        match operation {
            "CreateApi" => self.create(call),
            "GetApis" => listed(call, self.apis.all(call.place).map(|(_, api)| api.api.clone()).collect()),
            "DeleteApi" => {
                self.api(call)?;
                self.apis.remove(call.place, call.name(0));
                no_content()
            }
            "GetTags" | "TagResource" | "UntagResource" => self.tagging(call),
            _ if operation.contains("DomainName") => self.domain_name(call),
            _ if operation.contains("ApiMapping") => self.mapping(call),
            _ => self.api(call)?.handle(call),
        }
    }

    fn create(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        let id = call.ids.next("", 10, Ids::LOWER);
        let mut api = json!({
            "apiId": id,
            "protocolType": field_or(&body, "protocolType", "HTTP"),
            // The rules add the proxy's port.
            "apiEndpoint": format!("http://{id}.execute-api.localhost"),
            "createdDate": call.date(),
            "routeSelectionExpression": "$request.method $request.path",
            "apiKeySelectionExpression": "$request.header.x-api-key",
            "tags": field_or(&body, "tags", json!({})),
            "disableSchemaValidation": false,
            "disableExecuteApiEndpoint": false,
            "ipAddressType": "ipv4",
            "version": "",
            "description": "",
        });
        update(&mut api, &body);
        let (integrations, routes) = (BTreeMap::new(), BTreeMap::new());
        let (authorizers, stages, deployments) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let whole = Api { api: api.clone(), integrations, authorizers, routes, stages, deployments };
        self.apis.put(call.place, &id, whole);
        json(201, &api)
    }

    fn api(&mut self, call: &ApiCall<'_>) -> Result<&mut Api, ApiError> {
        let id = call.name(0);
        let missing = || ApiError::new(404, "NotFoundException", format!("Invalid API identifier specified {id}"));
        self.apis.get_mut(call.place, id).ok_or_else(missing)
    }

    /// Reads and changes the tags, which are stored in their object.
    fn tagging(&mut self, call: &ApiCall<'_>) -> Outcome {
        let arn = call.name(0);
        let missing = || ApiError::new(404, "NotFoundException", format!("Invalid resource ARN: {arn}"));
        let path = arn.strip_prefix(&self::arn(call, "")).ok_or_else(missing)?;
        let segments: Vec<&str> = path.split('/').collect();
        let object = match segments.as_slice() {
            ["apis", id] => self.apis.get_mut(call.place, id).map(|api| &mut api.api),
            ["apis", id, "stages", stage] => {
                self.apis.get_mut(call.place, id).and_then(|api| api.stages.get_mut(*stage))
            }
            ["domainnames", name] => self.domains.get_mut(call.place, name).map(|domain| &mut domain.domain),
            _ => None,
        };
        let tags = object.and_then(|object| object["tags"].as_object_mut()).ok_or_else(missing)?;
        match call.operation.name.as_str() {
            "GetTags" => json(200, &json!({ "tags": tags })),
            "TagResource" => {
                let body = call.request.json();
                let new = body["tags"].as_object().into_iter().flatten();
                tags.extend(new.map(|(key, value)| (key.clone(), value.clone())));
                json(201, &json!({}))
            }
            _ => {
                for key in call.queries("tagKeys") {
                    tags.remove(&key);
                }
                no_content()
            }
        }
    }
}

impl Api {
    fn handle(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        match call.operation.name.as_str() {
            "GetApi" => json(200, &self.api),
            "UpdateApi" => {
                update(&mut self.api, &call.request.json());
                json(200, &self.api)
            }
            "DeleteCorsConfiguration" => {
                remove(&mut self.api, "corsConfiguration");
                no_content()
            }
            "CreateDeployment" => {
                let id = call.ids.next("", 6, Ids::LOWER);
                let deployment = json!({
                    "deploymentId": id,
                    "deploymentStatus": "DEPLOYED",
                    "createdDate": call.date(),
                    "description": field_or(&call.request.json(), "description", ""),
                });
                self.deployments.insert(id, deployment.clone());
                json(201, &deployment)
            }
            "GetDeployments" => listed(call, self.deployments.values().cloned().collect()),
            _ => self.part(call),
        }
    }
}

fn update(api: &mut Value, body: &Value) {
    if let Some(fields) = api.as_object_mut() {
        copy_fields(fields, body, API_FIELDS);
    }
    // Replaced as a whole; only DeleteCorsConfiguration removes it.
    if body["corsConfiguration"].as_object().is_some_and(|cors| !cors.is_empty()) {
        api["corsConfiguration"] = body["corsConfiguration"].clone();
    }
}

fn remove(object: &mut Value, field: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove(field);
    }
}

fn arn(call: &ApiCall<'_>, path: &str) -> String {
    format!("arn:aws:apigateway:{}::/{path}", call.place.region)
}

/// A page of a list.
fn listed(call: &ApiCall<'_>, items: Vec<Value>) -> Outcome {
    let number = |name: &str| call.query(name).and_then(|number| number.parse().ok());
    let limit = number("maxResults").unwrap_or(usize::MAX);
    let (items, next) = page(items, number("nextToken").unwrap_or_default(), limit);
    let mut response = json!({ "items": items });
    if let Some(next) = next {
        response["nextToken"] = next.to_string().into();
    }
    json(200, &response)
}
