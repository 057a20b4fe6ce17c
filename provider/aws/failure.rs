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
        let error = CallError::Refused {
            operation,
            region: region.to_owned(),
            code: code.to_owned(),
            message: chain(source.as_ref()),
            request_id: "none, it was not sent".to_owned(),
        };
        let verdict = if code == UNAVAILABLE_CREDENTIALS { Verdict::Busy } else { Verdict::Final };
        Self { error, verdict }
    }
}

/// Our code for a call that could not be signed, because there are no credentials.
pub(super) const NO_CREDENTIALS: &str = "NoCredentials";
/// Our code for a call that could not be signed, because the credentials that there are came to nothing: a session that
/// has expired, a role that may not be assumed.
pub(super) const BAD_CREDENTIALS: &str = "BadCredentials";

/// Our code for a call that could not be signed, because the provider of credentials (STS, SSO, a process) was throttled,
/// unreachable or too slow.
pub(super) const UNAVAILABLE_CREDENTIALS: &str = "UnavailableCredentials";

/// What a credential provider's failure says, besides [`PASSING_CODES`], when it may pass.
const PASSING_TEXTS: &[&str] =
    &["timed out", "dispatch failure", "InternalError", "InternalFailure", "InternalServer", "ServiceUnavailable"];

/// Our code for an error about credentials.
fn about_credentials(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    use aws_credential_types::provider::error::CredentialsError;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref::<CredentialsError>() {
            return Some(match failure {
                CredentialsError::CredentialsNotLoaded(_) => NO_CREDENTIALS,
                CredentialsError::InvalidConfiguration(_) => BAD_CREDENTIALS,
                _ if passes(&chain(error)) => UNAVAILABLE_CREDENTIALS,
                _ => BAD_CREDENTIALS,
            });
        }
        // The SDK's cache of credentials gives up with an error of a type that is not public.
        if error.to_string().starts_with("identity resolver timed out") {
            return Some(UNAVAILABLE_CREDENTIALS);
        }
        cause = error.source();
    }
    None
}

/// Whether a credential provider that failed in these words may succeed when it is asked again. Their errors have no common
/// type that holds AWS's code.
fn passes(text: &str) -> bool {
    PASSING_CODES.iter().chain(PASSING_TEXTS).any(|passing| text.contains(passing))
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
    use std::time::Duration;

    use aws_credential_types::provider::error::CredentialsError;
    use aws_sdk_sts::operation::assume_role::AssumeRoleError;
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    type Unsent = SdkError<GetCallerIdentityError, HttpResponse>;

    /// What a call comes to when its credentials do not come.
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
    fn a_provider_of_credentials_that_may_recover_is_asked_again() {
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
