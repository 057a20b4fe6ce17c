//! Every call for which the provider has nothing to offer yet: list resources, ephemeral resources, actions, resource
//! identity, moved resources, generated configuration, state stores. Each is refused with a diagnostic.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tonic::Streaming;

use super::protocol::*;
use super::registries::unknown;
use super::server::Server;
use crate::wire::{Diagnostic, Diagnostics, Path};

const LIST_RESOURCE: (&str, &str) = ("Unknown list resource", "list resource");
const EPHEMERAL_RESOURCE: (&str, &str) = ("Unknown ephemeral resource", "ephemeral resource");
const ACTION: (&str, &str) = ("Unknown action", "action");
const STATE_STORE: (&str, &str) = ("Unknown state store", "state store");

/// For each call, the summary and noun of what is missing, and the field of the request that names it.
macro_rules! unsupported {
    ($($call:ident: $missing:ident named $field:ident;)*) => {
        $(pub(super) async fn $call(_: Arc<Server>, request: $call::Request) -> Result<$call::Response, Diagnostics> {
            Err(none($missing, &request.$field))
        })*
    };
}

unsupported! {
    validate_list_resource_config: LIST_RESOURCE named type_name;
    validate_ephemeral_resource_config: EPHEMERAL_RESOURCE named type_name;
    open_ephemeral_resource: EPHEMERAL_RESOURCE named type_name;
    renew_ephemeral_resource: EPHEMERAL_RESOURCE named type_name;
    close_ephemeral_resource: EPHEMERAL_RESOURCE named type_name;
    validate_action_config: ACTION named action_type;
    plan_action: ACTION named action_type;
    validate_state_store_config: STATE_STORE named type_name;
    configure_state_store: STATE_STORE named type_name;
    lock_state: STATE_STORE named type_name;
    unlock_state: STATE_STORE named type_name;
    get_states: STATE_STORE named type_name;
    delete_state: STATE_STORE named type_name;
}

fn none((summary, noun): (&'static str, &str), name: &str) -> Diagnostics {
    vec![unknown(summary, noun, name, &[])]
}

pub(super) async fn list_resource(
    _: Arc<Server>,
    request: list_resource::Request,
    _: Sender<list_resource::Event>,
) -> Result<(), Diagnostics> {
    Err(none(LIST_RESOURCE, &request.type_name))
}

pub(super) async fn invoke_action(
    _: Arc<Server>,
    request: invoke_action::Request,
    _: Sender<invoke_action::Event>,
) -> Result<(), Diagnostics> {
    Err(none(ACTION, &request.action_type))
}

pub(super) async fn read_state_bytes(
    _: Arc<Server>,
    request: read_state_bytes::Request,
    _: Sender<read_state_bytes::ResponseChunk>,
) -> Result<(), Diagnostics> {
    Err(none(STATE_STORE, &request.type_name))
}

pub(super) async fn write_state_bytes(
    _: Arc<Server>,
    mut chunks: Streaming<write_state_bytes::RequestChunk>,
) -> Result<write_state_bytes::Response, Diagnostics> {
    let mut type_name = String::new();
    // A host that is still sending takes an early response for a broken connection, so read all chunks first.
    while let Ok(Some(chunk)) = chunks.message().await {
        if let Some(meta) = chunk.meta {
            type_name = meta.type_name;
        }
    }
    Err(none(STATE_STORE, &type_name))
}

pub(super) async fn upgrade_resource_identity(
    _: Arc<Server>,
    request: upgrade_resource_identity::Request,
) -> Result<upgrade_resource_identity::Response, Diagnostics> {
    Err(vec![Diagnostic::error(
        Path::root(),
        "Resource without identity",
        format!(
            "The state holds an identity of {:?}, but resources of this version of the provider have none. A newer version \
             wrote the state: use that version.",
            request.type_name
        ),
    )])
}

/// A resource consists of many AWS objects, and the state of any other resource type describes too few of them. OpenTofu
/// calls this although the provider does not announce the capability.
pub(super) async fn move_resource_state(
    _: Arc<Server>,
    request: move_resource_state::Request,
) -> Result<move_resource_state::Response, Diagnostics> {
    Err(vec![Diagnostic::error(
        Path::root(),
        "Resource cannot be moved",
        format!(
            "A {:?} cannot become a {:?}, because its state does not describe all objects of the new resource. Add a \
             removed block for the old resource and import the new one.",
            request.source_type_name, request.target_type_name
        ),
    )])
}

pub(super) async fn generate_resource_config(
    _: Arc<Server>,
    request: generate_resource_config::Request,
) -> Result<generate_resource_config::Response, Diagnostics> {
    Err(vec![Diagnostic::error(
        Path::root(),
        "Configuration cannot be generated",
        format!(
            "The provider does not generate configuration for {:?}. Use the configuration that OpenTofu or Terraform \
             writes with -generate-config-out.",
            request.type_name
        ),
    )])
}
