//! STS: the accounts of the access keys that AssumeRole returns.

use super::Context;
use crate::message::Response;
use crate::proxy::{secret_key, session_key};

/// Stores the account and the secret key of a session.
pub(crate) fn after(context: &Context<'_>, response: &Response) {
    if context.operation.name != "AssumeRole" {
        return;
    }
    let response = response.as_xml();
    let key = response.text_at(&["AssumeRoleResult", "Credentials", "AccessKeyId"]);
    let secret = response.text_at(&["AssumeRoleResult", "Credentials", "SecretAccessKey"]);
    context.proxy.remember(secret_key(key), secret);
    let arn = response.text_at(&["AssumeRoleResult", "AssumedRoleUser", "Arn"]);
    if let Some(account) = arn.split(':').nth(4) {
        context.proxy.remember(session_key(key), account);
    }
}
