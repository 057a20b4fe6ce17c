//! The provider protocol: one thin file per remote call, or per family of calls. The only room that names generated types.
//!
//! No call ends with a gRPC status: every error is a diagnostic of its response.

mod answer;
mod apply;
mod computed;
mod data_source;
mod diagnostic;
mod function;
mod import;
mod known;
mod plan;
mod protocol;
mod provider;
mod read;
mod registries;
mod schema;
mod server;
mod service;
mod unsupported;
mod upgrade;
mod validate;
mod value;

use std::sync::Arc;

pub(crate) use answer::idle;
pub(crate) use registries::Registries;
pub(crate) use server::Server;

/// The longest message that the server receives or sends, in bytes: the limit of the hosts.
const MAX_MESSAGE: usize = 256 << 20;

/// The gRPC service that hosts call.
pub(crate) fn service(server: Arc<Server>) -> protocol::provider_server::ProviderServer<Server> {
    protocol::provider_server::ProviderServer::from_arc(server)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE)
}
