//! What AWS rejects, delays or answers differently from ministack, by service.
//!
//! Rules read from the backend what exists, and store only what the backend does not record, such as when something
//! happened.

mod account;
mod acm;
mod acm_dns;
mod apigateway;
mod batch;
mod cidr;
mod cloudfront;
mod health_checks;
mod iam;
mod lambda;
mod reserved_names;
mod route53;
mod sts;
pub(crate) mod throttle;

use std::sync::Arc;

use serde_json::Value;

use crate::error::Error;
use crate::message::{ApiError, Request, Response};
use crate::operation::Operation;
use crate::proxy::Proxy;
use crate::upstream::{Lookup, Place};

pub(crate) use acm::{
    apply_request as apply_certificate_request, approve as approve_certificates, renew as renew_certificates,
};

pub(crate) use route53::set_refusal as set_record_refusal;

/// An AWS API call in progress.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) proxy: &'a Proxy,
    /// The account and region of the call.
    pub(crate) place: Place,
    /// The service's signing name.
    pub(crate) service: String,
    pub(crate) operation: Operation,
    pub(crate) request: Request,
}

/// What a rule decides before a call is forwarded: nothing, or the response to send instead.
type Verdict = Result<Option<Response>, Error>;

impl Context<'_> {
    /// An error in the service's protocol.
    fn refuse(&self, status: u16, code: &str, message: impl Into<String>) -> Verdict {
        Ok(Some(Response::error(&self.service, &ApiError::new(status, code, message))))
    }

    /// The nth parameter of the path; empty when there is none.
    fn name(&self, n: usize) -> &str {
        self.operation.path.get(n).map_or("", String::as_str)
    }

    /// The name of a timer of this account and region.
    fn timer(&self, what: &str, name: &str) -> String {
        timer(&self.place, what, name)
    }

    /// What the backend returns for this path of the called service.
    async fn get(&self, path: &str) -> Result<Option<Arc<Value>>, Error> {
        self.proxy.upstream.json(&self.place, &self.service, Lookup::Get(path)).await
    }
}

/// The name of a timer of an account and region.
fn timer(place: &Place, what: &str, name: &str) -> String {
    format!("{}/{}/{what}/{name}", place.account, place.region)
}

/// Rewrites the request into the form that ministack understands.
pub(crate) async fn prepare(context: &mut Context<'_>) -> Result<(), Error> {
    if context.service == "apigateway" {
        apigateway::prepare(context).await?;
    }
    Ok(())
}

/// The response to a call that AWS would not carry out.
pub(crate) async fn before(context: &Context<'_>) -> Verdict {
    if let Some(error) = account::rejection(context)
        .or_else(|| throttle::rejection(context))
        .or_else(|| reserved_names::rejection(context))
    {
        return Ok(Some(Response::error(&context.service, &error)));
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

/// Adjusts the backend's response to that of AWS.
pub(crate) async fn after(context: &Context<'_>, response: &mut Response) -> Result<(), Error> {
    if !response.status.is_success() {
        return Ok(());
    }
    reserved_names::after(context);
    match context.service.as_str() {
        "acm" => acm::after(context, response).await?,
        "apigateway" => apigateway::after(context, response).await?,
        "cloudfront" => cloudfront::after(context, response),
        "iam" => iam::after(context),
        "lambda" => lambda::after(context, response),
        "route53" => route53::after(context, response),
        "sts" => sts::after(context, response),
        _ => {}
    }
    Ok(())
}
