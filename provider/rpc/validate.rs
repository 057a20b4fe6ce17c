//! ValidateResourceConfig: checks a resource's configuration without AWS. Hosts call it before they configure the provider.

use std::sync::Arc;

use super::diagnostic::to_protocol;
use super::protocol::validate_resource_config::{Request, Response};
use super::server::Server;
use super::value::decode;
use crate::lifecycle;
use crate::wire::Diagnostics;

pub(super) async fn validate(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let config = decode(request.config.as_ref(), &resource.schema())?;
    Ok(Response { diagnostics: to_protocol(&lifecycle::validate(resource, &config)) })
}
