//! CloudWatch: alarms. Metrics are not evaluated; a test sets the state of an alarm.

use http::StatusCode;
use serde_json::{Value, json};

use super::{ApiCall, Outcome, Store, field_or, page, text};
use crate::message::{ApiError, Response};

/// The alarms of all accounts and regions, by name.
#[derive(Debug, Default, Clone)]
pub(super) struct CloudWatch {
    alarms: Store<Alarm>,
}

#[derive(Debug, Clone)]
struct Alarm {
    is_composite: bool,
    state: String,
    reason: String,
}

/// How many names one DescribeAlarms call accepts.
const MOST_NAMES: usize = 100;

impl CloudWatch {
    pub(super) fn handle(&mut self, call: &ApiCall<'_>) -> Outcome {
        let body = call.request.json();
        match call.operation.name.as_str() {
            "PutMetricAlarm" | "PutCompositeAlarm" => {
                let is_composite = call.operation.name == "PutCompositeAlarm";
                let (state, reason) = ("INSUFFICIENT_DATA".to_owned(), "Unchecked: Initial alarm creation".to_owned());
                self.alarms.put(call.place, text(&body, "AlarmName"), Alarm { is_composite, state, reason });
                Ok(Response::cbor(StatusCode::OK, &json!({})))
            }
            "SetAlarmState" => {
                let alarm = self.alarms.get_mut(call.place, text(&body, "AlarmName"));
                let missing = || ApiError::new(404, "ResourceNotFound", "The alarm does not exist.");
                let alarm = alarm.ok_or_else(missing)?;
                (alarm.state, alarm.reason) =
                    (text(&body, "StateValue").to_owned(), text(&body, "StateReason").to_owned());
                Ok(Response::cbor(StatusCode::OK, &json!({})))
            }
            "DeleteAlarms" => {
                for name in body["AlarmNames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    self.alarms.remove(call.place, name);
                }
                Ok(Response::cbor(StatusCode::OK, &json!({})))
            }
            "DescribeAlarms" => self.describe(call, &body),
            _ => Err(call.not_implemented()),
        }
    }

    fn describe(&self, call: &ApiCall<'_>, body: &Value) -> Outcome {
        let names = body["AlarmNames"].as_array();
        if names.is_some_and(|names| names.len() > MOST_NAMES) {
            return Err(ApiError::new(400, "ValidationError", "AlarmNames must have at most 100 members."));
        }
        // Without types, AWS returns metric alarms only.
        let types = field_or(body, "AlarmTypes", json!(["MetricAlarm"]));
        let has_type = |alarm: &Alarm| {
            let kind = json!(if alarm.is_composite { "CompositeAlarm" } else { "MetricAlarm" });
            types.as_array().is_some_and(|types| types.contains(&kind))
        };
        let is_named = |name: &str| names.is_none_or(|names| names.contains(&json!(name)));
        let found = self.alarms.all(call.place).filter(|(name, alarm)| is_named(name) && has_type(alarm)).collect();
        let most = usize::try_from(body["MaxRecords"].as_u64().unwrap_or(50)).unwrap_or(50);
        let (found, next) = page(found, text(body, "NextToken").parse().unwrap_or_default(), most);
        let view = |wanted: bool| {
            let of_type = found.iter().filter(|(_, alarm)| alarm.is_composite == wanted);
            let views = of_type.map(|(name, alarm)| {
                let arn = format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", call.place.region, call.place.account);
                json!({ "AlarmName": name, "AlarmArn": arn, "StateValue": alarm.state, "StateReason": alarm.reason })
            });
            views.collect::<Vec<_>>()
        };
        let mut response = json!({ "MetricAlarms": view(false), "CompositeAlarms": view(true) });
        if let Some(next) = next {
            response["NextToken"] = next.to_string().into();
        }
        Ok(Response::cbor(StatusCode::OK, &response))
    }
}
