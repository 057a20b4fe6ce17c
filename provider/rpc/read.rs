//! ReadResource: refreshes a state from AWS.

use std::sync::Arc;

use super::diagnostic::to_protocol;
use super::known::encode_known;
use super::protocol::read_resource::{Request, Response};
use super::server::{Readiness, Server};
use super::value::decode;
use crate::lifecycle::State;
use crate::wire::{Diagnostic, Diagnostics, Path, Severity, Value};

/// The state and private data of the request. The host keeps only what the response contains.
pub(super) fn unchanged(request: &Request) -> Response {
    Response { new_state: request.current_state.clone(), private: request.private.clone(), ..Default::default() }
}

pub(super) async fn read(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let schema = resource.schema();
    let value = decode(request.current_state.as_ref(), schema)?;
    let provider = match server.readiness()? {
        Readiness::Ready(provider) => provider,
        Readiness::NotYet(error) => {
            let warning = Diagnostic::warning(Path::root(), "Resource not refreshed", error.detail);
            return Ok(Response { diagnostics: to_protocol(&[warning]), ..unchanged(&request) });
        }
    };
    if value == Value::Null {
        return Ok(unchanged(&request));
    }
    let (state, mut diagnostics) = provider.read(resource, State { value, private: request.private }).await;
    let (new_state, unknown) = encode_known(state.value, schema, Severity::Warning)?;
    diagnostics.extend(unknown);
    Ok(Response {
        new_state: Some(new_state),
        private: state.private,
        diagnostics: to_protocol(&diagnostics),
        ..Default::default()
    })
}
