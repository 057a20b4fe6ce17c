//! What a call to AWS can come to.

use std::sync::Arc;

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

    /// Whether AWS has no such object.
    pub fn is_not_found(&self) -> bool {
        self.code().is_some_and(|code| code.starts_with("NoSuch") || code.contains("NotFound"))
    }

    /// Whether AWS already has an object of that name.
    pub fn is_exists(&self) -> bool {
        self.code().is_some_and(|code| code.contains("AlreadyExists"))
            || (self.code() == Some("ResourceConflictException") && self.message().contains("already exist"))
            || (self.code() == Some("ConflictException") && self.message().contains("already exists"))
    }
}

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
