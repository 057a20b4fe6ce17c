//! PlanResourceChange: what an apply would come to.

use std::sync::Arc;

use super::computed::unknown_until_apply;
use super::diagnostic::{path, to_protocol};
use super::protocol::plan_resource_change::{Request, Response};
use super::protocol::{Deferred, deferred};
use super::server::{Readiness, Server, resource};
use super::value::{decode, decode_config, encode};
use crate::lifecycle::State;
use crate::resources::Resource;
use crate::wire::{Diagnostic, Diagnostics, Value};

pub(super) async fn plan(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = resource(&request.type_name)?;
    let schema = resource.schema();
    let prior = decode(request.prior_state.as_ref(), &schema)?;
    let config = decode_config(request.config.as_ref(), &schema)?;
    let provider = match server.readiness()? {
        Readiness::Ready(provider) => provider,
        Readiness::Later(why) => return without_aws(resource, &request, &prior, config, why),
    };
    let prior = State { value: prior, private: request.prior_private };
    let (planned, diagnostics) = provider.plan(resource, prior, config).await;
    let planned_state = match encode(planned.state.value, &schema) {
        Ok(state) => Some(state),
        // A plan that failed needs no state, and must not hide why it failed.
        Err(_) if diagnostics.iter().any(Diagnostic::is_error) => None,
        Err(unfit) => return Err(unfit),
    };
    Ok(Response {
        planned_state,
        planned_private: planned.state.private,
        requires_replace: planned.replaced_by.iter().map(path).collect(),
        diagnostics: to_protocol(&diagnostics),
        ..Default::default()
    })
}

/// A plan while the provider's configuration is not wholly known: a destroy, a create and no change at all can be
/// planned without asking AWS. The host plans again when it applies, and everything is known then.
fn without_aws(
    resource: &dyn Resource,
    request: &Request,
    prior: &Value,
    config: Value,
    why: Diagnostic,
) -> Result<Response, Diagnostics> {
    let schema = resource.schema();
    let proposed = decode(request.proposed_new_state.as_ref(), &schema)?;
    let deferrable = request.client_capabilities.as_ref().is_some_and(|client| client.deferral_allowed);
    let unchanged = || Response { planned_private: request.prior_private.clone(), ..Default::default() };
    if config == Value::Null || proposed == *prior {
        return Ok(Response { planned_state: Some(encode(proposed, &schema)?), ..unchanged() });
    }
    if *prior == Value::Null || deferrable {
        let planned = if *prior == Value::Null { unknown_until_apply(config, &schema) } else { proposed };
        let reason = deferred::Reason::ProviderConfigUnknown.into();
        return Ok(Response {
            planned_state: Some(encode(planned, &schema)?),
            deferred: deferrable.then_some(Deferred { reason }),
            ..unchanged()
        });
    }
    Err(vec![why])
}
