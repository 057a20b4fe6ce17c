//! GenerateResourceConfig: a configuration that would make what a state holds.

use super::computed::without_computed;
use super::protocol::generate_resource_config::{Request, Response};
use super::server::resource;
use super::value::{decode, encode};
use crate::wire::Diagnostics;

pub(super) async fn generate(request: Request) -> Result<Response, Diagnostics> {
    let schema = resource(&request.type_name)?.schema();
    let state = decode(request.state.as_ref(), &schema)?;
    Ok(Response { config: Some(encode(without_computed(state, &schema), &schema)?), ..Default::default() })
}
