//! The binary, driven over the plugin protocol as a host does it.

mod calls;
pub(crate) mod client;
mod configurations;
pub(crate) mod generated;
mod handshake;
mod host_rules;
mod log;
mod panic;
mod process;
mod required_attributes;
mod responses;
mod schema;
mod unknown_provider;
mod write_only;
