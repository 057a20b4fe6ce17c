//! ApplyResourceChange: carries out a plan.

use std::sync::Arc;

use super::diagnostic::to_protocol;
use super::known::encode_known;
use super::protocol::apply_resource_change::{Request, Response};
use super::server::Server;
use super::value::{decode, decode_config};
use crate::lifecycle::State;
use crate::wire::{Diagnostics, Severity};

/// The prior state. If an error had no state, the host would remove the resource from its state.
pub(super) fn unchanged(request: &Request) -> Response {
    Response { new_state: request.prior_state.clone(), private: request.planned_private.clone(), ..Default::default() }
}

pub(super) async fn apply(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let schema = resource.schema();
    let prior = decode(request.prior_state.as_ref(), schema)?;
    let planned = decode(request.planned_state.as_ref(), schema)?;
    let config = decode_config(request.config.as_ref(), schema)?;
    let provider = server.provider()?;
    let planned = State { value: planned, private: request.planned_private };
    let (state, mut diagnostics) = provider.apply(resource, prior, planned, config).await;
    let (new_state, unknown) = encode_known(state.value, schema, Severity::Error)?;
    diagnostics.extend(unknown);
    Ok(Response {
        new_state: Some(new_state),
        private: state.private,
        diagnostics: to_protocol(&diagnostics),
        ..Default::default()
    })
}
