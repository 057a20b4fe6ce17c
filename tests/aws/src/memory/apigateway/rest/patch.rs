//! Patch operations of updates.

use serde_json::Value;

use super::bad_request;
use crate::memory::ApiCall;
use crate::message::ApiError;

/// One change of an update.
#[derive(Debug)]
pub(super) struct Patch {
    /// `add`, `remove` or `replace`.
    pub(super) op: String,
    /// A JSON pointer.
    pub(super) path: String,
    /// The value; empty for a removal of everything at the path.
    pub(super) value: String,
}

impl Patch {
    /// All changes of the call.
    pub(super) fn all(call: &ApiCall<'_>) -> Vec<Self> {
        let body = call.request.json();
        let text = |change: &Value, name: &str| change[name].as_str().unwrap_or_default().to_owned();
        let changes = body["patchOperations"].as_array().into_iter().flatten();
        let read =
            |change: &Value| Self { op: text(change, "op"), path: text(change, "path"), value: text(change, "value") };
        changes.map(read).collect()
    }

    /// The segments of the path, decoded.
    pub(super) fn segments(&self) -> Vec<String> {
        let segments = self.path.trim_start_matches('/').split('/');
        segments.map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect()
    }

    /// The value as a number.
    pub(super) fn number(&self) -> Result<Value, ApiError> {
        let value: Option<Value> = serde_json::from_str(&self.value).ok();
        value.filter(Value::is_number).ok_or_else(|| bad_request(format!("Invalid number specified: {}", self.value)))
    }

    /// The value as a boolean.
    pub(super) fn boolean(&self) -> Result<bool, ApiError> {
        self.value.parse().map_err(|_| bad_request(format!("Invalid boolean specified: {}", self.value)))
    }

    /// AWS's error for a path that cannot be changed.
    pub(super) fn refused(&self) -> ApiError {
        bad_request(format!("Invalid patch path  '{}' specified for op '{}'.", self.path, self.op))
    }
}
