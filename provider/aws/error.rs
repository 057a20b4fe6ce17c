//! The errors of calls to AWS, and of waits for it.

use std::sync::Arc;

use super::failure::{BAD_CREDENTIALS, NO_CREDENTIALS, UNAVAILABLE_CREDENTIALS};

/// The source of another error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An AWS call or a wait that failed, after all retries.
///
/// `Display` never prints its source; [`chain`] prints the whole chain.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// AWS responded with an error that no retry could change.
    #[error("{operation} in {region} was refused with {code}: {message} (request id {request_id})")]
    Refused {
        /// Service and operation as in an IAM action: `lambda:CreateFunction`.
        operation: &'static str,
        /// The region that was called.
        region: String,
        /// AWS's error code, `HTTP 503` when there is none, or one of the provider's own codes when nothing was sent.
        code: String,
        /// AWS's error message.
        message: String,
        /// The id of the request, for AWS Support.
        request_id: String,
    },
    /// No response arrived. Whether AWS carried out the call is unknown.
    #[error("{operation} in {region} got no response from {endpoint}")]
    Unreachable {
        /// Service and operation as in an IAM action.
        operation: &'static str,
        /// The region that was called.
        region: String,
        /// The endpoint that the request was sent to.
        endpoint: String,
        /// The error of the connection.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The endpoint does not respond, as earlier calls of the operation have shown. This call was not sent, or not awaited.
    #[error("{operation} was not completed, because {endpoint} does not respond: {reason}")]
    Outage {
        /// Service and operation as in an IAM action.
        operation: &'static str,
        /// The service and its region: `Lambda in us-west-2`.
        endpoint: String,
        /// The region; `None` for a global service.
        region: Option<String>,
        /// The error of a call that got no usable response.
        reason: String,
    },
    /// An object of this name exists and does not belong to the resource.
    #[error("{what} already exists and does not belong to this resource: {whose}")]
    Foreign {
        /// The object.
        what: String,
        /// The owner, as far as the object shows it.
        whose: String,
    },
    /// A wait reached its limit.
    #[error("{} {what}; last seen: {last}", waited(*waited_seconds))]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long, in seconds; 0 when no time was left to begin.
        waited_seconds: u64,
        /// The last state that was seen.
        last: String,
    },
    /// The operation reached its deadline before it sent this call or began this change.
    #[error("{what} was not started: {why}")]
    NotStarted {
        /// The call or change.
        what: String,
        /// What it had to wait for, and how long.
        why: String,
    },
    /// The object reached a state that does not change any more, or AWS's response is unusable.
    #[error("{what} failed: {why}")]
    Failed {
        /// The object.
        what: String,
        /// AWS's reason.
        why: String,
    },
    /// AWS deletes the object only later, after a time that no operation should wait for.
    #[error("{what} cannot be deleted yet: {why}")]
    Deferred {
        /// The object.
        what: String,
        /// AWS's reason.
        why: String,
        /// The command by which a user deletes the object later.
        command: String,
    },
    /// The user cancelled the operation.
    #[error("cancelled before {0}")]
    Cancelled(String),
    /// A spec or output in the state that does not fit its kind.
    #[error("the state was written by an incompatible version of the provider: {0}")]
    Malformed(String),
    /// A file or directory on this machine could not be read.
    #[error("{what} could not be read")]
    Local {
        /// The file or directory.
        what: String,
        /// The error of the operating system.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl CallError {
    /// AWS's error code, if AWS responded.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// AWS's error message; empty if AWS did not respond.
    pub fn message(&self) -> &str {
        match self {
            Self::Refused { message, .. } => message,
            _ => "",
        }
    }

    /// Whether AWS rejects the caller: the credentials are invalid or lack a permission.
    pub fn is_denied(&self) -> bool {
        self.is_credentials() || self.has_code(DENIED_CODES)
    }

    /// The region that does not respond, and why; `None` for other errors.
    pub fn outage(&self) -> Option<(&str, &str)> {
        match self {
            Self::Outage { region: Some(region), reason, .. } => Some((region, reason)),
            _ => None,
        }
    }

    /// Whether the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.has_code(NOT_FOUND_CODES)
    }

    /// Whether the credentials are the reason: expired, revoked, mistyped or unavailable. Every other call fails, too.
    pub fn is_credentials(&self) -> bool {
        self.has_code(CREDENTIALS_CODES) && !self.is_clock_skew()
    }

    /// Whether AWS rejects the time of the request: the machine's clock is wrong.
    ///
    /// # Source
    /// "Troubleshoot Signature Version 4 requests for AWS APIs", IAM user guide.
    pub fn is_clock_skew(&self) -> bool {
        let is_late = || SKEW_TEXTS.iter().any(|text| self.message().contains(text));
        match self.code() {
            Some("RequestTimeTooSkewed" | "RequestInTheFuture") => true,
            Some("InvalidSignatureException" | "SignatureDoesNotMatch") => is_late(),
            _ => false,
        }
    }

    /// Whether an object of this name already exists.
    pub fn is_exists(&self) -> bool {
        match self.code() {
            // Lambda and API Gateway use these codes for every conflict.
            Some("ResourceConflictException") => self.message().contains("already exist"),
            Some("ConflictException") => self.message().contains("already exists"),
            _ => self.has_code(EXISTS_CODES),
        }
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        self.code().is_some_and(|code| codes.contains(&code))
    }
}

/// Codes for an object that does not exist.
const NOT_FOUND_CODES: &[&str] = &[
    // Certificate Manager, CloudFront KeyValueStore, CloudWatch Logs, Lambda
    "ResourceNotFoundException",
    // API Gateway
    "NotFoundException",
    // CloudFront
    "EntityNotFound",
    "NoSuchCachePolicy",
    "NoSuchContinuousDeploymentPolicy",
    "NoSuchDistribution",
    "NoSuchFunctionExists",
    "NoSuchInvalidation",
    "NoSuchOriginRequestPolicy",
    "NoSuchResource",
    "NoSuchResponseHeadersPolicy",
    // IAM
    "NoSuchEntity",
    // Lambda
    "ProvisionedConcurrencyConfigNotFoundException",
    // Route 53
    "NoSuchChange",
    "NoSuchCidrCollectionException",
    "NoSuchHealthCheck",
    "NoSuchHostedZone",
    // WAF
    "WAFNonexistentItemException",
];

/// Codes for an object that already exists. [`CallError::is_exists`] has those that also mean other conflicts.
const EXISTS_CODES: &[&str] = &[
    // CloudFront
    "CNAMEAlreadyExists",
    "CachePolicyAlreadyExists",
    "ContinuousDeploymentPolicyAlreadyExists",
    "DistributionAlreadyExists",
    "FunctionAlreadyExists",
    "OriginRequestPolicyAlreadyExists",
    "ResponseHeadersPolicyAlreadyExists",
    // Another continuous deployment policy has the staging distribution.
    "StagingDistributionInUse",
    // CloudWatch Logs
    "ResourceAlreadyExistsException",
    // CloudFront, IAM
    "EntityAlreadyExists",
    // Route 53
    "CidrCollectionAlreadyExistsException",
    "HealthCheckAlreadyExists",
    "HostedZoneAlreadyExists",
];

/// Codes for a caller that lacks a permission.
const DENIED_CODES: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "NotAuthorized",
    "NotAuthorizedException",
    "UnauthorizedException",
    "UnauthorizedOperation",
];

/// Codes for unusable credentials: AWS's own, and the provider's own for calls that could not be signed.
const CREDENTIALS_CODES: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    BAD_CREDENTIALS,
    NO_CREDENTIALS,
    UNAVAILABLE_CREDENTIALS,
];

/// Parts of AWS's message about a signature whose time is not the current time.
const SKEW_TEXTS: &[&str] = &["Signature expired", "ignature not yet current"];

fn waited(seconds: u64) -> String {
    if seconds == 0 { "no time was left for".to_owned() } else { format!("waited {seconds} s for") }
}

/// The text of an error and of all its sources, joined by colons.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, message: &str) -> CallError {
        let (code, message) = (code.to_owned(), message.to_owned());
        let (region, request_id) = ("us-east-1".to_owned(), "1".to_owned());
        CallError::Refused { operation: "lambda:GetFunction", region, code, message, request_id }
    }

    #[test]
    fn a_wrong_clock_is_distinguished_from_wrong_credentials() {
        let causes = |code, message| {
            let error = refused(code, message);
            (error.is_credentials(), error.is_clock_skew())
        };
        assert_eq!(
            causes("ExpiredTokenException", "The security token included in the request is expired"),
            (true, false)
        );
        assert_eq!(causes(UNAVAILABLE_CREDENTIALS, ""), (true, false));
        assert_eq!(
            causes("SignatureDoesNotMatch", "The request signature we calculated does not match"),
            (true, false)
        );
        assert_eq!(causes("SignatureDoesNotMatch", "Signature not yet current: 20261127T120000Z"), (false, true));
        assert_eq!(causes("InvalidSignatureException", "Signature expired: 20261127T120000Z"), (false, true));
        assert_eq!(causes("RequestTimeTooSkewed", ""), (false, true));
        assert_eq!(causes("AccessDenied", "not authorized"), (false, false));
    }

    #[test]
    fn error_codes_match_only_as_a_whole() {
        assert!(refused("ResourceNotFoundException", "").is_not_found());
        assert!(!refused("KMSNotFoundException", "").is_not_found());
        assert!(refused("EntityAlreadyExists", "").is_exists());
        assert!(refused("ResourceConflictException", "Function already exist: shop").is_exists());
        assert!(!refused("ResourceConflictException", "an update is in progress").is_exists());
        assert!(refused("AccessDeniedException", "").is_denied());
        assert!(!refused("KMSAccessDeniedException", "").is_denied());
    }
}
