//! What AWS refuses, delays or answers otherwise than ministack, service by service.
//!
//! A rule looks at ministack for what exists and keeps only what ministack does not know: how long ago something was.

mod account;
mod acm;
mod apigateway;
mod batch;
mod cloudfront;
mod held;
mod iam;
mod lambda;
mod route53;
mod sts;
pub(crate) mod throttle;

use std::sync::Arc;

use serde_json::Value;

use crate::error::Error;
use crate::message::{Answer, Refusal, Request};
use crate::operation::Operation;
use crate::proxy::Proxy;
use crate::upstream::{Ask, Place};

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

/// What a rule says before a call is forwarded: nothing, or what to answer in ministack's stead.
type Verdict = Result<Option<Answer>, Error>;

impl Context<'_> {
    /// A refusal in the service's protocol.
    fn refuse(&self, status: u16, code: &str, message: impl Into<String>) -> Verdict {
        Ok(Some(Answer::refusal(&self.service, &Refusal::new(status, code, message))))
    }

    /// The nth name in the path; empty when there is none.
    fn name(&self, n: usize) -> &str {
        self.operation.path.get(n).map_or("", String::as_str)
    }

    /// The name of a timer that belongs to this account and region.
    fn timer(&self, what: &str, name: &str) -> String {
        timer(&self.place, what, name)
    }

    /// What ministack has at this path of the service that is asked.
    async fn get(&self, path: &str) -> Result<Option<Arc<Value>>, Error> {
        self.proxy.upstream.json(&self.place, &self.service, Ask::Get(path)).await
    }
}

/// The name of a timer that belongs to a place.
fn timer(place: &Place, what: &str, name: &str) -> String {
    format!("{}/{}/{what}/{name}", place.account, place.region)
}

/// Brings the request into the spelling that ministack understands.
pub(crate) fn prepare(context: &mut Context<'_>) {
    match context.service.as_str() {
        "apigateway" => apigateway::prepare(context),
        "route53" => route53::prepare(&mut context.request),
        _ => {}
    }
}

/// What AWS would answer without doing anything.
pub(crate) async fn before(context: &Context<'_>) -> Verdict {
    if let Some(refusal) =
        account::refused(context).or_else(|| throttle::refused(context)).or_else(|| held::refused(context))
    {
        return Ok(Some(Answer::refusal(&context.service, &refusal)));
    }
    match context.service.as_str() {
        "account" => Ok(account::before(context)),
        "acm" => acm::before(context).await,
        "apigateway" => apigateway::before(context).await,
        "cloudfront" => cloudfront::before(context).await,
        "lambda" => lambda::before(context).await,
        "route53" => route53::before(context).await,
        _ => Ok(None),
    }
}

/// Makes ministack's answer AWS's.
pub(crate) async fn after(context: &Context<'_>, answer: &mut Answer) -> Result<(), Error> {
    if !answer.status.is_success() {
        return Ok(());
    }
    held::after(context);
    match context.service.as_str() {
        "acm" => acm::after(context, answer).await?,
        "apigateway" => apigateway::after(context, answer).await?,
        "cloudfront" => cloudfront::after(context, answer),
        "iam" => iam::after(context),
        "lambda" => lambda::after(context, answer),
        "route53" => route53::after(context, answer),
        "sts" => sts::after(context, answer),
        _ => {}
    }
    Ok(())
}
