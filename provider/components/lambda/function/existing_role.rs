//! The check of a user-supplied role: it must exist before the function is created.

use super::Spec;
use crate::aws::{CallError, Regional};
use crate::components::Problem;

/// The problem of the role of `spec`: it does not exist. An unknown role, and the one that the provider creates, are not
/// checked. Without permission to read roles the check is skipped, because Lambda checks again.
pub(super) async fn check(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
    let Some(name) = spec.role_arn.known().and_then(|arn| arn.rsplit('/').next()) else { return Ok(Vec::new()) };
    if name == aws.owner().name() {
        return Ok(Vec::new());
    }
    match aws.call("iam:GetRole", || aws.iam().get_role().role_name(name).send()).await {
        Err(error) if error.is_not_found() => {
            let detail = format!(
                "The role {name:?}, which function.role_arn names, does not exist in account {}. Create it first, correct the \
                 ARN, or omit role_arn so that the provider creates a role.",
                aws.account_id()
            );
            Ok(vec![Problem { summary: "Role does not exist", detail }])
        }
        Err(error) if error.code().is_none_or(|code| !code.contains("Denied")) => Err(error),
        _ => Ok(Vec::new()),
    }
}
