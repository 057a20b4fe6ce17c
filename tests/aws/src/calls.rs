//! The log of AWS API calls that tests assert on.

use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;

/// One AWS API call that the proxy received.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// The service's signing name: `lambda`, `apigateway`, `route53`.
    pub service: String,
    /// The operation: `CreateFunction`.
    pub operation: String,
    /// The region of the request; `us-east-1` for global services.
    pub region: String,
    /// The account of the caller, twelve digits.
    pub account: String,
    /// The HTTP method: `POST`.
    pub method: String,
    /// The path as sent, with its query.
    pub path: String,
    /// The object of the call, as far as path and body name it: `ipgiraffe/live`, an ARN, a zone id.
    pub subject: String,
    /// The HTTP status of the response; 0 when there was none.
    pub status: u16,
    /// AWS's error code in the response.
    pub error: Option<String>,
    /// When the request had arrived, since the start of the local AWS.
    pub started: Duration,
    /// When the response was ready, since the start of the local AWS.
    pub ended: Duration,
}

impl Call {
    /// Service and operation: `lambda:CreateFunction`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// Whether it may have changed anything: its operation is not a read.
    pub fn writes(&self) -> bool {
        !is_read(&self.operation)
    }
}

/// Whether an operation is a read.
pub(crate) fn is_read(operation: &str) -> bool {
    ["Get", "List", "Describe", "AssumeRole"].iter().any(|prefix| operation.starts_with(prefix))
}

/// All calls so far, in the order in which they were answered.
#[derive(Debug, Default)]
pub(crate) struct CallLog(Mutex<Vec<Call>>);

impl CallLog {
    pub(crate) fn add(&self, call: Call) {
        if let Ok(mut calls) = self.0.lock() {
            calls.push(call);
        }
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        self.0.lock().map(|calls| calls.clone()).unwrap_or_default()
    }

    pub(crate) fn clear(&self) {
        if let Ok(mut calls) = self.0.lock() {
            calls.clear();
        }
    }
}
