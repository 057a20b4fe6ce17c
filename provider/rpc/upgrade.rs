//! UpgradeResourceState: a state as the host kept it, in today's schema. Comes before every use of a state.

use super::protocol::upgrade_resource_state::{Request, Response};
use super::server::resource;
use super::value::encode;
use crate::lifecycle;
use crate::wire::{Diagnostic, Diagnostics, Path};

pub(super) async fn upgrade(request: Request) -> Result<Response, Diagnostics> {
    let resource = resource(&request.type_name)?;
    let Some(state) = request.raw_state.filter(|state| !state.json.is_empty()) else {
        return Err(vec![Diagnostic::error(
            Path::root(),
            "State without content",
            "The state of this resource is empty, or in a form that is older than this provider. Restore it from a \
             backup, or remove the resource from the state and import it.",
        )]);
    };
    let upgraded = lifecycle::upgrade(resource, request.version, &state.json)?;
    Ok(Response { upgraded_state: Some(encode(upgraded, &resource.schema())?), ..Default::default() })
}
