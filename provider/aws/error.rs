//! What a call to AWS can come to.

use std::sync::Arc;

use super::failure::{BAD_CREDENTIALS, NO_CREDENTIALS, UNAVAILABLE_CREDENTIALS};

/// The error that caused another.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One AWS call, or one wait, that did not succeed, after all retries.
///
/// `Display` never prints its source; [`chain`] walks the whole chain.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// AWS refused; repeating the call would not help.
    #[error("{operation} in {region} was refused with {code}: {message} (request id {request_id})")]
    Refused {
        /// Service and operation as in an IAM action: `lambda:CreateFunction`.
        operation: &'static str,
        /// The region that was asked.
        region: String,
        /// AWS's error code.
        code: String,
        /// AWS's own words.
        message: String,
        /// What AWS's support asks for.
        request_id: String,
    },
    /// No answer came: nobody knows whether it was done.
    #[error("{operation} in {region} got no answer from {endpoint}")]
    Unreachable {
        /// Service and operation.
        operation: &'static str,
        /// The region that was asked.
        region: String,
        /// Where the request went.
        endpoint: String,
        /// What went wrong on the way.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// An object of that name exists and is not ours.
    #[error("{what} exists already and is not ours: {whose}")]
    Foreign {
        /// Which object.
        what: String,
        /// Whose it looks like.
        whose: String,
    },
    /// What was waited for did not come in time.
    #[error("{} {what}; last seen: {last}", waited(*waited_seconds))]
    TimedOut {
        /// The wait's name.
        what: String,
        /// How long it waited, in seconds; 0 when no time was left to begin.
        waited_seconds: u64,
        /// The last answer.
        last: String,
    },
    /// The operation's time was up before this call was sent, or this change begun.
    #[error("{what} was not started: {why}")]
    NotStarted {
        /// Which call or change.
        what: String,
        /// What it waited for, and how long.
        why: String,
    },
    /// The object reached a state from which it will not come back.
    #[error("{what} failed: {why}")]
    Failed {
        /// Which object.
        what: String,
        /// AWS's reason.
        why: String,
    },
    /// The user cancelled.
    #[error("cancelled before {0}")]
    Cancelled(String),
    /// A spec or output that does not fit its kind: the ledger was written by another version.
    #[error("the ledger does not fit this version: {0}")]
    Malformed(String),
    /// Something on this machine: the package could not be read.
    #[error("{what} could not be read")]
    Local {
        /// Which file or directory.
        what: String,
        /// What went wrong.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl CallError {
    /// AWS's error code, where AWS gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// AWS's own words, where AWS gave some.
    pub fn message(&self) -> &str {
        match self {
            Self::Refused { message, .. } => message,
            _ => "",
        }
    }

    /// Whether AWS refuses the caller: a permission is missing, or the credentials are not valid any more. Repeating the call
    /// does not help.
    pub fn is_denied(&self) -> bool {
        let is_forbidden =
            |code: &str| ["AccessDenied", "Unauthorized", "NotAuthorized"].iter().any(|part| code.contains(part));
        self.is_credentials() || self.code().is_some_and(is_forbidden)
    }

    /// Whether AWS has no such object.
    pub fn is_not_found(&self) -> bool {
        self.code().is_some_and(|code| code.starts_with("NoSuch") || code.contains("NotFound"))
    }

    /// Whether the credentials are to blame: expired, revoked, mistyped or not to be had. Every call fails alike then.
    pub fn is_credentials(&self) -> bool {
        self.code().is_some_and(|code| CREDENTIALS_CODES.contains(&code)) && !self.is_clock_skew()
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

    /// Whether AWS already has an object of that name.
    pub fn is_exists(&self) -> bool {
        self.code().is_some_and(|code| code.contains("AlreadyExists"))
            || (self.code() == Some("ResourceConflictException") && self.message().contains("already exist"))
            || (self.code() == Some("ConflictException") && self.message().contains("already exists"))
    }
}

/// Codes of refusals because of the credentials: AWS's own, and ours for calls that could not be signed.
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

/// What AWS says of a signature whose time is not its own.
const SKEW_TEXTS: &[&str] = &["Signature expired", "ignature not yet current"];

fn waited(seconds: u64) -> String {
    if seconds == 0 { "no time was left for".to_owned() } else { format!("waited {seconds} s for") }
}

/// An error and everything that caused it, joined by colons.
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
    fn a_wrong_clock_is_told_from_wrong_credentials() {
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
}
