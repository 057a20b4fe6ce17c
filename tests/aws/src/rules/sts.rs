//! STS: whose the keys are that AssumeRole gives out.

use super::Context;
use crate::message::Answer;

/// Remembers the account of a session.
pub(crate) fn after(context: &Context<'_>, answer: &Answer) {
    if context.operation.name != "AssumeRole" || !answer.status.is_success() {
        return;
    }
    let answer = answer.as_xml();
    let key = answer.text_at(&["AssumeRoleResult", "Credentials", "AccessKeyId"]);
    let arn = answer.text_at(&["AssumeRoleResult", "AssumedRoleUser", "Arn"]);
    if let (Some(account), Ok(mut sessions)) = (arn.split(':').nth(4), context.proxy.sessions.lock()) {
        sessions.insert(key.to_owned(), account.to_owned());
    }
}
