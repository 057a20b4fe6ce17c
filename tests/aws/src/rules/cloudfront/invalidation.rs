//! CloudFront: repeated and slow invalidations.

use crate::distribution::texts;
use crate::message::Response;
use crate::rules::{Context, Verdict};
use crate::upstream::Lookup;

/// Returns the invalidation that a repeated caller reference began, and rejects the reference with other paths.
pub(super) async fn before(context: &Context<'_>) -> Verdict {
    let batch = context.request.xml();
    let paths = texts(&batch, &["Paths", "Items"]);
    if paths.iter().any(|path| !path.starts_with('/') || path.trim_end_matches('*').contains('*')) {
        return context.refuse(400, "InvalidArgument", "Your request contains one or more invalid invalidation paths.");
    }
    let Some(known) = context.proxy.remembered(&reference(context, batch.text_at(&["CallerReference"]))) else {
        return Ok(None);
    };
    let (id, known_paths) = known.split_once(' ').unwrap_or((known.as_str(), ""));
    if known_paths != paths.join(" ") {
        let message = "You specified a caller reference that you already used with a different invalidation batch.";
        return context.refuse(400, "InvalidationBatchAlreadyExists", message);
    }
    let path = format!("/2020-05-31/distribution/{}/invalidation/{id}", context.name(0));
    let Some(found) = context.proxy.upstream.xml(&context.place, "cloudfront", Lookup::Get(&path)).await? else {
        return Ok(None);
    };
    let mut response = Response::xml(http::StatusCode::CREATED, &found);
    set_status(context, &mut response);
    Ok(Some(response))
}

/// Removes cached responses when a new invalidation completes, and sets the status: ministack completes immediately.
pub(super) fn after(context: &Context<'_>, response: &mut Response) {
    if context.operation.name == "CreateInvalidation" {
        let message = response.as_xml();
        let (id, batch) = (message.text_at(&["Id"]).to_owned(), context.request.xml());
        let paths = texts(&batch, &["Paths", "Items"]);
        let known = reference(context, batch.text_at(&["CallerReference"]));
        context.proxy.remember(known, &format!("{id} {}", paths.join(" ")));
        let delay = context.proxy.options.delays.distribution_deployed;
        context.proxy.timers.start(&context.timer("invalidation", &id), delay);
        context.proxy.edge.invalidate(context.name(0), paths, context.proxy.timers.now() + delay);
    }
    set_status(context, response);
}

fn set_status(context: &Context<'_>, response: &mut Response) {
    let mut message = response.as_xml();
    let running = context.proxy.timers.is_running(&context.timer("invalidation", message.text_at(&["Id"])));
    if let Some(status) = message.child_mut("Status") {
        status.text = if running { "InProgress" } else { "Completed" }.to_owned();
    }
    response.body = message.to_message().into();
}

fn reference(context: &Context<'_>, reference: &str) -> String {
    format!("{}/invalidation/{}/{reference}", context.place.account, context.name(0))
}
