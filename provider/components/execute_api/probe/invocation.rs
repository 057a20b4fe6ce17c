//! The probe of a function behind mutual TLS: the provider has no client certificate, and invokes the function as API Gateway
//! would for a request.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::Spec;
use crate::aws::{CallError, Poll, Regional};
use crate::desired::Input;

/// A function that a probe invokes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoked {
    /// The ARN of its alias.
    pub function_arn: Input<String>,
    /// The version of the events that it gets: `1.0` or `2.0`.
    pub payload_format: String,
}

/// How long a new function may take until it answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// Invokes the function until it answers a GET request to the path of the probe. When no route matches such a request, it could
/// have an effect in the function: then Lambda only checks that the function can be invoked.
///
/// # Errors
/// [`CallError`] when the function does not answer in time, or a call fails.
pub(super) async fn invoke(aws: &Regional, invoked: &Invoked, spec: &Spec) -> Result<(), CallError> {
    let arn = invoked.function_arn.get();
    let kind = if spec.routed { InvocationType::RequestResponse } else { InvocationType::DryRun };
    let event = event(&invoked.payload_format, spec.path.get(), spec.host.get()).to_string();
    let poll = || async {
        let request = || aws.lambda().invoke().function_name(arn).invocation_type(kind.clone());
        let send = || request().payload(Blob::new(event.as_bytes())).send();
        let answer = aws.call("lambda:InvokeFunction", send).await?;
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        Ok(match failure(answer.function_error.as_deref(), &payload) {
            None => Poll::Ready(()),
            Some(failure) => Poll::Pending(failure),
        })
    };
    aws.wait(&format!("an answer of {arn}"), PATIENCE, poll).await
}

/// Why an invocation is no answer: the function failed, or it responded with a server error.
fn failure(error: Option<&str>, payload: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(payload);
    if let Some(error) = error {
        return Some(format!("the function failed ({error}): {text}; see its log group"));
    }
    let status = serde_json::from_slice::<Json>(payload).ok().and_then(|answer| answer.get("statusCode")?.as_i64());
    status.filter(|status| *status >= 500).map(|status| format!("status {status}; see the function's log group"))
}

/// The event of a GET request without parameters and body.
///
/// # Source
/// Amazon API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs".
fn event(format: &str, path: &str, host: &str) -> Json {
    let headers = json!({ "host": host, "user-agent": AGENT });
    if format == "1.0" {
        return json!({
            "version": "1.0", "resource": path, "path": path, "httpMethod": "GET", "headers": headers,
            "multiValueHeaders": { "host": [host], "user-agent": [AGENT] },
            "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null,
            "stageVariables": null, "body": null, "isBase64Encoded": false,
            "requestContext": {
                "httpMethod": "GET", "path": path, "resourcePath": path, "protocol": "HTTP/1.1", "domainName": host,
                "requestId": AGENT, "stage": "$default", "identity": { "sourceIp": "127.0.0.1", "userAgent": AGENT },
            },
        });
    }
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers,
        "isBase64Encoded": false,
        "requestContext": {
            "domainName": host, "requestId": AGENT, "routeKey": "$default", "stage": "$default",
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": AGENT },
        },
    })
}

const AGENT: &str = "multiregion-probe";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_error_and_a_failed_function_are_no_answers() {
        assert_eq!(failure(None, br#"{"statusCode":200,"body":"ok"}"#), None);
        assert_eq!(failure(None, br#""plain""#), None);
        assert_eq!(failure(None, b""), None);
        assert!(failure(None, br#"{"statusCode":503}"#).is_some_and(|why| why.contains("503")));
        assert!(failure(Some("Unhandled"), br#"{"errorMessage":"boom"}"#).is_some_and(|why| why.contains("boom")));
    }

    #[test]
    fn the_event_has_the_format_of_the_integration() {
        assert_eq!(event("1.0", "/health", "api.example.com")["httpMethod"], "GET");
        assert_eq!(event("2.0", "/health", "api.example.com")["requestContext"]["http"]["path"], "/health");
    }
}
