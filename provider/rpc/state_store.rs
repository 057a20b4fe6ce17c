//! The calls of state stores. There is no state store.

use tonic::Streaming;

use super::answer::{Answered, none_of};
use super::protocol::{
    configure_state_store, delete_state, get_states, lock_state, read_state_bytes, unlock_state,
    validate_state_store_config, write_state_bytes,
};
use super::service::{Once, once};

const UNKNOWN: &str = "Unknown state store";

pub(super) async fn validate(
    request: validate_state_store_config::Request,
) -> Answered<validate_state_store_config::Response> {
    none_of("ValidateStateStoreConfig", UNKNOWN, request.type_name).await
}

pub(super) async fn configure(request: configure_state_store::Request) -> Answered<configure_state_store::Response> {
    none_of("ConfigureStateStore", UNKNOWN, request.type_name).await
}

pub(super) async fn read(request: read_state_bytes::Request) -> Answered<Once<read_state_bytes::ResponseChunk>> {
    none_of("ReadStateBytes", UNKNOWN, request.type_name).await.map(once)
}

pub(super) async fn write(
    mut chunks: Streaming<write_state_bytes::RequestChunk>,
) -> Answered<write_state_bytes::Response> {
    let mut type_name = String::new();
    // To the end: a host that still sends would take our answer for a broken connection.
    while let Ok(Some(chunk)) = chunks.message().await {
        if let Some(meta) = chunk.meta {
            type_name = meta.type_name;
        }
    }
    none_of("WriteStateBytes", UNKNOWN, type_name).await
}

pub(super) async fn lock(request: lock_state::Request) -> Answered<lock_state::Response> {
    none_of("LockState", UNKNOWN, request.type_name).await
}

pub(super) async fn unlock(request: unlock_state::Request) -> Answered<unlock_state::Response> {
    none_of("UnlockState", UNKNOWN, request.type_name).await
}

pub(super) async fn states(request: get_states::Request) -> Answered<get_states::Response> {
    none_of("GetStates", UNKNOWN, request.type_name).await
}

pub(super) async fn delete(request: delete_state::Request) -> Answered<delete_state::Response> {
    none_of("DeleteState", UNKNOWN, request.type_name).await
}
