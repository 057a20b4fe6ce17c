//! ValidateResourceConfig: checks a resource's configuration without AWS. Hosts call it before they configure the provider.

use std::sync::Arc;

use super::diagnostic::to_protocol;
use super::protocol::validate_resource_config::{Request, Response};
use super::server::Server;
use super::value::decode;
use crate::lifecycle;
use crate::schema;
use crate::wire::Diagnostics;

pub(super) async fn validate(server: Arc<Server>, request: Request) -> Result<Response, Diagnostics> {
    let resource = server.resource(&request.type_name)?;
    let config = decode(request.config.as_ref(), resource.schema())?;
    let mut diagnostics = lifecycle::validate(resource, &config);
    if !request.client_capabilities.is_some_and(|client| client.write_only_attributes_allowed) {
        diagnostics.extend(schema::unsupported(resource.schema(), &config));
    }
    Ok(Response { diagnostics: to_protocol(&diagnostics) })
}
