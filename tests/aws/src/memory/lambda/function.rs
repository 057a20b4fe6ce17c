//! Functions: create, read, update.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::{ApiCall, Outcome, copy_fields, field_or, json, no_content, text};
use super::versions::Requests;
use super::{Function, FunctionRef, Lambda, function_arn, not_found, text_of};
use crate::digest::{base64, from_base64, sha256};
use crate::message::ApiError;

/// The fields that CreateFunction and UpdateFunctionConfiguration copy unchanged.
const SETTINGS: &[&str] = &[
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "Handler",
    "KMSKeyArn",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
];

impl Lambda {
    pub(super) fn create(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        let name = text(&body, "FunctionName");
        if self.functions.get(call.place, name).is_some() {
            return Err(ApiError::new(409, "ResourceConflictException", format!("Function already exist: {name}")));
        }
        if body["Code"].get("ImageUri").is_none() && body.get("Runtime").is_none() {
            let message = "Runtime is required for .zip deployment packages.";
            return Err(ApiError::new(400, "InvalidParameterValueException", message));
        }
        let mut latest = defaults(name, &function_arn(call.place, name), &body);
        copy_fields(&mut latest, &body, SETTINGS);
        set_lists(&mut latest, &body);
        latest.insert("LastModified".to_owned(), modified(call));
        latest.insert("RevisionId".to_owned(), call.ids.uuid().into());
        let mut function = Function {
            latest,
            code: Value::Null,
            tags: BTreeMap::new(),
            versions: BTreeMap::new(),
            last_version: 0,
            aliases: BTreeMap::new(),
            policies: BTreeMap::new(),
            reserved: None,
            provisioned: BTreeMap::new(),
            weighted: Requests::default(),
        };
        function.set_code(&body["Code"]);
        let tags = body["Tags"].as_object().into_iter().flatten();
        function.tags.extend(tags.map(|(key, value)| (key.clone(), value.clone())));
        let mut response = function.latest.clone();
        if body["Publish"] == true {
            response = function.publish(call, &function_arn(call.place, name), "");
        }
        self.functions.put(call.place, name, function);
        json(201, &Value::Object(response))
    }
}

impl Function {
    /// The configuration that a qualifier refers to.
    pub(super) fn configuration(&self, target: &FunctionRef) -> Result<&Map<String, Value>, ApiError> {
        let alias = self.aliases.get(&target.qualifier);
        let version = alias.map_or(target.qualifier.as_str(), |alias| text(alias, "FunctionVersion"));
        let found = match version {
            "" | "$LATEST" => Some(&self.latest),
            number => number.parse().ok().and_then(|number: u64| self.versions.get(&number)),
        };
        found.ok_or_else(|| not_found(&target.arn, &target.qualifier))
    }

    pub(super) fn get(&self, target: &FunctionRef) -> Outcome {
        let mut response = json!({"Configuration": self.configuration(target)?, "Code": self.code, "Tags": self.tags});
        if let Some(reserved) = &self.reserved {
            response["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
        }
        json(200, &response)
    }

    pub(super) fn update_code(&mut self, call: &mut ApiCall<'_>, target: &FunctionRef) -> Outcome {
        let body = call.request.json();
        self.check_revision(&body)?;
        copy_fields(&mut self.latest, &body, &["Architectures"]);
        self.set_code(&body);
        self.changed(call);
        if body["Publish"] == true {
            let published = self.publish(call, &target.arn, "");
            return json(200, &Value::Object(published));
        }
        json(200, &Value::Object(self.latest.clone()))
    }

    pub(super) fn update_configuration(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        self.check_revision(&body)?;
        copy_fields(&mut self.latest, &body, SETTINGS);
        set_lists(&mut self.latest, &body);
        self.changed(call);
        json(200, &Value::Object(self.latest.clone()))
    }

    pub(super) fn tagging(&mut self, call: &ApiCall<'_>) -> Outcome {
        match call.operation.name.as_str() {
            "ListTags" => return json(200, &json!({ "Tags": self.tags })),
            "TagResource" => {
                let body = call.request.json();
                let tags = body["Tags"].as_object().into_iter().flatten();
                self.tags.extend(tags.map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => {
                for key in call.queries("tagKeys") {
                    self.tags.remove(&key);
                }
            }
        }
        no_content()
    }

    /// Rejects a change that names another revision than the current one.
    fn check_revision(&self, body: &Value) -> Result<(), ApiError> {
        check_revision(body, text_of(&self.latest, "RevisionId"))
    }

    fn changed(&mut self, call: &mut ApiCall<'_>) {
        self.latest.insert("LastModified".to_owned(), modified(call));
        self.latest.insert("RevisionId".to_owned(), call.ids.uuid().into());
    }

    /// Sets the code from `source`, which contains it or refers to it.
    fn set_code(&mut self, source: &Value) {
        let (mut bytes, mut code) =
            (Vec::new(), json!({ "RepositoryType": "S3", "Location": "https://code.invalid/" }));
        if let Some(image) = source.get("ImageUri") {
            code = json!({"RepositoryType": "ECR", "ImageUri": image, "ResolvedImageUri": image});
            self.latest.insert("ImageUri".to_owned(), image.clone());
            self.latest.insert("PackageType".to_owned(), "Image".into());
        } else if let Some(zip) = source["ZipFile"].as_str() {
            bytes = from_base64(zip);
        } else if let Some(bucket) = source.get("S3Bucket") {
            // The object does not exist here; a different object counts as different code.
            bytes = format!("{bucket}/{}/{}", source["S3Key"], source["S3ObjectVersion"]).into_bytes();
        } else if !self.code.is_null() {
            return;
        }
        self.code = code;
        if !bytes.is_empty() || !self.latest.contains_key("CodeSha256") {
            let digest = if bytes.is_empty() { String::new() } else { base64(&sha256(&bytes)) };
            self.latest.insert("CodeSize".to_owned(), bytes.len().into());
            self.latest.insert("CodeSha256".to_owned(), digest.into());
        }
    }
}

/// Rejects a change that names another revision than the current one.
pub(super) fn check_revision(body: &Value, current: &str) -> Result<(), ApiError> {
    if body["RevisionId"].as_str().is_none_or(|requested| requested == current) {
        return Ok(());
    }
    let message = "The RevisionId provided does not match the latest RevisionId for the Lambda function or alias. \
                   Call the GetFunction or the GetAlias API to retrieve the latest RevisionId for your resource.";
    Err(ApiError::new(412, "PreconditionFailedException", message))
}

/// The current time as `2026-01-01T00:00:00.000+0000`.
fn modified(call: &ApiCall<'_>) -> Value {
    call.date().replace('Z', ".000+0000").into()
}

fn defaults(name: &str, arn: &str, body: &Value) -> Map<String, Value> {
    let is_image = body["Code"].get("ImageUri").is_some();
    let fields = json!({
        "FunctionName": name,
        "FunctionArn": arn,
        "Runtime": "",
        "Handler": if is_image { "" } else { "index.handler" },
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "LastUpdateStatusReason": "",
        "LastUpdateStatusReasonCode": "",
        "PackageType": if is_image { "Image" } else { "Zip" },
        "Architectures": ["x86_64"],
        "Layers": [],
        "TracingConfig": { "Mode": "PassThrough" },
        "VpcConfig": { "SubnetIds": [], "SecurityGroupIds": [], "VpcId": "" },
        "KMSKeyArn": "",
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") },
        "RuntimeVersionConfig": { "RuntimeVersionArn": "" },
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Copies fields whose form in the response differs from that in the request.
fn set_lists(latest: &mut Map<String, Value>, body: &Value) {
    copy_fields(latest, body, &["Architectures"]);
    if let Some(layers) = body["Layers"].as_array() {
        let layers: Vec<Value> = layers.iter().map(|arn| json!({"Arn": arn, "CodeSize": 0})).collect();
        latest.insert("Layers".to_owned(), layers.into());
    }
    if let Some(vpc) = body.get("VpcConfig") {
        let (subnets, groups) = (field_or(vpc, "SubnetIds", json!([])), field_or(vpc, "SecurityGroupIds", json!([])));
        let vpc = json!({"SubnetIds": subnets, "SecurityGroupIds": groups, "VpcId": ""});
        latest.insert("VpcConfig".to_owned(), vpc);
    }
    if let Some(variables) = latest.get_mut("Environment").and_then(Value::as_object_mut) {
        variables.entry("Variables").or_insert_with(|| json!({}));
    }
    if let Some(image) = body.get("ImageConfig") {
        latest.insert("ImageConfigResponse".to_owned(), json!({ "ImageConfig": image }));
    }
}
