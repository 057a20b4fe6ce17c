//! Continuing interrupted work: adopting existing objects, repeating updates with an unknown result.

use std::time::Duration;

use super::foreign_tags;
use crate::aws::{CallError, Regional};
use crate::components::{Component, Found, Resolved};

/// How long AWS may reserve the name of a deleted object.
pub(crate) const RELEASED_WITHIN: Duration = Duration::from_secs(60);

/// Whether a taken name may be free soon: AWS may reserve the name of a recently deleted object, and still report the object
/// with its former owner id.
pub(crate) fn may_be_released(error: &CallError) -> bool {
    error.is_exists() || matches!(error, CallError::Foreign { .. })
}

/// The spec from which an update starts. An update from a spec to the same spec repeats one whose result is unknown: then it
/// starts from what AWS reports.
///
/// # Errors
/// The errors of [`Component::read`].
pub(crate) async fn start_of_update<C>(
    aws: &Regional,
    outputs: &C::Outputs,
    from: &C::Spec,
    to: &Resolved<C::Spec>,
) -> Result<C::Spec, CallError>
where
    C: Component<Spec: PartialEq>,
{
    if *from != **to {
        return Ok(from.clone());
    }
    Ok(foreign_tags::read::<C>(aws, from, outputs).await?.map_or_else(|| from.clone(), |(spec, _)| spec))
}

/// Creates an object whose name is taken: an object with our ownership is updated to `spec`. `taken` is AWS's refusal, `what`
/// names the object.
///
/// # Errors
/// [`CallError::Foreign`] when the object is not ours; `taken` when it no longer exists; the errors of reading and
/// updating.
pub(crate) async fn take_over<C: Component>(
    aws: &Regional,
    spec: &Resolved<C::Spec>,
    what: &str,
    taken: CallError,
) -> Result<C::Outputs, CallError> {
    match aws.read_until_found(what, || C::find(aws, spec)).await? {
        Some(Found::Ours(outputs)) => {
            match aws.read_until_found(what, || foreign_tags::read::<C>(aws, spec, &outputs)).await? {
                Some((from, outputs)) => match C::update(aws, &outputs, &from, spec).await {
                    // The object that was read had just been deleted.
                    Err(error) if error.is_not_found() => Err(taken),
                    updated => updated,
                },
                None => Err(taken),
            }
        }
        Some(Found::Foreign(whose)) => Err(CallError::Foreign { what: what.to_owned(), whose }),
        Some(Found::InTheWay(_) | Found::Replaced(_)) | None => Err(taken),
    }
}
