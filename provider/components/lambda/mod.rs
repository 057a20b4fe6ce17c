//! Kinds of AWS Lambda, and what they share.

pub mod alias;
pub mod canary;
pub mod edge_function;
pub mod function;
pub mod permission;
pub mod provisioned_concurrency;
pub mod version;
pub mod version_check;

use std::time::Duration;

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{FunctionConfiguration, LastUpdateStatus, State};

use crate::aws::{CallError, Poll, Regional};
use crate::components::support::answer::{none_if_missing, pages};
use crate::components::support::tags;
use crate::components::{Holder, Place};

/// How long a new role may not be visible to Lambda, and how long a function may refuse the next change.
///
/// # Source
/// hashicorp/aws, `iamPropagationTimeout` and `lambdaPropagationTimeout`.
pub(crate) const PROPAGATION: Duration = Duration::from_secs(120);

/// How long a function may take to become active; in a VPC, Lambda creates network interfaces first.
const READY: Duration = Duration::from_secs(600);

/// Whether one of the owner's functions may have this name, and its role: the owner's name, alone or before a hyphen.
pub(crate) fn may_be_ours(aws: &Regional, name: &str) -> bool {
    let rest = name.strip_prefix(aws.owner().name());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The functions of the region whose names may be those of the owner's functions.
pub(crate) async fn candidates(aws: &Regional) -> Result<Vec<String>, CallError> {
    let all = pages(|next| async move {
        let request = || aws.lambda().list_functions().set_marker(next.clone()).send();
        let page = aws.call("lambda:ListFunctions", request).await?;
        Ok((page.functions, page.next_marker))
    });
    let names = all.await?.into_iter().filter_map(|function| function.function_name);
    Ok(names.filter(|name| may_be_ours(aws, name)).collect())
}

/// The current owner of the function `name`.
pub(crate) async fn holder(aws: &Regional, name: &str) -> Result<Holder, CallError> {
    let function = get(aws, name, None).await?;
    let tags = function.map(|function| tags::reported(function.tags.unwrap_or_default()));
    Ok(tags.map_or(Holder::Ours, |tags| tags::holder(aws, &tags)))
}

/// The function's ARN, without a version.
pub(crate) fn function_arn(place: &Place<'_>, name: &str) -> String {
    place.arn("lambda", &format!("function:{name}"))
}

/// Whether Lambda is still applying an earlier change of the same function.
pub(crate) fn is_busy(error: &CallError) -> bool {
    error.code() == Some("ResourceConflictException") && !error.is_exists()
}

/// The function, or one of its versions or aliases; `None` when it does not exist.
pub(crate) async fn get(
    aws: &Regional,
    name: &str,
    qualifier: Option<&str>,
) -> Result<Option<GetFunctionOutput>, CallError> {
    let client = aws.lambda();
    let send = || client.get_function().function_name(name).set_qualifier(qualifier.map(str::to_owned)).send();
    none_if_missing(aws.call("lambda:GetFunction", send).await)
}

/// Waits until a function, or one of its versions, can be invoked and changed.
///
/// # Errors
/// [`CallError::Failed`] with Lambda's reason; [`CallError::TimedOut`].
pub(crate) async fn wait_until_ready(aws: &Regional, name: &str, version: Option<&str>) -> Result<(), CallError> {
    let what = version.map_or_else(|| format!("function {name}"), |version| format!("function {name}:{version}"));
    let poll = || async {
        match get(aws, name, version).await?.and_then(|function| function.configuration) {
            None => Ok(Poll::Pending("it is not visible yet".to_owned())),
            Some(now) => readiness(&what, &now, version.is_none()),
        }
    };
    aws.wait(&format!("{what} in {} to become ready", aws.region()), READY, poll).await
}

fn readiness(what: &str, now: &FunctionConfiguration, updated: bool) -> Result<Poll<()>, CallError> {
    let failed = |why: Option<&str>| {
        let why = why.unwrap_or("Lambda gave no reason").to_owned();
        Err(CallError::Failed { what: what.to_owned(), why })
    };
    match now.state() {
        Some(State::Pending) => return Ok(Poll::Pending(said("Pending", now.state_reason()))),
        Some(State::Failed) => return failed(now.state_reason()),
        _ => {}
    }
    match now.last_update_status().filter(|_| updated) {
        Some(LastUpdateStatus::InProgress) => {
            Ok(Poll::Pending(said("update in progress", now.last_update_status_reason())))
        }
        Some(LastUpdateStatus::Failed) => failed(now.last_update_status_reason()),
        _ => Ok(Poll::Ready(())),
    }
}

fn said(state: &str, reason: Option<&str>) -> String {
    reason.filter(|reason| !reason.is_empty()).map_or_else(|| state.to_owned(), |reason| format!("{state}: {reason}"))
}
