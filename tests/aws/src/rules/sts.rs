//! STS: whose the keys are that AssumeRole gives out.

use super::Context;
use crate::message::Answer;
use crate::proxy::session_key;

/// Remembers the account of a session.
pub(crate) fn after(context: &Context<'_>, answer: &Answer) {
    if context.operation.name != "AssumeRole" {
        return;
    }
    let answer = answer.as_xml();
    let key = answer.text_at(&["AssumeRoleResult", "Credentials", "AccessKeyId"]);
    let arn = answer.text_at(&["AssumeRoleResult", "AssumedRoleUser", "Arn"]);
    if let Some(account) = arn.split(':').nth(4) {
        context.proxy.remember(session_key(key), account);
    }
}
