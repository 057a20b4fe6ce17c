//! The role of a function that is brought along, which must be there before anything is made.

use super::Spec;
use crate::aws::{CallError, Regional};
use crate::components::Problem;

/// What is wrong with the role of `spec`, where it is known and not the one that we make.
///
/// Whoever may not ask IAM is not stopped: Lambda will tell.
pub(super) async fn role(aws: &Regional, spec: &Spec) -> Result<Vec<Problem>, CallError> {
    let Some(name) = spec.role_arn.known().and_then(|arn| arn.rsplit('/').next()) else { return Ok(Vec::new()) };
    if name == aws.owner().name() {
        return Ok(Vec::new());
    }
    match aws.call("iam:GetRole", || aws.iam().get_role().role_name(name).send()).await {
        Err(error) if error.is_not_found() => {
            let detail = format!(
                "There is no role {name:?} in account {}, which function.role_arn names. Make it first, correct the ARN, \
                 or leave role_arn out to have a role made.",
                aws.account_id()
            );
            Ok(vec![Problem { summary: "Role does not exist", detail }])
        }
        Err(error) if error.code().is_none_or(|code| !code.contains("Denied")) => Err(error),
        _ => Ok(Vec::new()),
    }
}
