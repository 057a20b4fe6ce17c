//! Conversions of replies and requests: missing objects, missing fields, AWS's spelling.

use std::future::Future;

use aws_smithy_types::error::operation::BuildError;

use crate::aws::CallError;
use crate::desired::Input;

/// The result of a delete. An object that is already gone counts as deleted.
pub(crate) fn ignore_missing<T>(answer: Result<T, CallError>) -> Result<(), CallError> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// The result of a read; `None` when AWS has no such object.
pub(crate) fn none_if_missing<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A field that is optional in the SDK and that AWS always returns.
///
/// # Errors
/// [`CallError::Failed`] when it is missing.
pub(crate) fn required<T>(value: Option<T>, what: &str) -> Result<T, CallError> {
    value.ok_or_else(|| CallError::Failed { what: what.to_owned(), why: "it is missing in AWS's response".to_owned() })
}

/// All items of a paginated list. `fetch` takes the token of a page, and returns its items and the token of the next
/// page.
pub(crate) async fn pages<T, F, R>(fetch: F) -> Result<Vec<T>, CallError>
where
    F: Fn(Option<String>) -> R,
    R: Future<Output = Result<(Option<Vec<T>>, Option<String>), CallError>>,
{
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let (page, token) = fetch(next).await?;
        all.extend(page.into_iter().flatten());
        next = token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(all);
        }
    }
}

/// A part of a request whose builder can fail.
///
/// # Errors
/// [`CallError::Malformed`] when a required field is missing.
pub(crate) fn build_part<T>(part: Result<T, BuildError>) -> Result<T, CallError> {
    part.map_err(|error| CallError::Malformed(error.to_string()))
}

/// A number of a spec in the type that the SDK takes.
///
/// # Errors
/// [`CallError::Malformed`] when it is out of range.
pub(crate) fn to_i32(number: i64) -> Result<i32, CallError> {
    i32::try_from(number).map_err(|_| CallError::Malformed(format!("{number} is out of range")))
}

/// The `reported` values, in the spelling and order of `ours` if they are the same set: AWS may return another order or
/// case.
pub(crate) fn respell(reported: &[String], ours: &[Input<String>]) -> Vec<Input<String>> {
    let canonical = |values: Vec<&String>| {
        let mut values: Vec<String> = values.into_iter().map(|value| value.to_lowercase()).collect();
        values.sort();
        values.dedup();
        values
    };
    if canonical(reported.iter().collect()) == canonical(ours.iter().filter_map(Input::known).collect()) {
        return ours.to_vec();
    }
    reported.iter().cloned().map(Input::Known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(values: &[&str]) -> Vec<Input<String>> {
        values.iter().map(|value| Input::from(*value)).collect()
    }

    #[test]
    fn an_equal_set_keeps_our_spelling() {
        let ours = inputs(&["X-Key", "accept"]);
        assert_eq!(respell(&["Accept".to_owned(), "x-key".to_owned()], &ours), ours);
        assert_eq!(respell(&["accept".to_owned()], &ours), inputs(&["accept"]));
    }

    #[test]
    fn deleting_a_missing_object_is_a_success() {
        let refused = |code: &str| -> Result<(), CallError> {
            Err(CallError::Refused {
                operation: "route53:DeleteHealthCheck",
                region: "us-east-1".to_owned(),
                code: code.to_owned(),
                message: String::new(),
                request_id: String::new(),
            })
        };
        assert!(ignore_missing(refused("NoSuchHealthCheck")).is_ok());
        assert!(ignore_missing(refused("AccessDenied")).is_err());
        assert!(none_if_missing(refused("NotFoundException")).is_ok_and(|found| found.is_none()));
    }
}
