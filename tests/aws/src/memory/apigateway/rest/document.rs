//! The content of a REST API, and its import from an OpenAPI document. The import refuses what AWS refuses.

mod integration;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::super::{Ids, copy_fields, field_or, text};
use super::bad_request;
use crate::message::ApiError;
use crate::upstream::Place;
pub(super) use integration::function_of;
use integration::{check_segment, integration};

/// Resources with their methods, and what those refer to, each as AWS returns it.
#[derive(Debug, Clone)]
pub(super) struct Content {
    /// The id of the resource `/`.
    pub(super) root: String,
    /// By path.
    resources: BTreeMap<String, Value>,
    /// By id.
    pub(super) authorizers: BTreeMap<String, Value>,
    /// By id.
    pub(super) validators: BTreeMap<String, Value>,
    /// Customized gateway responses by type.
    customized: BTreeMap<String, Value>,
}

/// AWS's types of gateway responses with their statuses.
const GATEWAY_RESPONSES: &[(&str, Option<u16>)] = &[
    ("ACCESS_DENIED", Some(403)),
    ("API_CONFIGURATION_ERROR", Some(500)),
    ("AUTHORIZER_CONFIGURATION_ERROR", Some(500)),
    ("AUTHORIZER_FAILURE", Some(500)),
    ("BAD_REQUEST_BODY", Some(400)),
    ("BAD_REQUEST_PARAMETERS", Some(400)),
    ("DEFAULT_4XX", None),
    ("DEFAULT_5XX", None),
    ("EXPIRED_TOKEN", Some(403)),
    ("INTEGRATION_FAILURE", Some(504)),
    ("INTEGRATION_TIMEOUT", Some(504)),
    ("INVALID_API_KEY", Some(403)),
    ("INVALID_SIGNATURE", Some(403)),
    ("MISSING_AUTHENTICATION_TOKEN", Some(403)),
    ("QUOTA_EXCEEDED", Some(429)),
    ("REQUEST_TOO_LARGE", Some(413)),
    ("RESOURCE_NOT_FOUND", Some(404)),
    ("THROTTLED", Some(429)),
    ("UNAUTHORIZED", Some(401)),
    ("UNSUPPORTED_MEDIA_TYPE", Some(415)),
    ("WAF_FILTERED", Some(403)),
];

const METHODS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
    ("head", "HEAD"),
    ("patch", "PATCH"),
    ("x-amazon-apigateway-any-method", "ANY"),
];

impl Content {
    /// The content of a new API: the resource `/`.
    pub(super) fn empty(ids: &mut Ids) -> Self {
        Self::with_root(&ids.next("", 10, Ids::LOWER))
    }

    fn with_root(root: &str) -> Self {
        let resource = json!({ "id": root, "path": "/", "resourceMethods": {} });
        Self {
            root: root.to_owned(),
            resources: BTreeMap::from([("/".to_owned(), resource)]),
            authorizers: BTreeMap::new(),
            validators: BTreeMap::new(),
            customized: BTreeMap::new(),
        }
    }

    /// The resources as GetResources returns them, with the methods' settings if they are embedded.
    pub(super) fn resources(&self, embed: bool) -> Vec<Value> {
        let mut resources: Vec<Value> = self.resources.values().cloned().collect();
        for resource in &mut resources {
            let methods = resource["resourceMethods"].as_object_mut().map(std::mem::take).unwrap_or_default();
            if methods.is_empty() {
                super::remove(resource, "resourceMethods");
                continue;
            }
            let names = methods.into_iter().map(|(name, method)| (name, if embed { method } else { json!({}) }));
            resource["resourceMethods"] = Value::Object(names.collect());
        }
        resources
    }

    /// All methods with their resources.
    pub(super) fn methods(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.resources.values().flat_map(|resource| {
            let methods = resource["resourceMethods"].as_object().into_iter().flatten();
            methods.map(move |(_, method)| (resource, method))
        })
    }

    /// All gateway responses.
    pub(super) fn gateway_responses(&self) -> Vec<Value> {
        let response = |(kind, status): &(&str, Option<u16>)| {
            self.customized.get(*kind).cloned().unwrap_or_else(|| {
                json!({
                    "responseType": kind,
                    "statusCode": status.map(|status| status.to_string()),
                    "responseParameters": {},
                    "responseTemplates": { "application/json": "{\"message\":$context.error.messageString}" },
                    "defaultResponse": true,
                })
            })
        };
        GATEWAY_RESPONSES.iter().map(response).collect()
    }

    /// The customized gateway response of a type, or else of its class.
    pub(super) fn customized(&self, kind: &str, status: u16) -> Option<&Value> {
        let class = if status < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
        self.customized.get(kind).or_else(|| self.customized.get(class))
    }

    /// Imports a document. The resource `/` keeps its id.
    pub(super) fn import(document: &Value, root: &str, ids: &mut Ids) -> Result<Self, ApiError> {
        let is_openapi = document["openapi"].as_str().is_some_and(|version| version.starts_with("3."))
            || document["swagger"] == "2.0";
        if !is_openapi || !document["paths"].is_object() || !document["info"].is_object() {
            return Err(bad_request("Invalid OpenAPI input."));
        }
        let mut content = Self::with_root(root);
        content.import_settings(document, ids)?;
        let schemes = content.import_authorizers(document, ids)?;
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            if path.starts_with("x-") {
                continue;
            }
            let path = content.import_path(path, ids)?;
            for (field, method) in METHODS {
                let Some(operation) = item.get(*field) else { continue };
                let imported = content.import_method(document, operation, method, &path, &schemes)?;
                if let Some(resource) = content.resources.get_mut(&path) {
                    resource["resourceMethods"][*method] = imported;
                }
            }
        }
        Ok(content)
    }

    fn import_settings(&mut self, document: &Value, ids: &mut Ids) -> Result<(), ApiError> {
        for (name, validator) in document["x-amazon-apigateway-request-validators"].as_object().into_iter().flatten() {
            let id = ids.next("", 6, Ids::LOWER);
            let validator = json!({
                "id": id,
                "name": name,
                "validateRequestBody": field_or(validator, "validateRequestBody", false),
                "validateRequestParameters": field_or(validator, "validateRequestParameters", false),
            });
            self.validators.insert(id, validator);
        }
        for (kind, response) in document["x-amazon-apigateway-gateway-responses"].as_object().into_iter().flatten() {
            let Some((kind, status)) = GATEWAY_RESPONSES.iter().find(|(known, _)| known == kind) else {
                return Err(import_error(&format!("Invalid gateway response type {kind}")));
            };
            let given = &response["statusCode"];
            let given = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
            let status =
                if response["statusCode"].is_null() { json!(status.map(|n| n.to_string())) } else { json!(given) };
            let customized = json!({
                "responseType": kind,
                "statusCode": status,
                "responseParameters": field_or(response, "responseParameters", json!({})),
                "responseTemplates": field_or(response, "responseTemplates", json!({})),
                "defaultResponse": false,
            });
            self.customized.insert((*kind).to_owned(), customized);
        }
        let policy = &document["x-amazon-apigateway-policy"];
        if !policy.is_null() && policy["Statement"].is_null() {
            return Err(bad_request(
                "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
            ));
        }
        let size = document["x-amazon-apigateway-minimum-compression-size"].as_i64().unwrap_or_default();
        if !(0..=10_485_760).contains(&size) {
            return Err(bad_request("Invalid minimum compression size, must be between 0 and 10485760"));
        }
        Ok(())
    }

    /// What methods with a security scheme get: authorization type, authorizer, key.
    fn import_authorizers(&mut self, document: &Value, ids: &mut Ids) -> Result<BTreeMap<String, Value>, ApiError> {
        let mut schemes = BTreeMap::new();
        let declared = &document["components"]["securitySchemes"];
        let declared = if declared.is_null() { &document["securityDefinitions"] } else { declared };
        for (name, scheme) in declared.as_object().into_iter().flatten() {
            let extension = &scheme["x-amazon-apigateway-authorizer"];
            let Some(kind) = extension["type"].as_str() else {
                let is_signed = text(scheme, "x-amazon-apigateway-authtype").eq_ignore_ascii_case("awsSigv4");
                let is_key = scheme["type"] == "apiKey" && text(scheme, "name").eq_ignore_ascii_case("x-api-key");
                if is_signed {
                    schemes.insert(name.clone(), json!({ "authorizationType": "AWS_IAM" }));
                } else if is_key {
                    schemes.insert(name.clone(), json!({ "apiKeyRequired": true }));
                }
                continue;
            };
            let kind = kind.to_uppercase();
            let is_lambda = matches!(kind.as_str(), "TOKEN" | "REQUEST");
            if is_lambda && function_of(text(extension, "authorizerUri")).is_none() {
                return Err(import_error(&format!("Unable to create authorizer '{name}': Invalid Authorizer URI")));
            }
            let is_empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
            let missing = match kind.as_str() {
                "COGNITO_USER_POOLS" if is_empty(&extension["providerARNs"]) => "providerARNs",
                "JWT" if is_empty(&extension["jwtConfiguration"]["issuers"]) => "jwtConfiguration.issuers",
                _ => "",
            };
            if !missing.is_empty() {
                return Err(import_error(&format!(
                    "Unable to create authorizer '{name}': {missing} must not be empty"
                )));
            }
            let id = ids.next("", 6, Ids::LOWER);
            let source = format!(
                "method.request.header.{}",
                field_or(scheme, "name", "Authorization").as_str().unwrap_or_default()
            );
            let mut authorizer = json!({
                "id": id,
                "name": name,
                "type": kind,
                "identitySource": source,
                "authorizerResultTtlInSeconds": 300,
            });
            if let Some(fields) = authorizer.as_object_mut() {
                let copied = [
                    "authorizerUri",
                    "authorizerCredentials",
                    "identitySource",
                    "identityValidationExpression",
                    "authorizerResultTtlInSeconds",
                    "providerARNs",
                    "jwtConfiguration",
                ];
                copy_fields(fields, extension, &copied);
            }
            self.authorizers.insert(id.clone(), authorizer);
            let authorization = if is_lambda { "CUSTOM".to_owned() } else { kind };
            schemes.insert(name.clone(), json!({ "authorizationType": authorization, "authorizerId": id }));
        }
        Ok(schemes)
    }

    /// Creates the resources of a path; returns the path in AWS's spelling.
    fn import_path(&mut self, path: &str, ids: &mut Ids) -> Result<String, ApiError> {
        if !path.starts_with('/') {
            return Err(import_error(&format!(
                "Unable to create resource at path '{path}': it must begin with a slash"
            )));
        }
        let (mut current, mut parent) = (String::new(), self.root.clone());
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        for (position, segment) in segments.iter().enumerate() {
            let is_last = position + 1 == segments.len();
            check_segment(path, segment, is_last)?;
            current = format!("{current}/{segment}");
            let siblings = self.resources.values().filter(|resource| resource["parentId"] == parent);
            if segment.starts_with('{')
                && let Some(other) = siblings.map(|sibling| text(sibling, "pathPart")).find(|other| {
                    other.starts_with('{') && other.ends_with("+}") == segment.ends_with("+}") && other != segment
                })
            {
                return Err(import_error(&format!(
                    "Unable to create resource at path '{path}': A sibling ({other}) of this resource already has a \
                     variable path part -- only one unique variable path part is allowed"
                )));
            }
            let resource = self.resources.entry(current.clone()).or_insert_with(|| {
                json!({
                    "id": ids.next("", 6, Ids::LOWER), "parentId": parent, "pathPart": segment, "path": current,
                    "resourceMethods": {},
                })
            });
            parent = text(resource, "id").to_owned();
        }
        Ok(if current.is_empty() { "/".to_owned() } else { current })
    }

    fn import_method(
        &self,
        document: &Value,
        operation: &Value,
        method: &str,
        path: &str,
        schemes: &BTreeMap<String, Value>,
    ) -> Result<Value, ApiError> {
        let mut imported = json!({ "httpMethod": method, "authorizationType": "NONE", "apiKeyRequired": false });
        if let Some(name) = operation["operationId"].as_str() {
            imported["operationName"] = name.into();
        }
        // Security at the root of the document is ignored.
        let requirements = operation["security"].as_array().into_iter().flatten();
        for (name, scopes) in requirements.filter_map(Value::as_object).flatten() {
            let settings = schemes.get(name).and_then(Value::as_object);
            for (field, value) in settings.into_iter().flatten() {
                imported[field] = value.clone();
            }
            if imported["authorizerId"].is_string() && scopes.as_array().is_some_and(|scopes| !scopes.is_empty()) {
                imported["authorizationScopes"] = scopes.clone();
            }
        }
        let own = &operation["x-amazon-apigateway-request-validator"];
        let validator = if own.is_null() { &document["x-amazon-apigateway-request-validator"] } else { own };
        if let Some(name) = validator.as_str() {
            let found = self.validators.values().find(|validator| validator["name"] == name);
            let id = found.map(|validator| validator["id"].clone());
            imported["requestValidatorId"] =
                id.ok_or_else(|| import_error(&format!("Invalid request validator specified: {name}")))?;
        }
        let given = &operation["x-amazon-apigateway-integration"];
        let pointer = given["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        let given = pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(given);
        if !given.is_null() {
            let resource = self.resources.get(path).map(|resource| text(resource, "id")).unwrap_or_default();
            imported["methodIntegration"] = integration(given, method, path, resource)?;
        }
        Ok(imported)
    }
}

/// An error of an import.
fn import_error(message: &str) -> ApiError {
    bad_request(format!("Errors found during import:\n\t{message}"))
}

/// The policy as AWS reports it: with whole ARNs, and with escaped quotes.
pub(super) fn reported_policy(policy: &Value, place: &Place, api: &str) -> String {
    let arn = format!("\"arn:aws:execute-api:{}:{}:{api}/", place.region, place.account);
    let text = policy.as_str().map_or_else(|| policy.to_string(), str::to_owned);
    text.replace("\"execute-api:/", &arn).replace('"', "\\\"")
}

/// A policy that AWS reports, as JSON.
pub(super) fn parsed_policy(reported: &str) -> Value {
    let text: String = serde_json::from_str(&format!("\"{reported}\"")).unwrap_or_default();
    serde_json::from_str(&text).or_else(|_| serde_json::from_str(reported)).unwrap_or(Value::Object(Map::new()))
}
