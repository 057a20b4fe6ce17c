//! ImportResourceState: a resource that AWS has, and the host does not know yet.

use std::sync::Arc;

use super::diagnostic::to_protocol;
use super::known::encode_known;
use super::protocol::import_resource_state::{ImportedResource, Request, Response};
use super::server::{Server, resource};
use crate::wire::{Diagnostic, Diagnostics, Path, Severity, Value};

pub(super) async fn import(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = resource(&request.type_name)?;
    if request.id.trim().is_empty() {
        return Err(vec![Diagnostic::error(
            Path::root(),
            "Import without a name",
            "Resources of this provider are imported by their name. Give it as the import id.",
        )]);
    }
    let (state, mut diagnostics) = server.provider()?.import(resource, &request.id).await;
    if state.value == Value::Null {
        if !diagnostics.iter().any(Diagnostic::is_error) {
            diagnostics.push(Diagnostic::error(
                Path::root(),
                "Nothing to import",
                format!(
                    "AWS has no {} named {:?} in this account. Correct the name, or the provider's account.",
                    request.type_name, request.id
                ),
            ));
        }
        return Err(diagnostics);
    }
    let (imported, unknown) = encode_known(state.value, &resource.schema(), Severity::Warning)?;
    diagnostics.extend(unknown);
    let imported = ImportedResource {
        type_name: request.type_name,
        state: Some(imported),
        private: state.private,
        ..Default::default()
    };
    Ok(Response { imported_resources: vec![imported], diagnostics: to_protocol(&diagnostics), ..Default::default() })
}
