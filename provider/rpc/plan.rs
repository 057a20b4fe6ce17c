//! PlanResourceChange: plans a create, an update, a replacement or a destroy.

use std::sync::Arc;

use super::computed::unknown_until_apply;
use super::diagnostic::{path, to_protocol};
use super::protocol::plan_resource_change::{Request, Response};
use super::protocol::{Deferred, deferred};
use super::server::{Readiness, Server};
use super::value::{decode, decode_config, encode};
use crate::lifecycle::State;
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Value};

pub(super) async fn plan(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let schema = resource.schema();
    let prior = decode(request.prior_state.as_ref(), schema)?;
    let config = decode_config(request.config.as_ref(), schema)?;
    let provider = match server.readiness()? {
        Readiness::Ready(provider) => provider,
        Readiness::NotYet(error) => return without_aws(resource, &request, &prior, config, error),
    };
    let prior = State { value: prior, private: request.prior_private };
    let (planned, diagnostics) = provider.plan(resource, prior, config).await;
    let planned_state = match encode(planned.state.value, schema) {
        Ok(state) => Some(state),
        // A failed plan needs no state. An error about its value would hide the reason for the failure.
        Err(_) if diagnostics.iter().any(Diagnostic::is_error) => None,
        Err(diagnostics) => return Err(diagnostics),
    };
    Ok(Response {
        planned_state,
        planned_private: planned.state.private,
        requires_replace: planned.replaced_by.iter().map(path).collect(),
        diagnostics: to_protocol(&diagnostics),
        ..Default::default()
    })
}

/// Plans without AWS, while an argument of the provider is unknown. That is possible for a destroy, for a create, and when
/// nothing changes. The host plans again before it applies, when everything is known.
fn without_aws(
    resource: &dyn Resource,
    request: &Request,
    prior: &Value,
    config: Value,
    error: Diagnostic,
) -> Result<Response, Diagnostics> {
    let schema = resource.schema();
    let proposed = decode(request.proposed_new_state.as_ref(), schema)?;
    let may_defer = request.client_capabilities.as_ref().is_some_and(|client| client.deferral_allowed);
    let unchanged = || Response { planned_private: request.prior_private.clone(), ..Default::default() };
    if config == Value::Null || proposed == *prior {
        return Ok(Response { planned_state: Some(encode(proposed, schema)?), ..unchanged() });
    }
    if *prior == Value::Null || may_defer {
        let planned = if *prior == Value::Null { unknown_until_apply(config, schema) } else { proposed };
        let reason = deferred::Reason::ProviderConfigUnknown.into();
        return Ok(Response {
            planned_state: Some(encode(planned, schema)?),
            deferred: may_defer.then_some(Deferred { reason }),
            ..unchanged()
        });
    }
    Err(vec![error])
}
