//! Names that stay reserved for a while after their object was deleted. Only with eventual consistency
//! ([`crate::Options::consistency`]).

use super::Context;
use crate::message::ApiError;

/// Rejects a name that is still reserved.
pub(crate) fn rejection(context: &Context<'_>) -> Option<ApiError> {
    context.proxy.consistency()?;
    let body = context.request.json();
    let (kind, name) = match context.operation.name.as_str() {
        "CreateFunction" => ("function", body["FunctionName"].as_str()?),
        "CreateDomainName" => ("domain", body["domainName"].as_str()?),
        _ => return None,
    };
    let is_reserved = context.proxy.timers.is_running(&timer(context, kind, name));
    is_reserved.then(|| match kind {
        "function" => ApiError::new(409, "ResourceConflictException", format!("Function already exist: {name}")),
        _ => ApiError::new(409, "ConflictException", "The domain name you provided already exists."),
    })
}

/// Reserves the name of a deleted object for a random time.
pub(crate) fn after(context: &Context<'_>) {
    let Some(consistency) = context.proxy.consistency() else { return };
    let kind = match context.operation.name.as_str() {
        // With a qualifier, only a version is deleted.
        "DeleteFunction" if !context.request.query.contains("Qualifier=") => "function",
        "DeleteDomainName" => "domain",
        _ => return,
    };
    let timer = timer(context, kind, context.name(0));
    context.proxy.timers.start(&timer, consistency.random_delay(&timer));
}

fn timer(context: &Context<'_>, kind: &str, name: &str) -> String {
    context.timer("held", &format!("{kind}/{name}"))
}
