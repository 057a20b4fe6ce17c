//! The answer of a version that was invoked.

use std::fmt;

use aws_sdk_lambda::operation::invoke::InvokeOutput;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value as Json;

use super::{FORMAT_1, Request};
use crate::components::execute_api::expected::HEALTHY_STATUSES;

/// The number of lines of the function's log that a message quotes.
const LOG_LINES: usize = 8;

/// The length to which a quoted text is cut.
const QUOTED: usize = 1_000;

/// Why a version did not pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Whether the version cannot pass later: its code does not even start.
    pub(super) is_final: bool,
    reason: String,
    /// The last lines of the log of this invocation.
    log: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if self.log.is_empty() { Ok(()) } else { write!(f, ". The end of its log:\n{}", self.log) }
    }
}

/// Whether a version has answered as the API needs it.
pub(super) fn judge(answer: &InvokeOutput, request: &Request) -> Result<(), Refusal> {
    let payload = answer.payload().map(|blob| blob.as_ref()).unwrap_or_default();
    let log = answer.log_result().map(last_lines).unwrap_or_default();
    judged(answer.function_error(), payload, request, log)
}

fn judged(function_error: Option<&str>, payload: &[u8], request: &Request, log: String) -> Result<(), Refusal> {
    let body: Json = serde_json::from_slice(payload).unwrap_or_default();
    if function_error.is_some() {
        return failed(&body, request, log);
    }
    if request.authenticated {
        return Ok(());
    }
    let refused = |reason| Err(Refusal { is_final: false, reason, log });
    let expected = &request.expected;
    let Some(status) = status(&body, request) else {
        let text = cut(&String::from_utf8_lossy(payload));
        return refused(format!(
            "the function returned {text}, which has no statusCode, so that API Gateway answers with 502"
        ));
    };
    let text = text(&body, payload);
    // A configured status may be one that API Gateway returns itself, such as that of a resource policy.
    let counts = if expected.has_statuses() { HEALTHY_STATUSES.contains(&status) } else { status < UNHEALTHY };
    let judged = if counts { expected.search(&text) } else { expected.judge(status, &text) };
    match judged {
        Ok(()) if counts || expected.has_statuses() => Ok(()),
        Ok(()) => refused(format!("the function returned status {status} with {:?}", cut(&text))),
        Err(unexpected) => {
            refused(format!("the function returned status {status} with {:?}; {unexpected}", cut(&text)))
        }
    }
}

/// The first of the statuses that show a failure of the function.
const UNHEALTHY: u64 = 500;

/// The statuses with which API Gateway answers when a function fails.
const FAILED: [u64; 2] = [500, 502];

/// Judges the error of a function.
fn failed(body: &Json, request: &Request, log: String) -> Result<(), Refusal> {
    let field = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default();
    let (kind, message) = (field("errorType"), cut(field("errorMessage")));
    let is_final = INITIALIZATION.contains(&kind);
    let counts = request.authenticated || FAILED.iter().any(|status| request.expected.counts(*status));
    if counts && !is_final {
        return Ok(());
    }
    Err(Refusal { is_final, reason: format!("the function failed with {kind}: {message}"), log })
}

/// The body that clients receive.
fn text(body: &Json, payload: &[u8]) -> String {
    let whole = || body.as_str().map_or_else(|| String::from_utf8_lossy(payload).into_owned(), str::to_owned);
    if body.get("statusCode").is_none() {
        return whole();
    }
    let text = body.get("body").and_then(Json::as_str).unwrap_or_default();
    let is_encoded = body.get("isBase64Encoded").and_then(Json::as_bool).unwrap_or_default();
    let decoded = BASE64_STANDARD.decode(text).ok().filter(|_| is_encoded);
    decoded.map_or_else(|| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Types of errors that occur before the handler runs: a module that cannot be imported, a handler that does not exist, a
/// runtime or an extension that does not start.
///
/// # Source
/// AWS Lambda developer guide, "Understanding Lambda function invocation errors" and "Troubleshoot execution issues".
const INITIALIZATION: [&str; 8] = [
    "Extension.Crash",
    "Extension.InitError",
    "Runtime.ExitError",
    "Runtime.HandlerNotFound",
    "Runtime.ImportModuleError",
    "Runtime.InvalidEntrypoint",
    "Runtime.MalformedHandlerName",
    "Runtime.UserCodeSyntaxError",
];

/// The status that API Gateway takes from the answer of a function; `None` when it cannot use the answer.
///
/// # Source
/// Amazon API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs": in format 2.0, an answer without a
/// status code is a body with status 200.
fn status(body: &Json, request: &Request) -> Option<u64> {
    match body.get("statusCode") {
        Some(Json::Number(status)) => status.as_u64(),
        Some(Json::String(status)) => status.parse().ok(),
        Some(_) => None,
        None => (request.format != FORMAT_1).then_some(200),
    }
}

/// The last lines that the function and its runtime wrote, from the base64 text of Lambda.
fn last_lines(log: &str) -> String {
    let log = BASE64_STANDARD.decode(log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    // Lambda's own lines about the invocation do not explain an error.
    let own = ["START ", "END ", "REPORT ", "INIT_START "];
    let lines: Vec<&str> =
        log.lines().filter(|line| !line.is_empty() && !own.iter().any(|own| line.starts_with(own))).collect();
    let first = lines.len().saturating_sub(LOG_LINES);
    cut(&lines.get(first..).unwrap_or_default().join("\n"))
}

fn cut(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::execute_api::expected::Expected;

    fn request(format: &str, authenticated: bool) -> Request {
        let (path, route) = ("/".into(), "$default".to_owned());
        Request { path, route, format: format.to_owned(), authenticated, expected: Expected::default() }
    }

    fn refused(error: bool, payload: &str, request: &Request) -> Option<Refusal> {
        judged(error.then_some("Unhandled"), payload.as_bytes(), request, String::new()).err()
    }

    #[test]
    fn an_answer_that_api_gateway_can_use_passes() {
        for (format, payload, passes) in [
            ("2.0", r#"{"statusCode":200}"#, true),
            ("2.0", r#"{"statusCode":"404"}"#, true),
            ("2.0", r#"{"statusCode":503,"body":"down"}"#, false),
            ("2.0", r#""hello""#, true),
            ("2.0", r#"{"statusCode":null}"#, false),
            ("1.0", r#"{"statusCode":200}"#, true),
            ("1.0", r#"{"message":"hello"}"#, false),
            ("1.0", "null", false),
        ] {
            assert_eq!(refused(false, payload, &request(format, false)).is_none(), passes, "{format} {payload}");
        }
    }

    #[test]
    fn a_health_check_decides_what_passes() {
        let (path, search_string) = (Some("/health".into()), Some("healthy".into()));
        let expected = Expected { path, statuses: vec!["200-399".into()], search_string };
        let checked = Request { expected, ..request("2.0", false) };
        for (error, payload, passes) in [
            (false, r#"{"statusCode":200,"body":"healthy"}"#, true),
            (false, r#"{"statusCode":302,"body":"aGVhbHRoeQ==","isBase64Encoded":true}"#, true),
            (false, r#"{"status":"healthy"}"#, true),
            (false, r#""healthy""#, true),
            (false, r#"{"statusCode":404,"body":"healthy"}"#, false),
            (false, r#"{"statusCode":200,"body":"ill"}"#, false),
            (false, r#"{"statusCode":200}"#, false),
            (true, r#"{"errorType":"KeyError","errorMessage":"healthy"}"#, false),
        ] {
            assert_eq!(refused(error, payload, &checked).is_none(), passes, "{payload}");
        }
        let refusal = refused(false, r#"{"statusCode":404,"body":"no such path"}"#, &checked).expect("a refusal");
        let text = r#"the function returned status 404 with "no such path"; expected a status of 200-399"#;
        assert_eq!(refusal.to_string(), text);
    }

    #[test]
    fn configured_statuses_also_pass() {
        let of = |status: &str| Request {
            expected: Expected { statuses: vec![status.into()], ..Expected::default() },
            ..request("1.0", false)
        };
        let raised = r#"{"errorType":"KeyError","errorMessage":"'x'"}"#;
        assert_eq!(refused(false, r#"{"statusCode":200}"#, &of("403")), None);
        assert_eq!(refused(false, r#"{"statusCode":503}"#, &of("500-599")), None);
        assert!(refused(false, r#"{"statusCode":404}"#, &of("403")).is_some());
        assert_eq!(refused(true, raised, &of("502")), None);
        assert!(refused(true, raised, &of("404")).is_some());
        assert!(refused(true, r#"{"errorType":"Runtime.ExitError"}"#, &of("100-599")).is_some());
    }

    #[test]
    fn a_failed_initialization_is_final() {
        let missing = r#"{"errorType":"Runtime.ImportModuleError","errorMessage":"No module named 'app'"}"#;
        let raised = r#"{"errorType":"KeyError","errorMessage":"'authorizer'"}"#;
        let open = request("2.0", false);
        let refusal = refused(true, missing, &open).expect("a refusal");
        assert!(refusal.is_final);
        assert_eq!(refusal.to_string(), "the function failed with Runtime.ImportModuleError: No module named 'app'");
        assert!(refused(true, raised, &open).is_some_and(|refusal| !refusal.is_final));
    }

    #[test]
    fn a_function_behind_an_authorizer_must_only_start() {
        let closed = request("1.0", true);
        let raised = r#"{"errorType":"KeyError","errorMessage":"'authorizer'"}"#;
        assert_eq!(refused(true, raised, &closed), None);
        assert_eq!(refused(false, r#"{"statusCode":500}"#, &closed), None);
        assert!(refused(true, r#"{"errorType":"Runtime.ExitError"}"#, &closed).is_some());
    }

    #[test]
    fn the_end_of_the_log_is_quoted() {
        let log = "START RequestId: 1\nfirst\n[ERROR] KeyError: 'x'\n\nEND RequestId: 1\nREPORT RequestId: 1\n";
        assert_eq!(last_lines(&BASE64_STANDARD.encode(log)), "first\n[ERROR] KeyError: 'x'");
        let refusal = Refusal { is_final: false, reason: "it failed".to_owned(), log: "last".to_owned() };
        assert_eq!(refusal.to_string(), "it failed. The end of its log:\nlast");
    }
}
