//! ValidateListResourceConfig, ListResource. Nothing can be listed.

use super::answer::{Answered, none_of};
use super::protocol::{list_resource, validate_list_resource_config};
use super::service::Once;

const UNKNOWN: &str = "Unknown list resource";

pub(super) async fn validate(
    request: validate_list_resource_config::Request,
) -> Answered<validate_list_resource_config::Response> {
    none_of("ValidateListResourceConfig", UNKNOWN, request.type_name).await
}

pub(super) async fn list(request: list_resource::Request) -> Answered<Once<list_resource::Event>> {
    none_of("ListResource", UNKNOWN, request.type_name).await.map(super::service::once)
}
