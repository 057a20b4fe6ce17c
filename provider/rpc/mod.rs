//! The protocol's calls: one thin file for each, or for a family of them. The only place that names the generated types.
//!
//! No call fails with a gRPC status: whatever is wrong is told in its diagnostics.

mod actions;
mod answer;
mod apply;
mod computed;
mod data_source;
mod diagnostic;
mod ephemeral;
mod functions;
mod generate;
mod identity;
mod import;
mod known;
mod list;
mod move_state;
mod plan;
mod protocol;
mod provider;
mod read;
mod schema;
mod server;
mod service;
mod state_store;
mod upgrade;
mod validate;
mod value;

use std::sync::Arc;

pub(crate) use answer::idle;
pub(crate) use server::Server;

/// The longest message that is taken, in bytes: as much as a host takes and sends.
const LONGEST_MESSAGE: usize = 256 << 20;

/// The service that hosts call.
pub(crate) fn service(server: Arc<Server>) -> protocol::provider_server::ProviderServer<Server> {
    protocol::provider_server::ProviderServer::from_arc(server)
        .max_decoding_message_size(LONGEST_MESSAGE)
        .max_encoding_message_size(LONGEST_MESSAGE)
}
