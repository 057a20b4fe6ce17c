//! Creating what AWS would make twice, or what may exist already.

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::{CONSISTENCY_WINDOW, CallError, Regional};
use crate::components::Found;
use crate::components::support::answer::field;

/// [`make`] for what AWS has neither a name nor a token to tell a repeated create by: looks before the first time, too.
///
/// # Errors
/// As [`make`].
pub(crate) async fn make_once<O, E, F, R, G, S>(
    aws: &Regional,
    operation: &'static str,
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
    if let Some(Found::Ours(_)) = look().await? {
        // It may have been deleted a moment ago: then it is not seen later.
        aws.pause("AWS to know of everything that was deleted", CONSISTENCY_WINDOW).await?;
        if let Some(Found::Ours(outputs)) = look().await? {
            return Ok(outputs);
        }
    }
    make(aws, operation, look, send).await
}

/// Sends a create. When its reply is lost, or AWS says that such an object exists, `look` tells whether it is ours:
/// then it is what was made.
///
/// # Errors
/// [`CallError::Foreign`] when it exists and is somebody else's; what the call and `look` fail with.
pub(crate) async fn make<O, E, F, R, G, S>(
    aws: &Regional,
    operation: &'static str,
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
            None => Err(error),
        },
        made => field(made?, operation),
    }
}
