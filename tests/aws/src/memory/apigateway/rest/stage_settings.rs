//! UpdateStage: the settings of a stage and of its methods.

use serde_json::{Value, json};

use super::patch::Patch;
use super::{bad_request, remove};
use crate::memory::ApiCall;
use crate::message::ApiError;

/// AWS's sizes of a cache, in GB.
const CACHE_SIZES: [&str; 8] = ["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];

/// Applies the changes of a call to a stage.
pub(super) fn update(stage: &mut Value, call: &ApiCall<'_>, has_log_role: bool) -> Result<(), ApiError> {
    for change in Patch::all(call) {
        let segments: Vec<String> = change.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (change.op.as_str(), segments.as_slice()) {
            ("replace", [field @ ("deploymentId" | "description" | "clientCertificateId")]) => {
                stage[*field] = change.value.into();
            }
            ("replace", ["tracingEnabled"]) => stage["tracingEnabled"] = change.boolean()?.into(),
            ("replace", ["cacheClusterEnabled"]) => {
                let enabled = change.boolean()?;
                stage["cacheClusterEnabled"] = enabled.into();
                stage["cacheClusterStatus"] = if enabled { "AVAILABLE" } else { "NOT_AVAILABLE" }.into();
            }
            ("replace", ["cacheClusterSize"]) => {
                if !CACHE_SIZES.contains(&change.value.as_str()) {
                    return Err(bad_request("Invalid cache cluster size specified"));
                }
                stage["cacheClusterSize"] = change.value.into();
            }
            ("replace" | "add", ["variables", name]) => stage["variables"][*name] = change.value.into(),
            ("remove", ["variables", name]) => remove(&mut stage["variables"], name),
            ("replace" | "add", ["accessLogSettings", field @ ("destinationArn" | "format")]) => {
                if !has_log_role {
                    let message = "CloudWatch Logs role ARN must be set in account settings to enable logging";
                    return Err(bad_request(message));
                }
                stage["accessLogSettings"][*field] = change.value.into();
            }
            ("remove", [field @ ("accessLogSettings" | "canarySettings")]) => remove(stage, field),
            _ => method_setting(stage, &change)?,
        }
    }
    check_access_log(&stage["accessLogSettings"])
}

fn check_access_log(settings: &Value) -> Result<(), ApiError> {
    let Some(format) = settings["format"].as_str() else { return Ok(()) };
    if ["$context.requestId", "$context.extendedRequestId"].iter().any(|id| format.contains(id)) {
        return Ok(());
    }
    let message = "Invalid format specified: it must contain at least $context.requestId or $context.extendedRequestId";
    Err(bad_request(message))
}

/// Applies a change of `/{resourcePath}/{httpMethod}/CATEGORY/NAME`, whose path has escaped slashes.
fn method_setting(stage: &mut Value, change: &Patch) -> Result<(), ApiError> {
    let raw: Vec<&str> = change.path.trim_start_matches('/').split('/').collect();
    match (change.op.as_str(), raw.as_slice()) {
        ("remove", [path, method]) => {
            remove(&mut stage["methodSettings"], &format!("{path}/{method}"));
            Ok(())
        }
        ("replace", [path, method, category, name]) => {
            let field = field_of(category, name).ok_or_else(|| refused(change))?;
            let value = match field {
                "loggingLevel" | "unauthorizedCacheControlHeaderStrategy" => change.value.as_str().into(),
                "throttlingRateLimit" => json!(change.value.parse::<f64>().map_err(|_| refused(change))?),
                "throttlingBurstLimit" | "cacheTtlInSeconds" => change.number()?,
                _ => change.boolean()?.into(),
            };
            let ttl = value.as_i64().unwrap_or_default();
            if field == "cacheTtlInSeconds" && !(0..=3600).contains(&ttl) {
                return Err(bad_request("Invalid cache ttl specified, must be between 0 and 3600"));
            }
            let key = format!("{path}/{method}");
            if stage["methodSettings"][&key].is_null() {
                stage["methodSettings"][&key] = defaults();
            }
            stage["methodSettings"][&key][field] = value;
            Ok(())
        }
        _ => Err(refused(change)),
    }
}

fn refused(change: &Patch) -> ApiError {
    bad_request(format!("Invalid method setting path: {}", change.path))
}

fn field_of(category: &str, name: &str) -> Option<&'static str> {
    Some(match (category, name) {
        ("metrics", "enabled") => "metricsEnabled",
        ("logging", "loglevel") => "loggingLevel",
        ("logging", "dataTrace") => "dataTraceEnabled",
        ("throttling", "burstLimit") => "throttlingBurstLimit",
        ("throttling", "rateLimit") => "throttlingRateLimit",
        ("caching", "enabled") => "cachingEnabled",
        ("caching", "ttlInSeconds") => "cacheTtlInSeconds",
        ("caching", "dataEncrypted") => "cacheDataEncrypted",
        ("caching", "requireAuthorizationForCacheControl") => "requireAuthorizationForCacheControl",
        ("caching", "unauthorizedCacheControlHeaderStrategy") => "unauthorizedCacheControlHeaderStrategy",
        _ => return None,
    })
}

/// The other settings of a method of which one was set.
fn defaults() -> Value {
    json!({
        "metricsEnabled": false,
        "loggingLevel": "OFF",
        "dataTraceEnabled": false,
        "throttlingBurstLimit": 5000,
        "throttlingRateLimit": 10000.0,
        "cachingEnabled": false,
        "cacheTtlInSeconds": 300,
        "cacheDataEncrypted": false,
        "requireAuthorizationForCacheControl": true,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    })
}
