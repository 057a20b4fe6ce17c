//! Fault injection: which calls a fault hits, and what it does to them.

use std::sync::{Arc, Mutex};

use crate::calls::Call;
use crate::message::ApiError;
use crate::operation::{Protocol, protocol};
use crate::proxy::is_global;

/// What a fault does to a call.
#[derive(Clone)]
pub enum Effect {
    /// Status 500; nothing was done.
    ServerError,
    /// Throttled with the service's own error code; nothing was done.
    Throttled,
    /// `AccessDenied`; nothing was done.
    AccessDenied,
    /// Rejected because the session has expired; nothing was done.
    ExpiredToken,
    /// Done, but the connection closes without a response.
    ReplyLost,
    /// Nothing is done, and no response ever arrives.
    Hangs,
    /// Nothing is done, and the connection closes without a response.
    Refused,
    /// Done; this function runs before the response is sent, for example to kill a process or to inspect AWS.
    Hook(Arc<dyn Fn(&Call) + Send + Sync>),
}

impl std::fmt::Debug for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ServerError => "ServerError",
            Self::Throttled => "Throttled",
            Self::AccessDenied => "AccessDenied",
            Self::ExpiredToken => "ExpiredToken",
            Self::ReplyLost => "ReplyLost",
            Self::Hangs => "Hangs",
            Self::Refused => "Refused",
            Self::Hook(_) => "Hook",
        })
    }
}

/// An effect and the calls that it hits: by default all.
#[derive(Debug, Clone)]
pub struct Fault {
    effect: Effect,
    operation: Option<String>,
    region: Option<String>,
    account: Option<String>,
    subject: Option<String>,
    skip: usize,
    times: usize,
    sticky: bool,
    regional: bool,
}

impl Fault {
    /// A fault that hits every call.
    pub fn new(effect: Effect) -> Self {
        Self {
            effect,
            operation: None,
            region: None,
            account: None,
            subject: None,
            skip: 0,
            times: usize::MAX,
            sticky: false,
            regional: false,
        }
    }

    /// Only this operation: `lambda:CreateFunction`.
    pub fn operation(self, name: &str) -> Self {
        Self { operation: Some(name.to_owned()), ..self }
    }

    /// Only calls to this region.
    pub fn region(self, region: &str) -> Self {
        Self { region: Some(region.to_owned()), ..self }
    }

    /// Only calls to the control plane of this region, not to a global service that the call log shows there.
    pub fn regional(self, region: &str) -> Self {
        Self { regional: true, ..self.region(region) }
    }

    /// Only calls of this account.
    pub fn account(self, account: &str) -> Self {
        Self { account: Some(account.to_owned()), ..self }
    }

    /// Only calls whose subject contains this part of an ARN or name.
    pub fn subject(self, part: &str) -> Self {
        Self { subject: Some(part.to_owned()), ..self }
    }

    /// Only the nth matching call, counted from 1 since the fault was injected.
    pub fn nth(self, n: usize) -> Self {
        Self { skip: n.saturating_sub(1), times: 1, ..self }
    }

    /// The nth matching call and every later one, counted as in [`Fault::nth`].
    pub fn from_nth(self, n: usize) -> Self {
        Self { skip: n.saturating_sub(1), times: usize::MAX, ..self }
    }

    /// At most this many times.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Once it has hit a call, it hits every later call of the same operation, like a permission that is missing until
    /// somebody grants it.
    pub fn lasting(self) -> Self {
        Self { sticky: true, ..self }
    }

    /// Restricts the fault to the operation of `call` and removes its limit.
    fn stick_to(&mut self, call: &Call) {
        (self.operation, self.times) = (Some(call.name()), usize::MAX);
    }

    fn matches(&self, call: &Call) -> bool {
        let is = |filter: &Option<String>, value: &str| filter.as_deref().is_none_or(|filter| filter == value);
        is(&self.operation, &call.name())
            && is(&self.region, &call.region)
            && !(self.regional && is_global(&call.service))
            && is(&self.account, &call.account)
            && self.subject.as_deref().is_none_or(|part| call.subject.contains(part))
    }
}

/// The injected faults.
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

    /// The effect on this call. Every matching fault counts the call; the first one that is due takes effect.
    pub(crate) fn due(&self, call: &Call) -> Option<Effect> {
        let mut faults = self.0.lock().ok()?;
        let mut due = None;
        for fault in faults.iter_mut().filter(|fault| fault.matches(call)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if fault.times > 0 && due.is_none() {
                fault.times -= 1;
                if fault.sticky {
                    fault.stick_to(call);
                }
                due = Some(fault.effect.clone());
            }
        }
        due
    }
}

/// The error with which `service` throttles.
pub(crate) fn throttled(service: &str) -> ApiError {
    match service {
        "lambda" | "apigateway" | "account" => ApiError::new(429, "TooManyRequestsException", "Too Many Requests"),
        "acm" | "logs" | "dynamodb" | "cloudfront-keyvaluestore" | "cloudwatch" => {
            ApiError::new(400, "ThrottlingException", "Rate exceeded")
        }
        _ => ApiError::new(400, "Throttling", "Rate exceeded"),
    }
}

/// The error with which `service` reports an internal failure.
pub(crate) fn server_error(service: &str) -> ApiError {
    let code = match service {
        "lambda" | "iam" => "ServiceException",
        "cloudfront-keyvaluestore" => "InternalServerException",
        _ => "InternalFailure",
    };
    ApiError::new(500, code, "An internal error occurred.")
}

/// The error with which `service` denies access.
pub(crate) fn access_denied(service: &str, call: &Call) -> ApiError {
    let code = match service {
        "lambda" | "acm" | "logs" | "apigateway" | "account" | "cloudfront-keyvaluestore" | "cloudwatch" => {
            "AccessDeniedException"
        }
        _ => "AccessDenied",
    };
    let user = format!("arn:aws:iam::{}:user/test", call.account);
    ApiError::new(403, code, format!("User: {user} is not authorized to perform: {}", call.name()))
}

/// The error with which `service` rejects an expired session.
///
/// # Source
/// "Common errors" in the API reference of each service: services with a pure JSON protocol return status 400.
pub(crate) fn expired_token(service: &str) -> ApiError {
    let (status, code) = match protocol(service) {
        Protocol::Json => (400, "ExpiredTokenException"),
        Protocol::RestJson | Protocol::Cbor => (403, "ExpiredTokenException"),
        Protocol::RestXml | Protocol::Query => (403, "ExpiredToken"),
    };
    ApiError::new(status, code, "The security token included in the request is expired")
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
    fn only_the_nth_matching_call_is_hit() {
        let faults = Faults::default();
        faults.set(Fault::new(Effect::ReplyLost).operation("lambda:CreateFunction").region("us-west-2").nth(2));
        let hit = |operation, region| faults.due(&call(operation, region)).is_some();
        assert!(!hit("CreateFunction", "us-west-2"));
        assert!(!hit("CreateFunction", "us-east-1"));
        assert!(!hit("CreateAlias", "us-west-2"));
        assert!(hit("CreateFunction", "us-west-2"));
        assert!(!hit("CreateFunction", "us-west-2"));
    }

    #[test]
    fn a_lasting_fault_keeps_hitting_its_first_operation() {
        let faults = Faults::default();
        faults.set(Fault::new(Effect::AccessDenied).nth(2).lasting());
        let hit = |operation| faults.due(&call(operation, "us-west-2")).is_some();
        assert!(!hit("GetFunction"));
        assert!(hit("CreateAlias"));
        assert!(!hit("GetFunction"));
        assert!(hit("CreateAlias"));
    }

    #[test]
    fn an_outage_of_a_region_spares_global_services() {
        let faults = Faults::default();
        faults.set(Fault::new(Effect::Refused).regional("us-east-1"));
        let hit = |service: &str, region| {
            let call = Call { service: service.to_owned(), ..call("GetFunction", region) };
            faults.due(&call).is_some()
        };
        assert!(hit("lambda", "us-east-1") && !hit("lambda", "us-west-2"));
        assert!(!hit("route53", "us-east-1") && !hit("iam", "us-east-1"));
    }

    #[test]
    fn a_session_stays_expired() {
        let faults = Faults::default();
        faults.set(Fault::new(Effect::ExpiredToken).from_nth(2));
        let hit = |operation| faults.due(&call(operation, "us-west-2")).is_some();
        assert!(!hit("GetFunction"));
        assert!(hit("CreateAlias") && hit("GetFunction") && hit("GetFunction"));
    }

    #[test]
    fn a_cleared_fault_hits_nothing() {
        let faults = Faults::default();
        faults.set(Fault::new(Effect::Throttled));
        assert!(faults.due(&call("GetFunction", "us-east-1")).is_some());
        assert!(faults.due(&call("GetFunction", "us-east-1")).is_some());
        faults.clear();
        assert!(faults.due(&call("GetFunction", "us-east-1")).is_none());
    }
}
