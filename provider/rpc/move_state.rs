//! MoveResourceState: a resource of another type, or another provider, that is to become one of ours.

use super::protocol::move_resource_state::{Request, Response};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// Refuses: one of ours stands for many AWS objects, and a state of any other type tells too little of them. OpenTofu
/// asks even though we do not announce to be able to.
pub(super) async fn refuse(request: Request) -> Result<Response, Diagnostics> {
    Err(vec![Diagnostic::error(
        Path::root(),
        "Resource cannot be moved",
        format!(
            "A {:?} cannot become a {:?}: its state does not tell enough. Write a removed block for the old resource, \
             and import the new one.",
            request.source_type_name, request.target_type_name
        ),
    )])
}
