//! Faults put into calls on purpose: which call is hit, and what befalls it.

use std::sync::{Arc, Mutex};

use crate::calls::Call;
use crate::message::Refusal;
use crate::operation::{Protocol, protocol};

/// What befalls a call.
#[derive(Clone)]
pub enum Harm {
    /// 500 before anything was done.
    ServerError,
    /// Throttled, with the service's own error code; nothing was done.
    Throttled,
    /// `AccessDenied` before anything was done.
    AccessDenied,
    /// Refused because the session of the credentials has expired; nothing was done.
    ExpiredToken,
    /// Done, but the connection ends without an answer.
    ReplyLost,
    /// Nothing is done and no answer ever comes.
    Hangs,
    /// Done; then this is called, and only then the answer is sent. To kill somebody, or to look around.
    Hook(Arc<dyn Fn(&Call) + Send + Sync>),
}

impl std::fmt::Debug for Harm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ServerError => "ServerError",
            Self::Throttled => "Throttled",
            Self::AccessDenied => "AccessDenied",
            Self::ExpiredToken => "ExpiredToken",
            Self::ReplyLost => "ReplyLost",
            Self::Hangs => "Hangs",
            Self::Hook(_) => "Hook",
        })
    }
}

/// A harm and the calls that it befalls: by default every one.
#[derive(Debug, Clone)]
pub struct Fault {
    harm: Harm,
    operation: Option<String>,
    region: Option<String>,
    account: Option<String>,
    subject: Option<String>,
    skip: usize,
    times: usize,
    lasts: bool,
}

impl Fault {
    /// This harm to every call.
    pub fn new(harm: Harm) -> Self {
        Self {
            harm,
            operation: None,
            region: None,
            account: None,
            subject: None,
            skip: 0,
            times: usize::MAX,
            lasts: false,
        }
    }

    /// Only to this operation: `lambda:CreateFunction`.
    pub fn operation(self, name: &str) -> Self {
        Self { operation: Some(name.to_owned()), ..self }
    }

    /// Only in this region.
    pub fn region(self, region: &str) -> Self {
        Self { region: Some(region.to_owned()), ..self }
    }

    /// Only in this account.
    pub fn account(self, account: &str) -> Self {
        Self { account: Some(account.to_owned()), ..self }
    }

    /// Only where the subject of the call contains this: a part of an ARN, a name.
    pub fn about(self, part: &str) -> Self {
        Self { subject: Some(part.to_owned()), ..self }
    }

    /// Only to the nth of the calls that fit, counted from 1 and from when the fault was set.
    pub fn nth(self, n: usize) -> Self {
        Self { skip: n.saturating_sub(1), times: 1, ..self }
    }

    /// To the nth of the calls that fit and to every later one, counted as in [`Fault::nth`].
    pub fn from_nth(self, n: usize) -> Self {
        Self { skip: n.saturating_sub(1), times: usize::MAX, ..self }
    }

    /// Only as many times.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// What it once hit, it hits again from then on: every later call of the same operation. A permission that is missing
    /// until somebody repairs it.
    pub fn lasting(self) -> Self {
        Self { lasts: true, ..self }
    }

    /// From now on it is about the operation of `call`, and stays.
    fn settle(&mut self, call: &Call) {
        (self.operation, self.times) = (Some(call.name()), usize::MAX);
    }

    fn fits(&self, call: &Call) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        is(&self.operation, &call.name())
            && is(&self.region, &call.region)
            && is(&self.account, &call.account)
            && self.subject.as_deref().is_none_or(|part| call.subject.contains(part))
    }
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn set(&self, fault: Fault) {
        if let Ok(mut faults) = self.0.lock() {
            faults.push(fault);
        }
    }

    pub(crate) fn clear(&self) {
        if let Ok(mut faults) = self.0.lock() {
            faults.clear();
        }
    }

    /// What befalls this call. Every fault that it fits counts it; the first one that is due befalls it.
    pub(crate) fn due(&self, call: &Call) -> Option<Harm> {
        let mut faults = self.0.lock().ok()?;
        let mut due = None;
        for fault in faults.iter_mut().filter(|fault| fault.fits(call)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if fault.times > 0 && due.is_none() {
                fault.times -= 1;
                if fault.lasts {
                    fault.settle(call);
                }
                due = Some(fault.harm.clone());
            }
        }
        due
    }
}

/// How `service` says that it was asked too often.
pub(crate) fn throttled(service: &str) -> Refusal {
    match service {
        "lambda" | "apigateway" | "account" => Refusal::new(429, "TooManyRequestsException", "Too Many Requests"),
        "acm" | "logs" | "dynamodb" => Refusal::new(400, "ThrottlingException", "Rate exceeded"),
        _ => Refusal::new(400, "Throttling", "Rate exceeded"),
    }
}

/// How `service` says that something went wrong on its side.
pub(crate) fn server_error(service: &str) -> Refusal {
    let code = match service {
        "lambda" | "iam" => "ServiceException",
        _ => "InternalFailure",
    };
    Refusal::new(500, code, "An internal error occurred.")
}

/// How `service` says that the caller may not do this.
pub(crate) fn access_denied(service: &str, call: &Call) -> Refusal {
    let code = match service {
        "lambda" | "acm" | "logs" | "apigateway" | "account" => "AccessDeniedException",
        _ => "AccessDenied",
    };
    let who = format!("arn:aws:iam::{}:user/test", call.account);
    Refusal::new(403, code, format!("User: {who} is not authorized to perform: {}", call.name()))
}

/// How `service` says that the caller's session is over.
///
/// # Source
/// "Common errors" in the API reference of each service: services that speak JSON alone answer 400.
pub(crate) fn expired_token(service: &str) -> Refusal {
    let (status, code) = match protocol(service) {
        Protocol::Json => (400, "ExpiredTokenException"),
        Protocol::RestJson => (403, "ExpiredTokenException"),
        Protocol::RestXml | Protocol::Query => (403, "ExpiredToken"),
    };
    Refusal::new(status, code, "The security token included in the request is expired")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(operation: &str, region: &str) -> Call {
        Call {
            service: "lambda".to_owned(),
            operation: operation.to_owned(),
            region: region.to_owned(),
            account: "123456789012".to_owned(),
            method: "POST".to_owned(),
            path: "/".to_owned(),
            subject: String::new(),
            status: 0,
            error: None,
            started: Duration::ZERO,
            ended: Duration::ZERO,
        }
    }

    #[test]
    fn only_the_nth_call_that_fits_is_hit() {
        let faults = Faults::default();
        faults.set(Fault::new(Harm::ReplyLost).operation("lambda:CreateFunction").region("us-west-2").nth(2));
        let hit = |operation, region| faults.due(&call(operation, region)).is_some();
        assert!(!hit("CreateFunction", "us-west-2"));
        assert!(!hit("CreateFunction", "us-east-1"));
        assert!(!hit("CreateAlias", "us-west-2"));
        assert!(hit("CreateFunction", "us-west-2"));
        assert!(!hit("CreateFunction", "us-west-2"));
    }

    #[test]
    fn a_fault_that_lasts_stays_with_the_operation_that_it_hit() {
        let faults = Faults::default();
        faults.set(Fault::new(Harm::AccessDenied).nth(2).lasting());
        let hit = |operation| faults.due(&call(operation, "us-west-2")).is_some();
        assert!(!hit("GetFunction"));
        assert!(hit("CreateAlias"));
        assert!(!hit("GetFunction"));
        assert!(hit("CreateAlias"));
    }

    #[test]
    fn an_expired_session_stays_expired() {
        let faults = Faults::default();
        faults.set(Fault::new(Harm::ExpiredToken).from_nth(2));
        let hit = |operation| faults.due(&call(operation, "us-west-2")).is_some();
        assert!(!hit("GetFunction"));
        assert!(hit("CreateAlias") && hit("GetFunction") && hit("GetFunction"));
    }

    #[test]
    fn a_cleared_fault_hits_nothing() {
        let faults = Faults::default();
        faults.set(Fault::new(Harm::Throttled));
        assert!(faults.due(&call("GetFunction", "us-east-1")).is_some());
        assert!(faults.due(&call("GetFunction", "us-east-1")).is_some());
        faults.clear();
        assert!(faults.due(&call("GetFunction", "us-east-1")).is_none());
    }
}
