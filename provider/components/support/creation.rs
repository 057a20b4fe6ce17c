//! Idempotent creates for operations without a client token.

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::{CONSISTENCY_WINDOW, CallError, Regional};
use crate::components::Found;
use crate::components::support::answer::required;

/// What AWS does when a create is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// It refuses the second object, by its name or by a token.
    IsRefused,
    /// It creates a second object.
    CreatesAnother,
}

/// Sends a create. When its reply is lost, or AWS refuses it because the object exists, `look` finds out whether the
/// object is ours, and then it is the result. Where a repeated create would create another object, `look` also runs
/// before the first call.
///
/// # Errors
/// [`CallError::Foreign`] when the object exists and belongs to another owner; the errors of the call and of `look`.
pub(crate) async fn create_or_adopt<O, E, F, R, G, S>(
    aws: &Regional,
    operation: &'static str,
    repeated: Repeated,
    look: G,
    send: F,
) -> Result<O, CallError>
where
    F: Fn() -> R + Send + Sync,
    R: Future<Output = Result<Option<O>, SdkError<E, HttpResponse>>> + Send,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    G: Fn() -> S + Send + Sync,
    S: Future<Output = Result<Option<Found<O>>, CallError>> + Send,
    O: Send,
{
    if repeated == Repeated::CreatesAnother
        && let Some(Found::Ours(_)) = look().await?
    {
        // Reads lag behind: the object may have been deleted a moment ago.
        aws.pause("AWS to report recent deletions", CONSISTENCY_WINDOW).await?;
        if let Some(Found::Ours(outputs)) = look().await? {
            return Ok(outputs);
        }
    }
    let find = || async {
        Ok(match look().await? {
            Some(Found::Ours(outputs)) => Some(Some(outputs)),
            _ => None,
        })
    };
    match aws.call_or_find(operation, send, find).await {
        Err(error) if error.is_exists() => match aws.read_until_found(operation, &look).await? {
            Some(Found::Ours(outputs)) => Ok(outputs),
            Some(Found::Foreign(whose)) => Err(CallError::Foreign { what: aws.address().to_string(), whose }),
            Some(Found::InTheWay(_) | Found::Replaced(_)) | None => Err(error),
        },
        created => required(created?, operation),
    }
}
