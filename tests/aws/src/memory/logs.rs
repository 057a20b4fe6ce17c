//! CloudWatch Logs: log groups without log streams.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ApiCall, Outcome, Store, json, page, text};
use crate::message::ApiError;
use crate::upstream::Place;

/// The log groups of all accounts and regions.
#[derive(Debug, Default, Clone)]
pub(super) struct Logs {
    groups: Store<LogGroup>,
}

#[derive(Debug, Clone)]
struct LogGroup {
    created: u64,
    retention: Option<Value>,
    tags: BTreeMap<String, Value>,
}

const RETENTIONS: &[u64] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

impl Logs {
    pub(super) fn handle(&mut self, call: &mut ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        match call.operation.name.as_str() {
            "CreateLogGroup" => self.create(call, &body),
            "DescribeLogGroups" => self.describe(call, &body),
            "DeleteLogGroup" => {
                self.group(call.place, &body)?;
                self.groups.remove(call.place, text(&body, "logGroupName"));
                json(200, &json!({}))
            }
            "PutRetentionPolicy" => {
                let group = self.group(call.place, &body)?;
                let days = &body["retentionInDays"];
                if !days.as_u64().is_some_and(|days| RETENTIONS.contains(&days)) {
                    let message = format!("Invalid retentionInDays value: {days}.");
                    return Err(ApiError::new(400, "InvalidParameterException", message));
                }
                group.retention = Some(days.clone());
                json(200, &json!({}))
            }
            "DeleteRetentionPolicy" => {
                self.group(call.place, &body)?.retention = None;
                json(200, &json!({}))
            }
            "ListTagsForResource" => {
                let tags = &self.tagged(call.place, &body)?.tags;
                json(200, &json!({ "tags": tags }))
            }
            "TagResource" => {
                let group = self.tagged(call.place, &body)?;
                let tags = body["tags"].as_object().into_iter().flatten();
                group.tags.extend(tags.map(|(key, value)| (key.clone(), value.clone())));
                json(200, &json!({}))
            }
            "UntagResource" => {
                let group = self.tagged(call.place, &body)?;
                for key in body["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    group.tags.remove(key);
                }
                json(200, &json!({}))
            }
            _ => Err(call.not_implemented()),
        }
    }

    fn create(&mut self, call: &ApiCall<'_>, body: &Value) -> Outcome {
        let name = text(body, "logGroupName");
        if self.groups.get(call.place, name).is_some() {
            let message = format!("The specified log group already exists: {name}");
            return Err(ApiError::new(400, "ResourceAlreadyExistsException", message));
        }
        let tags = body["tags"].as_object().into_iter().flatten();
        let group = LogGroup {
            created: u64::try_from(call.now.as_millis()).unwrap_or_default(),
            retention: None,
            tags: tags.map(|(key, value)| (key.clone(), value.clone())).collect(),
        };
        self.groups.put(call.place, name, group);
        json(200, &json!({}))
    }

    fn describe(&self, call: &ApiCall<'_>, body: &Value) -> Outcome {
        let prefix = text(body, "logGroupNamePrefix");
        let groups = self.groups.all(call.place).filter(|(name, _)| name.starts_with(prefix));
        let groups = groups.map(|(name, group)| view(call.place, name, group)).collect();
        let limit = body["limit"].as_u64().unwrap_or(50).min(50);
        let start = text(body, "nextToken").parse().unwrap_or_default();
        let (groups, next) = page(groups, start, usize::try_from(limit).unwrap_or(50));
        let mut response = json!({ "logGroups": groups });
        if let Some(next) = next {
            response["nextToken"] = next.to_string().into();
        }
        json(200, &response)
    }

    fn group(&mut self, place: &Place, body: &Value) -> Result<&mut LogGroup, ApiError> {
        let name = text(body, "logGroupName");
        let missing = || {
            ApiError::new(400, "ResourceNotFoundException", format!("The specified log group does not exist: {name}"))
        };
        self.groups.get_mut(place, name).ok_or_else(missing)
    }

    fn tagged(&mut self, place: &Place, body: &Value) -> Result<&mut LogGroup, ApiError> {
        let arn = text(body, "resourceArn");
        let missing =
            || ApiError::new(400, "ResourceNotFoundException", format!("The specified resource does not exist: {arn}"));
        let name = arn.strip_prefix(&group_arn(place, "")).ok_or_else(missing)?;
        self.groups.get_mut(place, name).ok_or_else(missing)
    }
}

fn group_arn(place: &Place, name: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{name}", place.region, place.account)
}

fn view(place: &Place, name: &str, group: &LogGroup) -> Value {
    let arn = group_arn(place, name);
    let mut view = json!({
        "logGroupName": name,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "creationTime": group.created,
        "storedBytes": 0,
        "metricFilterCount": 0,
        "logGroupClass": "STANDARD",
    });
    if let Some(days) = &group.retention {
        view["retentionInDays"] = days.clone();
    }
    view
}
