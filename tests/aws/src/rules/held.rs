//! Names that are not free at once when what had them is deleted. Only where AWS is eventually consistent
//! ([`crate::Options::consistency`]).

use super::Context;
use crate::message::Refusal;

/// Refuses a name that is still held.
pub(crate) fn refused(context: &Context<'_>) -> Option<Refusal> {
    context.proxy.consistency()?;
    let body = context.request.json();
    let (kind, name) = match context.operation.name.as_str() {
        "CreateFunction" => ("function", body["FunctionName"].as_str()?),
        "CreateDomainName" => ("domain", body["domainName"].as_str()?),
        _ => return None,
    };
    let is_held = context.proxy.timers.is_running(&timer(context, kind, name));
    is_held.then(|| match kind {
        "function" => Refusal::new(409, "ResourceConflictException", format!("Function already exist: {name}")),
        _ => Refusal::new(409, "ConflictException", "The domain name you provided already exists."),
    })
}

/// Notes what was deleted.
pub(crate) fn after(context: &Context<'_>) {
    let Some(eventual) = context.proxy.consistency() else { return };
    let kind = match context.operation.name.as_str() {
        // With a qualifier it is a version that goes.
        "DeleteFunction" if !context.request.query.contains("Qualifier=") => "function",
        "DeleteDomainName" => "domain",
        _ => return,
    };
    let timer = timer(context, kind, context.name(0));
    context.proxy.timers.start(&timer, eventual.share(&timer));
}

fn timer(context: &Context<'_>, kind: &str, name: &str) -> String {
    context.timer("held", &format!("{kind}/{name}"))
}
