//! Functions: made, told, changed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::{Outcome, Question, json, no_content, or, take_over, text};
use super::{Function, Lambda, Of, function_arn, not_found, text_of};
use crate::digest::{base64, from_base64, sha256};
use crate::message::Refusal;

/// What CreateFunction and UpdateFunctionConfiguration take over as it is.
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
    pub(super) fn create(&mut self, question: &mut Question<'_>) -> Outcome {
        let body = question.request.json();
        let name = text(&body, "FunctionName");
        if self.functions.get(question.place, name).is_some() {
            return Err(Refusal::new(409, "ResourceConflictException", format!("Function already exist: {name}")));
        }
        if body["Code"].get("ImageUri").is_none() && body.get("Runtime").is_none() {
            let message = "Runtime is required for .zip deployment packages.";
            return Err(Refusal::new(400, "InvalidParameterValueException", message));
        }
        let mut latest = defaults(name, &function_arn(question.place, name), &body);
        take_over(&mut latest, &body, SETTINGS);
        set_lists(&mut latest, &body);
        latest.insert("LastModified".to_owned(), modified(question));
        latest.insert("RevisionId".to_owned(), question.ids.uuid().into());
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
        };
        function.set_code(&body["Code"]);
        let tags = body["Tags"].as_object().into_iter().flatten();
        function.tags.extend(tags.map(|(key, value)| (key.clone(), value.clone())));
        let mut answer = function.latest.clone();
        if body["Publish"] == true {
            answer = function.publish(question, &function_arn(question.place, name), "");
        }
        self.functions.put(question.place, name, function);
        json(201, &Value::Object(answer))
    }
}

impl Function {
    /// The configuration that a qualifier leads to.
    pub(super) fn of(&self, of: &Of) -> Result<&Map<String, Value>, Refusal> {
        let alias = self.aliases.get(&of.qualifier);
        let version = alias.map_or(of.qualifier.as_str(), |alias| text(alias, "FunctionVersion"));
        let found = match version {
            "" | "$LATEST" => Some(&self.latest),
            number => number.parse().ok().and_then(|number: u64| self.versions.get(&number)),
        };
        found.ok_or_else(|| not_found(&of.arn, &of.qualifier))
    }

    pub(super) fn get(&self, of: &Of) -> Outcome {
        let mut answer = json!({"Configuration": self.of(of)?, "Code": self.code, "Tags": self.tags});
        if let Some(reserved) = &self.reserved {
            answer["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
        }
        json(200, &answer)
    }

    pub(super) fn update_code(&mut self, question: &mut Question<'_>, of: &Of) -> Outcome {
        let body = question.request.json();
        self.check_revision(&body)?;
        take_over(&mut self.latest, &body, &["Architectures"]);
        self.set_code(&body);
        self.changed(question);
        if body["Publish"] == true {
            let published = self.publish(question, &of.arn, "");
            return json(200, &Value::Object(published));
        }
        json(200, &Value::Object(self.latest.clone()))
    }

    pub(super) fn update_configuration(&mut self, question: &mut Question<'_>) -> Outcome {
        let body = question.request.json();
        self.check_revision(&body)?;
        take_over(&mut self.latest, &body, SETTINGS);
        set_lists(&mut self.latest, &body);
        self.changed(question);
        json(200, &Value::Object(self.latest.clone()))
    }

    pub(super) fn tagging(&mut self, question: &Question<'_>) -> Outcome {
        match question.operation.name.as_str() {
            "ListTags" => return json(200, &json!({ "Tags": self.tags })),
            "TagResource" => {
                let body = question.request.json();
                let tags = body["Tags"].as_object().into_iter().flatten();
                self.tags.extend(tags.map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => {
                for key in question.queries("tagKeys") {
                    self.tags.remove(&key);
                }
            }
        }
        no_content()
    }

    /// A change may say which revision it is meant for.
    fn check_revision(&self, body: &Value) -> Result<(), Refusal> {
        check_revision(body, text_of(&self.latest, "RevisionId"))
    }

    fn changed(&mut self, question: &mut Question<'_>) {
        self.latest.insert("LastModified".to_owned(), modified(question));
        self.latest.insert("RevisionId".to_owned(), question.ids.uuid().into());
    }

    /// Takes the code over that `source` brings or points to.
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
            // Nobody has the object; other objects are other code.
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

/// A change may say which revision it is meant for.
pub(super) fn check_revision(body: &Value, current: &str) -> Result<(), Refusal> {
    if body["RevisionId"].as_str().is_none_or(|wanted| wanted == current) {
        return Ok(());
    }
    let message = "The RevisionId provided does not match the latest RevisionId for the Lambda function or alias. \
                   Call the GetFunction or the GetAlias API to retrieve the latest RevisionId for your resource.";
    Err(Refusal::new(412, "PreconditionFailedException", message))
}

/// `2026-01-01T00:00:00.000+0000`.
fn modified(question: &Question<'_>) -> Value {
    question.date().replace('Z', ".000+0000").into()
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

/// What is told in another way than it is sent.
fn set_lists(latest: &mut Map<String, Value>, body: &Value) {
    take_over(latest, body, &["Architectures"]);
    if let Some(layers) = body["Layers"].as_array() {
        let layers: Vec<Value> = layers.iter().map(|arn| json!({"Arn": arn, "CodeSize": 0})).collect();
        latest.insert("Layers".to_owned(), layers.into());
    }
    if let Some(vpc) = body.get("VpcConfig") {
        let (subnets, groups) = (or(vpc, "SubnetIds", json!([])), or(vpc, "SecurityGroupIds", json!([])));
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
