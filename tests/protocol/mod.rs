//! The binary, as a host sees it.

mod acceptance;
mod answers;
mod calls;
pub(crate) mod client;
mod configurations;
mod crash;
pub(crate) mod generated;
mod handshake;
mod life;
mod log;
mod required;
mod schema;
mod unknown_provider;
