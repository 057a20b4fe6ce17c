//! Helpers for AWS's responses: missing objects, missing fields, pages, spelling.

use std::future::Future;

use aws_smithy_types::error::operation::BuildError;

use crate::aws::CallError;
use crate::desired::Input;

/// The result of a deletion: an object that does not exist is a success.
pub(crate) fn gone<T>(answer: Result<T, CallError>) -> Result<(), CallError> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// The result of a read: `None` when the object does not exist.
pub(crate) fn found<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A field that AWS always returns although the SDK declares it optional. `what` names it in the error.
pub(crate) fn field<T>(value: Option<T>, what: &str) -> Result<T, CallError> {
    value.ok_or_else(|| CallError::Failed { what: what.to_owned(), why: "it is missing in AWS's response".to_owned() })
}

/// All items of a paginated list. `ask` gets the token of a page and returns its items and the token of the next page.
pub(crate) async fn pages<T, F, R>(ask: F) -> Result<Vec<T>, CallError>
where
    F: Fn(Option<String>) -> R,
    R: Future<Output = Result<(Option<Vec<T>>, Option<String>), CallError>>,
{
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let (page, token) = ask(next).await?;
        all.extend(page.into_iter().flatten());
        next = token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(all);
        }
    }
}

/// The result of an SDK builder that checks required fields.
pub(crate) fn built<T>(part: Result<T, BuildError>) -> Result<T, CallError> {
    part.map_err(|error| CallError::Malformed(error.to_string()))
}

/// A number of a spec as the 32-bit number that AWS takes.
pub(crate) fn small(number: i64) -> Result<i32, CallError> {
    i32::try_from(number).map_err(|_| CallError::Malformed(format!("{number} is out of range")))
}

/// Values that AWS stores as a set and possibly in another case. Returns `ours` when they are equal, so that order and
/// case are not drift.
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
        assert!(gone(refused("NoSuchHealthCheck")).is_ok());
        assert!(gone(refused("AccessDenied")).is_err());
        assert!(found(refused("NotFoundException")).is_ok_and(|found| found.is_none()));
    }
}
