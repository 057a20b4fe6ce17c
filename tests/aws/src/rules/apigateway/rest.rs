//! REST APIs: mappings of custom domain names that prevent deletion. The in-memory AWS, which holds REST APIs for both
//! backends, refuses everything else.

use super::{Context, Verdict, mapped_domains};

/// Rejects deletions that would leave mappings without a stage.
pub(super) async fn before(context: &Context<'_>) -> Verdict {
    let (what, stage) = match context.operation.name.as_str() {
        "DeleteRestApi" => ("API", None),
        "DeleteStage" => ("stage", Some(context.name(1))),
        _ => return Ok(None),
    };
    let domains = mapped_domains(context, context.name(0), stage).await?;
    if domains.is_empty() {
        return Ok(None);
    }
    let message = format!(
        "Deleting {what} failed. Please remove all base path mappings related to the {what} in your domains: {}",
        domains.join(", ")
    );
    context.refuse(400, "BadRequestException", message)
}
