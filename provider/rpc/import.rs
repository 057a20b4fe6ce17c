//! ImportResourceState: adds an existing resource to the state.

use std::sync::Arc;

use super::diagnostic::to_protocol;
use super::known::encode_known;
use super::protocol::import_resource_state::{ImportedResource, Request, Response};
use super::server::Server;
use crate::wire::{Diagnostic, Diagnostics, Path, Severity, Value};

pub(super) async fn import(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    if request.id.trim().is_empty() {
        return Err(vec![Diagnostic::error(
            Path::root(),
            "Import id is empty",
            "The import id of a resource is its name. Set it to the name of the resource to import.",
        )]);
    }
    let (state, mut diagnostics) = server.provider()?.import(resource, &request.id).await;
    if state.value == Value::Null {
        if !diagnostics.iter().any(Diagnostic::is_error) {
            diagnostics.push(Diagnostic::error(
                Path::root(),
                "Resource not found",
                format!(
                    "This account has no {} named {:?}. Check the name and the credentials of the provider.",
                    request.type_name, request.id
                ),
            ));
        }
        return Err(diagnostics);
    }
    let (imported, unknown) = encode_known(state.value, resource.schema(), Severity::Warning)?;
    diagnostics.extend(unknown);
    let imported = ImportedResource {
        type_name: request.type_name,
        state: Some(imported),
        private: state.private,
        ..Default::default()
    };
    Ok(Response { imported_resources: vec![imported], diagnostics: to_protocol(&diagnostics), ..Default::default() })
}
