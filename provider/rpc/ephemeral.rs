//! ValidateEphemeralResourceConfig, OpenEphemeralResource, RenewEphemeralResource, CloseEphemeralResource. There is no
//! ephemeral resource.

use super::answer::{Answered, none_of};
use super::protocol::{
    close_ephemeral_resource, open_ephemeral_resource, renew_ephemeral_resource, validate_ephemeral_resource_config,
};

const UNKNOWN: &str = "Unknown ephemeral resource";

pub(super) async fn validate(
    request: validate_ephemeral_resource_config::Request,
) -> Answered<validate_ephemeral_resource_config::Response> {
    none_of("ValidateEphemeralResourceConfig", UNKNOWN, request.type_name).await
}

pub(super) async fn open(request: open_ephemeral_resource::Request) -> Answered<open_ephemeral_resource::Response> {
    none_of("OpenEphemeralResource", UNKNOWN, request.type_name).await
}

pub(super) async fn renew(request: renew_ephemeral_resource::Request) -> Answered<renew_ephemeral_resource::Response> {
    none_of("RenewEphemeralResource", UNKNOWN, request.type_name).await
}

pub(super) async fn close(request: close_ephemeral_resource::Request) -> Answered<close_ephemeral_resource::Response> {
    none_of("CloseEphemeralResource", UNKNOWN, request.type_name).await
}
