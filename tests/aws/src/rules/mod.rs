//! What AWS refuses, delays or answers otherwise than ministack, service by service.
//!
//! A rule looks at ministack for what exists and keeps only what ministack does not know: how long ago something was.

pub(crate) mod route53;
pub(crate) mod sts;
pub(crate) mod throttle;

use crate::error::Error;
use crate::message::{Answer, Refusal, Request};
use crate::operation::Operation;
use crate::proxy::Proxy;
use crate::upstream::Place;

/// One AWS API call on its way.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) proxy: &'a Proxy,
    /// The account and region that are asked.
    pub(crate) place: Place,
    /// The service's signing name.
    pub(crate) service: String,
    pub(crate) operation: Operation,
    pub(crate) request: Request,
}

/// What a rule says before a call is forwarded: nothing, or a refusal.
pub(crate) type Verdict = Result<Option<Refusal>, Error>;

/// Whether AWS would refuse the call.
pub(crate) async fn before(context: &Context<'_>) -> Verdict {
    if let Some(refusal) = throttle::before(context) {
        return Ok(Some(refusal));
    }
    Ok(None)
}

/// Makes ministack's answer AWS's.
pub(crate) async fn after(context: &Context<'_>, answer: &mut Answer) -> Result<(), Error> {
    match context.service.as_str() {
        "route53" => route53::after(context, answer).await,
        "sts" => {
            sts::after(context, answer);
            Ok(())
        }
        _ => Ok(()),
    }
}
