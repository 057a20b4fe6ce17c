//! UpgradeResourceIdentity: what tells one resource from every other, as the host kept it.

use super::protocol::upgrade_resource_identity::{Request, Response};
use crate::wire::{Diagnostic, Diagnostics, Path};

/// Refuses: no resource has an identity, so that none can have been kept.
pub(super) async fn refuse(request: Request) -> Result<Response, Diagnostics> {
    Err(vec![Diagnostic::error(
        Path::root(),
        "Resource without identity",
        format!(
            "The state holds an identity of {:?}, and this version of the provider gives it none. A newer version \
             wrote the state: use that version.",
            request.type_name
        ),
    )])
}
