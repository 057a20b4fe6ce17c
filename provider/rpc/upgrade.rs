//! UpgradeResourceState: converts a stored state to the current schema. Hosts call it before every use of a state.

use std::sync::Arc;

use super::protocol::upgrade_resource_state::{Request, Response};
use super::server::Server;
use super::value::encode;
use crate::lifecycle;
use crate::wire::{Diagnostic, Diagnostics, Path};

pub(super) async fn upgrade(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let Some(state) = request.raw_state.filter(|state| !state.json.is_empty()) else {
        return Err(vec![Diagnostic::error(
            Path::root(),
            "State is empty",
            "The state of this resource is empty, or was written in a format that this version of the provider does not \
             support. Restore the state from a backup, or remove the resource from the state and import it.",
        )]);
    };
    let upgraded = lifecycle::upgrade(resource, request.version, &state.json)?;
    Ok(Response { upgraded_state: Some(encode(upgraded, resource.schema())?), ..Default::default() })
}
