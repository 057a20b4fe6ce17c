//! From the SDK's errors to ours, and whether a call that failed is worth another attempt.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::{BoxError, CallError, chain};

/// Codes of refusals that pass by themselves; nothing was done.
const PASSING_CODES: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Codes of refusals because something else happens to the same object at the moment; nothing was done.
const BUSY_CODES: &[&str] = &[
    "ConcurrentModification",
    "ConcurrentModificationException",
    "OperationAbortedException",
    "PriorRequestNotComplete",
];

/// What a failed attempt says about the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It will be refused again.
    Final,
    /// Nothing was done; AWS wants fewer calls.
    Throttled,
    /// Nothing was done; it will pass.
    Busy,
    /// Nobody knows whether it was done: no answer, or a server error.
    Unclear,
}

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What is told when nothing helps.
    pub(super) error: CallError,
    /// Whether something may help.
    pub(super) verdict: Verdict,
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self { error, verdict: Verdict::Final }
    }
}

impl Failure {
    /// What the SDK's error means. `endpoint` is where the request went.
    pub(super) fn new<E>(
        operation: &'static str,
        region: &str,
        endpoint: &str,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let Some(status) = status else { return Self::unanswered(operation, region, endpoint, error) };
        let request_id = error.request_id().unwrap_or("none").to_owned();
        let (code, message) = match error.as_service_error().map(|error| error.meta()) {
            Some(meta) => (meta.code(), meta.message()),
            None => (None, None),
        };
        let code = code.map_or_else(|| format!("HTTP {status}"), str::to_owned);
        let message = message.unwrap_or("no further explanation").to_owned();
        Self {
            verdict: verdict(status, &code, &message),
            error: CallError::Refused { operation, region: region.to_owned(), code, message, request_id },
        }
    }

    fn unanswered<E>(operation: &'static str, region: &str, endpoint: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let sent = !matches!(error, SdkError::ConstructionFailure(_));
        let source: BoxError = error.into_source().unwrap_or_else(|error| error.to_string().into());
        let credentials = about_credentials(source.as_ref());
        if sent && credentials.is_none() {
            let (region, endpoint) = (region.to_owned(), endpoint.to_owned());
            return Self {
                error: CallError::Unreachable { operation, region, endpoint, source: source.into() },
                verdict: Verdict::Unclear,
            };
        }
        let code = credentials.unwrap_or("NotSent");
        Self::from(CallError::Refused {
            operation,
            region: region.to_owned(),
            code: code.to_owned(),
            message: chain(source.as_ref()),
            request_id: "none, it was not sent".to_owned(),
        })
    }
}

/// Our code for a call that could not be signed, because there are no credentials.
pub(super) const NO_CREDENTIALS: &str = "NoCredentials";
/// Our code for a call that could not be signed, because the credentials that there are came to nothing: a session that
/// has expired, a role that may not be assumed.
pub(super) const BAD_CREDENTIALS: &str = "BadCredentials";

/// Our code for an error about credentials.
fn about_credentials(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    use aws_credential_types::provider::error::CredentialsError;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<CredentialsError>() {
            let none = matches!(error, CredentialsError::CredentialsNotLoaded(_));
            return Some(if none { NO_CREDENTIALS } else { BAD_CREDENTIALS });
        }
        cause = error.source();
    }
    None
}

fn verdict(status: u16, code: &str, message: &str) -> Verdict {
    if PASSING_CODES.contains(&code) || status == 429 {
        return Verdict::Throttled;
    }
    if BUSY_CODES.contains(&code) || (code == "ConflictException" && message.contains("try again later")) {
        return Verdict::Busy;
    }
    // 501 is an emulator's way to say that it knows no such operation.
    if status >= 500 && status != 501 { Verdict::Unclear } else { Verdict::Final }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        assert_eq!(verdict(400, "Throttling", "Rate exceeded"), Verdict::Throttled);
        assert_eq!(verdict(400, "PriorRequestNotComplete", ""), Verdict::Busy);
        assert_eq!(verdict(429, "TooManyRequestsException", ""), Verdict::Throttled);
        assert_eq!(verdict(409, "ConflictException", "Unable to complete operation, try again later"), Verdict::Busy);
        assert_eq!(verdict(409, "ConflictException", "it already exists"), Verdict::Final);
        assert_eq!(verdict(500, "InternalFailure", ""), Verdict::Unclear);
        assert_eq!(verdict(501, "NotImplemented", ""), Verdict::Final);
        assert_eq!(verdict(403, "AccessDenied", ""), Verdict::Final);
    }
}
