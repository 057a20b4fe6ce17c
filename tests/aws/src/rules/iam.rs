//! IAM: a new role takes a while to become assumable.

use super::{Context, timer};
use crate::error::Error;
use crate::upstream::{Lookup, Place};

/// Records when a role or its trust policy was changed.
pub(crate) fn after(context: &Context<'_>) {
    if matches!(context.operation.name.as_str(), "CreateRole" | "UpdateAssumeRolePolicy") {
        let role = context.request.form("RoleName").unwrap_or_default();
        let delay = context.proxy.options.delays.role_assumable;
        context.proxy.timers.start(&role_timer(&context.place, &role), delay);
    }
}

/// Whether Lambda can already assume the role: it has existed for long enough and trusts Lambda.
pub(crate) async fn lambda_can_assume(context: &Context<'_>, arn: &str) -> Result<bool, Error> {
    let account = arn.split(':').nth(4).unwrap_or_default();
    if account != context.place.account {
        return Ok(false);
    }
    let name = arn.rsplit('/').next().unwrap_or_default();
    let trusts = trusts(context, name, "lambda.amazonaws.com").await?;
    Ok(trusts && !context.proxy.timers.is_running(&role_timer(&context.place, name)))
}

/// Whether Lambda and Lambda@Edge can assume the role.
pub(crate) async fn edge_can_assume(context: &Context<'_>, arn: &str) -> Result<bool, Error> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    Ok(trusts(context, name, "edgelambda.amazonaws.com").await? && lambda_can_assume(context, arn).await?)
}

/// Whether the trust policy of the role `name` names a service.
async fn trusts(context: &Context<'_>, name: &str, service: &str) -> Result<bool, Error> {
    let fields = [("Action", "GetRole"), ("Version", "2010-05-08"), ("RoleName", name)];
    let found = context.proxy.upstream.xml(&context.place.global(), "iam", Lookup::Form(&fields)).await?;
    let trust = found.map(|response| {
        let document = response.text_at(&["GetRoleResult", "Role", "AssumeRolePolicyDocument"]);
        crate::message::decode(document)
    });
    Ok(trust.is_some_and(|document| document.contains(&format!("\"{service}\""))))
}

/// IAM is global, whatever region a call is signed for.
fn role_timer(place: &Place, name: &str) -> String {
    timer(&place.global(), "role", name)
}
