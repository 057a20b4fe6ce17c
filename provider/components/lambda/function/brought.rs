//! The check that a user-supplied role exists before anything is created.

use super::Spec;
use crate::aws::{CallError, Regional};
use crate::components::Problem;

/// The problems with the role of `spec`, when it is known and not the one that this provider creates.
///
/// Without permission to read the role there is no problem here, because Lambda checks it again.
pub(super) async fn role(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
    let Some(name) = spec.role_arn.known().and_then(|arn| arn.rsplit('/').next()) else { return Ok(Vec::new()) };
    if name == aws.owner().name() {
        return Ok(Vec::new());
    }
    match aws.call("iam:GetRole", || aws.iam().get_role().role_name(name).send()).await {
        Err(error) if error.is_not_found() => {
            let detail = format!(
                "function.role_arn names the role {name:?}, which does not exist in account {}. Create the role first, \
                 correct the ARN, or remove role_arn to let the provider create a role.",
                aws.account_id()
            );
            Ok(vec![Problem { summary: "Role does not exist", detail }])
        }
        Err(error) if error.code().is_none_or(|code| !code.contains("Denied")) => Err(error),
        _ => Ok(Vec::new()),
    }
}
