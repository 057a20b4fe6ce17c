//! From the SDK's errors to [`CallError`], and whether a failed call may be retried.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::{BoxError, CallError, chain};

/// Codes for a throttled call; nothing was changed.
const THROTTLED_CODES: &[&str] = &[
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

/// Codes for a conflict with another change of the same object; nothing was changed.
const BUSY_CODES: &[&str] = &[
    "ConcurrentModification",
    "ConcurrentModificationException",
    "OperationAbortedException",
    "PriorRequestNotComplete",
];

/// What a failed attempt means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The next attempt would fail, too.
    Final,
    /// Nothing was changed; calls must be sent more slowly.
    Throttled,
    /// Nothing was changed; a later attempt may succeed.
    Busy,
    /// No response or a server error: whether AWS carried out the call is unknown.
    Unclear,
}

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// The error of the call, unless a retry succeeds.
    pub(super) error: CallError,
    /// Whether a retry may succeed.
    pub(super) verdict: Verdict,
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self { error, verdict: Verdict::Final }
    }
}

impl Failure {
    /// Classifies an error of the SDK. `endpoint` is the one that the request was sent to.
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
        let message = message.unwrap_or("AWS gave no message").to_owned();
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
        let credentials = credentials_code(source.as_ref());
        if sent && credentials.is_none() {
            let (region, endpoint) = (region.to_owned(), endpoint.to_owned());
            return Self {
                error: CallError::Unreachable { operation, region, endpoint, source: source.into() },
                verdict: Verdict::Unclear,
            };
        }
        let code = credentials.unwrap_or("NotSent");
        let error = CallError::Refused {
            operation,
            region: region.to_owned(),
            code: code.to_owned(),
            message: chain(source.as_ref()),
            request_id: "none, nothing was sent".to_owned(),
        };
        let verdict = if code == UNAVAILABLE_CREDENTIALS { Verdict::Busy } else { Verdict::Final };
        Self { error, verdict }
    }
}

/// The provider's code for a call that could not be signed because there are no credentials.
pub(super) const NO_CREDENTIALS: &str = "NoCredentials";
/// The provider's code for a call that could not be signed because the credentials are unusable: an expired session, a role
/// that may not be assumed.
pub(super) const BAD_CREDENTIALS: &str = "BadCredentials";

/// The provider's code for a call that could not be signed because the credential provider (STS, SSO, a process) was
/// throttled, unreachable or too slow.
pub(super) const UNAVAILABLE_CREDENTIALS: &str = "UnavailableCredentials";

/// Parts of a credential provider's error, besides [`THROTTLED_CODES`], that indicate that a retry may succeed.
const TRANSIENT_TEXTS: &[&str] =
    &["timed out", "dispatch failure", "InternalError", "InternalFailure", "InternalServer", "ServiceUnavailable"];

/// The provider's code for an error that comes from the credentials; `None` for any other error.
fn credentials_code(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    use aws_credential_types::provider::error::CredentialsError;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref::<CredentialsError>() {
            return Some(match failure {
                CredentialsError::CredentialsNotLoaded(_) => NO_CREDENTIALS,
                CredentialsError::InvalidConfiguration(_) => BAD_CREDENTIALS,
                _ if is_transient(&chain(error)) => UNAVAILABLE_CREDENTIALS,
                _ => BAD_CREDENTIALS,
            });
        }
        // The SDK's credentials cache times out with an error of a private type.
        if error.to_string().starts_with("identity resolver timed out") {
            return Some(UNAVAILABLE_CREDENTIALS);
        }
        cause = error.source();
    }
    None
}

/// Whether a credential provider that failed with this text may succeed later. The errors of credential providers have no
/// common type that holds AWS's code.
fn is_transient(text: &str) -> bool {
    THROTTLED_CODES.iter().chain(TRANSIENT_TEXTS).any(|part| text.contains(part))
}

fn verdict(status: u16, code: &str, message: &str) -> Verdict {
    if THROTTLED_CODES.contains(&code) || status == 429 {
        return Verdict::Throttled;
    }
    if BUSY_CODES.contains(&code) || (code == "ConflictException" && message.contains("try again later")) {
        return Verdict::Busy;
    }
    // Emulators respond with 501 to operations that they do not implement.
    if status >= 500 && status != 501 { Verdict::Unclear } else { Verdict::Final }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_credential_types::provider::error::CredentialsError;
    use aws_sdk_sts::operation::assume_role::AssumeRoleError;
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    type Unsent = SdkError<GetCallerIdentityError, HttpResponse>;

    /// The error code and verdict of a call that could not be signed because of `error`.
    fn unsigned(error: impl Into<BoxError>) -> (String, Verdict) {
        let error = Unsent::dispatch_failure(ConnectorError::other(error.into(), None));
        let failure = Failure::new("sts:GetCallerIdentity", "us-east-1", "http://localhost", error);
        (failure.error.code().unwrap_or_default().to_owned(), failure.verdict)
    }

    fn sts(code: &str) -> CredentialsError {
        let raw = HttpResponse::new(400.try_into().unwrap(), SdkBody::empty());
        let error = AssumeRoleError::generic(ErrorMetadata::builder().code(code).message("words").build());
        CredentialsError::provider_error(SdkError::service_error(error, raw))
    }

    #[test]
    fn only_temporary_failures_of_a_credential_provider_are_retried() {
        let unavailable = (UNAVAILABLE_CREDENTIALS.to_owned(), Verdict::Busy);
        let unreachable =
            SdkError::<AssumeRoleError, HttpResponse>::dispatch_failure(ConnectorError::io("reset".into()));
        assert_eq!(unsigned(sts("Throttling")), unavailable);
        assert_eq!(unsigned(sts("ServiceUnavailable")), unavailable);
        assert_eq!(unsigned(CredentialsError::provider_error(unreachable)), unavailable);
        assert_eq!(unsigned(CredentialsError::provider_timed_out(Duration::from_secs(5))), unavailable);
        assert_eq!(unsigned("identity resolver timed out after 5s"), unavailable);
        let bad = (BAD_CREDENTIALS.to_owned(), Verdict::Final);
        assert_eq!(unsigned(sts("ExpiredToken")), bad);
        assert_eq!(unsigned(sts("AccessDenied")), bad);
        assert_eq!(unsigned(CredentialsError::provider_error("the SSO session has expired")), bad);
        assert_eq!(unsigned(CredentialsError::invalid_configuration("a loop; it timed out")), bad);
        let none = (NO_CREDENTIALS.to_owned(), Verdict::Final);
        assert_eq!(unsigned(CredentialsError::not_loaded("the metadata service timed out")), none);
    }

    #[test]
    fn transient_errors_are_distinguished_from_final_ones() {
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
