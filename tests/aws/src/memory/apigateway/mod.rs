//! API Gateway v2: HTTP APIs with their parts, custom domain names with their mappings.

mod domains;
mod parts;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Ids, Outcome, Question, Shelf, json, no_content, or, page, take_over};
use crate::message::Refusal;

/// The APIs and domain names of all accounts and regions.
#[derive(Debug, Default, Clone)]
pub(super) struct ApiGateway {
    /// By id.
    pub(super) apis: Shelf<Api>,
    /// By name.
    domains: Shelf<Domain>,
}

/// An API and its parts, each as AWS tells it.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) api: Value,
    /// By id.
    pub(super) integrations: BTreeMap<String, Value>,
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

/// What UpdateApi takes over; CreateApi too.
const OF_AN_API: &[&str] = &[
    "name",
    "routeSelectionExpression",
    "apiKeySelectionExpression",
    "disableSchemaValidation",
    "disableExecuteApiEndpoint",
    "version",
    "description",
];

impl ApiGateway {
    pub(super) fn answer(&mut self, question: &mut Question<'_>) -> Outcome {
        let operation = question.operation.name.as_str();
        match operation {
            "CreateApi" => self.create(question),
            "GetApis" => listed(question, self.apis.all(question.place).map(|(_, api)| api.api.clone()).collect()),
            "DeleteApi" => {
                self.api(question)?;
                self.apis.remove(question.place, question.name(0));
                no_content()
            }
            "GetTags" | "TagResource" | "UntagResource" => self.tagging(question),
            _ if operation.contains("DomainName") => self.domain_name(question),
            _ if operation.contains("ApiMapping") => self.mapping(question),
            _ => self.api(question)?.answer(question),
        }
    }

    fn create(&mut self, question: &mut Question<'_>) -> Outcome {
        let body = question.request.json();
        let id = question.ids.next("", 10, Ids::LOWER);
        let mut api = json!({
            "apiId": id,
            "protocolType": or(&body, "protocolType", "HTTP"),
            // The rules put the proxy's port into it.
            "apiEndpoint": format!("http://{id}.execute-api.localhost"),
            "createdDate": question.date(),
            "routeSelectionExpression": "$request.method $request.path",
            "apiKeySelectionExpression": "$request.header.x-api-key",
            "tags": or(&body, "tags", json!({})),
            "disableSchemaValidation": false,
            "disableExecuteApiEndpoint": false,
            "version": "",
            "description": "",
        });
        update(&mut api, &body);
        let (integrations, routes) = (BTreeMap::new(), BTreeMap::new());
        let whole =
            Api { api: api.clone(), integrations, routes, stages: BTreeMap::new(), deployments: BTreeMap::new() };
        self.apis.put(question.place, &id, whole);
        json(201, &api)
    }

    fn api(&mut self, question: &Question<'_>) -> Result<&mut Api, Refusal> {
        let id = question.name(0);
        let missing = || Refusal::new(404, "NotFoundException", format!("Invalid API identifier specified {id}"));
        self.apis.get_mut(question.place, id).ok_or_else(missing)
    }

    /// Tags are kept in what has them.
    fn tagging(&mut self, question: &Question<'_>) -> Outcome {
        let arn = question.name(0);
        let missing = || Refusal::new(404, "NotFoundException", format!("Invalid resource ARN: {arn}"));
        let path = arn.strip_prefix(&self::arn(question, "")).ok_or_else(missing)?;
        let segments: Vec<&str> = path.split('/').collect();
        let object = match segments.as_slice() {
            ["apis", id] => self.apis.get_mut(question.place, id).map(|api| &mut api.api),
            ["apis", id, "stages", stage] => {
                self.apis.get_mut(question.place, id).and_then(|api| api.stages.get_mut(*stage))
            }
            ["domainnames", name] => self.domains.get_mut(question.place, name).map(|domain| &mut domain.domain),
            _ => None,
        };
        let tags = object.and_then(|object| object["tags"].as_object_mut()).ok_or_else(missing)?;
        match question.operation.name.as_str() {
            "GetTags" => json(200, &json!({ "tags": tags })),
            "TagResource" => {
                let body = question.request.json();
                let new = body["tags"].as_object().into_iter().flatten();
                tags.extend(new.map(|(key, value)| (key.clone(), value.clone())));
                json(201, &json!({}))
            }
            _ => {
                for key in question.queries("tagKeys") {
                    tags.remove(&key);
                }
                no_content()
            }
        }
    }
}

impl Api {
    fn answer(&mut self, question: &mut Question<'_>) -> Outcome {
        match question.operation.name.as_str() {
            "GetApi" => json(200, &self.api),
            "UpdateApi" => {
                update(&mut self.api, &question.request.json());
                json(200, &self.api)
            }
            "DeleteCorsConfiguration" => {
                remove(&mut self.api, "corsConfiguration");
                no_content()
            }
            "CreateDeployment" => {
                let id = question.ids.next("", 6, Ids::LOWER);
                let deployment = json!({
                    "deploymentId": id,
                    "deploymentStatus": "DEPLOYED",
                    "createdDate": question.date(),
                    "description": or(&question.request.json(), "description", ""),
                });
                self.deployments.insert(id, deployment.clone());
                json(201, &deployment)
            }
            "GetDeployments" => listed(question, self.deployments.values().cloned().collect()),
            _ => self.part(question),
        }
    }
}

fn update(api: &mut Value, body: &Value) {
    if let Some(fields) = api.as_object_mut() {
        take_over(fields, body, OF_AN_API);
    }
    // It is replaced as a whole; to remove it, there is DeleteCorsConfiguration.
    if body["corsConfiguration"].as_object().is_some_and(|cors| !cors.is_empty()) {
        api["corsConfiguration"] = body["corsConfiguration"].clone();
    }
}

fn remove(object: &mut Value, field: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove(field);
    }
}

fn arn(question: &Question<'_>, path: &str) -> String {
    format!("arn:aws:apigateway:{}::/{path}", question.place.region)
}

/// A page of a list.
fn listed(question: &Question<'_>, items: Vec<Value>) -> Outcome {
    let number = |name: &str| question.query(name).and_then(|number| number.parse().ok());
    let limit = number("maxResults").unwrap_or(usize::MAX);
    let (items, next) = page(items, number("nextToken").unwrap_or_default(), limit);
    let mut answer = json!({ "items": items });
    if let Some(next) = next {
        answer["nextToken"] = next.to_string().into();
    }
    json(200, &answer)
}
