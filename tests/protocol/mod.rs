//! The binary, as a host sees it. Nothing here needs an AWS.

mod calls;
pub(crate) mod client;
mod crash;
pub(crate) mod generated;
mod handshake;
mod life;
mod log;
mod required;
mod schema;
mod unknown_provider;
